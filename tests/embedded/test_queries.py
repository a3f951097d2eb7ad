"""Queries are taken, and answers and errors are sent, as BigQuery does it."""

from collections.abc import Callable

import pytest
import requests
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound
from google.cloud import bigquery

from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.warehouse import Warehouse

Config = bigquery.QueryJobConfig


@pytest.fixture(scope="module")
def client(connect: Callable[[str], Warehouse]) -> bigquery.Client:
    """A project with a dataset `shop`, whose table `orders` has three rows, and the view `large` two of them."""
    client = connect("queries-tests").client
    client.create_dataset("shop")
    client.query_and_wait(
        "CREATE TABLE shop.orders AS SELECT * FROM UNNEST([STRUCT(1 AS id, 'new' AS status), (2, 'paid'), (3, NULL)])"
    )
    client.query_and_wait("CREATE VIEW shop.large AS SELECT id FROM shop.orders WHERE id > 1")
    return client


def by_query(client: bigquery.Client, text: str, config: Config | None = None) -> list[tuple]:
    """Ask by jobs.query."""
    return [tuple(row.values()) for row in client.query_and_wait(text, job_config=config)]


def by_insert(client: bigquery.Client, text: str, config: Config | None = None) -> list[tuple]:
    """Ask by jobs.insert and jobs.getQueryResults."""
    return [tuple(row.values()) for row in client.query(text, job_config=config).result()]


WAYS = pytest.mark.parametrize("ask", [by_query, by_insert])
type Ask = Callable[..., list[tuple]]


@WAYS
@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("SELEC 1", BadRequest, "Syntax error"),
        ("", BadRequest, "Empty query"),
        ("SELECT statis FROM shop.orders", BadRequest, "Unrecognized name: statis"),
        ("SELECT * FROM shop.no_such_table", NotFound, "no_such_table was not found"),
        ("SELECT * FROM nowhere.orders", NotFound, "nowhere was not found"),
        ("INSERT INTO shop.no_such_table VALUES (1)", NotFound, "no_such_table was not found"),
        ("SELECT 1 / 0", BadRequest, "division by zero"),
        ("SELECT DIV(1, 0)", BadRequest, "division by zero: 1 / 0"),
        ("SELECT [1, 2][OFFSET(2)]", BadRequest, "Array index 2 is out of bounds"),
        ("SELECT no_such_function(1)", BadRequest, "Function not found: no_such_function"),
        ("SELECT 'it''s'", BadRequest, "concatenated string literals must be separated by whitespace"),
        ("SELECT IFERROR(1, 2)", BadRequest, "the embedded BigQuery cannot do this, and BigQuery can: IFERROR"),
        ("SELECT COLLATE('a', 'und:ci')", BadRequest, "BigQuery can: COLLATE"),
        ("SELECT FORMAT('%T', 1)", BadRequest, "BigQuery can: FORMAT with %T"),
        ("SELECT ML.PREDICT(1)", BadRequest, "ML.PREDICT is not supported"),
        # These were HTTP 500, after which a client asks again for ten minutes.
        ("SELECT DATE_ADD(DATE '9999-12-31', INTERVAL 1 DAY)", BadRequest, "date value out of range"),
        ("SELECT STRUCT(id, id) FROM shop.orders", BadRequest, "BigQuery can: a STRUCT with two fields of one name"),
        (
            "SELECT * FROM shop.orders FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'",
            BadRequest,
            "the embedded BigQuery keeps no old versions of a table, and BigQuery does",
        ),
    ],
)
def test_what_cannot_be_answered_is_an_error(
    ask: Ask, text: str, kind: type[GoogleAPICallError], words: str, client: bigquery.Client
) -> None:
    with pytest.raises(kind, match=words):
        ask(client, text)


@WAYS
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT STRUCT(id, status) AS s FROM shop.orders ORDER BY id LIMIT 1", [({"id": 1, "status": "new"},)]),
        ("SELECT COUNT(*) FROM shop.orders FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", [(3,)]),
        ("SELECT table_id, row_count, type FROM shop.__TABLES__ ORDER BY 1", [("large", 0, 2), ("orders", 3, 1)]),
        ("SELECT table_name FROM shop.INFORMATION_SCHEMA.TABLES ORDER BY 1", [("large",), ("orders",)]),
        ("SELECT column_name FROM shop.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'large'", [("id",)]),
        ("SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA", [("shop",)]),
        ("SELECT CURRENT_TIMESTAMP() > TIMESTAMP '2025-01-01' AS current_timestamp", [(True,)]),
    ],
)  # fmt: skip
def test_what_bigquery_has_is_answered(ask: Ask, text: str, rows: list[tuple], client: bigquery.Client) -> None:
    assert ask(client, text) == rows


