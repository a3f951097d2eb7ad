"""What a person sees: plain lines, with a live status on a terminal."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dcr_data_generator.problem import Problem
from dcr_data_generator.settings import Settings


class Screen:
    """Prints a run as it goes: results on standard output, problems on standard error."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # a city's name must not end a run on a terminal without UTF-8
        self.console = Console(highlight=False)
        self.errors = Console(stderr=True, highlight=False)

    def line(self, text: str = "") -> None:
        """Print a line, which only the terminal itself may break."""
        self.console.print(text, soft_wrap=True)

    def problem(self, problem: Problem) -> None:
        """Say in one line what is wrong and what to do."""
        text = " ".join(str(problem).split())
        self.errors.print(f"[red]error:[/] {escape(text)}", soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step while it goes on, and how long it took once it is done."""
        start = time.perf_counter()
        with self.console.status(f"{title} ..."):
            yield
        self.line(f"[green]✓[/] {title} [dim]({time.perf_counter() - start:.1f} s)[/]")

    def place(self, place: str, settings: Settings) -> None:
        """Say where the run takes place and what it takes."""
        days = f"the {settings.days} days to" if settings.days > 1 else "the day"
        self.line(f"Running on {escape(place)}: {days} {settings.target_date}, seed {settings.seed}.")

    def tables(self, row_counts: Mapping[str, int]) -> None:
        """Show the five tables with their row counts."""
        table = Table("table", "rows")
        table.columns[1].justify = "right"
        for name, count in row_counts.items():
            table.add_row(name, f"{count:,}")
        self.console.print(table)

    def match_rate(self, merchant_only: int, both_parties: int, settings: Settings) -> None:
        """Show the match rate asked for beside the one reached."""
        customers = merchant_only + both_parties
        reached = (
            f"{both_parties / customers:.2%} ({both_parties:,} of {customers:,} customers)" if customers else "none"
        )
        self.line(f"Match rate asked for: {settings.match_rate:.2%}; reached: {reached}.")

    def how_to_query(self, text: str) -> None:
        """Say how to query the data now."""
        self.line(f"Query it: {escape(text)}")
