"""Does several things at once, and waits in a way that Ctrl-C can end."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait


def run_in_parallel[Item, Result](
    function: Callable[[Item], Result], items: Iterable[Item], threads: int = 32, wait_for_all: bool = False
) -> list[Result]:
    """Call the function for every item, in so many threads; returns the results in the items' order.

    `wait_for_all`: where one fails, wait for the others before that is raised, so that they clear up after themselves.

    Raises:
        What the function raised for the first item that failed. Whoever leaves early, by that or by a signal, does not
        wait for the others, as a `with` would: one may hang in a request.
    """
    executor = ThreadPoolExecutor(threads)
    try:
        calls = [executor.submit(function, item) for item in items]
        if wait_for_all:
            wait(calls)
        return [call.result() for call in calls]
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
