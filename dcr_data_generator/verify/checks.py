"""Checks the result in the warehouse: each file of sql/checks/ selects the rows that violate a rule."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple

from google.cloud import bigquery

from dcr_data_generator import people, sql
from dcr_data_generator.parallel import Counted
from dcr_data_generator.settings import Draws, Snapshot
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.values import counted
from dcr_data_generator.warehouse.warehouse import Warehouse

MAX_VIOLATING_ROWS = 5


class Check(NamedTuple):
    """A check, its rule in a sentence, how many rows violate it, and the first of them."""

    name: str
    sentence: str
    violations: int
    violating_rows: list[bigquery.Row]


def run(
    warehouse: Warehouse, keep_snapshot: bool = False, folder: str = "checks", counted: Counted = iter
) -> list[Check]:
    """Run all checks of a folder; where the snapshot was kept, those that compare it with the source are left out."""
    queries = sql.read_folder(folder)
    if keep_snapshot:  # the source may have changed since it was taken
        queries = [query for query in queries if SOURCE not in query.text]
    results = warehouse.run_all(queries, MAX_VIOLATING_ROWS, people.NOISE, counted)
    return [
        Check(query.file.removeprefix("checks/"), query.comment("check"), result.total, result.rows)
        for query, result in zip(queries, results, strict=True)
    ]


def run_as_step(
    warehouse: Warehouse, step: Callable[[str], AbstractContextManager], snapshot: Snapshot, draws: Draws
) -> list[Check]:
    """Run the checks of the five tables, in a step that says what came out."""
    with step("Check the result" + (", with true emails" if draws.identity_noise else "")) as done:
        verdict = run(warehouse, snapshot.keep_snapshot, counted=partial(done.counted, what="checks"))
        done.result, done.is_good = summarize(verdict)
    return verdict


class Summary(NamedTuple):
    """How many checks passed, or are red, in words; and whether all passed."""

    sentence: str
    is_good: bool


def summarize(checks: Sequence[Check]) -> Summary:
    """Say how many checks passed, or are red."""
    red = sum(check.violations > 0 for check in checks)
    if not red:
        return Summary(f"{counted(len(checks), 'check')} passed", True)
    return Summary(f"{red} of {counted(len(checks), 'check')} {'is' if red == 1 else 'are'} red", False)
