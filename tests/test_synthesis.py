"""Step 2 without BigQuery.

First, merchants whose numbers can be worked out by hand. Then odd merchants, with any dtype and values missing
everywhere: all that is not random is derived again from the specification, row by row in plain Python, and compared.
"""

import hashlib
import math
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcr_data_generator import synthesis
from dcr_data_generator.warehouse.embedded import sample
from tests.support.settings import make_settings, window_of

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
Tables = tuple[pd.DataFrame, pd.DataFrame]
Row = dict[str, object]

EVERYONE = {"match_rate": 1, "wallet_payment_rate": 1, "wallet_only_rate": 0}
# Of the tables for a small merchant with seed 42. It may change only when the tables change on purpose.
DIGEST = "cec9a48b8be37651589027361e4764a2012c2fea7d3954a6915ab8c6207ca63e"
MORNING = datetime(2025, 9, 23, 8, tzinfo=UTC)
PROVIDER_USERS = {
    "provider_user_id": "int64",
    "email": "str",
    "date_of_birth": "date32[day][pyarrow]",
    "city": "str",
    "account_tier": "str",
    "is_verified_user": "bool",
}
TRANSACTIONS = {
    "transaction_id": "str",
    "order_id": "int64",
    "provider_user_id": "int64",
    "transaction_amount": "float64",
    "transaction_timestamp": "datetime64[us, UTC]",
    "status": "str",
}


def make_users(size: int, **columns: object) -> pd.DataFrame:
    """Users 1, 2, ... with an email each, aged 30, of Paris; `columns` replace theirs."""
    ids = range(1, size + 1)
    emails = [f"person{i}@shop.example" for i in ids]
    return pd.DataFrame({"id": ids, "email": emails, "age": 30, "city": "Paris", "created_at": MORNING} | columns)


def make_orders(user_ids: list[int] | range, **columns: object) -> pd.DataFrame:
    """An order of each of the users, numbered from 1001, a minute after the one before."""
    size = len(user_ids)
    minutes = [MORNING + timedelta(minutes=i) for i in range(size)]
    ids = range(1001, 1001 + size)
    return pd.DataFrame({"order_id": ids, "user_id": user_ids, "status": "Complete", "created_at": minutes} | columns)


def make_items(order_ids: list[int] | range | pd.Series, sale_price: object = 10.0) -> pd.DataFrame:
    """An item of each of the orders."""
    return pd.DataFrame({"order_id": order_ids, "sale_price": sale_price})


def make_merchant(size: int, **columns: object) -> Frames:
    """As many users, with an order of one item each, at 1, 2, ... dollars."""
    orders = make_orders(range(1, size + 1))
    return orders, make_items(orders["order_id"], [float(i) for i in range(1, size + 1)]), make_users(size, **columns)


def synthesize(orders: pd.DataFrame, items: pd.DataFrame, users: pd.DataFrame, **knobs: object) -> Tables:
    """Step 2 with the settings of main.py, some of them changed."""
    settings = make_settings(**knobs)
    return synthesis.synthesize(
        orders, items, users, settings.draws, window_of(settings).last_date, settings.snapshot.scale
    )


def provider_of(users: pd.DataFrame, **knobs: object) -> pd.DataFrame:
    """The provider_users of a merchant without orders."""
    return synthesize(make_orders([]), make_items([]), users, **knobs)[0]


def is_holder(provider_users: pd.DataFrame) -> pd.Series:
    """Tell wallet holders by their email: no invented one is @shop.example."""
    return provider_users["email"].str.strip().str.lower().str.endswith("@shop.example")


def age_on(day: date, birth: date) -> int:
    """Count the birthdays until that day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def tiers_of_users(orders: pd.DataFrame, items: pd.DataFrame, size: int, **knobs: object) -> dict[int, str]:
    """The account tier of each user ID, where all of them hold a wallet."""
    provider_users, _ = synthesize(orders, items, make_users(size), **EVERYONE | knobs)
    numbers = provider_users["email"].str.extract(r"(\d+)", expand=False).astype(int)
    return dict(zip(numbers, provider_users["account_tier"], strict=True))


def assert_same(ours: tuple[pd.DataFrame, ...], theirs: tuple[pd.DataFrame, ...]) -> None:
    """Assert that two pairs of tables are equal."""
    for our_table, their_table in zip(ours, theirs, strict=True):
        pd.testing.assert_frame_equal(our_table, their_table)


@pytest.fixture(scope="module")
def one_day() -> Frames:
    """A merchant as large as the real one: the sample's orders of one day, its items and its users."""
    tables = sample.generate()
    orders, items, users = tables["orders"], tables["order_items"], tables["users"]
    orders = orders[orders["created_at"].dt.date == date(2025, 9, 23)]
    users = users[users["id"].isin(orders["user_id"])].sort_values("created_at").drop_duplicates("id", keep="last")
    return orders, items[items["order_id"].isin(orders["order_id"])], users


