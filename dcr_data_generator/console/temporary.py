"""The folder for the temporary files of a run. The folders of runs that were killed are removed by the next run."""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dcr_data_generator.errors import UserError

try:
    import fcntl
except ModuleNotFoundError:  # Windows has none: there, a file that is open cannot be deleted
    fcntl = None  # type: ignore[assignment]

PREFIX, MARKER = "dcr_data_generator_", "in_use"
# A folder without the marker may be of a run that is starting, or of an earlier version of the program.
OLD_SECONDS = 86_400
NO_SPACE = "no temporary file can be written in {}: free some space, or set TMPDIR to another folder"


@contextmanager
def folder() -> Iterator[str]:
    """Make a folder that is removed at the end.

    Raises:
        UserError: no temporary file can be written.
    """
    with ExitStack() as stack:
        try:
            remove_abandoned(Path(tempfile.gettempdir()))
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True))
            stack.enter_context(in_use(Path(name)))
        except OSError as error:
            places = os.environ.get("TMPDIR") or "the usual folders"
            raise UserError(f"{NO_SPACE.format(places)} ({error.strerror})") from None
        yield name


@contextmanager
def in_use(directory: Path) -> Iterator[None]:
    """Mark a folder as one that a living process uses: it has a lock, which ends with the process."""
    with ExitStack() as stack:
        if fcntl:
            lock = os.open(directory, os.O_RDONLY)
            stack.callback(os.close, lock)
            with suppress(OSError):  # the file system has no locks
                fcntl.flock(lock, fcntl.LOCK_EX)
        stack.enter_context((directory / MARKER).open("wb"))
        yield


def remove_abandoned(parent: Path) -> None:
    """Remove the folders of the user's runs that were killed."""
    for directory in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or removed by another run
            about = directory.lstat()
            is_mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
            is_known = (directory / MARKER).exists() or time.time() - about.st_mtime > OLD_SECONDS
            if is_mine and is_known and not directory.is_symlink() and is_abandoned(directory):
                shutil.rmtree(directory, ignore_errors=True)


def is_abandoned(directory: Path) -> bool:
    """Whether no living process uses a folder. Raises OSError where one does."""
    if fcntl is None:
        (directory / MARKER).unlink(missing_ok=True)
        return True
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(lock)
    return True


def explain(error: OSError) -> str:
    """Say what an error of the operating system is about. What nobody has foreseen to be full has temporary files."""
    earlier: BaseException | None = error
    while earlier:  # a file that could not be written may be missed when it is removed
        if isinstance(earlier, OSError) and earlier.errno in (errno.ENOSPC, errno.EDQUOT) and not earlier.filename:
            return NO_SPACE.format(tempfile.gettempdir())
        earlier = earlier.__context__
    about = f" ({error.filename})" if error.filename else ""
    return f"I/O error: {error.strerror or type(error).__name__}{about}"
