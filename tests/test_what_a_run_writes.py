"""What a whole run writes and never touches, what it may cost, and that the source's texts are data."""

import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import pytest
from google.cloud import bigquery

from dcr_data_generator import main
from dcr_data_generator.console import process
from dcr_data_generator.warehouse import google_cloud
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.emulator import client_of
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator, proxy, small_shop
from tests.support.emulator import TABLES
from tests.support.page import is_harmless
from tests.support.proxy import Proxy, Request, Response
from tests.support.settings import make_settings

PROJECT = "guarded"
DATASETS = ["merchant_provider", "ewallet_provider"]


# Five tables in two datasets, and nothing else.


def fill_with_other_things(client: bigquery.Client) -> None:
    """Put into the two datasets, and beside them, what other people have there."""
    for name in [*DATASETS, "somebody_elses"]:
        dataset = bigquery.Dataset(f"{client.project}.{name}")
        dataset.location, dataset.description, dataset.labels = "US", f"Mine: {name}.", {"owner": "somebody"}
        dataset.default_table_expiration_ms = 5 * 86_400_000
        dataset.access_entries = [
            bigquery.AccessEntry("OWNER", "userByEmail", "owner@example.com"),
            bigquery.AccessEntry("READER", "groupByEmail", "readers@example.com"),
        ]
        client.create_dataset(dataset)
        mine = bigquery.Table(f"{client.project}.{name}.mine", [bigquery.SchemaField("seven", "INTEGER", "REQUIRED")])
        mine.description, mine.labels = "My table.", {"kept": "yes"}
        client.create_table(mine)
        for statement in (
            "INSERT INTO {}.mine VALUES (7), (8)",
            "CREATE TABLE {}.orders_backup AS SELECT 1 AS order_id, 'x' AS status",
            "CREATE VIEW {}.my_view AS SELECT seven + 1 AS eight FROM {}.mine",
            "CREATE FUNCTION {}.twice(x INT64) AS (2 * x)",
        ):
            client.query_and_wait(statement.replace("{}", name))


def other_things(client: bigquery.Client) -> dict[str, object]:
    """Everything in the project but the five tables: settings, schemas and rows."""
    found = {}
    for item in client.list_datasets():
        dataset = client.get_dataset(item.reference)
        changed = ("etag", "lastModifiedTime")
        found[dataset.dataset_id] = {key: each for key, each in dataset.to_api_repr().items() if key not in changed}
        found[dataset.dataset_id]["labels"].pop("run", None)
        for label in ("target-date", "days"):  # of the snapshot
            found[dataset.dataset_id]["labels"].pop(label, None)
        found[f"{dataset.dataset_id}: routines"] = sorted(map(str, client.list_routines(dataset)))
        for table in client.list_tables(dataset):
            name = f"{table.dataset_id}.{table.table_id}"
            if name not in TABLES:
                found[name] = client.get_table(table.reference).to_api_repr()
                found[f"{name}: rows"] = sorted(client.query_and_wait(f"SELECT * FROM {name}"), key=repr)
    return found


