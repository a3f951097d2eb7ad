"""Changes to Google's BigQuery client, which act on Google Cloud, too. Written for google-cloud-bigquery 3.47."""

from google.cloud.bigquery import _pandas_helpers, retry

# The client looks so often whether a table has been read to its end: every 0.2 seconds, its own, are a tenth of a run.
PROGRESS_SECONDS = 0.01
# Its pauses between two attempts are at most so long. A minute, its own, is longer than a user waits for the cause.
PAUSE_SECONDS = 8


def apply() -> None:
    """Change the client for this process."""
    _pandas_helpers._PROGRESS_INTERVAL = PROGRESS_SECONDS
    for each in (retry.DEFAULT_RETRY, retry.DEFAULT_JOB_RETRY):
        each._maximum = PAUSE_SECONDS
