"""What a person sees: plain lines, with a live status on a terminal."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from itertools import groupby
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.status import Status
from rich.table import Table

from dcr_data_generator.values import NUMBER, counted, on_one_line, percent, plain, printable, without_salt

if TYPE_CHECKING:  # they import BigQuery's client, which is slow
    from dcr_data_generator.settings import Draws, MakeSettings, Screen, Window
    from dcr_data_generator.verify.checks import Check
    from dcr_data_generator.verify.use_cases import Outcome, UseCase
    from dcr_data_generator.warehouse.warehouse import Warehouse

MAX_ANSWER = 500  # characters
PRICE = 6.25  # US dollars per TiB, in the US multi-region: https://cloud.google.com/bigquery/pricing, 2026-11-25


class Step:
    """What the line of a step says once it is done: a few words, and whether all is well."""

    result = ""
    is_good = True

    def __init__(self, title: str = "", status: Status | None = None) -> None:
        self.title, self.status = title, status

    def count(self, done: int, total: int, what: str = "questions") -> None:
        """Show how much of the step is done, with a bar, while it goes on."""
        if self.status:
            title, counts = f"{escape(self.title)} ...", f"{done:,} of {total:,} {what}"
            space = self.status.console.width - len(title) - len(counts) - 4  # beside the spinner and the gaps
            bar = Table.grid(padding=(0, 1))
            bar.add_row(title, ProgressBar(total, done, width=max(1, min(30, space))), counts)
            self.status.update(bar)

    def counted[Item](self, items: Collection[Item], what: str = "queries") -> Iterator[Item]:
        """Go through items, and show how many of them are done."""
        for done, item in enumerate(items):
            self.count(done, len(items), what)
            yield item
        self.count(len(items), len(items), what)


class Output(Console):
    """A console that tells where nobody reads it, instead of ending the process with status 1, a red check's."""

    def on_broken_pipe(self) -> NoReturn:
        """Let the command end as from any error."""
        raise BrokenPipeError