# The tables


@pytest.mark.parametrize(("size", "match_rate"), [(20, 0.5), (20, 0), (0, 1)], ids=["rows", "no holders", "no users"])
def test_columns_and_dtypes_are_the_same_with_rows_and_without(size: int, match_rate: float) -> None:
    provider_users, transactions = synthesize(*make_merchant(size), match_rate=match_rate)
    assert [(name, str(dtype)) for name, dtype in provider_users.dtypes.items()] == list(PROVIDER_USERS.items())
    assert [(name, str(dtype)) for name, dtype in transactions.dtypes.items()] == list(TRANSACTIONS.items())
    assert (provider_users.empty, transactions.empty) == (size * match_rate == 0,) * 2


def test_rows_are_labelled_from_0() -> None:
    for table in synthesize(*make_merchant(40)):
        assert table.index.equals(pd.RangeIndex(len(table)))
        assert len(table) > 10


def test_results_change_only_on_purpose() -> None:
    size = 200
    users = make_users(
        size, age=[12 + i * 7 % 59 for i in range(size)], city=["Paris", "Rome", "null", "São Paulo"] * 50
    )
    statuses = ["Shipped", "Complete", "Processing", "Cancelled", "Returned"]
    orders = make_orders([1 + i * i % 211 for i in range(300)], status=statuses * 60)
    items = make_items([1001 + i * 13 % 310 for i in range(500)], [(1 + i * 37 % 9999) / 100 for i in range(500)])
    tables = synthesize(orders, items, users, seed=42, target_date="2025-09-23")
    text = "".join(table.to_csv(index=False, lineterminator="\n") for table in tables)
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST


# provider_user_id


@pytest.mark.parametrize("seed", range(4))
def test_provider_user_id_tells_nothing_about_user_ids(seed: int) -> None:
    provider_users = provider_of(make_users(2000), **EVERYONE, seed=seed)
    user_ids = provider_users["email"].str.extract(r"(\d+)", expand=False).astype(int)
    # Of 2000 unrelated pairs the rank correlation is 0, give or take 1 / sqrt(2000) = 0.022.
    assert abs(provider_users["provider_user_id"].corr(user_ids)) < 0.09


@pytest.mark.parametrize("seed", range(4))
def test_provider_user_id_tells_nothing_about_who_is_wallet_only(seed: int) -> None:
    provider_users = provider_of(make_users(2000), match_rate=1, wallet_only_rate=0.2, seed=seed)
    quarters = np.add.reduceat(~is_holder(provider_users).to_numpy(), [0, 625, 1250, 1875], dtype=int)
    assert quarters.sum() == 500
    # 125 a quarter, give or take sqrt(2500 x 0.25 x 0.2 x 0.8 x 0.75) = 8.7.
    assert ((quarters > 90) & (quarters < 160)).all()


# email


def test_an_email_that_the_merchant_has_in_any_writing_is_not_invented() -> None:
    first = provider_of(make_users(200), match_rate=1, wallet_only_rate=0.5)
    invented = first.loc[~is_holder(first), "email"].to_list()
    emails = make_users(200)["email"].to_list() + [f" {email.upper()}\t" for email in invented]
    second = provider_of(make_users(400, email=emails), match_rate=1, wallet_only_rate=0.5)
    assert len(second) == 800
    assert second["email"].str.strip().str.lower().is_unique


# city


def test_wallet_only_cities_are_the_merchants_as_often_as_they_occur() -> None:
    cities = (["Paris"] * 5 + ["Rome"] * 2 + [None]) * 250
    provider_users = provider_of(make_users(2000, city=cities), match_rate=1, wallet_only_rate=0.5)
    shares = provider_users.loc[~is_holder(provider_users), "city"].value_counts(normalize=True, dropna=False)
    assert set(shares.index) == {"Paris", "Rome"}
    assert shares["Rome"] == pytest.approx(2 / 7, abs=0.04)


def test_wallet_only_cities_are_not_only_the_holders() -> None:
    cities = [f"city{i}" for i in range(2000)]
    provider_users = provider_of(make_users(2000, city=cities), match_rate=0.01, wallet_only_rate=0.9)
    assert len(provider_users) == 200
    assert provider_users["city"].nunique() > 150


# date_of_birth


