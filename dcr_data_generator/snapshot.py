"""Step 1: copies the source's orders in the window, with their items and users, inside BigQuery."""

from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import MERCHANT, ReplacedTables


def take(client: bigquery.Client, settings: Settings, replaced: ReplacedTables) -> None:
    """Replace merchant_provider.orders, then order_items and users, which depend on it."""

    def replace(name: str) -> None:
        with replaced.replacing(f"{MERCHANT}.{name}"):
            sql.run(client, f"snapshot/{name}", settings)

    replace("orders")
    run_in_parallel(replace, ["order_items", "users"])
