"""What can be refused is refused here, before anything is replaced."""

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator.at_once import at_once
from dcr_data_generator.problem import Problem
from dcr_data_generator.settings import SOURCE_PROJECT, Settings

SOURCE_DATASET = f"{SOURCE_PROJECT}.thelook_ecommerce"
DATASETS = {
    "merchant_provider": "The merchant of the clean room: a snapshot of thelook_ecommerce.",
    "ewallet_provider": "The e-wallet provider of the clean room: synthetic, made to match the merchant.",
}


def check(client: bigquery.Client, settings: Settings) -> None:
    """Find the source and its orders, and the two datasets, which are made where they are missing.

    Raises:
        Problem: the source is missing or elsewhere than the datasets, or has no order in the window.
    """
    check_source(client, settings)
    check_window(client, settings)
    at_once(lambda name: check_dataset(client, name, DATASETS[name], settings), DATASETS)


def check_source(client: bigquery.Client, settings: Settings) -> None:
    """See that the source is there, and where the settings say that the datasets live: no query crosses locations."""
    source = client.get_dataset(SOURCE_DATASET)
    if source.location.upper() != settings.location.upper():
        raise Problem(
            f"--location {settings.location} is not where {SOURCE_DATASET} is, and BigQuery does not copy across "
            f"locations: give --location {source.location}"
        )


def check_window(client: bigquery.Client, settings: Settings) -> None:
    """See that the window has orders."""
    [source] = client.run_file("source_window")
    if not source.first_date:
        raise Problem(f"{SOURCE_DATASET}.orders is empty: there is nothing to take a snapshot of")
    if not source.orders_in_window:
        raise Problem(
            f"--target-date {settings.target_date} with --days {settings.days} has no orders: "
            f"the source has them from {source.first_date} to {source.last_date}"
        )


def check_dataset(client: bigquery.Client, name: str, description: str, settings: Settings) -> None:
    """Make a dataset, or see that the one that is there is where the settings say; it stays as it is."""
    wanted = bigquery.Dataset(f"{client.project}.{name}")
    wanted.location, wanted.description = settings.location, description
    try:
        dataset = client.get_dataset(wanted.reference)
    except NotFound:
        dataset = client.create_dataset(wanted, exists_ok=True)
    if dataset.location.upper() != settings.location.upper():
        raise Problem(
            f"dataset {client.project}.{name} is in {dataset.location} and --location is {settings.location}, where "
            f"{SOURCE_DATASET} is: remove the dataset, or give another --write-project-id"
        )
