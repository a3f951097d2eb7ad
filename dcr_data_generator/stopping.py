"""Stops a run: on Ctrl-C, when it is told to end, and when a step takes too long."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(BaseException):
    """The person, or the system, wants the run to stop.

    Like KeyboardInterrupt it is no Exception: nobody on the way takes it for a fault that can be mended.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        # What a shell reports of a command that ended by this signal.
        self.status = 128 + signal_number


class TookTooLong(BaseException):
    """A step did not end in the time it had."""


def stop(signal_number: int, _: FrameType | None) -> None:
    """Raise Stopped where the main thread is."""
    raise Stopped(signal_number)


def give_up(_: int, __: FrameType | None) -> None:
    """Raise TookTooLong where the main thread is."""
    raise TookTooLong


HANDLERS = {signal.SIGINT: stop, signal.SIGTERM: stop}
if hasattr(signal, "SIGALRM"):  # which Windows lacks: there a run has no time limit
    HANDLERS[signal.SIGALRM] = give_up


@contextmanager
def listening() -> Iterator[None]:
    """Turn the signals into exceptions as long as the run goes on; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in HANDLERS.items()}
    try:
        yield
    finally:
        within(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def within(seconds: float) -> None:
    """Raise TookTooLong in so many seconds, unless it is called again before; 0 is never."""
    if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, seconds)
