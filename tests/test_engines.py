"""Both engines of step 2 make the same tables, value for value: pandas, and BigQuery with sql/provider/."""

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import pytest
from google.api_core.exceptions import NotFound

from dcr_data_generator import ewallet, source, sql
from dcr_data_generator.embedded import thelook
from dcr_data_generator.sql import Query
from dcr_data_generator.tables import DESCRIPTIONS, MERCHANT, PROVIDER, SCHEMAS, WORKING, ReplacedTables
from dcr_data_generator.warehouse import Warehouse
from tests.support import tables
from tests.support.settings import make_settings

Row = dict[str, object]

KEYS = {"provider_users": ["provider_user_id"], "transactions": ["order_id"]}
LEAST, GREATEST = -(2**63), 2**63 - 1
TIME = datetime(2025, 9, 23, 8, tzinfo=UTC)


def fill_merchant(place: Warehouse, orders: list[Row], order_items: list[Row], users: list[Row]) -> None:
    """Replace the merchant's snapshot by rows."""
    source.create_datasets(place.client, make_settings())
    for name, rows in (("orders", orders), ("order_items", order_items), ("users", users)):
        schema = thelook.SCHEMAS[name]
        tables.load(place.client, tables.frame_of(schema, rows), f"{place.client.project}.{MERCHANT}.{name}", schema)


def provide(place: Warehouse, engine: str, **knobs: object) -> dict[str, pd.DataFrame]:
    """Make the two tables, and read them."""
    ewallet.create(place, make_settings(engine=engine, **knobs), ReplacedTables())
    return {name: read(place, name) for name in KEYS}


def read(place: Warehouse, name: str) -> pd.DataFrame:
    """Read one of the two tables, in an order of its own."""
    return place.read(f"{PROVIDER}.{name}", SCHEMAS[name]).sort_values(KEYS[name], ignore_index=True)


def assert_engines_agree(place: Warehouse, **knobs: object) -> dict[str, pd.DataFrame]:
    """Assert that both engines make the same tables, and return them."""
    ours, theirs = (provide(place, engine, **knobs) for engine in ("pandas", "bigquery"))
    for name in KEYS:
        pd.testing.assert_frame_equal(ours[name], theirs[name], check_exact=True)
    return theirs


def odd_merchant() -> tuple[list[Row], list[Row], list[Row]]:
    """A merchant with all that is odd: people who share an email, IDs at both ends, ties, and values missing."""
    emails = ["ann@shop.example", " ANN@shop.example\t", "", None, "  ", "zoë@shop.example", "Bob@Shop.example"]
    users = [
        {
            "id": number,
            "email": emails[index] if index < len(emails) else f"person{index}@example.com",
            "age": [None, 17, 18, 40, 0, 110][index % 6],
            "city": ["Paris", "São Paulo", None, "", "null", "Paris"][index % 6],
            "created_at": TIME if index % 3 else None,
        }
        for index, number in enumerate([LEAST, -1, 0, 1, GREATEST, GREATEST - 1, *range(-40, -2), *range(2, 60)])
    ]
    statuses = ["Complete", "Cancelled", "returned", None, "", "never heard of"]
    orders = [
        {
            "order_id": LEAST if index == 0 else GREATEST if index == 1 else index - 50,
            "user_id": None if index % 17 == 5 else users[index * 7 % len(users)]["id"],
            "status": statuses[index % 6],
            "created_at": TIME if index % 5 else None,
        }
        for index in range(160)
    ]
    # Ties in spend, a price of half a millionth, and prices below 0; some orders have no item, or none with a price.
    prices = [10.0, 10.0, 24.989999771118164, None, 0.0000005, -3.337, 0.0]
    items = [{"order_id": orders[index * 3 % 150]["order_id"], "sale_price": prices[index % 7]} for index in range(120)]
    return orders, [*items, {"order_id": None, "sale_price": 5.0}], users