@pytest.mark.parametrize("target", ["2024-02-28", "2024-02-29", "2024-03-01", "2025-02-28", "2025-12-31", "2026-01-01"])
def test_holders_are_on_the_target_date_as_old_as_the_merchant_says(target: str) -> None:
    ages = [i % 101 for i in range(3030)]
    users = make_users(3030, email=[f"{age}.{i}@shop.example" for i, age in enumerate(ages)], age=ages)
    provider_users = provider_of(users, **EVERYONE, target_date=target)
    stated = provider_users["email"].str.split(".").str[0].astype(int)
    day = date.fromisoformat(target)
    assert [age_on(day, birth) for birth in provider_users["date_of_birth"]] == stated.to_list()


@pytest.mark.parametrize(
    ("target", "age", "first", "last", "days"),
    [
        ("2025-09-23", 30, date(1994, 9, 24), date(1995, 9, 23), 365),
        ("2025-02-28", 20, date(2004, 2, 29), date(2005, 2, 28), 366),
        ("2024-02-29", 20, date(2003, 3, 1), date(2004, 2, 29), 366),
        ("2024-02-29", 21, date(2002, 3, 1), date(2003, 2, 28), 365),
        ("2024-02-28", 20, date(2003, 3, 1), date(2004, 2, 28), 365),
        ("2025-12-31", 20, date(2005, 1, 1), date(2005, 12, 31), 365),
    ],
)
def test_birthdays_fall_on_every_day_that_gives_the_age(
    target: str, age: int, first: date, last: date, days: int
) -> None:
    births = provider_of(make_users(6000, age=age), **EVERYONE, target_date=target)["date_of_birth"]
    assert (births.min(), births.max(), births.nunique()) == (first, last, days)
    # Some 16 a day, so that no month is far from its 8 %.
    assert births.map(lambda birth: birth.month).value_counts(normalize=True).between(0.06, 0.11).all()


def test_wallet_only_ages_are_among_the_holders_adult_ages() -> None:
    users = make_users(500, age=[12.0, 17.0, 18.0, 44.0, None] * 100)
    provider_users = provider_of(users, match_rate=1, wallet_only_rate=0.5)
    births = provider_users.loc[~is_holder(provider_users), "date_of_birth"]
    assert {age_on(date(2025, 9, 23), birth) for birth in births} == {18, 44}


@pytest.mark.parametrize("age", [17, None])
def test_wallet_only_users_are_adults_where_no_holder_is(age: int | None) -> None:
    provider_users = provider_of(make_users(100, age=age), match_rate=1, wallet_only_rate=0.5)
    births = provider_users.loc[~is_holder(provider_users), "date_of_birth"]
    assert all(18 <= age_on(date(2025, 9, 23), birth) <= 100 for birth in births)


# account_tier


def test_tiers_have_exact_shares_among_holders_and_among_wallet_only_users() -> None:
    provider_users, _ = synthesize(*make_merchant(480), match_rate=1, wallet_only_rate=0.2)
    counts = provider_users.groupby(is_holder(provider_users))["account_tier"].value_counts()
    # 8 % of 480 is 38.4 and 22 % of it 105.6; 8 % of 120 is 9.6 and 22 % of it 26.4.
    assert counts[True].to_dict() == {"Business": 38, "Premium": 106, "Free": 336}
    assert counts[False].to_dict() == {"Business": 10, "Premium": 26, "Free": 84}


def test_a_draw_cannot_make_up_for_two_thirds_of_the_percentiles() -> None:
    orders, items, _ = make_merchant(300)  # user i spends i dollars per order: percentile i / 300
    rank = {"Free": 0, "Premium": 1, "Business": 2}
    for seed in range(5):
        tiers = [rank[tier] for _, tier in sorted(tiers_of_users(orders, items, 300, seed=seed).items())]
        # The score is 0.6 x percentile + 0.4 x draw: from i to i + 201 it rises by 0.6 x 201 / 300 > 0.4 or more.
        assert all(max(tiers[: i + 1]) <= tiers[i + 201] for i in range(99))


def test_tier_follows_the_average_order_not_the_sum() -> None:
    many_small, one_large = [i for i in range(1, 51) for _ in range(10)], list(range(51, 101))
    orders = make_orders(many_small + one_large)
    items = make_items(orders["order_id"], [10.0] * 500 + [50.0] * 50)
    tiers = tiers_of_users(orders, items, 100)
    # Percentiles 0.255 and 0.755: a score of 0.553 at most against one of 0.453 at least, for 30 places.
    assert {tiers[user] for user in range(1, 51)} == {"Free"}


