"""Step 2 without BigQuery: what synthesize makes of merchants whose numbers can be worked out by hand."""

import hashlib
import random
import uuid
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator.embedded import sample
from dcr_data_generator.synthesis import synthesize
from tests.support.settings import make_settings

Merchant = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]

EVERYONE = {"match_rate": 1, "wallet_payment_rate": 1, "wallet_only_rate": 0}
# Of the results for a small merchant with seed 42: another one only together with a change of the results on purpose.
DIGEST = "69f18647f55eea5aa3a2b665e0663ec619101712c649974dc834d4e8d76353fc"
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


def make_merchant(size: int, **columns: object) -> Merchant:
    """As many users, with an order of one item each, at 1, 2, ... dollars."""
    orders = make_orders(range(1, size + 1))
    return orders, make_items(orders["order_id"], [float(i) for i in range(1, size + 1)]), make_users(size, **columns)


def provider_of(users: pd.DataFrame, **knobs: object) -> pd.DataFrame:
    """The provider_users of a merchant without orders."""
    return synthesize(make_orders([]), make_items([]), users, make_settings(**knobs))[0]


def is_holder(provider_users: pd.DataFrame) -> pd.Series:
    """Tell wallet holders by their email: nobody who was invented is @shop.example."""
    return provider_users["email"].str.strip().str.lower().str.endswith("@shop.example")


def age_on(day: date, birth: date) -> int:
    """Count the birthdays until that day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def tiers_of_orders(orders: pd.DataFrame, items: pd.DataFrame, size: int, **knobs: object) -> dict[int, str]:
    """The account tier of each user id, where all of them hold a wallet."""
    provider_users, _ = synthesize(orders, items, make_users(size), make_settings(**EVERYONE | knobs))
    numbers = provider_users["email"].str.extract(r"(\d+)", expand=False).astype(int)
    return dict(zip(numbers, provider_users["account_tier"], strict=True))


@pytest.fixture(scope="module")
def one_day() -> Merchant:
    """A merchant as large as the real one: the sample's orders of one day, its items and its users."""
    tables = sample.generate()
    orders, items, users = tables["orders"], tables["order_items"], tables["users"]
    orders = orders[orders["created_at"].dt.date == date(2025, 9, 23)]
    users = users[users["id"].isin(orders["user_id"])].sort_values("created_at").drop_duplicates("id", keep="last")
    return orders, items[items["order_id"].isin(orders["order_id"])], users


# The shape of the tables


@pytest.mark.parametrize(("size", "match_rate"), [(20, 0.5), (20, 0), (0, 1)], ids=["rows", "no holders", "no users"])
def test_columns_and_dtypes_are_the_same_with_rows_and_without(size: int, match_rate: float) -> None:
    provider_users, transactions = synthesize(*make_merchant(size), make_settings(match_rate=match_rate))
    assert {name: str(dtype) for name, dtype in provider_users.dtypes.items()} == PROVIDER_USERS
    assert {name: str(dtype) for name, dtype in transactions.dtypes.items()} == TRANSACTIONS
    assert (list(provider_users), list(transactions)) == (list(PROVIDER_USERS), list(TRANSACTIONS))
    assert (provider_users.empty, transactions.empty) == (size * match_rate == 0,) * 2


def test_provider_users_are_sorted_by_their_id_from_1_to_n() -> None:
    provider_users = provider_of(make_users(40), match_rate=1, wallet_only_rate=0.2)
    assert provider_users["provider_user_id"].to_list() == list(range(1, 51))
    assert provider_users.index.to_list() == list(range(50))


def test_transactions_are_sorted_by_time_then_order() -> None:
    hours = [MORNING + timedelta(hours=i * 7 % 3) for i in range(9)]
    orders = make_orders(range(1, 10), order_id=[5, 9, 2, 8, 1, 7, 3, 6, 4], created_at=hours)
    _, transactions = synthesize(orders, make_items(range(1, 10)), make_users(9), make_settings(**EVERYONE))
    # At 8 o'clock come the 1st, 4th and 7th of the orders, at 9 the 2nd, 5th and 8th, at 10 the others.
    assert transactions["order_id"].to_list() == [3, 5, 8, 1, 6, 9, 2, 4, 7]
    assert transactions.index.to_list() == list(range(9))


