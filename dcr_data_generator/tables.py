"""The five tables by name, and the provider's two whole: names, types, modes and descriptions."""

from google.cloud.bigquery import SchemaField

FIVE_TABLES = [
    "merchant_provider.orders",
    "merchant_provider.order_items",
    "merchant_provider.users",
    "ewallet_provider.provider_users",
    "ewallet_provider.transactions",
]

DESCRIPTIONS = {
    "provider_users": "The e-wallet provider's users: wallet holders among the merchant's customers, and others.",
    "transactions": "The payments of the merchant's orders that went through the wallet, a row an order.",
}

SCHEMAS = {
    "provider_users": [
        SchemaField("provider_user_id", "INTEGER", "REQUIRED", description="The provider's own number of the user."),
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
            "transaction_id", "STRING", "REQUIRED", description="The provider's own number of the payment, a UUID."
        ),
        SchemaField(
            "order_id", "INTEGER", "REQUIRED", description="The order paid: the join key to the merchant's orders."
        ),
        SchemaField("provider_user_id", "INTEGER", "REQUIRED", description="The user who paid, in provider_users."),
        SchemaField("transaction_amount", "FLOAT64", description="The sum of the order's items, in US dollars."),
        SchemaField("transaction_timestamp", "TIMESTAMP", description="When the order was placed and paid."),
        SchemaField("status", "STRING", description="The order's status, as the merchant has it."),
    ],
}
