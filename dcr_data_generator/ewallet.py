"""Step 2 in pandas: reads the snapshot, synthesizes the provider's two tables, and loads them."""

from datetime import date

import pandas as pd
from google.cloud import bigquery

from dcr_data_generator.parallel import Counted, run_in_parallel
from dcr_data_generator.settings import Draws
from dcr_data_generator.synthesis import synthesize
from dcr_data_generator.tables import DESCRIPTIONS, MERCHANT, PROVIDER, SCHEMAS, SNAPSHOT_COLUMNS
from dcr_data_generator.warehouse.warehouse import Warehouse


def create(warehouse: Warehouse, draws: Draws, target_date: date, scale: int = 1, counted: Counted = iter) -> None:
    """Replace ewallet_provider.provider_users and ewallet_provider.transactions."""
    orders, order_items, users = run_in_parallel(
        lambda name: warehouse.read(f"{MERCHANT}.{name}", SNAPSHOT_COLUMNS[name]),
        SNAPSHOT_COLUMNS,
        warehouse.threads,
        counted=counted,
    )
    provider_users, transactions = synthesize(orders, order_items, users, draws, target_date, scale)
    frames = {"provider_users": provider_users, "transactions": transactions}

    def replace(name: str) -> None:
        with warehouse.replacing(f"{PROVIDER}.{name}"):
            load(warehouse, frames[name], name)

    run_in_parallel(replace, frames, counted=counted)


def load(warehouse: Warehouse, frame: pd.DataFrame, name: str) -> None:
    """Replace one of the two tables: rows, schema and description. A job that BigQuery failed in passing is retried."""
    table = warehouse.path(f"{PROVIDER}.{name}")
    job_config = bigquery.LoadJobConfig(schema=SCHEMAS[name], write_disposition="WRITE_TRUNCATE")

    def load_once() -> None:
        warehouse.client.load_table_from_dataframe(frame, table, job_config=job_config).result(retry=warehouse.retry)

    warehouse.job_retry(load_once)()
    describe(warehouse, name)


def describe(warehouse: Warehouse, name: str) -> None:
    """Describe one of the two tables and its columns, which neither a load of a table that exists nor SQL does."""
    table = bigquery.Table(warehouse.path(f"{PROVIDER}.{name}"), SCHEMAS[name])
    table.description = DESCRIPTIONS[name]
    warehouse.client.update_table(table, ["schema", "description"], retry=warehouse.retry)
