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


def at_one_instant(client: bigquery.Client, settings: Settings) -> Settings:
    """Fix the instant at which all statements of the run read the source; it is BigQuery's own time."""
    [now] = sql.run(client, "source_time", settings).rows
    return replace(settings, source_time=now.source_time)


def check(client: bigquery.Client, settings: Settings) -> list[str]:
    """Check the source, its orders in the window, and the location of the datasets that exist already.

    Returns: what to know of the source, in sentences.

    Raises:
        UserError: the source is missing, elsewhere than the datasets, or has no order of a customer in the window.
    """
    location = client.get_dataset(SOURCE).location
    [window] = sql.run(client, "source_window", settings).rows
    orders, customers = window.orders_in_window, window.orders_of_customers
    check_run(client, settings, location, orders, customers, window.first_date, window.last_date)
    notices = []
    if orders > min(window.orders_with_user, window.orders_with_items):
        notices.append(
            f"Of the window's {orders:,} orders, {orders - window.orders_with_user:,} have no user in the source and "
            f"{orders - window.orders_with_items:,} have no item."
        )
    if window.other_statuses:
        notices.append(f"These statuses are not thelook's, and are not taken for refunds: {window.other_statuses}")
    return notices


def limit_bytes(client: bigquery.Client, settings: Settings) -> int:
    """Limit what each query may be billed to twice what the largest statement reads, by a dry run.

    Returns: how many bytes of the source all statements of a run read at most.
    """
    sizes = {query.name: sql.dry_run(client, query, settings) for query in sql.read_folder("source")}
    statements = [query.text for folder in ("snapshot", "checks") for query in sql.read_folder(folder)]
    statements += [sql.read(name).text for name in ("source_window", "thin_answers")]
    reads = [sum(size for name, size in sizes.items() if f"{SOURCE}.{name}`" in text) for text in statements]
    defaults = client.default_query_job_config or bigquery.QueryJobConfig()
    defaults.maximum_bytes_billed = max(MIN_BYTES_BILLED, 2 * max(reads))
    client.default_query_job_config = defaults
    return sum(reads)


def check_frames(
    client: bigquery.Client, settings: Settings, location: str, orders: pd.DataFrame, users: pd.DataFrame
) -> None:
    """Check the same of a source that is about to be loaded to a location. Raises UserError as `check` does."""
    days = orders["created_at"].dt.tz_localize(None).dt.floor("D")
    in_window = orders[days.between(pd.Timestamp(settings.first_date), pd.Timestamp(settings.target_date))]
    customers = in_window["user_id"].isin(users["id"][users["email"].str.strip(" \t\r\n").fillna("") != ""])
    first, last = (None, None) if days.isna().all() else (days.min().date(), days.max().date())
    check_run(client, settings, location, len(in_window), customers.sum(), first, last)


def check_run(
    client: bigquery.Client,
    settings: Settings,
    location: str,
    orders: int,
    orders_of_customers: int,
    first: date | None,
    last: date | None,
) -> None:
    """Check a source that has so many orders in the window, and orders from the first to the last date."""
    if location.upper() != settings.location.upper():
        raise UserError(
            f"the location is {settings.location} and {SOURCE} is in {location}, and BigQuery does not copy across "
            f"locations: give --location {location}"
        )
    if not first:
        raise UserError(f"{SOURCE}.orders is empty: there is nothing to copy")
    if not orders:
        raise UserError(f"the source has no orders on {settings.window}: it has orders from {first} to {last}")
    if not orders_of_customers:
        raise UserError(
            f"none of the window's {orders:,} orders has a user with an email in the source: give an export whose "
            "tables belong together, or another --target-date and --days"
        )
    # At most one holder per order. Near a rate of 1, there would be no end of wallet-only users.
    wallet_only = orders * settings.match_rate * settings.wallet_only_rate / (1 - settings.wallet_only_rate)
    if wallet_only > MAX_WALLET_ONLY_USERS:
        raise UserError(
            f"a wallet-only rate of {settings.wallet_only_rate} makes up to {wallet_only:,.0f} wallet-only users, and "
            f"at most {MAX_WALLET_ONLY_USERS:,} are allowed: give a lower rate"
        )
    run_in_parallel(lambda name: check_dataset(client, name, settings), DATASETS)


def check_dataset(client: bigquery.Client, name: str, settings: Settings) -> None:
    """Check that a dataset, if it exists, is where the settings say."""
    with suppress(NotFound):
        location = client.get_dataset(f"{client.project}.{name}").location
        if location.upper() != settings.location.upper():
            raise UserError(
                f"dataset {client.project}.{name} is in {location} and the location is {settings.location}, where "
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
