"""What a run must never do: touch what is not its own, cost more than it may, listen to others, trust what it reads."""

import os
import re
import shutil
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from google.cloud import bigquery
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcr_data_generator import main, terminal, warehouse, whole_file
from dcr_data_generator.embedded import engine
from tests.support import emulator
from tests.support.emulator import ROOT, TABLES
from tests.support.proxy import Proxy, Request, Response

PROJECT = "guarded"
DATASETS = ["merchant_provider", "ewallet_provider"]
LABEL = {"application": "dcr-data-generator"}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a person who has set none of the program's variables."""
    for name in list(os.environ):
        if name.startswith(emulator.OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DCR_NO_REPORT", "true")


def only_line(err: str) -> str:
    """The one line of standard error."""
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1, err
    return err.strip()


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
        found[dataset.dataset_id] = dataset.to_api_repr()
        found[f"{dataset.dataset_id}: routines"] = sorted(map(str, client.list_routines(dataset)))
        for table in client.list_tables(dataset):
            name = f"{table.dataset_id}.{table.table_id}"
            if name not in TABLES:
                found[name] = client.get_table(table.reference).to_api_repr()
                found[f"{name}: rows"] = sorted(client.query_and_wait(f"SELECT * FROM {name}"), key=repr)
    return found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A run in a project full of other things: what was there before and after, and the requests it made."""
    folder = tmp_path_factory.mktemp("guarded")
    with engine.running(folder / "data") as (url, _):
        client = emulator.connect(url, PROJECT)
        fill_with_other_things(client)
        with Proxy(url) as proxy:
            environment = {"BIGQUERY_EMULATOR_HOST": proxy.url}
            before = other_things(client)
            # The first of the runs fills the source, too; the second replaces the tables of the first.
            first = emulator.run_here("--write-project-id", PROJECT, "--skip-checks", **environment)
            filling = list(proxy.requests)
            second = emulator.run_here(
                "--write-project-id", PROJECT, "--export", str(folder / "exported"), **environment
            )
            found = {"before": before, "after": other_things(client), "runs": [first, second], "client": client}
            yield found | {"first": filling, "second": proxy.requests[len(filling) :], "url": url}


def test_the_runs_that_are_looked_at_are_good_ones(guarded: dict) -> None:
    assert [(status, err) for status, _, err in guarded["runs"]] == [(0, ""), (0, "")]


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


def test_a_run_writes_five_tables_and_the_descriptions_of_two_of_them(guarded: dict) -> None:
    assert sorted(written(guarded["second"])) == sorted(
        [f"{PROJECT}.{table}" for table in TABLES]
        + [
            f"PATCH datasets/ewallet_provider/tables/{name} ['description']"
            for name in ("provider_users", "transactions")
        ]
    )


def test_a_run_deletes_nothing(guarded: dict) -> None:
    requests = guarded["first"] + guarded["second"]
    assert not [request for request in requests if request.method == "DELETE"]
    assert not [request for request in requests if re.search(r"\b(DROP|DELETE|TRUNCATE|ALTER|MERGE)\b", request.sql)]


def test_a_run_has_no_table_but_the_five_in_a_project_that_was_empty(guarded: dict) -> None:
    client = emulator.connect(guarded["url"], "was-empty")
    flags = ("--write-project-id", client.project, "--skip-checks")
    assert emulator.run_here(*flags, BIGQUERY_EMULATOR_HOST=guarded["url"])[0] == 0
    tables = [f"{dataset.dataset_id}.{table.table_id}" for dataset in client.list_datasets()
              for table in client.list_tables(dataset.reference)]  # fmt: skip
    assert sorted(tables) == sorted(TABLES)


# What it may cost.


def test_every_query_carries_the_limit_of_bytes_and_the_label(guarded: dict) -> None:
    jobs = [request.inserts for request in guarded["first"] + guarded["second"] if request.sql]
    assert len(jobs) > 40
    assert [job["query"].get("maximumBytesBilled") for job in jobs] == [str(2**30)] * len(jobs)
    assert [job.get("labels") for job in jobs] == [LABEL] * len(jobs)


def test_every_query_is_a_job_and_none_goes_another_way(guarded: dict) -> None:
    assert not [request for request in guarded["first"] + guarded["second"] if request.resource == "queries"]


def test_every_load_carries_the_label(guarded: dict) -> None:
    jobs = [request.inserts for request in guarded["first"] + guarded["second"] if "load" in request.inserts]
    assert len(jobs) == 3 + 2 + 2
    assert [job.get("labels") for job in jobs] == [LABEL] * len(jobs)


def test_the_end_of_a_run_on_google_cloud_says_how_many_bytes_were_billed(
    guarded: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    def bill(request: Request, response: Response) -> Response:
        """Have every query cost 10 MiB, BigQuery's least, wherever BigQuery says so."""
        if request.resource.startswith("jobs") and b'"query": {' in response.body.replace(b'":{', b'": {'):
            body = re.sub(rb'"totalBytesProcessed": ?"\d+"', b'"totalBytesBilled":"10485760"', response.body)
            return response._replace(body=body)
        return response

    def connect(settings: object) -> warehouse.Warehouse:
        found = warehouse.connect_to_emulator(settings, proxy.url)
        found.is_billed = True
        return found

    with Proxy(guarded["url"], rewrite=bill) as proxy:
        monkeypatch.setattr(warehouse, "connect_to_google_cloud", connect)
        # The report asks questions, too.
        monkeypatch.delenv("DCR_NO_REPORT")
        monkeypatch.chdir(tmp_path)
        assert main.main(["--write-project-id", PROJECT, "--skip-checks"]) == 0
        queries = sum(bool(request.sql) for request in proxy.requests)
    [line] = [line for line in capsys.readouterr().out.splitlines() if "billed" in line]
    assert f"{10 * queries:,} MiB" in line


# What it refuses.


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_elsewhere_is_refused_with_both_locations_and_the_flag(
    dataset: str, guarded: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    client = emulator.connect(guarded["url"], f"elsewhere-{dataset.partition('_')[0]}")
    elsewhere = bigquery.Dataset(f"{client.project}.{dataset}")
    elsewhere.location = "EU"
    client.create_dataset(elsewhere)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", guarded["url"])
    assert main.main(["--write-project-id", client.project]) == 2
    line = only_line(capsys.readouterr().err)
    assert re.search(r"\bEU\b.*\bUS\b|\bUS\b.*\bEU\b", line)
    assert f"{client.project}.{dataset}" in line
    assert "--location" in line
    assert not [*client.list_tables(dataset)]


def test_a_location_that_is_not_the_source_s_is_refused_before_any_write(
    guarded: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with Proxy(guarded["url"]) as proxy:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", proxy.url)
        assert main.main(["--write-project-id", "in-europe", "--location", "EU"]) == 2
        assert not written(proxy.requests)
    line = only_line(capsys.readouterr().err)
    assert "--location EU" in line
    assert "US" in line.replace("--location EU", "")


def test_a_window_without_orders_is_refused_before_any_write(
    guarded: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with Proxy(guarded["url"]) as proxy:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", proxy.url)
        assert main.main(["--write-project-id", PROJECT, "--target-date", "2001-01-01"]) == 2
        assert not written(proxy.requests)
    assert "--target-date 2001-01-01" in only_line(capsys.readouterr().err)


def test_the_source_s_project_is_refused(capsys: pytest.CaptureFixture) -> None:
    assert main.main(["--write-project-id", "bigquery-public-data"]) == 2
    assert "--write-project-id 'bigquery-public-data' is not allowed" in only_line(capsys.readouterr().err)


# Who can talk to it.


def listening_addresses() -> set[str]:
    """The addresses on which this process listens, as /proc has them (backwards and in hexadecimal)."""
    inodes = set()
    for file in Path("/proc/self/fd").iterdir():
        try:
            inodes |= set(re.findall(r"socket:\[(\d+)\]", str(file.readlink())))
        except OSError:
            continue
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == "0A" and row[9] in inodes}


def test_the_embedded_server_listens_on_127_0_0_1_alone(endpoints: engine.Endpoints) -> None:
    addresses = listening_addresses()
    ports = {int(endpoint.rpartition(":")[2]) for endpoint in endpoints}
    assert ports <= {int(address.partition(":")[2], 16) for address in addresses}
    # 127.0.0.1, as IPv4 or mapped into IPv6.
    local = {"0100007F", "0000000000000000FFFF00000100007F"}
    assert {address.partition(":")[0] for address in addresses} <= local


# The data directory.


def test_a_data_directory_in_use_is_refused_and_neither_run_is_harmed(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with engine.running(directory) as endpoints:
        client = emulator.connect(endpoints.rest, "somebody")
        client.create_dataset("mine")
        client.query_and_wait("CREATE TABLE mine.seven AS SELECT 7 AS seven")
        # What an upload of the first run holds while it is on its way.
        (directory / "uploads").mkdir(exist_ok=True)
        (directory / "uploads" / "on_its_way.bin").write_bytes(b"half a table")
        status, out, err = emulator.run_program("--embedded-dir", str(directory))
        assert (status, out) == (2, "")
        line = only_line(err)
        assert str(directory) in line
        assert "in use" in line
        assert (directory / "uploads" / "on_its_way.bin").read_bytes() == b"half a table"
        assert [row.seven for row in client.query_and_wait("SELECT seven FROM mine.seven")] == [7]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that a run has filled; not to be changed."""
    directory = tmp_path_factory.mktemp("filled") / "data"
    status, _, err = emulator.run_here("--embedded-dir", str(directory), "--skip-checks")
    assert (status, err) == (0, "")
    return directory


def cut_off(share: float) -> Callable[[Path], None]:
    """Leave only the beginning of the data."""
    return lambda directory: os.truncate(data := directory / engine.DATA, int(data.stat().st_size * share))


def overwrite(start: int, length: int) -> Callable[[Path], None]:
    """Overwrite some of the data."""

    def change(directory: Path) -> None:
        with (directory / engine.DATA).open("r+b") as file:
            file.seek(start)
            file.write(b"\xa5" * length)

    return change


DAMAGES = {
    "no data at all": lambda directory: (directory / engine.DATA).write_bytes(b""),
    "a text": lambda directory: (directory / engine.DATA).write_text("This is no database.\n" * 1000),
    "zeros": lambda directory: (directory / engine.DATA).write_bytes(bytes(1 << 20)),
    "cut off at a hundredth": cut_off(0.01),
    "cut off in the middle": cut_off(0.5),
    "another beginning": overwrite(0, 8192),
    "another header": overwrite(4096, 4096),
    "another second header": overwrite(8192, 4096),
    "a hole in the middle": overwrite(4 << 20, 1 << 20),
    "nothing but its header": overwrite(3 * 4096, 16 << 20),
    "a folder in its place": lambda directory: ((directory / engine.DATA).unlink(), (directory / engine.DATA).mkdir()),
    "a log of nonsense": lambda directory: (directory / f"{engine.DATA}.wal").write_bytes(b"\xa5" * 10_000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_data_directory_works_or_is_named_to_be_removed(
    damage: str, filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    directory = tmp_path / "data"
    shutil.copytree(filled, directory)
    DAMAGES[damage](directory)
    status = main.main(["--embedded-dir", str(directory), "--skip-checks"])
    err = capsys.readouterr().err
    if status == 0:
        assert err == ""
        return
    assert status == 2
    line = only_line(err)
    assert str(directory) in line
    assert "remove" in line


def other_marker(content: bytes | None) -> Callable[[Path], None]:
    """Change the file that says which version made the directory."""

    def change(directory: Path) -> None:
        for marker in directory.glob(engine.MARKER):
            marker.unlink() if content is None else marker.write_bytes(content)

    return change


@pytest.mark.parametrize(
    "content",
    [None, b"", b"dcr_data_generator data 999, bqemulator 9.9.9, duckdb 9.9.9\n", b"\xff\xfe\x00nonsense", b"1\r\n2"],
)
def test_a_data_directory_of_another_version_is_named_to_be_removed_and_stays_as_it_is(
    content: bytes | None, filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    directory = tmp_path / "data"
    shutil.copytree(filled, directory)
    other_marker(content)(directory)
    before = (directory / engine.DATA).read_bytes()
    assert main.main(["--embedded-dir", str(directory)]) == 2
    line = only_line(capsys.readouterr().err)
    assert str(directory) in line
    assert "version" in line
    assert "remove" in line
    assert (directory / engine.DATA).read_bytes() == before


def test_a_person_s_own_file_among_the_uploads_stays(tmp_path: Path) -> None:
    mine = tmp_path / "data/uploads/holiday.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with engine.running(tmp_path / "data"):
        pass
    assert mine.read_text() == "mine"


def test_no_link_and_no_file_of_a_person_is_written_to_on_the_way_to_a_whole_file(tmp_path: Path) -> None:
    path, precious = tmp_path / "report.html", tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "report.unfinished").symlink_to(precious)
    (tmp_path / "report.html.unfinished").symlink_to(precious)
    with whole_file.written_whole(path) as file:
        file.write(b"whole")
    assert (path.read_text(), precious.read_text()) == ("whole", "precious")
    assert len([*tmp_path.iterdir()]) == 4


def test_a_device_is_not_replaced_by_a_report(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert main.main(["--report", str(tmp_path / "pipe")]) == 2
    assert "is not allowed: give a file" in only_line(capsys.readouterr().err)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("flag", ["--source", "--embedded-dir", "--export", "--report"])
def test_a_name_that_no_file_can_have_is_refused(flag: str, capsys: pytest.CaptureFixture) -> None:
    assert main.main([flag, "x" * 300]) == 2
    assert "is not allowed" in only_line(capsys.readouterr().err)


def test_a_proxy_of_the_person_s_network_is_no_way_to_the_embedded_bigquery(tmp_path: Path) -> None:
    [port] = emulator.free_ports(1)
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "https_proxy", "HTTPS_PROXY"), f"http://127.0.0.1:{port}")
    status, _, err = emulator.run_here("--embedded-dir", str(tmp_path / "data"), "--skip-checks", **proxies)
    assert (status, err) == (0, "")


@pytest.mark.parametrize("content", [None, "[]", "nonsense", '{"type": "impersonated_service_account"}'])
def test_credentials_that_are_none_end_in_one_line_that_names_the_variable(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.mkdir() if content is None else file.write_text(content)
    nowhere = {"NO_GCE_CHECK": "true", "HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path)}
    status, _, err = emulator.run_here(
        "--write-project-id", "some-project", GOOGLE_APPLICATION_CREDENTIALS=str(file), **nowhere
    )
    assert status == 2
    assert "GOOGLE_APPLICATION_CREDENTIALS" in only_line(err)


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
    assert "nothing was replaced" in only_line(done.stderr)


@pytest.mark.parametrize(
    ("redirection", "status", "lines"), [(">&-", 0, 0), ("2>&-", 0, 0), ("> /dev/full", 2, 1), (">&- 2>&-", 0, 0)]
)
def test_an_output_that_is_closed_or_full_is_no_reason_for_a_traceback(
    redirection: str, status: int, lines: int, filled: Path
) -> None:
    command = f"{sys.executable} -m dcr_data_generator.main --skip-checks --embedded-dir {filled} {redirection}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env=emulator.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == lines


def test_a_text_between_colons_is_no_emoji(capsys: pytest.CaptureFixture) -> None:
    terminal.Terminal().line(":house:")
    terminal.Terminal().problem(":house:")
    assert capsys.readouterr() == (":house:\n", "error: :house:\n")


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


@pytest.fixture
def here(endpoints: engine.Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs on the embedded BigQuery take place on the one of this worker, whose source stays as a test filled it."""
    monkeypatch.setattr(engine, "running", lambda _: nullcontext(endpoints))
    monkeypatch.setattr(warehouse.thelook, "fill", lambda *_, **__: None)


def is_harmless(text: str) -> bool:
    """Whether a text steers no terminal: no control character but line breaks, nothing that turns its direction."""
    return not [each for each in text if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp")]


@pytest.mark.usefixtures("here")
def test_hostile_strings_arrive_as_they_are_and_print_harmlessly(
    endpoints: engine.Endpoints, fill_source: Callable, capsys: pytest.CaptureFixture
) -> None:
    emails = {number: f"{text}{number}@shop.example" for number, text in enumerate(HOSTILE, start=1)}
    fill_source(
        orders=[
            {"order_id": number, "user_id": number, "status": text, "created_at": NOON, "num_of_item": 1}
            for number, text in enumerate(HOSTILE, start=1)
        ],
        order_items=[{"id": number, "order_id": number, "sale_price": 9.5, "status": text}
                     for number, text in enumerate(HOSTILE, start=1)],
        users=[
            {"id": number, "email": emails[number], "city": text, "country": text, "first_name": text, "age": 30,
             "created_at": NOON}
            for number, text in enumerate(HOSTILE, start=1)
        ],
    )  # fmt: skip
    status = main.main(["--match-rate", "1", "--wallet-payment-rate", "1"])
    out, err = capsys.readouterr()
    assert err == ""
    assert is_harmless(out)
    assert max(map(len, out.splitlines())) < 1_000
    assert "[red]hot[/red] [/] [bold" in out
    client = emulator.connect(endpoints.rest, engine.PROJECT)

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


@settings(deadline=None, max_examples=200)
@given(st.text() | st.text(st.sampled_from("[]/\\red\x1b\n\r\u202e\u2028x ")))
@example("[/]")
@example("\x1b[31m")
def test_whatever_a_string_holds_it_is_shown_harmlessly_and_on_one_line(text: str) -> None:
    shown = terminal.plain(text)
    assert is_harmless(shown)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= terminal.LONGEST_VALUE
