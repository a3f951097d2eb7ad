"""Connects to a BigQuery: embedded, an emulator's, or Google Cloud's. Only this room knows which one it is."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import google.auth
import grpc
import pandas as pd
import pyarrow as pa
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from dcr_data_generator import sql
from dcr_data_generator.embedded import engine, thelook
from dcr_data_generator.problem import Problem
from dcr_data_generator.settings import Settings

LABELS = {"application": "dcr-data-generator"}
JOBS_AT_ONCE = 8
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
    """A BigQuery client that runs this package's .sql files and reads tables into frames."""

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
        self.place, self.how_to_query, self.labels = place, how_to_query, LABELS
        self.storage_client = storage_client
        # bqemulator 1.4 mixes up the rows of tables that are listed over REST at the same time.
        self.reads_at_once = JOBS_AT_ONCE if storage_client else 1
        self.parameters = [
            bigquery.ScalarQueryParameter("first_date", "DATE", settings.first_date),
            bigquery.ScalarQueryParameter("last_date", "DATE", settings.target_date),
            bigquery.ScalarQueryParameter("target_date", "DATE", settings.target_date),
            bigquery.ScalarQueryParameter("match_rate", "FLOAT64", settings.match_rate),
            bigquery.ScalarQueryParameter("wallet_payment_rate", "FLOAT64", settings.wallet_payment_rate),
            bigquery.ScalarQueryParameter("wallet_only_rate", "FLOAT64", settings.wallet_only_rate),
        ]

    def load_table_from_file(self, *arguments: Any, **options: Any) -> bigquery.LoadJob:  # noqa: ANN401
        """Load a file as a resumable upload whatever its size: it can be sent again, and every BigQuery takes it."""
        return super().load_table_from_file(*arguments, **options | {"size": None})

    def run_file(self, file: str) -> list[bigquery.Row]:
        """Run a file of the sql folder, such as "snapshot/orders"."""
        return self.run(sql.read(file)).rows

    def run(self, query: sql.Query, most_rows: int | None = None) -> Result:
        """Run a query with those of the settings that it names as @parameters."""
        used = [parameter for parameter in self.parameters if f"@{parameter.name}" in query.text]
        job = self.query(query.text, job_config=bigquery.QueryJobConfig(query_parameters=used, labels=LABELS))
        rows = job.result(max_results=most_rows)
        return Result([field.name for field in rows.schema], list(rows), rows.total_rows)

    def run_at_once(self, *queries: sql.Query, most_rows: int | None = None) -> list[Result]:
        """Run queries that do not depend on one another."""
        with ThreadPoolExecutor(JOBS_AT_ONCE) as threads:
            return list(threads.map(lambda query: self.run(query, most_rows), queries))

    def read_batches(self, table: str) -> tuple[pa.Schema, int, Iterator[pa.RecordBatch]]:
        """Read a table in its own order: its schema, its number of rows, and its rows a batch at a time."""
        found = self.get_table(table)
        schema = pa.schema([(field.name, ARROW_TYPES[field.field_type]) for field in found.schema])
        batches = self.list_rows(found).to_arrow_iterable(bqstorage_client=self.storage_client, max_stream_count=1)
        return schema, found.num_rows, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches)

    def read(self, columns: Mapping[str, Sequence[bigquery.SchemaField]]) -> list[pd.DataFrame]:
        """Read columns of several tables: integers as Int64, floats as float64, strings as str."""

        def read_table(table: str) -> pd.DataFrame:
            rows = self.list_rows(f"{self.project}.{table}", selected_fields=columns[table])
            arrow = rows.to_arrow(bqstorage_client=self.storage_client, create_bqstorage_client=False)
            return arrow.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)

        with ThreadPoolExecutor(self.reads_at_once) as threads:
            return list(threads.map(read_table, columns))


@contextmanager
def connect(settings: Settings) -> Iterator[Warehouse]:
    """Connect to where the settings say; the embedded BigQuery runs as long as the connection.

    The embedded BigQuery is filled with the source that the settings ask for; an emulator only where it has none.

    Raises:
        Problem: there are no credentials for Google Cloud, or the embedded BigQuery cannot start.
    """
    if settings.write_project_id is None:
        with engine.running(settings.embedded_dir) as endpoints:
            warehouse = connect_to_embedded(settings, endpoints)
            thelook.fill(warehouse, settings.source)
            yield warehouse
    elif emulator := os.environ.get("BIGQUERY_EMULATOR_HOST"):
        warehouse = connect_to_emulator(settings, emulator)
        thelook.fill_if_missing(warehouse)
        yield warehouse
    else:
        yield connect_to_google_cloud(settings)


def connect_to_embedded(settings: Settings, endpoints: engine.Endpoints) -> Warehouse:
    """Connect to the embedded BigQuery, which wants neither credentials nor TLS."""
    channel = grpc.insecure_channel(endpoints.storage, options=[("grpc.max_receive_message_length", -1)])
    return Warehouse(
        place=f"the embedded BigQuery in {settings.embedded_dir}, project {engine.PROJECT}",
        how_to_query=engine.how_to_serve(settings.embedded_dir),
        settings=settings,
        storage_client=BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel)),
        project=engine.PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoints.rest},
    )


def connect_to_emulator(settings: Settings, address: str) -> Warehouse:
    """Connect to an emulator that runs already; its tables are read over REST."""
    url = address if "://" in address else f"http://{address}"
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
    except DefaultCredentialsError:
        raise Problem(
            f"there are no credentials to write to project {settings.write_project_id} on Google Cloud: "
            "run `gcloud auth application-default login`, then run this again"
        ) from None
    return Warehouse(
        place=f"Google Cloud, project {settings.write_project_id}",
        how_to_query=f"https://console.cloud.google.com/bigquery?project={settings.write_project_id}",
        settings=settings,
        storage_client=BigQueryReadClient(credentials=credentials),
        project=settings.write_project_id,
        credentials=credentials,
    )
