"""What the tests share: one embedded BigQuery a worker, and the program run as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from google.cloud import bigquery

from dcr_data_generator import ewallet, main, preflight, snapshot, warehouse
from dcr_data_generator.embedded import engine, sample, thelook
from dcr_data_generator.settings import Settings

ROOT = Path(__file__).parents[1]
THELOOK = ROOT.parent / "shared" / "thelook"

DTYPES = {"INTEGER": "Int64", "FLOAT": "float64", "STRING": "str", "TIMESTAMP": "datetime64[us, UTC]"}


# Most tests want no report, which takes a second.
QUICKLY = {"DCR_NO_REPORT": "true"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the tests of a file on one worker: what they share is made once."""
    if not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


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


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engine.Endpoints]:
    """An embedded BigQuery that is empty when a worker's first test asks for it."""
    with engine.running(tmp_path_factory.mktemp("embedded")) as endpoints:
        yield endpoints


@pytest.fixture
def connect(endpoints: engine.Endpoints) -> Callable[..., warehouse.Warehouse]:
    """A client of the embedded BigQuery, for the knobs that the test is about: `connect(days=2)`."""
    return lambda **knobs: warehouse.connect_to_embedded(make_settings(**knobs), endpoints)


@pytest.fixture
def fill_source(connect: Callable) -> Callable[..., None]:
    """Fill the source, with NULL in columns left out: `fill_source(orders=[{"order_id": 1, ...}], users=[...])`."""

    def fill(**tables: list[dict]) -> None:
        frames = {}
        for name, schema in thelook.SCHEMAS.items():
            frame = pd.DataFrame(tables.get(name, []), columns=[field.name for field in schema])
            frames[name] = frame.astype({field.name: DTYPES[field.field_type] for field in schema})
        fill_with(connect(), frames)

    return fill


@pytest.fixture(scope="session")
def five_tables(endpoints: engine.Endpoints) -> Callable[..., warehouse.Warehouse]:
    """The five tables of the default day, in a project of their own: `five_tables()` is a client of it."""

    def connect_to_project() -> warehouse.Warehouse:
        client = warehouse.connect_to_embedded(make_settings(), endpoints)
        client.project = "five-tables"
        return client

    client = connect_to_project()
    fill_with(client, sample.generate())
    preflight.check(client, make_settings())
    snapshot.take(client)
    ewallet.create(client, make_settings())
    return connect_to_project


@pytest.fixture
def run_main(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Run the program as a person does, in a data directory of its own: `run_main("--days", "2", DCR_SEED="7")`."""

    def run(*flags: str, **environment: str) -> subprocess.CompletedProcess:
        ours = ("DCR_", "BIGQUERY_", "GOOGLE_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return subprocess.run(
            [sys.executable, "-m", "dcr_data_generator.main", *flags],
            cwd=ROOT,
            env=clean
            | {"DCR_EMBEDDED_DIR": str(tmp_path / "bigquery"), "DCR_REPORT": str(tmp_path / "report.html"), **QUICKLY}
            | environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run
