"""The checks: all green on what a run makes of an awkward source, and each red for a fault of its kind."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.tables import SCHEMAS
from dcr_data_generator.verify import checks
from dcr_data_generator.warehouse.embedded import sample, thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables

# A fault that each check has to see: a statement that changes one table of a green run.
FAULTS = Path(__file__).parent / "faults"
CHECKS = [query.name for query in sql.read_folder("checks")]
KNOBS = {"days": 3, "wallet_only_rate": 0.4}
DATASET_OF = dict.fromkeys(thelook.SCHEMAS, "merchant_provider") | dict.fromkeys(SCHEMAS, "ewallet_provider")


def make_source() -> dict[str, pd.DataFrame]:
    """Some 430 orders of three days, and all that makes a source awkward."""
    source = {
        name: frame.astype({field.name: tables.DTYPES[field.field_type] for field in thelook.SCHEMAS[name]})
        for name, frame in sample.generate().items()
    }
    day = source["orders"]["created_at"].dt.day
    orders = pd.concat([source["orders"][day.between(21, 23)][::8], source["orders"][day.isin([20, 24])][::40]])
    orders = orders.reset_index(drop=True)
    # Of every three orders two are one customer's.
    orders.loc[1::3, "user_id"] = orders["user_id"].shift()[1::3]
    items = source["order_items"][source["order_items"]["order_id"].isin(orders["order_id"])].reset_index(drop=True)
    users = source["users"].drop_duplicates("id", keep="last")
    in_window = orders.index[orders["created_at"].dt.day.between(21, 23)]
    is_in_window = users["id"].isin(orders.loc[in_window, "user_id"])
    buyers = pd.concat([users[is_in_window], users[users["id"].isin(orders["user_id"]) & ~is_in_window]])
    buyers = buyers.reset_index(drop=True)
    others = users[~users["id"].isin(orders["user_id"])][:20]
    in_window = in_window[150:]  # of other people than these

    # People: shared emails, blanks around and instead of them, and values that are missing.
    buyers.loc[[0, 1], "email"] = [buyers.loc[2, "email"].upper(), f" {buyers.loc[3, 'email'].title()}\t"]
    buyers.loc[[4, 5, 6, 7], "email"] = [None, None, "", " \n"]
    buyers.loc[8:15, "city"] = None
    buyers.loc[16:27, "age"] = pd.NA
    buyers.loc[28, "created_at"] = pd.NaT
    # Records: older ones, one without a time, one as recent as the other, and one that stands there twice.
    older = buyers[30:42].assign(
        city="Atlantis", email="before@example.com", age=99, created_at=buyers["created_at"] - pd.Timedelta(days=9)
    )
    timeless, tied = buyers[42:43].assign(created_at=pd.NaT), buyers[43:44].assign(city="Atlantis")
    users = pd.concat([older, buyers, timeless, tied, others, buyers[44:47]])

    # Orders: of nobody, of a user whom the source has not, without a status, without items, without prices, and twice.
    orders.loc[in_window[[0, 1]], "user_id"] = [pd.NA, 999_999]
    orders.loc[in_window[2:8], "status"] = None
    without_items, without_prices = orders.loc[in_window[8:16], "order_id"], orders.loc[in_window[16:24], "order_id"]
    items = items[~items["order_id"].isin(without_items)].reset_index(drop=True)
    items.loc[items["order_id"].isin(without_prices), "sale_price"] = None
    items.loc[items.index[items["order_id"].duplicated()][:5], "sale_price"] = None
    orders, items = pd.concat([orders, orders.loc[in_window[24:27]]]), pd.concat([items, items[50:53]])
    return {"orders": orders, "order_items": items, "users": users}


@pytest.fixture(scope="module")
def place(connect: Callable) -> Iterator[Warehouse]:
    """A project for these tests, and the awkward source."""
    place = connect("check-tests")
    tables.fill_source(place.client, **make_source())
    yield place
    tables.drop_datasets(place.client)


def red(place: Warehouse) -> set[str]:
    """The checks that are red."""
    return {check.name for check in checks.run(place) if check.violations}


@pytest.mark.slow
@pytest.mark.parametrize(
    "knobs",
    [
        {"seed": 1, "match_rate": 1, "wallet_payment_rate": 1, "wallet_only_rate": 0.9, "days": 20_000},
        {"seed": 2, "match_rate": 0, "days": 1},
        {"seed": 3, "scale": 3},
    ],
    ids=str,
)
def test_all_checks_are_green_whatever_the_knobs(knobs: dict, place: Warehouse) -> None:
    assert red(tables.make_five_tables(place, **KNOBS | knobs)) == set()


# Red.


@pytest.mark.slow
def test_a_fault_in_one_copy_of_a_scaled_snapshot_is_seen(place: Warehouse) -> None:
    place = tables.make_five_tables(place, **KNOBS, scale=3)
    execute(place, "DELETE FROM merchant_provider.order_items WHERE MOD(id, 3) = 1")
    execute(place, "UPDATE merchant_provider.orders SET gender = 'x' WHERE MOD(order_id, 3) = 1")
    execute(place, "UPDATE merchant_provider.users SET city = 'Atlantis' WHERE MOD(id, 3) = 1")
    assert red(place) >= {
        "snapshot_holds_every_item_of_its_orders",
        "snapshot_holds_no_other_order",
        "user_is_the_most_recent_record",
    }


def execute(place: Warehouse, statement: str) -> int:
    """Run a statement; returns how many rows it changed."""
    job = place.client.query(statement)
    job.result()
    return job.num_dml_affected_rows or 0


@pytest.fixture(scope="module")
def green(place: Warehouse) -> Warehouse:
    """The five tables of a green run; the dataset `pristine` has copies, and those whom the faults are about."""
    place = tables.make_five_tables(place, **KNOBS)
    place.client.create_dataset("pristine", exists_ok=True)
    selects = {table: f"SELECT * FROM {dataset}.{table}" for table, dataset in DATASET_OF.items()}
    for name in ("holders", "others", "a_holder", "a_payment"):
        selects[name] = (FAULTS / f"pristine/{name}.sql").read_text(encoding="utf-8")
    for name, select in selects.items():
        execute(place, f"CREATE OR REPLACE TABLE pristine.{name} AS {select}")
    assert red(place) == set()
    return place


def restore(place: Warehouse, table: str) -> None:
    """Put the copy in the place of a table."""
    config = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    to = place.path(f"{DATASET_OF[table]}.{table}")
    place.client.copy_table(place.path(f"pristine.{table}"), to, job_config=config).result()


def test_there_is_a_fault_for_every_check() -> None:
    assert sorted(path.stem for path in FAULTS.glob("*.sql")) == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_sees_its_fault(check: str, green: Warehouse) -> None:
    statement = (FAULTS / f"{check}.sql").read_text(encoding="utf-8")
    [table] = re.findall(r"^(?:UPDATE|INSERT INTO|DELETE FROM) \w+\.(\w+)", statement, re.MULTILINE)
    try:
        changed = execute(green, statement)
        violations = green.run(f"checks/{check}").total
    finally:
        restore(green, table)
    assert changed
    assert violations


# A value that is like the one that is there, but not it.
OTHER_VALUES = {
    "STRING": "CONCAT({0}, ' ')",
    "INTEGER": "{0} + 1",
    "FLOAT": "{0} * (1 + 1e-15)",
    "FLOAT64": "{0} + 0.001",
    "TIMESTAMP": "TIMESTAMP_ADD({0}, INTERVAL 1 MICROSECOND)",
    "DATE": "DATE_SUB({0}, INTERVAL 1 YEAR)",
    "BOOLEAN": "NOT {0}",
}


@pytest.mark.parametrize(
    ("table", "key", "check"),
    [
        ("orders", "order_id", "snapshot_holds_no_other_order"),
        ("order_items", "id", "snapshot_holds_no_other_item"),
        ("users", "id", "user_is_the_most_recent_record"),
    ],
)
def test_a_missing_and_another_value_are_seen_in_every_column_of_the_merchants(
    table: str, key: str, check: str, green: Warehouse
) -> None:
    columns = {field.name: field.field_type for field in thelook.SCHEMAS[table] if field.name != key}
    present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    rows = green.client.query_and_wait(f"SELECT {key} FROM pristine.{table} WHERE {present} LIMIT {2 * len(columns)}")
    keys = [row[0] for row in rows]
    changes = [
        f"{column} = CASE {key} WHEN {missing} THEN NULL WHEN {other} THEN {OTHER_VALUES[kind].format(column)} "
        f"ELSE {column} END"
        for (column, kind), missing, other in zip(columns.items(), keys[::2], keys[1::2], strict=True)
    ]
    try:
        execute(green, f"UPDATE merchant_provider.{table} SET {', '.join(changes)} WHERE {key} IN UNNEST({keys})")
        rows = green.run(f"checks/{check}").rows
    finally:
        restore(green, table)
    shown = {"orders": "order_id", "order_items": "order_item_id", "users": "user_id"}[table]
    assert sorted(row[shown] for row in rows) == sorted(keys)


# For each column, the check that sees a missing value, and the one that sees another value.
SEEN_BY = {
    "provider_users": {
        "provider_user_id": ["provider_user_id_is_unique"] * 2,
        "email": ["provider_email_is_unique", "holder_has_the_merchants_email"],
        "date_of_birth": ["holder_has_the_merchants_age"] * 2,
        "city": ["holder_has_the_merchants_city"] * 2,
        "account_tier": ["provider_user_is_within_its_domains"] * 2,
        "is_verified_user": ["provider_user_is_within_its_domains", "verified_users_have_their_shares"],
    },
    "transactions": {
        "transaction_id": ["transaction_id_is_unique"] * 2,
        "order_id": ["transaction_pays_an_order_once", "transaction_pays_an_order_of_the_snapshot"],
        "provider_user_id": ["transaction_is_paid_by_the_orders_customer"] * 2,
        "transaction_amount": ["transaction_amount_is_the_sum_of_the_items"] * 2,
        "transaction_timestamp": ["transaction_has_the_orders_status_and_time"] * 2,
        "status": ["transaction_has_the_orders_status_and_time"] * 2,
    },
}


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [(table, field.name, field.field_type) for table, schema in SCHEMAS.items() for field in schema],
)
def test_a_missing_and_another_value_are_seen_in_every_column_of_the_providers(
    table: str, column: str, kind: str, green: Warehouse
) -> None:
    key = {"provider_users": "email", "transactions": "order_id"}[table]
    victim = {"provider_users": "a_holder", "transactions": "a_payment"}[table]
    for new, check in zip(("NULL", OTHER_VALUES[kind].format(column)), SEEN_BY[table][column], strict=True):
        try:
            victims = f"(SELECT {key} FROM pristine.{victim})"
            execute(green, f"UPDATE ewallet_provider.{table} SET {column} = {new} WHERE {key} IN {victims}")
            assert green.run(f"checks/{check}").total
        finally:
            restore(green, table)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_one_query_with_one_sentence(name: str) -> None:
    query = sql.read(f"checks/{name}")
    lines = [line for line in query.text.splitlines() if not line.strip().startswith("--")]
    assert lines[0].split()[0] in ("SELECT", "WITH")
    assert ";" not in "".join(lines)
    sentence = query.comments["check"]
    assert not sentence[0].islower()
    assert sentence.endswith(".")
    assert ". " not in sentence
