"""A terminal of some width: what a person sees there."""

import os
import pty
import re
import termios
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from threading import Thread

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
SPINNER = re.compile("[⠀-⣿]")


@contextmanager
def screen(columns: int) -> Iterator[list[str]]:
    """Show what is printed on a terminal; the lines are complete when the block ends, without colours and spinners."""
    lines: list[str] = []
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    shown: list[bytes] = []

    def read() -> None:
        while True:
            try:
                shown.append(os.read(ours, 4096))
            except OSError:  # Linux's way to say that the other side is closed
                return

    reader = Thread(target=read)
    reader.start()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, redirect_stdout(stream), redirect_stderr(stream):
        yield lines
    reader.join()
    os.close(ours)
    text = CONTROL.sub("", b"".join(shown).decode())
    lines += [line.rstrip() for line in text.splitlines() if not SPINNER.search(line)]
