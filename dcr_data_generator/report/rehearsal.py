"""The answers of the last rehearsal, saved for the report."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dcr_data_generator.use_cases import UseCase
from dcr_data_generator.whole_file import write_whole


class Answered(NamedTuple):
    """A use case's open and protected answer, with their columns and first rows, and one line per withheld group."""

    use_case: str
    query: str
    open_columns: list[str]
    open_rows: list[list[object]]
    protected_columns: list[str]
    protected_rows: list[list[object]]
    withheld: list[str]


def path_of(project: str, directory: Path) -> Path:
    """Where the rehearsal of a project is saved."""
    return directory / f"rehearsal_{project}.json"


def save_rehearsal(answers: Sequence[Answered], path: Path) -> None:
    """Save the answers of a rehearsal."""
    text = json.dumps([answer._asdict() for answer in answers], default=str, indent=1)
    with write_whole(path) as file:
        file.write(text.encode())


def read_rehearsal(path: Path, use_cases: Sequence[UseCase]) -> list[Answered]:
    """Read the saved answers to the use cases whose open answers have not changed since."""
    if not path.is_file():
        return []
    current = {use_case.name: json.loads(json.dumps(rows_of(use_case), default=str)) for use_case in use_cases}
    answers = [Answered(**answer) for answer in json.loads(path.read_text(encoding="utf-8"))]
    return [answer for answer in answers if current.get(answer.use_case) == answer.open_rows]


def rows_of(use_case: UseCase) -> list[list[object]]:
    """The first rows of an open answer, rounded: a sum may differ in its last digit between two runs."""
    return [[round(value, 6) if isinstance(value, float) else value for value in row.values()] for row in use_case.rows]
