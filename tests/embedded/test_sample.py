"""The generated sample: the same every time, consistent in itself, and of the real data's shapes."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator.warehouse.embedded import sample, thelook

HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)
# The shapes of the real data, measured on an extract of it and rounded to whole percents.
STATUS_SHARES = {"Shipped": 0.30, "Complete": 0.25, "Processing": 0.20, "Cancelled": 0.15, "Returned": 0.10}
ITEM_SHARES = {1: 0.70, 2: 0.20, 3: 0.05, 4: 0.05}
TRAFFIC_SHARES = {"Search": 0.70, "Organic": 0.15, "Facebook": 0.06, "Email": 0.05, "Display": 0.04}
COUNTRY_SHARES = {
    "China": 0.34,
    "United States": 0.22,
    "Brasil": 0.15,
    "South Korea": 0.05,
    "France": 0.05,
    "United Kingdom": 0.05,
    "Germany": 0.04,
    "Spain": 0.04,
    "Japan": 0.02,
    "Australia": 0.02,
}
TIMES_OF_A_STATUS = {
    "Processing": [],
    "Cancelled": [],
    "Shipped": ["shipped_at"],
    "Complete": ["shipped_at", "delivered_at"],
    "Returned": ["shipped_at", "delivered_at", "returned_at"],
}


class Sample(NamedTuple):
    """The sample's tables; the most recent record of every user; and every item beside its order, as order_..."""

    orders: pd.DataFrame
    order_items: pd.DataFrame
    users: pd.DataFrame
    people: pd.DataFrame
    items_and_orders: pd.DataFrame


@pytest.fixture(scope="module")
def generated() -> Sample:
    """The sample."""
    tables = sample.generate()
    people = tables["users"].sort_values("created_at").drop_duplicates("id", keep="last")
    prefixed = tables["orders"].add_prefix("order_").rename(columns={"order_order_id": "order_id"})
    return Sample(**tables, people=people, items_and_orders=tables["order_items"].merge(prefixed, on="order_id"))


def is_about(share: float, wanted: float, size: int, rounding: float = 0.005) -> bool:
    """Whether a share in a sample of that size is the wanted one: four standard errors, and the rounding."""
    return abs(share - wanted) <= 4 * math.sqrt(wanted * (1 - wanted) / size) + rounding


def shares_are_about(values: pd.Series, wanted: dict) -> bool:
    """Whether the values are those wanted and no others, each as often as wanted."""
    shares = values.value_counts(normalize=True).to_dict()
    return shares.keys() == wanted.keys() and all(
        is_about(shares[value], share, len(values)) for value, share in wanted.items()
    )


@pytest.mark.parametrize("name", thelook.SCHEMAS)
def test_the_sample_is_the_same_every_time(name: str, generated: Sample) -> None:
    pd.testing.assert_frame_equal(sample.generate()[name], getattr(generated, name))


@pytest.mark.parametrize("name", thelook.SCHEMAS)
def test_a_table_has_the_real_one_s_columns(name: str, generated: Sample) -> None:
    assert sorted(getattr(generated, name).columns) == sorted(field.name for field in thelook.SCHEMAS[name])


# What one expression says of a table.

