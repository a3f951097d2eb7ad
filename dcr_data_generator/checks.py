"""Checks the result in the warehouse: each file of sql/checks/ selects the rows that violate a rule."""

from collections.abc import Sequence
from typing import NamedTuple

from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import SOURCE

MAX_VIOLATING_ROWS = 5


class Check(NamedTuple):
    """A check, its rule in a sentence, how many rows violate it, and the first of them."""

    name: str
    sentence: str
    violations: int
    violating_rows: list[bigquery.Row]


def run(client: bigquery.Client, settings: Settings, folder: str = "checks") -> list[Check]:
    """Run all checks of a folder."""
    queries = sql.read_folder(folder)
    if settings.keep_snapshot:  # the source may have changed since it was taken
        queries = [query for query in queries if SOURCE not in query.text]
    results = sql.run_all(client, queries, settings, MAX_VIOLATING_ROWS)
    return [
        Check(f"{folder}/{query.name}".removeprefix("checks/"), query.comments["check"], result.total, result.rows)
        for query, result in zip(queries, results, strict=True)
    ]


def count_red(checks: Sequence[Check]) -> int:
    """How many checks have violating rows."""
    return sum(check.violations > 0 for check in checks)


def summarize(checks: Sequence[Check]) -> str:
    """Say how many checks passed, or are red."""
    red = count_red(checks)
    if not red:
        return f"{len(checks)} checks passed"
    return f"{red} of {len(checks)} checks {'is' if red == 1 else 'are'} red"