def test_orders_without_items_do_not_lower_the_average_order() -> None:
    orders = make_orders(list(range(1, 51)) * 6 + list(range(51, 101)))
    items = make_items([*range(1001, 1051), *range(1301, 1351)], [50.0] * 50 + [20.0] * 50)
    tiers = tiers_of_users(orders, items, 100)
    assert {tiers[user] for user in range(51, 101)} == {"Free"}


def test_holders_without_an_order_with_items_rank_lowest() -> None:
    tiers = tiers_of_users(make_orders(range(1, 101)), make_items(range(1001, 1051), 0.02), 100)
    assert {tiers[user] for user in range(51, 101)} == {"Free"}


def test_orders_not_paid_through_the_wallet_count_for_the_tier_too() -> None:
    orders, items, _ = make_merchant(100)
    assert tiers_of_users(orders, items, 100) == tiers_of_users(orders, items, 100, wallet_payment_rate=0)


@pytest.mark.parametrize("age", [17, None])
def test_holders_who_are_no_adults_rank_below_all_adults(age: int | None) -> None:
    # Those who spend most are no adults: 100 of 200, and 30 % are Business or Premium.
    orders, items, _ = make_merchant(200)
    users = make_users(200, age=[40] * 100 + [age] * 100)
    provider_users, _ = synthesize(orders, items, users, **EVERYONE)
    number = provider_users["email"].str.extract(r"(\d+)", expand=False).astype(int)
    counts = provider_users.groupby(number <= 100)["account_tier"].value_counts()
    assert counts[True].to_dict() == {"Premium": 44, "Free": 40, "Business": 16}
    assert counts[False].to_dict() == {"Free": 100}


def test_among_holders_who_are_no_adults_the_tier_follows_spend() -> None:
    # Of 300 holders 3 are adults, so the others have 87 of the 90 higher tiers.
    orders, items, _ = make_merchant(300)
    users = make_users(300, age=[40] * 3 + [17] * 297)
    provider_users, _ = synthesize(orders, items, users, **EVERYONE)
    number = provider_users["email"].str.extract(r"(\d+)", expand=False).astype(int)
    tiers = provider_users["account_tier"].set_axis(number)
    assert set(tiers[tiers.index <= 3]) == {"Business"}
    assert tiers[tiers.index > 200].ne("Free").sum() > 60
    assert set(tiers[tiers.index.isin(range(4, 50))]) == {"Free"}


# is_verified_user


@pytest.mark.parametrize("seed", [1, 2])
def test_verified_users_are_an_exact_share_of_each_group(seed: int) -> None:
    # Of every 10 users one is a minor; of the others, 3 have an order that was cancelled or returned.
    statuses = ["Complete", "Cancelled", "Returned", "Shipped", "Processing", None, "Complete", "Cancelled", "x", "y"]
    names = ["minor", "refund", "refund", *["clean"] * 4, "refund", "clean", "clean"]
    users = make_users(
        410, age=[17, 18, *[40] * 8] * 41, email=[f"{names[i % 10]}{i}@shop.example" for i in range(410)]
    )
    orders = make_orders(range(1, 411), status=statuses * 41)
    provider_users, _ = synthesize(orders, make_items([]), users, match_rate=1, wallet_only_rate=0.2, seed=seed)
    group = provider_users["email"].str.extract(r"^([a-z]+)\d+@shop", expand=False).fillna("wallet only")
    verified = provider_users["is_verified_user"].groupby(group).agg(["size", "sum"]).T.to_dict("list")
    # 94 % of 246 is 231.24, 55 % of 123 is 67.65; 410 x 0.2 / 0.8 is 102.5, and 85 % of 103 is 87.55.
    assert verified == {"clean": [246, 231], "refund": [123, 68], "minor": [41, 0], "wallet only": [103, 88]}


# transactions


@pytest.mark.parametrize(
    ("prices", "amount"),
    [
        ([24.989999771118164] * 3, 74.97),
        ([999.989990234375] * 4, 3999.96),
        ([0.019999999552965164], 0.02),
        ([0.1, 0.2], 0.3),
        ([0.0], 0.0),
        ([5.5, None], 5.5),
    ],
)
def test_amount_is_the_sum_of_the_sale_prices_to_the_cent(prices: list[float], amount: float) -> None:
    items = make_items([1001] * len(prices) + [1002], [*prices, 7.0])
    _, transactions = synthesize(make_orders([1, 2]), items, make_users(2), **EVERYONE)
    assert transactions["transaction_amount"].to_list() == [amount, 7.0]


