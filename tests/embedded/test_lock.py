"""The embedded BigQuery is no way to the person's files, and none for a page in the person's browser."""

import gzip
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import fastavro
import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from dcr_data_generator.embedded import engine, lock
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
        "SELECT * FROM read_text('{data}/uploads/../../../../../../../..{outside}/secret.csv')",
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
def test_no_statement_reaches_a_file_of_the_person(statement: str, outside: Path, client: bigquery.Client) -> None:
    [[_, _, database]] = client.query_and_wait("PRAGMA database_list")
    data = Path(database).parent
    marker = (data / engine.MARKER).read_bytes()
    with pytest.raises(GoogleAPICallError) as refused:
        client.query(statement.format(outside=outside, data=data), retry=None, job_retry=None).result(retry=None)
    assert SECRET not in str(refused.value)
    assert (data / engine.MARKER).read_bytes() == marker


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


def test_a_query_larger_than_the_memory_still_uses_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = tmp_path / "limited.sql"
    limited.write_text(lock.SETTINGS.read_text(encoding="utf-8").replace("'4GiB'", "'100MB'"), encoding="utf-8")
    monkeypatch.setattr(lock, "SETTINGS", limited)
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
