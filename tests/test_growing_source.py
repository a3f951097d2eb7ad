"""On a source whose orders grow steeply towards today, as thelook's do, a run without a date takes a day with people.

Seen on the real table (public notes): 610 orders on 2025-10-14, 881 on the next day and 1,506 on the one after, and
about a hundred a day one year before. It takes some 20 seconds:

    uv run pytest -m slow tests/test_growing_source.py
"""

from collections.abc import Callable

import pandas as pd
import pytest

from dcr_data_generator.commands import group
from dcr_data_generator.warehouse.embedded import sample
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator
from tests.support.tables import fill_source

pytestmark = pytest.mark.slow

# The orders of the last days; a day before has a hundred. The last day is not over.
ORDERS = {"2025-09-21": 610, "2025-09-22": 881, "2025-09-23": 1_000, "2025-09-24": 300}


@pytest.fixture(scope="module")
def run(connect: Callable[[str], Warehouse], endpoints: Endpoints) -> Callable[..., tuple[int, str, str]]:
    """Run a command on a project whose source grows steeply."""
    place, tables = connect("growing-source"), sample.generate()
    orders = tables["orders"]
    days = orders["created_at"].dt.strftime("%Y-%m-%d")
    kept = pd.concat([of_day.head(ORDERS.get(day, 100)) for day, of_day in orders.groupby(days)])
    items = tables["order_items"][tables["order_items"]["order_id"].isin(kept["order_id"])]
    fill_source(place.client, orders=kept, order_items=items, users=tables["users"])

    def run_command(*flags: str) -> tuple[int, str, str]:
        flags = (*flags, "--write-project-id", place.project)
        return emulator.run_here(*flags, command=group.main, BIGQUERY_EMULATOR_HOST=endpoints.rest)

    return run_command


def test_the_default_day_answers_all_questions_openly_and_under_the_rules(run: Callable) -> None:
    status, out, err = run("make")
    assert (status, err) == (0, "")
    assert "the day 2025-09-23, the last whole day of the source" in out
    assert [line[:2] for line in out.splitlines() if line[:2] in ("1.", "2.", "3.", "4.")] == ["1.", "2.", "3.", "4."]
    assert "of 1,000 orders" in out
    assert "No group has" not in out
    status, out, err = run("rehearse")
    assert (status, err) == (0, "")
    assert "4 questions were answered under the rules" in out
    assert "The whole answer is withheld" not in out


def test_a_day_of_a_hundred_orders_would_be_withheld_whole(run: Callable) -> None:
    status, out, err = run("make", "--target-date", "2025-09-10")
    assert (status, err) == (0, "")
    assert "No group has the 50 people that the clean room needs to answer question 2" in out
