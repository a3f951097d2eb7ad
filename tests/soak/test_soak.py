"""Many runs: on bad networks, killed and stopped at random moments, and on a disk that fills.

    uv run pytest -m soak -n 4 --dist load tests/soak/test_soak.py

SOAK=2 before the command is another seed for the faults and the moments, as far as a machine that does other things
allows.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from google.cloud import bigquery

from dcr_data_generator import sql
from tests.soak.conftest import PROJECT
from tests.support import emulator, proxy
from tests.support.emulator import TABLES
from tests.support.proxy import Proxy

pytestmark = pytest.mark.soak

SEED = int(os.environ.get("SOAK", "1"))
CHECKS = len(sql.read_folder("checks"))
FLAGS = ("--write-project-id", PROJECT)
# The checks only read: a run without them is killed while it writes, and not while it looks at what it wrote.
UNCHECKED = ("--skip-checks",)


def dice(kind: str, number: int) -> random.Random:
    """The dice of one run."""
    return random.Random(f"{SEED} {kind} {number}")


def results(ended: tuple[int, str, str], checks: int = CHECKS) -> list[str]:
    """See that a run ended with exit status 0 and all checks green; returns the lines that all such runs print."""
    status, out, err = ended
    assert (status, err) == (0, ""), err
    assert not checks or f": {checks} checks passed" in out
    # What differs between two runs is how long a step took, and where its data and its report are.
    lines = out[out.index("\n1. ") :].splitlines()
    return [line for line in lines if not re.search(r"\d\.\d s|report|Parquet|uv run dcr ", line)]


# On a bad network; some export, too, and before some the source is taken away, so that they fill it.


@pytest.mark.parametrize("number", range(50))
def test_a_run_with_faults_makes_the_same_tables(
    number: int, url: str, client: bigquery.Client, clean: dict, tmp_path: Path
) -> None:
    flags = ("--export", str(tmp_path)) if number % 5 == 0 else ()
    report = {"DCR_NO_REPORT": "", "DCR_REPORT": str(tmp_path / "report.html")} if flags else {}
    if number % 10 == 3:
        client.delete_dataset("bigquery-public-data.thelook_ecommerce", delete_contents=True)
    with Proxy(url, fault=proxy.at_random(SEED * 1000 + number)) as between:
        results(emulator.run_program(*FLAGS, *flags, BIGQUERY_EMULATOR_HOST=between.url, **report))
        assert any(request.fault for request in between.requests)
    assert emulator.contents(client) == clean
    assert len([*tmp_path.rglob("*.parquet")]) == (len(TABLES) if flags else 0)


# Killed.


@pytest.fixture(scope="module")
def requests(url: str, clean: dict) -> int:
    """The number of requests that a run sends."""
    with Proxy(url) as between:
        results(emulator.run_program(*FLAGS, *UNCHECKED, BIGQUERY_EMULATOR_HOST=between.url), checks=0)
        return len(between.requests)


class Undisturbed(NamedTuple):
    """What a run comes to that nothing disturbs, and how many seconds it takes."""

    results: list[str]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A run on a data directory that nothing disturbed."""
    directory = tmp_path_factory.mktemp("undisturbed") / "data"
    shutil.copytree(filled, directory)
    flags = ("--embedded-dir", str(directory))
    printed = results(emulator.run_program(*flags))
    begin = time.monotonic()
    results(emulator.run_program(*flags, *UNCHECKED), checks=0)
    return Undisturbed(printed, time.monotonic() - begin)


@pytest.mark.parametrize("number", range(20))
def test_a_run_after_a_kill_at_some_request_makes_the_same_tables(
    number: int, url: str, client: bigquery.Client, clean: dict, requests: int
) -> None:
    moment = dice("kill", number).randint(1, requests)
    with Proxy(url) as between:
        killed = emulator.start_program(*FLAGS, *UNCHECKED, "--seed", "7", BIGQUERY_EMULATOR_HOST=between.url)
        between.wait_for(lambda seen: len(seen) >= moment or killed.poll() is not None)
        killed.kill()
        killed.communicate()
    results(emulator.run_program(*FLAGS, *UNCHECKED, BIGQUERY_EMULATOR_HOST=url), checks=0)
    assert emulator.contents(client) == clean


