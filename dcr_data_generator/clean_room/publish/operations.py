"""Long-running operations of the sharing API.

GetOperation is in neither its discovery document nor its REST reference. So where an operation cannot be polled, or
takes long, what it does is looked for itself.
"""

from collections.abc import Callable
from concurrent.futures import TimeoutError as NotDone

from google.api_core.exceptions import (
    Forbidden,
    GatewayTimeout,
    MethodNotImplemented,
    NotFound,
    RetryError,
    ServerError,
    ServiceUnavailable,
)
from google.api_core.operation import Operation
from google.api_core.retry import Retry, if_exception_type

from dcr_data_generator.clean_room.publish.calls import SECONDS

POLLED_SECONDS = 20
# How a service may answer what it does not offer, and what fails in passing or takes long.
NOT_POLLED = (MethodNotImplemented, NotFound, Forbidden, RetryError, GatewayTimeout, ServerError, NotDone)


class NotThere(Exception):  # noqa: N818 - looked for again
    """What an operation does is not there yet."""


def finish(operation: Operation, is_done: Callable[[], bool]) -> None:
    """Wait for an operation, or, where that cannot be, until what it does is there. Raises the operation's error."""
    try:
        # By itself, the client repeats for ten minutes what the service does not answer.
        again = Retry(if_exception_type(ServiceUnavailable), timeout=POLLED_SECONDS)
        operation.result(timeout=POLLED_SECONDS, retry=again)
    except NOT_POLLED as error:

        def look() -> None:
            if not is_done():
                raise NotThere

        try:
            Retry(if_exception_type(NotThere), timeout=SECONDS)(look)()
        except RetryError:
            raise error from None
