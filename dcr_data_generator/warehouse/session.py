"""A session with BigQuery that gives up early, and says why, where no request succeeds; and says why it waits."""

import logging
import threading
import time
from typing import Any, NamedTuple
from weakref import WeakSet

from google.api_core.exceptions import TooManyRequests, from_http_response
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession, Request
from requests import RequestException, Response

from dcr_data_generator.errors import UserError
from dcr_data_generator.warehouse.explain import RATE_LIMITS, explain, reason_of

# A connection takes so long at most. There is no limit for an answer: a query may take long.
CONNECT_SECONDS = 5
# With the pauses of patches.py, that is within 30 seconds.
MAX_SECONDS = 20
WAIT_SECONDS = 30
log = logging.getLogger("dcr_data_generator")


class Wait(NamedTuple):
    """Since when a thread has waited for a rate limit to pass, and what BigQuery says."""

    since: float
    error: Exception


class Impatient(Request):
    """Sends the requests of google.auth.default(), which asks for the project of some credentials."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """Send a request."""
        options["timeout"] = min(options.get("timeout") or CONNECT_SECONDS, CONNECT_SECONDS)
        return super().__call__(*arguments, **options)


# What was not closed yet: a command that ends at its deadline asks them for the cause.
sessions: "WeakSet[Session]" = WeakSet()


class Session(AuthorizedSession):
    """Raises a UserError with the cause once nothing but failures has come for half of a timeout, or 20 seconds.

    Google's client would repeat the requests until the timeout, and then nobody would know what failed. Where BigQuery
    limits the rate of requests or jobs, it asks to wait: after 30 seconds a warning says so, once.

    Attributes:
        project: the Google Cloud project that is written to; None where this is an emulator.
    """

    def __init__(self, credentials: Credentials, project: str | None, timeout: float) -> None:
        super().__init__(credentials)
        self.project, self.seconds = project, min(timeout / 2, MAX_SECONDS)
        self.failing_since: float | None = None
        self.waits: dict[int, Wait] = {}
        self.is_announced = False
        self.timer: threading.Timer | None = None
        sessions.add(self)

    def request(self, *arguments: Any, **options: Any) -> Response:  # noqa: ANN401
        """Send a request, and count how long there have been failures alone."""
        start = time.monotonic()
        options["timeout"] = options.get("timeout") or (CONNECT_SECONDS, None)
        try:
            response = super().request(*arguments, **options)
        except (RequestException, GoogleAuthError) as error:
            self.count(start, error)
            raise
        if response.status_code >= 500:
            self.count(start, from_http_response(response))
            return response
        self.failing_since = None
        if limit := rate_limit(response):
            self.wait(start, limit)
        elif not is_acceptance(response):
            self.waits.pop(threading.get_ident(), None)
        return response

    def count(self, start: float, error: Exception) -> None:
        """Take note of a failure. Raises UserError if there has been nothing else for long."""
        self.failing_since = self.failing_since or start
        if time.monotonic() - self.failing_since > self.seconds:
            raise UserError(explain(error, self.project)) from None

    def wait(self, start: float, error: Exception) -> None:
        """Take note that a thread waits for a rate limit to pass."""
        earlier = self.waits.get(threading.get_ident())
        self.waits[threading.get_ident()] = Wait(earlier.since if earlier else start, error)
        if not (self.is_announced or self.timer):
            self.announce_later(WAIT_SECONDS)

    def announce_later(self, seconds: float) -> None:
        """Look after some seconds whether a thread still waits."""
        self.timer = threading.Timer(seconds, self.announce)
        self.timer.daemon = True
        self.timer.start()

    def announce(self) -> None:
        """Warn of what a thread has waited for, if one still waits, and has for long."""
        self.timer, waits = None, list(self.waits.values())
        if waits and (remaining := min(each.since for each in waits) + WAIT_SECONDS - time.monotonic()) > 0:
            self.announce_later(remaining)
        elif waits and not self.is_announced:
            self.is_announced = True
            log.warning("%s: this is tried again until --timeout", self.cause)

    @property
    def cause(self) -> str | None:
        """What a thread waits for, in words; None where none waits."""
        first = min(list(self.waits.values()), key=lambda each: each.since, default=None)
        return explain(first.error, self.project) if first else None


def cause_of_waiting() -> str | None:
    """What a session waits for, in words; None where none waits."""
    return next((cause for each in tuple(sessions) if (cause := each.cause)), None)


def is_acceptance(response: Response) -> bool:
    """Whether a request was to run a job, which may fail after it was accepted; one that loads a file ends in a PUT."""
    method, path = response.request.method, str(response.request.url).partition("?")[0]
    return method == "PUT" or (method == "POST" and path.endswith("/jobs"))


def rate_limit(response: Response) -> Exception | None:
    """The error of a request that came too often, or of a job of a kind that came too often."""
    if response.status_code in (403, 429):
        error = from_http_response(response)
        return error if response.status_code == 429 or reason_of(error) in RATE_LIMITS else None
    if response.status_code == 200 and b'"errorResult"' in response.content:
        result = response.json().get("status", {}).get("errorResult") or {}
        if result.get("reason") in RATE_LIMITS:
            return TooManyRequests(result.get("message", ""), errors=[result])
    return None
