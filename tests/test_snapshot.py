"""Step 1."""

from collections.abc import Callable

from dcr_data_generator import preflight, snapshot
from tests.conftest import make_settings


def test_order_at_first_midnight_is_in(fill_source: Callable, connect: Callable) -> None:
    fill_source(orders=[{"order_id": 1, "user_id": 2, "created_at": "2025-09-23 00:00:00 UTC"}])
    client = connect()
    preflight.check(client, make_settings())
    snapshot.take(client)
    assert [r.order_id for r in client.query("SELECT * FROM merchant_provider.orders").result()] == [1]
