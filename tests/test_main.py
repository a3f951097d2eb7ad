"""A whole run: what it writes and what it never touches, what it prints, and how it ends."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import pytest
from google.cloud import bigquery

from dcr_data_generator import checks, ewallet, export, main, source, sql, warehouse
from dcr_data_generator.embedded import client as embedded
from dcr_data_generator.embedded.engine import Endpoints
from dcr_data_generator.errors import AnotherRunError
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.warehouse import Warehouse
from tests.support import emulator, proxy, tables
from tests.support.emulator import ROOT, TABLES
from tests.support.page import is_harmless
from tests.support.proxy import Proxy, Request, Response
from tests.support.screen import screen
from tests.support.settings import make_settings
from tests.support.worlds import all_green, green_and_red

PROJECT = "guarded"
DATASETS = ["merchant_provider", "ewallet_provider"]
ASK_CHECKS = checks.run
READ_FOLDER = sql.read_folder


def read_few(folder: str) -> list[sql.Query]:
    """Read ten of the checks only, of which five ask the source: all of them take more time than all else."""
    return [query for query in READ_FOLDER(folder) if folder != "checks" or "hold" in query.name]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a person who has set none of the program's variables."""
    for name in list(os.environ):
        if name.startswith(emulator.OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DCR_NO_REPORT", "true")


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
        found[f"{dataset.dataset_id}: routines"] = sorted(map(str, client.list_routines(dataset)))
        for table in client.list_tables(dataset):
            name = f"{table.dataset_id}.{table.table_id}"
            if name not in TABLES:
                found[name] = client.get_table(table.reference).to_api_repr()
                found[f"{name}: rows"] = sorted(client.query_and_wait(f"SELECT * FROM {name}"), key=repr)
    return found


@pytest.fixture(scope="module")
def guarded(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Two runs in a project full of other things: what was there before and after, and the requests they made.

    The first fills the source and checks nothing. The second replaces the tables of the first, and does all that a run
    on Google Cloud does.
    """
    client = emulator.connect(endpoints.rest, PROJECT)
    client.delete_dataset(SOURCE, delete_contents=True, not_found_ok=True)
    fill_with_other_things(client)
    before = other_things(client)
    flags = ("--write-project-id", PROJECT)
    with Proxy(endpoints.rest) as between:
        first = emulator.run_here(*flags, "--skip-checks", BIGQUERY_EMULATOR_HOST=between.url)
    folder = tmp_path_factory.mktemp("output")
    outputs = {"DCR_EXPORT": str(folder), "DCR_NO_REPORT": "", "DCR_REPORT": str(folder / "report.html")}
    billing = Proxy(endpoints.rest, rewrite=lambda request, response: bill(request, response, billing.requests))
    with billing, pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "connect_to_google_cloud", lambda _: Warehouse(*connect(billing.url), is_billed=True))
        patch.setattr(sql, "read_folder", read_few)
        second = emulator.run_here(*flags, **outputs)
    requests = {"first": between.requests, "second": billing.requests}
    return requests | {"before": before, "after": other_things(client), "runs": [first, second], "client": client}


def connect(url: str) -> tuple[bigquery.Client, None, str, str]:
    """What the program knows of a place that it takes for Google Cloud."""
    return embedded.connect(url, PROJECT, warehouse.client_defaults("US")), None, "Google Cloud", "the console"


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
    for words in (
        "✓ Step 1: copy the merchant's snapshot",
        "✓ Step 2: create the e-wallet provider",
        "✓ Check the result: 10 checks passed (",
        "1. This provider processed 457 of 1,152 orders, worth $36,936.80: 36.73% of the sales.",
        "Match rate: 50.00% (target 50.00%), 565 of the merchant's 1,130 customers.",
        "Overlap: 565 people; merchant only: 565; provider only: 141.",
        "  merchant_provider  orders 1,152 · order_items 1,665 · users 1,130",
        "  ewallet_provider   provider_users 706 · transactions 457",
        "Done in ",
        "Query the tables: the console",
        "The report: ",
        "The Parquet files: ",
        "Rehearse the clean room: uv run python -m dcr_data_generator.clean_room rehearse",
    ):
        assert any(line.startswith(words) for line in lines), words
    assert len(lines) <= 28  # two of them of the bytes that a run on Google Cloud reads
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
        + [f"PATCH datasets/{name} ['labels']" for name in DATASETS]
    )


def test_a_run_deletes_nothing(guarded: dict) -> None:
    requests = guarded["first"] + guarded["second"]
    assert not [request for request in requests if request.method == "DELETE"]
    assert not [request for request in requests if re.search(r"\b(DROP|DELETE|TRUNCATE|ALTER|MERGE)\b", request.sql)]


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
    # 1 GiB until a dry run has told how large the source is, which is 0 bytes on an emulator; then 100 MiB.
    limits = [job["query"]["maximumBytesBilled"] for job in jobs]
    assert set(limits) == {str(2**30), str(100 * 2**20)}
    assert limits[-25:] == [str(100 * 2**20)] * 25
    assert len({tuple(job.get("labels").items()) for job in jobs}) == 2, "one label per run"
    assert {job["labels"]["application"] for job in jobs} == {"dcr-data-generator"}


def test_every_query_is_a_job_and_none_goes_another_way(guarded: dict) -> None:
    assert not [request for request in guarded["first"] + guarded["second"] if request.resource == "queries"]


def test_every_load_carries_the_label(guarded: dict) -> None:
    jobs = [request.inserts for request in guarded["first"] + guarded["second"] if "load" in request.inserts]
    assert len(jobs) == 3 + 2 + 2
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


# The checks.


@pytest.fixture
def run(connect: Callable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable:
    """Run the program on a small source, in a project of these tests: `run("--quiet")`. All checks are green there.

    The runs of `guarded` ask them in truth, which takes more time than all else.
    """
    place = connect("main-tests")
    orders = [{"order_id": n, "user_id": n, "status": "Complete", "created_at": NOON} for n in range(20)]
    items = [{"id": n, "order_id": n, "sale_price": 9.5} for n in range(20)]
    users = [{"id": n, "email": f"{n}@shop.example", "age": 30, "city": "Rome", "created_at": NOON} for n in range(20)]
    tables.fill_source(place.client, orders=orders, order_items=items, users=users)
    monkeypatch.setattr(warehouse, "connect", lambda *_: nullcontext(place))
    monkeypatch.setattr(checks, "run", lambda *_: all_green())

    def run_main(*arguments: str) -> tuple[int, str, str]:
        status = main.main(list(arguments))
        return status, *capsys.readouterr()

    return run_main


def test_a_red_check_ends_the_run_with_status_1_after_all_else_is_printed(
    run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "run", lambda *_: green_and_red())
    status, out, _ = run()
    lines = out.splitlines()
    red = lines.index("  ✗ Nothing is lost. 1,234 violating rows, by dcr_data_generator/sql/checks/b_fails.sql")
    assert lines[red - 1].startswith("✗ Check the result: 1 of 2 checks is red (")
    assert status == 1
    assert "All is well." not in out
    assert "checks passed" not in out
    assert lines[red + 1].startswith("      email x@example.com, city </script><script>")
    assert any("Five tables" in line for line in lines[red:])
    assert lines[-1] == "✗ 1 of 2 checks is red: do not show these tables to anyone."


def test_another_run_in_between_is_said_in_one_line_with_status_1(
    run: Callable, connect: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = connect("main-tests").client  # whose runs have another id

    def run_beside_another(module: ModuleType, name: str, *flags: str) -> tuple[int, list[bigquery.Dataset]]:
        """Let the other one begin before a function is called; returns the steps made, and what it has marked."""
        function, marked = getattr(module, name), []

        def begin_another_run(*arguments: object) -> object:
            marked.extend(source.create_datasets(other, make_settings()))
            return function(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(module, name, begin_another_run)
            status, out, err = run("--export", str(tmp_path), *flags)
        assert "another run has written to merchant_provider and ewallet_provider at" in emulator.only_line(err)
        assert status == 1
        return out.count("✓ "), marked

    steps, marked = run_beside_another(ewallet, "create")
    assert steps == 3
    with pytest.raises(AnotherRunError):  # this run may have written after the other one began, which is to know it
        source.check_alone(other, marked)
    for module, expected in ((checks, 4), (export, 6)):
        steps, marked = run_beside_another(module, "run", "--keep-snapshot")
        assert steps == expected
        source.check_alone(other, marked)


def test_another_partnership_has_datasets_of_its_own_and_its_snapshot_can_be_kept(
    run: Callable, connect: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect("main-tests").client
    monkeypatch.setattr(checks, "run", ASK_CHECKS)
    monkeypatch.setattr(sql, "read_folder", read_few)
    tables.make_five_tables(connect("main-tests"), make_settings())
    first = emulator.contents(client)
    here = [f"{dataset}_b.{name}" for dataset, name in (table.split(".") for table in TABLES)]

    def column(table: str, name: str) -> list:
        return [row[0] for row in client.query_and_wait(f"SELECT {name} FROM {table} ORDER BY 1")]

    status, out, err = run("--suffix", "_b", "--match-rate", "1", "--export", str(tmp_path))
    assert (status, err) == (0, "")
    assert "merchant_provider_b  orders 20 " in out
    assert "clean_room rehearse --suffix _b" in out
    assert sorted(path.parent.name for path in tmp_path.rglob("*.parquet")) == sorted(t.split(".")[0] for t in here)
    assert emulator.contents(client) == first
    second = emulator.contents(client, here)
    # Another shop moves in; the snapshot is kept, and does not equal it.
    tables.fill_source(client, orders=[{"order_id": 99, "user_id": 99, "created_at": NOON}])
    status, out, err = run("--suffix", "_b", "--match-rate", "0.25", "--keep-snapshot", "--wallet-only-rate", "0")
    assert (status, err) == (0, "")
    assert "Step 1" not in out
    assert "✓ Check the result: 5 checks passed (" in out
    third = emulator.contents(client, here)
    assert [third[name] == second[name] for name in here] == [True, True, True, False, False]
    assert len(column("ewallet_provider_b.provider_users", "email")) == 5
    assert emulator.contents(client) == first


def test_a_run_with_noise_says_how_to_compare_and_one_without_leaves_no_truth(
    run: Callable, connect: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other checks are asked elsewhere, which takes more time than all else.
    monkeypatch.setattr(checks, "run", lambda *asked: ASK_CHECKS(*asked) if len(asked) == 3 else all_green())
    status, out, err = run("--identity-noise", "0.5", "--match-rate", "1")
    assert (status, err) == (0, "")
    assert "✓ Check the result, with true emails: 35 checks passed (" in out
    assert "✓ Check the emails: 6 checks passed (" in out
    assert "50.00% of the wallet holders wrote their email otherwise." in out
    assert "Compare how companies normalize emails: uv run python -m dcr_data_generator.identity\n" in out
    client = connect("main-tests").client

    def identity_tables() -> int:
        return sum("identity" in each.table_id for dataset in DATASETS for each in client.list_tables(dataset))

    assert identity_tables() == 3
    assert run("--keep-snapshot", "--skip-checks")[0] == 0
    assert identity_tables() == 0


def test_a_green_run_fits_on_a_terminal_and_breaks_no_word(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = 80
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))  # Rich asks the terminal of the process, which is another one
    with screen(columns) as lines:
        run("--match-rate", "1")
    assert lines[0].startswith("✓ Connect: the embedded BigQuery (")
    assert max(map(len, lines)) <= columns
    assert len(lines) <= 30
    answers = lines.index("") + 1
    assert lines[answers].startswith("1. This provider processed 16 of 20 orders, worth $152.00: 80.00% of the sales.")
    words = " ".join(" ".join(lines).split())
    assert words.endswith("Rehearse the clean room: uv run python -m dcr_data_generator.clean_room rehearse")
    for line, after in itertools.pairwise(lines):
        if after.startswith("   "):  # it goes on: the next word did not fit
            assert len(line) + 1 + len(after.split()[0]) > columns


def test_verbose_prints_every_check_and_the_rows_behind_an_answer_and_open_opens_the_report(
    run: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.delenv("DCR_NO_REPORT")
    path = tmp_path / "report.html"
    status, out, _ = run("--verbose", "--open", "--report", str(path))
    assert status == 0
    assert out.count("\n  ✓ ") == len(sql.read_folder("checks"))
    assert "Which sales did this provider process? The merchant asks. Join key: order_id." in out
    assert "│ account_tier" in out or "┃ account_tier" in out
    assert opened == [path.as_uri()]
    assert run("--quiet", "--open", "--no-report", "--keep-snapshot") == (0, "", "")
    assert len(opened) == 1


def test_an_error_in_a_step_names_it_and_what_was_replaced(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ewallet, "create", lambda *_: (_ for _ in ()).throw(TimeoutError()))
    status, _, err = run()
    assert status == 2
    assert emulator.only_line(err) == (
        "error in the step 'Step 2: create the e-wallet provider': BigQuery did not answer in time: run again, or give "
        "a longer --timeout (replaced: merchant_provider.orders, merchant_provider.order_items, "
        "merchant_provider.users; not replaced: ewallet_provider.provider_users, ewallet_provider.transactions)"
    )
    assert run("--quiet") == (2, "", err)


# How it ends.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_while_it_is_imported_says_so(number: int) -> None:
    # The first import after the signals are listened to.
    code = f"""
import builtins, signal
from dcr_data_generator import main
imported = builtins.__import__
def stop(name, *rest):
    if name == "dcr_data_generator.terminal":
        builtins.__import__ = imported
        signal.raise_signal({int(number)})
    return imported(name, *rest)
builtins.__import__ = stop
raise SystemExit(main.main([]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 128 + number
    assert "nothing was replaced" in emulator.only_line(done.stderr)


# Strings from the source are data.

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
NOON = "2025-09-23 12:00:00 UTC"


def test_hostile_strings_arrive_as_they_are_and_print_harmlessly(
    connect: Callable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    texts = dict(enumerate(HOSTILE, start=1))
    emails = {number: f"{text}{number}@shop.example" for number, text in texts.items()}
    place = connect("hostile-tests")
    client = place.client
    tables.fill_source(
        client,
        orders=[{"order_id": n, "user_id": n, "status": text, "created_at": NOON} for n, text in texts.items()],
        order_items=[{"id": n, "order_id": n, "sale_price": 9.5, "status": text} for n, text in texts.items()],
        users=[
            {"id": n, "email": emails[n], "city": text, "country": text, "first_name": text, "age": 30}
            for n, text in texts.items()
        ],
    )
    monkeypatch.setattr(warehouse, "connect", lambda *_: nullcontext(place))
    monkeypatch.setattr(sql, "read_folder", read_few)
    # With this seed, the text with markup is among the ten rows that are printed.
    status = main.main(["--match-rate", "1", "--wallet-payment-rate", "1", "--verbose", "--seed", "2"])
    out, err = capsys.readouterr()
    assert err == ""
    assert is_harmless(out)
    assert max(map(len, out.splitlines())) < 1_000
    assert "[red]hot[/red] [/] [bold" in out

    def column(query: str) -> list[str]:
        return [row[0] for row in client.query_and_wait(query)]

    everything = sorted(HOSTILE)
    assert sorted(column("SELECT status FROM merchant_provider.orders")) == everything
    assert sorted(column("SELECT status FROM merchant_provider.order_items")) == everything
    assert sorted(column("SELECT city FROM merchant_provider.users")) == everything
    assert sorted(column("SELECT first_name FROM merchant_provider.users")) == everything
    assert sorted(column("SELECT email FROM merchant_provider.users")) == sorted(emails.values())
    holders = column("SELECT email FROM ewallet_provider.provider_users WHERE email LIKE '%@shop.example'")
    assert sorted(holders) == sorted(emails.values())
    assert set(column("SELECT city FROM ewallet_provider.provider_users")) <= {*HOSTILE, None}
    assert sorted(column("SELECT status FROM ewallet_provider.transactions")) == everything
    # A holder's email and city are those of the merchant's record, whatever is in them.
    assert "✗" not in out, [line for line in out.splitlines() if "✗" in line]
    assert status == 0
