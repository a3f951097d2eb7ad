"""Starts and stops the embedded BigQuery: the emulator `bqemulator`, in this process, on 127.0.0.1."""

import asyncio
import gc
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from dcr_data_generator.errors import UserError

PROJECT = "dcr-demo"
LOCALHOST = "127.0.0.1"
DATA, UPLOADS, MARKER = "bqemulator.duckdb", "uploads", "made_by.txt"
MIN_FREE_BYTES, FULL_DISK_BYTES = 128 << 20, 4 << 20
STOP_SECONDS = 3


class Endpoints(NamedTuple):
    """Where the embedded BigQuery listens: its REST API (a URL) and its Storage API (host:port)."""

    rest: str
    storage: str


@contextmanager
def running(directory: Path, port: int = 0) -> Iterator[Endpoints]:
    """Run the embedded BigQuery on the data in a directory; 0 is any free port.

    Raises:
        UserError: the engine is not installed, or the directory is in use, damaged or not to be written.
    """
    # The engine makes trees of many small objects, which Python's collector would look through again and again: a tenth
    # of a run's time. The limit is that of Python 3.14.
    gc.set_threshold(10_000)
    try:
        import structlog

        # The emulator logs while it is imported and started, whatever its own settings say.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        import duckdb
        import sqlglot
        from bqemulator import server as emulator
        from bqemulator.config import LogLevel, PersistenceMode, Settings
        from bqemulator.domain.errors import DomainError

        from dcr_data_generator.embedded.history import NoOldJobs, NoOldVersions
        from dcr_data_generator.embedded.lock import lock
        from dcr_data_generator.embedded.parse import parse_once
    except ImportError as error:
        raise UserError(
            f"the embedded BigQuery is not installed ({error.name} is missing): run `uv sync --group embedded`, "
            "or give --write-project-id to run on Google Cloud"
        ) from None

    prepare(directory)
    lock()
    vars(sqlglot).update(parse_one=parse_once)
    vars(emulator).update(SnapshotManager=NoOldVersions, DuckDBCatalogRepository=NoOldJobs)
    server = emulator.EmulatorServer(
        # Constructed without the BQEMU_... variables of the person's environment, and without what a file says.
        Settings.model_construct(
            rest_host=LOCALHOST,
            grpc_host=LOCALHOST,
            rest_port=port,
            grpc_port=0,
            default_project_id=PROJECT,
            persistence_mode=PersistenceMode.PERSISTENT,
            data_dir=directory.resolve(),
            upload_staging_dir=(directory / UPLOADS).resolve(),
            time_travel_retention_days=0,
            enable_format_extensions=False,
            log_level=LogLevel.CRITICAL,
        )
    )
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="embedded BigQuery", daemon=True).start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    except (duckdb.Error, DomainError) as error:
        advice = f"the data in {directory} cannot be opened ({error}): give another --embedded-dir"
        raise UserError(explain(directory, str(error)) or advice) from None
    except UnicodeEncodeError:
        raise UserError(f"the name of {directory} is not in UTF-8: give another --embedded-dir") from None
    # The uploads of a run that was killed: the data belong to this run alone now.
    remove_uploads(directory)
    try:
        yield Endpoints(server.rest_url, server.grpc_endpoint)
    finally:
        try:
            # An engine that runs a long query is not waited for: DuckDB drops what it has not committed.
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(server.stop(), loop).result(STOP_SECONDS)
        finally:
            remove_uploads(directory)


def remove_uploads(directory: Path) -> None:
    """Remove what an interrupted load has uploaded; the engine removes the other uploads itself."""
    for upload in (directory / UPLOADS).glob("[0-9a-f]" * 32 + ".bin"):
        upload.unlink(missing_ok=True)


def prepare(directory: Path) -> None:
    """Create the directory, or check that this version can use it and that its disk has some space.

    Raises:
        UserError: another version wrote it, it cannot be written, or its disk is full.
    """
    marker = directory / MARKER
    # Other versions may not be able to read what these write.
    versions = f"dcr_data_generator data 1, bqemulator {version('bqemulator')}, duckdb {version('duckdb')}\n".encode()
    try:
        if links := [path for path in directory.glob("*") if path.is_symlink()]:
            raise UserError(f"{links[0]} is a link, which may lead to what is not ours: give another --embedded-dir")
        (directory / UPLOADS).mkdir(parents=True, exist_ok=True)
        if not (directory / DATA).exists():
            marker.write_bytes(versions)
        elif not marker.exists() or marker.read_bytes() != versions:
            raise UserError(
                f"the data in {directory} was written by another version: remove the directory and run again"
            )
        for folder in (directory, directory / UPLOADS):
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(f"{directory} cannot be written ({error.strerror}): give another --embedded-dir") from None
    free = shutil.disk_usage(directory).free
    if free < MIN_FREE_BYTES:
        raise UserError(
            f"the disk of {directory} has {free >> 20} MiB free and a run needs {MIN_FREE_BYTES >> 20} MiB: free some "
            "space, or give another --embedded-dir"
        )


def explain(directory: Path, error: str) -> str | None:
    """Explain an error of the engine by the state of its directory; None if it may have another cause."""
    if shutil.disk_usage(directory).free < FULL_DISK_BYTES:
        return f"the disk of {directory} is full: free some space, or give another --embedded-dir"
    if "Could not set lock" in error:
        return f"{directory} is in use by another run, or is being served: end that, or give another --embedded-dir"
    if re.search(r"not a valid DuckDB|Corrupt database|Catalog corruption|Could not read|Serialization|\bWAL\b", error):
        return (
            f"the data in {directory} cannot be read ({error.splitlines()[0]:.200}): remove the directory and run again"
        )
    return None
