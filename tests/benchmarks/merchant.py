"""A merchant of any size: 1.45 items an order, 0.8 users an order, the shapes of thelook."""

import numpy as np
import pandas as pd

STATUSES = {"Shipped": 0.30, "Complete": 0.25, "Processing": 0.20, "Cancelled": 0.15, "Returned": 0.10}
ITEMS_AN_ORDER, USERS_AN_ORDER = 1.45, 0.8
DAY = pd.Timestamp("2025-09-01", tz="UTC")


def make(orders: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make orders, order_items and users with the columns that `synthesize` reads."""
    random = np.random.default_rng(orders)
    users, items = int(orders * USERS_AN_ORDER), int(orders * ITEMS_AN_ORDER)
    order_ids, user_ids = np.arange(1, orders + 1), np.arange(1, users + 1)
    names = pd.Series(user_ids).astype("str")
    return (
        pd.DataFrame(
            {
                "order_id": order_ids,
                "user_id": random.choice(user_ids, orders),
                "status": pd.Series(random.choice(list(STATUSES), orders, p=list(STATUSES.values())), dtype="str"),
                "created_at": DAY + pd.to_timedelta(random.integers(0, 30 * 86_400, orders), unit="s"),
            }
        ),
        pd.DataFrame(
            {
                "order_id": np.append(order_ids, random.choice(order_ids, items - orders)),
                "sale_price": random.lognormal(3.5, 0.8, items).round(2).astype("float32").astype("float64"),
            }
        ),
        pd.DataFrame(
            {
                "id": user_ids,
                "email": "first" + names + "last" + names.str[-3:] + "@example.com",
                "age": random.integers(12, 71, users),
                "city": pd.Series(random.choice([f"city {number}" for number in range(1_000)], users), dtype="str"),
                "created_at": DAY - pd.to_timedelta(random.integers(0, 10**8, users), unit="s"),
            }
        ),
    )
