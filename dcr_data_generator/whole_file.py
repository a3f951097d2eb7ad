"""Writes files that replace an earlier one only once they are complete."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

unfinished_files: set[Path] = set()


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `path`, which replaces `path` when the block ends and is removed if the block raises.

    Its random name is not taken: no other file and no link is written to.

    Raises:
        OSError: the folder cannot be created, or the file cannot be written or moved.
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
    """Remove the files that other threads are still writing, for a process that ends without waiting for them."""
    for path in tuple(unfinished_files):
        path.unlink(missing_ok=True)
