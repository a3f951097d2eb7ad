"""Connects to a BigQuery: embedded, an emulator's, or Google Cloud's. Only this room knows which one it is."""

import io
import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import google.auth
import grpc
import pandas as pd
import pyarrow as pa
from google.api_core.exceptions import Forbidden, GoogleAPIError, NotFound, RetryError, Unauthorized
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from pyarrow import parquet
from requests.exceptions import RequestException

from dcr_data_generator import source, sql
from dcr_data_generator.embedded import engine, thelook
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import FIVE_TABLES

LABELS = {"application": "dcr-data-generator"}
MOST_BYTES_BILLED_A_QUERY = 1 << 30
ARROW_TYPES = {
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "FLOAT64": pa.float64(),  # as bqemulator calls it
    "STRING": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
    "GEOGRAPHY": pa.string(),
}


class Result(NamedTuple):
    """What a query returned: its columns, its first rows, and how many there were."""

    columns: list[str]
    rows: list[bigquery.Row]
    total: int


class Warehouse(bigquery.Client):
    """A BigQuery client that runs this package's .sql files, loads frames into tables and reads tables into frames."""

    def __init__(
        self,
        place: str,
        how_to_query: str,
        settings: Settings,
        storage_client: BigQueryReadClient | None = None,
        **arguments: Any,  # noqa: ANN401
    ) -> None:
        """Connect; place and how_to_query are for people. Without a storage client, tables are read over REST."""
        super().__init__(location=settings.location, **arguments)
        self.place, self.how_to_query = place, how_to_query
        self.storage_client = storage_client
        # bqemulator 1.4 mixes up the rows of tables that are listed over REST at the same time.
        self.reads_at_once = 32 if storage_client else 1
        # How long a request or a job that failed in passing is tried again, in seconds.
        self.patience = settings.timeout
        self.is_billed = False
        self.jobs: list[bigquery.QueryJob] = []
        self.begun: set[str] = set()
        self.replaced: set[str] = set()
        self.parameters = [
            bigquery.ScalarQueryParameter("first_date", "DATE", settings.first_date),
            bigquery.ScalarQueryParameter("last_date", "DATE", settings.target_date),
            bigquery.ScalarQueryParameter("target_date", "DATE", settings.target_date),
            bigquery.ScalarQueryParameter("match_rate", "FLOAT64", settings.match_rate),
            bigquery.ScalarQueryParameter("wallet_payment_rate", "FLOAT64", settings.wallet_payment_rate),
            bigquery.ScalarQueryParameter("wallet_only_rate", "FLOAT64", settings.wallet_only_rate),
        ]

    def run_file(self, file: str) -> list[bigquery.Row]:
        """Run a file of the sql folder, such as "source_window"."""
        return self.run(sql.read(file)).rows

    def run(self, query: sql.Query, most_rows: int | None = None) -> Result:
        """Run a query with those of the settings that it names as @parameters."""
        used = [parameter for parameter in self.parameters if f"@{parameter.name}" in query.text]
        config = bigquery.QueryJobConfig(
            query_parameters=used, labels=LABELS, maximum_bytes_billed=MOST_BYTES_BILLED_A_QUERY
        )
        retry, job_retry = DEFAULT_RETRY.with_timeout(self.patience), DEFAULT_JOB_RETRY.with_timeout(self.patience)
        job = self.query(query.text, job_config=config, retry=retry, job_retry=job_retry)
        self.jobs.append(job)
        rows = job.result(max_results=most_rows, retry=retry, job_retry=job_retry)
        return Result([field.name for field in rows.schema], list(rows), rows.total_rows)

    def run_at_once(self, *queries: sql.Query, most_rows: int | None = None) -> list[Result]:
        """Run queries that do not depend on one another."""
        return run_in_parallel(lambda query: self.run(query, most_rows), queries)

    def load(self, frame: pd.DataFrame, table: str, schema: Sequence[bigquery.SchemaField]) -> None:
        """Replace a table, named with its project, whole by a frame.

        As a resumable upload, which can be sent again. The Parquet is written here and not by the client, which would
        leave a temporary file behind when it is stopped. A load that failed in passing is tried again: it replaces.
        """
        file = io.BytesIO()
        parquet.write_table(pa.Table.from_pandas(frame, arrow_schema(schema), preserve_index=False), file)
        config = bigquery.LoadJobConfig(
            schema=schema,
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            labels=LABELS,
        )
        retry, job_retry = DEFAULT_RETRY.with_timeout(self.patience), DEFAULT_JOB_RETRY.with_timeout(self.patience)
        job_retry(lambda: self.load_table_from_file(file, table, rewind=True, job_config=config).result(retry=retry))()

    @contextmanager
    def replacing(self, table: str) -> Iterator[None]:
        """Keep account of a table that is being replaced."""
        self.begun.add(table)
        yield
        self.replaced.add(table)

    def read(self, columns: Mapping[str, Sequence[bigquery.SchemaField]]) -> list[pd.DataFrame]:
        """Read columns of several tables: integers as Int64, floats as float64, strings as str."""

        def read_table(table: str) -> pd.DataFrame:
            rows = self.list_rows(f"{self.project}.{table}", selected_fields=columns[table])
            arrow = rows.to_arrow(bqstorage_client=self.storage_client, create_bqstorage_client=False)
            return arrow.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)

        return run_in_parallel(read_table, columns, self.reads_at_once)

    def read_batches(self, table: str) -> tuple[pa.Schema, int, Iterator[pa.RecordBatch]]:
        """Read a table in its own order: its schema, its number of rows, and its rows a batch at a time."""
        found = self.get_table(f"{self.project}.{table}")
        schema = arrow_schema(found.schema)
        batches = self.list_rows(found).to_arrow_iterable(bqstorage_client=self.storage_client, max_stream_count=1)
        return schema, found.num_rows, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches)

    def bytes_billed(self) -> int:
        """Add up what the queries were billed for."""
        run_in_parallel(lambda job: job.reload(), self.jobs)
        return sum(job.total_bytes_billed or 0 for job in self.jobs)

    def account(self) -> str:
        """Say which of the five tables have been replaced, which have not, and of which that is not known."""
        kept = [table for table in FIVE_TABLES if table not in self.begun]
        parts = {"replaced": self.replaced, "perhaps replaced": self.begun - self.replaced, "not replaced": kept}
        return "; ".join(f"{part}: {', '.join(sorted(tables))}" for part, tables in parts.items() if tables)


