"""What a person can put right, said in one line; and BigQuery's errors, explained."""

from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, RetryError, Unauthorized
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import RequestException

# What the Google libraries raise when a request, a job or the credentials fail.
BIGQUERY_ERRORS = (GoogleAPICallError, RetryError, GoogleAuthError, RequestException)
REASONS = {Forbidden: "accessDenied", NotFound: "notFound", Unauthorized: "authError"}
# The reasons are those of https://cloud.google.com/bigquery/docs/error-messages.
ADVICE = {
    "accessDenied": "ask for the role BigQuery User (roles/bigquery.user) on project {project}, and BigQuery Data "
    "Editor (roles/bigquery.dataEditor) on its datasets",
    "authError": "run `gcloud auth application-default login`",
    "billingNotEnabled": "enable billing for project {project}, or give another --write-project-id",
    "billingTierLimitExceeded": "raise the project's limit, or give fewer --days",
    "bytesBilledLimitExceeded": "give fewer --days",
    "notFound": "check --write-project-id and --location",
    "quotaExceeded": "wait until the quota is renewed, or ask for a higher one",
    "rateLimitExceeded": "wait a minute, then run again",
    "responseTooLarge": "give fewer --days",
}


class UserError(Exception):
    """An error that a person can put right. Its text says in one line what is wrong and what to do."""

    status = 2


class AnotherRunError(UserError):
    """Two runs have written to the same datasets at the same time: like a red check, and no fault."""

    status = 1


def explain(error: BaseException, project: str | None) -> str:
    """Explain one of BIGQUERY_ERRORS in one line: BigQuery's own words, and what to do in the project written to."""
    if isinstance(error, RetryError) and error.cause:
        error = error.cause
    if isinstance(error, GoogleAuthError):
        return f"Google Cloud rejects your credentials ({error}): run `gcloud auth application-default login`"
    if isinstance(error, RequestException):
        return f"there is no connection to BigQuery ({type(error).__name__}): check the network, then run again"
    # The errors of the Storage API are not dictionaries.
    details: dict[str, str] = next((e for e in getattr(error, "errors", None) or [] if isinstance(e, dict)), {})
    reason = details.get("reason") or next((r for kind, r in REASONS.items() if isinstance(error, kind)), "error")
    message = details.get("message") or getattr(error, "message", None) or str(error)
    advice = ADVICE.get(reason, "run again; if it stays, look at the job in BigQuery's job history")
    return f"BigQuery reports {reason}: {message.rstrip('.')}; {advice.format(project=project)}"
