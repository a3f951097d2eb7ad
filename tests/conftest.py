"""Fixtures: one embedded BigQuery per worker, and the five tables of the default run in it."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.api_core.retry import retry_unary
from google.resumable_media.requests import _request_helpers

from dcr_data_generator import warehouse
from dcr_data_generator.embedded import client, engine, sample
from dcr_data_generator.warehouse import Warehouse
from tests.support import docs
from tests.support.settings import make_settings
from tests.support.tables import fill_source, make_five_tables

# The programs that tests start need not compile everything anew, whatever this environment says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


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
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's first command was run, once for all workers; not to be changed.

    `printed.txt` has what it printed, `.bigquery` its data, and `report.html` its report.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "first_run"
    printed = folder / "printed.txt"
    with (shared / "first_run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            folder.mkdir()
            printed.write_text(docs.print_one(docs.RUN, folder), encoding="utf-8")
    return folder


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
