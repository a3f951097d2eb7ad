"""Step 1: the source's orders in the window, with their items and users, copied inside BigQuery."""

from google.cloud import bigquery

from dcr_data_generator.parallel import run_in_parallel


def take(client: bigquery.Client) -> None:
    """Replace merchant_provider's orders, then at once its order_items and users, which follow from them."""
    replace(client, "orders")
    run_in_parallel(lambda name: replace(client, name), ["order_items", "users"])


def replace(client: bigquery.Client, name: str) -> None:
    """Replace one of the three tables."""
    with client.replacing(f"merchant_provider.{name}"):
        client.run_file(f"snapshot/{name}")
