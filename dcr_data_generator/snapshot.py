"""Step 1: the source's orders in the window, with their items and users, copied inside BigQuery."""

from google.cloud import bigquery

from dcr_data_generator import sql


def take(client: bigquery.Client) -> None:
    """Replace merchant_provider's orders, then its order_items and users, which follow from them."""
    client.run_file("snapshot/orders")
    client.run_at_once(sql.read("snapshot/order_items"), sql.read("snapshot/users"))
