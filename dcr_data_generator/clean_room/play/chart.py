"""Compares the protected answer with the open one, group by group, for the two charts of the page."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from dcr_data_generator.clean_room.analysis_rules import Answer, Reply, write
from dcr_data_generator.clean_room.play.visitor import Noise
from dcr_data_generator.values import plain

MAX_GROUPS, MAX_ROWS = 12, 50
EVERYONE, MISSING = "everyone", "not in the answer"


class Bar(NamedTuple):
    """A group: its open value, its protected one, why that is missing, draws of it, and what the noise is added to."""

    group: str
    open: float | None
    protected: float | None
    withheld: str
    draws: list[float]
    exact: float | None


class Chart(NamedTuple):
    """Groups on one scale, which begins at `low` and ends at `high`; `measure` is the column that is drawn."""

    measure: str
    bars: list[Bar]
    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value is on the scale, from 0 to 1."""
        return (value - self.low) / ((self.high - self.low) or 1)


class Table(NamedTuple):
    """The first rows of an answer as texts, how many there are, and which the protected answer does not have."""

    columns: list[str]
    rows: list[list[str]]
    total: int
    missing: list[bool]


def chart_of(open_answer: Answer, reply: Reply, noise: Noise | None = None) -> Chart | None:
    """Draw the first figure of each group; None where an answer is no list of groups with figures."""
    protected = reply.answer or Answer([], [])
    if protected.columns != open_answer.columns or not (0 < len(open_answer.rows) <= MAX_GROUPS):
        return None
    numbers = [place for place in range(len(open_answer.columns)) if is_number(open_answer, place)]
    decimals = [place for place in numbers if any(isinstance(row[place], float | Decimal) for row in open_answer.rows)]
    if not numbers:
        return None
    measure = (decimals or numbers)[0]
    opened, shown = (figures_of(answer, numbers, measure) for answer in (open_answer, protected))
    if len(opened) != len(open_answer.rows):
        return None
    draws = [figures_of(draw, numbers, measure) for draw in noise.draws] if noise else []
    exact = figures_of(noise.exact, numbers, measure) if noise else {}
    bars = [
        Bar(
            group,
            opened.get(group),
            shown.get(group),
            "" if shown.get(group) is not None else withheld(group, reply),
            [value for draw in draws if (value := draw.get(group)) is not None],
            exact.get(group),
        )
        for group in dict.fromkeys([*opened, *shown])
    ]
    values = [value for bar in bars for value in (bar.open, bar.protected, bar.exact, *bar.draws) if value is not None]
    return Chart(open_answer.columns[measure], bars, min([*values, 0.0]), max([*values, 0.0]))


def is_number(answer: Answer, place: int) -> bool:
    """Whether a column has numbers and nothing else."""
    values = [row[place] for row in answer.rows if row[place] is not None]
    return bool(values) and all(type(value) in (int, float, Decimal) for value in values)  # bool is an int, too


def figures_of(answer: Answer, numbers: Sequence[int], measure: int) -> dict[str, float | None]:
    """The figure of each group, which is named by what is no number."""
    return {
        ", ".join(write(value) for place, value in enumerate(row) if place not in numbers) or EVERYONE: (
            None if row[measure] is None else float(row[measure])
        )
        for row in answer.rows
    }


def withheld(group: str, reply: Reply) -> str:
    """Why a group is missing, as the reply says; it says so only where it was counted."""
    lines = (line.removeprefix(f"{group}: ") for line in reply.withheld if line.startswith(f"{group}: "))
    return next(lines, MISSING)


def table_of(answer: Answer, kept: Answer | None = None) -> Table:
    """The first rows of an answer, marked where the answer that is kept does not have them."""
    texts = [list(map(text_of, row)) for row in answer.rows[:MAX_ROWS]]
    others = None if kept is None else {tuple(map(text_of, row)) for row in kept.rows}
    missing = [others is not None and tuple(row) not in others for row in texts]
    return Table(answer.columns, texts, len(answer.rows), missing)


def text_of(value: object) -> str:
    """A value as the page shows it: decimals with two digits, all else as BigQuery prints it."""
    return plain(value) if isinstance(value, float) else plain(write(value))
