"""A session with BigQuery that gives up early, and says why, where no request succeeds."""

import time
from typing import Any

from google.api_core.exceptions import from_http_response
from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession
from requests import RequestException, Response

from dcr_data_generator.errors import UserError, explain

MAX_SECONDS = 30


class Session(AuthorizedSession):
    """Raises a UserError with the cause once nothing but failures has come for half of a timeout, or 30 seconds.

    Google's client would repeat the requests until the timeout, and then nobody would know what failed.
    """

    def __init__(self, credentials: Credentials, project: str | None, timeout: float) -> None:
        super().__init__(credentials)
        self.project, self.seconds = project, min(timeout / 2, MAX_SECONDS)
        self.failing_since: float | None = None

    def request(self, *arguments: Any, **options: Any) -> Response:  # noqa: ANN401
        """Send a request, and count how long there have been failures alone."""
        try:
            response = super().request(*arguments, **options)
        except RequestException as error:
            self.count(error)
            raise
        if response.status_code < 500:
            self.failing_since = None
        else:
            self.count(from_http_response(response))
        return response

    def count(self, error: Exception) -> None:
        """Take note of a failure. Raises UserError if there has been nothing else for long."""
        now = time.monotonic()
        self.failing_since = self.failing_since or now
        if now - self.failing_since > self.seconds:
            raise UserError(explain(error, self.project)) from None
