"""The package's SQL: each file is one statement that runs as it stands in the BigQuery console, too."""

from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Query(NamedTuple):
    """A file of SQL: its name, the lines of its first comment, and its text."""

    name: str
    comment: list[str]
    text: str


def read(file: str) -> Query:
    """Read a file, such as "snapshot/orders"."""
    path = FOLDER / f"{file}.sql"
    text = path.read_text()
    comment = [line.removeprefix("-- ") for line in takewhile(lambda line: line.startswith("--"), text.splitlines())]
    return Query(path.stem, comment, text)


def read_folder(folder: str) -> list[Query]:
    """Read the files of a folder, by name."""
    return [read(f"{folder}/{path.stem}") for path in sorted((FOLDER / folder).glob("*.sql"))]
