"""Every dataset, table and column that a run reads or writes, by name."""

from collections.abc import Iterator
from contextlib import contextmanager

from google.cloud.bigquery import SchemaField

from dcr_data_generator.settings import SOURCE_PROJECT

SOURCE = f"{SOURCE_PROJECT}.thelook_ecommerce"
MERCHANT, PROVIDER = "merchant_provider", "ewallet_provider"
DATASETS = {
    MERCHANT: "The merchant of the clean room: a snapshot of thelook_ecommerce.",
    PROVIDER: "The e-wallet provider of the clean room: synthetic, fitted to the merchant's snapshot.",
}
FIVE_TABLES = [
    f"{MERCHANT}.orders",
    f"{MERCHANT}.order_items",
    f"{MERCHANT}.users",
    f"{PROVIDER}.provider_users",
    f"{PROVIDER}.transactions",
]


def columns(text: str) -> list[SchemaField]:
    """Read columns as they stand in a CREATE TABLE."""
    return [SchemaField(name, kind) for name, kind in (column.split() for column in text.split(", "))]


# The columns of the snapshot from which the provider's tables are made.
SNAPSHOT_COLUMNS = {
    "orders": columns("order_id INTEGER, user_id INTEGER, status STRING, created_at TIMESTAMP"),
    "order_items": columns("order_id INTEGER, sale_price FLOAT"),
    "users": columns("id INTEGER, email STRING, age INTEGER, city STRING, created_at TIMESTAMP"),
}

DESCRIPTIONS = {
    "provider_users": "The e-wallet provider's users, one row per person: wallet holders and wallet-only users.",
    "transactions": "The payments of the merchant's orders that went through the wallet, one row per order.",
}
SCHEMAS = {
    "provider_users": [
        SchemaField("provider_user_id", "INTEGER", "REQUIRED", description="The provider's own ID of the user."),
        SchemaField(
            "email", "STRING", "REQUIRED", description="The user's email: the join key to the merchant's users."
        ),
        SchemaField("date_of_birth", "DATE", description="The user's date of birth."),
        SchemaField("city", "STRING", description="The city where the user lives."),
        SchemaField("account_tier", "STRING", description="Free, Premium or Business."),
        SchemaField("is_verified_user", "BOOLEAN", description="Whether the provider has verified who the user is."),
    ],
    "transactions": [
        SchemaField(
            "transaction_id", "STRING", "REQUIRED", description="The provider's own ID of the payment, a UUID."
        ),
        SchemaField("order_id", "INTEGER", "REQUIRED", description="The paid order: the join key to orders."),
        SchemaField("provider_user_id", "INTEGER", "REQUIRED", description="The user who paid, in provider_users."),
        SchemaField("transaction_amount", "FLOAT64", description="The sum of the order's items, in US dollars."),
        SchemaField("transaction_timestamp", "TIMESTAMP", description="When the order was placed and paid."),
        SchemaField("status", "STRING", description="The order's status, as the merchant has it."),
    ],
}


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
        tables: dict[str, list[str]] = {state: [] for state in ("replaced", "perhaps replaced", "not replaced")}
        for table, state in self.states.items():
            tables[state].append(table)
        return "; ".join(f"{state}: {', '.join(names)}" for state, names in tables.items() if names)
