"""BigQuery's errors, explained in one line."""

from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    RetryError,
    TooManyRequests,
    Unauthorized,
)
from google.auth.exceptions import GoogleAuthError, TransportError
from requests.exceptions import (
    InvalidHeader,
    InvalidJSONError,
    InvalidURL,
    MissingSchema,
    ProxyError,
    RequestException,
    SSLError,
    TooManyRedirects,
)

# What the Google libraries raise when a request, a job or the credentials fail.
BIGQUERY_ERRORS = (GoogleAPICallError, RetryError, GoogleAuthError, RequestException)
REASONS = {
    Forbidden: "accessDenied",
    NotFound: "notFound",
    TooManyRequests: "rateLimitExceeded",
    Unauthorized: "authError",
}
# By words of the message, whose reason is another in some of Google's answers.
REASONS_BY_WORDS = {
    "has not been used in project": "accessNotConfigured",
    "SERVICE_DISABLED": "accessNotConfigured",
    "prohibited by organization": "policyViolation",
}
# BigQuery asks to wait, and to try again in ever longer intervals.
RATE_LIMITS = {"rateLimitExceeded", "jobRateLimitExceeded", "userRateLimitExceeded"}
ADVICE_ANYWHERE = {
    "notFound": "check --write-project-id and --location",
    "responseTooLarge": "give fewer --days",
    **dict.fromkeys(RATE_LIMITS, "wait a minute, then run again"),
}
# The reasons are those of https://cloud.google.com/bigquery/docs/error-messages.
ADVICE = ADVICE_ANYWHERE | {
    "accessDenied": "ask for the role BigQuery User (roles/bigquery.user) on project {project}, and BigQuery Data "
    "Editor (roles/bigquery.dataEditor) on its datasets",
    "accessNotConfigured": "run `gcloud services enable bigquery.googleapis.com --project {project}`",
    "authError": "run `gcloud auth application-default login`",
    "billingNotEnabled": "enable billing for project {project}, or give another --write-project-id",
    "billingTierLimitExceeded": "raise the project's limit, or give fewer --days",
    "bytesBilledLimitExceeded": "give more --max-bytes-billed: a source is read in full, whatever the --days",
    "policyViolation": "ask the administrator of your organization, whose policy forbids this",
    "quotaExceeded": "wait until the quota is renewed, or ask for a higher one",
}
SIGN_IN = "run `gcloud auth application-default login`"
NOT_BIGQUERY = "what answers is not BigQuery but perhaps a proxy or a login page"
# Why there is no connection, and what to do; the first that fits.
NETWORK: dict[type[RequestException], tuple[str, str]] = {
    ProxyError: ("the proxy does not let it through", "check HTTPS_PROXY and the network, then run again"),
    SSLError: (
        "the certificate of what answers is not trusted, as where a proxy intercepts it",
        "set REQUESTS_CA_BUNDLE to the file of the proxy's certificate, then run again",
    ),
    TooManyRedirects: (NOT_BIGQUERY, "check the network: it sends every request elsewhere"),
    InvalidJSONError: (NOT_BIGQUERY, "check the network: the answer is no JSON"),
    InvalidURL: ("the address is wrong", "check the variables of the environment, such as HTTPS_PROXY"),
    MissingSchema: ("the address is wrong", "check the variables of the environment, such as HTTPS_PROXY"),
    InvalidHeader: ("the credentials have a character that no request can have", SIGN_IN),
    RequestException: ("", "check the network, then run again"),
}


def explain(error: BaseException, project: str | None) -> str:
    """Explain one of BIGQUERY_ERRORS in one line: BigQuery's own words, and what to do.

    `project` is the Google Cloud project that is written to; None where this is an emulator.
    """
    if isinstance(error, RetryError) and error.cause:
        error = error.cause
    if isinstance(error, TransportError) and isinstance(error.__cause__, RequestException):
        return explain_network(error.__cause__, "Google's sign-in")
    if isinstance(error, TransportError):
        return f"there is no connection to Google's sign-in ({error!s:.200}): check the network, then run again"
    if isinstance(error, GoogleAuthError):
        if "<html" in str(error).lower():
            return f"there is no connection to Google's sign-in ({NOT_BIGQUERY}): check the network, then run again"
        return f"Google Cloud rejects your credentials ({error!s:.300}): {SIGN_IN}"
    if isinstance(error, RequestException):
        return explain_network(error, "BigQuery")
    reason, message = reason_of(error), message_of(error)
    advice = (ADVICE if project else ADVICE_ANYWHERE).get(reason, "run again")
    if reason not in ADVICE:  # the sharing API, which gives no details, has no jobs
        is_of_job = project and details_of(error)
        advice += (
            "; if it stays, look at the job in BigQuery's job history" if is_of_job else "; if it stays, report it"
        )
    return f"BigQuery reports {reason}: {message.rstrip('.')}; {advice.format(project=project)}"


def explain_network(error: RequestException, service: str) -> str:
    """Explain why there is no connection to a service."""
    cause, advice = next(texts for kind, texts in NETWORK.items() if isinstance(error, kind))
    name = type(error).__name__
    return f"there is no connection to {service} ({f'{cause}, {name}' if cause else name}): {advice}"


def reason_of(error: BaseException) -> str:
    """BigQuery's reason for an error, such as accessDenied."""
    message = message_of(error)
    if by_words := next((reason for words, reason in REASONS_BY_WORDS.items() if words in message), None):
        return by_words
    by_kind = next((reason for kind, reason in REASONS.items() if isinstance(error, kind)), None)
    code = getattr(error, "grpc_status_code", None)
    return details_of(error).get("reason") or by_kind or (code.name if code else "error")


def message_of(error: BaseException) -> str:
    return details_of(error).get("message") or getattr(error, "message", None) or str(error)


def details_of(error: BaseException) -> dict[str, str]:
    # The errors of the Storage API are not dictionaries.
    return next((each for each in getattr(error, "errors", None) or [] if isinstance(each, dict)), {})