class Terminal:
    """Prints a run as it goes: results on standard output, problems on standard error."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # no city's name ends a run on a terminal that cannot show it
        self.console = Output(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 120)
        self.errors = Output(stderr=True, highlight=False, emoji=False)
        self.start = time.perf_counter()
        self.verbose = self.traceback = self.goes_on = False
        self.title: str | None = None
        self.nothing_changed = "nothing was replaced"

    def show(self, screen: Screen) -> None:
        """Show what the settings of a command ask for."""
        self.console.quiet, self.traceback = screen.quiet, screen.traceback
        self.verbose = getattr(screen, "verbose", False)

    def line(self, text: str = "") -> None:
        """Print a line of markup, whatever values it has; on a terminal it wraps at words, below its beginning."""
        indent = len(text) - len(text.lstrip(" "))
        if self.console.is_terminal and indent:
            self.console.print(Padding(printable(text[indent:]), (0, 0, 0, indent), expand=False))
        else:
            self.console.print(printable(text), soft_wrap=not self.console.is_terminal)

    def code(self, text: str, indent: str = "") -> None:
        """Print SQL or JSON; on a terminal, a line that is too long breaks where it stays the same."""
        for line in text.splitlines():
            begins = indent + line[: len(line) - len(line.lstrip(" "))]
            comment = "-- " if line.lstrip().startswith("-- ") else "  "
            lines = self.broken(indent + line, begins + comment) if self.console.is_terminal else [indent + line]
            self.console.print("\n".join(lines), markup=False, soft_wrap=True)

    def broken(self, text: str, indent: str, room: int = 0) -> list[str]:
        """Break a text between words into lines that fit, with so much room left; all but the first are indented."""
        words = re.findall(r"\S+" if indent.endswith("-- ") else r"(?:'[^']*'|\S)+", text)  # what is quoted is a word
        lines = [text[: len(text) - len(text.lstrip(" "))] + "".join(words[:1])]
        for word in words[1:]:
            if len(lines[-1]) + 1 + len(word) + room <= self.console.width:
                lines[-1] += f" {word}"
            else:
                lines.append(indent + word)
        return lines

    def error(self, text: str) -> None:
        """Say in one line what is wrong and what to do, and in which step it happened."""
        step = f" in the step '{self.title}'" if self.title else ""
        self.problem(f"[red]error{step}:[/]", text)

    def problem(self, mark: str, text: str) -> None:
        """Say in one line what is wrong, whatever it repeats, but never the salt."""
        text = escape(on_one_line(without_salt(text)))
        self.errors.print(f"{mark} {text}", soft_wrap=not self.errors.is_terminal)

    def agrees(self, question: str) -> bool:
        """Ask a question, which stands on standard error; only y and yes agree."""
        with suppress(EOFError):
            return self.errors.input(question, markup=False).strip().lower() in ("y", "yes")
        return False

    def warning(self, text: str) -> None:
        """Warn in one line of what does not end the run."""
        self.problem("[yellow]warning:[/]", text)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while it goes on; once it is done, show what came out and how long it took."""
        start = time.perf_counter()
        self.title = title
        with self.console.status(f"{title} ...") as status:
            step = Step(title, status)
            yield step
        self.title = None
        text = f"{title}: {step.result}" if step.result else title
        mark = "[green]✓[/]" if step.is_good else "[red]✗[/]"
        self.item(mark, escape(text), f"[dim]({time.perf_counter() - start:.1f} s)[/]")

    def item(self, mark: str, text: str, end: str = "") -> None:
        """Print a mark, a text and its end (all markup); on a terminal, the text wraps below its own beginning."""
        if not self.console.is_terminal:
            self.line(f"{mark} {text} {end}".rstrip(" "))
            return
        grid = Table.grid(padding=(0, 1))
        for column in (mark, text, end) if end else (mark, text):
            grid.add_column(no_wrap=column is not text)
        grid.add_row(mark, printable(text), *([end] if end else []))
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
                self.line(
                    f"  [red]✗ {escape(check.sentence)}[/] {counted(check.violations, 'violating row')}, by {file}"
                )
                for row in check.violating_rows:
                    self.line("      " + ", ".join(f"{name} {escape(plain(value))}" for name, value in row.items()))
            elif self.verbose:
                self.line(f"  [green]✓[/] {escape(check.sentence)}")
        if not checks:
            self.item("[yellow]![/]", "The checks were skipped: nothing was checked.")

    def use_cases(self, use_cases: Sequence[UseCase]) -> None:
        """Print each question and its answer; with --verbose the first rows behind it, too."""
        self.line()
        for use_case in use_cases:
            answer = escape(plain(use_case.answer, MAX_ANSWER))
            if not self.verbose:
                number = f"{use_case.name.partition('_')[0]}."
                self.item(f"[bold]{number}[/]", f"[bold]{escape(use_case.question)}[/]")
                self.item(" " * len(number), answer)
                continue
            self.line(f"[bold]{escape(use_case.question)}[/] {escape(use_case.who_asks)}")
            self.line(answer)
            self.table(use_case.columns, [row.values() for row in use_case.rows])
            if use_case.total > len(use_case.rows):
                self.line(f"[dim]the first {len(use_case.rows)} of {use_case.total:,} rows[/]")
            self.line()

    def outcome(self, outcome: Outcome, draws: Draws) -> None:
        """Print the match rate, the overlap, and the five tables with their row counts."""
        customers = outcome.merchant_only + outcome.both_parties
        self.line()
        if customers:
            self.line(
                f"Match rate: {percent(outcome.both_parties / customers)} (target {percent(draws.match_rate)}), "
                f"{outcome.both_parties:,} of the merchant's {counted(customers, 'customer')}."
            )
            if outcome.holders:
                share = f"{percent(outcome.altered / outcome.holders)} (target {percent(draws.identity_noise)})"
                self.line(
                    f"Identity noise: {share}, {outcome.altered:,} of the "
                    f"{counted(outcome.holders, 'wallet holder')} gave their email in another form."
                )
        else:
            self.line("There is no match rate: none of the merchant's users has an email.")
        self.line(
            f"Overlap: {counted(outcome.both_parties, 'person', 'people')}; merchant only: {outcome.merchant_only:,}; "
            f"provider only: {outcome.provider_only:,}."
        )
        days = {str(outcome.first_order): None, str(outcome.last_order): None}
        self.line(f"\nFive tables, with orders from {' to '.join(days)}, by seed {draws.seed}:")
        width = max(len(table.partition(".")[0]) for table in outcome.row_counts)
        for dataset, tables in groupby(outcome.row_counts.items(), lambda each: each[0].partition(".")[0]):
            counts = " · ".join(f"{table.partition('.')[2]} {rows:,}" for table, rows in tables)
            self.line(f"  {dataset:<{width}}  {counts}")

    def look(self, notices: Sequence[str], bytes_to_read: int | None) -> None:
        """Print what to know of the source; and what it costs to read it, where BigQuery is billed.

        The cost is in BigQuery's own unit, and in dollars beyond the free TiB of a month.
        """
        self.notices(notices)
        if bytes_to_read is not None:
            size = f"{bytes_to_read / (1 << 20):,.0f} MiB"
            self.line(f"This run reads at most {size} of the source: {price_of(bytes_to_read)}.")

    def end(
        self,
        settings: MakeSettings,
        warehouse: Warehouse,
        window: Window,
        checks: Sequence[Check],
        answers: Sequence[UseCase],
        outcome: Outcome,
        advice: Sequence[str],
    ) -> None:
        """Print what came out: the red checks, the answers, the tables, what was billed, and what to type next."""
        self.checks(checks)
        self.use_cases(answers)
        self.outcome(outcome, settings.draws)
        self.notices(advice)
        self.line(f"\nDone in {time.perf_counter() - self.start:.1f} s.")
        flags = settings.place.flags
        for what, path in {
            "The report": not settings.report.no_report and settings.report.report,
            "The Parquet files": settings.result.export,
        }.items():
            if path:
                self.line(f"{what}: {escape(str(path))}")
        lines = {
            "Query the tables": warehouse.how_to_query,
            "Compare how companies normalize emails": settings.draws.identity_noise and f"uv run dcr identity{flags}",
            "The same days again": window.is_chosen
            and f"uv run dcr make{flags}{settings.snapshot.run_flags}{window.flags}",
            "Rehearse the clean room": f"uv run dcr rehearse{flags}{settings.snapshot.flags}",
        }
        self.next({what: command for what, command in lines.items() if command})
        if warehouse.is_billed:
            self.line(f"BigQuery billed {warehouse.bytes_billed() / (1 << 20):,.0f} MiB for the queries of this run.")
        if red := sum(check.violations > 0 for check in checks):
            words = f"{red} of {counted(len(checks), 'check')} {'is' if red == 1 else 'are'} red"
            self.line(f"[red]✗ {words}: do not show these tables to anyone.[/]")

    def next(self, commands: Mapping[str, str]) -> None:
        """Print what one may type next, at the end of a command; not where another command follows at once."""
        for what, command in () if self.goes_on else commands.items():
            text = f"{what}: {command}"
            if self.console.is_terminal and len(text) > self.console.width:  # a shell reads on after a backslash
                text = f"{what}:\n  " + " \\\n".join(self.broken(command, "    ", room=4))
            self.console.print(escape(printable(text)), soft_wrap=True)

    def marked_table(self, columns: Sequence[str], rows: Sequence[Sequence[tuple[str, bool]]]) -> None:
        """Print texts; those that are marked are red."""
        table = Table(*columns)
        for row in rows:
            table.add_row(*(f"[red]{escape(text)}[/]" if is_red else escape(text) for text, is_red in row))
        self.console.print(table)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows; numbers to the right."""
        self.console.print(table_of(columns, rows))


def price_of(bytes_read: int) -> str:
    """What BigQuery bills for reading so many bytes, beyond the free TiB of a month."""
    return f"${bytes_read / (1 << 40) * PRICE:,.2f} at the on-demand rate of ${PRICE} per TiB"


def table_of(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> Table:
    """Draw rows; numbers to the right."""
    table = Table(*map(escape, columns), title=title, title_justify="left")
    for row in rows:
        for column, value in zip(table.columns, row, strict=True):
            column.justify = "right" if re.fullmatch(NUMBER, plain(value)) else "left"
        table.add_row(*(escape(plain(value)) for value in row))
    return table