def test_the_least_and_the_greatest_ids_are_matched_and_a_missing_one_is_not() -> None:
    least, greatest = -(2**63), 2**63 - 1
    orders = make_orders(pd.array([greatest, None, least, 7], dtype="Int64"), order_id=[least, 0, greatest, 1])
    items = make_items(pd.array([greatest, None, least, 0, 1], dtype="Int64"), [1.0, 2.0, 4.0, 8.0, 16.0])
    users = make_users(2, id=[least, greatest])
    provider_users, transactions = synthesize(orders, items, users, **EVERYONE)
    paid = transactions.merge(provider_users, on="provider_user_id").set_index("order_id")
    assert paid["email"].to_dict() == {least: "person2@shop.example", greatest: "person1@shop.example"}
    assert paid["transaction_amount"].to_dict() == {least: 4.0, greatest: 1.0}


def test_duckdb_finds_the_same_amounts_and_holders(one_day: Frames) -> None:
    orders, items, users = one_day
    provider_users, transactions = synthesize(orders, items, users)
    with duckdb.connect() as database:
        for name, frame in {
            "orders": orders[["order_id", "user_id", "status", "created_at"]],
            "items": items[["order_id", "sale_price"]],
            "users": users[["id", "email"]],
            "provider_users": provider_users[["provider_user_id", "email"]],
            "transactions": transactions,
        }.items():
            database.register(name, frame)
        database.execute("""
            CREATE TEMP TABLE expected AS
            SELECT order_id, provider_user_id, ROUND(SUM(sale_price), 2), created_at, orders.status
            FROM orders
            JOIN items USING (order_id)
            JOIN users ON users.id = orders.user_id
            JOIN provider_users ON LOWER(TRIM(provider_users.email)) = LOWER(TRIM(users.email))
            GROUP BY ALL
        """)
        violating = database.execute("""
            SELECT order_id, provider_user_id, transaction_amount, transaction_timestamp, status
            FROM transactions
            EXCEPT SELECT * FROM expected
        """).fetchall()
        [[eligible]] = database.execute("SELECT COUNT(*) FROM expected").fetchall()
    assert violating == []
    assert len(transactions) == int(0.8 * eligible + 0.5) > 300


# What the tables depend on


def test_row_labels_and_further_columns_change_nothing() -> None:
    merchant = make_merchant(50)
    wider = [frame.assign(key=range(50), holder="x", cents=1.5, provider_user_id=1) for frame in merchant]
    labelled = [frame.set_axis(["same label"] * 50) for frame in wider]
    assert_same(synthesize(*labelled), synthesize(*merchant))


def test_another_seed_draws_other_values_in_the_same_numbers() -> None:
    knobs = {"match_rate": 1, "wallet_only_rate": 0.2}
    runs = [synthesize(*make_merchant(400), **knobs, seed=seed) for seed in (1, 2)]
    (users, transactions), (other_users, other_transactions) = runs
    for column in ("account_tier", "is_verified_user"):
        assert users[column].value_counts().to_dict() == other_users[column].value_counts().to_dict()
        assert users.set_index("email")[column].to_dict() != other_users.set_index("email")[column].to_dict()
    assert (len(users), len(transactions)) == (len(other_users), len(other_transactions)) == (500, 320)
    assert not set(transactions["transaction_id"]) & set(other_transactions["transaction_id"])
    assert set(transactions["order_id"]) != set(other_transactions["order_id"])
    both = users.merge(other_users, on="email")
    assert len(both) == 400  # the holders: each seed invents other wallet-only users
    assert (both["date_of_birth_x"] == both["date_of_birth_y"]).mean() < 0.03
    assert (both["provider_user_id_x"] == both["provider_user_id_y"]).mean() < 0.03


def test_another_seed_finds_other_wallet_holders() -> None:
    first, second = (set(provider_of(make_users(400), wallet_only_rate=0, seed=seed)["email"]) for seed in (1, 2))
    assert len(first) == len(second) == 200
    # 100 in common, give or take 5.
    assert 75 < len(first & second) < 125


def test_what_is_drawn_for_a_person_or_an_order_does_not_depend_on_the_others() -> None:
    orders, items, users = make_merchant(60)
    some = orders["user_id"] % 3 != 0
    all_users, all_transactions = synthesize(orders, items, users, **EVERYONE)
    fewer_users, fewer_transactions = synthesize(orders[some], items, users[some], **EVERYONE)
    for column, key, fewer, everyone in (
        ("date_of_birth", "email", fewer_users, all_users),
        ("transaction_id", "order_id", fewer_transactions, all_transactions),
    ):
        common = everyone[everyone[key].isin(fewer[key])]
        assert len(common) == len(fewer) == 40
        assert dict(zip(fewer[key], fewer[column], strict=True)) == dict(zip(common[key], common[column], strict=True))