@pytest.mark.parametrize("number", range(20))
def test_a_run_after_a_kill_at_some_second_has_the_same_results(
    number: int, filled: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    directory = tmp_path / "data"
    if number % 2:
        shutil.copytree(filled, directory)
    flags = ("--embedded-dir", str(directory))
    killed = emulator.start_program(*flags, *UNCHECKED, "--seed", "7")
    let_go_on(killed, dice("directory", number), undisturbed.seconds)
    killed.kill()
    killed.communicate()
    assert results(emulator.run_program(*flags)) == undisturbed.results
    assert not [*directory.glob("uploads/*")]
    shutil.rmtree(directory)


def let_go_on(process: subprocess.Popen, dice: random.Random, seconds: float) -> None:
    """Wait until some moment of a run, from half a second after its start, when it listens."""
    try:
        process.wait(dice.uniform(0.5, seconds))
    except subprocess.TimeoutExpired:
        return


# Stopped.


@pytest.mark.parametrize("number", range(10))
def test_a_run_that_is_stopped_leaves_nothing_behind(
    number: int, filled: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    directory, temporary, written = (tmp_path / name for name in ("data", "temporary", "written"))
    temporary.mkdir()
    written.mkdir()
    if number % 4 > 1:
        shutil.copytree(filled, directory)
    wanted = (signal.SIGINT, signal.SIGTERM)[number % 2]
    flags = ("--embedded-dir", str(directory), "--export", str(written / "exported"))
    report = str(written / "report.html")
    stopped = emulator.start_program(*flags, TMPDIR=str(temporary), DCR_NO_REPORT="", DCR_REPORT=report)
    let_go_on(stopped, dice("stop", number), 2 * undisturbed.seconds)  # to the end of the checks, export and report
    stopped.send_signal(wanted)
    status, _, err = emulator.end_of(stopped, timeout=5)
    if status != 0:  # it had not ended before
        assert status == 128 + wanted, err
        assert "replaced" in emulator.only_line(err)
    assert not emulator.processes_of_group(stopped.pid)
    left = [*temporary.rglob("*"), *directory.glob("uploads/*"), *written.rglob("*.unfinished")]
    left += [path for path in written.glob("*report*") if path.name != "report.html"]
    assert left == []


# On a disk that fills in the midst of a run: what was there before is whole.


def test_a_disk_that_fills_during_a_run_leaves_every_table_whole(
    mount: Callable[[str], Path], filled: Path, tmp_path: Path
) -> None:
    disk = mount("400m")
    shutil.copytree(filled, disk / "data")
    flags = ("--embedded-dir", str(disk / "data"))
    process = emulator.start_program(*flags, "--seed", "7", "--days", "3")
    line = process.stdout.readline()
    while line and "Look at the source" not in line:
        line = process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    subprocess.run(["dd", "if=/dev/zero", f"of={disk}/filler", "bs=64k"], capture_output=True, check=False)
    process.send_signal(signal.SIGCONT)
    status, _, err = emulator.end_of(process)
    assert status in (0, 2)
    assert not status or "disk" in emulator.only_line(err)
    (disk / "filler").unlink()
    # Every table is whole: the earlier run's, or this one's.
    earlier, held = rows_in(filled, tmp_path / "earlier"), rows_in(disk / "data", tmp_path / "held")
    results(emulator.run_program(*flags, "--seed", "7", "--days", "3", *UNCHECKED), checks=0)
    now = rows_in(disk / "data", tmp_path / "now")
    assert [table for table in TABLES if held[table] not in (earlier[table], now[table])] == []
    results(emulator.run_program(*flags))


def rows_in(directory: Path, copy: Path) -> dict[str, tuple[int, str]]:
    """What the five tables in a data directory hold, looked at in a copy."""
    with emulator.running(copy, directory) as url:
        return emulator.contents(emulator.connect(url, "dcr-demo"))
