"""Takes down what a run has made: its tables, and the two datasets if nothing else is in them."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.commands.settings import RemoveSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import DATASETS, FIVE_TABLES, IDENTITY_TABLES
from dcr_data_generator.warehouse.changes import DELETED
from dcr_data_generator.warehouse.connect import connect
from dcr_data_generator.warehouse.warehouse import Warehouse


def run(settings: RemoveSettings, terminal: Terminal) -> int:
    """Delete what a run has made, after a question; returns the exit status.

    Raises:
        UserError: nobody is there to answer the question, or the clean room is published.
    """
    terminal.nothing_changed = "nothing was deleted"
    if not settings.yes and not (sys.stdin and sys.stdin.isatty()):
        raise UserError("remove asks before it deletes, and this is not a terminal: give --yes, too")
    make_again = {"Make the tables again": f"uv run dcr make{settings.place.flags}"}
    if not settings.place.may_have_tables:
        terminal.line("There was nothing to delete.")
        terminal.next(make_again)
        return 0
    step = partial(process.step, terminal, settings.place.timeout)
    with process.connected(connect(settings.place), step) as warehouse:
        with step("Look at the tables"):
            check_unpublished(warehouse, settings.place.flags)
            names = [warehouse.named(name) for name in [*FIVE_TABLES, *IDENTITY_TABLES]]
            tables = [name for name in names if exists(warehouse, name)]
        text = f"Delete {', '.join(tables) or 'no table'}, and the datasets if they are empty then? [y/N] "
        process.allow(0)  # the user may think it over
        if not settings.yes and not terminal.agrees(text):
            terminal.line("Nothing was deleted.")
            terminal.next({"Delete them": f"uv run dcr remove{settings.place.flags} --yes"})
            return 0
        with step("Delete") as done:
            delete(warehouse, tables)
            done.result = ", ".join(warehouse.changes.states) or "there was nothing to delete"
    terminal.next(make_again)
    return 0


def delete(warehouse: Warehouse, tables: Iterable[str]) -> None:
    """Delete the tables, and the datasets that are empty then."""
    client, changing = warehouse.client, warehouse.changes.changing
    for table in tables:
        with changing(table, DELETED):
            client.delete_table(table)
    for dataset in map(warehouse.named, DATASETS):
        with suppress(NotFound):
            client.get_dataset(dataset)  # bqemulator 1.4 lists the contents of a dataset that is not there
            if is_empty(client, dataset):
                with changing(dataset, DELETED):
                    client.delete_dataset(dataset)


def check_unpublished(warehouse: Warehouse, flags: str) -> None:
    """Check that there is nothing of what publish creates: the salts, and the views. Raises UserError."""
    views = [view.name for view in sql.read_folder("clean_room/views")]
    salts = [f"{dataset}.clean_room_salt" for dataset in DATASETS]
    shared = [f"{dataset.replace('_provider', '_clean_room')}.{view}" for dataset in DATASETS for view in views]
    for kind in ("clean_room", "exchange"):
        for name in [warehouse.named(name).replace("clean_room", kind) for name in [*salts, *shared]]:
            if exists(warehouse, name):
                raise UserError(f"something is published, for there is {name}: run `uv run dcr unpublish{flags}` first")


def exists(warehouse: Warehouse, table: str) -> bool:
    with suppress(NotFound):
        return bool(warehouse.client.get_table(table))
    return False


def is_empty(client: bigquery.Client, dataset: str) -> bool:
    contents = client.list_tables(dataset), client.list_routines(dataset), client.list_models(dataset)
    return not any(map(list, contents))
