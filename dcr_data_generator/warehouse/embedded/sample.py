"""A sample of thelook_ecommerce: 30 days to 2025-09-24, with the shapes of the real data (shares, gaps and flaws)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from faker.providers.address.en_US import Provider as Streets
from faker.providers.person.en_US import Provider as Names
from numpy.random import Generator

# Raise the number when the sample changes: what an earlier version left behind is then replaced.
VERSION = "sample-3"
SEED = 20250901
FIRST_DAY, DAYS = pd.Timestamp("2025-08-26", tz="UTC"), 30
# The days of September are drawn first, from this one on, and those of August last.
FIRST_DAY_DRAWN = 6
ORDERS_A_DAY = 1_100, 1_200
USERS, HIGHEST_USER_ID = 36_000, 100_000
OLDER_RECORDS, NULL_CITIES = 0.01, 0.01
YOUNGEST, OLDEST = 12, 70
PRODUCTS = 29_120
STATUSES = {"Shipped": 0.30, "Complete": 0.25, "Processing": 0.20, "Cancelled": 0.15, "Returned": 0.10}
ITEMS_OF_AN_ORDER = {1: 0.70, 2: 0.20, 3: 0.05, 4: 0.05}
TRAFFIC_SOURCES = {"Search": 0.70, "Organic": 0.15, "Facebook": 0.06, "Email": 0.05, "Display": 0.04}
DOMAINS = ["@example.com", "@example.net", "@example.org"]
CITIES = Path(__file__).with_name("cities.csv")
# US dollars at the given shares of all prices.
PRICE_SHARES = [0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1]
PRICES = [0.02, 6, 20, 35, 73, 140, 255, 999]


def generate() -> dict[str, pd.DataFrame]:
    """Generate orders, order_items and users, with the real tables' columns but user_geom; always the same."""
    random = np.random.default_rng(SEED)
    users = generate_users(random)
    orders = generate_orders(random, users)
    order_items = generate_order_items(random, orders)
    return {"orders": orders, "order_items": order_items, "users": add_older_records(random, users)}


def choose(random: Generator, shares: dict, size: int) -> np.ndarray:
    return random.choice(list(shares), size, p=list(shares.values()))


def some_time(random: Generator, start: pd.Series | pd.Timestamp, hours: tuple[int, int], size: int) -> pd.Series:
    """A time, to the second, that many hours after the start."""
    return start + pd.Series(pd.to_timedelta(random.integers(hours[0] * 3600, hours[1] * 3600, size), unit="s"))


def generate_users(random: Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": np.sort(random.choice(np.arange(1, HIGHEST_USER_ID + 1), USERS, replace=False)),
            "age": random.integers(YOUNGEST, OLDEST + 1, USERS),
            "traffic_source": choose(random, TRAFFIC_SOURCES, USERS),
            "created_at": some_time(random, pd.Timestamp("2018-12-30", tz="UTC"), (0, 2430 * 24), USERS),
            **generate_names(random, USERS),
            **generate_addresses(random, USERS),
        }
    )


def generate_names(random: Generator, size: int) -> pd.DataFrame:
    """Names, as often as Faker gives them, and the email that is made of them: namesakes at a domain share it."""
    gender = random.choice(["F", "M"], size)
    women, men = (give(random, names, size) for names in (Names.first_names_female, Names.first_names_male))
    first_name, last_name = np.where(gender == "F", women, men), give(random, Names.last_names, size)
    names = pd.DataFrame({"gender": gender, "first_name": first_name, "last_name": last_name})
    email = (names["first_name"] + names["last_name"]).str.lower() + random.choice(DOMAINS, size)
    return names.assign(email=email)


def give(random: Generator, names: Mapping[str, float], size: int) -> np.ndarray:
    """Give names, each as often as Faker does."""
    weights = np.array(list(names.values()))
    return random.choice(list(names), size, p=weights / weights.sum())


