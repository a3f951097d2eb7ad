"""Stops a run: on Ctrl-C, when it is told to end, and when a step takes too long."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

REPEAT_SECONDS = 0.5  # seconds


class Stopped(BaseException):
    """The person, or the system, wants the run to stop.

    Like KeyboardInterrupt it is no Exception: nobody on the way takes it for a fault that can be mended.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        # What a shell reports of a command that ended by this signal.
        self.status = 128 + signal_number


class TimedOut(BaseException):
    """A step did not end in the time it had."""


@contextmanager
def handle_signals() -> Iterator[None]:
    """Turn the signals into exceptions as long as the run goes on; only the main thread can.

    Python ignores an exception that is raised in a finalizer, and some libraries do so in what they call back: until
    the step has ended, it is raised again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted: list[Stopped] = []

    def stop(signal_number: int, _: FrameType | None) -> None:
        wanted.append(Stopped(signal_number))
        set_deadline(REPEAT_SECONDS)
        raise wanted[0]

    def give_up(_: int, __: FrameType | None) -> None:
        set_deadline(REPEAT_SECONDS)
        raise wanted[0] if wanted else TimedOut

    handlers = {signal.SIGINT: stop, signal.SIGTERM: stop}
    if hasattr(signal, "SIGALRM"):  # which Windows lacks: there a run has no time limit
        handlers[signal.SIGALRM] = give_up
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        set_deadline(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def set_deadline(seconds: float) -> None:
    """Raise TimedOut in so many seconds, and then again and again, until this is called anew; 0 is never."""
    if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT_SECONDS if seconds else 0)
