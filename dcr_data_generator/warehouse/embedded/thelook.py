"""Fills the embedded BigQuery with thelook_ecommerce: a generated sample, or the user's own CSV export."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.tables import SOURCE_SCHEMAS as SCHEMAS

LOCATION = "US"
# The dataset's label says what it holds, once the load is complete.
LABEL, UNFINISHED = "source", "unfinished"


class Content(NamedTuple):
    """What a source is to hold: its label, and orders, order_items and users (frames)."""

    label: str
    tables: dict[str, pd.DataFrame]


def missing_source(client: bigquery.Client, folder: Path | None) -> Content | None:
    """Read the CSV export in a folder; without a folder, generate the sample. None if the source holds it already.

    Raises:
        UserError: the export cannot be read.
    """
    from dcr_data_generator.warehouse.embedded import csv_export, sample  # with Faker, which only they need

    content = csv_export.fingerprint(folder) if folder else sample.VERSION
    if label(client) == content:
        return None
    return Content(content, csv_export.read(folder, SCHEMAS) if folder else sample.generate())


def unfinished_source(client: bigquery.Client, folder: Path | None) -> Content | None:
    """As `missing_source`, but only where an earlier run did not finish loading the source, or there is none."""
    return missing_source(client, folder) if label(client) == UNFINISHED else None


def load(client: bigquery.Client, content: Content) -> None:
    """Replace the three tables of the source, and label the dataset with what it holds."""
    dataset = bigquery.Dataset(SOURCE)
    dataset.location = LOCATION
    client.create_dataset(dataset, exists_ok=True)

    def load_table(name: str) -> None:
        job_config = bigquery.LoadJobConfig(schema=SCHEMAS[name], write_disposition="WRITE_TRUNCATE")
        frame = content.tables[name][[field.name for field in SCHEMAS[name]]]
        client.load_table_from_dataframe(frame, f"{SOURCE}.{name}", job_config=job_config).result()

    dataset.labels = {LABEL: UNFINISHED}
    client.update_dataset(dataset, ["labels"])
    run_in_parallel(load_table, SCHEMAS)
    dataset.labels = {LABEL: content.label}
    client.update_dataset(dataset, ["labels"])


def label(client: bigquery.Client) -> str | None:
    """Read what the source holds; one that lacks a table is unfinished, and None is one that we did not load."""
    try:
        labels = client.get_dataset(SOURCE).labels
        for name in SCHEMAS:
            client.get_table(f"{SOURCE}.{name}")
        return labels.get(LABEL)
    except NotFound:
        return UNFINISHED
