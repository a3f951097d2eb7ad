"""Every dataset, table and column that a run reads or writes, by name."""

import json
import re
from pathlib import Path

from google.cloud.bigquery import SchemaField

from dcr_data_generator.settings import SOURCE as SOURCE

MERCHANT, PROVIDER = "merchant_provider", "ewallet_provider"
# What step 2 makes inside BigQuery on the way; it is deleted in the end.
WORKING, WORKING_LABELS = "ewallet_working", {"made-by": "dcr-data-generator"}
# The features and the model of sql/model/.
MODEL = "ewallet_model"
DATASETS = {
    MERCHANT: "The merchant of the clean room: a snapshot of thelook_ecommerce.",
    PROVIDER: "The e-wallet provider of the clean room: synthetic, fitted to the merchant's snapshot.",
}
SCHEMA_FOLDER = Path(__file__).with_name("schemas")
FIVE_TABLES = [
    f"{MERCHANT}.orders",
    f"{MERCHANT}.order_items",
    f"{MERCHANT}.users",
    f"{PROVIDER}.provider_users",
    f"{PROVIDER}.transactions",
]
# What a run with --identity-noise makes besides; sql/identity/ has their columns.
IDENTITY_TABLES = [f"{PROVIDER}.identity_truth", f"{PROVIDER}.identity_keys", f"{MERCHANT}.identity_keys"]


def suffixed(text: str, suffix: str) -> str:
    """Put a suffix to the names of both parties' datasets."""
    return re.sub(r"\b(merchant|ewallet)_(provider|working|clean_room|templates|model)\b", rf"\g<0>{suffix}", text)


def read_schema(table: str) -> list[SchemaField]:
    """Read a table's columns from their file, which `bq mk --schema` takes as well."""
    text = (SCHEMA_FOLDER / f"{table}.json").read_text(encoding="utf-8")
    return [SchemaField.from_api_repr(column) for column in json.loads(text)]


# The columns of the real tables, without users.user_geom: the embedded engine cannot copy GEOGRAPHY.
SOURCE_SCHEMAS = {name: read_schema(name) for name in ("orders", "order_items", "users")}
SCHEMAS = {name: read_schema(name) for name in ("provider_users", "transactions")}
DESCRIPTIONS = {
    "provider_users": "The e-wallet provider's users, one row per person: wallet holders and wallet-only users.",
    "transactions": "The payments of the merchant's orders that went through the wallet, one row per order.",
}
# The columns of the snapshot from which the provider's tables are made.
COLUMNS_TO_READ = {
    "orders": ["order_id", "user_id", "status", "created_at"],
    "order_items": ["order_id", "sale_price"],
    "users": ["id", "email", "age", "city", "created_at"],
}
SNAPSHOT_COLUMNS = {
    name: [column for column in SOURCE_SCHEMAS[name] if column.name in columns]
    for name, columns in COLUMNS_TO_READ.items()
}
