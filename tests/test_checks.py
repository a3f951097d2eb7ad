"""The checks: all green on what a run makes of an awkward source, and each red for the faults that it names."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import NamedTuple

import pandas as pd
import pytest
from google.cloud import bigquery

from dcr_data_generator import checks, ewallet, main, snapshot, source, sql, warehouse
from dcr_data_generator.embedded import engine, sample, thelook
from tests.conftest import DTYPES, make_settings

DATASET_OF = {
    "orders": "merchant_provider",
    "order_items": "merchant_provider",
    "users": "merchant_provider",
    "provider_users": "ewallet_provider",
    "transactions": "ewallet_provider",
}
CHECKS = [query.name for query in sql.read_folder("checks")]
KNOBS = {"days": 3, "wallet_only_rate": 0.4}
SOURCE = f"`{thelook.DATASET}`"


def execute(client: bigquery.Client, statement: str) -> bigquery.QueryJob:
    """Run a statement; one that fails raises (the embedded engine's answer to query_and_wait does not)."""
    job = client.query(statement)
    job.result()
    return job


# The source.


def make_source() -> dict[str, pd.DataFrame]:
    """Some 430 orders of three days, and all that makes a source awkward."""
    tables = {
        name: frame.astype({field.name: DTYPES[field.field_type] for field in thelook.SCHEMAS[name]})
        for name, frame in sample.generate().items()
    }
    day = tables["orders"]["created_at"].dt.day
    orders = pd.concat([tables["orders"][day.between(21, 23)][::8], tables["orders"][day.isin([20, 24])][::40]])
    orders = orders.reset_index(drop=True)
    # Of every three orders two are one customer's.
    orders.loc[1::3, "user_id"] = orders["user_id"].shift()[1::3]
    items = tables["order_items"][tables["order_items"]["order_id"].isin(orders["order_id"])].reset_index(drop=True)
    users = tables["users"].drop_duplicates("id", keep="last")
    buyers = users[users["id"].isin(orders["user_id"])].reset_index(drop=True)
    others = users[~users["id"].isin(orders["user_id"])][:20]
    in_window = orders.index[orders["created_at"].dt.day.between(21, 23)][150:]  # of other people than these

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
def make_tables(endpoints: engine.Endpoints) -> Iterator[Callable[..., warehouse.Warehouse]]:
    """Make the five tables from the source, for the knobs that the test is about; gives a client."""

    def make(**knobs: object) -> warehouse.Warehouse:
        settings = make_settings(**KNOBS | knobs)
        client = warehouse.connect_to_embedded(settings, endpoints)
        source.check(client, settings)
        snapshot.take(client)
        ewallet.create(client, settings)
        return client

    client = warehouse.connect_to_embedded(make_settings(), endpoints)
    dataset = bigquery.Dataset(thelook.DATASET)
    dataset.location = thelook.LOCATION
    client.create_dataset(dataset, exists_ok=True)
    for name, frame in make_source().items():
        client.load(frame, f"{thelook.DATASET}.{name}", thelook.SCHEMAS[name])
    yield make
    for name in {*DATASET_OF.values()}:
        client.delete_dataset(name, delete_contents=True, not_found_ok=True)


def violations(client: warehouse.Warehouse) -> dict[str, list]:
    """The first violating rows of each check that is red."""
    return {check.name: check.violating_rows for check in checks.run(client) if check.violations}


# Green.


@pytest.mark.parametrize(
    "knobs",
    [
        {"seed": 1, "match_rate": 1, "wallet_payment_rate": 1, "wallet_only_rate": 0.9, "days": 20_000},
        {"seed": 2, "match_rate": 0, "days": 1},
        pytest.param(
            {"seed": 3, "match_rate": 0.03, "wallet_payment_rate": 0, "wallet_only_rate": 0}, marks=pytest.mark.in_soak
        ),
    ],
    ids=str,
)
def test_all_checks_are_green_whatever_the_knobs(knobs: dict, make_tables: Callable) -> None:
    assert violations(make_tables(**knobs)) == {}


# Red.


class Fault(NamedTuple):
    """What is wrong, the statement that makes it so, the check that has to see it, and the row that it has to name."""

    table: str
    what: str
    check: str
    statement: str
    row: dict[str, str] | None


FAULTS: list[Fault] = []


def fault(table: str, what: str, check: str, statement: str, **row: str) -> None:
    """Note a fault. {names} stand for the keys that VICTIMS finds."""
    FAULTS.append(Fault(table, what, check, statement, row or None))


def update(table: str, what: str, change: str, where: str, check: str, **row: str) -> None:
    """Note a fault of values."""
    fault(table, what, check, f"UPDATE {DATASET_OF[table]}.{table} SET {change} WHERE {where}", **row)


def delete(table: str, what: str, where: str, check: str, **row: str) -> None:
    """Note a fault of missing rows."""
    fault(table, what, check, f"DELETE FROM {DATASET_OF[table]}.{table} WHERE {where}", **row)


def copy(table: str, what: str, replace: str, where: str, check: str, **row: str) -> None:
    """Note a fault of rows too many: copies of what is there, with other values."""
    name = f"{DATASET_OF[table]}.{table}"
    columns = f"* REPLACE ({replace})" if replace else "*"
    fault(table, what, check, f"INSERT INTO {name} SELECT {columns} FROM {name} WHERE {where}", **row)


def swap(table: str, what: str, column: str, key: str, one: str, other: str, check: str, **row: str) -> None:
    """Note a fault of two rows that have each other's value."""
    name = f"{DATASET_OF[table]}.{table}"
    value = f"(SELECT {column} FROM pristine.{table} WHERE {key} = "
    change = f"{column} = IF({key} = {one}, {value}{other}), {value}{one}))"
    fault(table, what, check, f"UPDATE {name} SET {change} WHERE {key} IN ({one}, {other})", **row)


PROVIDER_USERS = """
  SELECT
    p.*,
    LOWER(TRIM(p.email)) AS person,
    u.person IS NOT NULL AS is_holder,
    u.user_id,
    u.had_refund,
    u.orders,
    DATE_DIFF(DATE '2025-09-23', p.date_of_birth, YEAR) AS about_age
  FROM ewallet_provider.provider_users AS p
  LEFT JOIN (
    SELECT
      LOWER(TRIM(u.email, ' \\t\\n')) AS person,
      MIN(u.id) AS user_id,
      LOGICAL_OR(COALESCE(o.status IN ('Cancelled', 'Returned'), FALSE)) AS had_refund,
      COUNT(*) AS orders
    FROM merchant_provider.users AS u
    JOIN merchant_provider.orders AS o ON u.id = o.user_id
    GROUP BY person
  ) AS u ON LOWER(TRIM(p.email, ' \\t\\n')) = u.person
"""
ORDERS = """
  SELECT
    o.*,
    i.items,
    i.total,
    LOWER(TRIM(u.email, ' \\t\\n')) AS person,
    u.id IS NOT NULL AS has_user,
    p.provider_user_id,
    t.transaction_id
  FROM merchant_provider.orders AS o
  LEFT JOIN merchant_provider.users AS u ON o.user_id = u.id
  LEFT JOIN (
    SELECT order_id, COUNT(*) AS items, SUM(sale_price) AS total FROM merchant_provider.order_items GROUP BY order_id
  ) AS i ON o.order_id = i.order_id
  LEFT JOIN ewallet_provider.provider_users AS p
    ON LOWER(TRIM(u.email, ' \\t\\n')) = LOWER(TRIM(p.email, ' \\t\\n'))
  LEFT JOIN ewallet_provider.transactions AS t ON o.order_id = t.order_id
"""
ADULT = "about_age > 18"
AGE = "CAST(FLOOR((20250923 - CAST(FORMAT_DATE('%Y%m%d', date_of_birth) AS INT64)) / 10000) AS INT64)"

# The keys of the rows that are corrupted: what to select, from where, which.
VICTIMS = {
    "order": ("MIN(order_id)", "orders", "status = 'Returned' AND has_user AND items > 0"),
    "other_order": ("MAX(order_id)", "orders", "status = 'Returned' AND has_user AND items > 0"),
    "open_order": ("MIN(order_id)", "orders", "status = 'Processing' AND has_user AND items > 0"),
    "order_of_nobody": ("MIN(order_id)", "orders", "user_id IS NULL"),
    "order_of_an_unknown_user": ("MIN(order_id)", "orders", "user_id = 999999"),
    "order_without_items": ("MIN(order_id)", "orders", "items IS NULL"),
    "order_without_email": ("MIN(order_id)", "orders", "items > 0 AND has_user AND person IS NULL"),
    "order_with_a_blank_email": ("MIN(order_id)", "orders", "items > 0 AND person = ''"),
    "strangers_order": ("MIN(order_id)", "orders", "items > 0 AND person != '' AND provider_user_id IS NULL"),
    "unpaid_order": ("MIN(order_id)", "orders", "items > 0 AND provider_user_id > 0 AND transaction_id IS NULL"),
    "paid_order": ("MIN(order_id)", "orders", "transaction_id IS NOT NULL AND status IS NOT NULL AND total > 1"),
    "other_paid_order": ("MAX(order_id)", "orders", "transaction_id IS NOT NULL AND status IS NOT NULL AND total > 1"),
    "paid_without_prices": ("MIN(order_id)", "orders", "transaction_id IS NOT NULL AND total IS NULL"),
    "paid_without_status": ("MIN(order_id)", "orders", "transaction_id IS NOT NULL AND status IS NULL"),
    "paid_in_part": (
        "MIN(order_id)",
        "orders",
        "transaction_id IS NOT NULL AND items > 1 AND total > 0 AND order_id NOT IN "
        "(SELECT order_id FROM merchant_provider.order_items WHERE sale_price IS NULL)",
    ),
    "earlier_order": ("MIN(order_id)", "source_orders", "DATE(created_at) = '2025-09-20'"),
    "later_order": ("MIN(order_id)", "source_orders", "DATE(created_at) = '2025-09-24'"),
    "item": ("MIN(id)", "order_items", "status = 'Returned' AND sale_price > 1"),
    "other_item": ("MAX(id)", "order_items", "status = 'Returned' AND sale_price > 1"),
    "item_of_the_order": ("MIN(id)", "order_items", "order_id = {order}"),
    "open_item": ("MIN(id)", "order_items", "status = 'Processing'"),
    "earlier_item": ("MIN(id)", "source_items", "order_id = {earlier_order}"),
    "user": ("MIN(id)", "users", "email LIKE '%@%' AND city IS NOT NULL AND age > 0 AND created_at IS NOT NULL"),
    "other_user": ("MAX(id)", "users", "email LIKE '%@%' AND city IS NOT NULL AND age > 0 AND created_at IS NOT NULL"),
    "moved_user": ("MIN(id)", "source_users", "city = 'Atlantis' AND age = 99"),
    "timeless_user": ("MIN(id)", "users", "created_at IS NULL"),
    "user_without_email": ("MIN(id)", "users", "email IS NULL"),
    "user_without_city": ("MIN(id)", "users", "city IS NULL"),
    "user_without_age": ("MIN(id)", "users", "age IS NULL"),
    "other_buyer": ("MIN(id)", "source_users", "id NOT IN (SELECT id FROM merchant_provider.users)"),
    "holder": (
        "MIN(provider_user_id)",
        "provider_users",
        f"is_holder AND {ADULT} AND city IS NOT NULL AND provider_user_id IN "
        "(SELECT provider_user_id FROM ewallet_provider.transactions)",
    ),
    "other_holder": (
        "MAX(provider_user_id)",
        "provider_users",
        f"is_holder AND {ADULT} AND city IS NOT NULL AND provider_user_id IN "
        "(SELECT provider_user_id FROM ewallet_provider.transactions) AND city != "
        "(SELECT city FROM ewallet_provider.provider_users WHERE provider_user_id = {holder}) AND about_age != "
        "(SELECT DATE_DIFF(DATE '2025-09-23', date_of_birth, YEAR) FROM ewallet_provider.provider_users "
        "WHERE provider_user_id = {holder})",
    ),
    "holder_without_city": ("MIN(provider_user_id)", "provider_users", "is_holder AND city IS NULL"),
    "holder_without_age": ("MIN(provider_user_id)", "provider_users", "is_holder AND date_of_birth IS NULL"),
    "free_holder": ("MIN(provider_user_id)", "provider_users", "is_holder AND account_tier = 'Free'"),
    "premium_holder": ("MIN(provider_user_id)", "provider_users", "is_holder AND account_tier = 'Premium'"),
    "business_holder": ("MIN(provider_user_id)", "provider_users", "is_holder AND account_tier = 'Business'"),
    "minor": ("MIN(provider_user_id)", "provider_users", "is_holder AND about_age < 18"),
    "trusted": ("MIN(provider_user_id)", "provider_users", f"{ADULT} AND NOT had_refund AND is_verified_user"),
    "distrusted": ("MIN(provider_user_id)", "provider_users", f"{ADULT} AND NOT had_refund AND NOT is_verified_user"),
    "verified_refunder": ("MIN(provider_user_id)", "provider_users", f"{ADULT} AND had_refund AND is_verified_user"),
    "refunder": ("MIN(provider_user_id)", "provider_users", f"{ADULT} AND had_refund AND NOT is_verified_user"),
    "newcomer": ("MIN(provider_user_id)", "provider_users", "NOT is_holder AND is_verified_user"),
    "other_newcomer": ("MAX(provider_user_id)", "provider_users", "NOT is_holder AND is_verified_user"),
    "unverified_newcomer": ("MIN(provider_user_id)", "provider_users", "NOT is_holder AND NOT is_verified_user"),
    "free_newcomer": ("MIN(provider_user_id)", "provider_users", "NOT is_holder AND account_tier = 'Free'"),
    "business_newcomer": ("MIN(provider_user_id)", "provider_users", "NOT is_holder AND account_tier = 'Business'"),
    "poorest": (
        "MIN(provider_user_id)",
        "provider_users",
        "is_holder AND account_tier = 'Free' AND orders = 1 AND user_id IN "
        "(SELECT user_id FROM merchant_provider.orders WHERE order_id IN ("
        "SELECT order_id FROM merchant_provider.order_items GROUP BY order_id HAVING SUM(sale_price) < 12))",
    ),
    "holders_email": ("ANY_VALUE(email)", "provider_users", "provider_user_id = {holder}"),
    "holders_person": ("ANY_VALUE(person)", "provider_users", "provider_user_id = {holder}"),
    "newcomers_person": ("ANY_VALUE(person)", "provider_users", "provider_user_id = {newcomer}"),
    "strangers_email": ("ANY_VALUE(person)", "orders", "order_id = {strangers_order}"),
    "number_of_users": ("COUNT(*)", "provider_users", "TRUE"),
    "transaction": ("ANY_VALUE(transaction_id)", "orders", "order_id = {paid_order}"),
    "other_transaction": ("ANY_VALUE(transaction_id)", "orders", "order_id = {other_paid_order}"),
    "transaction_of_a_part": ("ANY_VALUE(transaction_id)", "orders", "order_id = {paid_in_part}"),
    "transaction_without_prices": ("ANY_VALUE(transaction_id)", "orders", "order_id = {paid_without_prices}"),
    "transaction_without_status": ("ANY_VALUE(transaction_id)", "orders", "order_id = {paid_without_status}"),
}
FROM = {
    "orders": "pristine.known_orders",
    "order_items": "merchant_provider.order_items",
    "users": "merchant_provider.users",
    "provider_users": "pristine.known_provider_users",
    "source_orders": f"{SOURCE}.orders",
    "source_items": f"{SOURCE}.order_items",
    "source_users": f"{SOURCE}.users",
}

# Faults of the merchant's tables.

T, KEY = "orders", "order_id = {order}"
every, no_other, once = (
    "snapshot_holds_every_order_of_the_window",
    "snapshot_holds_no_other_order",
    "order_id_is_unique",
)
delete(T, "an order is lost", KEY, every, order_id="{order}")
delete(T, "an order without items is lost", "order_id = {order_without_items}", every, order_id="{order_without_items}")
delete(T, "an order of nobody is lost", "user_id IS NULL", every, order_id="{order_of_nobody}")
delete(T, "an order of an unknown user is lost", "user_id = 999999", every, order_id="{order_of_an_unknown_user}")
delete(T, "the last day is lost", "DATE(created_at) = '2025-09-23'", every)
delete(T, "all orders are lost", "TRUE", every, order_id="{order}")
update(T, "an order has another number", "order_id = 123456789", KEY, every, order_id="{order}")
update(T, "an order has a number unknown to the source", "order_id = 123456789", KEY, no_other, order_id="123456789")
update(T, "an order has no number", "order_id = NULL", KEY, once, order_id="None")
update(T, "an order has the number of another", "order_id = {other_order}", KEY, once, order_id="{other_order}")
copy(T, "an order is doubled", "", KEY, once, order_id="{order}")
copy(T, "all orders are doubled", "", "TRUE", once, order_id="{order}")
copy(T, "an order is doubled with another status", "'Shipped' AS status", KEY, once, order_id="{order}")
copy(T, "an order is copied under another number", "123456789 AS order_id", KEY, no_other, order_id="123456789")
for when in ("earlier", "later"):
    statement = f"INSERT INTO merchant_provider.orders SELECT * FROM {SOURCE}.orders WHERE order_id = {{{when}_order}}"
    fault(T, f"an order of an {when} day is there", no_other, statement, order_id=f"{{{when}_order}}")
update(T, "a status is in small letters", "status = LOWER(status)", KEY, no_other, order_id="{order}")
update(T, "an open order is delivered", "delivered_at = created_at", "order_id = {open_order}", no_other)
update(
    T, "an order of nobody gets a user", "user_id = {user}", "user_id IS NULL", no_other, order_id="{order_of_nobody}"
)
update(T, "an order has a negative number of items", "num_of_item = -num_of_item", KEY, no_other, order_id="{order}")
update(
    T, "all times are of another time zone", "created_at = TIMESTAMP_SUB(created_at, INTERVAL 7 HOUR)", "TRUE", no_other
)
for column in ("user_id", "created_at", "returned_at"):
    swap(T, f"two orders swap {column}", column, "order_id", "{order}", "{other_order}", no_other, order_id="{order}")

update(
    T,
    "an order is a day late",
    "created_at = TIMESTAMP_ADD(created_at, INTERVAL 1 DAY)",
    KEY,
    no_other,
    order_id="{order}",
)
update(T, "an order without a status has one", "status = 'Complete'", "status IS NULL", no_other)
update(T, "an order has no status", "status = NULL", KEY, no_other, order_id="{order}")

T, KEY = "order_items", "id = {item}"
every, no_other, once = (
    "snapshot_holds_every_item_of_its_orders",
    "snapshot_holds_no_other_item",
    "order_item_id_is_unique",
)
delete(T, "an item is lost", KEY, every, order_item_id="{item}")
delete(T, "all items of an order are lost", "order_id = {order}", every, order_id="{order}")
delete(T, "all items are lost", "TRUE", every, order_item_id="{item}")
delete(T, "items without a price are lost", "sale_price IS NULL", every)
delete(T, "items of a later day are lost", "DATE(created_at) > '2025-09-23'", every)
update(T, "an item has another number", "id = 123456789", KEY, every, order_item_id="{item}")
update(T, "an item has a number unknown to the source", "id = 123456789", KEY, no_other, order_item_id="123456789")
update(T, "an item has no number", "id = NULL", KEY, once, order_item_id="None")
update(T, "an item has the number of another", "id = {other_item}", KEY, once, order_item_id="{other_item}")
update(T, "an item is of another order", "order_id = {other_order}", "id = {item_of_the_order}", no_other)
update(T, "an item is a cent dearer", "sale_price = sale_price + 0.01", KEY, no_other, order_item_id="{item}")
update(T, "an item is free", "sale_price = 0", KEY, no_other, order_item_id="{item}")
update(T, "an item costs less than nothing", "sale_price = -sale_price", KEY, no_other, order_item_id="{item}")
update(
    T, "an item has no price in numbers", "sale_price = CAST('nan' AS FLOAT64)", KEY, no_other, order_item_id="{item}"
)
update(T, "prices are rounded to cents", "sale_price = ROUND(sale_price, 2)", "TRUE", no_other)
update(
    T, "an open item is returned", "returned_at = created_at", "id = {open_item}", no_other, order_item_id="{open_item}"
)
copy(T, "an item is doubled", "", KEY, once, order_item_id="{item}")
copy(T, "all items are doubled", "", "TRUE", once, order_item_id="{item}")
copy(T, "an item is doubled at another price", "1.0 AS sale_price", KEY, once, order_item_id="{item}")
copy(T, "an item is copied under another number", "123456789 AS id", KEY, no_other, order_item_id="123456789")
fault(
    T,
    "an item of an earlier order is there",
    no_other,
    f"INSERT INTO merchant_provider.order_items SELECT * FROM {SOURCE}.order_items WHERE id = {{earlier_item}}",
    order_item_id="{earlier_item}",
)
for column in ("order_id", "sale_price", "created_at"):
    swap(T, f"two items swap {column}", column, "id", "{item}", "{other_item}", no_other, order_item_id="{item}")

update(T, "an item without a price is free", "sale_price = 0", "sale_price IS NULL", no_other)
update(T, "an item has no order", "order_id = NULL", KEY, no_other, order_item_id="{item}")
update(T, "an item is another product", "product_id = product_id + 1", KEY, no_other, order_item_id="{item}")

T, KEY = "users", "id = {user}"
every, recent, once = "snapshot_holds_every_user_of_its_orders", "user_is_the_most_recent_record", "user_id_is_unique"
delete(T, "a user is lost", KEY, every, user_id="{user}")
delete(T, "a user without an email is lost", "id = {user_without_email}", every, user_id="{user_without_email}")
delete(T, "a user without a time is lost", "id = {timeless_user}", every, user_id="{timeless_user}")
delete(T, "all users are lost", "TRUE", every, user_id="{user}")
update(T, "a user has another number", "id = 123456789", KEY, every, user_id="{user}")
update(T, "a user has a number unknown to the source", "id = 123456789", KEY, recent, user_id="123456789")
update(T, "a user has no number", "id = NULL", KEY, once, user_id="None")
update(T, "a user has the number of another", "id = {other_user}", KEY, once, user_id="{other_user}")
copy(T, "a user is doubled", "", KEY, once, user_id="{user}")
copy(T, "a user is doubled with another email", "'x@example.com' AS email", KEY, once, user_id="{user}")
copy(T, "a user is copied under another number", "123456789 AS id", KEY, recent, user_id="123456789")
copy(T, "a user without an order is made up", "-1 AS id", KEY, "snapshot_holds_no_other_user", user_id="-1")
fault(
    T,
    "a user without an order is there",
    "snapshot_holds_no_other_user",
    f"INSERT INTO merchant_provider.users SELECT * FROM {SOURCE}.users WHERE id = {{other_buyer}}",
    user_id="{other_buyer}",
)
fault(
    T,
    "a user's older record is there too",
    once,
    f"INSERT INTO merchant_provider.users SELECT * FROM {SOURCE}.users WHERE id = {{moved_user}} AND age = 99",
    user_id="{moved_user}",
)
update(
    T,
    "a user stands there as the older record has them",
    "city = 'Atlantis', email = 'before@example.com', age = 99, created_at = TIMESTAMP_SUB(created_at, INTERVAL 9 DAY)",
    "id = {moved_user}",
    recent,
    user_id="{moved_user}",
)
update(
    T,
    "a user gets an email",
    "email = 'x@example.com'",
    "id = {user_without_email}",
    recent,
    user_id="{user_without_email}",
)
update(T, "a missing city is a blank", "city = ''", "city IS NULL", recent, user_id="{user_without_city}")
update(T, "a missing age is zero", "age = 0", "age IS NULL", recent, user_id="{user_without_age}")
update(T, "a blank email is missing", "email = NULL", "TRIM(email, ' \\n') = ''", recent)
update(T, "emails are in small letters", "email = LOWER(email)", "email != LOWER(email)", recent)
update(T, "blanks around emails are cut", "email = TRIM(email)", "email != TRIM(email)", recent)
for column in ("email", "city", "age"):
    swap(T, f"two users swap {column}", column, "id", "{user}", "{other_user}", recent, user_id="{user}")

update(T, "a user is a year older", "age = age + 1", KEY, recent, user_id="{user}")
update(T, "a user has moved to a made-up city", "city = 'Atlantis'", KEY, recent, user_id="{user}")
update(T, "a user has another's email", "email = 'x@example.com'", KEY, recent, user_id="{user}")

# Faults of the provider's users.

T, KEY, NEW = "provider_users", "provider_user_id = {holder}", "provider_user_id = {newcomer}"
HOLDER, NEWCOMER = {"provider_user_id": "{holder}"}, {"provider_user_id": "{newcomer}"}
NEXT = "{number_of_users} + 1 AS provider_user_id"
match, wallet_only = "match_rate_is_exact", "wallet_only_rate_is_exact"
delete(T, "a holder is lost", KEY, match)
delete(T, "a wallet-only user is lost", NEW, wallet_only)
delete(T, "all users are lost", "TRUE", match)
copy(T, "a holder is doubled", "", KEY, "provider_user_id_is_unique", **HOLDER)
copy(T, "a wallet-only user is doubled", "", NEW, "provider_user_id_is_unique", **NEWCOMER)
copy(T, "a holder has two wallets", NEXT, KEY, "provider_email_is_unique", person="{holders_person}")
copy(
    T,
    "a holder has a second wallet, for the email in capitals",
    f"{NEXT}, UPPER(email) AS email",
    KEY,
    "provider_email_is_unique",
    person="{holders_person}",
)
copy(T, "a wallet-only user more is there", f"{NEXT}, 'adalovelace@example.com' AS email", NEW, wallet_only)
copy(T, "a customer without a wallet gets one", f"{NEXT}, '{{strangers_email}}' AS email", KEY, match)

ids = "provider_user_id_is_unique"
update(T, "a holder has no number", "provider_user_id = NULL", KEY, ids, provider_user_id="None")
update(
    T,
    "a holder has the number of another",
    "provider_user_id = {other_holder}",
    KEY,
    ids,
    provider_user_id="{other_holder}",
)
update(T, "a holder has the number 0", "provider_user_id = 0", KEY, ids, provider_user_id="0")
update(T, "a holder has a negative number", "provider_user_id = -provider_user_id", KEY, ids)
update(T, "a number is left out", "provider_user_id = {number_of_users} + 1", KEY, ids)
paid_by, tells = "transaction_is_paid_by_the_orders_customer", "provider_user_id_tells_nothing"
swap(
    T,
    "two holders swap numbers",
    "provider_user_id",
    "provider_user_id",
    "{holder}",
    "{other_holder}",
    paid_by,
    **HOLDER,
)
RENUMBER = (
    "UPDATE ewallet_provider.provider_users AS p SET provider_user_id = n.number FROM ("
    f"SELECT provider_user_id, ROW_NUMBER() OVER (ORDER BY {{0}}) AS number FROM ({PROVIDER_USERS})"
    ") AS n WHERE p.provider_user_id = n.provider_user_id"
)
fault(T, "the numbers follow the merchant's", tells, RENUMBER.format("user_id"), told="the numbers of the merchant")
fault(T, "the numbers go down as the merchant's go up", tells, RENUMBER.format("user_id DESC"))
fault(
    T,
    "wallet-only users have the last numbers",
    tells,
    RENUMBER.format("user_id IS NULL, email"),
    told="who is a customer",
)

spelled, emails, made_up = "holder_has_the_merchants_email", "provider_email_is_unique", "wallet_only_email_is_made_up"
update(T, "a holder's email is in capitals", "email = UPPER(email)", KEY, spelled, **HOLDER)
update(T, "a blank stands before a holder's email", "email = CONCAT(' ', email)", KEY, spelled, **HOLDER)
update(T, "a line ends after a holder's email", "email = CONCAT(email, '\\n')", KEY, spelled, **HOLDER)
update(T, "a holder has no email", "email = NULL", KEY, emails, person="None")
update(T, "a holder's email is empty", "email = ''", KEY, emails, person="")
update(T, "a holder's email is a blank", "email = ' '", KEY, emails, person="")
update(T, "a holder's email is unknown to the merchant", "email = 'adalovelace@example.com'", KEY, match)
update(
    T,
    "a wallet-only user has the email of another",
    "email = '{newcomers_person}'",
    "provider_user_id = {other_newcomer}",
    emails,
    person="{newcomers_person}",
)
update(
    T, "a wallet-only user has a holder's email", "email = '{holders_email}'", NEW, emails, person="{holders_person}"
)
update(T, "a wallet-only user has the email of a customer", "email = '{strangers_email}'", NEW, match)
update(
    T,
    "a wallet-only user has an email that may be somebody's",
    "email = 'adalovelace@gmail.com'",
    NEW,
    made_up,
    **NEWCOMER,
)
update(T, "a wallet-only user's email is in capitals", "email = UPPER(email)", NEW, made_up, **NEWCOMER)
update(T, "a blank stands after a wallet-only user's email", "email = CONCAT(email, ' ')", NEW, made_up, **NEWCOMER)
update(T, "a wallet-only user's email is without a name", "email = '@example.com'", NEW, made_up, **NEWCOMER)
swap(T, "two holders swap emails", "email", "provider_user_id", "{holder}", "{other_holder}", paid_by, **HOLDER)
swap(
    T,
    "a holder and a wallet-only user swap emails",
    "email",
    "provider_user_id",
    "{holder}",
    "{newcomer}",
    paid_by,
    **HOLDER,
)

age, their_age = "holder_has_the_merchants_age", "wallet_only_age_is_a_holders"
update(T, "a holder's date of birth is missing", "date_of_birth = NULL", KEY, age, **HOLDER)
update(T, "a holder is a year older", "date_of_birth = DATE_SUB(date_of_birth, INTERVAL 1 YEAR)", KEY, age, **HOLDER)
update(T, "a holder is a year younger", "date_of_birth = DATE_ADD(date_of_birth, INTERVAL 1 YEAR)", KEY, age, **HOLDER)
update(
    T,
    "a holder's birthday is a day too late",
    f"date_of_birth = DATE(2025 - {AGE}, 9, 24)",
    KEY,
    age,
    **HOLDER,
)
update(
    T,
    "a holder's birthday is a day too early",
    f"date_of_birth = DATE(2025 - {AGE} - 1, 9, 23)",
    KEY,
    age,
    **HOLDER,
)
update(
    T,
    "a holder of unknown age has a date of birth",
    "date_of_birth = '1990-01-01'",
    "provider_user_id = {holder_without_age}",
    age,
    provider_user_id="{holder_without_age}",
)
swap(
    T,
    "two holders swap dates of birth",
    "date_of_birth",
    "provider_user_id",
    "{holder}",
    "{other_holder}",
    age,
    **HOLDER,
)
update(T, "a wallet-only user's date of birth is missing", "date_of_birth = NULL", NEW, their_age, **NEWCOMER)
update(T, "a wallet-only user is a minor", "date_of_birth = '2007-09-24'", NEW, their_age, **NEWCOMER)
update(T, "a wallet-only user is 225 years old", "date_of_birth = '1800-01-01'", NEW, their_age, **NEWCOMER)
update(
    T,
    "a wallet-only user is yet to be born",
    "date_of_birth = '2025-09-24'",
    NEW,
    "provider_user_is_within_its_domains",
    **NEWCOMER,
)
update(
    T,
    "all have their birthday on the target date",
    f"date_of_birth = DATE(2025 - {AGE}, 9, 23)",
    "date_of_birth IS NOT NULL",
    "birthdays_are_spread_over_the_year",
    part_of_the_year="month 09",
)
update(
    T,
    "all have their birthday on the first of a month",
    "date_of_birth = DATE_TRUNC(date_of_birth, MONTH)",
    "TRUE",
    "birthdays_are_spread_over_the_year",
    part_of_the_year="day 01",
)

city, their_city = "holder_has_the_merchants_city", "wallet_only_city_is_the_merchants"
update(T, "a holder's city is missing", "city = NULL", KEY, city, **HOLDER)
update(T, "a holder's city is none", "city = 'Atlantis'", KEY, city, **HOLDER)
update(T, "a holder's city is in capitals", "city = UPPER(city)", KEY, city, **HOLDER)
update(T, "a blank stands after a holder's city", "city = CONCAT(city, ' ')", KEY, city, **HOLDER)
update(
    T,
    "a holder of unknown city has one",
    "city = 'Tokyo'",
    "provider_user_id = {holder_without_city}",
    city,
    provider_user_id="{holder_without_city}",
)
swap(T, "two holders swap cities", "city", "provider_user_id", "{holder}", "{other_holder}", city, **HOLDER)
update(T, "a wallet-only user's city is missing", "city = NULL", NEW, their_city, **NEWCOMER)
update(T, "a wallet-only user's city is unknown to the merchant", "city = 'Atlantis'", NEW, their_city, **NEWCOMER)
update(
    T,
    "all wallet-only users live in one city",
    "city = (SELECT MIN(city) FROM merchant_provider.users)",
    "LOWER(TRIM(email)) NOT IN (SELECT LOWER(TRIM(email)) FROM merchant_provider.users WHERE email IS NOT NULL)",
    "wallet_only_users_live_where_the_merchants_do",
)

domains, shares, spend = (
    "provider_user_is_within_its_domains",
    "account_tiers_have_their_shares",
    "account_tier_follows_spend",
)
update(T, "a holder has no tier", "account_tier = NULL", KEY, domains, **HOLDER)
update(T, "a tier is in small letters", "account_tier = LOWER(account_tier)", KEY, domains, **HOLDER)
update(T, "a tier is unknown", "account_tier = 'Gold'", NEW, domains, **NEWCOMER)
for here, there in (("free", "business"), ("free", "premium"), ("premium", "business"), ("business", "free")):
    update(
        T,
        f"a {here} holder is {there}",
        f"account_tier = '{there.title()}'",
        f"provider_user_id = {{{here}_holder}}",
        shares,
        is_holder="True",
    )
update(
    T,
    "a free wallet-only user is business",
    "account_tier = 'Business'",
    "provider_user_id = {free_newcomer}",
    shares,
    is_holder="False",
)
swap(
    T,
    "a business holder and a free wallet-only user swap tiers",
    "account_tier",
    "provider_user_id",
    "{business_holder}",
    "{free_newcomer}",
    shares,
)
swap(
    T,
    "a free holder and a business wallet-only user swap tiers",
    "account_tier",
    "provider_user_id",
    "{free_holder}",
    "{business_newcomer}",
    shares,
)
update(T, "all are free", "account_tier = 'Free'", "TRUE", shares)
for tier in ("business", "premium"):
    swap(
        T,
        f"one who spends little and a {tier} holder swap tiers",
        "account_tier",
        "provider_user_id",
        "{poorest}",
        f"{{{tier}_holder}}",
        spend,
        provider_user_id="{poorest}",
    )

verified, minors = "verified_users_have_their_shares", "minors_are_unverified"
update(T, "whether a holder is verified is missing", "is_verified_user = NULL", KEY, domains, **HOLDER)
update(
    T,
    "one who refunded nothing is verified less",
    "is_verified_user = FALSE",
    "provider_user_id = {trusted}",
    verified,
    verified_share="0.94",
)
update(
    T,
    "one who refunded nothing is verified more",
    "is_verified_user = TRUE",
    "provider_user_id = {distrusted}",
    verified,
    verified_share="0.94",
)
update(
    T,
    "one with a refund is verified less",
    "is_verified_user = FALSE",
    "provider_user_id = {verified_refunder}",
    verified,
    verified_share="0.55",
)
update(
    T,
    "one with a refund is verified more",
    "is_verified_user = TRUE",
    "provider_user_id = {refunder}",
    verified,
    verified_share="0.55",
)
update(T, "a wallet-only user is verified less", "is_verified_user = FALSE", NEW, verified, verified_share="0.85")
update(
    T,
    "a wallet-only user is verified more",
    "is_verified_user = TRUE",
    "provider_user_id = {unverified_newcomer}",
    verified,
    verified_share="0.85",
)
swap(
    T,
    "one with and one without a refund swap verification",
    "is_verified_user",
    "provider_user_id",
    "{trusted}",
    "{refunder}",
    verified,
)
swap(
    T,
    "a holder and a wallet-only user swap verification",
    "is_verified_user",
    "provider_user_id",
    "{newcomer}",
    "{distrusted}",
    verified,
)
update(T, "all are verified", "is_verified_user = TRUE", "TRUE", verified)
update(
    T,
    "a minor is verified",
    "is_verified_user = TRUE",
    "provider_user_id = {minor}",
    minors,
    provider_user_id="{minor}",
)
update(
    T,
    "one of unknown age is verified",
    "is_verified_user = TRUE",
    "provider_user_id = {holder_without_age}",
    minors,
    provider_user_id="{holder_without_age}",
)
swap(
    T,
    "an adult and a minor swap verification",
    "is_verified_user",
    "provider_user_id",
    "{trusted}",
    "{minor}",
    minors,
    provider_user_id="{minor}",
)

# Faults of the transactions.

T, KEY, ROW = "transactions", "order_id = {paid_order}", {"transaction_id": "{transaction}"}
rate, pays, once, uuid = (
    "wallet_payment_rate_is_exact",
    "transaction_pays_an_order_of_the_snapshot",
    "transaction_pays_an_order_once",
    "transaction_id_is_unique",
)
OWN_ID = "'01234567-89ab-4def-8123-456789abcdef' AS transaction_id"
delete(T, "a transaction is lost", KEY, rate)
delete(T, "all transactions are lost", "TRUE", rate)
copy(T, "a transaction is doubled", "", KEY, uuid, **ROW)
copy(T, "an order is paid twice", OWN_ID, KEY, once, order_id="{paid_order}")
copy(T, "an order is paid that was not", f"{OWN_ID}, {{unpaid_order}} AS order_id", KEY, rate)
copy(
    T,
    "an order without items is paid",
    f"{OWN_ID}, {{order_without_items}} AS order_id",
    KEY,
    pays,
    order_id="{order_without_items}",
)
copy(
    T,
    "an order of an earlier day is paid",
    f"{OWN_ID}, {{earlier_order}} AS order_id",
    KEY,
    pays,
    order_id="{earlier_order}",
)
update(
    T, "a transaction pays an order that nobody knows", "order_id = 123456789", KEY, pays, order_id="123456789", **ROW
)
update(T, "a transaction pays no order", "order_id = NULL", KEY, once, order_id="None")
update(
    T, "a transaction pays what another pays", "order_id = {other_paid_order}", KEY, once, order_id="{other_paid_order}"
)
for what, order in (
    ("a customer without a wallet", "strangers_order"),
    ("one whose email is missing", "order_without_email"),
    ("one whose email is blank", "order_with_a_blank_email"),
    ("nobody", "order_of_nobody"),
    ("a user whom the source has not", "order_of_an_unknown_user"),
):
    update(
        T,
        f"a transaction pays an order of {what}",
        f"order_id = {{{order}}}",
        KEY,
        paid_by,
        order_id=f"{{{order}}}",
        **ROW,
    )

time = "transaction_has_the_orders_status_and_time"
swap(T, "two transactions swap orders", "order_id", "order_id", "{paid_order}", "{other_paid_order}", time, **ROW)
update(T, "a transaction has no number", "transaction_id = NULL", KEY, uuid, transaction_id="None")
update(
    T,
    "a transaction has the number of another",
    "transaction_id = '{other_transaction}'",
    KEY,
    uuid,
    transaction_id="{other_transaction}",
)
for what, number in {
    "empty": "''",
    "in capitals": "UPPER('abcdef01-89ab-4def-8123-456789abcdef')",
    "in braces": "CONCAT('{{', transaction_id, '}}')",
    "followed by a line's end": "CONCAT(transaction_id, '\\n')",
    "without dashes": "REPLACE(transaction_id, '-', '')",
    "the order's": "CAST(order_id AS STRING)",
    "of a time-based version": "'01234567-89ab-1def-8123-456789abcdef'",
    "of an unknown variant": "'01234567-89ab-4def-c123-456789abcdef'",
}.items():
    update(T, f"a transaction's number is {what}", f"transaction_id = {number}", KEY, uuid)
for what, payer in {
    "nobody": "NULL",
    "a user whom the provider has not": "{number_of_users} + 1",
    "a user with the number 0": "0",
    "a wallet-only user": "{newcomer}",
    "another holder": "IF(provider_user_id = {holder}, {other_holder}, {holder})",
}.items():
    update(T, f"a transaction is paid by {what}", f"provider_user_id = {payer}", KEY, paid_by, **ROW)
swap(
    T,
    "two transactions swap payers",
    "provider_user_id",
    "order_id",
    "{paid_order}",
    "{other_paid_order}",
    paid_by,
    **ROW,
)

amount = "transaction_amount_is_the_sum_of_the_items"
for what, value in {
    "missing": "NULL",
    "not a number": "CAST('nan' AS FLOAT64)",
    "infinite": "CAST('inf' AS FLOAT64)",
    "zero": "0",
    "negative": "-transaction_amount",
    "a cent too much": "transaction_amount + 0.01",
    "a cent too little": "transaction_amount - 0.01",
    "not in whole cents": "transaction_amount + 0.001",
    "in cents": "transaction_amount * 100",
    "rounded to dollars": "FLOOR(transaction_amount) + 1",
}.items():
    update(T, f"an amount is {what}", f"transaction_amount = {value}", KEY, amount, **ROW)
update(
    T,
    "an amount is that of one item of several",
    "transaction_amount = (SELECT ROUND(MIN(sale_price), 2) FROM merchant_provider.order_items "
    "WHERE order_id = {paid_in_part})",
    "order_id = {paid_in_part}",
    amount,
    transaction_id="{transaction_of_a_part}",
)
update(
    T,
    "an amount is zero for want of prices",
    "transaction_amount = 0",
    "order_id = {paid_without_prices}",
    amount,
    transaction_id="{transaction_without_prices}",
)
swap(
    T,
    "two transactions swap amounts",
    "transaction_amount",
    "order_id",
    "{paid_order}",
    "{other_paid_order}",
    amount,
    **ROW,
)

for what, value in {
    "missing": "NULL",
    "a day late": "TIMESTAMP_ADD(transaction_timestamp, INTERVAL 1 DAY)",
    "a microsecond late": "TIMESTAMP_ADD(transaction_timestamp, INTERVAL 1 MICROSECOND)",
    "of another time zone": "TIMESTAMP_SUB(transaction_timestamp, INTERVAL 7 HOUR)",
    "midnight": "TIMESTAMP_TRUNC(transaction_timestamp, DAY)",
}.items():
    update(T, f"a transaction's time is {what}", f"transaction_timestamp = {value}", KEY, time, **ROW)
for what, value in {
    "missing": "NULL",
    "another": "IF(status = 'Complete', 'Shipped', 'Complete')",
    "in small letters": "LOWER(status)",
    "followed by a blank": "CONCAT(status, ' ')",
}.items():
    update(T, f"a transaction's status is {what}", f"status = {value}", KEY, time, **ROW)
update(
    T,
    "a transaction has a status, its order none",
    "status = 'Complete'",
    "order_id = {paid_without_status}",
    time,
    transaction_id="{transaction_without_status}",
)
swap(
    T,
    "two transactions swap times",
    "transaction_timestamp",
    "order_id",
    "{paid_order}",
    "{other_paid_order}",
    time,
    **ROW,
)


def restore(client: bigquery.Client, table: str) -> None:
    """Put the kept copy in the place of a table."""
    config = bigquery.CopyJobConfig(write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE)
    to = f"{client.project}.{DATASET_OF[table]}.{table}"
    client.copy_table(f"{client.project}.pristine.{table}", to, job_config=config).result()


@pytest.fixture(scope="module")
def pristine(make_tables: Callable) -> Iterator[tuple[warehouse.Warehouse, dict[str, str]]]:
    """A client of the five tables, of which dataset `pristine` keeps copies, and the keys of the victims."""
    client = make_tables()
    client.create_dataset("pristine", exists_ok=True)
    for table, dataset in DATASET_OF.items():
        execute(client, f"CREATE OR REPLACE TABLE pristine.{table} AS SELECT * FROM {dataset}.{table}")
    for table, known in (("orders", ORDERS), ("provider_users", PROVIDER_USERS)):
        execute(client, f"CREATE OR REPLACE TABLE pristine.known_{table} AS {known}")
    victims = {}
    for name, (what, table, which) in VICTIMS.items():
        [row] = execute(client, f"SELECT {what} FROM {FROM[table]} WHERE {which.format(**victims)}").result()
        assert row[0] is not None, f"the source has no {name}"
        victims[name] = str(row[0])
    yield client, victims
    client.delete_dataset("pristine", delete_contents=True)


def test_the_checks_are_green_before_anything_is_corrupted(pristine: tuple) -> None:
    client, _ = pristine
    assert violations(client) == {}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.table}: {fault.what}")
