"""Fixtures: one embedded BigQuery per worker, and the five tables of the default run in it."""

import os
from collections.abc import Callable, Iterator

import pytest

from dcr_data_generator import embedded, warehouse
from dcr_data_generator.embedded import engine, sample
from dcr_data_generator.warehouse import Warehouse
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
    with embedded.running(tmp_path_factory.mktemp("embedded")) as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def connect(endpoints: engine.Endpoints) -> Callable[[str], Warehouse]:
    """Connect to a project of the embedded BigQuery: `connect("snapshot-tests")`."""

    def connect_to(project: str) -> Warehouse:
        client = embedded.connect(endpoints.rest, project, warehouse.job_defaults(), "US")
        return Warehouse(client, embedded.connect_to_storage(endpoints.storage), "the embedded BigQuery", "a client")

    return connect_to


@pytest.fixture(scope="session")
def default_run(connect: Callable[[str], Warehouse]) -> Warehouse:
    """The five tables of the default run, which tests only read."""
    place = connect("default-run")
    fill_source(place.client, **sample.generate())
    make_five_tables(place, make_settings())
    return place
