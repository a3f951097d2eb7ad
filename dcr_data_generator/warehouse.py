"""Connects to a BigQuery: the embedded one, an emulator, or Google Cloud. Only this room knows which one it is."""

import json
import logging
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import google.auth
import pandas as pd
import pyarrow as pa
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery
from google.cloud.bigquery import _pandas_helpers
from google.cloud.bigquery.retry import DEFAULT_RETRY
from google.cloud.bigquery_storage import BigQueryReadClient

from dcr_data_generator.embedded import client as embedded
from dcr_data_generator.embedded import thelook
from dcr_data_generator.errors import BIGQUERY_ERRORS, UserError, explain
from dcr_data_generator.session import Session
from dcr_data_generator.settings import SOURCE, Settings

# The fields of the answer to datasets.list, and how much of it is read.
DATASET_LIST = {"kind", "etag", "datasets", "nextPageToken", "totalItems", "unreachable"}
MAX_ANSWER = 1 << 20
MAX_BYTES_BILLED = 1 << 30  # per query, until a dry run has told how large the source is
# The client looks so often whether a table has been read to its end: every 0.2 seconds, its own, are a tenth of a run.
_pandas_helpers._PROGRESS_INTERVAL = 0.01


class Warehouse(NamedTuple):
    """A BigQuery client, and what is to be known of the place where it connects.

    Without a storage client, tables are read over REST. `name` and `how_to_query` are texts for people.
    """

    client: bigquery.Client
    storage_client: BigQueryReadClient | None
    name: str
    how_to_query: str
    is_billed: bool = False

    @property
    def threads(self) -> int:
        """How many tables may be read in parallel: bqemulator 1.4 mixes up tables that are listed over REST at once."""
        return 32 if self.storage_client else 1

    def read_arrow(self, table: str, columns: Sequence[bigquery.SchemaField]) -> pa.Table:
        """Read columns of a table."""
        rows = self.client.list_rows(f"{self.client.project}.{table}", selected_fields=columns)
        return rows.to_arrow(bqstorage_client=self.storage_client, create_bqstorage_client=False)

    def read(self, table: str, columns: Sequence[bigquery.SchemaField]) -> pd.DataFrame:
        """Read columns of a table: INTEGER as Int64, FLOAT as float64, STRING as str, TIMESTAMP as datetime64."""
        return self.read_arrow(table, columns).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)

    def bytes_billed(self) -> int:
        """Add up what BigQuery billed for the queries of this run, which have a label of their own."""
        defaults = self.client.default_query_job_config
        run = defaults and defaults.labels["run"]
        jobs = [job for job in self.client.list_jobs(max_results=1000) if job.labels.get("run") == run]
        return sum(job.total_bytes_billed or 0 for job in jobs if isinstance(job, bigquery.QueryJob))


@contextmanager
def connect(settings: Settings, fill_source: bool = True) -> Iterator[Warehouse]:
    """Connect to where the settings say. The embedded BigQuery runs as long as the connection.

    The source of the embedded BigQuery becomes what the settings say; an emulator without a source gets the sample.
    Without `fill_source` both stay as they are.

    Raises:
        UserError: there are no credentials for Google Cloud, the embedded BigQuery cannot start, or BigQuery fails.
    """
    # More threads than pooled connections is normal here.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    try:
        if settings.write_project_id is None:
            with connect_to_embedded(settings, fill_source) as warehouse:
                yield warehouse
        elif address := os.environ.get("BIGQUERY_EMULATOR_HOST"):
            yield connect_to_emulator(settings, address, fill_source)
        else:
            yield connect_to_google_cloud(settings)
    except BIGQUERY_ERRORS as error:
        raise UserError(explain(error, settings.write_project_id)) from None


@contextmanager
def connect_to_embedded(settings: Settings, fill_source: bool) -> Iterator[Warehouse]:
    directory = settings.embedded_dir
    with embedded.connected(directory, client_defaults(settings.location)) as (client, endpoints):
        if fill_source:
            thelook.fill(client, settings)
        yield Warehouse(
            client,
            embedded.connect_to_storage(endpoints.storage),
            name=f"the embedded BigQuery in {directory}, project {client.project}",
            how_to_query=f"uv run python -m dcr_data_generator.embedded serve{settings.place_flags}",
        )


def connect_to_emulator(settings: Settings, address: str, fill_source: bool) -> Warehouse:
    url = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(url)
        socket.create_connection((parts.hostname, parts.port or 80), timeout=settings.timeout).close()
    except (OSError, ValueError):
        raise UserError(
            f"no emulator answers at BIGQUERY_EMULATOR_HOST={address}: start one there, or unset the variable"
        ) from None
    check_emulator(url, settings)
    defaults, timeout = client_defaults(settings.location), settings.timeout
    client = embedded.connect(url, str(settings.write_project_id), defaults, timeout=timeout)
    if fill_source and settings.source_dataset == SOURCE:
        thelook.fill_if_missing(client, settings)
    return Warehouse(
        client,
        None,
        name=f"the BigQuery emulator at {url}, project {settings.write_project_id}",
        how_to_query=f"any BigQuery client with BIGQUERY_EMULATOR_HOST={address}",
    )


def check_emulator(url: str, settings: Settings) -> None:
    """Check that a service answers as BigQuery does; what the client makes of other answers helps nobody."""
    session = Session(AnonymousCredentials(), settings.write_project_id, settings.timeout)
    session.trust_env = False

    def answer() -> bytes:
        datasets = f"{url}/bigquery/v2/projects/{settings.write_project_id}/datasets?maxResults=1"
        content = b""
        with session.get(datasets, timeout=settings.timeout, stream=True) as response:
            if not response.ok:  # the client explains why
                return b"{}"
            for part in response.iter_content(1 << 16):
                content += part
                if len(content) > MAX_ANSWER:
                    break
        return content

    try:
        content = json.loads(DEFAULT_RETRY(answer)())
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.keys() - DATASET_LIST:
        raise UserError(f"what answers at BIGQUERY_EMULATOR_HOST={url} is not BigQuery: set another, or unset it")


def connect_to_google_cloud(settings: Settings) -> Warehouse:
    """Connect to Google Cloud with Application Default Credentials."""
    try:
        credentials, _ = google.auth.default(bigquery.Client.SCOPE)
    except (DefaultCredentialsError, OSError, ValueError, LookupError, TypeError, AttributeError):
        # All but the first come from a credentials file that holds something else, or is a folder.
        variable = "GOOGLE_APPLICATION_CREDENTIALS"
        first = f"unset {variable}, or set it to a file of credentials; or " if variable in os.environ else ""
        raise UserError(
            f"there are no credentials to write to project {settings.write_project_id} on Google Cloud: "
            f"{first}run `gcloud auth application-default login`, then run this again"
        ) from None
    session = Session(credentials, settings.write_project_id, settings.timeout)
    session.configure_mtls_channel()  # as the client does for a session of its own
    defaults = client_defaults(settings.location)
    return Warehouse(
        bigquery.Client(settings.write_project_id, credentials, _http=session, **defaults),
        BigQueryReadClient(credentials=credentials),
        name=f"Google Cloud, project {settings.write_project_id}",
        how_to_query=f"https://console.cloud.google.com/bigquery?project={settings.write_project_id}",
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