def arrow_schema(schema: Sequence[bigquery.SchemaField]) -> pa.Schema:
    """Give Arrow's names to a table's columns; one that is REQUIRED holds no NULL."""
    return pa.schema([pa.field(each.name, ARROW_TYPES[each.field_type], each.mode != "REQUIRED") for each in schema])


@contextmanager
def connect(settings: Settings, fill_source: bool = True) -> Iterator[Warehouse]:
    """Connect to where the settings say; the embedded BigQuery runs as long as the connection.

    The embedded BigQuery is filled with the source that the settings ask for; an emulator only where it has none.
    Without `fill_source` neither is: who only looks at what a run has made leaves the source as it is.

    Raises:
        UserError: there are no credentials for Google Cloud, the embedded BigQuery cannot start, or BigQuery refuses.
    """
    # More threads than connections that are kept is what happens here, and no reason to tell anyone.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    with ExitStack() as stack:
        if settings.write_project_id is None:
            endpoints = stack.enter_context(engine.running(settings.embedded_dir))
            warehouse = connect_to_embedded(settings, endpoints)
            fill = partial(thelook.fill, folder=settings.source)
        elif emulator := os.environ.get("BIGQUERY_EMULATOR_HOST"):
            warehouse = connect_to_emulator(settings, emulator)
            fill = thelook.fill_if_missing
        else:
            warehouse = connect_to_google_cloud(settings)
            fill = keep_source
        try:
            if fill_source:
                fill(warehouse, refuse=partial(source.check_filling, warehouse, settings))
            yield warehouse
        except (GoogleAPIError, GoogleAuthError, RequestException) as error:
            raise UserError(f"{explain(error, settings)} ({warehouse.account()})") from None


def keep_source(_: Warehouse, refuse: Callable) -> None:
    """Leave the source as it is: it is Google's."""


