"""Step 2: makes the provider's two tables, in pandas or inside BigQuery. Both make the same tables."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from dcr_data_generator import sql
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.synthesis import synthesize
from dcr_data_generator.tables import (
    DESCRIPTIONS,
    MERCHANT,
    PROVIDER,
    SCHEMAS,
    SNAPSHOT_COLUMNS,
    WORKING,
    WORKING_LABELS,
    ReplacedTables,
    named,
)
from dcr_data_generator.warehouse import Warehouse

# What is made on the way inside BigQuery, in this order.
STEPS = ("customers", "holders", "wallet_only", "people", "orders")


def create(warehouse: Warehouse, settings: Settings, replaced: ReplacedTables) -> None:
    """Replace ewallet_provider.provider_users and ewallet_provider.transactions."""
    engines = {"pandas": create_in_pandas, "bigquery": create_in_bigquery}
    engines[settings.engine](warehouse, settings, replaced)


def create_in_pandas(warehouse: Warehouse, settings: Settings, replaced: ReplacedTables) -> None:
    """Read the snapshot into pandas, synthesize the two tables, and load them."""
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


@contextmanager
def working_dataset(
    client: bigquery.Client, settings: Settings, functions: str = "provider/functions"
) -> Iterator[None]:
    """Have a dataset with the functions of a folder for a while."""
    working = bigquery.Dataset(named(f"{client.project}.{WORKING}", settings))
    working.location, working.labels = settings.location, WORKING_LABELS
    # What an earlier run left that was stopped is not reused.
    client.delete_dataset(working, delete_contents=True, not_found_ok=True)
    client.create_dataset(working)
    try:
        sql.run_all(client, sql.read_folder(functions), settings)
        yield
    finally:
        client.delete_dataset(working, delete_contents=True, not_found_ok=True)


def create_in_bigquery(warehouse: Warehouse, settings: Settings, replaced: ReplacedTables) -> None:
    """Make the two tables by SQL, in steps whose tables and functions are deleted in the end."""
    client = warehouse.client
    with working_dataset(client, settings):
        for step in STEPS:
            sql.run(client, f"provider/{step}", settings)

        def replace(name: str) -> None:
            with replaced.replacing(f"{PROVIDER}.{name}"):
                sql.run(client, f"provider/{name}", settings)
                describe(client, name, settings)

        run_in_parallel(replace, SCHEMAS)


def load(client: bigquery.Client, frame: pd.DataFrame, name: str, settings: Settings) -> None:
    """Replace one of the two tables: rows, schema and description. A job that BigQuery failed in passing is retried."""
    table = bigquery.Table(named(f"{client.project}.{PROVIDER}.{name}", settings))
    job_config = bigquery.LoadJobConfig(schema=SCHEMAS[name], write_disposition="WRITE_TRUNCATE")
    retry, job_retry = DEFAULT_RETRY.with_timeout(settings.timeout), DEFAULT_JOB_RETRY.with_timeout(settings.timeout)

    def load_once() -> None:
        client.load_table_from_dataframe(frame, table, job_config=job_config).result(retry=retry)

    job_retry(load_once)()
    describe(client, name, settings)


def describe(client: bigquery.Client, name: str, settings: Settings) -> None:
    """Describe one of the two tables and its columns, which neither a load of a table that exists nor SQL does."""
    table = bigquery.Table(named(f"{client.project}.{PROVIDER}.{name}", settings), SCHEMAS[name])
    table.description = DESCRIPTIONS[name]
    client.update_table(table, ["schema", "description"], retry=DEFAULT_RETRY.with_timeout(settings.timeout))