def generate_addresses(random: Generator, size: int) -> pd.DataFrame:
    cities = pd.read_csv(CITIES, dtype={"postal_code": str})
    home = cities.sample(size, replace=True, weights="share", random_state=random, ignore_index=True)
    numbers = random.integers(1, 99_999, size).astype(str)
    streets = random.choice(list(Names.last_names), size)
    suffixes = random.choice(Streets.street_suffixes, size)
    return home.drop(columns="share").assign(
        street_address=pd.Series(numbers) + " " + streets + " " + suffixes,
        city=home["city"].where(random.random(size) >= NULL_CITIES, "null"),
        latitude=(home["latitude"] + random.normal(0, 0.05, size)).round(8),
        longitude=(home["longitude"] + random.normal(0, 0.05, size)).round(8),
    )


def add_older_records(random: Generator, users: pd.DataFrame) -> pd.DataFrame:
    """Put before some users' records an older one, from before they moved."""
    size = round(OLDER_RECORDS * len(users))
    older = users.sample(size, random_state=random).reset_index(drop=True)
    older = older.assign(
        age=(older["age"] - 1).clip(lower=YOUNGEST),
        created_at=some_time(random, older["created_at"], (-365 * 24, -24), size),
        **generate_addresses(random, size),
    )
    return pd.concat([users, older]).sort_values(["id", "created_at"], ignore_index=True)


def generate_orders(random: Generator, users: pd.DataFrame) -> pd.DataFrame:
    """The orders of the month, with the times that go with their status."""
    days = (np.arange(DAYS) + FIRST_DAY_DRAWN) % DAYS
    days = np.repeat(days, random.integers(*ORDERS_A_DAY, DAYS, endpoint=True))
    size = len(days)
    created_at = some_time(random, pd.Series(FIRST_DAY + pd.to_timedelta(days, unit="D").as_unit("s")), (0, 24), size)
    user = users.sample(size, replace=True, random_state=random, ignore_index=True)
    status = pd.Series(choose(random, STATUSES, size))
    shipped_at = some_time(random, created_at, (0, 72), size)
    delivered_at = some_time(random, shipped_at, (0, 120), size)
    returned_at = some_time(random, delivered_at, (0, 72), size)
    orders = pd.DataFrame(
        {
            "user_id": user["id"],
            "status": status,
            "gender": user["gender"],
            "created_at": created_at,
            "returned_at": returned_at.where(status == "Returned"),
            "shipped_at": shipped_at.where(status.isin(["Shipped", "Complete", "Returned"])),
            "delivered_at": delivered_at.where(status.isin(["Complete", "Returned"])),
            "num_of_item": choose(random, ITEMS_OF_AN_ORDER, size),
        }
    )
    # thelook numbers its orders by user, not by time.
    orders = orders.sort_values(["user_id", "created_at"], ignore_index=True)
    return orders.assign(order_id=np.arange(1, size + 1) * 3 + random.integers(0, 3, size))


def generate_order_items(random: Generator, orders: pd.DataFrame) -> pd.DataFrame:
    """The items of the orders, at the prices of their products."""
    items = orders.loc[orders.index.repeat(orders["num_of_item"])].reset_index(drop=True)
    size = len(items)
    prices = np.interp(random.random(PRODUCTS), PRICE_SHARES, PRICES).round(2)
    # The source went through single precision: 24.99 reads 24.989999771118164 there.
    prices = prices.astype("float32").astype("float64")
    product = random.integers(0, PRODUCTS, size)
    numbers = np.arange(1, size + 1)
    return items.drop(columns=["gender", "num_of_item"]).assign(
        id=numbers * 3 + random.integers(0, 3, size),
        product_id=product + 1,
        inventory_item_id=numbers * 8 + random.integers(0, 8, size),
        created_at=some_time(random, items["created_at"], (-4, 96), size),
        sale_price=prices[product],
    )
