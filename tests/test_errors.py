"""BigQuery's errors, explained in one line."""

import pytest
from google.api_core.exceptions import (
    BadRequest,
    Forbidden,
    GoogleAPICallError,
    NotFound,
    RetryError,
    Unauthorized,
    from_grpc_status,
)
from google.auth.exceptions import RefreshError
from grpc import StatusCode
from requests.exceptions import ConnectionError as NoConnection

from dcr_data_generator.warehouse.explain import explain


def failure(kind: type[GoogleAPICallError], reason: str | None, message: str) -> GoogleAPICallError:
    """An error as google-cloud-bigquery raises it."""
    return kind(message, errors=[{"reason": reason, "message": message}] if reason else [])


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            failure(Forbidden, "accessDenied", "Access Denied."),
            "BigQuery reports accessDenied: Access Denied; ask for the role BigQuery User (roles/bigquery.user) on "
            "project mine, and BigQuery Data Editor (roles/bigquery.dataEditor) on its datasets",
        ),
        (
            failure(Forbidden, "quotaExceeded", "Quota exceeded"),
            "BigQuery reports quotaExceeded: Quota exceeded; wait until the quota is renewed, or ask for a higher one",
        ),
        (
            failure(NotFound, None, "Not found: Project mine"),
            "BigQuery reports notFound: Not found: Project mine; check --write-project-id and --location",
        ),
        (
            failure(Unauthorized, None, "no token"),
            "BigQuery reports authError: no token; run `gcloud auth application-default login`",
        ),
        (
            failure(BadRequest, "invalidQuery", "Syntax error"),
            "BigQuery reports invalidQuery: Syntax error; run again; if it stays, look at the job in BigQuery's job "
            "history",
        ),
        (
            from_grpc_status(StatusCode.INTERNAL, "odd"),
            "BigQuery reports INTERNAL: odd; run again; if it stays, report it",
        ),
        (
            RetryError("deadline", failure(Forbidden, "billingNotEnabled", "Billing has not been enabled")),
            "BigQuery reports billingNotEnabled: Billing has not been enabled; enable billing for project mine, or "
            "give another --write-project-id",
        ),
        (
            RefreshError("expired"),
            "Google Cloud rejects your credentials (expired): run `gcloud auth application-default login`",
        ),
        (NoConnection(), "there is no connection to BigQuery (ConnectionError): check the network, then run again"),
    ],
)
def test_an_error_is_explained_with_what_to_do(error: Exception, line: str) -> None:
    assert explain(error, "mine") == line
