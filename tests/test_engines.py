"""Both engines of step 2 make the same tables, value for value: pandas, and BigQuery with sql/provider/.

These are the cheapest examples; tests/soak/test_engines.py has more.
"""

from collections.abc import Callable, Mapping

import pytest
from google.api_core.exceptions import NotFound

from dcr_data_generator import people
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import DESCRIPTIONS, MERCHANT, PROVIDER, SCHEMAS, WORKING
from dcr_data_generator.verify import ownership
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import engines, tables
from tests.support.engines import FEW_BUCKETS, KEYS, MANY_BUCKETS, TIME, Row, assert_engines_agree, fill_merchant


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
    ownership.create_datasets(place)
    for name in thelook.SCHEMAS:
        schema = default_run.client.get_table(f"default-run.{MERCHANT}.{name}").schema
        frame = default_run.read(f"{MERCHANT}.{name}", schema)
        tables.load(place.client, frame, f"engines-default.{MERCHANT}.{name}", schema)
    return place


@pytest.mark.slow
def test_on_the_default_day_both_engines_make_the_same_tables(default_day: Warehouse) -> None:
    made = assert_engines_agree(default_day, seed=2**64 + 1)
    assert len(made["provider_users"]) == 678  # 542 holders, and 542 x 0.2 / 0.8 = 135.5, rounded up
    assert len(made["transactions"]) > 400


@pytest.mark.slow
def test_of_an_odd_merchant_without_holders_both_engines_make_the_same_tables(odd: Warehouse) -> None:
    assert_engines_agree(odd, match_rate=0, wallet_payment_rate=0, wallet_only_rate=0.5)


@pytest.mark.slow
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


@pytest.fixture
def twelve_emails(connect: Callable[[str], Warehouse], monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A project with the snapshot of 12 customers, and two first names, one of them rare, and two last names."""
    monkeypatch.setattr(people, "FIRST_NAMES", {"ann": 30, "bo": 1})
    monkeypatch.setattr(people, "LAST_NAMES", {"kim": 2, "lee": 1})
    place = connect("engines-twelve")
    fill_merchant(place, [], [], [{"id": number, "email": f"{number}@shop.example"} for number in range(12)])
    return place


@pytest.mark.slow
def test_both_engines_draw_names_until_each_person_has_one_that_nobody_has(twelve_emails: Warehouse) -> None:
    emails = assert_engines_agree(twelve_emails, match_rate=1, wallet_only_rate=0.5)["provider_users"]["email"]
    assert emails.str.fullmatch(r"(ann|bo)(kim|lee)@example\.(com|net|org)").sum() == 12
    assert emails.is_unique


@pytest.mark.parametrize("engine", ["pandas", pytest.param("bigquery", marks=pytest.mark.slow)])
def test_more_people_than_names_are_an_error_of_both_engines(engine: str, twelve_emails: Warehouse) -> None:
    with pytest.raises(UserError, match="too few names for 13 wallet-only users: give a lower --wallet-only-rate"):
        engines.provide(twelve_emails, engine, match_rate=1, wallet_only_rate=0.52)


@pytest.mark.slow
def test_beside_copies_of_a_merchant_both_engines_make_the_same_tables(odd: Warehouse) -> None:
    made = assert_engines_agree(odd, match_rate=1, wallet_only_rate=0.6, scale=3)["provider_users"]
    assert made["email"].str.fullmatch(r"[a-z]+00000[012]@example\.(com|net|org)").sum() > 100


@pytest.fixture(scope="module")
def one_customer(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with the snapshot of one customer, of which BigQuery has made the two tables."""
    place = connect("engines-one")
    order = {"order_id": 1, "user_id": 1, "created_at": TIME, "status": "Shipped"}
    fill_merchant(place, [order], [{"order_id": 1, "sale_price": 9.5}], [{"id": 1, "email": "a@b.example"}])
    assert_engines_agree(place, match_rate=1, wallet_payment_rate=1, wallet_only_rate=0)
    return place


@pytest.mark.slow
def test_of_one_customer_both_engines_make_the_same_tables(one_customer: Warehouse) -> None:
    assert [len(engines.read(one_customer, name)) for name in KEYS] == [1, 1]


@pytest.mark.slow
def test_a_table_made_in_bigquery_has_the_modes_and_descriptions_of_its_schema(one_customer: Warehouse) -> None:
    for name, schema in SCHEMAS.items():
        table = one_customer.client.get_table(f"{one_customer.client.project}.{PROVIDER}.{name}")
        fields = [[(field.name, field.mode, field.description) for field in each] for each in (table.schema, schema)]
        assert fields[0] == fields[1]
        assert table.description == DESCRIPTIONS[name]


@pytest.mark.slow
def test_what_is_made_on_the_way_is_deleted(one_customer: Warehouse) -> None:
    with pytest.raises(NotFound):
        one_customer.client.get_dataset(f"{one_customer.client.project}.{WORKING}")


@pytest.mark.slow
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
    assert_engines_agree(odd, wallet_only_rate=0.6, **knobs)
    files = {"name_half_draws", "names", "invented_emails", "wallet_only", "functions/bucket", "functions/page"}
    assert resized == {f"provider/{file}" for file in files}