# People


def test_users_who_share_an_email_but_for_case_and_blanks_are_one_person() -> None:
    emails = ["ann@shop.example", " Ann@Shop.example", "ANN@SHOP.EXAMPLE\t", "ann2@shop.example"]
    provider_users = provider_of(make_users(4, email=emails), **EVERYONE)
    assert sorted(provider_users["email"].str.strip().str.lower()) == ["ann2@shop.example", "ann@shop.example"]


def test_email_city_and_age_are_those_of_the_most_recent_record_as_they_stand_there() -> None:
    users = make_users(
        3,
        email=["ann@shop.example", " Ann@shop.example ", "ANN@shop.example"],
        city=["Paris", "Rome", "Oslo"],
        age=[20, 31, 60],
        created_at=[MORNING, MORNING + timedelta(microseconds=1), MORNING - timedelta(days=9)],
    )
    person = provider_of(users, **EVERYONE).iloc[0]
    assert (person["email"], person["city"]) == (" Ann@shop.example ", "Rome")
    assert age_on(date(2025, 9, 23), person["date_of_birth"]) == 31


def test_a_city_missing_from_the_most_recent_record_is_not_taken_from_an_older_one() -> None:
    times = [MORNING, MORNING + timedelta(days=1)]
    users = make_users(2, email="ann@shop.example", city=["Paris", None], created_at=times)
    assert provider_of(users, **EVERYONE)["city"].isna().to_list() == [True]


def test_records_of_the_same_time_make_the_same_person_whatever_their_order() -> None:
    users = make_users(4, email=["A@shop.example", "a@shop.example"] * 2, city=list("abcd"), age=[20, 30, 40, 50])
    expected = provider_of(users, **EVERYONE)
    for order in ([3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]):
        pd.testing.assert_frame_equal(provider_of(users.iloc[order], **EVERYONE), expected)


@pytest.mark.parametrize("email", [None, "", " \t\r\n "])
def test_users_without_an_email_hold_no_wallet_and_are_no_customers(email: str | None) -> None:
    users = make_users(6, email=["a@shop.example", "b@shop.example", email, email, email, email])
    assert set(provider_of(users, **EVERYONE)["email"]) == {"a@shop.example", "b@shop.example"}
    assert len(provider_of(users, **EVERYONE | {"match_rate": 0.5})) == 1


@pytest.mark.parametrize(
    ("rate", "people", "holders"),
    [(0.5, 4, 2), (0.5, 5, 3), (0.3, 7, 2), (0.25, 10, 3), (0.01, 49, 0), (0.01, 50, 1), (0, 7, 0), (1, 7, 7)],
)
def test_match_rate_is_exact_and_rounds_half_up(rate: float, people: int, holders: int) -> None:
    assert len(provider_of(make_users(people), match_rate=rate, wallet_only_rate=0)) == holders


@pytest.mark.parametrize(
    ("holders", "rate", "wallet_only"),
    [(8, 0.2, 2), (6, 0.2, 2), (10, 0.2, 3), (3, 0.5, 3), (7, 0.3, 3), (1, 0.95, 19), (10, 0, 0), (0, 0.9, 0)],
)
def test_wallet_only_users_make_up_their_rate_of_the_table(holders: int, rate: float, wallet_only: int) -> None:
    provider_users = provider_of(make_users(holders), match_rate=1, wallet_only_rate=rate)
    assert is_holder(provider_users).sum() == holders
    assert len(provider_users) == holders + wallet_only


# Wallet-only users


def test_many_wallet_only_emails_are_built_as_thelook_does_and_unique() -> None:
    provider_users = provider_of(make_users(3000), match_rate=1, wallet_only_rate=0.95)
    emails = provider_users.loc[~is_holder(provider_users), "email"]
    assert len(emails) == 57_000
    assert emails.is_unique
    assert emails.str.fullmatch(r"[a-z]+@example\.(com|net|org)").all()
    shares = emails.str.split("@").str[1].value_counts(normalize=True)
    assert shares.between(0.32, 0.35).all()


