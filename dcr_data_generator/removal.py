"""Takes down what a run has made: its tables, and the two datasets if nothing else is in them."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from functools import partial

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import shutdown, sql, warehouse
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import DATASETS, FIVE_TABLES, IDENTITY_TABLES, suffixed
from dcr_data_generator.terminal import Terminal


def run(settings: Settings, terminal: Terminal) -> int:
    """Delete what a run has made, after a question; returns the exit status.

    Raises:
        UserError: nobody is there to answer the question, or the clean room is published.
    """
    if not settings.yes and not (sys.stdin and sys.stdin.isatty()):
        raise UserError("--remove asks before it deletes, and this is not a terminal: give --yes, too")
    deleted: list[str] = []
    terminal.consequence = lambda: f"deleted: {', '.join(deleted) or 'nothing'}"
    step = partial(shutdown.step, terminal, settings.timeout)
    with ExitStack() as stack:
        with step("Connect") as done:
            place = stack.enter_context(warehouse.connect(settings, fill_source=False))
            done.result = place.name
        with step("Look at the tables"):
            check_unpublished(place.client, settings)
            tables = [name for name in names([*FIVE_TABLES, *IDENTITY_TABLES], settings) if exists(place.client, name)]
        text = f"Delete {', '.join(tables) or 'no table'}, and the datasets if they are empty then? [y/N] "
        if not settings.yes and not terminal.agrees(text):
            terminal.line("Nothing was deleted.")
            return 0
        with step("Delete") as done:
            for table in tables:
                place.client.delete_table(table)
                deleted.append(table)
            for dataset in names(DATASETS, settings):
                with suppress(NotFound):
                    if is_empty(place.client, dataset):
                        place.client.delete_dataset(dataset)
                        deleted.append(dataset)
            done.result = ", ".join(deleted) or "there was nothing to delete"
    return 0


def names(tables: Iterable[str], settings: Settings) -> list[str]:
    return [suffixed(table, settings.suffix) for table in tables]


def check_unpublished(client: bigquery.Client, settings: Settings) -> None:
    """Check that there is nothing of what publish creates: the salts, and the views. Raises UserError."""
    views = [view.name for view in sql.read_folder("clean_room/views")]
    salts = [f"{dataset}.clean_room_salt" for dataset in DATASETS]
    shared = [f"{dataset.replace('_provider', '_clean_room')}.{view}" for dataset in DATASETS for view in views]
    for kind in ("clean_room", "exchange"):
        for name in [name.replace("clean_room", kind) for name in names([*salts, *shared], settings)]:
            if exists(client, name):
                command = "uv run python -m dcr_data_generator.clean_room unpublish"
                command += f"{settings.place_flags} --as {kind.replace('_', '-')}"
                raise UserError(f"something is published, for there is {name}: run `{command}` first")


def exists(client: bigquery.Client, table: str) -> bool:
    with suppress(NotFound):
        return bool(client.get_table(table))
    return False


def is_empty(client: bigquery.Client, dataset: str) -> bool:
    contents = client.list_tables(dataset), client.list_routines(dataset), client.list_models(dataset)
    return not any(map(list, contents))
