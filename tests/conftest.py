"""What the tests share: one embedded BigQuery a file, and what is in it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from google.cloud import bigquery

from dcr_data_generator import ewallet, main, snapshot, source, warehouse
from dcr_data_generator.embedded import engine, sample, thelook
from dcr_data_generator.settings import Settings
from tests.support import emulator

ROOT = Path(__file__).parents[1]
THELOOK = ROOT.parent / "shared" / "thelook"

DTYPES = {"INTEGER": "Int64", "FLOAT": "float64", "STRING": "str", "TIMESTAMP": "datetime64[us, UTC]"}

# The programs that tests start need not compile everything anew, whatever this environment says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Most tests want no report, which takes a second.
QUICKLY = {"DCR_NO_REPORT": "true"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to the soak what is marked with `in_soak`."""
    for item in items:
        if item.get_closest_marker("in_soak") and not emulator.SOAK:
            item.add_marker(pytest.mark.skip(reason="it takes long: `uv run python -m tests.soak` runs it"))


def make_settings(**knobs: object) -> Settings:
    """Settings as main.py has them, but for the knobs given."""
    return Settings(**main.CONSTANTS | knobs)


def fill_with(client: warehouse.Warehouse, frames: dict[str, pd.DataFrame]) -> None:
    """Fill the source with frames."""
    dataset = bigquery.Dataset(thelook.DATASET)
    dataset.location = thelook.LOCATION
    client.create_dataset(dataset, exists_ok=True)
    for name in thelook.SCHEMAS:
        client.load(frames[name], f"{thelook.DATASET}.{name}", thelook.SCHEMAS[name])


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no report where a test runs the program in this process."""
    for name, value in QUICKLY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engine.Endpoints]:
    """An embedded BigQuery that is empty when a file's first test asks for it."""
    with engine.running(tmp_path_factory.mktemp("embedded")) as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def connect(endpoints: engine.Endpoints) -> Callable[..., warehouse.Warehouse]:
    """A client of the embedded BigQuery, for the knobs that the test is about: `connect(days=2)`."""
    return lambda **knobs: warehouse.connect_to_embedded(make_settings(**knobs), endpoints)


@pytest.fixture(scope="module")
def fill_source(connect: Callable) -> Callable[..., None]:
    """Fill the source, with NULL in columns left out: `fill_source(orders=[{"order_id": 1, ...}], users=[...])`."""

    def fill(**tables: list[dict]) -> None:
        frames = {}
        for name, schema in thelook.SCHEMAS.items():
            frame = pd.DataFrame(tables.get(name, []), columns=[field.name for field in schema])
            frames[name] = frame.astype({field.name: DTYPES[field.field_type] for field in schema})
        fill_with(connect(), frames)

    return fill


@pytest.fixture(scope="module")
def five_tables(endpoints: engine.Endpoints) -> Callable[..., warehouse.Warehouse]:
    """The five tables of the default day, in a project of their own: `five_tables()` is a client of it."""

    def connect_to_project() -> warehouse.Warehouse:
        client = warehouse.connect_to_embedded(make_settings(), endpoints)
        client.project = "five-tables"
        return client

    client = connect_to_project()
    fill_with(client, sample.generate())
    source.check(client, make_settings())
    snapshot.take(client)
    ewallet.create(client, make_settings())
    return connect_to_project
