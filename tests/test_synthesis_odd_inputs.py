"""Step 2 on odd merchants: all that is not random is derived again, slowly and in plain Python, and compared."""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcr_data_generator.synthesis import synthesize
from tests.support.settings import make_settings

Row = dict[str, object]

TARGET = date(2024, 2, 29)
COLUMNS = {
    "orders": {"order_id": "integer", "user_id": "integer", "status": "text", "created_at": "time"},
    "order_items": {"order_id": "integer", "sale_price": "float"},
    "users": {"id": "integer", "email": "text", "age": "integer", "city": "text", "created_at": "time"},
}
# The dtypes that each kind of frame has; without an entry pandas infers them.
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
        """Those who are no customers."""
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
    tables = synthesize(*merchant.frames(dtypes), make_settings(**knobs, target_date=TARGET))
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
bounded = settings(max_examples=60, deadline=None, derandomize=True)


@bounded
@given(MERCHANTS, KNOBS)
def test_there_are_as_many_holders_and_wallet_only_users_as_the_rates_say(merchant: Merchant, knobs: Row) -> None:
    provider = provide(merchant, knobs)
    holders = rounded(knobs["match_rate"] * len(merchant.people()))
    rate = knobs["wallet_only_rate"]
    assert len(provider.holders(merchant)) == holders
    assert len(provider.provider_users) == holders + rounded(holders * rate / (1 - rate))
    ids = [user["provider_user_id"] for user in provider.provider_users]
    assert ids == list(range(1, len(ids) + 1))


@bounded
@given(MERCHANTS, KNOBS)
def test_a_holder_is_as_one_of_the_most_recent_records_of_the_person_says(merchant: Merchant, knobs: Row) -> None:
    for name, holder in provide(merchant, knobs).holders(merchant).items():
        records = merchant.people()[name]
        known = [record["created_at"] for record in records if record["created_at"]]
        latest = [record for record in records if record["created_at"] == max(known, default=None)]
        age = None if holder["date_of_birth"] is None else age_on_target(holder["date_of_birth"])
        assert (holder["email"], holder["city"], age) in [(r["email"], r["city"], r["age"]) for r in latest]


@bounded
@given(MERCHANTS, KNOBS)
def test_a_wallet_only_user_is_an_adult_of_the_merchants_cities(merchant: Merchant, knobs: Row) -> None:
    cities = {user["city"] for user in merchant.users} - {None} or {None}
    for user in provide(merchant, knobs).wallet_only(merchant):
        assert age_on_target(user["date_of_birth"]) >= 18
        assert user["city"] in cities


@bounded
@given(MERCHANTS, KNOBS)
def test_tiers_and_verified_users_are_as_many_as_the_shares_say(merchant: Merchant, knobs: Row) -> None:
    provider = provide(merchant, knobs)
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


@bounded
@given(MERCHANTS, KNOBS)
def test_transactions_are_the_holders_orders_with_items(merchant: Merchant, knobs: Row) -> None:
    provider = provide(merchant, knobs)
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
@given(MERCHANTS, KNOBS, st.sampled_from(sorted(DTYPES)), st.randoms(use_true_random=False))
def test_neither_dtypes_nor_row_order_change_the_tables(
    merchant: Merchant, knobs: Row, dtypes: str, random: object
) -> None:
    options = make_settings(**knobs, target_date=TARGET)
    expected = synthesize(*merchant.frames(), options)
    frames = [frame.iloc[random.sample(range(len(frame)), len(frame))] for frame in merchant.frames(dtypes)]
    for ours, theirs in zip(synthesize(*frames, options), expected, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


@pytest.mark.parametrize("dtypes", DTYPES)
def test_empty_frames_make_empty_tables(dtypes: str) -> None:
    assert provide(Merchant(), {}, dtypes) == Provider([], [])


@pytest.mark.parametrize("dtypes", DTYPES)
def test_orders_without_users_make_empty_tables(dtypes: str) -> None:
    order = {"order_id": 1, "user_id": 2, "status": "Complete", "created_at": TIMES[0]}
    item = {"order_id": 1, "sale_price": 9.5}
    assert provide(Merchant([order], [item]), {"match_rate": 1}, dtypes) == Provider([], [])


@pytest.mark.parametrize("dtypes", DTYPES)
def test_one_customer_with_one_order_makes_one_row_in_each_table(dtypes: str) -> None:
    order = {"order_id": 1, "user_id": 2, "status": "Complete", "created_at": TIMES[0]}
    user = {"id": 2, "email": "ann@shop.example", "age": 40, "city": None, "created_at": None}
    knobs = {"match_rate": 1, "wallet_payment_rate": 1, "wallet_only_rate": 0}
    provider = provide(Merchant([order], [{"order_id": 1, "sale_price": 9.5}], [user]), knobs, dtypes)
    [person], [payment] = provider.provider_users, provider.transactions
    # 8 % and 22 % of one are none; 94 % of one is one.
    assert (person["provider_user_id"], person["account_tier"], person["is_verified_user"]) == (1, "Free", True)
    assert (payment["provider_user_id"], payment["transaction_amount"]) == (1, 9.5)


def test_a_holder_pays_the_orders_of_all_users_with_that_email() -> None:
    users = [{"id": i, "email": EMAILS[2 + i % 2], "age": 40, "city": "Paris", "created_at": None} for i in range(9)]
    orders = [{"order_id": 10 + i, "user_id": i, "status": "Complete", "created_at": TIMES[0]} for i in range(9)]
    items = [{"order_id": 10 + i, "sale_price": 1.0} for i in range(9)]
    knobs = {"match_rate": 0.5, "wallet_payment_rate": 1, "wallet_only_rate": 0}
    provider = provide(Merchant(orders, items, users), knobs)
    assert len(provider.provider_users) == 1
    assert [row["order_id"] for row in provider.transactions] == list(range(10, 19))


def test_the_least_and_the_greatest_id_are_found_and_a_missing_one_is_nobody_s() -> None:
    wanted = pd.Series([2**63 - 1, None, -(2**63), 7], dtype="Int64")
    assert rows_of(pd.Series([-(2**63), 2**63 - 1]), wanted).tolist() == [1, -1, 0, -1]
    assert rows_of(pd.Series([-(2**63), 1 - 2**63]), wanted).tolist() == [-1, -1, 0, -1]
