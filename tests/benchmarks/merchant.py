"""A merchant of any size: 1.45 items and 0.8 users per order, with the shapes of thelook."""

import numpy as np
import pandas as pd

STATUSES = {"Shipped": 0.30, "Complete": 0.25, "Processing": 0.20, "Cancelled": 0.15, "Returned": 0.10}
ITEMS_PER_ORDER, USERS_PER_ORDER = 1.45, 0.8
DAY = pd.Timestamp("2025-09-01", tz="UTC")
# As `Warehouse.read` reads them: INTEGER, FLOAT, STRING, TIMESTAMP.
INTEGER, FLOAT, STRING, TIMESTAMP = "Int64", "float64", "str", "datetime64[us, UTC]"


def make(orders: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make orders, order_items and users with the columns that `synthesize` reads, in the dtypes of the warehouse."""
    random = np.random.default_rng(orders)
    users, items = int(orders * USERS_PER_ORDER), int(orders * ITEMS_PER_ORDER)
    order_ids, user_ids = np.arange(1, orders + 1), np.arange(1, users + 1)
    names = pd.Series(user_ids).astype("str")
    return (
        pd.DataFrame(
            {
                "order_id": order_ids,
                "user_id": random.choice(user_ids, orders),
                "status": random.choice(list(STATUSES), orders, p=list(STATUSES.values())),
                "created_at": DAY + pd.to_timedelta(random.integers(0, 30 * 86_400, orders), unit="s"),
            }
        ).astype({"order_id": INTEGER, "user_id": INTEGER, "status": STRING, "created_at": TIMESTAMP}),
        pd.DataFrame(
            {
                "order_id": np.append(order_ids, random.choice(order_ids, items - orders)),
                "sale_price": random.lognormal(3.5, 0.8, items).round(2).astype("float32"),
            }
        ).astype({"order_id": INTEGER, "sale_price": FLOAT}),
        pd.DataFrame(
            {
                "id": user_ids,
                "email": "first" + names + "last" + names.str[-3:] + "@example.com",
                "age": random.integers(12, 71, users),
                "city": random.choice([f"city {number}" for number in range(1_000)], users),
                "created_at": DAY - pd.to_timedelta(random.integers(0, 10**8, users), unit="s"),
            }
        ).astype({"id": INTEGER, "email": STRING, "age": INTEGER, "city": STRING, "created_at": TIMESTAMP}),
    )
