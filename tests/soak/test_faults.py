"""Networks, jobs, warehouses and machines that fail: a run works, or ends in one line, and harms nothing."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.cloud import bigquery

from dcr_data_generator import main
from tests.soak.conftest import PROJECT
from tests.support import emulator, proxy
from tests.support.emulator import TABLES
from tests.support.exports import USERS_HEADER, user, write
from tests.support.proxy import FailingJobs, Fault, Proxy, Request

pytestmark = pytest.mark.soak

MESSAGES = {
    "quotaExceeded": "Quota exceeded: Your project exceeded quota for free query bytes scanned",
    "accessDenied": "Access Denied: Project fault-tests: User does not have bigquery.jobs.create permission",
    "notFound": "Not found: Dataset fault-tests:merchant_provider was not found in location US",
    "billingNotEnabled": "Billing has not been enabled for this project",
}
# What a person can do about it. An emulator has no roles, quotas and bills: test_errors.py has those of Google Cloud.
REMEDIES = dict.fromkeys(MESSAGES, "; run again (") | {"notFound": "; check --write-project-id and --location ("}


CHECKS = {path.read_text(encoding="utf-8") for path in (emulator.ROOT / "dcr_data_generator/sql/checks").glob("*.sql")}


def makes(table: str) -> Callable[[Request], bool]:
    """Whether a request inserts the job that replaces a table."""
    dataset, name = table.split(".")

    def is_it(request: Request) -> bool:
        if load := request.inserts.get("load"):
            return load["destinationTable"]["datasetId"] == dataset and load["destinationTable"]["tableId"] == name
        return re.search(rf"CREATE OR REPLACE TABLE {dataset}\.{name}\b", request.sql) is not None

    return is_it


def is_check(request: Request) -> bool:
    """Whether a request inserts the query of a check."""
    return request.sql in CHECKS


@pytest.fixture
def run(
    impatient: None, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """Run the program in this process through a proxy: `run("--days", "2", fault=...)`."""
    for name in list(os.environ):
        if name.startswith(emulator.OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DCR_NO_REPORT", "true")

    def run(*flags: str, **options: object) -> tuple[int, str, str]:
        with Proxy(url, **options) as between:
            monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", between.url)
            status = main.main(["--write-project-id", PROJECT, *flags])
            run.requests = between.requests
        return status, *capsys.readouterr()

    return run


@contextmanager
def started(url: str, *flags: str, **variables: str) -> Iterator[subprocess.Popen]:
    """Start the program as a person does, and see that it is gone afterwards."""
    process = emulator.start_program(
        "--write-project-id", PROJECT, *flags, **{"BIGQUERY_EMULATOR_HOST": url} | variables
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


# The network.


@pytest.mark.parametrize("seed", [1])
def test_a_run_on_a_bad_network_is_as_good_as_any(
    seed: int, run: Callable, clean: dict, client: bigquery.Client
) -> None:
    status, out, err = run(fault=proxy.at_random(seed))
    assert (status, err) == (0, "")
    assert sum(request.fault is not None for request in run.requests) > 10
    assert "✗" not in out
    assert emulator.contents(client) == clean


@pytest.mark.parametrize("shift", [0, 4, 7])
def test_a_fault_of_every_kind_of_request_does_no_harm(
    shift: int, run: Callable, clean: dict, client: bigquery.Client
) -> None:
    status, _, err = run("--skip-checks", fault=proxy.once_each(proxy.KINDS[shift:] + proxy.KINDS[:shift]))
    assert (status, err) == (0, "")
    hit = {(request.method, request.resource.partition("/")[0]) for request in run.requests if request.fault}
    assert hit >= {("POST", "jobs"), ("PUT", "jobs"), ("GET", "queries"), ("GET", "datasets"), ("PATCH", "datasets")}
    assert emulator.contents(client) == clean


def test_the_source_is_filled_on_a_bad_network_too(run: Callable, clean: dict, client: bigquery.Client) -> None:
    client.delete_dataset("bigquery-public-data.thelook_ecommerce", delete_contents=True)
    status, _, err = run("--skip-checks", fault=proxy.at_random(3))
    assert (status, err) == (0, "")
    assert emulator.contents(client) == clean


def test_the_export_on_a_bad_network_is_whole(run: Callable, clean: dict, tmp_path: Path) -> None:
    status, _, err = run("--skip-checks", "--export", str(tmp_path), fault=proxy.at_random(4))
    assert (status, err) == (0, "")
    from pyarrow import parquet

    written = {
        table: parquet.read_metadata(tmp_path / f"{table.replace('.', '/')}.parquet").num_rows for table in TABLES
    }
    assert written == {table: rows for table, (rows, _) in clean.items()}


# Jobs.


@pytest.mark.parametrize("reason", ["backendError", "rateLimitExceeded", "internalError"])
def test_jobs_that_fail_in_passing_are_run_again(
    reason: str, run: Callable, clean: dict, client: bigquery.Client
) -> None:
    message = "The job encountered an error during execution."
    reads = FailingJobs(
        lambda request: request.sql.startswith("--") and "CREATE" not in request.sql, reason, message, 1
    )
    failing = [reads, *(FailingJobs(makes(table), reason, message, times=1) for table in TABLES)]
    status, _, err = run("--skip-checks", failing_jobs=failing)
    assert (status, err) == (0, "")
    assert [len(jobs.failed) for jobs in failing] == [1] * 6
    assert emulator.contents(client) == clean


@pytest.mark.parametrize("reason", MESSAGES)
@pytest.mark.parametrize("table", ["merchant_provider.orders", "ewallet_provider.provider_users"])
def test_a_job_that_is_refused_ends_in_bigquery_s_reason_and_what_to_do(
    table: str, reason: str, run: Callable, clean: dict, client: bigquery.Client
) -> None:
    status, _, err = run("--seed", "7", failing_jobs=[FailingJobs(makes(table), reason, MESSAGES[reason])])
    line = emulator.only_line(err)
    assert status == 2
    assert reason in line
    assert MESSAGES[reason] in line
    assert line.partition(MESSAGES[reason])[2].startswith(REMEDIES[reason])
    assert emulator.contents(client, [table]) == {table: clean[table]}


@pytest.mark.parametrize("reason", MESSAGES)
@pytest.mark.parametrize(
    "is_hit",
    [
        pytest.param(lambda request: bool(request.sql), id="the first query"),
        pytest.param(lambda request: request.resource.startswith("datasets"), id="the first look at a dataset"),
        pytest.param(lambda request: request.is_upload, id="an upload"),
    ],
)
def test_a_request_that_is_refused_ends_in_bigquery_s_reason_and_what_to_do(
    is_hit: Callable, reason: str, run: Callable, clean: dict
) -> None:
    refusal = proxy.answer(proxy.error(proxy.STATUSES[reason], reason, MESSAGES[reason]))
    if reason == "notFound" and "dataset" in str(getattr(is_hit, "__code__", "")):
        pytest.skip("a source that is not there is filled")
    status, _, err = run("--skip-checks", fault=lambda request: refusal if is_hit(request) else None)
    line = emulator.only_line(err)
    assert status == 2
    assert reason in line
    assert MESSAGES[reason] in line
    assert line.partition(MESSAGES[reason])[2].startswith(REMEDIES[reason])


def test_nobody_at_the_emulator_s_address_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    [port] = emulator.free_ports(1)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"127.0.0.1:{port}")
    assert main.main(["--write-project-id", PROJECT]) == 2
    line = emulator.only_line(capsys.readouterr().err)
    assert f"127.0.0.1:{port}" in line
    assert "BIGQUERY_EMULATOR_HOST" in line


# A warehouse that stops answering, or answers with failures alone.

TIMEOUT = "--timeout"


@pytest.mark.parametrize(
    ("begins", "fault", "step", "cause"),
    [
        (lambda request: request.resource.startswith("datasets/merchant"), proxy.STALL, "Look at the source", TIMEOUT),
        (makes("merchant_provider.users"), proxy.STALL, "Step 1: copy the merchant's snapshot", TIMEOUT),
        (lambda request: request.method == "PUT", proxy.STALL, "Step 2: create the e-wallet provider", TIMEOUT),
        (is_check, proxy.answer(proxy.bare_error(503)), "Check the result", "BigQuery reports UNAVAILABLE"),
        (is_check, Fault("close"), "Check the result", "there is no connection to BigQuery"),
    ],
    ids=["a look", "a query", "an upload", "nothing but 503", "nothing but dropped connections"],
)
def test_a_warehouse_that_stops_answering_is_given_up_in_time_with_the_step(
    begins: Callable, fault: Fault, step: str, cause: str, url: str, clean: dict
) -> None:
    with (
        Proxy(url, fault=proxy.from_then_on(begins, fault)) as between,
        started(between.url, "--timeout", "3") as program,
    ):
        status, _, err = emulator.end_of(program, 60)
        first = next(request for request in between.requests if request.fault)
        took = time.monotonic() - first.start
    assert status == 2
    line = emulator.only_line(err)
    assert step in line
    assert cause in line
    # Three seconds in the step, and two for the end of the process on a busy machine.
    assert took < 3 + 2


def test_a_job_that_never_ends_is_given_up_in_time_with_the_step(url: str, clean: dict) -> None:
    def never_ends(request: Request, response: proxy.Response) -> proxy.Response:
        is_job = request.resource.startswith("jobs") and response.status == 200 and b'"status"' in response.body
        return response._replace(body=response.body.replace(b'"DONE"', b'"RUNNING"')) if is_job else response

    def polls_slowly(request: Request) -> Fault | None:
        running = {"kind": "bigquery#getQueryResultsResponse", "jobComplete": False}
        running["jobReference"] = {"projectId": PROJECT, "jobId": request.resource.partition("/")[2]}
        return proxy.answer(proxy.Response.of(running)) if request.resource.startswith("queries/") else None

    with (
        Proxy(url, latency=0.05, rewrite=never_ends, fault=polls_slowly) as between,
        started(between.url, "--timeout", "1") as program,
    ):
        status, _, err = emulator.end_of(program, 60)
    assert status == 2
    assert "Look at the source" in emulator.only_line(err)


# Killed.


@pytest.mark.parametrize("moment", [17])
def test_a_run_after_one_that_was_killed_is_as_good_as_any(
    moment: int, run: Callable, url: str, clean: dict, client: bigquery.Client
) -> None:
    with Proxy(url) as between, started(between.url, "--seed", "7") as program:
        between.wait_for(lambda requests: len(requests) >= moment)
        program.kill()
        assert emulator.end_of(program)[0] == -signal.SIGKILL
    status, _, err = run("--skip-checks")
    assert (status, err) == (0, "")
    assert emulator.contents(client) == clean


# Stopped.


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_says_what_it_replaced_and_leaves_nothing_behind(
    number: int, status: int, url: str, clean: dict, client: bigquery.Client, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    is_upload = proxy.from_then_on(lambda request: request.method == "PUT", proxy.STALL)
    with (
        Proxy(url, fault=is_upload) as between,
        started(between.url, "--seed", "7", TMPDIR=str(temporary)) as program,
    ):
        between.wait_for(lambda requests: any(request.fault for request in requests))
        program.send_signal(number)
        ended, _, err = emulator.end_of(program, timeout=5)
        assert ended == status
        assert not emulator.processes_of_group(program.pid)
    assert not [*temporary.rglob("*")]
    line = emulator.only_line(err)
    parts = dict(re.findall(r"((?:perhaps |not )?replaced): ([^;)]*)", line))
    assert {name: sorted(tables.split(", ")) for name, tables in parts.items()} == {
        "replaced": sorted(TABLES[:3]),
        "perhaps replaced": sorted(TABLES[3:]),
    }, line


def test_a_run_that_is_stopped_early_says_that_nothing_was_replaced(
    url: str, clean: dict, client: bigquery.Client
) -> None:
    before = emulator.contents(client)
    stalls = proxy.from_then_on(lambda request: bool(request.sql), proxy.STALL)
    with Proxy(url, fault=stalls) as between, started(between.url) as program:
        between.wait_for(lambda requests: any(request.fault for request in requests))
        program.send_signal(signal.SIGINT)
        status, _, err = emulator.end_of(program, timeout=5)
    assert status == 130
    assert "(nothing was replaced)" in emulator.only_line(err)
    assert emulator.contents(client) == before


def test_a_run_whose_output_nobody_reads_any_more_stops_too(url: str, clean: dict) -> None:
    with Proxy(url, fault=proxy.from_then_on(is_check, proxy.STALL)) as between, started(between.url) as program:
        between.wait_for(lambda requests: any(request.fault for request in requests))
        program.stdout.close()
        program.stderr.close()
        program.send_signal(signal.SIGTERM)
        assert program.wait(5) != 0
        assert not emulator.processes_of_group(program.pid)


# A full disk.


@pytest.fixture
def small_disk(mount: Callable[[str], Path]) -> Path:
    """A disk of 1 MiB."""
    return mount("1m")


def fill_up(disk: Path) -> None:
    """Leave no room on a disk."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(b"0" * 4096):
                pass
        except OSError:
            return


