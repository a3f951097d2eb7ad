"""Serves the tables that a run has made to any BigQuery client."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from string import Template

from google.api_core.exceptions import NotFound
from rich.markup import escape

from dcr_data_generator import shutdown
from dcr_data_generator.embedded import client, engine
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import FIVE_TABLES, suffixed
from dcr_data_generator.terminal import Terminal

PORT = 9050  # where clients of BigQuery emulators look
EXAMPLE = Path(__file__).with_name("example.txt")


def example(url: str, suffix: str = "") -> str:
    text = Template(EXAMPLE.read_text(encoding="utf-8")).substitute(project=engine.PROJECT, url=url)
    return suffixed(text, suffix)


def run(directory: Path, suffix: str, terminal: Terminal) -> int:
    """Serve the tables until a signal ends it.

    Returns: the exit status that shells know for the signal, such as 130 for Ctrl-C.

    Raises:
        UserError: the directory has no tables, or the embedded BigQuery cannot start.
    """
    no_tables = UserError(
        f"{directory} has no tables to serve: run `uv run python -m dcr_data_generator.main` first, or give another "
        "--embedded-dir"
    )
    if not (directory / engine.DATA).exists():
        raise no_tables
    port = 0
    with suppress(OSError):  # it is taken: any other
        socket.create_server((engine.LOCALHOST, PORT)).close()
        port = PORT
    try:
        with client.connected(directory, {}, port) as (place, (url, _)):
            try:
                for table in FIVE_TABLES:
                    place.get_table(f"{place.project}.{suffixed(table, suffix)}")
            except NotFound:
                raise no_tables from None
            terminal.line(f"Serving {escape(str(directory))} at {url}, project {place.project}. End it with Ctrl-C.")
            terminal.line("For example, in `uv run python` in a second terminal:\n")
            terminal.console.print(example(url, suffix), markup=False, soft_wrap=True, end="")
            threading.Event().wait()
    except shutdown.Stopped as stop:
        return stop.status
    return 0
