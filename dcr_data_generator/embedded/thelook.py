"""Fills the embedded BigQuery with thelook_ecommerce: a generated sample, or a person's own CSV export."""

from collections.abc import Mapping

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from dcr_data_generator import source
from dcr_data_generator.embedded import csv_export, sample
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import SOURCE

LOCATION = "US"
# The dataset's label says what it holds, once the load is complete.
LABEL, UNFINISHED = "source", "unfinished"


def columns(text: str) -> list[SchemaField]:
    """Read columns as they stand in a CREATE TABLE."""
    return [SchemaField(name, kind) for name, kind in (column.split() for column in text.split(", "))]


# The columns of the real tables, without users.user_geom: the embedded engine cannot copy GEOGRAPHY.
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


def fill(client: bigquery.Client, settings: Settings) -> None:
    """Make the source the CSV export that the settings name, else the sample. A source that is so already stays.

    Raises:
        UserError: the export cannot be read, or the run on it would be refused; the source has not been replaced.
    """
    content = csv_export.fingerprint(settings.source) if settings.source else sample.VERSION
    if labels(client).get(LABEL) == content:
        return
    tables = csv_export.read(settings.source, SCHEMAS) if settings.source else sample.generate()
    source.check_frames(client, settings, LOCATION, tables["orders"], tables["users"])
    load(client, tables, content)


def fill_if_missing(client: bigquery.Client, settings: Settings) -> None:
    """Make the source the sample where there is none, or where an earlier run did not finish loading it."""
    if labels(client, {LABEL: UNFINISHED}).get(LABEL) == UNFINISHED:
        fill(client, settings)


def load(client: bigquery.Client, tables: Mapping[str, pd.DataFrame], content: str) -> None:
    """Replace the three tables of the source, and label the dataset with what it holds."""
    dataset = bigquery.Dataset(SOURCE)
    dataset.location = LOCATION
    dataset = client.create_dataset(dataset, exists_ok=True)
    set_label(client, dataset, UNFINISHED)

    def load_table(name: str) -> None:
        job_config = bigquery.LoadJobConfig(schema=SCHEMAS[name], write_disposition="WRITE_TRUNCATE")
        frame = tables[name][[field.name for field in SCHEMAS[name]]]
        client.load_table_from_dataframe(frame, f"{SOURCE}.{name}", job_config=job_config).result()

    run_in_parallel(load_table, SCHEMAS)
    set_label(client, dataset, content)


def labels(client: bigquery.Client, default: Mapping[str, str] = {}) -> Mapping[str, str]:
    """Read the labels of the source; `default` where there is no source."""
    try:
        return client.get_dataset(SOURCE).labels
    except NotFound:
        return default


def set_label(client: bigquery.Client, dataset: bigquery.Dataset, content: str) -> None:
    """Write what the dataset holds on its label."""
    dataset.labels = {LABEL: content}
    client.update_dataset(dataset, ["labels"])
