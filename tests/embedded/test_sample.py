"""The generated sample: the same every time, consistent in itself, and of the real data's shapes."""

import math

import numpy as np
import pandas as pd
import pytest

from dcr_data_generator.embedded import sample, thelook

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


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """The sample."""
    return sample.generate()


@pytest.fixture
def orders(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The sample's orders."""
    return tables["orders"]


@pytest.fixture
def order_items(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The sample's order items."""
    return tables["order_items"]


@pytest.fixture
def users(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The sample's records of users."""
    return tables["users"]


@pytest.fixture
def people(users: pd.DataFrame) -> pd.DataFrame:
    """The most recent record of every user."""
    return users.sort_values("created_at").drop_duplicates("id", keep="last")


@pytest.fixture
def items_and_orders(order_items: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Every item, with its order's columns as order_..."""
    prefixed = orders.add_prefix("order_").rename(columns={"order_order_id": "order_id"})
    return order_items.merge(prefixed, on="order_id", validate="many_to_one")


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
def test_the_sample_is_the_same_every_time(name: str, tables: dict[str, pd.DataFrame]) -> None:
    pd.testing.assert_frame_equal(sample.generate()[name], tables[name])


@pytest.mark.parametrize("name", thelook.SCHEMAS)
def test_a_table_has_the_real_one_s_columns(name: str, tables: dict[str, pd.DataFrame]) -> None:
    assert sorted(tables[name].columns) == sorted(field.name for field in thelook.SCHEMAS[name])


# The orders.


def test_all_orders_are_of_september_2025(orders: pd.DataFrame) -> None:
    assert set(orders["created_at"].dt.strftime("%Y-%m")) == {"2025-09"}


def test_every_day_of_september_has_1100_to_1200_orders(orders: pd.DataFrame) -> None:
    a_day = orders["created_at"].dt.day.value_counts()
    assert sorted(a_day.index) == list(range(1, 31))
    assert a_day.between(1_100, 1_200).all()


def test_the_orders_of_a_day_are_placed_by_almost_as_many_users(orders: pd.DataFrame) -> None:
    by_day = orders.groupby(orders["created_at"].dt.day)["user_id"].agg(["size", "nunique"])
    assert (by_day["nunique"] / by_day["size"]).between(0.95, 1).all()


def test_orders_are_placed_at_every_hour_of_the_day(orders: pd.DataFrame) -> None:
    assert set(orders["created_at"].dt.hour) == set(range(24))


def test_an_order_s_id_is_unique(orders: pd.DataFrame) -> None:
    assert orders["order_id"].is_unique


def test_the_statuses_have_the_real_shares(orders: pd.DataFrame) -> None:
    assert shares_are_about(orders["status"], STATUS_SHARES)


@pytest.mark.parametrize("status", STATUS_SHARES)
def test_an_order_has_the_times_that_go_with_its_status(status: str, orders: pd.DataFrame) -> None:
    times = orders.loc[orders["status"] == status, ["shipped_at", "delivered_at", "returned_at"]]
    assert times.notna().all().to_dict() == {name: name in TIMES_OF_A_STATUS[status] for name in times}
    assert times.isna().all().to_dict() == {name: name not in TIMES_OF_A_STATUS[status] for name in times}


@pytest.mark.parametrize(
    ("later", "earlier", "days"),
    [("shipped_at", "created_at", 3), ("delivered_at", "shipped_at", 5), ("returned_at", "delivered_at", 3)],
)
def test_an_order_s_times_follow_one_another_within_days(
    later: str, earlier: str, days: int, orders: pd.DataFrame
) -> None:
    gap = (orders[later] - orders[earlier]).dropna()
    assert gap.between(pd.Timedelta(0), days * DAY).all()
    # They fill the range: of thousands of gaps some come near either end.
    assert gap.min() < 0.05 * days * DAY
    assert gap.max() > 0.95 * days * DAY


def test_an_order_has_its_user_s_gender(orders: pd.DataFrame, people: pd.DataFrame) -> None:
    gender = people.set_index("id")["gender"]
    assert orders["gender"].tolist() == orders["user_id"].map(gender).tolist()


# The items.


def test_an_item_s_id_is_unique(order_items: pd.DataFrame) -> None:
    assert order_items["id"].is_unique


def test_an_item_s_inventory_number_is_unique(order_items: pd.DataFrame) -> None:
    assert order_items["inventory_item_id"].is_unique


def test_every_item_belongs_to_an_order(order_items: pd.DataFrame, orders: pd.DataFrame) -> None:
    assert order_items["order_id"].isin(orders["order_id"]).all()


def test_every_order_has_as_many_items_as_it_says(order_items: pd.DataFrame, orders: pd.DataFrame) -> None:
    counts = order_items["order_id"].value_counts()
    assert orders["num_of_item"].tolist() == orders["order_id"].map(counts).tolist()


def test_the_numbers_of_items_have_the_real_shares(orders: pd.DataFrame) -> None:
    assert shares_are_about(orders["num_of_item"], ITEM_SHARES)


@pytest.mark.parametrize("column", ["user_id", "status", "shipped_at", "delivered_at", "returned_at"])
def test_an_item_bears_its_order_s_values(column: str, items_and_orders: pd.DataFrame) -> None:
    ours, theirs = items_and_orders[column], items_and_orders[f"order_{column}"]
    assert ((ours == theirs) | (ours.isna() & theirs.isna())).all()


def test_an_item_is_created_four_hours_before_to_four_days_after_its_order(items_and_orders: pd.DataFrame) -> None:
    gap = items_and_orders["created_at"] - items_and_orders["order_created_at"]
    assert gap.between(-4 * HOUR, 4 * DAY).all()
    # They fill the range: of 50,000 gaps some come near either end.
    assert gap.min() < -3.5 * HOUR
    assert gap.max() > 3.9 * DAY


def test_prices_lie_in_the_real_range(order_items: pd.DataFrame) -> None:
    # The lowest is 0.02 in single precision, which is a little less.
    assert order_items["sale_price"].between(np.float32(0.02), 999).all()


@pytest.mark.parametrize(("share", "price", "price_of_a_percent"), [(0.25, 20, 0.6), (0.5, 35, 1.52), (0.75, 73, 3.35)])
def test_prices_have_the_real_quartiles(
    share: float, price: float, price_of_a_percent: float, order_items: pd.DataFrame
) -> None:
    # Between the real quartiles a percent of the prices spans that many dollars; above the third, up to 140 at
    # 95 %, it spans 3.35. 50,000 items of 29,000 products are as good as 18,000 prices drawn one by one.
    standard_error = 100 * math.sqrt(share * (1 - share) / 18_000) * price_of_a_percent
    assert abs(order_items["sale_price"].quantile(share) - price) <= 4 * standard_error + 0.5


def test_the_mean_price_is_the_real_one(order_items: pd.DataFrame) -> None:
    assert 56 <= order_items["sale_price"].mean() <= 60


def test_prices_are_cents_that_went_through_single_precision(order_items: pd.DataFrame) -> None:
    prices = order_items["sale_price"]
    assert prices.round(2).astype("float32").astype("float64").tolist() == prices.tolist()


def test_prices_carry_the_noise_of_single_precision(order_items: pd.DataFrame) -> None:
    # Single precision holds .00, .25, .50 and .75 exactly, 4 prices in 100, and no other cents.
    prices = order_items["sale_price"]
    assert is_about((prices != prices.round(2)).mean(), 0.96, 18_000)


def test_a_product_has_one_price(order_items: pd.DataFrame) -> None:
    prices = order_items.groupby("product_id")["sale_price"].agg(["min", "max"])
    assert prices["min"].tolist() == prices["max"].tolist()


# The users.


def test_every_order_s_user_is_there(orders: pd.DataFrame, users: pd.DataFrame) -> None:
    assert orders["user_id"].isin(users["id"]).all()


def test_users_are_created_before_their_orders(orders: pd.DataFrame, users: pd.DataFrame) -> None:
    records = orders.merge(users, left_on="user_id", right_on="id", suffixes=("_order", "_user"))
    assert (records["created_at_user"] < records["created_at_order"]).all()


def test_one_user_in_100_has_an_older_record(users: pd.DataFrame) -> None:
    records = users["id"].value_counts()
    assert set(records) == {1, 2}
    assert is_about((records == 2).mean(), 0.01, len(records), rounding=0)


def test_a_user_s_two_records_are_of_different_times(users: pd.DataFrame) -> None:
    assert not users.duplicated(["id", "created_at"]).any()


def test_a_user_s_two_records_are_of_one_person(users: pd.DataFrame) -> None:
    names = users.groupby("id")[["first_name", "last_name", "email", "gender"]].nunique()
    assert (names == 1).all(axis=None)


def test_ages_are_12_to_70(users: pd.DataFrame) -> None:
    assert (users["age"].min(), users["age"].max()) == (12, 70)


def test_every_age_is_as_frequent_as_any_other(people: pd.DataFrame) -> None:
    shares = people["age"].value_counts(normalize=True)
    assert len(shares) == 59
    assert all(is_about(share, 1 / 59, len(people), rounding=0) for share in shares)


def test_half_of_the_users_are_women(people: pd.DataFrame) -> None:
    assert shares_are_about(people["gender"], {"F": 0.5, "M": 0.5})


def test_an_email_is_the_name_in_small_letters_at_a_reserved_domain(users: pd.DataFrame) -> None:
    name = (users["first_name"] + users["last_name"]).str.lower()
    assert (users["email"].str.replace(r"@example\.(com|net|org)$", "", regex=True) == name).all()
    assert users["email"].str.endswith(("@example.com", "@example.net", "@example.org")).all()


def test_each_domain_has_a_third_of_the_emails(people: pd.DataFrame) -> None:
    domains = people["email"].str.partition("@")[2]
    assert shares_are_about(domains, dict.fromkeys(["example.com", "example.net", "example.org"], 1 / 3))


def test_about_3_users_in_1000_share_their_email_with_another(people: pd.DataFrame) -> None:
    assert is_about(people["email"].duplicated(keep=False).mean(), 0.003, len(people), rounding=0.0005)


def test_no_email_is_shared_by_a_crowd(people: pd.DataFrame) -> None:
    assert people["email"].value_counts().max() <= 3


def test_the_countries_have_the_real_shares(people: pd.DataFrame) -> None:
    shares = people["country"].value_counts(normalize=True)
    # The ten make 98 %; the sample may share the rest out among them.
    assert all(is_about(shares[country], share, len(people), 0.01) for country, share in COUNTRY_SHARES.items())


def test_the_traffic_sources_have_the_real_shares(people: pd.DataFrame) -> None:
    assert shares_are_about(people["traffic_source"], TRAFFIC_SHARES)


def test_some_cities_are_the_text_null(users: pd.DataFrame) -> None:
    assert 0 < (users["city"] == "null").mean() < 0.05


def test_no_city_is_missing(users: pd.DataFrame) -> None:
    assert users["city"].notna().all()


def test_coordinates_lie_on_earth(users: pd.DataFrame) -> None:
    assert users["latitude"].between(-90, 90).all()
    assert users["longitude"].between(-180, 180).all()
