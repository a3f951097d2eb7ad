"""The export: five Parquet files with the warehouse's rows, types and order of columns."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from dcr_data_generator import sql
from dcr_data_generator.errors import UserError
from dcr_data_generator.output import export
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.warehouse.embedded import sample
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables


@pytest.fixture(scope="module")
def folder(default_run: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of the default run."""
    folder = tmp_path_factory.mktemp("exported")
    export.run(default_run, folder)
    return folder


@pytest.fixture
def files(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The exported files as tables of DuckDB, by the names that the queries use."""
    with duckdb.connect() as connection:
        for table in FIVE_TABLES:
            dataset, name = table.split(".")
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {dataset}")
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder}/{dataset}/{name}.parquet'")
        yield connection


@pytest.mark.slow
def test_a_second_run_exports_the_same_bytes_in_whatever_order_the_source_has_its_rows(
    connect: Callable, default_run: Warehouse, folder: Path, tmp_path: Path
) -> None:
    place = connect("export-tests")
    tables.fill_source(place.client, **{name: frame[::-1] for name, frame in sample.generate().items()})
    tables.make_five_tables(place)
    export.run(place, tmp_path)
    for name in FIVE_TABLES:
        path = f"{name.replace('.', '/')}.parquet"
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes()


@pytest.mark.parametrize("query", sql.read_questions("open"), ids=lambda query: query.name)
def test_duckdb_gives_the_warehouses_answer(
    query: sql.Query, files: duckdb.DuckDBPyConnection, default_run: Warehouse
) -> None:
    answer = [row.values() for row in default_run.run(query).rows]
    rows = files.execute("SET TimeZone = 'UTC'").execute(query.text).fetchall()
    assert len(rows) == len(answer) > 0
    for row, expected in zip(rows, answer, strict=True):
        assert row == tuple(pytest.approx(value) if isinstance(value, float) else value for value in expected)


def test_types_and_order_of_columns_are_the_warehouses(folder: Path) -> None:
    schema = parquet.read_schema(folder / "ewallet_provider/transactions.parquet")
    assert [(field.name, field.type, field.nullable) for field in schema] == [
        ("transaction_id", pa.string(), False),
        ("order_id", pa.int64(), False),
        ("provider_user_id", pa.int64(), False),
        ("transaction_amount", pa.float64(), True),
        ("transaction_timestamp", pa.timestamp("us", "UTC"), True),
        ("status", pa.string(), True),
    ]
    users = parquet.read_schema(folder / "ewallet_provider/provider_users.parquet")
    assert users.field("date_of_birth").type == pa.date32()


def test_an_empty_table_is_a_file_with_its_columns_and_no_rows(connect: Callable, tmp_path: Path) -> None:
    place = connect("export-of-nothing")
    order = {"order_id": 1, "user_id": 1, "created_at": "2025-09-23 12:00:00 UTC"}
    tables.fill_source(place.client, orders=[order], users=[{"id": 1, "email": "a@example.com"}])
    tables.make_five_tables(place, match_rate=0)
    export.run(place, tmp_path)
    table = parquet.read_table(tmp_path / "ewallet_provider/transactions.parquet")
    assert (table.num_columns, table.num_rows) == (6, 0)


def test_an_export_that_breaks_off_leaves_the_old_file_whole(
    default_run: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "merchant_provider" / "orders.parquet"
    old.parent.mkdir()
    old.write_text("the old one", encoding="utf-8")

    def run_out_of_space(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet, "write_table", run_out_of_space)
    with pytest.raises(UserError, match=r"orders.parquet cannot be written \(No space left on device\)"):
        export.run(default_run, tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in old.parent.iterdir()} == {
        "orders.parquet": "the old one"
    }


def test_a_file_that_is_not_parquet_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    export.check_paths(folder, "")
    (tmp_path / "ewallet_provider").mkdir()
    (tmp_path / "ewallet_provider/transactions.parquet").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"transactions\.parquet is not a Parquet file, and stays"):
        export.check_paths(tmp_path, "")


def test_an_export_that_may_not_be_written_does_not_speak_of_space(
    default_run: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(refused))
    with pytest.raises(UserError, match=r"orders.parquet cannot be written \(Permission denied\): give another"):
        export.run(default_run, tmp_path)
