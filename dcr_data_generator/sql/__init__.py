"""The package's SQL: each file is one statement. sql/README.md says what runs where.

What a file says about itself stands in its first lines, in comments with a name: `-- question: ...`.
"""

import re
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import suffixed

FOLDER, QUESTIONS = Path(__file__).parent, "questions"
# The names of the files, one a line: one that is missing from a folder would be missed by nobody.
FILES = FOLDER / "files.txt"


class Query(NamedTuple):
    """A file of SQL: its name, its named comments, its text, and its path below sql/.

    A question's files are named for its folder, and subscriber_private.sql for its folder and `_private`.
    """

    name: str
    comments: dict[str, str]
    text: str
    file: str

    def comment(self, name: str) -> str:
        """What the file says about itself under a name. Raises UserError where it says nothing."""
        if name not in self.comments:
            raise UserError(f"{path_of(self.file)} has no comment `-- {name}: ...` in its first lines: put it there")
        return self.comments[name]

    @property
    def question(self) -> str:
        """The folder of the question that the file belongs to."""
        return self.file.split("/")[1]


def path_of(file: str) -> str:
    """The path of a file of SQL, as a user finds it."""
    return f"dcr_data_generator/sql/{file}.sql"


def comments_of(text: str) -> dict[str, str]:
    """What a text of SQL says about itself in its first lines, by the names of the comments."""
    comment = "\n".join(takewhile(lambda line: line.startswith("-- "), text.splitlines()))
    parts = re.split(r"^-- ([a-z]+): ", comment, flags=re.MULTILINE)
    values = [part.strip().replace("\n-- ", " ") for part in parts[2::2]]
    return dict(zip(parts[1::2], values, strict=True))


def read(file: str, suffix: str = "") -> Query:
    """Read a file, such as "snapshot/orders", and put the suffix to the parties' datasets.

    Raises:
        UserError: it cannot be read.
    """
    path = FOLDER / f"{file}.sql"
    try:
        text = suffixed(path.read_text(encoding="utf-8"), suffix)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path_of(file)} cannot be read ({error}): restore it") from None
    name = path.stem
    if file.startswith(f"{QUESTIONS}/"):
        name = path.parent.name + "".join(name.partition("_")[1:])
    return Query(name, comments_of(text), text, file)


def read_folder(folder: str, suffix: str = "") -> list[Query]:
    return [read(f"{folder}/{path.stem}", suffix) for path in sorted((FOLDER / folder).glob("*.sql"))]


def read_questions(file: str, suffix: str = "") -> list[Query]:
    """Read a file of each question that has it, such as "open", or "subscriber*" for all that begin so."""
    paths = sorted((FOLDER / QUESTIONS).glob(f"*/{file}.sql"))
    return [read(f"{QUESTIONS}/{path.parent.name}/{path.stem}", suffix) for path in paths]


# What the files say about themselves: those of sql/checks/, and those of each question.
COMMENTS = {"checks": ("check",), "open": ("question", "asks", "key"), "subscriber": ("explanation",)}


def check_all() -> None:
    """Read every file, before anything is replaced.

    Raises:
        UserError: one is missing, cannot be read, or lacks a comment.
    """
    for file in FILES.read_text(encoding="utf-8").split():
        if not (FOLDER / f"{file}.sql").exists():
            raise UserError(f"{path_of(file)} is missing: restore it")
    for path in sorted(FOLDER.rglob("*.sql")):
        folder = path.parent.relative_to(FOLDER).as_posix()
        query = read(f"{folder}/{path.stem}")
        names = COMMENTS["checks"] if folder.startswith("checks") else COMMENTS.get(path.stem, ())
        for name in names:
            query.comment(name)
