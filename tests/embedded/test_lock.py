"""The embedded BigQuery is no way to the person's files, and none for a page in the person's browser."""

import asyncio
import gzip
import json
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import fastavro
import pytest
import requests
from bqemulator.config import PersistenceMode, Settings
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from dcr_data_generator.warehouse.embedded import engine, guard
from tests.support import emulator

SECRET = "nobody's business"
RECORD = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}


@pytest.fixture(scope="module")
def client(connect: Callable) -> bigquery.Client:
    """A client with a dataset `d`, where everybody may read and write."""
    client = connect("lock-tests").client
    client.create_dataset("d")
    return client


@pytest.fixture
def uploads() -> Path:
    """The folder of the uploads."""
    [*folders] = Path(tempfile.gettempdir()).glob("uploads_*")
    return folders[0]


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder outside the data directory, of which a test reads, changes and removes nothing."""
    (tmp_path / "secret.csv").write_text(f"a\n{SECRET}\n", encoding="utf-8")
    with (tmp_path / "secret.avro").open("wb") as file:
        schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": RECORD}]}
        fastavro.writer(file, schema, [{"a": Decimal("1.23")}])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*")}
    yield tmp_path
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{outside}/secret.csv')",
        "SELECT * FROM read_csv_auto('{outside}/secret.csv')",
        "SELECT * FROM read_text('{uploads}/../../../../../../../..{outside}/secret.csv')",
        "SELECT * FROM st_read('{outside}/secret.csv')",
        "CREATE VIEW d.v AS SELECT * FROM read_text('{outside}/secret.csv')",
        "CREATE FUNCTION d.f() AS ((SELECT content FROM read_text('{outside}/secret.csv')))",
        "CREATE TABLE d.copied (a STRING); COPY d.copied FROM '{outside}/secret.csv'",
        "COPY (SELECT 1) TO '{outside}/written.csv'",
        "COPY (SELECT 1) TO '{data}/made_by.txt'",
        "EXECUTE IMMEDIATE \"COPY (SELECT 1) TO '{outside}/written.csv'\"",
        "EXPORT DATA OPTIONS (uri = 'file://{outside}/*.csv', format = 'CSV') AS SELECT 1",
        "ATTACH '{outside}/written.duckdb'",
        "EXPORT DATABASE '{outside}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "PRAGMA enable_external_access = true",
        "PRAGMA lock_configuration = false",
    ],
)
def test_no_statement_reaches_a_file_of_the_person(
    statement: str, outside: Path, client: bigquery.Client, data_directory: Path, uploads: Path
) -> None:
    marker = (data_directory / engine.MARKER).read_bytes()
    text = statement.format(outside=outside, data=data_directory, uploads=uploads)
    with pytest.raises(GoogleAPICallError) as refused:
        client.query(text, retry=None, job_retry=None).result(retry=None)
    assert SECRET not in str(refused.value)
    assert (data_directory / engine.MARKER).read_bytes() == marker


@pytest.mark.parametrize("statement", ["FROM read_text('{outside}/secret.csv')", "COPY (SELECT 1) TO '{outside}/a'"])
def test_the_engine_itself_reaches_no_file_of_the_person(statement: str, outside: Path, tmp_path: Path) -> None:
    # Even if a statement of DuckDB's own came through.
    locked = guard.LockedEngine(
        Settings.model_construct(
            persistence_mode=PersistenceMode.EPHEMERAL,
            upload_staging_dir=tmp_path / "uploads",
            enable_format_extensions=False,
        )
    )
    asyncio.run(locked.start())
    with pytest.raises(duckdb.PermissionException):
        locked.connection.execute(statement.format(outside=outside)).fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA enable_profiling",
        "PRAGMA database_list",
        "pragma Enable_Progress_Bar",
        "/* first */ PRAGMA enable_profiling",
        "SELECT 1; PRAGMA enable_profiling",
        "EXECUTE IMMEDIATE 'PRAGMA enable_profiling'",
        "BEGIN PRAGMA enable_profiling; END",
        "CALL enable_logging(storage_path='{data}')",
        "SELECT * FROM enable_logging()",
        "SELECT * FROM system.main.ENABLE_LOGGING()",
        'SELECT * FROM "enable_logging" ()',
        "SELECT * FROM `enable_logging`()",
        "SELECT (SELECT COUNT(*) FROM truncate_duckdb_logs())",
        "CREATE TABLE d.made AS SELECT * FROM enable_profiling()",
        "CREATE VIEW d.made AS SELECT * FROM duckdb_settings()",
        "EXECUTE IMMEDIATE 'SELECT * FROM disable_logging()'",
        "SET threads = 1",
        "SET GLOBAL memory_limit = '1MB'",
        "RESET ALL",
        "USE d",
        "CHECKPOINT",
        "FORCE CHECKPOINT",
        "VACUUM",
        "ANALYZE",
        "LOAD json",
        "DETACH bqemulator",
        "PREPARE q AS SELECT 1",
        "CREATE SECRET s (TYPE s3)",
        "CREATE SEQUENCE s",
        "CREATE TYPE t AS ENUM ('a')",
        "EXPLAIN ANALYZE SELECT 1",
        "UPDATE EXTENSIONS",
        "CREATE OR REPLACE MACRO trim(x) AS 'mine'",
        "CREATE MACRO lower(x) AS 'mine'",
        "DROP MACRO trim",
        "ALTER DATABASE bqemulator SET ALIAS TO mine",
        "DESCRIBE SELECT * FROM enable_logging()",
    ],
)
def test_a_statement_that_bigquery_does_not_have_is_refused_and_changes_nothing_for_others(
    statement: str, client: bigquery.Client, data_directory: Path
) -> None:
    with pytest.raises(GoogleAPICallError):
        client.query(statement.format(data=data_directory), retry=None, job_retry=None).result(retry=None)
    assert [row.seven for row in client.query_and_wait("SELECT 7 AS seven")] == [7]


def test_names_of_duckdb_s_own_functions_are_names_like_any(client: bigquery.Client) -> None:
    client.query_and_wait("CREATE TABLE d.summary (seq_scan STRING, checkpoint INT64)")
    client.query_and_wait("INSERT INTO d.summary (seq_scan, checkpoint) VALUES ('enable_logging()', 1)")
    query = (
        "WITH query AS (SELECT checkpoint, REPEAT(seq_scan, 2) AS seq_scan FROM d.summary "
        "WHERE seq_scan = 'enable_logging()') "
        "SELECT seq_scan, checkpoint, (checkpoint) AS query FROM query, UNNEST(GENERATE_ARRAY(1, 2))"
    )
    rows = [row.values() for row in client.query(query).result()]
    assert rows == [("enable_logging()enable_logging()", 1, 1)] * 2


@pytest.mark.parametrize("file_format", ["CSV", "AVRO"])
def test_a_load_job_reads_no_file_by_its_name(file_format: str, outside: Path, client: bigquery.Client) -> None:
    config = bigquery.LoadJobConfig(source_format=file_format, schema=[bigquery.SchemaField("a", "STRING")])
    path = outside / f"secret.{file_format.lower()}"
    with pytest.raises(GoogleAPICallError, match="reads and writes no files"):
        client.load_table_from_uri(path.as_uri(), "d.loaded", job_config=config).result()
    assert "loaded" not in [table.table_id for table in client.list_tables("d")]


def test_an_extract_job_writes_no_file_and_makes_no_folder(outside: Path, client: bigquery.Client) -> None:
    client.query_and_wait("CREATE TABLE d.extracted AS SELECT 1 AS a")
    with pytest.raises(GoogleAPICallError, match="reads and writes no files"):
        client.extract_table("d.extracted", (outside / "a" / "b.csv").as_uri()).result()


@pytest.mark.slow
def test_a_query_larger_than_the_memory_still_uses_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = tmp_path / "limited.sql"
    limited.write_text(guard.SETTINGS.read_text(encoding="utf-8").replace("'4GiB'", "'100MB'"), encoding="utf-8")
    monkeypatch.setattr(guard, "SETTINGS", limited)
    engine.prepare(tmp_path)
    with duckdb.connect(tmp_path / engine.DATA) as first:  # the engine opens the same database, which keeps its threads
        first.execute("SET threads = 1")
        with engine.running(tmp_path) as (url, _):
            client = emulator.connect(url, "somebody")
            numbers = "SELECT DISTINCT CONCAT(REPEAT('x', 100), n) AS a FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS n"
            [[count]] = client.query(f"SELECT COUNT(*) FROM ({numbers})").result()
            assert count == 1_000_000
            assert (tmp_path / f"{engine.DATA}.tmp").exists()


def test_trim_cuts_what_python_cuts(client: bigquery.Client) -> None:
    texts = ["ann", " ann", "ann\t", " \t ann b \n", "", " \t", "é ann é", "\u3000ann", "\u200dann ", "ünn\r"]
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ArrayQueryParameter("texts", "STRING", texts)])
    for blanks in (" ", " \t\r\n", "é", "n", ""):
        query = f"SELECT text, TRIM(text, {json.dumps(blanks, ensure_ascii=False)}) FROM UNNEST(@texts) AS text"
        trimmed = dict(row.values() for row in client.query(query, config).result())
        assert trimmed == {text: text.strip(blanks) if blanks else text for text in texts}
    [row] = client.query("SELECT TRIM(' ann '), TRIM(NULL, ' '), TRIM('ann', NULL)").result()
    assert row.values() == ("ann", None, None)


QUERY = json.dumps({"query": "SELECT 7 AS seven", "useLegacySql": False})
IS_JSON = {"Content-Type": "application/json"}


def post(endpoints: engine.Endpoints, headers: dict[str, str]) -> requests.Response:
    """Post a query with some headers."""
    return requests.post(f"{endpoints.rest}/bigquery/v2/projects/a/queries", QUERY, headers=headers, timeout=60)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/plain; application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=a"},
        IS_JSON | {"Origin": "null"},
        IS_JSON | {"Origin": "http://localhost:8888"},
        IS_JSON | {"Sec-Fetch-Site": "same-site"},
        IS_JSON | {"Host": "evil.example"},
        IS_JSON | {"Host": "evil.example:9050"},
        IS_JSON | {"Host": "localhost.evil.example"},
        IS_JSON | {"Host": ""},
    ],
    ids=str,
)
def test_what_a_page_in_a_browser_can_send_is_refused(headers: dict[str, str], endpoints: engine.Endpoints) -> None:
    answer = post(endpoints, headers)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (403, "accessDenied")


def test_a_page_may_not_ask_what_it_may_send_nor_read(endpoints: engine.Endpoints) -> None:
    url = f"{endpoints.rest}/bigquery/v2/projects/a/datasets"
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        requests.options(url, headers=asks, timeout=60),
        requests.get(url, headers={"Sec-Fetch-Site": "cross-site"}, timeout=60),
    ):
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1"])
@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=UTF-8"])
def test_a_client_on_this_computer_is_answered(host: str, kind: str, endpoints: engine.Endpoints) -> None:
    answer = post(endpoints, {"Host": host, "Content-Type": kind})
    assert answer.json()["rows"] == [{"f": [{"v": "7"}]}]


def test_a_client_may_compress_what_it_sends(endpoints: engine.Endpoints) -> None:
    headers = {**IS_JSON, "Content-Encoding": "gzip"}
    url = f"{endpoints.rest}/bigquery/v2/projects/a/queries"
    answer = requests.post(url, gzip.compress(QUERY.encode()), headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["rows"]) == (200, [{"f": [{"v": "7"}]}])


def test_the_storage_api_does_not_speak_to_browsers(endpoints: engine.Endpoints) -> None:
    with pytest.raises(requests.ConnectionError):  # not HTTP/1.1, which is all that they speak without TLS
        post(engine.Endpoints(f"http://{endpoints.storage}", ""), IS_JSON)