ORDERS: dict[str, Callable[[pd.DataFrame], bool]] = {
    "they are of the 30 days to 2025-09-24": lambda orders: (
        sorted(set(orders["created_at"].dt.date)) == [date(2025, 8, 26) + timedelta(days=n) for n in range(30)]
    ),
    "every day has 1,100 to 1,200": lambda orders: (
        orders["created_at"].dt.date.value_counts().between(1_100, 1_200).all()
    ),
    "those of a day are placed by almost as many users": lambda orders: (
        orders.groupby(orders["created_at"].dt.day)["user_id"]
        .agg(lambda users: users.nunique() / len(users))
        .between(0.95, 1)
        .all()
    ),
    "some are placed at every hour": lambda orders: set(orders["created_at"].dt.hour) == set(range(24)),
    "an ID is unique": lambda orders: orders["order_id"].is_unique,
    "the statuses have the real shares": lambda orders: shares_are_about(orders["status"], STATUS_SHARES),
    "the numbers of items have the real shares": lambda orders: shares_are_about(orders["num_of_item"], ITEM_SHARES),
}
ITEMS: dict[str, Callable[[pd.DataFrame], bool]] = {
    "an ID is unique": lambda items: items["id"].is_unique,
    "an inventory number is unique": lambda items: items["inventory_item_id"].is_unique,
    # The lowest price is 0.02 in single precision, which is a little less.
    "prices lie in the real range": lambda items: items["sale_price"].between(np.float32(0.02), 999).all(),
    "the mean price is the real one": lambda items: 56 <= items["sale_price"].mean() <= 60,
    "prices are cents that went through single precision": lambda items: (
        items["sale_price"].round(2).astype("float32").astype("float64").equals(items["sale_price"])
    ),
    # Single precision holds .00, .25, .50 and .75 exactly, 4 prices in 100, and no other cents.
    "prices carry the noise of single precision": lambda items: is_about(
        (items["sale_price"] != items["sale_price"].round(2)).mean(), 0.96, 18_000
    ),
    "a product has one price": lambda items: (
        items.drop_duplicates(["product_id", "sale_price"])["product_id"].is_unique
    ),
}
USERS: dict[str, Callable[[pd.DataFrame], bool]] = {
    "a user has one record or two": lambda users: set(users["id"].value_counts()) == {1, 2},
    "one in 100 has an older record": lambda users: is_about(
        (users["id"].value_counts() == 2).mean(), 0.01, users["id"].nunique(), rounding=0
    ),
    "the two records are of different times": lambda users: not users.duplicated(["id", "created_at"]).any(),
    "the two records are of one person": lambda users: (
        users.drop_duplicates(["id", "first_name", "last_name", "email", "gender"])["id"].is_unique
    ),
    "ages are 12 to 70": lambda users: (users["age"].min(), users["age"].max()) == (12, 70),
    "an email is the name in small letters at a reserved domain": lambda users: (
        users["email"].str.replace(r"@example\.(com|net|org)$", "", regex=True)
        == (users["first_name"] + users["last_name"]).str.lower()
    ).all(),
    "some cities are the text null": lambda users: 0 < (users["city"] == "null").mean() < 0.05,
    "no city is missing": lambda users: users["city"].notna().all(),
    "latitudes lie on earth": lambda users: users["latitude"].between(-90, 90).all(),
    "longitudes lie on earth": lambda users: users["longitude"].between(-180, 180).all(),
}
PEOPLE: dict[str, Callable[[pd.DataFrame], bool]] = {
    "there are 59 ages": lambda people: people["age"].nunique() == 59,
    "every age is as frequent as any other": lambda people: all(
        is_about(share, 1 / 59, len(people), rounding=0) for share in people["age"].value_counts(normalize=True)
    ),
    "half of them are women": lambda people: shares_are_about(people["gender"], {"F": 0.5, "M": 0.5}),
    "each domain has a third of the emails": lambda people: shares_are_about(
        people["email"].str.partition("@")[2],
        dict.fromkeys(["example.com", "example.net", "example.org"], 1 / 3),
    ),
    # The ten make 98 %; the sample may share the rest out among them.
    "the countries have the real shares": lambda people: all(
        is_about((people["country"] == country).mean(), share, len(people), 0.01)
        for country, share in COUNTRY_SHARES.items()
    ),
    "the traffic sources have the real shares": lambda people: shares_are_about(
        people["traffic_source"], TRAFFIC_SHARES
    ),
}
CLAIMS = {"orders": ORDERS, "order_items": ITEMS, "users": USERS, "people": PEOPLE}


@pytest.mark.parametrize(("table", "claim"), [(table, claim) for table, claims in CLAIMS.items() for claim in claims])
def test_of_a_table_it_is_true_that(table: str, claim: str, generated: Sample) -> None:
    assert CLAIMS[table][claim](getattr(generated, table))


# What a table says of another, and of its own columns.


@pytest.mark.parametrize("status", STATUS_SHARES)
def test_an_order_has_the_times_that_go_with_its_status(status: str, generated: Sample) -> None:
    orders = generated.orders
    times = orders.loc[orders["status"] == status, ["shipped_at", "delivered_at", "returned_at"]]
    assert times.notna().all().to_dict() == {name: name in TIMES_OF_A_STATUS[status] for name in times}
    assert times.isna().all().to_dict() == {name: name not in TIMES_OF_A_STATUS[status] for name in times}


