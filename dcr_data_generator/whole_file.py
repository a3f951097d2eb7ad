"""Writes a file that takes the place of an earlier one only once it is whole."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

unfinished_files: set[Path] = set()


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Give a new file in the same folder, which is moved over the path when the block ends, and removed if it raises.

    Its name is nobody else's: no file and no link of a person's is written to.

    Raises:
        OSError: the folder cannot be made, or the file cannot be written or moved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{secrets.token_hex(8)}.unfinished")
    file = unfinished.open("xb")
    unfinished_files.add(unfinished)
    try:
        with file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
        unfinished_files.discard(unfinished)


def remove_unfinished() -> None:
    """Remove what threads are still writing: for whoever ends the process without waiting for them."""
    for path in tuple(unfinished_files):
        path.unlink(missing_ok=True)
