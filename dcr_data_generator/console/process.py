"""How a run ends early, and how the process ends: signals, deadlines, and what has to be cleared up."""

import logging
import math
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from dcr_data_generator.console import temporary
from dcr_data_generator.console.terminal import Step, Terminal
from dcr_data_generator.errors import CauseNote, ChangesNote, UserError, missing_group
from dcr_data_generator.output import whole_file

if TYPE_CHECKING:  # it imports BigQuery's client, which is slow
    from dcr_data_generator.warehouse.warehouse import Warehouse

REPEAT_SECONDS = 0.5
# So long a command that ends early may clear up. It may be a silent service that it asks to.
CLEARING_SECONDS = 3
# Windows has none: there, only the client's own timeouts end a step.
DEADLINE: signal.Signals | None = getattr(signal, "SIGALRM", None)
HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)


class Stopped(BaseException):
    """A signal asks the run to stop.

    Like KeyboardInterrupt it is not an Exception, so that no library takes it for an error to retry.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        # What a shell reports of a command that a signal ended.
        self.status = 128 + signal_number


class TimedOut(BaseException):
    """A step, or what is between two steps, did not end within its deadline."""


@contextmanager
def handle_signals() -> Iterator[None]:
    """Raise Stopped on SIGINT, SIGTERM and SIGHUP, and TimedOut at the deadline, while the block is in the main thread.

    Python ignores an exception raised in a finalizer or in a callback of some libraries, so it is raised again and
    again, except while a block that it interrupted clears up, for some seconds; what was ignored is not printed.
    Temporary files go to a folder of the run's own, which is removed at the end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stops: list[Stopped] = []
    first = [math.inf]

    def interrupt(signal_number: int, _: FrameType | None) -> None:
        if signal_number != DEADLINE:
            stops.append(Stopped(signal_number))
        set_deadline(REPEAT_SECONDS)
        first[0] = min(first[0], time.monotonic())
        if not is_interrupted() or time.monotonic() - first[0] > CLEARING_SECONDS:
            raise stops[0] if stops else TimedOut

    def print_others(unraisable: Any) -> None:  # noqa: ANN401
        if not isinstance(unraisable.exc_value, Stopped | TimedOut):
            print_ignored(unraisable)

    print_ignored = sys.unraisablehook
    # Under nohup, a run goes on when its terminal is closed.
    hangup = HANGUP if HANGUP and signal.getsignal(HANGUP) != signal.SIG_IGN else None
    with ExitStack() as stack:
        for number in filter(None, (signal.SIGINT, signal.SIGTERM, hangup, DEADLINE)):
            stack.callback(signal.signal, number, signal.signal(number, interrupt))
        stack.callback(setattr, sys, "unraisablehook", print_ignored)
        sys.unraisablehook = print_others
        stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = stack.enter_context(temporary.folder())
        stack.callback(set_deadline, 0)
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end the block, and nothing else."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGINT, before)


def is_interrupted() -> bool:
    """Whether the code that is running handles a Stopped or a TimedOut, or an error raised while it did."""
    error = sys.exception()
    while error and not isinstance(error, Stopped | TimedOut):
        error = error.__context__
    return error is not None


def set_deadline(seconds: float) -> None:
    """Raise TimedOut in so many seconds, and again until the deadline is set again; 0 means no deadline.

    Where no `handle_signals` is open there is none: its signal would end the process without a word.
    """
    if DEADLINE and threading.current_thread() is threading.main_thread() and callable(signal.getsignal(DEADLINE)):
        signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT_SECONDS if seconds else 0)


class Limit:
    """How many seconds a step of this process, and what is between two steps, may take."""

    seconds: float = 0


def allow(seconds: float | None = None) -> None:
    """Let what follows take so many seconds, or as many as what was before it."""
    Limit.seconds = Limit.seconds if seconds is None else seconds
    set_deadline(Limit.seconds)


@contextmanager
def step(terminal: Terminal, seconds: float, title: str) -> Iterator[Step]:
    """Show a step on the terminal, and raise TimedOut when it takes longer than this.

    What comes after it, up to the next step, may take as long.
    """
    with terminal.step(title) as step:
        allow(seconds)
        try:
            yield step
        finally:
            allow()


@contextmanager
def connected(
    place: "AbstractContextManager[Warehouse]", step: Callable[[str], AbstractContextManager[Step]]
) -> "Iterator[Warehouse]":
    """Connect to a place, in a step that says which one it is."""
    with ExitStack() as stack:
        with step("Connect") as done:
            warehouse = stack.enter_context(place)
            done.result = warehouse.name
        yield warehouse


