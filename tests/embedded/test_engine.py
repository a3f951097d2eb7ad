"""The embedded BigQuery: who can reach it, and what becomes of its data directory."""

import json
import os
import re
import shutil
import signal
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
from requests.adapters import HTTPAdapter

from dcr_data_generator import main
from dcr_data_generator.console import process
from dcr_data_generator.errors import UserError
from dcr_data_generator.warehouse.embedded import engine
from tests.support import emulator
from tests.support.damages import DAMAGES


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
        for line in Path(f"/proc/self/net/{table}").read_text(encoding="utf-8").splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == "0A" and row[9] in inodes}


def test_the_embedded_server_listens_on_127_0_0_1_alone(endpoints: engine.Endpoints) -> None:
    addresses = listening_addresses()
    ports = {int(endpoint.rpartition(":")[2]) for endpoint in endpoints}
    assert ports <= {int(address.partition(":")[2], 16) for address in addresses}
    # 127.0.0.1, as IPv4 or mapped into IPv6.
    local = {"0100007F", "0000000000000000FFFF00000100007F"}
    assert {address.partition(":")[0] for address in addresses} <= local


@pytest.mark.slow
def test_a_data_directory_in_use_is_refused_and_neither_run_is_harmed(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with engine.running(directory) as endpoints:
        client = emulator.connect(endpoints.rest, "somebody")
        client.create_dataset("mine")
        client.query_and_wait("CREATE TABLE mine.seven AS SELECT 7 AS seven")
        status, out, err = emulator.run_program("--embedded-dir", str(directory))
        assert (status, out) == (2, "")
        line = emulator.only_line(err)
        assert str(directory) in line
        assert "another command uses" in line
        assert [row.seven for row in client.query_and_wait("SELECT seven FROM mine.seven")] == [7]


@pytest.mark.parametrize("damage", ["a text", pytest.param("a log of nonsense", marks=pytest.mark.slow)])
@pytest.mark.slow
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
    line = emulator.only_line(err)
    assert str(directory) in line
    assert "remove" in line


@pytest.mark.parametrize("home", ["", "/nonexistent", "/proc"])
@pytest.mark.slow
def test_the_engine_needs_no_home_directory(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", home)
    with engine.running(tmp_path) as endpoints:
        client = emulator.connect(endpoints.rest, "somebody")
        assert [row.seven for row in client.query_and_wait("SELECT 7 AS seven")] == [7]


def start(directory: Path) -> None:
    """Start the embedded BigQuery on a directory, and stop it."""
    with engine.running(directory):
        pass


def test_data_that_cannot_be_opened_are_not_named_to_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / engine.DATA).symlink_to("/proc/nothing/can/be/created/here")
    monkeypatch.setattr(Path, "is_symlink", lambda _: False)
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    with pytest.raises(UserError, match=r"cannot be opened .*: give another --embedded-dir"):
        start(tmp_path)


@pytest.mark.parametrize("name", [engine.MARKER, engine.DATA])
def test_a_link_among_the_data_is_refused_and_leads_nowhere(name: str, tmp_path: Path) -> None:
    directory, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    directory.mkdir()
    (directory / name).symlink_to(elsewhere)
    with pytest.raises(UserError, match=f"{name} is a link"):
        start(directory)
    assert [path for path in tmp_path.rglob("*") if path.name not in (name, "data")] == []


def test_a_folder_that_may_not_be_written_is_named_before_anything_is_done() -> None:
    person = os.geteuid()
    with tempfile.TemporaryDirectory() as name:  # pytest's folders are closed to others
        directory = Path(name)
        engine.prepare(directory)
        (directory / engine.DATA).touch()
        directory.chmod(0o555)
        try:
            os.seteuid(person or 65534)  # root may write everywhere
            with pytest.raises(UserError, match=r"cannot be written \(.*\): give another --embedded-dir"):
                engine.prepare(directory)
        finally:
            os.seteuid(person)
            directory.chmod(0o755)


def test_variables_of_the_emulator_do_not_reach_the_embedded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOG_FORMAT": "zzz", "ADMIN_ENABLED": "1", "MAX_CONCURRENT_JOBS": "0"}.items():
        monkeypatch.setenv(f"BQEMU_{name}", value)
    with engine.running(tmp_path) as (url, _):
        assert url.startswith("http://127.0.0.1:")
        assert requests.get(f"{url}/admin/catalog", timeout=10).status_code == 404


def test_a_garbled_catalog_is_one_line_that_says_what_to_remove(tmp_path: Path) -> None:
    with engine.running(tmp_path) as (url, _):
        emulator.connect(url, "somebody").create_dataset("mine")
    with duckdb.connect(tmp_path / engine.DATA) as connection:
        connection.execute("UPDATE _bqemulator_catalog.datasets SET metadata_json = '{'")
    with pytest.raises(UserError, match=r"^the data in .* cannot be read \(.*\): remove the directory and run again$"):
        start(tmp_path)


@pytest.mark.parametrize(
    "error",
    [
        'Binder Error: Referenced column "a" not found in FROM clause!',
        "Catalog Error: Table with name orders does not exist!",
        "Invalid Input Error: Malformed JSON",
        'IO Error: Cannot open file "a.duckdb": Permission denied',
        "INTERNAL Error: Attempted to access index 1 within vector of size 1",
    ],
)
def test_an_error_that_may_have_another_cause_is_not_explained_by_damaged_data(error: str, tmp_path: Path) -> None:
    assert engine.explain(tmp_path, f"400 Query execution failed: {error}") is None


@pytest.mark.parametrize(
    "content",
    [None, b"", b"dcr_data_generator data 999, bqemulator 9.9.9, duckdb 9.9.9\n", b"\xff\xfe\x00nonsense", b"1\r\n2"],
)
def test_a_data_directory_of_another_version_is_named_to_be_removed_and_stays_as_it_is(
    content: bytes | None, filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    directory = tmp_path / "data"
    shutil.copytree(filled, directory)
    marker = directory / engine.MARKER
    marker.unlink() if content is None else marker.write_bytes(content)
    before = (directory / engine.DATA).read_bytes()
    assert main.main(["--embedded-dir", str(directory)]) == 2
    line = emulator.only_line(capsys.readouterr().err)
    assert str(directory) in line
    assert "version" in line
    assert "remove" in line
    assert (directory / engine.DATA).read_bytes() == before


@pytest.mark.slow
def test_a_disk_that_fills_during_a_run_ends_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401
        if "CREATE OR REPLACE TABLE" not in str(request.body):
            return send_on(adapter, request, **options)
        # What bqemulator 1.4 answers to every job once its disk is full.
        monkeypatch.setattr(engine, "FULL_DISK_BYTES", 1 << 62)
        error = {"domain": "global", "reason": "internalError", "message": "An internal error occurred"}
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 500, request, request.url
        answer.raw = BytesIO(
            json.dumps({"error": {"code": 500, "message": error["message"], "errors": [error]}}).encode()
        )
        sent.append(request)
        return answer

    send_on, sent = HTTPAdapter.send, []
    monkeypatch.setattr(HTTPAdapter, "send", send)
    directory = tmp_path / "data"
    assert main.main(["--embedded-dir", str(directory), "--timeout", "60", "--skip-checks"]) == 2
    line = emulator.only_line(capsys.readouterr().err)
    assert f"the disk of {directory} is full: free some space" in line
    # Nothing is sent a second time.
    bodies = [request.body for request in sent]
    assert len(bodies) == len(set(bodies))


def test_a_run_that_is_stopped_in_the_midst_of_an_upload_leaves_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Raised again at once: the engine has not stopped by then.
    monkeypatch.setattr(process, "REPEAT_SECONDS", 0.001)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def upload_half(url: str) -> None:
        job = {"configuration": {"load": {"destinationTable": {"projectId": "a", "datasetId": "b", "tableId": "c"}}}}
        begun = requests.post(f"{url}/upload/bigquery/v2/projects/a/jobs?uploadType=resumable", json=job, timeout=10)
        sent = {"data": bytes(1 << 18), "headers": {"Content-Range": f"bytes 0-{(1 << 18) - 1}/{1 << 19}"}}
        assert requests.put(begun.headers["Location"], **sent, timeout=10).status_code == 308
        assert len([*tmp_path.glob("dcr_data_generator_*/uploads_*/*.bin")]) == 1

    def run() -> None:
        with process.handle_signals(), engine.running(tmp_path / "data") as (url, _):
            upload_half(url)
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(process.Stopped):
        run()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
