"""What a person sees: plain lines, with a live status on a terminal."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dcr_data_generator.values import NUMBER, on_one_line, percent, plain, printable

if TYPE_CHECKING:  # they bring BigQuery's client along, which takes its time
    from dcr_data_generator.checks import Check
    from dcr_data_generator.settings import Settings
    from dcr_data_generator.use_cases import Outcome, UseCase

MAX_ANSWER = 500  # characters
PRICE = 6.25  # US dollars per TiB, in the US multi-region: https://cloud.google.com/bigquery/pricing, 2026-11-25


class Step:
    """What the line of a step says once it is done: a few words, and whether all is well."""

    result = ""
    is_good = True


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
        """Print a line of markup, whatever values it has; on a terminal it wraps at words."""
        self.console.print(printable(text), soft_wrap=not self.console.is_terminal)

    def error(self, text: str) -> None:
        """Say in one line what is wrong and what to do, and in which step it happened."""
        step = f" in the step '{self.title}'" if self.title else ""
        self.errors.print(f"[red]error{step}:[/] {escape(on_one_line(text))}", soft_wrap=not self.errors.is_terminal)

    def agrees(self, question: str) -> bool:
        """Ask a question, which stands on standard error; only y and yes agree."""
        with suppress(EOFError):
            return self.errors.input(question, markup=False).strip().lower() in ("y", "yes")
        return False

    def warning(self, text: str) -> None:
        """Warn in one line of what does not end the run."""
        self.errors.print(f"[yellow]warning:[/] {escape(on_one_line(text))}", soft_wrap=not self.errors.is_terminal)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while it goes on; once it is done, show what came out and how long it took."""
        start, step = time.perf_counter(), Step()
        self.title = title
        with self.console.status(f"{title} ..."):
            yield step
        self.title = None
        text = f"{title}: {step.result}" if step.result else title
        mark = "[green]✓[/]" if step.is_good else "[red]✗[/]"
        self.item(mark, f"{escape(text)} [dim]({time.perf_counter() - start:.1f} s)[/]")

    def item(self, mark: str, text: str) -> None:
        """Print a mark and a text (both markup); on a terminal, the lines of the text begin below one another."""
        if not self.console.is_terminal:
            self.line(f"{mark} {text}")
            return
        grid = Table.grid(padding=(0, 1))
        grid.add_row(mark, printable(text))
        self.console.print(grid)

    def notices(self, notices: Sequence[str]) -> None:
        """Print what to know of the source or the result."""
        for notice in notices:
            self.item("[yellow]![/]", escape(plain(notice, MAX_ANSWER)))

    def checks(self, checks: Sequence[Check]) -> None:
        """Print each red check with its file and its first violating rows; all checks with --verbose."""
        for check in checks:
            if check.violations:
                file = f"dcr_data_generator/sql/checks/{check.name}.sql"
                self.line(f"  [red]✗ {escape(check.sentence)}[/] {check.violations:,} violating rows, by {file}")
                for row in check.violating_rows:
                    self.line("      " + ", ".join(f"{name} {escape(plain(value))}" for name, value in row.items()))
            elif self.verbose:
                self.line(f"  [green]✓[/] {escape(check.sentence)}")
        if not checks:
            self.item("[yellow]![/]", "The checks were skipped: nothing was checked.")

    def use_cases(self, use_cases: Sequence[UseCase]) -> None:
        """Print the answers; with --verbose each question, its answer, and the first rows behind it."""
        self.line()
        for use_case in use_cases:
            answer = escape(plain(use_case.answer, MAX_ANSWER))
            if not self.verbose:
                self.item(f"[bold]{use_case.name.partition('_')[0]}.[/]", answer)
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
        self.line()
        if customers:
            self.line(
                f"Match rate: {percent(outcome.both_parties / customers)} (target {percent(settings.match_rate)}), "
                f"{outcome.both_parties:,} of the merchant's {customers:,} customers."
            )
            if settings.identity_noise:
                self.line(f"{percent(settings.identity_noise)} of the wallet holders wrote their email otherwise.")
        else:
            self.line("There is no match rate: none of the merchant's users has an email.")
        self.line(
            f"Overlap: {outcome.both_parties:,} people; merchant only: {outcome.merchant_only:,}; "
            f"provider only: {outcome.provider_only:,}."
        )
        days = {str(outcome.first_order): None, str(outcome.last_order): None}
        self.line(f"\nFive tables, with orders from {' to '.join(days)}, by seed {settings.seed}:")
        width = max(len(table.partition(".")[0]) for table in outcome.row_counts)
        for dataset, tables in groupby(outcome.row_counts.items(), lambda each: each[0].partition(".")[0]):
            counts = " · ".join(f"{table.partition('.')[2]} {rows:,}" for table, rows in tables)
            self.line(f"  {dataset:<{width}}  {counts}")

    def end(self, settings: Settings, how_to_query: str) -> None:
        """Print how long the run took, where its files are, and what to type next."""
        self.line(f"\nDone in {time.perf_counter() - self.start:.1f} s.")
        if not settings.no_report:
            self.line(f"The report: {escape(str(settings.report))}")
        if settings.export:
            self.line(f"The Parquet files: {escape(str(settings.export))}")
        self.line(f"Query the tables: {escape(how_to_query)}")
        if settings.identity_noise:
            command = f"uv run python -m dcr_data_generator.identity{settings.place_flags}"
            self.line(f"Compare how companies normalize emails: {escape(command)}")
        command = f"uv run python -m dcr_data_generator.clean_room rehearse{settings.place_flags}"
        self.line(f"Rehearse the clean room: {escape(command)}")

    def bytes_to_read(self, count: int) -> None:
        """Say what the run will read, in BigQuery's own unit, and what that costs beyond the free TiB of a month."""
        self.line(
            f"This run reads at most {count / (1 << 20):,.0f} MiB of the source: ${count / (1 << 40) * PRICE:,.2f} at "
            f"the on-demand rate of ${PRICE} per TiB."
        )

    def bytes_billed(self, count: int) -> None:
        """Say what the queries cost, in BigQuery's own unit."""
        self.line(f"BigQuery billed {count / (1 << 20):,.0f} MiB for the queries of this run.")

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
