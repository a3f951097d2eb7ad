"""A whole run: what it prints, and what its options do. Other files have what it writes, and how it ends."""

import itertools
import webbrowser
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest

from dcr_data_generator import main, sql
from dcr_data_generator.console import process
from dcr_data_generator.tables import IDENTITY_TABLES
from dcr_data_generator.verify import checks
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator, small_shop, tables
from tests.support.emulator import TABLES
from tests.support.screen import screen
from tests.support.settings import make_settings, on
from tests.support.worlds import all_green

ASK_CHECKS = checks.run


@pytest.fixture(autouse=True)
def green(monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks are taken for green: asking them takes more time than all else."""
    monkeypatch.setattr(checks, "run", lambda *_, **__: all_green())


def test_a_green_run_fits_on_a_terminal_and_breaks_no_word(shop: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    columns, place = 80, on(shop, match_rate=1)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))  # Rich asks the terminal of the process, which is another one
    with screen(columns) as lines:
        process.run_safely(partial(main.run, make_settings(match_rate=1), nullcontext(place)))
    assert lines[0].startswith("✓ Connect: the embedded BigQuery (")
    assert max(map(len, lines)) <= columns
    assert len(lines) <= 34
    answers = lines.index("") + 1
    assert lines[answers] == "1. Which sales did this provider process?"
    assert lines[answers + 1] == "   This provider processed 16 of 20 orders, and 80.00% of the sales: $152.00."
    words = " ".join(" ".join(lines).split())
    assert words.endswith("Rehearse the clean room: uv run dcr rehearse")
    for line, after in itertools.pairwise(lines):
        if after.startswith("   ") and not line.endswith("?"):  # it goes on: the next word did not fit
            assert len(line) + 1 + len(after.split()[0]) > columns


def test_verbose_prints_every_check_and_the_rows_behind_an_answer(run: Callable) -> None:
    status, out, _ = run("--verbose", "--keep-snapshot")
    assert status == 0
    assert out.count("\n  ✓ ") == len(sql.read_folder("checks"))
    assert "Which sales did this provider process? The merchant asks. Join key: order_id." in out
    assert "│ account_tier" in out or "┃ account_tier" in out


@pytest.mark.parametrize(("flags", "opens"), [(["--open"], True), (["--open", "--no-report"], False)])
@pytest.mark.slow
def test_open_opens_the_report_if_there_is_one(
    flags: list[str], opens: bool, run: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    path = tmp_path / "report.html"
    flags = ["--quiet", "--keep-snapshot", "--report", str(path), *flags]
    assert run(*flags, DCR_NO_REPORT="") == (0, "", "")
    assert opened == ([path.as_uri()] if opens else [])


def test_a_run_without_noise_leaves_no_truth_of_an_earlier_one(run: Callable, shop: Warehouse) -> None:
    for table in IDENTITY_TABLES:
        shop.client.query_and_wait(f"CREATE TABLE {table} AS SELECT 1 AS one")
    assert run("--keep-snapshot", "--skip-checks")[0] == 0
    names = [
        table.table_id
        for dataset in ("merchant_provider", "ewallet_provider")
        for table in shop.client.list_tables(dataset)
    ]
    assert len(names) == 5


# Another partnership.

HERE = [f"{dataset}_b.{name}" for dataset, name in (table.split(".") for table in TABLES)]


@pytest.fixture
def few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the checks are asked."""
    monkeypatch.setattr(checks, "run", ASK_CHECKS)
    small_shop.ask_few_checks(monkeypatch)


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_another_partnership_has_datasets_of_its_own(run: Callable, shop: Warehouse, tmp_path: Path) -> None:
    first = emulator.contents(shop.client)
    status, out, err = run("--suffix", "_b", "--match-rate", "1", "--export", str(tmp_path))
    assert (status, err) == (0, "")
    assert "merchant_provider_b  orders 20 " in out
    assert "uv run dcr rehearse --write-project-id test-main --suffix _b\n" in out
    assert sorted(path.parent.name for path in tmp_path.rglob("*.parquet")) == sorted(t.split(".")[0] for t in HERE)
    assert emulator.contents(shop.client) == first


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_the_snapshot_of_another_partnership_can_be_kept(run: Callable, shop: Warehouse) -> None:
    tables.make_five_tables(shop, suffix="_b")
    first, second = emulator.contents(shop.client), emulator.contents(shop.client, HERE)
    # Another shop moves in; the snapshot is kept, and does not equal it.
    tables.fill_source(shop.client, orders=[{"order_id": 99, "user_id": 99, "created_at": small_shop.NOON}])
    status, out, err = run("--suffix", "_b", "--match-rate", "0.25", "--keep-snapshot", "--wallet-only-rate", "0")
    assert (status, err) == (0, "")
    assert "Step 1" not in out
    assert "✓ Check the result: 5 checks passed (" in out
    third = emulator.contents(shop.client, HERE)
    assert [third[name] == second[name] for name in HERE] == [True, True, True, False, False]
    assert third["ewallet_provider_b.provider_users"][0] == 5
    assert emulator.contents(shop.client) == first
