"""Step 2: the e-wallet provider. Reads the snapshot, synthesizes the provider's two tables, and loads them."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from dcr_data_generator.schemas import DESCRIPTIONS, SCHEMAS
from dcr_data_generator.settings import Settings
from dcr_data_generator.synthesis import synthesize

SNAPSHOT_COLUMNS = {
    "orders": [
        SchemaField("order_id", "INTEGER"),
        SchemaField("user_id", "INTEGER"),
        SchemaField("status", "STRING"),
        SchemaField("created_at", "TIMESTAMP"),
    ],
    "order_items": [SchemaField("order_id", "INTEGER"), SchemaField("sale_price", "FLOAT")],
    "users": [
        SchemaField("id", "INTEGER"),
        SchemaField("email", "STRING"),
        SchemaField("age", "INTEGER"),
        SchemaField("city", "STRING"),
        SchemaField("created_at", "TIMESTAMP"),
    ],
}


def create(client: bigquery.Client, settings: Settings) -> None:
    """Replace ewallet_provider's provider_users and transactions."""
    frames = client.read({f"merchant_provider.{table}": columns for table, columns in SNAPSHOT_COLUMNS.items()})
    provider_users, transactions = synthesize(*frames, settings)
    with ThreadPoolExecutor() as threads:
        users_loaded = threads.submit(load, client, "provider_users", provider_users)
        transactions_loaded = threads.submit(load, client, "transactions", transactions)
    users_loaded.result()
    transactions_loaded.result()


def load(client: bigquery.Client, name: str, frame: pd.DataFrame) -> None:
    """Replace one of the two tables whole: rows, schema and description."""
    config = bigquery.LoadJobConfig(
        schema=SCHEMAS[name], write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE, labels=client.labels
    )
    table = f"{client.project}.ewallet_provider.{name}"
    client.load_table_from_dataframe(frame, table, job_config=config).result()
    # A load job refuses to change the description of a table that is there already.
    described = bigquery.Table(table)
    described.description = DESCRIPTIONS[name]
    client.update_table(described, ["description"])