def test_the_merchants_frames_stay_as_they_are() -> None:
    merchant = make_merchant(50)
    copies = [frame.copy(deep=True) for frame in merchant]
    synthesize(*merchant)
    assert_same(merchant, tuple(copies))


def test_global_random_state_is_neither_read_nor_changed() -> None:
    runs = []
    for state in (1, 2):
        np.random.seed(state)  # noqa: NPY002
        random.seed(state)
        before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        runs.append(synthesize(*make_merchant(50)))
        assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002
    assert_same(*runs)


def test_where_no_holder_is_an_adult_wallet_only_users_are_18_to_70() -> None:
    users = provider_of(make_users(100, age=17), wallet_only_rate=0.9, target_date=TARGET)
    births = users.loc[~is_holder(users), "date_of_birth"]
    assert {age_on_target(birth) for birth in births} == {*range(18, 71)}


# The answers that the demo has to find


@pytest.fixture(scope="module")
def paid_over_20_seeds(one_day: Frames) -> list[pd.DataFrame]:
    """The transactions of the day with their payers, for each of 20 seeds."""
    runs = [synthesize(*one_day, seed=seed) for seed in range(20)]
    return [transactions.merge(provider_users, on="provider_user_id") for provider_users, transactions in runs]


def test_average_transaction_rises_from_free_to_premium_to_business(paid_over_20_seeds: list[pd.DataFrame]) -> None:
    for paid in paid_over_20_seeds:
        average = paid.groupby("account_tier")["transaction_amount"].mean()
        assert average["Free"] < average["Premium"] < average["Business"]
        assert average["Business"] >= 1.3 * average["Free"]


def test_refunds_concentrate_on_the_unverified(paid_over_20_seeds: list[pd.DataFrame]) -> None:
    for paid in paid_over_20_seeds:
        refunded = paid["status"].isin(["Cancelled", "Returned"]).groupby(paid["is_verified_user"]).mean()
        assert refunded[False] >= 1.5 * refunded[True]


# Odd merchants

TARGET = date(2024, 2, 29)
COLUMNS = {
    "orders": {"order_id": "integer", "user_id": "integer", "status": "text", "created_at": "time"},
    "order_items": {"order_id": "integer", "sale_price": "float"},
    "users": {"id": "integer", "email": "text", "age": "integer", "city": "text", "created_at": "time"},
}
# The dtypes that frames may have. Without an entry pandas infers them.
DTYPES = {
    "object": dict.fromkeys(["integer", "float", "text", "time"], "object"),
    "inferred": {},
    "read from BigQuery": {"integer": "Int64", "float": "float64", "text": "str", "time": "datetime64[us, UTC]"},
    "nullable": {"integer": "Int64", "float": "Float64", "text": "string", "time": "datetime64[ns, UTC]"},
    "arrow": {
        "integer": pd.ArrowDtype(pa.int64()),
        "float": pd.ArrowDtype(pa.float64()),
        "text": pd.ArrowDtype(pa.large_string()),
        "time": pd.ArrowDtype(pa.timestamp("us", tz="UTC")),
    },
}
TIMES = [
    datetime(2024, 2, 27, 23, 59, 59, 999999, tzinfo=UTC),
    *(datetime(2024, 2, day, tzinfo=UTC) for day in (28, 29)),
]
EMAILS = [
    "",
    "  ",
    "ann@shop.example",
    " ANN@shop.example\t",
    "bob@shop.example",
    "Bob@Shop.example",
    "zoë@shop.example",
]


@dataclass
class Merchant:
    """The rows of the three tables."""

    orders: list[Row] = field(default_factory=list)
    order_items: list[Row] = field(default_factory=list)
    users: list[Row] = field(default_factory=list)

    def frames(self, dtypes: str = "read from BigQuery") -> list[pd.DataFrame]:
        """The three tables as frames."""
        frames = []
        for table, kinds in COLUMNS.items():
            frame = pd.DataFrame(getattr(self, table), columns=list(kinds))
            wanted = {column: DTYPES[dtypes].get(kind) for column, kind in kinds.items()}
            frames.append(frame.astype({column: dtype for column, dtype in wanted.items() if dtype is not None}))
        return frames

    def people(self) -> dict[str, list[Row]]:
        """The records of each customer, by their email without case and blanks."""
        people: dict[str, list[Row]] = {}
        for user in self.users:
            if name := plain(user["email"]):
                people.setdefault(name, []).append(user)
        return people

    def orders_of(self, name: str) -> list[Row]:
        """A customer's orders."""
        ids = {user["id"] for user in self.people()[name]}
        return [order for order in self.orders if order["user_id"] in ids]

    def prices_of(self, order: Row) -> list[float | None]:
        """The prices of an order's items."""
        return [item["sale_price"] for item in self.order_items if item["order_id"] == order["order_id"]]


