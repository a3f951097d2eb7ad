"""Fixtures: one embedded BigQuery per worker, and the five tables of the default run in it."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from bqemulator.catalog import ddl_sync
from bqemulator.jobs import executor
from google.api_core.retry import retry_unary
from google.resumable_media.requests import _request_helpers
from zetasql.core.local_service import ZetaSqlLocalService

from dcr_data_generator.clean_room import project, rehearse
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.warehouse import emulator, google_cloud
from dcr_data_generator.warehouse.embedded import client, engine, mends, sample
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import docs, picture, remembered, small_shop
from tests.support import emulator as emulator_process
from tests.support.settings import make_settings, on
from tests.support.tables import fill_source, make_five_tables

# What the emulator finds out from a statement's text alone.
LOOKS = {
    ddl_sync: (
        "_detect_catalog_drop",
        "_detect_create_schema",
        "_detect_plain_create_table",
        "_detect_plain_create_view",
    ),
    executor: ("_parse_for_classification", "rewrite_table_refs"),
}


@pytest.fixture(scope="session", autouse=True)
def translated_once() -> Iterator[None]:
    """Let the emulator look at each statement once per worker: that is half of the time of most tests."""
    translations: dict[str, Any] = {}
    translate = mends.bqemulators

    def translate_once(translator: object, bq_sql: str, **all_else: Any) -> Any:  # noqa: ANN401
        key = repr((bq_sql, sorted(all_else.items())))
        if key not in translations:
            translations[key] = translate(translator, bq_sql, **all_else)
        return translations[key]

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(mends, "bqemulators", translate_once))
        for module, names in LOOKS.items():
            for name in names:
                stack.enter_context(mock.patch.object(module, name, cache(getattr(module, name))))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Let one worker at a time start Google's SQL engine: the first one on a machine compiles it for all others."""
    start = ZetaSqlLocalService.get_instance

    def start_alone() -> ZetaSqlLocalService:
        with Path(__file__).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return start()

    with mock.patch.object(ZetaSqlLocalService, "get_instance", start_alone), remembered.remembering():
        yield


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no report where a test runs the program in this process: that takes a second."""
    monkeypatch.setenv("DCR_NO_REPORT", "true")


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the embedded BigQuery of this worker."""
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture(scope="session")
def endpoints(data_directory: Path) -> Iterator[engine.Endpoints]:
    """The embedded BigQuery of this worker. Files that write tables use a project of their own."""
    with engine.running(data_directory) as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def connect(endpoints: engine.Endpoints) -> Callable[[str], Warehouse]:
    """Connect to a project of the embedded BigQuery: `connect("snapshot-tests")`."""

    def connect_to(project: str) -> Warehouse:
        bigquery_client = emulator.client_of(endpoints.rest, project, google_cloud.client_defaults("US"))
        storage_client, settings = client.connect_to_storage(endpoints.storage), make_settings()
        place = Warehouse(bigquery_client, storage_client, settings.place, "the embedded BigQuery", "a client")
        return on(place)

    return connect_to


@pytest.fixture(scope="session")
def default_run(connect: Callable[[str], Warehouse]) -> Warehouse:
    """The five tables of the default run, which tests only read."""
    place = connect("default-run")
    fill_source(place.client, **sample.generate())
    return make_five_tables(place)


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project of a module, in which a run was made; the source is a small shop, where whole runs take little time."""
    place = connect(request.module.__name__.rpartition(".")[2].replace("_", "-"))
    small_shop.fill(place.client)
    return make_five_tables(place)


@pytest.fixture(scope="module")
def run(shop: Warehouse, endpoints: engine.Endpoints) -> Callable[..., tuple[int, str, str]]:
    """Run the program in that project: `run("--quiet")` returns the exit status, the output, and standard error."""
    return partial(
        emulator_process.run_here, "--write-project-id", shop.client.project, BIGQUERY_EMULATOR_HOST=endpoints.rest
    )


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
        rooms: list[CleanRoom] = []  # opening one takes its time

        def open_once(*arguments: Any) -> CleanRoom:  # noqa: ANN401
            rooms[:] = rooms or [open_room(*arguments)]
            rooms[0].renew_budgets()
            return rooms[0]

        open_room = project.open_room
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(project, "open_room", open_once))
            for name in ("ask_as_subscriber", "climb_ladder", "attempt"):  # with --verbose only what is printed differs
                stack.enter_context(mock.patch.object(rehearse, name, remembering(getattr(rehearse, name))))
            for command in (docs.REHEARSE, docs.VERBOSE, docs.ASK):
                docs.print_one(command, folder, DCR_SALT=docs.SALT)

    return once("first_rehearsal", run)


def remembering(function: Callable) -> Callable:
    """The function of a room and a query, called once for each query; of other arguments, once."""
    results: dict[str, Any] = {}

    def call_once(room: CleanRoom, query: Any, *arguments: Any) -> Any:  # noqa: ANN401
        name = getattr(query, "name", "")
        if name not in results:
            results[name] = function(room, query, *arguments)
        return results[name]

    return call_once


@pytest.fixture(scope="session")
def filled(first_run: Path) -> Path:
    """A data directory that a run has filled; not to be changed."""
    return first_run / ".bigquery"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium; without it, or what drives it, a test says how to get it and is skipped."""
    why = "`uv run --group browser pytest` opens the report and the live page in a browser"
    sync_api = pytest.importorskip("playwright.sync_api", reason=why)
    pytest.importorskip("axe_playwright_python", reason=why)
    if not shutil.which("chromium"):
        pytest.skip("`apt-get install chromium` gets the browser that opens the report and the live page")
    sync_api.expect.set_options(timeout=picture.LONGEST_WAIT)
    with picture.browser() as chromium:
        yield chromium


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's libraries wait a hundredth of what they would before they send something again."""
    hasty = SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: time.sleep(seconds / 100))
    monkeypatch.setattr(retry_unary, "time", hasty)
    monkeypatch.setattr(_request_helpers, "time", hasty)
