"""Runs calls in parallel, in a way that Ctrl-C can end."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait


def run_in_parallel[Item, Result](
    function: Callable[[Item], Result], items: Iterable[Item], threads: int = 32, wait_for_all: bool = False
) -> list[Result]:
    """Call the function for every item; the results come in the order of the items.

    The error of the first item that failed is raised without waiting for the other calls: one may hang in a request.
    With `wait_for_all` they end first, so that they clear up after themselves.
    """
    executor = ThreadPoolExecutor(threads)
    try:
        calls = [executor.submit(function, item) for item in items]
        if wait_for_all:
            wait(calls)
        return [call.result() for call in calls]
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