@dataclass
class Provider:
    """The rows of the two tables, missing values as None."""

    provider_users: list[Row]
    transactions: list[Row]

    def holders(self, merchant: Merchant) -> dict[str, Row]:
        """The wallet holders, by their email without case and blanks."""
        people = merchant.people()
        return {plain(user["email"]): user for user in self.provider_users if plain(user["email"]) in people}

    def wallet_only(self, merchant: Merchant) -> list[Row]:
        """Those who are not customers."""
        return [user for user in self.provider_users if plain(user["email"]) not in merchant.people()]


def plain(email: object) -> str:
    """An email without case and surrounding blanks."""
    return str(email or "").strip().lower()


def rounded(value: float) -> int:
    """Round half up."""
    return math.floor(value + 0.5)


def age_on_target(birth: date) -> int:
    """Count the birthdays until the target date."""
    return TARGET.year - birth.year - ((TARGET.month, TARGET.day) < (birth.month, birth.day))


def provide(merchant: Merchant, knobs: Row, dtypes: str = "read from BigQuery") -> Provider:
    """What synthesize makes of the merchant."""
    tables = synthesize(*merchant.frames(dtypes), **knobs, target_date=TARGET)
    return Provider(*(table.astype(object).where(table.notna(), None).to_dict("records") for table in tables))