def connect_to_embedded(settings: Settings, endpoints: engine.Endpoints) -> Warehouse:
    """Connect to the embedded BigQuery, which wants neither credentials nor TLS."""
    # A proxy that the person's network wants is no way to this process.
    options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
    channel = grpc.insecure_channel(endpoints.storage, options=options)
    session = AuthorizedSession(AnonymousCredentials())
    session.trust_env = False
    warehouse = Warehouse(
        place=f"the embedded BigQuery in {settings.embedded_dir}, project {engine.PROJECT}",
        how_to_query=engine.how_to_serve(settings.embedded_dir),
        settings=settings,
        storage_client=BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel)),
        project=engine.PROJECT,
        credentials=AnonymousCredentials(),
        _http=session,
        client_options={"api_endpoint": endpoints.rest},
    )
    # Nothing fails in passing here.
    warehouse.patience = min(warehouse.patience, 10)
    return warehouse


def connect_to_emulator(settings: Settings, address: str) -> Warehouse:
    """Connect to an emulator that runs already; its tables are read over REST."""
    url = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(url)
        socket.create_connection((parts.hostname, parts.port or 80), timeout=settings.timeout).close()
    except (OSError, ValueError):
        raise UserError(
            f"no emulator answers at BIGQUERY_EMULATOR_HOST={address}: start one there, or unset the variable"
        ) from None
    return Warehouse(
        place=f"the BigQuery emulator at {url}, project {settings.write_project_id}",
        how_to_query=f"any BigQuery client with BIGQUERY_EMULATOR_HOST={address}",
        settings=settings,
        project=settings.write_project_id,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
    )


def connect_to_google_cloud(settings: Settings) -> Warehouse:
    """Connect to Google Cloud with Application Default Credentials."""
    try:
        credentials, _ = google.auth.default()
    except (DefaultCredentialsError, OSError, ValueError, LookupError, TypeError, AttributeError):
        # The others are what a file of credentials raises that is none, or a folder.
        variable = "GOOGLE_APPLICATION_CREDENTIALS"
        first = f"unset {variable}, or have it name a file of credentials; or " if variable in os.environ else ""
        raise UserError(
            f"there are no credentials to write to project {settings.write_project_id} on Google Cloud: "
            f"{first}run `gcloud auth application-default login`, then run this again"
        ) from None
    warehouse = Warehouse(
        place=f"Google Cloud, project {settings.write_project_id}",
        how_to_query=f"https://console.cloud.google.com/bigquery?project={settings.write_project_id}",
        settings=settings,
        storage_client=BigQueryReadClient(credentials=credentials),
        project=settings.write_project_id,
        credentials=credentials,
    )
    warehouse.is_billed = True
    return warehouse


def explain(error: Exception, settings: Settings) -> str:
    """Say in BigQuery's own words what it refused, and what to do."""
    if isinstance(error, RetryError) and error.cause:
        error = error.cause
    if isinstance(error, GoogleAuthError):
        return f"Google Cloud does not take your credentials ({error}): run `gcloud auth application-default login`"
    if isinstance(error, RequestException):
        return f"there is no connection to BigQuery ({type(error).__name__}): check the network, then run again"
    if settings.write_project_id is None and (said := engine.cause(settings.embedded_dir, str(error))):
        return said
    # Those of the Storage API are no dictionaries.
    details = next((each for each in getattr(error, "errors", None) or [] if isinstance(each, dict)), {})
    reason = details.get("reason") or REASONS.get(type(error), "error")
    message = details.get("message") or getattr(error, "message", None) or str(error)
    advice = ADVICE.get(reason, "run again; if it stays, look the job up in BigQuery's job history")
    return f"BigQuery says {reason}: {message.rstrip('.')}; {advice.format(project=settings.write_project_id)}"


REASONS = {Forbidden: "accessDenied", NotFound: "notFound", Unauthorized: "authError"}
# The reasons are those of https://cloud.google.com/bigquery/docs/error-messages.
ADVICE = {
    "accessDenied": "ask for the role BigQuery User (roles/bigquery.user) on project {project}, and BigQuery Data "
    "Editor (roles/bigquery.dataEditor) on its datasets",
    "authError": "run `gcloud auth application-default login`",
    "billingNotEnabled": "enable billing for project {project}, or take another --write-project-id",
    "billingTierLimitExceeded": "raise the project's limit, or take fewer --days",
    "bytesBilledLimitExceeded": "take fewer --days",
    "notFound": "check --write-project-id and --location",
    "quotaExceeded": "wait until the quota is renewed, or ask for a higher one",
    "rateLimitExceeded": "wait a minute, then run again",
    "responseTooLarge": "take fewer --days",
}