def files(folder: Path) -> dict[Path, bytes]:
    """The files in a folder and what they hold."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_export_to_a_full_disk_ends_in_one_line_and_keeps_the_earlier_one(
    run: Callable, clean: dict, small_disk: Path
) -> None:
    folder = small_disk / "exported"
    status, _, err = run("--skip-checks", "--export", str(folder))
    assert (status, err) == (0, "")
    before = files(folder)
    assert len(before) == len(TABLES)
    fill_up(small_disk)
    status, _, err = run("--skip-checks", "--seed", "7", "--export", str(folder))
    assert status == 2
    line = emulator.only_line(err)
    assert "No space left on device" in line
    assert "--export" in line
    assert files(folder) == before


def test_a_data_directory_on_a_full_disk_ends_in_one_line(small_disk: Path, capsys: pytest.CaptureFixture) -> None:
    (small_disk / "mine").write_text("mine", encoding="utf-8")
    fill_up(small_disk)
    before = files(small_disk)
    assert main.main(["--embedded-dir", str(small_disk / "data"), "--skip-checks"]) == 2
    line = emulator.only_line(capsys.readouterr().err)
    assert str(small_disk / "data") in line
    assert "--embedded-dir" in line
    after = files(small_disk)
    assert {path: after[path] for path in before} == before


# An output that nobody reads.


@pytest.mark.parametrize(
    ("redirection", "status", "lines"), [(">&-", 0, 0), ("2>&-", 0, 0), ("> /dev/full", 2, 1), (">&- 2>&-", 0, 0)]
)
def test_an_output_that_is_closed_or_full_is_no_reason_for_a_traceback(
    redirection: str, status: int, lines: int, filled: Path, tmp_path: Path
) -> None:
    shutil.copytree(filled, tmp_path / "data")
    command = f"{sys.executable} -m dcr_data_generator.main --skip-checks --embedded-dir {tmp_path}/data {redirection}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=emulator.ROOT,
        env=emulator.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == lines


# A machine whose texts are not UTF-8.


ASCII_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def test_text_files_are_in_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    report, salt, query = (tmp_path / name for name in ("report.html", "salt.txt", "query.sql"))
    salt.write_text("sälzchen-geheim-1234567", encoding="utf-8")
    salt.chmod(0o600)
    query.write_text("SELECT 7 AS seven -- é", encoding="utf-8")
    flags = ["--embedded-dir", str(tmp_path / "data")]
    export = ["--source", str(write(tmp_path, users=[USERS_HEADER, user(city="北京")])), "--days", "2"]
    environment = ASCII_LOCALE | {"DCR_TARGET_DATE": "2025-09-13", "PYTHONWARNDEFAULTENCODING": "1"}
    more = {"DCR_NO_REPORT": "false", "DCR_REPORT": str(report)}
    status, _, err = emulator.run_program(*flags, *export, "--match-rate", "1", **environment, **more)
    assert (status, re.findall(r"dcr_data_generator/[\w/]+\.py.*EncodingWarning", err)) == (0, [])
    assert "✓" in report.read_text(encoding="utf-8")
    flags += ["--salt-file", str(salt)]
    rehearsal = subprocess.run(
        [sys.executable, "-m", "dcr_data_generator", "ask", str(query), *flags],
        env=emulator.environment(**environment),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert rehearsal.returncode == 0
    assert b"seven" in rehearsal.stdout


def test_a_data_directory_whose_name_is_not_in_the_locales_encoding_is_refused(tmp_path: Path) -> None:
    status, _, err = emulator.run_program("--embedded-dir", str(tmp_path / "ä"), **ASCII_LOCALE)
    assert status == 2
    assert "give another --embedded-dir" in emulator.only_line(err)
