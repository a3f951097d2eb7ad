"""Both engines of step 2 make the same tables, value for value: pandas, and BigQuery with sql/provider/.

These are the cheapest examples; tests/soak/test_engines.py has more.
"""

from collections.abc import Callable, Mapping

import pytest
from google.api_core.exceptions import NotFound

from dcr_data_generator import source
from dcr_data_generator.embedded import thelook
from dcr_data_generator.tables import DESCRIPTIONS, MERCHANT, PROVIDER, SCHEMAS, WORKING
from dcr_data_generator.warehouse import Warehouse
from tests.support import engines, tables
from tests.support.engines import FEW_BUCKETS, KEYS, MANY_BUCKETS, TIME, Row, assert_engines_agree, fill_merchant
from tests.support.settings import make_settings


@pytest.fixture(scope="module")
def odd(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with the snapshot of an odd merchant."""
    place = connect("engines-odd")
    fill_merchant(place, *engines.odd_merchant())
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


def test_of_an_odd_merchant_without_holders_both_engines_make_the_same_tables(odd: Warehouse) -> None:
    assert_engines_agree(odd, match_rate=0, wallet_payment_rate=0, wallet_only_rate=0.5)


def test_emails_that_the_merchant_has_are_skipped_by_both_engines(connect: Callable[[str], Warehouse]) -> None:
    place = connect("engines-taken")
    users = [{"id": number, "email": f"person{number}@shop.example", "age": 17} for number in range(1, 31)]
    fill_merchant(place, [], [], users)
    knobs = {"match_rate": 1, "wallet_only_rate": 0.5}
    emails = engines.provide(place, "pandas", **knobs)["provider_users"]["email"]
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
    assert_engines_agree(place, match_rate=1, wallet_payment_rate=1, wallet_only_rate=0)
    return place


def test_of_one_customer_both_engines_make_the_same_tables(one_customer: Warehouse) -> None:
    assert [len(engines.read(one_customer, name)) for name in KEYS] == [1, 1]


def test_a_table_made_in_bigquery_has_the_modes_and_descriptions_of_its_schema(one_customer: Warehouse) -> None:
    for name, schema in SCHEMAS.items():
        table = one_customer.client.get_table(f"{one_customer.client.project}.{PROVIDER}.{name}")
        fields = [[(field.name, field.mode, field.description) for field in each] for each in (table.schema, schema)]
        assert fields[0] == fields[1]
        assert table.description == DESCRIPTIONS[name]


def test_what_is_made_on_the_way_is_deleted(one_customer: Warehouse) -> None:
    with pytest.raises(NotFound):
        one_customer.client.get_dataset(f"{one_customer.client.project}.{WORKING}")


@pytest.mark.parametrize(
    ("sizes", "knobs"),
    [
        (FEW_BUCKETS, {"match_rate": 1, "wallet_payment_rate": 1, "target_date": "2024-02-29"}),
        (MANY_BUCKETS, {"match_rate": 0.7}),
    ],
    ids=["few", "many"],
)
def test_neither_the_size_of_the_buckets_nor_few_names_make_a_difference(
    sizes: Mapping[int, int], knobs: Row, odd: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.use_few_names(monkeypatch)
    resized = engines.resize_buckets(monkeypatch, sizes)
    made = assert_engines_agree(odd, wallet_only_rate=0.6, **knobs)["provider_users"]
    assert made["email"].str.contains("1@example").any()
    assert {file.split("/")[1] for file in resized} == {"holders", "wallet_only", "people", *KEYS}