@pytest.fixture(scope="module")
def guarded(
    connect: Callable[[str], Warehouse], endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> dict:
    """Two runs in a project full of other things: what was there before and after, and the requests they made.

    The first checks nothing. The second replaces the tables of the first, and does all that a run on Google Cloud does.
    """
    client = emulator.connect(endpoints.rest, PROJECT)
    small_shop.fill(connect(PROJECT).client)
    fill_with_other_things(client)
    before = other_things(client)
    flags = ("--write-project-id", PROJECT)
    with Proxy(endpoints.rest) as between:
        first = emulator.run_here(*flags, "--skip-checks", BIGQUERY_EMULATOR_HOST=between.url)
    folder = tmp_path_factory.mktemp("output")
    outputs = {"DCR_EXPORT": str(folder), "DCR_NO_REPORT": "", "DCR_REPORT": str(folder / "report.html")}
    billing = Proxy(endpoints.rest, rewrite=lambda request, response: bill(request, response, billing.requests))
    with billing, pytest.MonkeyPatch.context() as patch:
        small_shop.ask_few_checks(patch)
        second = emulator.run_here(*flags, command=partial(run_as_on_google_cloud, billing.url), **outputs)
    requests = {"first": between.requests, "second": billing.requests}
    return requests | {"before": before, "after": other_things(client), "runs": [first, second], "client": client}


def run_as_on_google_cloud(url: str, flags: tuple[str, ...]) -> int:
    """Run main at a place that the program takes for Google Cloud."""
    settings = make_settings(*flags)
    client = client_of(url, PROJECT, google_cloud.client_defaults("US"))
    place = Warehouse(client, None, settings.place, "Google Cloud", "the console", settings.parameters, is_billed=True)
    return process.run_safely(partial(main.run, settings, nullcontext(place)))


def bill(request: Request, response: Response, requests: list[Request]) -> Response:
    """List jobs as BigQuery does (jobs.list, projection full): with their labels, and 10 MiB, the least, billed."""
    if (request.method, request.resource) != ("GET", "jobs"):
        return response
    answer = json.loads(response.body)
    labels = {each.json["jobReference"]["jobId"]: each.inserts["labels"] for each in requests if each.sql}
    for job in answer["jobs"]:
        job["configuration"]["labels"] = labels.get(job["jobReference"]["jobId"], {"run": "an-earlier-one"})
        job["statistics"].get("query", {})["totalBytesBilled"] = "10485760"
    return response._replace(body=json.dumps(answer).encode())


def test_a_green_run_prints_its_steps_checks_answers_and_tables(guarded: dict) -> None:
    status, out, err = guarded["runs"][1]
    assert (status, err) == (0, "")
    lines = out.splitlines()
    # 10 of the 20 customers hold a wallet, and 8 of their 10 orders were paid with it; 10 x 0.2 / 0.8 = 2.5 are 3.
    for words in (
        "✓ Step 1: copy the merchant's snapshot",
        "✓ Step 2: create the e-wallet provider",
        "✓ Check the result: 10 checks passed (",
        "1. Which sales did this provider process?",
        "   This provider processed 8 of 20 orders, and 40.00% of the sales: $76.00.",
        "Match rate: 50.00% (target 50.00%), 10 of the merchant's 20 customers.",
        "Overlap: 10 people; merchant only: 10; provider only: 3.",
        "  merchant_provider  orders 20 · order_items 20 · users 20",
        "  ewallet_provider   provider_users 13 · transactions 8",
        "Done in ",
        "Query the tables: the console",
        "The report: ",
        "The Parquet files: ",
        "Rehearse the clean room: uv run dcr rehearse --write-project-id guarded",
    ):
        assert any(line.startswith(words) for line in lines), words
    assert len(lines) <= 34  # two of them of the bytes that a run on Google Cloud reads, and one of few people
    assert "✗" not in out


def test_skip_checks_leaves_the_checks_out(guarded: dict) -> None:
    status, out, err = guarded["runs"][0]
    assert (status, err) == (0, "")
    assert "Check the result" not in out
    assert "! The checks were skipped: nothing was checked." in out


def test_what_others_have_in_the_datasets_stays_as_it_is(guarded: dict) -> None:
    assert len(guarded["before"]) == 3 * (1 + 1 + 2 * 3)
    assert guarded["before"]["merchant_provider"]["access"]
    assert guarded["after"] == guarded["before"]


def written(requests: list[Request]) -> list[str]:
    """What the requests write: the tables that jobs make, and every other change as it is sent."""
    changes = []
    for request in requests:
        destination = request.inserts.get("load", {}).get("destinationTable")
        if destination:
            changes.append("{projectId}.{datasetId}.{tableId}".format(**destination))
        elif request.sql:
            statement = re.sub(r"^--.*\n", "", request.sql, flags=re.MULTILINE).splitlines()[0]
            if statement.partition(" ")[0] not in ("SELECT", "WITH"):
                changes.append(statement.replace("CREATE OR REPLACE TABLE ", f"{request.project}."))
        elif request.method != "GET" and not request.inserts and not request.upload_id:
            changes.append(f"{request.method} {request.resource} {sorted(request.json)}")
    return changes


def test_a_run_writes_five_tables_the_descriptions_of_two_of_them_and_its_mark(guarded: dict) -> None:
    assert sorted(written(guarded["second"])) == sorted(
        [f"{PROJECT}.{table}" for table in TABLES]
        + [
            f"PATCH datasets/ewallet_provider/tables/{name} ['description', 'schema']"
            for name in ("provider_users", "transactions")
        ]
        # The mark of the run; and the days of the merchant's snapshot, which are unknown while it is replaced.
        + [f"PATCH datasets/{name} ['labels']" for name in [*DATASETS, *[DATASETS[0]] * 2]]
    )


def test_a_run_deletes_nothing(guarded: dict) -> None:
    requests = guarded["first"] + guarded["second"]
    assert not [request for request in requests if request.method == "DELETE"]
    assert not [request for request in requests if re.search(r"\b(DROP|DELETE|TRUNCATE|ALTER|MERGE)\b", request.sql)]


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_a_run_on_a_bad_network_makes_the_same_five_tables_and_no_others(guarded: dict, endpoints: Endpoints) -> None:
    client = emulator.connect(endpoints.rest, "was-empty")
    loads = proxy.FailingJobs(lambda request: "load" in request.inserts, "backendError", "It failed.", times=1)
    with Proxy(endpoints.rest, fault=proxy.once_each(proxy.KINDS), failing_jobs=[loads]) as bad_network:
        flags = ("--write-project-id", client.project, "--skip-checks")
        status, _, err = emulator.run_here(*flags, BIGQUERY_EMULATOR_HOST=bad_network.url)
    assert (status, err) == (0, "")
    assert sum(request.fault is not None for request in bad_network.requests) > 20
    assert len(loads.failed) == 1
    datasets = [dataset.reference for dataset in client.list_datasets()]
    names = [f"{table.dataset_id}.{table.table_id}" for each in datasets for table in client.list_tables(each)]
    assert sorted(names) == sorted(TABLES)
    assert emulator.contents(client) == emulator.contents(guarded["client"])


# What it may cost.


def test_every_query_carries_the_limit_of_bytes_and_the_label(guarded: dict) -> None:
    jobs = [request.inserts for request in guarded["first"] + guarded["second"] if request.sql]
    assert len(jobs) > 40
    # 1 GiB until a dry run has told how large the source is, and then --max-bytes-billed; a dry run reads nothing.
    limits = [job["query"]["maximumBytesBilled"] for job in jobs if not job.get("dryRun")]
    assert set(limits) == {str(2**30), str(10 * 2**30)}
    assert limits[-25:] == [str(10 * 2**30)] * 25
    assert len({tuple(job.get("labels").items()) for job in jobs}) == 2, "one label per run"
    assert {job["labels"]["application"] for job in jobs} == {"dcr-data-generator"}


def test_every_query_is_a_job_and_none_goes_another_way(guarded: dict) -> None:
    assert not [request for request in guarded["first"] + guarded["second"] if request.resource == "queries"]


def test_every_load_carries_the_label(guarded: dict) -> None:
    jobs = [request.inserts for request in guarded["first"] + guarded["second"] if "load" in request.inserts]
    assert len(jobs) == 2 + 2
    assert len({tuple(job.get("labels").items()) for job in jobs}) == 2, "one label per run"
    assert {job["labels"]["application"] for job in jobs} == {"dcr-data-generator"}


def test_the_end_of_a_run_on_google_cloud_says_how_many_bytes_were_billed(guarded: dict) -> None:
    queries = sum(bool(request.sql) for request in guarded["second"])
    assert f"\nBigQuery billed {10 * queries:,} MiB for the queries of this run.\n" in guarded["runs"][1][1]


# What it refuses.


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--location", "EU"], r"the location is EU and .* give --location US$"),
        (["--target-date", "2001-01-01"], r"the source has no orders on the day 2001-01-01: .*"),
    ],
)
def test_a_run_that_is_refused_writes_nothing(flags: list[str], line: str, guarded: dict, endpoints: Endpoints) -> None:
    with Proxy(endpoints.rest) as between:
        flags = ["--write-project-id", PROJECT, *flags]
        status, _, err = emulator.run_here(*flags, BIGQUERY_EMULATOR_HOST=between.url)
    assert status == 2
    assert not written(between.requests)
    assert re.search(line.replace("$", r" \(nothing was replaced\)$"), emulator.only_line(err))