def test_a_fault_is_seen_by_the_check_that_names_it(fault: Fault, pristine: tuple) -> None:
    client, victims = pristine
    try:
        corrupted = execute(client, fault.statement.format(**victims))
        rows = client.run(sql.read(f"checks/{fault.check}")).rows
    finally:
        restore(client, fault.table)
    assert corrupted.num_dml_affected_rows
    assert rows
    if fault.row:
        expected = {column: value.format(**victims) for column, value in fault.row.items()}
        assert expected in [{column: str(row[column]) for column in expected} for row in rows]


OTHER_VALUES = {
    "STRING": "CONCAT({0}, ' ')",
    "INTEGER": "{0} + 1",
    "FLOAT": "{0} * (1 + 1e-15)",
    "TIMESTAMP": "TIMESTAMP_ADD({0}, INTERVAL 1 MICROSECOND)",
}


@pytest.mark.parametrize(
    ("table", "key", "check"),
    [
        ("orders", "order_id", "snapshot_holds_no_other_order"),
        ("order_items", "id", "snapshot_holds_no_other_item"),
        ("users", "id", "user_is_the_most_recent_record"),
    ],
)
def test_a_missing_and_another_value_are_seen_in_every_column(
    table: str, key: str, check: str, pristine: tuple
) -> None:
    client, _ = pristine
    columns = {field.name: field.field_type for field in thelook.SCHEMAS[table] if field.name != key}
    present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    rows = execute(client, f"SELECT {key} FROM pristine.{table} WHERE {present} LIMIT {2 * len(columns)}").result()
    keys = [row[0] for row in rows]
    changes = [
        f"{column} = CASE {key} WHEN {missing} THEN NULL WHEN {other} THEN {OTHER_VALUES[kind].format(column)} "
        f"ELSE {column} END"
        for (column, kind), missing, other in zip(columns.items(), keys[::2], keys[1::2], strict=True)
    ]
    where = f"{key} IN ({', '.join(map(str, keys))})"
    try:
        execute(client, f"UPDATE merchant_provider.{table} SET {', '.join(changes)} WHERE {where}")
        rows = client.run(sql.read(f"checks/{check}")).rows
    finally:
        restore(client, table)
    shown = {"orders": "order_id", "order_items": "order_item_id", "users": "user_id"}[table]
    assert sorted(row[shown] for row in rows) == sorted(keys)


