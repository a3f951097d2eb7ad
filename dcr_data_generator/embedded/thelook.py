"""Fills the embedded BigQuery with thelook_ecommerce: a generated sample, or a person's own CSV export."""

from collections.abc import Mapping

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import source
from dcr_data_generator.embedded import csv_export, sample
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.tables import SOURCE_SCHEMAS as SCHEMAS

LOCATION = "US"
# The dataset's label says what it holds, once the load is complete.
LABEL, UNFINISHED = "source", "unfinished"


def fill(client: bigquery.Client, settings: Settings) -> None:
    """Make the source the CSV export that the settings name, else the sample. A source that is so already stays.

    Raises:
        UserError: the export cannot be read, or the run on it would be refused; the source has not been replaced.
    """
    content = csv_export.fingerprint(settings.source) if settings.source else sample.VERSION
    if label(client) == content:
        return
    tables = csv_export.read(settings.source, SCHEMAS) if settings.source else sample.generate()
    source.check_frames(client, settings, LOCATION, tables["orders"], tables["users"])
    load(client, tables, content)


def fill_if_missing(client: bigquery.Client, settings: Settings) -> None:
    """Make the source the sample where there is none, or where an earlier run did not finish loading it."""
    if label(client) == UNFINISHED:
        fill(client, settings)


def load(client: bigquery.Client, tables: Mapping[str, pd.DataFrame], content: str) -> None:
    """Replace the three tables of the source, and label the dataset with what it holds."""
    dataset = bigquery.Dataset(SOURCE)
    dataset.location = LOCATION
    client.create_dataset(dataset, exists_ok=True)

    def load_table(name: str) -> None:
        job_config = bigquery.LoadJobConfig(schema=SCHEMAS[name], write_disposition="WRITE_TRUNCATE")
        frame = tables[name][[field.name for field in SCHEMAS[name]]]
        client.load_table_from_dataframe(frame, f"{SOURCE}.{name}", job_config=job_config).result()

    dataset.labels = {LABEL: UNFINISHED}
    client.update_dataset(dataset, ["labels"])
    run_in_parallel(load_table, SCHEMAS)
    dataset.labels = {LABEL: content}
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