# Texts from the source are data.

HOSTILE = [
    'O\'Neil "Z" `x`',
    "'; DROP TABLE merchant_provider.users; --",
    "`bigquery-public-data.thelook_ecommerce.users`",
    "@first_date {project} %s ${HOME} \\n \\",
    "<script>alert(1)</script> &amp;",
    "[red]hot[/red] [/] [bold",
    "[link=https://example.com]x[/link]",
    "👩‍👩‍👧‍👦 🇧🇷 é é",
    "\u202eright to left\u202c שלום مرحبا",
    "bell \x07 escape \x1b[31mred\x1b[0m \x1b]0;title\x07 back\x08space \x7f \x9b31m",
    "line\nfeed\rreturn\ttab\x0bvertical\x0cpage\x85next\u2028line\u2029paragraph",
    "\ufeffmark \u200bnothing\u200b \ud7ff\ue000\U0010ffff",
    " leading and trailing ",
    "null",
    "NULL",
    "NaN",
    "x" * 100_000,
]


@pytest.fixture(scope="module")
def hostile(connect: Callable[[str], Warehouse], endpoints: Endpoints) -> tuple[bigquery.Client, str]:
    """A run on a source with such texts: a client, and what the run printed."""
    client = connect("hostile-tests").client
    small_shop.fill(client, HOSTILE)
    # With this seed, the text with markup is among the ten rows that are printed.
    flags = ["--match-rate", "1", "--wallet-payment-rate", "1", "--verbose", "--seed", "2"]
    flags += ["--write-project-id", client.project]
    with pytest.MonkeyPatch.context() as patch:
        small_shop.ask_few_checks(patch)
        status, out, err = emulator.run_here(*flags, BIGQUERY_EMULATOR_HOST=endpoints.rest)
    # A holder's email and city are those of the merchant's record, whatever is in them.
    assert (status, err) == (0, "")
    return client, out


