"""The identity lab: compares how companies normalize an email."""

from collections.abc import Sequence
from functools import partial

from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from rich.markup import escape

from dcr_data_generator import snapshot
from dcr_data_generator.commands.settings import IdentitySettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.ewallet_sql import working_dataset
from dcr_data_generator.output.report.report import add_to_report
from dcr_data_generator.tables import IDENTITY_TABLES
from dcr_data_generator.values import counted, percent
from dcr_data_generator.verify import source, use_cases
from dcr_data_generator.warehouse.connect import connect

KEYS = {1: "email", 2: "or phone"}
NO_TABLES = (
    "there are no tables with identity noise: run `uv run dcr make --identity-noise 0.18` first, with the same flags"
)


def run(settings: IdentitySettings, terminal: Terminal) -> int:
    """Match the two parties' users by each normalizer, and show how many of the matches are true.

    Raises:
        UserError: no run has made the identity tables.
    """
    if not settings.place.may_have_tables:
        raise UserError(NO_TABLES)
    step = partial(process.step, terminal, settings.place.timeout)
    with connect(settings.place) as warehouse:
        with step("Match the two parties' users") as done:
            source.check_working_dataset(warehouse)
            try:
                warehouse.window = snapshot.recorded_window(warehouse)
                warehouse.client.get_table(warehouse.path(IDENTITY_TABLES[0]))
            except NotFound:
                raise UserError(NO_TABLES) from None
            with working_dataset(warehouse, "identity/normalizers"):
                rows = warehouse.run("identity/measures").rows
            answers = use_cases.run(warehouse)
            done.result = warehouse.name_and_days
        measures, findings = [measure(row) for row in rows], find(rows)
        figures = [{name.replace("_", " "): written(value) for name, value in each.items()} for each in measures]
        terminal.table([*figures[0]], [[*each.values()] for each in figures])
        for finding in findings:
            terminal.line(finding)
        seen = {"identity": measures, "figures": figures, "findings": findings}
        if not settings.report.no_report:
            report = add_to_report(warehouse, settings.place, answers, seen)
            there_is_none = "There is no report of these tables to add this comparison to: `dcr make` writes one."
            terminal.line(f"The report has this comparison now: {escape(str(report))}" if report else there_is_none)
    rehearsal = f"uv run dcr rehearse --normalize uid2{settings.place.flags}"
    terminal.next({"Rehearse the clean room with another rule for emails": rehearsal})
    return 0


def measure(row: bigquery.Row) -> dict[str, object]:
    """How well a normalizer does: the shares of the customers, of its matches, and of the holders; and people."""
    matched, pairs, true_pairs = row.matched or 0, row.pairs or 0, row.true_pairs or 0
    return {
        "normalizer": row.normalizer,
        "keys": KEYS[row.number_of_keys],
        "match_rate": matched / max(row.customers, 1),  # --keep-snapshot takes a merchant without customers
        "precision": true_pairs / pairs if pairs else None,
        "recall": true_pairs / row.holders if row.holders else None,
        "lost": row.holders - true_pairs,
        "mixed": row.mixed_up or 0,
    }


def written(value: object) -> str:
    """Write a figure for a person."""
    if isinstance(value, float):
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def find(rows: Sequence[bigquery.Row]) -> list[str]:
    """Say in a sentence each what the comparison shows."""
    first, mixed_up = rows[0], max(row.mixed_up or 0 for row in rows)
    sentences = [
        f"{first.holders:,} of the merchant's {counted(first.customers, 'customer')} "
        f"{'holds' if first.holders == 1 else 'hold'} a wallet: "
        f"{percent(first.holders / max(first.customers, 1))}."
    ]
    for row in rows:
        if row.normalizer in ("as_is", "uid2"):
            keys, rate = "email" if row.number_of_keys == 1 else "email or phone", measure(row)["match_rate"]
            customers = counted(row.matched or 0, "customer")
            sentences.append(f"By {keys}, {row.normalizer} matches {customers}: {written(rate)}.")
    if not any(row.pairs for row in rows):
        return [*sentences, "Nobody is matched."]
    people = {0: "nobody is", 1: "at most one customer is"}.get(mixed_up, f"at most {mixed_up:,} customers are")
    return [*sentences, f"Of those matched, {people} taken for somebody else."]
