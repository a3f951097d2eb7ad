"""Starts and stops the embedded BigQuery: the emulator `bqemulator`, in this process, on 127.0.0.1."""

import asyncio
import gc
import re
import shutil
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import duckdb
from bqemulator import server as emulator
from bqemulator.config import LogLevel, PersistenceMode, Settings
from bqemulator.domain.errors import DomainError

from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import result_of
from dcr_data_generator.settings import EMBEDDED_DATA
from dcr_data_generator.warehouse.embedded import patches
from dcr_data_generator.warehouse.hosts import LOCALHOST
from dcr_data_generator.warehouse.modes import as_private_as, make_private

try:
    import resource
except ModuleNotFoundError:  # Windows has no limits
    resource = None  # type: ignore[assignment]

PROJECT = "dcr-demo"
DATA, MARKER = EMBEDDED_DATA, "made_by.txt"
# DuckDB takes what follows a ? for no part of a file's name. The emulator refuses an upload whose path has one of the
# others, and DuckDB makes a column of a folder a=b.
REFUSED_IN_DATA, REFUSED_IN_UPLOADS = "?", "?*'\"`;=\r\n"
MIN_FREE_BYTES, FULL_DISK_BYTES = 128 << 20, 4 << 20
# Of addresses; with fewer, DuckDB ends the process with std::bad_alloc.
MIN_MEMORY_BYTES = 3 << 30
# With fewer open files, its threads wait for ever for one another's, or the process ends. A run has at most half of it.
MIN_OPEN_FILES = 128
STOP_SECONDS = 3


class Endpoints(NamedTuple):
    """Where the embedded BigQuery listens: its REST API (a URL) and its Storage API (host:port)."""

    rest: str
    storage: str


@contextmanager
def running(directory: Path, port: int = 0, allowed: Collection[str] = ()) -> Iterator[Endpoints]:
    """Run the embedded BigQuery on the data in a directory; 0 is any free port. `allowed` are forwarded names of it.

    Raises:
        UserError: the directory is in use, damaged or not to be written, or the memory or the open files are too few.
    """
    # The engine makes trees of many small objects, which Python's collector would look through again and again: a tenth
    # of a run's time. The limit is that of Python 3.14.
    gc.set_threshold(10_000)
    check_limits()
    prepare(directory)
    patches.apply(allowed)
    with as_private_as([directory / DATA]), uploads_folder() as uploads:
        yield from serve(directory, uploads, port)


def serve(directory: Path, uploads: Path, port: int) -> Iterator[Endpoints]:
    """Start the emulator, and stop it."""
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
            upload_staging_dir=uploads,
            time_travel_retention_days=0,
            enable_format_extensions=False,
            log_level=LogLevel.CRITICAL,
        )
    )
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="embedded BigQuery", daemon=True).start()
    try:
        result_of(asyncio.run_coroutine_threadsafe(server.start(), loop))
    except (duckdb.Error, DomainError) as error:
        advice = f"the data in {directory} cannot be opened ({error}): give another --embedded-dir"
        raise UserError(explain(directory, str(error)) or advice) from None
    except UnicodeEncodeError:
        raise UserError(f"the name of {directory} is not in UTF-8: give another --embedded-dir") from None
    try:
        yield Endpoints(server.rest_url, server.grpc_endpoint)
    finally:
        # An engine that runs a long query is not waited for: DuckDB drops what it has not committed.
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(STOP_SECONDS)


@contextmanager
def uploads_folder() -> Iterator[Path]:
    """Make a temporary folder for uploads, whose path the emulator takes. Raises UserError where it cannot."""
    refuse(Path(tempfile.gettempdir()), REFUSED_IN_UPLOADS, "set TMPDIR to another folder")
    with tempfile.TemporaryDirectory(prefix="uploads_", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


def refuse(folder: Path, characters: str, advice: str) -> None:
    """Refuse a folder whose path has one of the characters. Raises UserError."""
    path = str(folder.resolve())
    if character := next((each for each in characters if each in path), None):
        raise UserError(f"the embedded BigQuery cannot work in {path}, because of its {character!r}: {advice}")


def check_limits() -> None:
    """Check that the process may have the memory and the open files that a run needs. Raises UserError."""
    if not resource:
        return
    limit, files = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE))
    if 0 <= files < MIN_OPEN_FILES:  # -1 is no limit
        raise UserError(
            f"a process may open {files:,} files, and a run needs {MIN_OPEN_FILES}: raise the limit (`ulimit -n`)"
        )
    if 0 <= limit < MIN_MEMORY_BYTES:
        raise UserError(
            f"the memory is limited to {limit >> 20:,} MiB, and a run needs {MIN_MEMORY_BYTES >> 20:,}: raise the "
            "limit (`ulimit -v`)"
        )


def prepare(directory: Path) -> None:
    """Create the directory, or check that this version can use it and that its disk has some space.

    Raises:
        UserError: another version wrote it, it cannot be written, its disk is full, or its path has an odd character.
    """
    refuse(directory, REFUSED_IN_DATA, "give another --embedded-dir")
    marker = directory / MARKER
    # Other versions may not be able to read what these write.
    versions = f"dcr_data_generator data 1, bqemulator {version('bqemulator')}, duckdb {version('duckdb')}\n".encode()
    try:
        for path in directory.glob("*"):
            if path.is_symlink():
                raise UserError(f"{path} is a link, which may lead to what is not ours: give another --embedded-dir")
            if not (path.is_file() or path.is_dir()):
                raise UserError(f"{path} is a device or a pipe: give another --embedded-dir")
        directory.mkdir(parents=True, exist_ok=True)
        if not (directory / DATA).exists():
            marker.write_bytes(versions)
        elif not marker.exists() or marker.read_bytes() != versions:
            raise UserError(
                f"the data in {directory} was written by another version: remove the directory and run again"
            )
        tempfile.TemporaryFile(dir=directory).close()
        make_private(directory / DATA)
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
    for folder, advice in (
        (directory, "give another --embedded-dir"),
        (tempfile.gettempdir(), "set TMPDIR to another"),
    ):
        if shutil.disk_usage(folder).free < FULL_DISK_BYTES:
            return f"the disk of {folder} is full: free some space, or {advice}"
    if re.search(r"Could not set lock.* PID 0\b", error):
        return (
            f"{directory} cannot be locked: it is on a network share without locks, or in use in another container; "
            "give an --embedded-dir on a local disk"
        )
    if re.search(r"Could not set lock|used by another process", error):
        return (
            f"another command uses {directory}, such as `dcr play`, `dcr serve` or a run: end it first (Ctrl-C); a run "
            "of its own takes another --embedded-dir"
        )
    if re.search(r"not a valid DuckDB|Corrupt database|Catalog corruption|Could not read|Serialization|\bWAL\b", error):
        return (
            f"the data in {directory} cannot be read ({error.splitlines()[0]:.200}): remove the directory and run again"
        )
    return None