@pytest.mark.parametrize(
    ("later", "earlier", "days"),
    [("shipped_at", "created_at", 3), ("delivered_at", "shipped_at", 5), ("returned_at", "delivered_at", 3)],
)
def test_an_order_s_times_follow_one_another_within_days(
    later: str, earlier: str, days: int, generated: Sample
) -> None:
    gap = (generated.orders[later] - generated.orders[earlier]).dropna()
    assert gap.between(pd.Timedelta(0), days * DAY).all()
    # They fill the range: of thousands of gaps some come near either end.
    assert gap.min() < 0.05 * days * DAY
    assert gap.max() > 0.95 * days * DAY


def test_an_item_is_created_four_hours_before_to_four_days_after_its_order(generated: Sample) -> None:
    gap = generated.items_and_orders["created_at"] - generated.items_and_orders["order_created_at"]
    assert gap.between(-4 * HOUR, 4 * DAY).all()
    # They fill the range: of 50,000 gaps some come near either end.
    assert gap.min() < -3.5 * HOUR
    assert gap.max() > 3.9 * DAY


def test_an_order_has_its_user_s_gender(generated: Sample) -> None:
    gender = generated.people.set_index("id")["gender"]
    assert generated.orders["gender"].tolist() == generated.orders["user_id"].map(gender).tolist()


def test_every_item_belongs_to_an_order(generated: Sample) -> None:
    assert generated.order_items["order_id"].isin(generated.orders["order_id"]).all()


def test_every_order_has_as_many_items_as_it_says(generated: Sample) -> None:
    counts = generated.order_items["order_id"].value_counts()
    assert generated.orders["num_of_item"].tolist() == generated.orders["order_id"].map(counts).tolist()


@pytest.mark.parametrize("column", ["user_id", "status", "shipped_at", "delivered_at", "returned_at"])
def test_an_item_bears_its_order_s_values(column: str, generated: Sample) -> None:
    ours, theirs = generated.items_and_orders[column], generated.items_and_orders[f"order_{column}"]
    assert ((ours == theirs) | (ours.isna() & theirs.isna())).all()


@pytest.mark.parametrize(("share", "price", "price_of_a_percent"), [(0.25, 20, 0.6), (0.5, 35, 1.52), (0.75, 73, 3.35)])
def test_prices_have_the_real_quartiles(
    share: float, price: float, price_of_a_percent: float, generated: Sample
) -> None:
    # Between the real quartiles a percent of the prices spans that many dollars; above the third, up to 140 at
    # 95 %, it spans 3.35. 50,000 items of 29,000 products are as good as 18,000 prices drawn one by one.
    standard_error = 100 * math.sqrt(share * (1 - share) / 18_000) * price_of_a_percent
    assert abs(generated.order_items["sale_price"].quantile(share) - price) <= 4 * standard_error + 0.5


def test_every_order_s_user_is_there(generated: Sample) -> None:
    assert generated.orders["user_id"].isin(generated.users["id"]).all()


def test_users_are_created_before_their_orders(generated: Sample) -> None:
    records = generated.orders.merge(generated.users, left_on="user_id", right_on="id", suffixes=("_order", "_user"))
    assert (records["created_at_user"] < records["created_at_order"]).all()


@pytest.mark.parametrize(
    ("column", "name", "weights"),
    [
        ("first_name", "Michael", [0, Names.first_names_male["Michael"]]),
        ("first_name", "Jennifer", [Names.first_names_female["Jennifer"], 0]),
        ("first_name", "Tracy", [Names.first_names_female["Tracy"], Names.first_names_male["Tracy"]]),
        ("last_name", "Smith", [Names.last_names["Smith"]]),
        ("last_name", "Oneal", [Names.last_names["Oneal"]]),
    ],
)
def test_names_are_as_frequent_as_faker_has_them(
    column: str, name: str, weights: list[float], generated: Sample
) -> None:
    people = generated.people
    assert is_about((people[column] == name).mean(), np.mean(weights), len(people), rounding=0)


def test_users_of_one_name_at_one_domain_share_an_email(generated: Sample) -> None:
    # Of 36,000 users a third is at a domain. Who has a name of probability p has a namesake there with 1 - e^-12000p.
    first_names = [*Names.first_names_female.values(), *Names.first_names_male.values()]
    pairs = np.outer(first_names, list(Names.last_names.values())).ravel() / 2
    expected = (pairs * (1 - np.exp(-12_000 * pairs))).sum()
    people = generated.people
    assert is_about(people["email"].duplicated(keep=False).mean(), expected, len(people))
