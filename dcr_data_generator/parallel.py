"""Runs calls in parallel, in a way that Ctrl-C can end."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait


def run_in_parallel[Item, Result](
    function: Callable[[Item], Result], items: Iterable[Item], threads: int = 32, wait_for_all: bool = False
) -> list[Result]:
    """Call the function for every item; the results come in the order of the items.

    With `wait_for_all`, the other calls end before the first error is raised, so that they clear up after themselves.

    Raises:
        What the function raised for the first item that failed. The other calls are not waited for, as a `with` block
        would: one may hang in a request.
    """
    executor = ThreadPoolExecutor(threads)
    try:
        calls = [executor.submit(function, item) for item in items]
        if wait_for_all:
            wait(calls)
        return [call.result() for call in calls]
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
