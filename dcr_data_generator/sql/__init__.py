"""The package's SQL: each file is one statement, which runs in the BigQuery console as it stands.

What a file says about itself stands in its first lines, in comments with a name: `-- question: ...`.
"""

import re
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from dcr_data_generator import people
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import named, suffixed

FOLDER = Path(__file__).parent


class Query(NamedTuple):
    """A file of SQL: its name, its named comments, and its text."""

    name: str
    comments: dict[str, str]
    text: str


class Result(NamedTuple):
    """The answer to a query: its columns, its first rows, and how many rows there are in all."""

    columns: list[str]
    rows: list[bigquery.Row]
    total: int

    @property
    def row(self) -> bigquery.Row:
        """The first row of an answer that always has one. Raises UserError where BigQuery gave none."""
        if not self.rows:
            raise UserError(f"BigQuery gave no row with {', '.join(self.columns)}: run again")
        return self.rows[0]


def read(file: str, suffix: str = "") -> Query:
    """Read a file, such as "snapshot/orders", and put the suffix to the parties' datasets."""
    path = FOLDER / f"{file}.sql"
    text = suffixed(path.read_text(encoding="utf-8"), suffix)
    comment = "\n".join(takewhile(lambda line: line.startswith("-- "), text.splitlines()))
    parts = re.split(r"^-- ([a-z]+): ", comment, flags=re.MULTILINE)
    values = [part.strip().replace("\n-- ", " ") for part in parts[2::2]]
    return Query(path.stem, dict(zip(parts[1::2], values, strict=True)), text)


def read_folder(folder: str, suffix: str = "") -> list[Query]:
    return [read(f"{folder}/{path.stem}", suffix) for path in sorted((FOLDER / folder).glob("*.sql"))]


def run(client: bigquery.Client, query: Query | str, settings: Settings, max_rows: int | None = None) -> Result:
    """Run a query, or the file of that name, with those of the settings that it names as @parameters."""
    if isinstance(query, str):
        query = read(query)
    retry = DEFAULT_RETRY.with_timeout(settings.timeout)
    job_retry = DEFAULT_JOB_RETRY.with_timeout(settings.timeout)
    job_config = bigquery.QueryJobConfig(query_parameters=query_parameters(query, settings))
    job = client.query(named(query.text, settings), job_config=job_config, retry=retry, job_retry=job_retry)
    rows = job.result(max_results=max_rows, retry=retry, job_retry=job_retry)
    return Result([field.name for field in rows.schema], list(rows), rows.total_rows)


def dry_run(client: bigquery.Client, query: Query, settings: Settings) -> int:
    """Ask how many bytes a query would read."""
    parameters = query_parameters(query, settings)
    job_config = bigquery.QueryJobConfig(query_parameters=parameters, dry_run=True, use_query_cache=False)
    return client.query(named(query.text, settings), job_config=job_config).total_bytes_processed or 0


def run_all(
    client: bigquery.Client, queries: Iterable[Query | str], settings: Settings, max_rows: int | None = None
) -> list[Result]:
    return run_in_parallel(lambda query: run(client, query, settings, max_rows), queries)


type Parameter = bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter


def query_parameters(query: Query, settings: Settings) -> list[Parameter]:
    """Those of the settings, and of the names of invented people, that a query names as @parameters."""
    names = {"first_names": people.FIRST_NAMES, "last_names": people.LAST_NAMES, "domains": people.DOMAINS}
    names["kinds"] = [kind for kind, times in people.KINDS.items() for _ in range(times)]
    dates = {"first_date": settings.first_date, "last_date": settings.target_date, "target_date": settings.target_date}
    rates = ("match_rate", "wallet_payment_rate", "wallet_only_rate", "identity_noise")
    parameters: list[Parameter] = [
        *(bigquery.ScalarQueryParameter(name, "DATE", value) for name, value in dates.items()),
        *(bigquery.ScalarQueryParameter(name, "FLOAT64", getattr(settings, name)) for name in rates),
        *(bigquery.ArrayQueryParameter(name, "STRING", values) for name, values in names.items()),
        # As text: a seed may be larger than an INT64.
        bigquery.ScalarQueryParameter("seed", "STRING", str(settings.seed)),
        bigquery.ScalarQueryParameter("source_time", "TIMESTAMP", settings.source_time),
        bigquery.ScalarQueryParameter("scale", "INT64", settings.scale),
    ]
    return [each for each in parameters if f"@{each.name}" in query.text]
