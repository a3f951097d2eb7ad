"""Runs calls in parallel, in a way that Ctrl-C can end."""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

# On Windows, Ctrl-C does not end a wait, but is heard between two.
WAIT_SECONDS = 0.2

# Goes through items, and shows how many of them are done.
type Counted = Callable[[Collection[Any]], Iterable[Any]]


def run_in_parallel[Item, Result](
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int = 32,
    wait_for_all: bool = False,
    counted: Counted = iter,
) -> list[Result]:
    """Call the function for every item; the results come in the order of the items.

    The error of the first item that failed is raised without waiting for the other calls: one may hang in a request.
    With `wait_for_all` they end first, so that they clear up after themselves.
    """
    executor = ThreadPoolExecutor(threads)
    try:
        calls = [executor.submit(function, item) for item in items]
        if wait_for_all:
            wait_for(calls)
        return [result_of(call) for call in counted(calls)]
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def result_of[Result](call: Future[Result]) -> Result:
    """Wait for a call."""
    wait_for([call])
    return call.result()


def wait_for(calls: Sequence[Future]) -> None:
    """Wait until all calls have ended, whatever their results."""
    while wait(calls, WAIT_SECONDS).not_done:
        continue
