"""The embedded BigQuery says of its tables, and loads them, as BigQuery does."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery
from google.cloud.bigquery import dbapi

from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator

PLACE = "resources-tests.things"


@pytest.fixture(scope="module")
def client(connect: Callable[[str], Warehouse], endpoints: Endpoints) -> bigquery.Client:
    """A plain client, which uploads small files as one message, and a dataset `things` with a table and a view."""
    connect("resources-tests")
    client = emulator.connect(endpoints.rest, "resources-tests")
    client.create_dataset("things")
    client.query_and_wait("CREATE TABLE things.two AS SELECT 1 AS id, 'é' AS name UNION ALL SELECT 2, NULL")
    return client


def ask(client: bigquery.Client, text: str) -> list[tuple]:
    return [tuple(row.values()) for row in client.query_and_wait(text)]


def test_a_table_has_its_rows_bytes_and_location(client: bigquery.Client) -> None:
    client.query_and_wait("CREATE TABLE things.changed AS SELECT * FROM things.two")
    client.query_and_wait("DELETE FROM things.changed WHERE id = 2")
    table = client.get_table("things.changed")
    assert (table.num_rows, table.num_bytes, table.location) == (1, 8 + 2 + 2, "US")
    found = ask(client, "SELECT row_count, size_bytes FROM things.__TABLES__ WHERE table_id = 'changed'")
    assert found == [(1, 12)]


def test_a_view_that_is_created_without_sql_has_its_query_and_columns(client: bigquery.Client) -> None:
    view = bigquery.Table(f"{PLACE}.large")
    view.view_query = "SELECT id FROM things.two WHERE id > 1"
    found = client.create_table(view)
    assert (found.view_query, found.table_type, [each.name for each in found.schema]) == (
        view.view_query,
        "VIEW",
        ["id"],
    )
    assert ask(client, "SELECT * FROM things.large") == [(2,)]


def test_a_view_has_its_query_as_it_was_written(client: bigquery.Client) -> None:
    query = r"""-- The names,  as they are.
select two.ID AS `it`, ltrim(name, r' \t') as name
FROM things.two AS two"""
    client.query_and_wait(f"CREATE VIEW things.written(it, name)\nOPTIONS (description = 'AS (it) is') AS {query};\n")
    assert client.get_table("things.written").view_query == query
    assert ask(client, "SELECT * FROM things.written WHERE it = 1") == [(1, "é")]


def load(client: bigquery.Client, content: bytes, table: str, **options: object) -> list[tuple]:
    config = bigquery.LoadJobConfig(**options)
    client.load_table_from_file(io.BytesIO(content), f"{PLACE}.{table}", job_config=config).result()
    return ask(client, f"SELECT * FROM things.{table} ORDER BY 1")


def parquet(**columns: list) -> bytes:
    return pd.DataFrame(columns).to_parquet(index=False)


def test_a_parquet_file_brings_its_columns_and_is_loaded_by_their_names(client: bigquery.Client) -> None:
    assert load(client, parquet(a=[1], b=["x"]), "files", source_format="PARQUET") == [(1, "x")]
    assert load(client, parquet(b=["y"], a=[2]), "files", source_format="PARQUET") == [(1, "x"), (2, "y")]


SCHEMA = (bigquery.SchemaField("a", "INTEGER"), bigquery.SchemaField("b", "STRING"))


@pytest.mark.parametrize(
    ("table", "content", "options"),
    [
        ("csv_without_header", b"1,x\n2,y\n", {}),
        ("csv_with_header", b"a,b\n1,x\n2,y\n", {"skip_leading_rows": 1}),
        ("csv_of_its_own", b"1;'x'\n2;y\n", {"field_delimiter": ";", "quote_character": "'"}),
    ],
)
def test_a_csv_file_has_the_header_that_its_job_says(
    table: str, content: bytes, options: dict, client: bigquery.Client
) -> None:
    assert load(client, content, table, source_format="CSV", schema=SCHEMA, **options) == [(1, "x"), (2, "y")]


def test_the_db_api_has_its_parameters(client: bigquery.Client) -> None:
    cursor = dbapi.connect(client, prefer_bqstorage_client=False).cursor()
    cursor.execute("SELECT id FROM things.two WHERE name = %(name)s", {"name": "é"})
    assert [tuple(row) for row in cursor.fetchall()] == [(1,)]


def test_rows_are_inserted_where_the_name_is_quoted(client: bigquery.Client) -> None:
    client.query_and_wait("CREATE TABLE things.inserted (id INT64)")
    client.query_and_wait(f"INSERT INTO `{PLACE.replace('.', '`.`')}`.`inserted` (id) VALUES (7)")
    assert ask(client, "SELECT id FROM things.inserted") == [(7,)]


def test_columns_without_a_name_are_numbered(client: bigquery.Client) -> None:
    rows = client.query_and_wait("SELECT 1, *, UPPER(name) FROM things.two ORDER BY id")
    assert [field.name for field in rows.schema] == ["f0_", "id", "name", "f1_"]
    assert dict(next(rows)) == {"f0_": 1, "id": 1, "name": "é", "f1_": "É"}


def test_what_a_job_has_answered_can_be_asked_and_is_in_no_list(client: bigquery.Client) -> None:
    job = client.query("SELECT id, name FROM things.two ORDER BY id")
    job.result()
    assert ask(client, f"SELECT SUM(id) FROM `{job.destination}`") == [(3,)]
    assert {each.dataset_id for each in client.list_datasets()} == {"things"}


def test_a_table_can_be_read_as_of_a_time_since_which_it_is_as_it_is(client: bigquery.Client) -> None:
    client.query_and_wait("CREATE TABLE things.old AS SELECT 1 AS id")
    text = f"SELECT id FROM things.old FOR SYSTEM_TIME AS OF TIMESTAMP '{datetime.now(UTC)}'"
    assert ask(client, text) == [(1,)]
    client.query_and_wait("INSERT INTO things.old VALUES (2)")
    with pytest.raises(BadRequest, match="keeps no old versions of a table"):
        ask(client, text)
    with pytest.raises(BadRequest, match="keeps no old versions of a table"):
        ask(client, text.replace(str(datetime.now(UTC).year), str((datetime.now(UTC) - timedelta(400)).year)))


def test_the_paths_of_fields_are_listed_beside_the_columns(client: bigquery.Client) -> None:
    client.query_and_wait("CREATE TABLE things.nested AS SELECT STRUCT(1 AS a, ['x'] AS b) AS s")
    text = """
    SELECT field_path, p.data_type, c.ordinal_position
    FROM things.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS AS p
    JOIN things.INFORMATION_SCHEMA.COLUMNS AS c ON p.table_name = c.table_name AND p.column_name = c.column_name
    WHERE p.table_name = 'nested' AND CAST(c.ordinal_position AS STRING) = '1' ORDER BY field_path
    """
    assert [row[0] for row in ask(client, text)] == ["s", "s.a", "s.b"]
    assert ask(client, text)[1:] == [("s.a", "INT64", 1), ("s.b", "ARRAY<STRING>", 1)]
