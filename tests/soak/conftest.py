"""Fixtures of the tests to run by hand: an emulator in a process of its own, a run there, and small disks."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.cloud import bigquery

from tests.support import emulator

PROJECT = "fault-tests"


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator in a process of its own."""
    with emulator.running(tmp_path_factory.mktemp("emulator") / "data") as url:
        yield url


@pytest.fixture(scope="session")
def client(url: str) -> bigquery.Client:
    """A plain client of it."""
    return emulator.connect(url, PROJECT)


@pytest.fixture(scope="session")
def clean(url: str, client: bigquery.Client) -> dict[str, tuple[int, str]]:
    """What the five tables hold after a run that nothing disturbed, which also filled the source."""
    flags = ("--write-project-id", PROJECT, "--skip-checks")
    status, _, err = emulator.run_here(*flags, BIGQUERY_EMULATOR_HOST=url)
    assert status == 0, err
    return emulator.contents(client)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a disk of some size: `mount("1m")`."""
    disk = tmp_path / "disk"

    def mount_disk(size: str) -> Path:
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            disk.rmdir()
            pytest.skip("mounting a small disk is not allowed here")
        return disk

    yield mount_disk
    if disk.exists():
        subprocess.run(["umount", "--lazy", disk], check=True)
