"""How a whole run ends: after a red check or an error, beside another run, and stopped from outside."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from dcr_data_generator import ewallet
from dcr_data_generator.errors import AnotherRunError
from dcr_data_generator.output import export
from dcr_data_generator.verify import checks, ownership
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator
from tests.support.emulator import ROOT, TABLES
from tests.support.settings import on
from tests.support.worlds import all_green, green_and_red


@pytest.fixture(autouse=True)
def green(monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks are taken for green: asking them takes more time than all else."""
    monkeypatch.setattr(checks, "run", lambda *_, **__: all_green())


def test_a_red_check_ends_the_run_with_status_1_after_all_else_is_printed(
    run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "run", lambda *_, **__: green_and_red())
    status, out, _ = run("--keep-snapshot")
    lines = out.splitlines()
    red = lines.index("  ✗ Nothing is lost. 1,234 violating rows, by dcr_data_generator/sql/checks/b_fails.sql")
    assert any(line.startswith("✗ Check the result: 1 of 2 checks is red (") for line in lines[:red])
    assert status == 1
    assert "All is well." not in out
    assert "checks passed" not in out
    assert lines[red + 1].startswith("      email x@example.com, city </script><script>")
    assert any("Five tables" in line for line in lines[red:])
    assert lines[-1] == "✗ 1 of 2 checks is red: do not show these tables to anyone."


@pytest.fixture
def other(shop: Warehouse) -> Warehouse:
    """The same project for another run."""
    return on(shop)


@pytest.mark.parametrize(
    ("module", "name", "steps"),
    [(ewallet, "create", 2), (checks, "run", 4), pytest.param(export, "run", 6, marks=pytest.mark.slow)],
)
@pytest.mark.slow
def test_another_run_in_between_is_said_in_one_line_with_status_1(
    module: ModuleType,
    name: str,
    steps: int,
    run: Callable,
    other: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    function, marked = getattr(module, name), []

    def begin_another_run(*arguments: object, **named: object) -> object:
        marked.extend(ownership.create_datasets(other))
        return function(*arguments, **named)

    monkeypatch.setattr(module, name, begin_another_run)
    status, out, err = run("--keep-snapshot", "--export", str(tmp_path))
    line = emulator.only_line(err)
    assert "another run has written to merchant_provider and ewallet_provider at" in line
    assert status == 1
    assert out.count("✓ ") == steps
    if module is ewallet:  # this run may have written after the other one began, which is to know it
        with pytest.raises(AnotherRunError):
            ownership.check_alone(other, marked)
    else:
        ownership.check_alone(other, marked)
    if module is export:  # between two steps
        assert line.startswith("error: another run")
        files = map(str, tmp_path.rglob("*.parquet"))
        assert sorted(re.search(r" \(replaced: ([^;]*)", line)[1].split(", ")) == sorted([*TABLES[3:], *files])


def test_an_error_in_a_step_names_it_and_what_was_replaced(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ewallet, "create", lambda *_: (_ for _ in ()).throw(TimeoutError()))
    status, _, err = run()
    assert status == 2
    assert emulator.only_line(err) == (
        "error in the step 'Step 2: create the e-wallet provider': this took longer than --timeout allows: run again, "
        "or give a longer one (replaced: merchant_provider.orders, merchant_provider.order_items, "
        "merchant_provider.users; not replaced: ewallet_provider.provider_users, ewallet_provider.transactions)"
    )
    assert run("--quiet") == (2, "", err)


@pytest.mark.parametrize(
    ("command", "number"), [("main.main([])", signal.SIGINT), ("group.main(['attack'])", signal.SIGTERM)]
)
def test_a_run_that_is_stopped_while_it_is_imported_says_so(command: str, number: int) -> None:
    # BigQuery's client is imported once the signals are listened to, and not before.
    code = f"""
import signal, sys
from dcr_data_generator import main
from dcr_data_generator.commands import group
class Stop:
    def find_spec(self, name, *_):
        if name == "google.cloud.bigquery":
            sys.meta_path.remove(self)
            signal.raise_signal({int(number)})
sys.meta_path.insert(0, Stop())
raise SystemExit({command})
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 128 + number
    assert "nothing was replaced" in emulator.only_line(done.stderr)
