"""The identity noise: emails as people give them to a second company, a phone number, and the truth; sql/identity/."""

from google.cloud import bigquery

from dcr_data_generator import ewallet, sql
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import IDENTITY_TABLES, PROVIDER, ReplacedTables, named

# The tables, by the statements that make them, in this order.
STATEMENTS = {
    "truth": f"{PROVIDER}.identity_truth",
    "provider_keys": f"{PROVIDER}.identity_keys",
    "merchant_keys": "merchant_provider.identity_keys",
    "provider_users": f"{PROVIDER}.provider_users",
}


def remove(client: bigquery.Client, settings: Settings) -> None:
    """Delete what an earlier run made, which is not true of the tables of this one."""
    tables = [named(f"{client.project}.{table}", settings) for table in IDENTITY_TABLES]
    run_in_parallel(lambda table: client.delete_table(table, not_found_ok=True), tables)


def write(client: bigquery.Client, settings: Settings, replaced: ReplacedTables) -> None:
    """Make the identity tables, and give provider_users the emails as people wrote them."""
    with ewallet.working_dataset(client, settings):
        for step in ("people", "phones"):
            sql.run(client, f"identity/{step}", settings)
        for statement, table in STATEMENTS.items():
            with replaced.replacing(table):
                sql.run(client, f"identity/{statement}", settings)
    ewallet.describe(client, "provider_users", settings)
