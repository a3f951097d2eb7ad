"""A BigQuery to which a command is connected: what it asks, reads and replaces there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from google.api_core.exceptions import BadRequest, Forbidden
from google.api_core.retry import Retry
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY
from google.cloud.bigquery_storage import BigQueryReadClient

from dcr_data_generator import sql
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import Counted, run_in_parallel
from dcr_data_generator.settings import GoogleCloud, Window
from dcr_data_generator.sql import Query
from dcr_data_generator.tables import SOURCE, suffixed
from dcr_data_generator.warehouse.changes import REPLACED, Changes
from dcr_data_generator.warehouse.embedded.thelook import Content
from dcr_data_generator.warehouse.explain import explain

NOTHING: Mapping[str, Any] = MappingProxyType({})
NO_LIMIT = 2**63 - 1
# BigQuery's types of @parameters.
TYPES = {str: "STRING", float: "FLOAT64", int: "INT64", date: "DATE", datetime: "TIMESTAMP"}


class Result(NamedTuple):
    """The answer to a query: its columns, its first rows, and how many rows there are in all."""

    columns: list[str]
    rows: list[bigquery.Row]
    total: int

    @property
    def row(self) -> bigquery.Row:
        """The first row of an answer that always has one. Raises UserError where BigQuery gave none."""
        if not self.rows:
            columns = f" with {', '.join(self.columns)}" if self.columns else ""
            raise UserError(f"BigQuery gave no row{columns}: run again")
        return self.rows[0]


@dataclass
class Warehouse:
    """A BigQuery client, and what is known of the place where it is connected.

    Attributes:
        storage_client: without one, tables are read over REST.
        settings: where the tables are; their names end in its suffix, and its timeout holds for every query.
        name: the place, in words.
        how_to_query: a command or an address, for the user.
        parameters: what SQL may name as @parameters, beside the instant of the source.
        source_dataset: the dataset that stands in the place of thelook.
        missing_source: what has to be loaded first for a source, from a folder or else as a sample; None where nothing.
        is_billed: whether this is Google Cloud.
        changes: what was replaced or deleted.
        window: the days of the snapshot, where they are known.
    """

    client: bigquery.Client
    storage_client: BigQueryReadClient | None
    settings: GoogleCloud
    name: str
    how_to_query: str
    parameters: Mapping[str, Any] = NOTHING
    source_dataset: str = SOURCE
    missing_source: Callable[[Path | None], Content | None] = lambda folder: None
    is_billed: bool = False
    changes: Changes = field(default_factory=Changes)
    window: Window | None = None

    @property
    def project(self) -> str:
        """The project that the tables are in."""
        return str(self.client.project)

    @property
    def name_and_days(self) -> str:
        """The place, in words, and the days of the snapshot there, where they are known."""
        return f"{self.name}: {self.window.words}" if self.window else self.name

    @property
    def threads(self) -> int:
        """How many tables may be read in parallel: bqemulator 1.4 mixes up tables that are listed over REST at once."""
        return 32 if self.storage_client else 1

    @property
    def retry(self) -> Retry:
        """How requests are repeated: until the timeout."""
        return DEFAULT_RETRY.with_timeout(self.settings.timeout)

    @property
    def job_retry(self) -> Retry:
        """How jobs are repeated that BigQuery failed in passing: until the timeout."""
        return DEFAULT_JOB_RETRY.with_timeout(self.settings.timeout)

    @cached_property
    def source_time(self) -> datetime:
        """The instant at which all statements read the source; it is BigQuery's own time."""
        time: datetime = self.run("source/time").row.source_time
        return time

    def named(self, text: str) -> str:
        """Put the datasets of the settings in the place of the usual ones: in SQL, or in the name of a table."""
        return suffixed(text, self.settings.suffix).replace(SOURCE, self.source_dataset)

    def path(self, table: str) -> str:
        """The whole name of one of the program's datasets or tables."""
        return f"{self.project}.{self.named(table)}"

    @contextmanager
    def replacing(self, table: str) -> Iterator[None]:
        """Record that the block replaces a table."""
        with self.changes.changing(self.named(table), REPLACED):
            yield

    def label(self, dataset: str, labels: Mapping[str, str]) -> bigquery.Dataset | None:
        """Give a dataset labels. Its other labels stay.

        Returns: the dataset as it is labelled; None where the user may not label it. The role BigQuery Data Editor does
        not allow it where somebody else created the dataset.

        Raises:
            NotFound: there is no such dataset.
        """
        labelled = bigquery.Dataset(self.path(dataset))
        try:
            labelled.labels = {**self.client.get_dataset(labelled.reference).labels, **labels}
            self.client.update_dataset(labelled, ["labels"])
        except Forbidden:
            return None
        return labelled

    def query_parameters(self, query: Query, values: Mapping[str, Any]) -> list:
        """Those values that a query names as @parameters: texts, numbers, dates, times, and lists of texts."""
        values = {**self.parameters, **values}
        if "@source_time" in query.text:
            values["source_time"] = self.source_time
        return [
            bigquery.ArrayQueryParameter(name, TYPES[type(value[0])], value)
            if isinstance(value, list)
            else bigquery.ScalarQueryParameter(name, "DATE" if value is None else TYPES[type(value)], value)
            for name, value in values.items()
            if f"@{name}" in query.text
        ]

    def run(self, query: Query | str, max_rows: int | None = None, values: Mapping[str, Any] = NOTHING) -> Result:
        """Run a query, or the file of that name, with those of the values that it names as @parameters.

        Raises:
            UserError: BigQuery takes the query for wrong.
        """
        if isinstance(query, str):
            query = sql.read(query)
        job_config = bigquery.QueryJobConfig(query_parameters=self.query_parameters(query, values))
        retry, job_retry = self.retry, self.job_retry
        try:
            job = self.client.query(self.named(query.text), job_config=job_config, retry=retry, job_retry=job_retry)
            rows = job.result(max_results=max_rows, retry=retry, job_retry=job_retry)
        except BadRequest as error:
            raise UserError(
                f"{sql.path_of(query.file)}: {explain(error, self.project if self.is_billed else None)}"
            ) from None
        return Result([field.name for field in rows.schema], list(rows), rows.total_rows)

    def run_all(
        self,
        queries: Iterable[Query | str],
        max_rows: int | None = None,
        values: Mapping[str, Any] = NOTHING,
        counted: Counted = iter,
    ) -> list[Result]:
        """Run queries in parallel; their answers come in the same order."""
        return run_in_parallel(lambda query: self.run(query, max_rows, values), queries, counted=counted)

    def dry_run(self, query: Query) -> int:
        """Ask how many bytes a query would read. The limit of what is billed holds for dry runs, too: it is lifted."""
        job_config = bigquery.QueryJobConfig(
            query_parameters=self.query_parameters(query, {}),
            dry_run=True,
            use_query_cache=False,
            maximum_bytes_billed=NO_LIMIT,
        )
        return self.client.query(self.named(query.text), job_config=job_config).total_bytes_processed or 0

    def read_arrow(self, table: str, columns: Sequence[bigquery.SchemaField]) -> pa.Table:
        """Read columns of a table."""
        rows = self.client.list_rows(self.path(table), selected_fields=columns)
        return rows.to_arrow(bqstorage_client=self.storage_client, create_bqstorage_client=False)

    def read(self, table: str, columns: Sequence[bigquery.SchemaField]) -> pd.DataFrame:
        """Read columns of a table: INTEGER as Int64, FLOAT as float64, STRING as str, TIMESTAMP as datetime64."""
        return self.read_arrow(table, columns).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)

    def bytes_billed(self) -> int:
        """Add up what BigQuery billed for the queries of this run, which have a label of their own."""
        jobs = [job for job in self.client.list_jobs(max_results=1000) if job.labels.get("run") == self.run_label]
        return sum(job.total_bytes_billed or 0 for job in jobs if isinstance(job, bigquery.QueryJob))

    @property
    def run_label(self) -> str:
        """The label of a run's jobs, and of the datasets that it writes to."""
        defaults = self.client.default_query_job_config or bigquery.QueryJobConfig()
        return str(defaults.labels["run"])
