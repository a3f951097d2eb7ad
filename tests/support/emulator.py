"""An emulator in a process of its own, and the program run against it as a person runs it."""

import hashlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from dcr_data_generator import main
from dcr_data_generator.warehouse.embedded import engine

ROOT = Path(__file__).parents[2]
# Beyond this a program hangs.
LONGEST_RUN = 100
TABLES = [
    "merchant_provider.orders",
    "merchant_provider.order_items",
    "merchant_provider.users",
    "ewallet_provider.provider_users",
    "ewallet_provider.transactions",
]
OURS = ("DCR_", "BIGQUERY_", "GOOGLE_")


def environment(**more: str) -> dict[str, str]:
    """The environment of a person who has set none of the program's variables, but that reports are not wanted."""
    # Nor one that makes every program compile everything anew.
    ignored = (*OURS, "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ignored)}
    return clean | {"PYTHONPATH": str(ROOT), "DCR_NO_REPORT": "true"} | more


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def serving(*flags: str, cwd: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """Serve a data directory as a person does; yields the process, and what it has printed."""
    with start_program("serve", *flags, module="dcr_data_generator", cwd=cwd) as process:
        try:
            printed = ""
            while "print(" not in printed:  # the example's last line
                line = process.stdout.readline()
                assert line, f"{printed}{process.stderr.read()}"
                printed += line
            yield process, printed
        finally:
            process.kill()


@contextmanager
def running(directory: Path, filled: Path | None = None) -> Iterator[str]:
    """Run an emulator on a data directory, copied from one that is filled where there is one; yields its URL."""
    if filled:
        shutil.copytree(filled, directory)
    [port] = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(directory), str(port)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_it_answers(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_it_answers(url: str, process: subprocess.Popen) -> None:
    """Wait until an emulator that starts answers a request."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/bigquery/v2/projects/nobody/datasets", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
            continue
        return
    raise RuntimeError(f"the emulator at {url} does not answer")


def start_program(
    *flags: str, module: str = "dcr_data_generator.main", cwd: Path = ROOT, **variables: str
) -> subprocess.Popen:
    """Start the program in a process of its own, its output piped."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *flags],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A group of its own: whoever is left in it when the program has ended is a stray process.
        start_new_session=True,
    )


def end_of(process: subprocess.Popen, timeout: float = LONGEST_RUN) -> tuple[int, str, str]:
    """Wait for the program's end: its exit status, what it printed, and what it printed on standard error."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise TimeoutError(f"the program did not end within {timeout} s:\n{out}\n{err}") from None
    return process.returncode, out, err


def run_program(*flags: str, timeout: float = LONGEST_RUN, **variables: str) -> tuple[int, str, str]:
    """Run the program to its end."""
    return end_of(start_program(*flags, **variables), timeout)


def run_here(*flags: str, command: Callable = main.main, **variables: str) -> tuple[int, str, str]:
    """Run a command in this process, which takes half the time; what `run_program` returns."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    person = mock.patch.dict(os.environ, environment(**variables), clear=True)
    with person, redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        status = command(flags)
    for stream in streams:
        stream.seek(0)
    return status, *(stream.read() for stream in streams)


def only_line(err: str) -> str:
    """The one line of standard error."""
    assert "Traceback" not in err
    [line] = err.splitlines()
    return line


def processes_of_group(group: int) -> list[int]:
    """The processes that live in a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, of_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(of_group) == group and state != "Z":
                found.append(int(entry.name))
    return found


def connect(url: str, project: str) -> bigquery.Client:
    """A plain client, which knows nothing of this program."""
    return bigquery.Client(
        project=project,
        location="US",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
    )


def contents(client: bigquery.Client, tables: list[str] = TABLES) -> dict[str, tuple[int, str]]:
    """The number of rows of each table, and a digest of them whatever their order."""
    found = {}
    for table in tables:
        # One table at a time: bqemulator 1.4 mixes up tables that are listed at once.
        project = "" if table.count(".") == 2 else f"{client.project}."
        rows = sorted(repr(row.values()) for row in client.list_rows(f"{project}{table}"))
        found[table] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


if __name__ == "__main__":  # `running` starts it
    with engine.running(Path(sys.argv[1]), int(sys.argv[2])):
        threading.Event().wait()
