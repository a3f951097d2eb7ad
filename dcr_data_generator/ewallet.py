"""Step 2: the e-wallet provider. Reads the snapshot, synthesizes the provider's two tables, and loads them."""

import pandas as pd
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.synthesis import synthesize
from dcr_data_generator.tables import DESCRIPTIONS, SCHEMAS

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
    made = dict(zip(SCHEMAS, synthesize(*frames, settings), strict=True))
    run_in_parallel(lambda name: replace(client, name, made[name]), SCHEMAS)


def replace(client: bigquery.Client, name: str, frame: pd.DataFrame) -> None:
    """Replace one of the two tables whole: rows, schema and description."""
    table = f"{client.project}.ewallet_provider.{name}"
    with client.replacing(f"ewallet_provider.{name}"):
        client.load(frame, table, SCHEMAS[name])
        # A load job refuses to change the description of a table that is there already.
        described = bigquery.Table(table)
        described.description = DESCRIPTIONS[name]
        client.update_table(described, ["description"])
