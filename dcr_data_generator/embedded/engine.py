"""Starts and stops the embedded BigQuery: the emulator `bqemulator`, in this process, on 127.0.0.1."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dcr_data_generator.problem import Problem

PROJECT = "dcr-demo"
LOCALHOST = "127.0.0.1"


class Endpoints(NamedTuple):
    """Where the embedded BigQuery listens: its REST API (a URL) and its Storage API (host:port)."""

    rest: str
    storage: str


@contextmanager
def running(directory: Path) -> Iterator[Endpoints]:
    """Run the embedded BigQuery on the data in a directory, on free ports.

    Raises:
        Problem: the engine is not installed, or the directory is in use, damaged or not to be written.
    """
    try:
        import structlog

        # The emulator logs while it is imported and started, whatever its own settings say.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        import duckdb
        import duckdb_extensions
        from bqemulator.config import LogLevel, PersistenceMode, Settings
        from bqemulator.server import EmulatorServer
    except ImportError as error:
        raise Problem(
            f"the embedded BigQuery is not installed ({error.name} is missing): run `uv sync --group embedded`, "
            "or give --write-project-id to run on Google Cloud"
        ) from None

    server = EmulatorServer(
        Settings(
            rest_host=LOCALHOST,
            grpc_host=LOCALHOST,
            rest_port=0,
            grpc_port=0,
            default_project_id=PROJECT,
            persistence_mode=PersistenceMode.PERSISTENT,
            data_dir=directory,
            upload_staging_dir=directory / "uploads",
            # Nobody travels back in time here, and every kept version of a table would make the directory grow.
            time_travel_retention_days=0,
            enable_format_extensions=False,
            log_level=LogLevel.CRITICAL,
        )
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="embedded BigQuery", daemon=True)
    thread.start()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        duckdb_extensions.import_extension("spatial")
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        yield Endpoints(server.rest_url, server.grpc_endpoint)
    except duckdb.IOException as error:
        raise Problem(cause(directory, error)) from None
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def how_to_serve(directory: Path) -> str:
    """Give the command that serves the data in a directory to any BigQuery client."""
    return f"uv run bqemulator start --persistent --data-dir {directory} --project {PROJECT}"


def cause(directory: Path, error: Exception) -> str:
    """Say why the data in a directory cannot be opened, and what to do."""
    if "lock" in str(error):
        return f"{directory} is in use by another run: wait for it to end, or give another --embedded-dir"
    return f"the data in {directory} cannot be read ({str(error).splitlines()[0]}): remove the directory and run again"