@pytest.fixture(scope="module")
def odd(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with the snapshot of an odd merchant."""
    place = connect("engines-odd")
    fill_merchant(place, *odd_merchant())
    return place


@pytest.fixture(scope="module")
def default_day(connect: Callable[[str], Warehouse], default_run: Warehouse) -> Warehouse:
    """A project with the snapshot of the default run."""
    place = connect("engines-default")
    source.create_datasets(place.client, make_settings())
    for name in thelook.SCHEMAS:
        schema = default_run.client.get_table(f"default-run.{MERCHANT}.{name}").schema
        frame = default_run.read(f"{MERCHANT}.{name}", schema)
        tables.load(place.client, frame, f"engines-default.{MERCHANT}.{name}", schema)
    return place


def test_on_the_default_day_both_engines_make_the_same_tables(default_day: Warehouse) -> None:
    made = assert_engines_agree(default_day, seed=2**64 + 1)
    assert len(made["provider_users"]) == 706  # 565 holders, and 565 x 0.2 / 0.8 = 141.25
    assert len(made["transactions"]) > 400


@pytest.mark.parametrize(
    "knobs",
    [
        {"match_rate": 1, "wallet_payment_rate": 1, "wallet_only_rate": 0, "target_date": "2024-02-29"},
        {"match_rate": 0.5, "wallet_payment_rate": 0.35, "wallet_only_rate": 0.9, "seed": 7},
        {"match_rate": 0, "wallet_payment_rate": 0, "wallet_only_rate": 0.5},
    ],
    ids=["all", "some", "none"],
)
def test_of_an_odd_merchant_both_engines_make_the_same_tables(knobs: Row, odd: Warehouse) -> None:
    assert_engines_agree(odd, **knobs)


def test_emails_that_the_merchant_has_are_skipped_by_both_engines(connect: Callable[[str], Warehouse]) -> None:
    place = connect("engines-taken")
    users = [{"id": number, "email": f"person{number}@shop.example", "age": 17} for number in range(1, 31)]
    fill_merchant(place, [], [], users)
    knobs = {"match_rate": 1, "wallet_only_rate": 0.5}
    emails = provide(place, "pandas", **knobs)["provider_users"]["email"]
    taken = emails[emails.str.endswith(("example.com", "example.net", "example.org"))]
    assert len(taken) == 30
    shouted = [{"id": 100 + number, "email": f" {email.upper()}"} for number, email in enumerate(taken)]
    fill_merchant(place, [], [], [*users, *shouted])
    made = assert_engines_agree(place, **knobs)["provider_users"]
    assert len(made) == 120
    assert made["email"].str.strip().str.lower().is_unique


@pytest.fixture(scope="module")
def one_customer(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with the snapshot of one customer, of which BigQuery has made the two tables."""
    place = connect("engines-one")
    order = {"order_id": 1, "user_id": 1, "created_at": TIME, "status": "Shipped"}
    fill_merchant(place, [order], [{"order_id": 1, "sale_price": 9.5}], [{"id": 1, "email": "a@b.example"}])
    assert_engines_agree(place, match_rate=1, wallet_payment_rate=1, wallet_only_rate=0.5)
    return place


def test_of_one_customer_both_engines_make_the_same_tables(one_customer: Warehouse) -> None:
    assert [len(read(one_customer, name)) for name in KEYS] == [2, 1]


def test_a_table_made_in_bigquery_has_the_modes_and_descriptions_of_its_schema(one_customer: Warehouse) -> None:
    for name, schema in SCHEMAS.items():
        table = one_customer.client.get_table(f"{one_customer.client.project}.{PROVIDER}.{name}")
        fields = [[(field.name, field.mode, field.description) for field in each] for each in (table.schema, schema)]
        assert fields[0] == fields[1]
        assert table.description == DESCRIPTIONS[name]


def test_what_is_made_on_the_way_is_deleted(one_customer: Warehouse) -> None:
    with pytest.raises(NotFound):
        one_customer.client.get_dataset(f"{one_customer.client.project}.{WORKING}")


def test_the_size_of_the_buckets_changes_nothing(odd: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    read_file, resized = sql.read, []

    def read_resized(file: str) -> Query:
        query = read_file(file)
        resized.append(str(2**52) in query.text)
        return query._replace(text=query.text.replace(str(2**52), str(2**62)))  # few buckets, with many rows each

    monkeypatch.setattr(sql, "read", read_resized)
    assert_engines_agree(odd, match_rate=0.7, wallet_only_rate=0.5)
    assert sum(resized) == 4  # the holders, the people, and the two tables