def run_safely(command: Callable[[Terminal], int]) -> int:
    """Run a command, and end it in one line on standard error when it fails; returns the exit status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the user has closed it
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    terminal = Terminal()
    try:
        with handle_signals(), showing_warnings(terminal):
            try:
                return run_to_an_end(command, terminal)
            except Stopped as stop:
                terminal.error(f"stopped by {stop}{consequence(stop, terminal)}")
                return stop.status
    except UserError as error:  # nothing temporary can be written
        terminal.error(str(error))
        return error.status


@contextmanager
def showing_warnings(terminal: Terminal) -> Iterator[None]:
    """Show what modules below the terminal warn of."""
    handler = logging.Handler()
    handler.emit = lambda record: terminal.warning(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("dcr_data_generator")
    # Whatever the embedded BigQuery makes of the root logger.
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def run_to_an_end(command: Callable[[Terminal], int], terminal: Terminal) -> int:
    """Run a command that no signal stops."""
    try:
        return command(terminal)
    except UserError as error:
        # Before the first step, nothing can have been replaced.
        terminal.error(f"{error}{consequence(error, terminal) if terminal.title or noted(error) else ''}")
        return error.status
    except (TimedOut, TimeoutError) as error:
        causes = [note for note in getattr(error, "__notes__", []) if isinstance(note, CauseNote)]
        cause = f", because {causes[-1]}" if causes else ": run again, or give a longer one"
        terminal.error(f"this took longer than --timeout allows{cause}{consequence(error, terminal)}")
    except BrokenPipeError as error:  # such as that of `| head -1`
        terminal.error(f"nobody reads the output: the command ends early{consequence(error, terminal)}")
    except OSError as error:
        text = f"the output cannot be written ({error.strerror})" if is_of_printing(error) else temporary.explain(error)
        terminal.error(f"{text}{consequence(error, terminal)}")
    except Exception as error:
        # The last net of every command, and the only place that catches everything: what comes here was not foreseen.
        # The user gets a line that names it and its place, and status 2, as for any error.
        terminal.error(f"{describe(error)}{consequence(error, terminal)}")
        if terminal.traceback:
            traceback.print_exception(error)
    return 2


def is_of_printing(error: OSError) -> bool:
    """Whether an error comes from what prints, such as to a disk that is full."""
    frames = traceback.extract_tb(error.__traceback__)
    return not {"rich", "click", "rich_click"}.isdisjoint(Path(frames[-1].filename).parts)


def describe(error: Exception) -> str:
    """Say what an error is that was not foreseen, or what is missing, or what Google's client cannot read."""
    if isinstance(error, ModuleNotFoundError) and (group := missing_group(error.name)):
        return f"{error.name} is not installed: run `uv sync --group {group}`"
    if isinstance(error, MemoryError):
        return "there is not enough memory: give fewer --days, or raise the limit (`ulimit -v`)"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return "no more threads can be started: raise the limit of processes (`ulimit -u`), or of memory (`ulimit -v`)"
    frames = traceback.extract_tb(error.__traceback__)
    text = f"{type(error).__name__} ({error!s:.300})"
    if is_of_google_s_client(frames):
        return (
            f"an answer cannot be read, {text}: what answers is not BigQuery, or a proxy changes what it says; check "
            "the network, then run again"
        )
    place = f"{frames[-1].filename}, line {frames[-1].lineno}"
    return f"unexpected {text} in {place}: run again; if it stays, report this line"


def is_of_google_s_client(frames: Sequence[traceback.FrameSummary]) -> bool:
    """Whether an error comes from Google's client, which this program called last."""
    ours = Path(__file__).parents[1]
    last = max((place for place, each in enumerate(frames) if ours in Path(each.filename).parents), default=-1)
    return any({"site-packages", "google"} <= {*Path(each.filename).parts} for each in frames[last + 1 :])


def consequence(error: BaseException, terminal: Terminal) -> str:
    """What was changed before an error, as the connection to BigQuery has noted it on the error."""
    return f" ({noted(error) or terminal.nothing_changed})"


def noted(error: BaseException) -> str | None:
    """What is noted on an error of what was changed."""
    return next((note for note in reversed(getattr(error, "__notes__", [])) if isinstance(note, ChangesNote)), None)


def exit_with(main: Callable[[], int]) -> NoReturn:
    """Run the program and end the process without waiting for threads: one may hang in a request.

    Libraries' warnings are not the user's: none is printed, and none ends the program, whatever PYTHONWARNINGS says.
    """
    warnings.simplefilter("ignore")
    try:
        status = main()
    except SystemExit as end:  # click ends the program so where nobody reads the output
        status = 2 if end.code else 0
    except OSError:  # nobody reads the output, or what is said about an error
        status = 2
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    whole_file.remove_unfinished()
    os._exit(status)