def test_wallet_only_emails_are_a_first_and_a_last_name() -> None:
    provider_users = provider_of(make_users(100), match_rate=1, wallet_only_rate=0.5)
    firsts, lasts = ({name.lower() for name in names} for names in (Names.first_names, Names.last_names))
    for email in provider_users.loc[~is_holder(provider_users), "email"]:
        name = email.split("@")[0]
        assert any(name[:i] in firsts and name[i:] in lasts for i in range(len(name))), email


def test_an_email_that_the_merchant_has_in_any_writing_is_not_invented() -> None:
    first = provider_of(make_users(200), match_rate=1, wallet_only_rate=0.5)
    invented = first.loc[~is_holder(first), "email"].to_list()
    emails = make_users(200)["email"].to_list() + [f" {email.upper()}\t" for email in invented]
    second = provider_of(make_users(400, email=emails), match_rate=1, wallet_only_rate=0.5)
    assert len(second) == 800
    assert second["email"].str.strip().str.lower().is_unique


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


# date_of_birth


@pytest.mark.parametrize(
    "target",
    ["2024-02-28", "2024-02-29", "2024-03-01", "2025-02-28", "2025-03-01", "2024-12-31", "2025-12-31", "2026-01-01"],
)
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


def test_a_holder_of_unknown_age_has_no_birth_date_and_is_not_verified() -> None:
    provider_users = provider_of(make_users(50, age=None), **EVERYONE)
    assert provider_users["date_of_birth"].isna().all()
    assert not provider_users["is_verified_user"].any()


# account_tier


def test_tiers_have_exact_shares_among_holders_and_among_wallet_only_users() -> None:
    provider_users, _ = synthesize(*make_merchant(480), make_settings(match_rate=1, wallet_only_rate=0.2))
    counts = provider_users.groupby(is_holder(provider_users))["account_tier"].value_counts()
    # 8 % of 480 is 38.4 and 22 % of it 105.6; 8 % of 120 is 9.6 and 22 % of it 26.4.
    assert counts[True].to_dict() == {"Business": 38, "Premium": 106, "Free": 336}
    assert counts[False].to_dict() == {"Business": 10, "Premium": 26, "Free": 84}


def test_a_draw_cannot_make_up_for_two_thirds_of_the_percentiles() -> None:
    orders, items, _ = make_merchant(300)  # user i spends i dollars an order: percentile i / 300
    rank = {"Free": 0, "Premium": 1, "Business": 2}
    for seed in range(5):
        tiers = [rank[tier] for _, tier in sorted(tiers_of_orders(orders, items, 300, seed=seed).items())]
        # The score is 0.6 x percentile + 0.4 x draw: from i to i + 201 it rises by 0.6 x 201 / 300 > 0.4 or more.
        assert all(max(tiers[: i + 1]) <= tiers[i + 201] for i in range(99))


def test_tier_follows_the_average_order_not_the_sum() -> None:
    many_small, one_large = [i for i in range(1, 51) for _ in range(10)], list(range(51, 101))
    orders = make_orders(many_small + one_large)
    items = make_items(orders["order_id"], [10.0] * 500 + [50.0] * 50)
    tiers = tiers_of_orders(orders, items, 100)
    # Percentiles 0.255 and 0.755: a score of 0.553 at most against one of 0.453 at least, for 30 places.
    assert {tiers[user] for user in range(1, 51)} == {"Free"}


def test_orders_without_items_do_not_lower_the_average_order() -> None:
    orders = make_orders(list(range(1, 51)) * 6 + list(range(51, 101)))
    items = make_items([*range(1001, 1051), *range(1301, 1351)], [50.0] * 50 + [20.0] * 50)
    tiers = tiers_of_orders(orders, items, 100)
    assert {tiers[user] for user in range(51, 101)} == {"Free"}


def test_holders_without_an_order_with_items_rank_lowest() -> None:
    orders = make_orders(range(1, 101))
    tiers = tiers_of_orders(orders, make_items(range(1001, 1051), 0.02), 100)
    assert {tiers[user] for user in range(51, 101)} == {"Free"}


