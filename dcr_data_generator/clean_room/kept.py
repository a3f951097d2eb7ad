"""The answers of the last rehearsal, kept for the report: it needs no SQL engine to read them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dcr_data_generator.use_cases import UseCase

if TYPE_CHECKING:  # it brings the SQL engine along
    from dcr_data_generator.clean_room.rehearsal import Rehearsed


class Answered(NamedTuple):
    """A use case's open and protected answer, their columns and first rows, and what was withheld, a line each."""

    use_case: str
    query: str
    open_columns: list[str]
    open_rows: list[list]
    protected_columns: list[str]
    protected_rows: list[list]
    withheld: list[str]


def path_of(project: str, directory: Path) -> Path:
    """Where the answers of a project's rehearsal are kept."""
    return directory / f"rehearsal_{project}.json"


def keep(rehearsed: Sequence["Rehearsed"], path: Path) -> None:
    """Keep the answers of a rehearsal."""
    answers = [
        Answered(
            one.open.name,
            one.query.name,
            one.open.columns,
            rows_of(one.open),
            one.reply.answer.columns,
            [list(row) for row in one.reply.answer.rows[: len(one.open.rows)]],
            one.reply.withheld,
        )._asdict()
        for one in rehearsed
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(answers, default=str, indent=1))


def read(path: Path, use_cases: Sequence[UseCase]) -> list[Answered]:
    """Read the answers that still hold: those to the use cases whose open answers are the same as then."""
    if not path.is_file():
        return []
    now = {use_case.name: json.loads(json.dumps(rows_of(use_case), default=str)) for use_case in use_cases}
    answers = [Answered(**answer) for answer in json.loads(path.read_text())]
    return [answer for answer in answers if now.get(answer.use_case) == answer.open_rows]


def rows_of(use_case: UseCase) -> list[list]:
    """The first rows of an open answer, rounded: a sum may differ in its last digit when it is made again."""
    return [[round(value, 6) if isinstance(value, float) else value for value in row.values()] for row in use_case.rows]
