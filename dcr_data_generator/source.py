"""What can be refused is refused here, before anything is replaced."""

from datetime import date

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import SOURCE_PROJECT, Settings

SOURCE_DATASET = f"{SOURCE_PROJECT}.thelook_ecommerce"
MOST_WALLET_ONLY_USERS = 10_000_000
DATASETS = {
    "merchant_provider": "The merchant of the clean room: a snapshot of thelook_ecommerce.",
    "ewallet_provider": "The e-wallet provider of the clean room: synthetic, made to match the merchant.",
}


def check(client: bigquery.Client, settings: Settings) -> None:
    """Find the source and its orders, and the two datasets, which are made where they are missing.

    Raises:
        UserError: the source is missing or elsewhere than the datasets, or has no order in the window.
    """
    check_location(client.get_dataset(SOURCE_DATASET).location, settings)
    [source] = client.run_file("source_window")
    check_window(source.orders_in_window, source.first_date, source.last_date, settings)
    check_size(source.orders_in_window, settings)
    check_datasets(client, settings)


def check_filling(client: bigquery.Client, settings: Settings, location: str, created_at: pd.Series) -> None:
    """See the same of a source that is about to be filled, of which the times of the orders are known.

    Raises:
        UserError: the source is elsewhere than the datasets, or has no order in the window.
    """
    check_location(location, settings)
    days = created_at.dropna().dt.tz_localize(None).dt.floor("D")
    in_window = days.between(pd.Timestamp(settings.first_date), pd.Timestamp(settings.target_date))
    first, last = (None, None) if days.empty else (days.min().date(), days.max().date())
    check_window(int(in_window.sum()), first, last, settings)
    check_size(int(in_window.sum()), settings)
    check_datasets(client, settings)


def check_location(location: str, settings: Settings) -> None:
    """See that the source is where the settings say that the datasets live: no query crosses locations."""
    if location.upper() != settings.location.upper():
        raise UserError(
            f"--location {settings.location} is not where {SOURCE_DATASET} is, and BigQuery does not copy across "
            f"locations: give --location {location}"
        )


def check_window(orders_in_window: int, first: date | None, last: date | None, settings: Settings) -> None:
    """See that the window has orders."""
    if not first:
        raise UserError(f"{SOURCE_DATASET}.orders is empty: there is nothing to take a snapshot of")
    if not orders_in_window:
        raise UserError(
            f"--target-date {settings.target_date} with --days {settings.days} has no orders: "
            f"the source has them from {first} to {last}"
        )


def check_size(orders_in_window: int, settings: Settings) -> None:
    """See that the users who are no customers are not more than a machine holds: near a rate of 1 they have no end."""
    holders = orders_in_window * settings.match_rate  # or fewer: some of them order twice
    wallet_only = holders * settings.wallet_only_rate / (1 - settings.wallet_only_rate)
    if wallet_only > MOST_WALLET_ONLY_USERS:
        raise UserError(
            f"--wallet-only-rate {settings.wallet_only_rate} would make up to {wallet_only:,.0f} users who are no "
            f"customers, and {MOST_WALLET_ONLY_USERS:,} are the most: give a lower rate"
        )


def check_datasets(client: bigquery.Client, settings: Settings) -> None:
    """Make the two datasets, or see that those that are there are where the settings say."""
    run_in_parallel(lambda name: check_dataset(client, name, DATASETS[name], settings), DATASETS)


def check_dataset(client: bigquery.Client, name: str, description: str, settings: Settings) -> None:
    """Make a dataset, or see that the one that is there is where the settings say; it stays as it is."""
    wanted = bigquery.Dataset(f"{client.project}.{name}")
    wanted.location, wanted.description = settings.location, description
    try:
        dataset = client.get_dataset(wanted.reference)
    except NotFound:
        dataset = client.create_dataset(wanted, exists_ok=True)
    if dataset.location.upper() != settings.location.upper():
        raise UserError(
            f"dataset {client.project}.{name} is in {dataset.location} and --location is {settings.location}, where "
            f"{SOURCE_DATASET} is: remove the dataset, or give another --write-project-id"
        )
