"""What a person sees of a rehearsal."""

import re
import statistics
from collections.abc import Sequence
from itertools import groupby

from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from dcr_data_generator.clean_room.googlesql import Answer
from dcr_data_generator.clean_room.rehearsal import Attempt, Noise, Rehearsed
from dcr_data_generator.clean_room.room import Reply
from dcr_data_generator.terminal import NUMBER, Terminal, plain

MOST_ROWS = 5


def use_cases(terminal: Terminal, rehearsed: Sequence[Rehearsed]) -> None:
    """Print each use case: the open answer beside the protected one, what was withheld, and the noise."""
    for use_case, asked in groupby(rehearsed, key=lambda one: one.open):
        terminal.line(f"\n[bold]{escape(use_case.question)}[/] {escape(use_case.who_asks)}")
        for one in asked:
            terminal.line(f"[dim]{escape(' '.join(one.query.comment))}[/]")
            open_rows = [row.values() for row in use_case.rows]
            side_by_side(
                terminal,
                result("open", use_case.columns, open_rows, use_case.total),
                answer("protected", one.reply.answer),
            )
            withheld(terminal, one.reply)
            noise(terminal, one.noise)


def reply(terminal: Terminal, given: Reply) -> None:
    """Print what a subscriber gets to a question of their own."""
    terminal.console.print(answer("protected", given.answer, most_rows=50))
    withheld(terminal, given)


def withheld(terminal: Terminal, given: Reply) -> None:
    """Print what the rules withheld."""
    for line in given.withheld:
        terminal.line(f"  [yellow]•[/] {escape(line)}")
    if not given.withheld:
        terminal.line("  Nothing was withheld.")


def noise(terminal: Terminal, groups: Sequence[Noise]) -> None:
    """Print the noise against the truth, a line a group."""
    if not groups:
        return
    asked = max(len(group.draws) for group in groups)
    table = Table(
        "group", "column", "truth", "mean", "least", "most", "spread", title=f"{asked} draws against the truth"
    )
    table.title_justify = "left"
    for column in table.columns[2:]:
        column.justify = "right"
    for group in groups:
        draws = group.draws
        figures = group.truth, statistics.fmean(draws), min(draws), max(draws), statistics.pstdev(draws)
        table.add_row(escape(group.group), escape(group.column), *(plain(figure) for figure in figures))
    terminal.console.print(table)


def attempts(terminal: Terminal, tried: Sequence[Attempt]) -> None:
    """Print each attempt that must fail, with the reason why it does."""
    terminal.line("\n[bold]What a subscriber tries, and does not get[/]")
    for one in tried:
        comment = escape(" ".join(one.query.comment))
        if one.got_through:
            terminal.line(f"  [red]✗ {comment}[/] {one.query.name}: {escape(one.reason)}")
        else:
            terminal.line(f"  [green]✓[/] {comment}\n    [yellow]{escape(one.reason)}[/]")


def answer(title: str, given: Answer, most_rows: int = MOST_ROWS) -> Table:
    """Draw an answer."""
    return result(title, given.columns, given.rows, len(given.rows), most_rows)


def result(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], total: int, most_rows: int = MOST_ROWS
) -> Table:
    """Draw the first rows of a result; numbers to the right."""
    shown = list(rows)[:most_rows]
    of_all = f", the first {len(shown)} of {total:,} rows" if total > len(shown) else ""
    table = Table(*map(escape, columns), title=f"{title}{of_all}", title_justify="left")
    for row in shown:
        for column, value in zip(table.columns, row, strict=True):
            column.justify = "right" if re.fullmatch(NUMBER, plain(value)) else "left"
        table.add_row(*(escape(plain(value)) for value in row))
    return table


def side_by_side(terminal: Terminal, *tables: Table) -> None:
    """Print tables beside one another, or below where the terminal is too narrow."""
    widths = [Measurement.get(terminal.console, terminal.console.options, table).maximum for table in tables]
    if sum(widths) + 2 * len(tables) > terminal.console.width:
        for table in tables:
            terminal.console.print(table)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_row(*tables)
    terminal.console.print(grid)
