"""Looks at the source before anything is replaced: it is there, it has orders in the window, and the result fits."""

from contextlib import suppress
from dataclasses import replace
from datetime import date

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import DATASETS, SOURCE

MAX_WALLET_ONLY_USERS = 10_000_000
# What small queries may be billed: BigQuery bills 10 MiB per table at least.
MIN_BYTES_BILLED = 100 << 20


def check(client: bigquery.Client, settings: Settings) -> Settings:
    """Check the source, its orders in the window, and the location of the datasets that exist already.

    Returns: the settings, with the instant at which all statements of the run read the source.

    Raises:
        UserError: the source is missing, elsewhere than the datasets, or has no order in the window.
    """
    location = client.get_dataset(SOURCE).location
    [now] = sql.run(client, "source_time", settings).rows
    settings = replace(settings, source_time=now.source_time)
    [window] = sql.run(client, "source_window", settings).rows
    check_run(client, settings, location, window.orders_in_window, window.first_date, window.last_date)
    return settings


def limit_bytes(client: bigquery.Client, settings: Settings) -> int:
    """Limit what each query may be billed to twice what the largest statement reads, by a dry run.

    Returns: how many bytes of the source all statements of a run read at most.
    """
    sizes = {query.name: sql.dry_run(client, query, settings) for query in sql.read_folder("source")}
    statements = [query.text for folder in ("snapshot", "checks") for query in sql.read_folder(folder)]
    reads = [sum(size for name, size in sizes.items() if f"{SOURCE}.{name}`" in text) for text in statements]
    defaults = client.default_query_job_config or bigquery.QueryJobConfig()
    defaults.maximum_bytes_billed = max(MIN_BYTES_BILLED, 2 * max(reads))
    client.default_query_job_config = defaults
    return sum(reads)


def check_frame(client: bigquery.Client, settings: Settings, location: str, created_at: pd.Series) -> None:
    """Check the same of a source that is about to be loaded.

    Args:
        client: where the datasets are.
        settings: the run's.
        location: where the source will be.
        created_at: when the source's orders were placed (datetime64[us, UTC]).

    Raises:
        UserError: as `check`.
    """
    days = created_at.dropna().dt.tz_localize(None).dt.floor("D")
    in_window = days.between(pd.Timestamp(settings.first_date), pd.Timestamp(settings.target_date)).sum()
    first, last = (None, None) if days.empty else (days.min().date(), days.max().date())
    check_run(client, settings, location, int(in_window), first, last)


def check_run(
    client: bigquery.Client, settings: Settings, location: str, orders: int, first: date | None, last: date | None
) -> None:
    """Check a source that has so many orders in the window, and orders from the first to the last date."""
    if location.upper() != settings.location.upper():
        raise UserError(
            f"--location is {settings.location} and {SOURCE} is in {location}, and BigQuery does not copy across "
            f"locations: give --location {location}"
        )
    if not first:
        raise UserError(f"{SOURCE}.orders is empty: there is nothing to copy")
    if not orders:
        raise UserError(
            f"--target-date {settings.target_date} with --days {settings.days} has no orders: "
            f"the source has orders from {first} to {last}"
        )
    # At most one holder per order. Near a rate of 1, there would be no end of wallet-only users.
    wallet_only = orders * settings.match_rate * settings.wallet_only_rate / (1 - settings.wallet_only_rate)
    if wallet_only > MAX_WALLET_ONLY_USERS:
        raise UserError(
            f"--wallet-only-rate {settings.wallet_only_rate} makes up to {wallet_only:,.0f} wallet-only users, and at "
            f"most {MAX_WALLET_ONLY_USERS:,} are allowed: give a lower rate"
        )
    run_in_parallel(lambda name: check_dataset(client, name, settings), DATASETS)


def check_dataset(client: bigquery.Client, name: str, settings: Settings) -> None:
    """Check that a dataset, if it exists, is where the settings say."""
    with suppress(NotFound):
        location = client.get_dataset(f"{client.project}.{name}").location
        if location.upper() != settings.location.upper():
            raise UserError(
                f"dataset {client.project}.{name} is in {location} and --location is {settings.location}, where "
                f"{SOURCE} is: delete the dataset, or give another --write-project-id"
            )


def create_datasets(client: bigquery.Client, settings: Settings) -> None:
    """Create the two datasets where they are missing; one that exists stays as it is."""

    def create(name: str) -> None:
        dataset = bigquery.Dataset(f"{client.project}.{name}")
        dataset.location, dataset.description = settings.location, DATASETS[name]
        try:
            client.get_dataset(dataset.reference)
        except NotFound:
            client.create_dataset(dataset, exists_ok=True)

    run_in_parallel(create, DATASETS)
