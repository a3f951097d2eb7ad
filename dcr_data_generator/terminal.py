"""What a person sees: plain lines, with a live status on a terminal."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:  # they bring BigQuery's client along, which takes its time
    from dcr_data_generator.checks import Check
    from dcr_data_generator.settings import Settings
    from dcr_data_generator.use_cases import Outcome, UseCase

MAX_CHARACTERS, MAX_ANSWER = 60, 500
NUMBER = r"-?[\d,.]+%?"


class Terminal:
    """Prints a run as it goes: results on standard output, problems on standard error."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # no city's name ends a run on a terminal that cannot show it
        self.console = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 120)
        self.errors = Console(stderr=True, highlight=False, emoji=False)
        self.start = time.perf_counter()
        self.verbose = False
        self.title: str | None = None
        # Tells which tables were replaced, for a run that ends early.
        self.consequence: Callable[[], str] = lambda: "nothing was replaced"

    def line(self, text: str = "") -> None:
        """Print a line of markup; on a terminal it wraps at words."""
        self.console.print(text, soft_wrap=not self.console.is_terminal)

    def error(self, text: str) -> None:
        """Say in one line what is wrong and what to do, and in which step it happened."""
        step = f" in the step '{self.title}'" if self.title else ""
        self.errors.print(f"[red]error{step}:[/] {escape(on_one_line(text))}", soft_wrap=True)

    def warning(self, text: str) -> None:
        """Warn in one line of what does not end the run."""
        self.errors.print(f"[yellow]warning:[/] {escape(on_one_line(text))}", soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step while it goes on, and how long it took once it is done."""
        start = time.perf_counter()
        self.title = title
        with self.console.status(f"{title} ..."):
            yield
        self.title = None
        self.line(f"[green]✓[/] {title} [dim]({time.perf_counter() - start:.1f} s)[/]")

    def place(self, place: str, settings: Settings) -> None:
        """Say where the run takes place and what it takes."""
        days = f"the {settings.days} days to" if settings.days > 1 else "the day"
        self.line(f"Running on {escape(place)}: {days} {settings.target_date}, seed {settings.seed}.")

    def notices(self, notices: Sequence[str]) -> None:
        """Print what to know of the source."""
        for notice in notices:
            self.line(f"  [yellow]![/] {escape(plain(notice, MAX_ANSWER))}")

    def checks(self, checks: Sequence[Check]) -> None:
        """Print how many checks passed, and each red one with its first violating rows; all with --verbose."""
        red = [check for check in checks if check.violations]
        for check in checks if self.verbose else []:
            if not check.violations:
                self.line(f"  [green]✓[/] {escape(check.sentence)}")
        for check in red:
            self.line(f"  [red]✗ {escape(check.sentence)}[/] {check.name}: {check.violations:,} violating rows")
            for row in check.violating_rows:
                self.line("      " + ", ".join(f"{name} {escape(plain(value))}" for name, value in row.items()))
        if not checks:
            self.line("  [yellow]![/] The checks were skipped: nothing was checked.")
        elif not red:
            self.line(f"  [green]✓[/] {len(checks)} checks passed.")

    def use_cases(self, use_cases: Sequence[UseCase]) -> None:
        """Print the answers; with --verbose each question, its answer, and the first rows behind it."""
        self.line()
        for use_case in use_cases:
            answer = escape(plain(use_case.answer, MAX_ANSWER))
            if not self.verbose:
                self.line(f"[bold]{use_case.name.partition('_')[0]}.[/] {answer}")
                continue
            self.line(f"[bold]{escape(use_case.question)}[/] {escape(use_case.who_asks)}")
            self.line(answer)
            self.table(use_case.columns, [row.values() for row in use_case.rows])
            if use_case.total > len(use_case.rows):
                self.line(f"[dim]the first {len(use_case.rows)} of {use_case.total:,} rows[/]")
            self.line()

    def outcome(self, outcome: Outcome, settings: Settings) -> None:
        """Print the match rate, the overlap, and the five tables with their row counts."""
        customers = outcome.merchant_only + outcome.both_parties
        if customers:
            self.line(
                f"\nMatch rate: {outcome.both_parties / customers:.2%} (target {settings.match_rate:.2%}): "
                f"{outcome.both_parties:,} of the merchant's {customers:,} customers hold a wallet."
            )
        else:
            self.line("\nThere is no match rate: none of the merchant's users has an email.")
        self.line(
            f"People known to the merchant only: {outcome.merchant_only:,}; to both parties: {outcome.both_parties:,}; "
            f"to the provider only: {outcome.provider_only:,}."
        )
        days = {str(outcome.first_order): None, str(outcome.last_order): None}
        self.line(f"\n[bold]The five tables[/], with orders from {' to '.join(days)}")
        width = max(len(f"{rows:,}") for rows in outcome.row_counts.values())
        for table, rows in outcome.row_counts.items():
            self.line(f"  {rows:>{width},}  {table}")

    def end(self, settings: Settings, how_to_query: str) -> None:
        """Print how long the run took, where its files are, and what to type next."""
        self.line(f"\nDone in {time.perf_counter() - self.start:.1f} s.")
        if not settings.no_report:
            self.line(f"The report: {escape(str(settings.report))}")
        if settings.export:
            self.line(f"The Parquet files: {escape(str(settings.export))}")
        self.line(f"Query the tables: {escape(how_to_query)}")
        self.line("Rehearse the clean room: uv run python -m dcr_data_generator.clean_room rehearse")

    def bytes_to_read(self, count: int) -> None:
        """Say what the run will read, in BigQuery's own unit."""
        self.line(f"This run reads at most {count / (1 << 20):,.0f} MiB of the source.")

    def bytes_billed(self, count: int) -> None:
        """Say what the queries cost, in BigQuery's own unit."""
        self.line(f"BigQuery billed {count / (1 << 20):,.0f} MiB for the queries of this run.")

    def verdict(self, checks: Sequence[Check]) -> None:
        """Say how many of the checks are red, if any is."""
        if red := sum(check.violations > 0 for check in checks):
            self.line(f"[red]✗ {red} of {len(checks)} checks are red: do not show these tables to anyone.[/]")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows; numbers to the right."""
        self.console.print(table_of(columns, rows))


def table_of(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> Table:
    """Draw rows; numbers to the right."""
    table = Table(*map(escape, columns), title=title, title_justify="left")
    for row in rows:
        for column, value in zip(table.columns, row, strict=True):
            column.justify = "right" if re.fullmatch(NUMBER, plain(value)) else "left"
        table.add_row(*(escape(plain(value)) for value in row))
    return table


def on_one_line(text: str) -> str:
    """Leave out what would break a line or steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in " ".join(text.split()))


def plain(value: object, longest: int = MAX_CHARACTERS) -> str:
    """Write a value on one line, however odd it is, and no more of it than fits."""
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    text = on_one_line(str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 3] + "..."