def missing_or(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """Such a value, or none."""
    return st.none() | strategy


# Single-precision noise on whole cents, as thelook has it.
PRICES = st.integers(0, 99_999).map(lambda cents: float(np.float32(cents / 100)))
MERCHANTS = st.builds(
    Merchant,
    orders=st.lists(
        st.fixed_dictionaries(
            {
                "order_id": st.integers(1, 20),
                "user_id": missing_or(st.integers(1, 10)),
                "status": missing_or(st.sampled_from(["Complete", "Cancelled", "Returned", "", "never heard of"])),
                "created_at": missing_or(st.sampled_from(TIMES)),
            }
        ),
        max_size=12,
        unique_by=lambda order: order["order_id"],
    ),
    order_items=st.lists(
        st.fixed_dictionaries({"order_id": missing_or(st.integers(1, 22)), "sale_price": missing_or(PRICES)}),
        max_size=20,
    ),
    users=st.lists(
        st.fixed_dictionaries(
            {
                "id": st.integers(1, 9),
                "email": missing_or(st.sampled_from(EMAILS)),
                "age": missing_or(st.integers(0, 110)),
                "city": missing_or(st.sampled_from(["Paris", "null", ""])),
                "created_at": missing_or(st.sampled_from(TIMES)),
            }
        ),
        max_size=9,
        unique_by=lambda user: user["id"],
    ),
)
KNOBS = st.fixed_dictionaries(
    {
        "seed": st.sampled_from([0, 42, 2**63 - 1]),
        "match_rate": st.sampled_from([0.0, 0.3, 0.5, 1.0, 1.0]),
        "wallet_payment_rate": st.sampled_from([0.0, 0.35, 0.8, 1.0, 1.0]),
        "wallet_only_rate": st.sampled_from([0.0, 0.2, 0.5, 0.9]),
    }
)
bounded = hypothesis.settings(max_examples=25, deadline=None, derandomize=True)


def there_are_as_many_holders_and_wallet_only_users_as_the_rates_say(
    merchant: Merchant, knobs: Row, provider: Provider
) -> None:
    holders = rounded(knobs["match_rate"] * len(merchant.people()))
    rate = knobs["wallet_only_rate"]
    assert len(provider.holders(merchant)) == holders
    assert len(provider.provider_users) == holders + rounded(holders * rate / (1 - rate))
    ids = [user["provider_user_id"] for user in provider.provider_users]
    assert ids == list(range(1, len(ids) + 1))


def a_holder_is_as_one_of_the_most_recent_records_of_the_person_says(
    merchant: Merchant, knobs: Row, provider: Provider
) -> None:
    for name, holder in provider.holders(merchant).items():
        records = merchant.people()[name]
        known = [record["created_at"] for record in records if record["created_at"]]
        latest = [record for record in records if record["created_at"] == max(known, default=None)]
        age = None if holder["date_of_birth"] is None else age_on_target(holder["date_of_birth"])
        assert (holder["email"], holder["city"], age) in [(r["email"], r["city"], r["age"]) for r in latest]


def a_wallet_only_user_is_an_adult_of_the_merchants_cities(merchant: Merchant, knobs: Row, provider: Provider) -> None:
    cities = {user["city"] for user in merchant.users} - {None} or {None}
    for user in provider.wallet_only(merchant):
        assert age_on_target(user["date_of_birth"]) >= 18
        assert user["city"] in cities


def tiers_and_verified_users_are_as_many_as_the_shares_say(merchant: Merchant, knobs: Row, provider: Provider) -> None:
    holders, wallet_only = provider.holders(merchant), provider.wallet_only(merchant)
    for group in (holders.values(), wallet_only):
        tiers = Counter(user["account_tier"] for user in group)
        assert (tiers["Business"], tiers["Premium"]) == (rounded(0.08 * len(group)), rounded(0.22 * len(group)))
        assert tiers.total() - tiers["Business"] - tiers["Premium"] == tiers["Free"]
    kinds: dict[str, list[bool]] = {"minor": [], "refund": [], "clean": []}
    for name, holder in holders.items():
        adult = holder["date_of_birth"] is not None and age_on_target(holder["date_of_birth"]) >= 18
        refund = any(order["status"] in ("Cancelled", "Returned") for order in merchant.orders_of(name))
        kinds["minor" if not adult else "refund" if refund else "clean"].append(holder["is_verified_user"])
    verified = {kind: sum(flags) for kind, flags in kinds.items()}
    assert verified == {
        "minor": 0,
        "refund": rounded(0.55 * len(kinds["refund"])),
        "clean": rounded(0.94 * len(kinds["clean"])),
    }
    assert sum(user["is_verified_user"] for user in wallet_only) == rounded(0.85 * len(wallet_only))


def transactions_are_the_holders_orders_with_items(merchant: Merchant, knobs: Row, provider: Provider) -> None:
    expected = {}
    for name, holder in provider.holders(merchant).items():
        for order in merchant.orders_of(name):
            if prices := merchant.prices_of(order):
                known = [Decimal(price) for price in prices if price is not None]
                amount = float(sum(known).quantize(Decimal("0.01"), ROUND_HALF_UP)) if known else None
                expected[order["order_id"]] = {
                    "order_id": order["order_id"],
                    "provider_user_id": holder["provider_user_id"],
                    "transaction_amount": amount,
                    "transaction_timestamp": order["created_at"],
                    "status": order["status"],
                }
    paid = [{k: v for k, v in row.items() if k != "transaction_id"} for row in provider.transactions]
    assert len(paid) == len({row["order_id"] for row in paid}) == rounded(knobs["wallet_payment_rate"] * len(expected))
    assert paid == [expected.get(row["order_id"]) for row in paid]
    # Orders of unknown time come last.
    latest = datetime.max.replace(tzinfo=UTC)
    assert paid == sorted(paid, key=lambda row: (row["transaction_timestamp"] or latest, row["order_id"]))


@bounded
@given(MERCHANTS, KNOBS)
def test_of_whatever_merchant_the_tables_follow_each_rule(merchant: Merchant, knobs: Row) -> None:
    provider = provide(merchant, knobs)
    there_are_as_many_holders_and_wallet_only_users_as_the_rates_say(merchant, knobs, provider)
    a_holder_is_as_one_of_the_most_recent_records_of_the_person_says(merchant, knobs, provider)
    a_wallet_only_user_is_an_adult_of_the_merchants_cities(merchant, knobs, provider)
    tiers_and_verified_users_are_as_many_as_the_shares_say(merchant, knobs, provider)
    transactions_are_the_holders_orders_with_items(merchant, knobs, provider)


@hypothesis.settings(bounded, max_examples=10)
@given(MERCHANTS, KNOBS, st.sampled_from(sorted(DTYPES)), st.randoms(use_true_random=False))
def test_neither_dtypes_nor_row_order_change_the_tables(
    merchant: Merchant, knobs: Row, dtypes: str, random: object
) -> None:
    knobs |= {"target_date": TARGET}
    expected = synthesize(*merchant.frames(), **knobs)
    frames = [frame.iloc[random.sample(range(len(frame)), len(frame))] for frame in merchant.frames(dtypes)]
    for ours, theirs in zip(synthesize(*frames, **knobs), expected, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


@pytest.mark.parametrize("dtypes", DTYPES)
@pytest.mark.parametrize("orders", [[], [{"order_id": 1, "user_id": 2, "status": "Complete", "created_at": TIMES[0]}]])
def test_a_merchant_without_users_makes_empty_tables(dtypes: str, orders: list[Row]) -> None:
    items = [{"order_id": order["order_id"], "sale_price": 9.5} for order in orders]
    assert provide(Merchant(orders, items), {"match_rate": 1}, dtypes) == Provider([], [])
