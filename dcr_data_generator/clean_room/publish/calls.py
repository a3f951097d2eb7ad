"""A call to Google Cloud: how it is repeated, and what to do where it is refused."""

import re
from collections.abc import Callable
from typing import NamedTuple

from google.api_core.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    GatewayTimeout,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    RetryError,
    TooManyRequests,
    Unauthorized,
)
from google.api_core.retry import Retry, if_exception_type, if_transient_error
from google.cloud import bigquery

from dcr_data_generator.errors import UserError
from dcr_data_generator.values import on_one_line
from dcr_data_generator.warehouse.explain import SIGN_IN, message_of, reason_of

ENABLE_API = "run `gcloud services enable analyticshub.googleapis.com` in that project"
SET_QUOTA_PROJECT = "run `gcloud auth application-default set-quota-project PROJECT` with a project of yours"
ASK_THE_ORGANISATION = "ask an administrator of your organisation, whose policy forbids it"
SEE_THE_PERIMETER = "ask an administrator of your organisation for an ingress or egress rule of VPC Service Controls"
ENABLE_BILLING = "enable billing for that project"
# By words of the error; the first that fits. A missing quota project is reported as a disabled API, too, and with the
# number of the gcloud CLI's own project. An organisation policy is reported as an outdated etag is, with status 412.
ADVICE = {
    "requires a quota project": SET_QUOTA_PROJECT,
    "764086051850": SET_QUOTA_PROJECT,
    "SERVICE_DISABLED": ENABLE_API,
    "has not been used": ENABLE_API,
    "BILLING_DISABLED|(?i:requires billing)": ENABLE_BILLING,
    "(?i)vpc.?service.?controls": SEE_THE_PERIMETER,
    "(?i)organi[sz]ation('s)? policy|org policy|constraints/|custom constraint": ASK_THE_ORGANISATION,
}
# By the kind of an error of the sharing API, whose message says the rest; the first that fits.
ADVICE_BY_KIND: dict[type[GoogleAPICallError], str] = {
    Unauthorized: SIGN_IN,
    NotFound: "it is not there: check the projects and --location, then run again",
    BadRequest: "put right what it names, then run again; if that is nothing of yours, please report it",
    TooManyRequests: "wait a minute, then run again",
    GoogleAPICallError: "run again",
}
MAX_ATTEMPTS = 5
SECONDS = 60  # the client of the sharing API has no timeout of its own, and repeats nothing
# Every call looks first what is there, so it can be repeated even where the answer alone was lost.
RETRY = Retry(lambda e: if_transient_error(e) or if_exception_type(GatewayTimeout)(e), timeout=2 * SECONDS)
PERHAPS_CHANGED = "there; perhaps changed by an attempt that failed before"


class Call(NamedTuple):
    """A call: its text, as --dry-run prints it, the function that makes it, and the role that it needs.

    One that clears up what another level has left is not worth a line where it changes nothing.
    """

    text: str
    make: Callable[[], str | None]
    role: str
    clears_up: bool = False

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing."""
        return re.match(r"\S+\.(get|list\w*) ", self.text) is not None and ".revoke" not in self.text

    @property
    def title(self) -> str:
        """What it is about."""
        if self.clears_up:
            return "Delete what is shared otherwise, where it is there"
        if self.only_reads:
            return "Look at what is there"
        return "On BigQuery" if self.text.startswith("bigquery.") else "In BigQuery sharing"

    def run(self) -> str | None:
        """Make the call, and repeat it if it fails in passing, or if somebody else changed the same thing.

        Returns: what it changed, or None.

        Raises:
            UserError: it is denied, or fails again and again.
            GoogleAPICallError: another error of BigQuery's, which is explained where it was connected to.
        """
        message, failures = "", list[Exception]()
        for _ in range(MAX_ATTEMPTS):
            try:
                change = RETRY(self.make, on_error=failures.append)()
            except (GoogleAPICallError, RetryError) as error:
                cause = (error.cause if isinstance(error, RetryError) else error) or error
                message = on_one_line(message_of(cause))
                if advice := self.advise(cause):
                    raise UserError(f"{self.text} {advice[0]} ({message.rstrip('.')}): {advice[1]}") from None
                if not isinstance(cause, Conflict | PreconditionFailed):
                    raise
                # An etag is outdated, or what was missing exists by now.
            else:
                return change or (PERHAPS_CHANGED if failures and not self.only_reads else None)
        raise UserError(f"{self.text} failed ({message}), changed by somebody else at the same time: run again")

    def advise(self, error: Exception) -> tuple[str, str] | None:
        """Say how a call ended, and what to do; None where others are the cause, or it is explained elsewhere."""
        if by_words := next((advice for words, advice in ADVICE.items() if re.search(words, str(error))), None):
            return "is denied", by_words
        if isinstance(error, Forbidden) and reason_of(error) == "accessDenied":  # a quota of BigQuery's has status 403
            return "is denied", f"ask for the role {self.role}"
        if isinstance(error, Conflict | PreconditionFailed) or not self.text.startswith("analyticshub."):
            return None
        return "failed", next((text for kind, text in ADVICE_BY_KIND.items() if isinstance(error, kind)), "run again")


def find[T](get: Callable[..., T], *names: str, **more: object) -> T | None:
    """Get what is there; None where it is not."""
    try:
        return read(get, *names, **more)
    except NotFound:
        return None


def read[T](get: Callable[..., T], *names: str, **more: object) -> T:
    """Get what has to be there. Raises UserError where a dataset or table is not as BigQuery describes one."""
    answer = get(*names, **more)
    if isinstance(answer, bigquery.Dataset | bigquery.Table):
        has_location = not isinstance(answer, bigquery.Dataset) or isinstance(answer.location, str)
        if not (has_location and isinstance(answer.labels, dict)):
            raise UserError(
                f"what answers about {names[0]} is not BigQuery, or a proxy changes what it says: check the network, "
                "then run again"
            )
    return answer


def delete(call: Callable[..., object], *names: str, **more: object) -> str | None:
    """Delete what is there."""
    try:
        call(*names, **more)
    except NotFound:
        return None
    return "deleted"
