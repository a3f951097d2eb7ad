"""Connects to Google Cloud, with Application Default Credentials."""

import os
import uuid
from typing import Any

import google.auth
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery
from google.cloud.bigquery_storage import BigQueryReadClient

from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import GoogleCloud
from dcr_data_generator.warehouse.session import Impatient, Session
from dcr_data_generator.warehouse.warehouse import Warehouse

MAX_BYTES_BILLED = 1 << 30  # per query, until a dry run has told how large the source is


def connect(settings: GoogleCloud) -> Warehouse:
    """Connect to a project. Raises UserError where there are no credentials."""
    project, variable = settings.write_project_id, "GOOGLE_APPLICATION_CREDENTIALS"
    try:
        credentials, _ = google.auth.default(bigquery.Client.SCOPE, request=Impatient())
    except (DefaultCredentialsError, OSError, ValueError, LookupError, TypeError, AttributeError):
        # All but the first come from a credentials file that holds something else, or is a folder.
        first = f"unset {variable}, or set it to a file of credentials; or " if variable in os.environ else ""
        raise UserError(
            f"there are no credentials to write to project {project} on Google Cloud: {first}run `gcloud auth "
            "application-default login`, then run this again"
        ) from None
    session = Session(credentials, project, settings.timeout)
    session.configure_mtls_channel()  # as the client does for a session of its own
    return Warehouse(
        bigquery.Client(project, credentials, _http=session, **client_defaults(settings.location)),
        BigQueryReadClient(credentials=credentials),
        settings,
        name=f"Google Cloud, project {project}",
        how_to_query=f"https://console.cloud.google.com/bigquery?project={project}",
        is_billed=True,
    )


def client_defaults(location: str) -> dict[str, Any]:
    """What every query and every load has: labels, one of them this run's own, and a limit of what it may cost."""
    labels = {"application": "dcr-data-generator", "run": uuid.uuid4().hex}
    return {
        "location": location,
        "default_query_job_config": bigquery.QueryJobConfig(labels=labels, maximum_bytes_billed=MAX_BYTES_BILLED),
        "default_load_job_config": bigquery.LoadJobConfig(labels=labels),
    }
