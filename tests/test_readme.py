"""The README: its commands and queries work as they stand there, and what it says is so."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcr_data_generator import sql
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import SCHEMAS
from tests.conftest import ROOT, THELOOK
from tests.support import readme

TEXT = readme.README.read_text()
# For what a test does not look at.
QUICKLY = {"DCR_SKIP_CHECKS": "true", "DCR_NO_REPORT": "true"}
RUN = "uv run python -m dcr_data_generator.main"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's commands are run, one after another, as a reader would."""
    return tmp_path_factory.mktemp("workplace")


def environment(**more: str) -> dict[str, str]:
    """A reader's environment: none of this program's variables are set."""
    ours = ("DCR_", "BIGQUERY_", "GOOGLE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "PYTHONPATH": str(ROOT),
        **more,
    }


def run(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess:
    """Run a command of the README there, with this environment's Python in the place of `uv run python`."""
    assert command in "\n".join(readme.shell_commands())
    variables, words = {}, command.split()
    while "=" in words[0]:
        name, value = words.pop(0).split("=", 1)
        variables[name] = value
    assert words[:2] == ["uv", "run"]
    words = (
        [sys.executable, *words[3:]]
        if words[2] == "python"
        else [str(Path(sys.executable).with_name(words[2])), *words[3:]]
    )
    return subprocess.run(
        words, cwd=folder, env=environment(**variables | more), capture_output=True, text=True, timeout=100, check=False
    )


def test_the_first_command_prints_what_the_page_shows(workplace: Path) -> None:
    done = run(RUN, workplace)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (workplace / "report.html").stat().st_size < 2_000_000
    assert readme.without_times(done.stdout) == readme.without_times(readme.code_blocks("text")[0])


def test_the_export_command_writes_the_five_tables(workplace: Path) -> None:
    done = run(f"{RUN} --export exported", workplace, **QUICKLY)
    assert done.returncode == 0, done.stderr
    written = {str(path.relative_to(workplace / "exported")) for path in (workplace / "exported").rglob("*.*")}
    assert written == {
        "merchant_provider/orders.parquet",
        "merchant_provider/order_items.parquet",
        "merchant_provider/users.parquet",
        "ewallet_provider/provider_users.parquet",
        "ewallet_provider/transactions.parquet",
    }


@pytest.mark.skipif(not THELOOK.is_dir(), reason="the real extract of thelook is not beside this checkout")
def test_the_command_for_an_own_export_takes_the_real_extract(workplace: Path) -> None:
    shutil.copytree(THELOOK, workplace / "my_export")
    done = run(f"{RUN} --source my_export --target-date 2025-11-22 --days 600", workplace, DCR_NO_REPORT="true")
    assert done.returncode == 0, done.stderr
    assert re.search(r"merchant_provider.orders\s+│\s+495 │", done.stdout)


@pytest.fixture
def served(workplace: Path) -> Iterator[None]:
    """The data directory, served as the README says."""
    command = next(command for command in readme.shell_commands() if "bqemulator start" in command).split()
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("bqemulator")), *command[3:]],
        cwd=workplace,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for("127.0.0.1", 9050)
        yield
    finally:
        server.terminate()
        server.wait(20)


def wait_for(host: str, port: int) -> None:
    """Wait until somebody listens."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            continue
        return
    pytest.fail(f"nobody listens on {host}:{port}")


@pytest.mark.usefixtures("served")
def test_the_data_are_served_to_any_client_and_to_this_program(workplace: Path) -> None:
    script = subprocess.run(
        [sys.executable, "-c", readme.code_blocks("python")[0]],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert script.returncode == 0, script.stderr
    assert {line.split()[0] for line in script.stdout.splitlines()} == {"Free", "Premium", "Business"}
    command = next(command for command in readme.shell_commands() if command.startswith("BIGQUERY_EMULATOR_HOST"))
    done = run(command, workplace, DCR_TARGET_DATE="2025-11-22", DCR_DAYS="600", **QUICKLY)
    assert done.returncode == 0, done.stderr
    assert "emulator at http://127.0.0.1:9050, project my-project" in done.stdout


@pytest.mark.parametrize("number", range(4))
def test_a_query_is_the_use_cases_with_the_project_written_out(number: int) -> None:
    assert readme.code_blocks("sql")[number] == readme.published(sql.read_folder("use_cases")[number])


@pytest.mark.parametrize("number", range(4))
def test_a_query_runs_as_it_stands(number: int, five_tables: Callable) -> None:
    query = readme.code_blocks("sql")[number]
    client = five_tables()
    assert client.query(query.replace("your-gcp-project", client.project)).result().total_rows > 0


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_knob_stands_in_the_table_with_its_default(name: str) -> None:
    [row] = [line for line in TEXT.splitlines() if f"`DCR_{name.upper()}`" in line]
    _, constant, flag, _, default, _, _ = (cell.strip(" `") for cell in row.split("|"))
    assert flag == f"--{name.replace('_', '-')}"
    value = Settings.model_fields[name].default
    words = {None: "None", False: "off"} | ({None: "none"} if name == "export" else {})
    words |= {None: "a generated sample"} if name == "source" else {}
    assert default == words.get(value, str(value))
    assert constant in ("", name.upper())


@pytest.mark.parametrize(("table", "column"), [(table, field.name) for table in SCHEMAS for field in SCHEMAS[table]])
def test_a_column_stands_in_the_table_of_its_table(table: str, column: str) -> None:
    [field] = [field for field in SCHEMAS[table] if field.name == column]
    part = TEXT[TEXT.index(f"**`ewallet_provider.{table}`**") :]
    assert f"| `{column}` | {field.field_type} | {field.mode} | {field.description} |" in part