def test_orders_not_paid_through_the_wallet_count_for_the_tier_too() -> None:
    orders, items, _ = make_merchant(100)
    assert tiers_of_orders(orders, items, 100) == tiers_of_orders(orders, items, 100, wallet_payment_rate=0)


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
    provider_users, _ = synthesize(
        orders, make_items([]), users, make_settings(match_rate=1, wallet_only_rate=0.2, seed=seed)
    )
    group = provider_users["email"].str.extract(r"^([a-z]+)\d+@shop", expand=False).fillna("wallet only")
    verified = provider_users["is_verified_user"].groupby(group).agg(["size", "sum"]).T.to_dict("list")
    # 94 % of 246 is 231.24, 55 % of 123 is 67.65; 410 x 0.2 / 0.8 is 102.5, and 85 % of 103 is 87.55.
    assert verified == {"clean": [246, 231], "refund": [123, 68], "minor": [41, 0], "wallet only": [103, 88]}


def test_a_refund_of_any_of_a_persons_users_counts() -> None:
    emails = [f"{'A' if i >= 100 else 'a'}{i % 100}@shop.example" for i in range(200)]
    orders = make_orders(range(1, 101), status="Returned")
    newer = [MORNING] * 100 + [MORNING + timedelta(days=1)] * 100
    users = make_users(200, email=emails, created_at=newer)
    provider_users, _ = synthesize(orders, make_items([]), users, make_settings(**EVERYONE))
    assert provider_users["is_verified_user"].value_counts().to_dict() == {True: 55, False: 45}


# transactions


@pytest.mark.parametrize(("rate", "paid"), [(0, 0), (1, 30), (0.8, 24), (0.35, 11), (0.01, 0)])
def test_an_exact_share_of_the_orders_with_items_is_paid(rate: float, paid: int) -> None:
    orders = make_orders([*range(1, 41), 77, 88])  # users 77 and 88 are unknown
    items = make_items([*range(1001, 1031), *range(1001, 1021), 1041, 1042, 5555])
    _, transactions = synthesize(
        orders, items, make_users(40), make_settings(**EVERYONE | {"wallet_payment_rate": rate})
    )
    assert len(transactions) == paid
    assert transactions["order_id"].is_unique
    assert transactions["order_id"].between(1001, 1030).all()


