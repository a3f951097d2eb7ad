"""The modes of files: what is written is as private as what it is made of."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Whether a group, or everybody else, may read a file; and what neither of them may do where they may not.
READERS = {0o040: 0o070, 0o004: 0o007}
# What the blocks that are open forbid.
forbidden_bits: list[int] = []


@contextmanager
def as_private_as(paths: Iterable[Path]) -> Iterator[None]:
    """Give the files that the block makes no readers who may not read all of these; Windows has other rights."""
    forbidden = 0
    for path in paths:
        with suppress(OSError):  # who needs it will say what is wrong
            mode = path.stat().st_mode
            forbidden |= sum(bits for reader, bits in READERS.items() if not mode & reader)
    before = os.umask(0o777)
    os.umask(before | forbidden)
    forbidden_bits.append(forbidden)
    try:
        yield
    finally:
        os.umask(before)
        forbidden_bits.pop()


def allowed(mode: int) -> int:
    """The mode of a file that is replaced, without the readers who may not read what the new one is made of."""
    for forbidden in forbidden_bits:
        mode &= ~forbidden
    return mode


def make_private(path: Path) -> None:
    """Take from a file, if it is there, the readers that a new file would not have."""
    forbidden = os.umask(0o777)
    os.umask(forbidden)
    with suppress(OSError):
        path.chmod(path.stat().st_mode & ~(forbidden & 0o077))
