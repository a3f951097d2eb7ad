"""Serves the tables that a run has made to any BigQuery client."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from string import Template

from google.api_core.exceptions import NotFound
from rich.markup import escape

from dcr_data_generator.commands.settings import ServeSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import WAIT_SECONDS
from dcr_data_generator.settings import Place
from dcr_data_generator.tables import FIVE_TABLES, suffixed
from dcr_data_generator.warehouse.embedded import client, engine, thelook
from dcr_data_generator.warehouse.hosts import LOCALHOST, warn

PORT = 9050  # where clients of BigQuery emulators look
EXAMPLE = Path(__file__).with_suffix(".txt")


def example(url: str, suffix: str = "") -> str:
    text = Template(EXAMPLE.read_text(encoding="utf-8")).substitute(project=engine.PROJECT, url=url)
    return suffixed(text, suffix)


def run(settings: ServeSettings, terminal: Terminal) -> int:
    """Serve the tables until a signal ends it.

    Returns: the exit status that shells know for the signal, such as 130 for Ctrl-C.

    Raises:
        UserError: the directory has no tables, or the embedded BigQuery cannot start.
    """
    directory, suffix = settings.embedded_dir, settings.suffix
    no_tables = UserError(
        f"{directory} has no tables to serve: run `uv run python -m dcr_data_generator.main` first, or give another "
        "--embedded-dir"
    )
    if not (directory / engine.DATA).exists():
        raise no_tables
    port = 0
    with suppress(OSError):  # it is taken: any other
        socket.create_server((LOCALHOST, PORT)).close()
        port = PORT
    place = Place(location=thelook.LOCATION, embedded_dir=directory, suffix=suffix)
    warn(settings.allow_host, terminal.warning, "reads and changes these tables")
    try:
        with engine.running(directory, port, settings.allow_host) as endpoints, client.explained(directory):
            warehouse = client.warehouse_at(endpoints, place)
            try:
                for table in FIVE_TABLES:
                    warehouse.client.get_table(warehouse.path(table))
            except NotFound:
                raise no_tables from None
            url = endpoints.rest
            terminal.line(
                f"Serving {escape(str(directory))} at {url}, project {warehouse.project}. End it with Ctrl-C."
            )
            terminal.line("For example, in `uv run python` in a second terminal:\n")
            terminal.console.print(example(url, suffix), markup=False, soft_wrap=True, end="")
            while not threading.Event().wait(WAIT_SECONDS):
                continue
    except process.Stopped as stop:
        return stop.status
    return 0
