"""Fills the embedded BigQuery with thelook_ecommerce: a generated sample, or a person's own CSV export."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from dcr_data_generator.embedded import csv_export, sample
from dcr_data_generator.parallel import run_in_parallel

DATASET = "bigquery-public-data.thelook_ecommerce"
LOCATION = "US"
# The label of the dataset says what it holds, once it holds all of it.
LABEL, UNFINISHED = "source", "unfinished"


def columns(text: str) -> list[SchemaField]:
    """Read columns as they stand in a CREATE TABLE."""
    return [SchemaField(*column.split()) for column in text.split(", ")]


# As the real tables have them, but for the users' user_geom: the emulator cannot copy GEOGRAPHY.
SCHEMAS = {
    "orders": columns(
        "order_id INTEGER, user_id INTEGER, status STRING, gender STRING, created_at TIMESTAMP, returned_at TIMESTAMP, "
        "shipped_at TIMESTAMP, delivered_at TIMESTAMP, num_of_item INTEGER"
    ),
    "order_items": columns(
        "id INTEGER, order_id INTEGER, user_id INTEGER, product_id INTEGER, inventory_item_id INTEGER, status STRING, "
        "created_at TIMESTAMP, shipped_at TIMESTAMP, delivered_at TIMESTAMP, returned_at TIMESTAMP, sale_price FLOAT"
    ),
    "users": columns(
        "id INTEGER, first_name STRING, last_name STRING, email STRING, age INTEGER, gender STRING, state STRING, "
        "street_address STRING, postal_code STRING, city STRING, country STRING, latitude FLOAT, longitude FLOAT, "
        "traffic_source STRING, created_at TIMESTAMP"
    ),
}


def fill(
    client: bigquery.Client,
    folder: Path | None,
    refuse: Callable[[str, pd.Series], None] = lambda location, created_at: None,
) -> None:
    """Make the source what the person asked for: a CSV export where a folder is given, else the sample.

    What is there already is kept. Before anything is replaced, a CSV export is read whole, and `refuse` is given the
    source's location and the times of its orders, and may raise.

    Raises:
        UserError: a file or a column of the export is missing, or a value is not what its column holds.
    """
    content = csv_export.fingerprint(folder) if folder else sample.VERSION
    if labels(client).get(LABEL) == content:
        return
    tables = csv_export.read(folder, SCHEMAS) if folder else sample.generate()
    refuse(LOCATION, tables["orders"]["created_at"])
    dataset = bigquery.Dataset(DATASET)
    dataset.location = LOCATION
    dataset = client.create_dataset(dataset, exists_ok=True)
    label(client, dataset, UNFINISHED)
    run_in_parallel(lambda name: client.load(tables[name], f"{DATASET}.{name}", SCHEMAS[name]), SCHEMAS)
    label(client, dataset, content)


def fill_if_missing(client: bigquery.Client, refuse: Callable[[str, pd.Series], None]) -> None:
    """Make the source the sample where there is none, or one that an earlier run began and did not finish."""
    if labels(client, {LABEL: UNFINISHED}).get(LABEL) == UNFINISHED:
        fill(client, None, refuse)


def labels(client: bigquery.Client, of_none: Mapping[str, str] = {}) -> Mapping[str, str]:
    """What the dataset says that it holds; `of_none` where there is no dataset."""
    try:
        return client.get_dataset(DATASET).labels
    except NotFound:
        return of_none


def label(client: bigquery.Client, dataset: bigquery.Dataset, content: str) -> None:
    """Say what the dataset holds."""
    dataset.labels = {LABEL: content}
    client.update_dataset(dataset, ["labels"])