@pytest.mark.parametrize(
    ("prices", "amount"),
    [
        ([24.989999771118164], 24.99),
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
    _, transactions = synthesize(make_orders([1, 2]), items, make_users(2), make_settings(**EVERYONE))
    assert transactions["transaction_amount"].to_list() == [amount, 7.0]


def test_status_and_time_are_the_orders_whatever_they_are() -> None:
    times = [MORNING.replace(microsecond=123456), datetime(1970, 1, 1, tzinfo=UTC), None, MORNING]
    orders = make_orders([1, 2, 3, 4], status=["Lost", "", "Shipped", None], created_at=times)
    _, transactions = synthesize(orders, make_items(orders["order_id"]), make_users(4), make_settings(**EVERYONE))
    copied = transactions.astype(object).where(transactions.notna(), None).set_index("order_id")
    assert copied["status"].to_dict() == {1001: "Lost", 1002: "", 1003: "Shipped", 1004: None}
    assert copied["transaction_timestamp"].to_dict() == dict(zip(range(1001, 1005), times, strict=True))


def test_transaction_ids_are_unique_random_uuids() -> None:
    _, transactions = synthesize(*make_merchant(2000), make_settings(**EVERYONE))
    ids = [uuid.UUID(text) for text in transactions["transaction_id"]]
    assert len(set(ids)) == 2000
    assert {(i.version, i.variant) for i in ids} == {(4, uuid.RFC_4122)}
    assert [str(i) for i in ids] == transactions["transaction_id"].to_list()
    # Every free bit is set in about half of them, and the fixed ones are not.
    bits = [sum(i.int >> bit & 1 for i in ids) / 2000 for bit in range(128)]
    assert sum(0.44 < share < 0.56 for share in bits) == 122
    # And the two halves have nothing to do with each other.
    alike = [sum(~(i.int >> bit ^ i.int >> bit + 64) & 1 for i in ids) / 2000 for bit in (*range(12), *range(16, 62))]
    assert all(0.44 < share < 0.56 for share in alike)


def test_duckdb_finds_the_same_amounts_and_holders(one_day: Merchant) -> None:
    orders, items, users = one_day
    provider_users, transactions = synthesize(orders, items, users, make_settings())
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


# Draws


def test_shuffled_rows_make_identical_tables(one_day: Merchant) -> None:
    expected = synthesize(*one_day, make_settings())
    for state in range(3):
        shuffled = [frame.sample(frac=1, random_state=state) for frame in one_day]
        for ours, theirs in zip(synthesize(*shuffled, make_settings()), expected, strict=True):
            pd.testing.assert_frame_equal(ours, theirs)


def test_row_labels_change_nothing() -> None:
    merchant = make_merchant(50)
    labelled = [frame.set_axis(["same label"] * 50) for frame in merchant]
    for ours, theirs in zip(
        synthesize(*labelled, make_settings()), synthesize(*merchant, make_settings()), strict=True
    ):
        pd.testing.assert_frame_equal(ours, theirs)


def test_another_column_changes_nothing() -> None:
    merchant = make_merchant(50)
    wider = [frame.assign(key=range(50), holder="x", items=None, amount=1.5) for frame in merchant]
    for ours, theirs in zip(synthesize(*wider, make_settings()), synthesize(*merchant, make_settings()), strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


def test_another_seed_draws_other_values_in_the_same_numbers() -> None:
    knobs = {"match_rate": 1, "wallet_only_rate": 0.2}
    runs = [synthesize(*make_merchant(400), make_settings(**knobs, seed=seed)) for seed in (1, 2)]
    (users, transactions), (other_users, other_transactions) = runs
    for column in ("account_tier", "is_verified_user"):
        assert users[column].value_counts().to_dict() == other_users[column].value_counts().to_dict()
        assert users.set_index("email")[column].to_dict() != other_users.set_index("email")[column].to_dict()
    assert (len(users), len(transactions)) == (len(other_users), len(other_transactions)) == (500, 320)
    assert not set(transactions["transaction_id"]) & set(other_transactions["transaction_id"])
    assert set(transactions["order_id"]) != set(other_transactions["order_id"])
    assert not set(users.loc[~is_holder(users), "email"]) & set(other_users.loc[~is_holder(other_users), "email"])
    both = users.merge(other_users, on="email")
    assert len(both) == 400
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
    all_users, all_transactions = synthesize(orders, items, users, make_settings(**EVERYONE))
    fewer_users, fewer_transactions = synthesize(orders[some], items, users[some], make_settings(**EVERYONE))
    for column, key, fewer, everyone in (
        ("date_of_birth", "email", fewer_users, all_users),
        ("transaction_id", "order_id", fewer_transactions, all_transactions),
    ):
        common = everyone[everyone[key].isin(fewer[key])]
        assert len(common) == len(fewer) == 40
        assert dict(zip(fewer[key], fewer[column], strict=True)) == dict(zip(common[key], common[column], strict=True))


def test_what_is_given_stays_as_it_is() -> None:
    merchant = make_merchant(50)
    copies = [frame.copy(deep=True) for frame in merchant]
    synthesize(*merchant, make_settings())
    for frame, copy in zip(merchant, copies, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


def test_global_random_state_is_neither_read_nor_changed() -> None:
    runs = []
    for state in (1, 2):
        np.random.seed(state)  # noqa: NPY002
        random.seed(state)
        before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        runs.append(synthesize(*make_merchant(50), make_settings()))
        assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002
    for ours, theirs in zip(*runs, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


def test_results_change_only_on_purpose_so_this_digest_is_to_be_replaced_only_then() -> None:
    size = 200
    users = make_users(
        size, age=[12 + i * 7 % 59 for i in range(size)], city=["Paris", "Rome", "null", "São Paulo"] * 50
    )
    statuses = ["Shipped", "Complete", "Processing", "Cancelled", "Returned"]
    orders = make_orders([1 + i * i % 211 for i in range(300)], status=statuses * 60)
    items = make_items([1001 + i * 13 % 310 for i in range(500)], [(1 + i * 37 % 9999) / 100 for i in range(500)])
    tables = synthesize(orders, items, users, make_settings(seed=42, target_date="2025-09-23"))
    text = "".join(table.to_csv(index=False, lineterminator="\n") for table in tables)
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST


# The answers that the demo has to find


@pytest.fixture(scope="module")
def paid_over_20_seeds(one_day: Merchant) -> list[pd.DataFrame]:
    """The transactions of the day with their payers, for each of 20 seeds."""
    runs = [synthesize(*one_day, make_settings(seed=seed)) for seed in range(20)]
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