@pytest.mark.slow
def test_hostile_strings_print_harmlessly(hostile: tuple[bigquery.Client, str]) -> None:
    _, out = hostile
    assert is_harmless(out)
    assert max(map(len, out.splitlines())) < 1_000
    assert "[red]hot[/red] [/] [bold" in out


EMAILS = [f"{text}{number}@shop.example" for number, text in enumerate(HOSTILE, start=1)]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("SELECT status FROM merchant_provider.orders", HOSTILE),
        ("SELECT status FROM merchant_provider.order_items", HOSTILE),
        ("SELECT city FROM merchant_provider.users", HOSTILE),
        ("SELECT first_name FROM merchant_provider.users", HOSTILE),
        ("SELECT email FROM merchant_provider.users", EMAILS),
        ("SELECT email FROM ewallet_provider.provider_users WHERE email LIKE '%@shop.example'", EMAILS),
        ("SELECT city FROM ewallet_provider.provider_users WHERE email LIKE '%@shop.example'", HOSTILE),
        ("SELECT status FROM ewallet_provider.transactions", HOSTILE),
    ],
)
def test_hostile_strings_arrive_as_they_are(query: str, texts: list[str], hostile: tuple[bigquery.Client, str]) -> None:
    assert sorted(row[0] for row in hostile[0].query_and_wait(query)) == sorted(texts)
