"""Writes files that replace an earlier one only once they are complete."""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from dcr_data_generator.warehouse import modes

OLD_SECONDS = 3600
unfinished_files: set[Path] = set()


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `path`, which replaces `path` when the block ends and is removed if the block raises.

    Its random name is not taken: no other file and no link is written to. Its mode is that of an earlier file, without
    the readers who may not read what it is made of.

    Raises:
        OSError: the folder cannot be created, or the file cannot be written or moved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    unfinished = path.with_name(f".{secrets.token_hex(8)}.unfinished")
    file = unfinished.open("xb")
    unfinished_files.add(unfinished)
    try:
        with file:
            if path.exists():
                unfinished.chmod(modes.allowed(path.stat().st_mode))
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
        unfinished_files.discard(unfinished)


def remove_abandoned(folder: Path) -> None:
    """Remove what runs that were killed have left in a folder, an hour later."""
    for path in folder.glob(".*.unfinished"):
        with suppress(OSError):  # somebody else's, or removed since
            is_old = time.time() - path.lstat().st_mtime > OLD_SECONDS
            if is_old and re.fullmatch(r"\.[0-9a-f]{16}\.unfinished", path.name) and path.is_file():
                path.unlink()


def is_ours(path: Path, mark: bytes) -> bool:
    """Whether a file may be replaced: it has the mark of ours in its first 1,000 bytes, or there is nothing to lose."""
    if not path.exists():
        return True
    if not path.is_file():  # nobody may ever write to a pipe
        return False
    with path.open("rb") as file:
        start = file.read(1000)
    return not start or mark in start


def remove_unfinished() -> None:
    """Remove the files that other threads are still writing, for a process that ends without waiting for them."""
    for path in tuple(unfinished_files):
        path.unlink(missing_ok=True)