@WAYS
def test_a_default_dataset_is_used(ask: Ask, client: bigquery.Client) -> None:
    here = Config(default_dataset=f"{client.project}.shop")
    assert ask(client, "SELECT MAX(id) FROM orders", here) == [(3,)]


@WAYS
def test_parameters_have_their_types(ask: Ask, client: bigquery.Client) -> None:
    values = [
        bigquery.ScalarQueryParameter("half", "FLOAT64", 24.5),
        bigquery.ScalarQueryParameter("status", "STRING", "paid"),
        bigquery.ArrayQueryParameter("ids", "INT64", [1, 2]),
    ]
    text = "SELECT id, CAST(@half AS INT64) FROM shop.orders WHERE status = @status AND id IN UNNEST(@ids)"
    assert ask(client, text, Config(query_parameters=values)) == [(2, 25)]


@WAYS
def test_a_destination_table_is_written_as_its_disposition_says(ask: Ask, client: bigquery.Client) -> None:
    def config(disposition: str) -> Config:
        return Config(destination=f"{client.project}.shop.copy_{ask.__name__}", write_disposition=disposition)

    text, copy = "SELECT id FROM shop.orders WHERE id < 3 ORDER BY id", f"SELECT * FROM shop.copy_{ask.__name__}"
    assert ask(client, text, config("WRITE_EMPTY")) == by_query(client, copy) == [(1,), (2,)]
    with pytest.raises(Conflict, match="Already Exists"):
        ask(client, text, config("WRITE_EMPTY"))
    ask(client, text, config("WRITE_APPEND"))
    assert by_query(client, copy) == [(1,), (2,), (1,), (2,)]
    ask(client, "SELECT 9 AS id", config("WRITE_TRUNCATE"))
    assert by_query(client, copy) == [(9,)]


@WAYS
def test_a_destination_in_a_dataset_that_is_not_there_is_an_error(ask: Ask, client: bigquery.Client) -> None:
    with pytest.raises(NotFound, match="Not found: Dataset queries-tests:nowhere"):
        ask(client, "SELECT 1", Config(destination=f"{client.project}.nowhere.one"))


def test_a_jobs_own_destination_can_be_read(client: bigquery.Client) -> None:
    job = client.query("SELECT id FROM shop.orders ORDER BY id")
    job.result()
    assert [row["id"] for row in client.list_rows(job.destination, page_size=2)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("SELECT id FROM shop.orders", 3 * 8),
        ("SELECT status FROM shop.orders", 2 + len("new") + 2 + len("paid")),
        ("SELECT * FROM shop.orders", 3 * 8 + 2 + len("new") + 2 + len("paid")),
        ("SELECT * EXCEPT (status) FROM shop.orders", 3 * 8),
        ("SELECT COUNT(*) FROM shop.orders", 0),
        ("SELECT 1", 0),
    ],
)
def test_a_dry_run_counts_the_bytes_of_the_columns(text: str, size: int, client: bigquery.Client) -> None:
    job = client.query(text, job_config=Config(dry_run=True))
    assert (job.total_bytes_processed, job.state) == (size, "DONE")


@WAYS
def test_a_query_that_would_read_more_than_its_limit_is_refused(ask: Ask, client: bigquery.Client) -> None:
    with pytest.raises(BadRequest, match=r"limit for bytes billed: 1000\. 10485760 or higher required"):
        ask(client, "SELECT id FROM shop.orders", Config(maximum_bytes_billed=1000))
    assert ask(client, "SELECT 1", Config(maximum_bytes_billed=1000)) == [(1,)]


def test_an_error_has_bigquerys_reason(client: bigquery.Client, endpoints: Endpoints) -> None:
    url = f"{endpoints.rest}/bigquery/v2/projects/{client.project}/queries"
    for text, status, reason in (("SELEC 1", 400, "invalidQuery"), ("SELECT * FROM shop.no", 404, "notFound")):
        answer = requests.post(url, json={"query": text, "useLegacySql": False}, timeout=60)
        assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (status, reason)


def test_pages_of_an_answer_follow_each_other(client: bigquery.Client) -> None:
    rows = client.query_and_wait("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 25)) AS x ORDER BY x", page_size=10)
    assert [row["x"] for row in rows] == list(range(1, 26))


def test_what_can_be_refused_can_have_a_name_that_the_query_uses(client: bigquery.Client) -> None:
    text = "SELECT DATE_DIFF(DATE '2025-09-23', DATE '2025-09-20', DAY) + DIV(id, 2) AS days FROM shop.orders"
    assert by_query(client, f"{text} GROUP BY id HAVING days > 3 ORDER BY days") == [(4,), (4,)]