@pytest.mark.parametrize("table", DATASET_OF)
def test_each_table_is_corrupted_in_25_ways_or_more(table: str) -> None:
    statements = {fault.statement for fault in FAULTS if fault.table == table}
    assert len(statements) >= 25


def test_there_is_a_fault_for_every_check() -> None:
    assert {fault.check for fault in FAULTS} == {*CHECKS}


# The files.


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_begins_with_one_sentence(name: str) -> None:
    [sentence] = sql.read(f"checks/{name}").comment
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert ". " not in sentence


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_one_query(name: str) -> None:
    lines = [line for line in sql.read(f"checks/{name}").text.splitlines() if not line.strip().startswith("--")]
    assert lines[0].split()[0] in ("SELECT", "WITH")
    assert ";" not in "".join(lines)


# The run.


def test_a_red_check_ends_the_run_with_status_1_after_all_else_is_printed(
    pristine: tuple, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    client, _ = pristine
    create = ewallet.create

    def create_a_cent_off(*arguments: object) -> None:
        create(*arguments)
        execute(
            client, "UPDATE ewallet_provider.transactions SET transaction_amount = transaction_amount + 0.01 WHERE TRUE"
        )

    monkeypatch.setattr(warehouse, "connect", lambda _: nullcontext(client))
    monkeypatch.setattr(ewallet, "create", create_a_cent_off)
    status = main.main([f"--{name.replace('_', '-')}={value}" for name, value in KNOBS.items()])
    printed = capsys.readouterr().out.splitlines()
    red = [number for number, line in enumerate(printed) if line.lstrip().startswith("✗")]
    assert status == 1
    assert "transaction_amount_is_the_sum_of_the_items" in printed[red[0]]
    shown = [line for line in printed if line.lstrip().startswith("transaction_id ")]
    assert shown == printed[red[0] + 1 : red[0] + 6]
    assert f"1 of {len(CHECKS)} checks" in printed[-1]
    assert any("The five tables" in line for line in printed[:-1])


def test_skip_checks_leaves_the_checks_out(
    pristine: tuple, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    client, _ = pristine
    monkeypatch.setattr(warehouse, "connect", lambda _: nullcontext(client))
    monkeypatch.setattr(checks, "run", lambda _: pytest.fail("the checks ran"))
    status = main.main(["--skip-checks", *(f"--{name.replace('_', '-')}={value}" for name, value in KNOBS.items())])
    printed = capsys.readouterr().out
    assert status == 0
    assert not any(sql.read(f"checks/{name}").comment[0] in printed for name in CHECKS)
