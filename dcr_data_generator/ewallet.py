"""Step 2: reads the snapshot into pandas, synthesizes the provider's two tables, and loads them."""

import pandas as pd
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.synthesis import synthesize
from dcr_data_generator.tables import DESCRIPTIONS, MERCHANT, PROVIDER, SCHEMAS, SNAPSHOT_COLUMNS, ReplacedTables, named
from dcr_data_generator.warehouse import Warehouse


def create(warehouse: Warehouse, settings: Settings, replaced: ReplacedTables) -> None:
    """Replace ewallet_provider.provider_users and ewallet_provider.transactions."""
    orders, order_items, users = run_in_parallel(
        lambda name: warehouse.read(named(f"{MERCHANT}.{name}", settings), SNAPSHOT_COLUMNS[name]),
        SNAPSHOT_COLUMNS,
        warehouse.threads,
    )
    provider_users, transactions = synthesize(orders, order_items, users, settings)
    frames = {"provider_users": provider_users, "transactions": transactions}

    def replace(name: str) -> None:
        with replaced.replacing(f"{PROVIDER}.{name}"):
            load(warehouse.client, frames[name], name, settings)

    run_in_parallel(replace, frames)


def load(client: bigquery.Client, frame: pd.DataFrame, name: str, settings: Settings) -> None:
    """Replace one of the two tables: rows, schema and description. A job that BigQuery failed in passing is retried."""
    table = bigquery.Table(named(f"{client.project}.{PROVIDER}.{name}", settings))
    job_config = bigquery.LoadJobConfig(schema=SCHEMAS[name], write_disposition="WRITE_TRUNCATE")
    retry, job_retry = DEFAULT_RETRY.with_timeout(settings.timeout), DEFAULT_JOB_RETRY.with_timeout(settings.timeout)

    def load_once() -> None:
        client.load_table_from_dataframe(frame, table, job_config=job_config).result(retry=retry)

    job_retry(load_once)()
    # A load job cannot change the description of a table that exists.
    table.description = DESCRIPTIONS[name]
    client.update_table(table, ["description"], retry=retry)
