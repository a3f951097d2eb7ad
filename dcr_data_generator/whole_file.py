"""Writes files that replace an earlier one only once they are complete."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# What a run that was killed has left is removed by a later one, when nobody can be writing it any more.
SECONDS_TO_KEEP = 3600

unfinished_files: set[Path] = set()


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `path`, which replaces `path` when the block ends and is removed if the block raises.

    Its random name is not taken: no other file and no link is written to. Its mode is that of an earlier file.

    Raises:
        OSError: the folder cannot be created, or the file cannot be written or moved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{'[0-9a-f]' * 16}.unfinished"):
        with suppress(OSError):  # it is another person's, or another run removes it, too
            if time.time() - left.lstat().st_mtime > SECONDS_TO_KEEP:
                left.unlink()
    unfinished = path.with_name(f".{secrets.token_hex(8)}.unfinished")
    file = unfinished.open("xb")
    unfinished_files.add(unfinished)
    try:
        with file:
            if path.exists():
                unfinished.chmod(path.stat().st_mode)
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
        unfinished_files.discard(unfinished)


def is_ours(path: Path, mark: bytes) -> bool:
    """Whether a file may be replaced: it has the mark of ours in its first 1,000 bytes, or there is nothing to lose."""
    try:
        with path.open("rb") as file:
            start = file.read(1000)
    except FileNotFoundError:
        return True
    return not start or mark in start


def remove_unfinished() -> None:
    """Remove the files that other threads are still writing, for a process that ends without waiting for them."""
    for path in tuple(unfinished_files):
        path.unlink(missing_ok=True)
