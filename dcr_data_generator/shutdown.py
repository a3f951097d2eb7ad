"""How a run ends early, and how the process ends: signals, deadlines, and what has to be cleared up."""

import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from dcr_data_generator import whole_file

if TYPE_CHECKING:
    from dcr_data_generator.terminal import Step, Terminal

REPEAT_SECONDS = 0.5
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
    """A step did not end within its deadline."""


@contextmanager
def handle_signals() -> Iterator[None]:
    """Raise Stopped on SIGINT, SIGTERM and SIGHUP, and TimedOut at the deadline, while the block is in the main thread.

    Python ignores an exception raised in a finalizer or in a callback of some libraries, so it is raised again and
    again, except while a block that it interrupted clears up; what was ignored is not printed. Temporary files go to a
    folder of the run's own, which is removed at the end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stops: list[Stopped] = []

    def interrupt(signal_number: int, _: FrameType | None) -> None:
        if signal_number != DEADLINE:
            stops.append(Stopped(signal_number))
        set_deadline(REPEAT_SECONDS)
        if not is_interrupted():
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
        folder = tempfile.TemporaryDirectory(prefix="dcr_data_generator_", ignore_cleanup_errors=True)
        tempfile.tempdir = stack.enter_context(folder)
        stack.callback(set_deadline, 0)
        yield


def is_interrupted() -> bool:
    """Whether the code that is running handles a Stopped or a TimedOut, or an error raised while it did."""
    error = sys.exception()
    while error and not isinstance(error, Stopped | TimedOut):
        error = error.__context__
    return error is not None


def set_deadline(seconds: float) -> None:
    """Raise TimedOut in so many seconds, and again until the deadline is set anew; 0 means no deadline."""
    if DEADLINE and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT_SECONDS if seconds else 0)


@contextmanager
def step(terminal: "Terminal", seconds: float, title: str) -> Iterator["Step"]:
    """Show a step on the terminal, and raise TimedOut when it takes longer than this."""
    with terminal.step(title) as step:
        set_deadline(seconds)
        try:
            yield step
        finally:
            set_deadline(0)


def run_safely(command: Callable[["Terminal"], int]) -> int:
    """Run a command, and end it in one line on standard error when it fails; returns the exit status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the person has closed it
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    terminal = None
    with handle_signals():
        try:
            from dcr_data_generator.errors import UserError
            from dcr_data_generator.terminal import Terminal

            terminal = Terminal()
            try:
                return command(terminal)
            except UserError as error:
                # Before the first step, nothing can have been replaced.
                terminal.error(f"{error} ({terminal.consequence()})" if terminal.title else str(error))
                return error.status
            except (TimedOut, TimeoutError):
                terminal.error(
                    f"BigQuery did not answer in time: run again, or give a longer --timeout ({terminal.consequence()})"
                )
            except BrokenPipeError:  # nobody reads the output
                raise
            except OSError as error:
                terminal.error(f"I/O error: {error.strerror or type(error).__name__} ({terminal.consequence()})")
            except Exception as error:
                # The last net of every command, and the only place that catches everything: what comes here was not
                # foreseen. A person gets a line that names it and its place, and status 2, as for any error.
                frame = traceback.extract_tb(error.__traceback__)[-1]
                terminal.error(
                    f"unexpected {type(error).__name__} ({error!s:.300}) in {frame.filename}, line {frame.lineno}: run "
                    f"again; if it stays, report this line ({terminal.consequence()})"
                )
            return 2
        except Stopped as stop:
            from dcr_data_generator.terminal import Terminal

            terminal = terminal or Terminal()
            terminal.error(f"stopped by {stop} ({terminal.consequence()})")
            return stop.status


def exit_with(main: Callable[[], int]) -> NoReturn:
    """Run the program and end the process without waiting for threads: one may hang in a request."""
    try:
        status = main()
    except SystemExit as end:  # of --help, or of an output that is closed
        status = int(end.code or 0)
    except OSError:  # nobody reads the output, or what is said about an error
        status = 2
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    whole_file.remove_unfinished()
    os._exit(status)
