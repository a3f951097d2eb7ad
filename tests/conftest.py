"""Fixtures: one embedded BigQuery per worker, and the five tables of the default run in it."""

import fcntl
import gc
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from google.api_core.retry import retry_unary
from google.resumable_media.requests import _request_helpers

from dcr_data_generator import warehouse
from dcr_data_generator.clean_room import rehearse
from dcr_data_generator.embedded import client, engine, sample
from dcr_data_generator.warehouse import Warehouse
from tests.support import docs
from tests.support.settings import make_settings
from tests.support.tables import fill_source, make_five_tables

# The programs that tests start need not compile everything anew, whatever this environment says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Look for garbage less often: the emulator makes millions of objects, of which most are soon dropped anyway."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no report where a test runs the program in this process: that takes a second."""
    monkeypatch.setenv("DCR_NO_REPORT", "true")


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engine.Endpoints]:
    """The embedded BigQuery of this worker. Files that write tables use a project of their own."""
    with engine.running(tmp_path_factory.mktemp("embedded")) as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def connect(endpoints: engine.Endpoints) -> Callable[[str], Warehouse]:
    """Connect to a project of the embedded BigQuery: `connect("snapshot-tests")`."""

    def connect_to(project: str) -> Warehouse:
        place = client.connect(endpoints.rest, project, warehouse.client_defaults("US"))
        return Warehouse(place, client.connect_to_storage(endpoints.storage), "the embedded BigQuery", "a client")

    return connect_to


@pytest.fixture(scope="session")
def default_run(connect: Callable[[str], Warehouse]) -> Warehouse:
    """The five tables of the default run, which tests only read."""
    place = connect("default-run")
    fill_source(place.client, **sample.generate())
    make_five_tables(place, make_settings())
    return place


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Fill a folder by a function, by whichever worker needs it first: `once("name", function)`; not to be changed."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def fill_once(name: str, fill: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                fill(folder)
        return folder

    return fill_once


@pytest.fixture(scope="session")
def first_run(once: Callable[..., Path]) -> Path:
    """A folder in which the README's first command was run: what it printed, its data, and its report."""

    def run(folder: Path) -> None:
        folder.mkdir()
        docs.print_one(docs.RUN, folder)

    return once("first_run", run)


@pytest.fixture(scope="session")
def first_rehearsal(once: Callable[..., Path], first_run: Path) -> Path:
    """A copy of that folder in which the pages' commands that rehearse were run, with the salt of these tests."""

    def run(folder: Path) -> None:
        shutil.copytree(first_run, folder)
        saved = folder / ".bigquery/answers_dcr-demo.json"  # it knows where the report is
        saved.write_text(saved.read_text(encoding="utf-8").replace(str(first_run), str(folder)), encoding="utf-8")
        made: dict[str, Any] = {}

        def made_once(name: str) -> Callable:
            function = getattr(rehearse, name)
            return lambda *arguments: made[name] if name in made else made.setdefault(name, function(*arguments))

        with mock.patch.multiple(rehearse, build=made_once("build"), fill=made_once("fill")):  # which takes its time
            for command in (docs.REHEARSE, docs.ASK):
                docs.print_one(command, folder, DCR_SALT=docs.SALT)

    return once("first_rehearsal", run)


@pytest.fixture(scope="session")
def filled(first_run: Path) -> Path:
    """A data directory that a run has filled; not to be changed."""
    return first_run / ".bigquery"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's libraries wait a hundredth of what they would before they send something again."""
    hasty = SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: time.sleep(seconds / 100))
    monkeypatch.setattr(retry_unary, "time", hasty)
    monkeypatch.setattr(_request_helpers, "time", hasty)
