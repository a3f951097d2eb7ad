"""A fifth question, added as docs/working-on-the-code.md says: a folder, and the function that words its answer."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.clean_room import project
from dcr_data_generator.commands import group
from dcr_data_generator.verify import use_cases
from dcr_data_generator.verify.use_cases import Worded
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from tests.support import emulator, small_shop

NAME = "5_orders_by_status"
FILES = {
    "open": """-- question: In which state are the orders that were paid with the wallet?
-- asks: The merchant asks.
-- key: order_id.
SELECT
  o.status,
  COUNT(*) AS paid_orders
FROM merchant_provider.orders AS o
JOIN ewallet_provider.transactions AS t ON o.order_id = t.order_id
GROUP BY o.status
ORDER BY paid_orders DESC
""",
    "figures": """-- purpose: How many states there are.
SELECT COUNT(DISTINCT status) AS states
FROM ewallet_provider.transactions
""",
    "chart": """-- purpose: The orders by state.
SELECT
  status,
  COUNT(*) AS paid_orders
FROM ewallet_provider.transactions
GROUP BY status
ORDER BY status
""",
    "subscriber": """-- explanation: The merchant asks for the orders that both parties know.
-- as: merchant
SELECT
  o.status,
  COUNT(*) AS paid_orders
FROM merchant_provider.orders AS o
JOIN ewallet_clean_room.wallet_orders AS w ON o.order_id = w.order_id
GROUP BY o.status
ORDER BY paid_orders DESC
""",
}


def word(figures: bigquery.Row) -> Worded:
    return Worded(f"{figures.states}", f"The paid orders are in {figures.states} states.")


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package with a fifth question."""
    folder = tmp_path / "sql"
    shutil.copytree(sql.FOLDER, folder)
    (folder / "questions" / NAME).mkdir()
    for name, text in FILES.items():
        (folder / "questions" / NAME / f"{name}.sql").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sql, "FOLDER", folder)
    monkeypatch.setitem(use_cases.ANSWERS, NAME, word)
    monkeypatch.setattr(project, "REFUSED", "no such folder")  # the refused queries take longest


@pytest.mark.slow
@pytest.mark.usefixtures("added")
def test_a_fifth_question_is_answered_reported_and_rehearsed(
    connect: Callable, endpoints: Endpoints, tmp_path: Path
) -> None:
    project = "fifth-question"
    small_shop.fill(connect(project).client, ["Complete"] * 60 + ["Shipped"] * 60)
    place = {"DCR_WRITE_PROJECT_ID": project, "BIGQUERY_EMULATOR_HOST": endpoints.rest}
    report = tmp_path / "report.html"
    status, out, err = emulator.run_here("--skip-checks", **place, DCR_REPORT=str(report), DCR_NO_REPORT="")
    assert (status, err) == (0, "")
    assert "The paid orders are in 2 states." in out
    page = report.read_text(encoding="utf-8")
    assert "In which state are the orders that were paid with the wallet?" in page
    status, out, err = emulator.run_here("rehearse", **place, command=group.main)
    assert (status, err) == (0, "")
    assert "In which state are the orders that were paid with the wallet?" in out
