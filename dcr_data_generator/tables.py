"""Every dataset, table and column that a run reads or writes, by name."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.cloud.bigquery import SchemaField

from dcr_data_generator.settings import SOURCE as SOURCE
from dcr_data_generator.settings import Settings

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


def named(text: str, settings: Settings) -> str:
    """Put the datasets of the settings in the place of the usual ones: in SQL, or in the name of a table."""
    return suffixed(text, settings.suffix).replace(SOURCE, settings.source_dataset)


def suffixed(text: str, suffix: str) -> str:
    """Put a suffix to the names of both parties' datasets."""
    return re.sub(r"\b(merchant|ewallet)_(provider|working|clean_room|model)\b", rf"\g<0>{suffix}", text)


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

STATES = ("replaced", "perhaps replaced", "not replaced")


class ReplacedTables:
    """Which of the five tables a run has replaced, so that a run that ends early can say so."""

    def __init__(self) -> None:
        self.states = dict.fromkeys(FIVE_TABLES, "not replaced")

    @contextmanager
    def replacing(self, table: str) -> Iterator[None]:
        """Record that the block replaces a table."""
        self.states[table] = "perhaps replaced"
        yield
        self.states[table] = "replaced"

    def __str__(self) -> str:
        if set(self.states.values()) == {"not replaced"}:
            return "nothing was replaced"
        states = {state: [table for table in self.states if self.states[table] == state] for state in STATES}
        return "; ".join(f"{state}: {', '.join(tables)}" for state, tables in states.items() if tables)
