"""The identity noise: emails as people give them to a second company, a phone number, and the truth; sql/identity/."""

from contextlib import suppress

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import ewallet, sql
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import IDENTITY_TABLES, PROVIDER, ReplacedTables, named


def remove(client: bigquery.Client, settings: Settings) -> None:
    """Delete what an earlier run made, if it did: it is not true of the tables of this one."""
    for table in IDENTITY_TABLES:
        with suppress(NotFound):
            client.delete_table(client.get_table(named(f"{client.project}.{table}", settings)))


def write(client: bigquery.Client, settings: Settings, replaced: ReplacedTables) -> None:
    """Make the identity tables, and give provider_users the emails as people wrote them."""
    statements = ("truth", "provider_keys", "merchant_keys", "provider_users")
    with ewallet.working_dataset(client, settings):
        for statement in ("people", "phones"):
            sql.run(client, f"identity/{statement}", settings)
        for statement, table in zip(statements, [*IDENTITY_TABLES, f"{PROVIDER}.provider_users"], strict=True):
            with replaced.replacing(table):
                sql.run(client, f"identity/{statement}", settings)
    ewallet.describe(client, "provider_users", settings)
