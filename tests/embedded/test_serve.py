"""Serving what a run has made to other programs."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from google.api_core.exceptions import GoogleAPICallError

from dcr_data_generator.commands import group
from dcr_data_generator.warehouse.embedded import engine
from tests.support import emulator


@pytest.mark.slow
def test_the_printed_example_works_as_it_stands_and_ctrl_c_ends_it_without_another_word(
    filled: Path, tmp_path: Path
) -> None:
    shutil.copytree(filled, tmp_path / "my data")
    with emulator.serving("--embedded-dir", "my data", cwd=tmp_path) as (process, printed):
        introduction, example = printed.split("\n\n", 1)
        result = subprocess.run(
            [sys.executable, "-c", example], env=emulator.environment(), capture_output=True, text=True, check=False
        )
        assert (result.returncode, result.stderr) == (0, "")
        [url] = re.findall(r"http://127\.0\.0\.1:\d+", introduction)
        client = emulator.connect(url, "dcr-demo")
        tiers = Counter(row.account_tier for row in client.list_rows("dcr-demo.ewallet_provider.provider_users"))
        rows = [line.split()[1:] for line in result.stdout.splitlines()[1:]]
        assert rows == [[tier, str(users)] for tier, users in tiers.most_common()]
        # What the engine logs otherwise: an option that DuckDB has not, and a statement that fails.
        client.query_and_wait("CREATE TABLE ewallet_provider.a (b INT64) CLUSTER BY b OPTIONS (labels = [('c', 'd')])")
        with pytest.raises(GoogleAPICallError):
            client.query("SELECT 1 FROM ewallet_provider.nothing").result()
        process.send_signal(signal.SIGINT)
        assert emulator.end_of(process) == (130, "", "")


@pytest.mark.slow
def test_where_the_usual_port_is_taken_another_one_is_served(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(filled, tmp_path / ".bigquery")
    try:
        taken = socket.create_server(("127.0.0.1", 9050))
    except OSError:  # somebody else has it
        taken = socket.socket()
    with taken, emulator.serving(cwd=tmp_path) as (_, printed):
        [port] = re.findall(r"at http://127\.0\.0\.1:(\d+)", printed)
        assert port != "9050"
        assert f'"http://127.0.0.1:{port}"' in printed


@pytest.mark.parametrize("exists", [True, False])
def test_a_directory_without_data_is_one_line_and_stays_as_it_is(exists: bool, tmp_path: Path) -> None:
    directory = tmp_path / "data"
    if exists:
        directory.mkdir()
    status, out, err = emulator.run_here("serve", "--embedded-dir", str(directory), command=group.main)
    assert (status, out) == (2, "")
    assert f"{directory} has no tables" in emulator.only_line(err)
    assert [*tmp_path.rglob("*")] == ([directory] if exists else [])


def test_data_without_the_tables_of_a_run_is_one_line(tmp_path: Path) -> None:
    with engine.running(tmp_path):
        pass
    status, out, err = emulator.run_here("serve", "--embedded-dir", str(tmp_path), command=group.main)
    assert (status, out) == (2, "")
    assert f"{tmp_path} has no tables" in emulator.only_line(err)


def test_an_unknown_command_is_one_line() -> None:
    status, out, err = emulator.run_here("server", command=group.main)
    assert (status, out) == (2, "")
    assert "serve" in emulator.only_line(err)
