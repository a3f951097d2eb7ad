"""The export: five Parquet files with the warehouse's rows, types and order of columns."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from dcr_data_generator import export, main, sql
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import FIVE_TABLES

KEYS = {"orders": "order_id", "order_items": "id", "users": "id"}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The exports of two runs with one seed, each on a data directory of its own."""
    folders = []
    for number in range(2):
        folder = tmp_path_factory.mktemp(f"run{number}")
        flags = {"--embedded-dir": folder / "bigquery", "--export": folder / "exported"}
        arguments = [f"{flag}={value}" for flag, value in flags.items()]
        assert main.main([*arguments, "--skip-checks", "--no-report"]) == 0
        folders.append(folder / "exported")
    return folders


@pytest.fixture(scope="module")
def exported(five_tables: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of the five tables that the test's client has."""
    folder = tmp_path_factory.mktemp("exported")
    export.run(five_tables(), folder, lambda *_: None)
    return folder


@pytest.fixture
def files(exported: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The exported files as tables of DuckDB, by the names that the queries use."""
    with duckdb.connect() as connection:
        for table in FIVE_TABLES:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}")
            connection.execute(f"CREATE VIEW {table} AS FROM '{export.path_of(table, exported)}'")
        yield connection


@pytest.mark.parametrize("table", ["provider_users", "transactions"])
def test_two_runs_export_the_same_bytes_of_a_providers_table(table: str, exports: list[Path]) -> None:
    one, other = (hashlib.sha256((folder / f"ewallet_provider/{table}.parquet").read_bytes()) for folder in exports)
    assert one.hexdigest() == other.hexdigest()


@pytest.mark.parametrize("table", KEYS)
def test_two_runs_export_the_same_rows_of_a_merchants_table(table: str, exports: list[Path]) -> None:
    one, other = (
        parquet.read_table(folder / f"merchant_provider/{table}.parquet").sort_by(KEYS[table]) for folder in exports
    )
    assert one.num_rows > 0
    assert one.equals(other)


@pytest.mark.parametrize("query", sql.read_folder("use_cases"), ids=lambda query: query.name)
def test_duckdb_gives_the_warehouses_answer(
    query: sql.Query, files: duckdb.DuckDBPyConnection, five_tables: Callable
) -> None:
    answer = [row.values() for row in five_tables().run(query).rows]
    found = files.execute("SET TimeZone = 'UTC'").execute(query.text).fetchall()
    assert len(found) == len(answer) > 0
    for row, expected in zip(found, answer, strict=True):
        assert (
            row == pytest.approx(expected) if all(isinstance(value, float | int) for value in row) else row == expected
        )


def test_types_and_order_of_columns_are_the_warehouses(exported: Path) -> None:
    schema = parquet.read_schema(exported / "ewallet_provider/transactions.parquet")
    assert [(field.name, field.type, field.nullable) for field in schema] == [
        ("transaction_id", pa.string(), False),
        ("order_id", pa.int64(), False),
        ("provider_user_id", pa.int64(), False),
        ("transaction_amount", pa.float64(), True),
        ("transaction_timestamp", pa.timestamp("us", "UTC"), True),
        ("status", pa.string(), True),
    ]
    assert (
        parquet.read_schema(exported / "ewallet_provider/provider_users.parquet").field("date_of_birth").type
        == pa.date32()
    )


def test_an_empty_table_is_a_file_with_its_columns_and_no_rows(five_tables: Callable, tmp_path: Path) -> None:
    client = five_tables()
    client.project = "empty-tables"
    client.create_dataset("merchant_provider", exists_ok=True)
    client.query(
        "CREATE OR REPLACE TABLE merchant_provider.orders AS SELECT 1 AS order_id, 'x' AS status LIMIT 0"
    ).result()
    export.write(client, "merchant_provider.orders", tmp_path / "orders.parquet", lambda *_: None)
    table = parquet.read_table(tmp_path / "orders.parquet")
    assert (table.column_names, table.num_rows) == (["order_id", "status"], 0)


def test_progress_ends_with_all_rows_of_every_table(five_tables: Callable, tmp_path: Path) -> None:
    told = {}
    export.run(five_tables(), tmp_path, lambda table, done, rows: told.update({table: (done, rows)}))
    assert set(told) == set(FIVE_TABLES)
    assert all(done == rows > 0 for done, rows in told.values())


def test_a_file_is_put_together_from_groups_of_rows() -> None:
    schema = pa.schema([("n", pa.int64())])
    batches = [pa.RecordBatch.from_pydict({"n": list(range(60_000))}, schema) for _ in range(5)]
    assert [group.num_rows for group in export.groups(schema, batches)] == [120_000, 120_000, 60_000]


def test_an_export_that_breaks_off_leaves_the_old_file_whole(five_tables: Callable, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    path.write_text("the old one")

    def out_of_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left on device"):
        export.write(five_tables(), "merchant_provider.orders", path, out_of_space)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"orders.parquet": "the old one"}
