"""The checks: all green on what a run makes of an awkward source, and each red for a fault of its kind."""

from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from google.cloud import bigquery

from dcr_data_generator import checks, sql
from dcr_data_generator.embedded import sample, thelook
from dcr_data_generator.tables import SCHEMAS, SOURCE
from dcr_data_generator.warehouse import Warehouse
from tests.support import tables
from tests.support.settings import make_settings

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
def place(connect: Callable) -> Iterator[Warehouse]:
    """A project for these tests, and the awkward source."""
    place = connect("check-tests")
    tables.fill_source(place.client, **make_source())
    yield place
    tables.drop_datasets(place.client)


def red(client: bigquery.Client, **knobs: object) -> set[str]:
    """The checks that are red."""
    return {check.name for check in checks.run(client, make_settings(**KNOBS | knobs)) if check.violations}


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
    tables.make_five_tables(place, make_settings(**KNOBS | knobs))
    assert red(place.client, **knobs) == set()


# Red.


def test_a_fault_in_one_copy_of_a_scaled_snapshot_is_seen(place: Warehouse) -> None:
    tables.make_five_tables(place, make_settings(**KNOBS, scale=3))
    execute(place.client, "DELETE FROM merchant_provider.order_items WHERE MOD(id, 3) = 1")
    execute(place.client, "UPDATE merchant_provider.orders SET gender = 'x' WHERE MOD(order_id, 3) = 1")
    execute(place.client, "UPDATE merchant_provider.users SET city = 'Atlantis' WHERE MOD(id, 3) = 1")
    assert red(place.client, scale=3) >= {
        "snapshot_holds_every_item_of_its_orders",
        "snapshot_holds_no_other_order",
        "user_is_the_most_recent_record",
    }


def execute(client: bigquery.Client, statement: str) -> int:
    """Run a statement; returns how many rows it changed."""
    job = client.query(statement)
    job.result()
    return job.num_dml_affected_rows or 0


@pytest.fixture(scope="module")
def client(place: Warehouse) -> bigquery.Client:
    """The five tables of a green run, of which the dataset `pristine` keeps copies."""
    tables.make_five_tables(place, make_settings(**KNOBS))
    place.client.create_dataset("pristine", exists_ok=True)
    for table, dataset in DATASET_OF.items():
        execute(place.client, f"CREATE OR REPLACE TABLE pristine.{table} AS SELECT * FROM {dataset}.{table}")
    assert red(place.client) == set()
    return place.client


def restore(client: bigquery.Client, table: str) -> None:
    """Put the copy in the place of a table."""
    config = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    to = f"{client.project}.{DATASET_OF[table]}.{table}"
    client.copy_table(f"{client.project}.pristine.{table}", to, job_config=config).result()


EMAILS = "SELECT LOWER(TRIM(email, ' \\t\\r\\n')) FROM merchant_provider.users WHERE email IS NOT NULL"
PLAIN = "LOWER(TRIM(email, ' \\t\\r\\n'))"
HOLDERS, OTHERS = f"{PLAIN} IN ({EMAILS})", f"{PLAIN} NOT IN ({EMAILS})"


def one(column: str, table: str, where: str) -> str:
    """One value of a column of the copies."""
    return f"(SELECT MIN({column}) FROM pristine.{table} WHERE {where})"


def change(values: str, where: str) -> str:
    """Change one of the provider's users."""
    key = one("provider_user_id", "provider_users", where)
    return f"UPDATE ewallet_provider.provider_users SET {values} WHERE provider_user_id = {key}"


PAID = one("order_id", "transactions", "transaction_amount > 1 AND status IS NOT NULL")
PAYMENT = f"UPDATE ewallet_provider.transactions SET {{}} WHERE order_id = {PAID}"
NOBODY = one("order_id", "orders", "user_id IS NULL")
HOLDER = f"{HOLDERS} AND date_of_birth < '2000-01-01' AND city IS NOT NULL"
IN_ORDER_OF_EMAIL = "SELECT email, ROW_NUMBER() OVER (ORDER BY {} email) AS n FROM pristine.provider_users"
TIERS = f"(SELECT COUNTIF({{}}) FROM pristine.provider_users WHERE {HOLDERS})"
# For each check, the table and a fault that it has to see.
FAULTS = {
    "account_tier_follows_spend": (
        "provider_users",
        # Who pays most becomes Free, and who pays least Business, in the same numbers.
        f"""UPDATE ewallet_provider.provider_users AS p SET account_tier = CASE
              WHEN n.place <= {TIERS.format("account_tier = 'Business'")} THEN 'Business'
              WHEN n.place <= {TIERS.format("account_tier != 'Free'")} THEN 'Premium'
              ELSE 'Free' END
            FROM (
              SELECT id, ROW_NUMBER() OVER (ORDER BY spend, id) AS place FROM (
                SELECT p.provider_user_id AS id, MAX(t.transaction_amount) AS spend
                FROM pristine.provider_users AS p
                LEFT JOIN pristine.transactions AS t ON p.provider_user_id = t.provider_user_id
                WHERE {HOLDERS} GROUP BY id
              )
            ) AS n WHERE p.provider_user_id = n.id""",
    ),
    "account_tiers_have_their_shares": ("provider_users", change("account_tier = 'Business'", "account_tier = 'Free'")),
    "birthdays_are_spread_over_the_year": (
        "provider_users",
        "UPDATE ewallet_provider.provider_users SET date_of_birth = DATE_TRUNC(date_of_birth, MONTH) WHERE TRUE",
    ),
    "holder_has_the_merchants_age": (
        "provider_users",
        change("date_of_birth = DATE_SUB(date_of_birth, INTERVAL 1 YEAR)", HOLDER),
    ),
    "holder_has_the_merchants_city": ("provider_users", change("city = 'Atlantis'", HOLDER)),
    "holder_has_the_merchants_email": ("provider_users", change("email = CONCAT(email, '\\n')", HOLDER)),
    "match_rate_is_exact": (
        "provider_users",
        f"DELETE FROM ewallet_provider.provider_users WHERE email = {one('email', 'provider_users', HOLDER)}",
    ),
    "minors_are_unverified": (
        "provider_users",
        change("is_verified_user = TRUE", f"{HOLDERS} AND date_of_birth > '2007-09-23'"),
    ),
    "order_id_is_unique": (
        "orders",
        "INSERT INTO merchant_provider.orders SELECT * FROM pristine.orders WHERE status = 'Returned' LIMIT 1",
    ),
    "order_item_id_is_unique": (
        "order_items",
        "INSERT INTO merchant_provider.order_items SELECT * REPLACE (1.0 AS sale_price) "
        "FROM pristine.order_items LIMIT 1",
    ),
    "provider_email_is_unique": (
        "provider_users",
        "INSERT INTO ewallet_provider.provider_users SELECT * REPLACE ((SELECT COUNT(*) + 1 FROM "
        "pristine.provider_users) AS provider_user_id, UPPER(email) AS email) FROM pristine.provider_users LIMIT 1",
    ),
    "provider_user_id_is_unique": ("provider_users", change("provider_user_id = 0", HOLDER)),
    "provider_user_id_tells_nothing": (
        "provider_users",
        "UPDATE ewallet_provider.provider_users AS p SET provider_user_id = n.n FROM "
        f"({IN_ORDER_OF_EMAIL.format(f'{OTHERS},')}) AS n WHERE p.email = n.email",
    ),
    "provider_user_is_within_its_domains": ("provider_users", change("account_tier = 'Gold'", "TRUE")),
    "snapshot_holds_every_item_of_its_orders": (
        "order_items",
        "DELETE FROM merchant_provider.order_items WHERE sale_price IS NULL",
    ),
    "snapshot_holds_every_order_of_the_window": (
        "orders",
        "DELETE FROM merchant_provider.orders WHERE user_id IS NULL",
    ),
    "snapshot_holds_every_user_of_its_orders": (
        "users",
        "DELETE FROM merchant_provider.users WHERE created_at IS NULL",
    ),
    "snapshot_holds_no_other_item": (
        "order_items",
        f"INSERT INTO merchant_provider.order_items SELECT * FROM `{SOURCE}.order_items` WHERE order_id NOT IN "
        "(SELECT order_id FROM pristine.orders) LIMIT 1",
    ),
    "snapshot_holds_no_other_order": (
        "orders",
        f"INSERT INTO merchant_provider.orders SELECT * FROM `{SOURCE}.orders` WHERE DATE(created_at) = '2025-09-20'",
    ),
    "snapshot_holds_no_other_user": (
        "users",
        f"INSERT INTO merchant_provider.users SELECT * FROM `{SOURCE}.users` WHERE id NOT IN "
        "(SELECT id FROM pristine.users) LIMIT 1",
    ),
    "transaction_amount_is_the_sum_of_the_items": (
        "transactions",
        PAYMENT.format("transaction_amount = transaction_amount + 0.01"),
    ),
    "transaction_has_the_orders_status_and_time": ("transactions", PAYMENT.format("status = LOWER(status)")),
    "transaction_id_is_unique": ("transactions", PAYMENT.format("transaction_id = UPPER(transaction_id)")),
    "transaction_is_paid_by_the_orders_customer": (
        "transactions",
        PAYMENT.format(f"provider_user_id = {one('provider_user_id', 'provider_users', OTHERS)}"),
    ),
    "transaction_pays_an_order_of_the_snapshot": ("transactions", PAYMENT.format("order_id = 123456789")),
    "transaction_pays_an_order_once": (
        "transactions",
        "INSERT INTO ewallet_provider.transactions SELECT * REPLACE ('01234567-89ab-4def-8123-456789abcdef' AS "
        "transaction_id) FROM pristine.transactions LIMIT 1",
    ),
    "user_id_is_unique": (
        "users",
        "INSERT INTO merchant_provider.users SELECT * REPLACE ('x@example.com' AS email) FROM pristine.users LIMIT 1",
    ),
    "user_is_the_most_recent_record": (
        "users",
        "UPDATE merchant_provider.users SET email = LOWER(email) WHERE email != LOWER(email)",
    ),
    "verified_users_have_their_shares": (
        "provider_users",
        change("is_verified_user = FALSE", f"{HOLDER} AND is_verified_user"),
    ),
    "wallet_only_age_is_a_holders": ("provider_users", change("date_of_birth = '2007-09-24'", OTHERS)),
    "wallet_only_city_is_the_merchants": ("provider_users", change("city = 'Atlantis'", OTHERS)),
    "wallet_only_email_is_made_up": ("provider_users", change("email = 'adalovelace@gmail.com'", OTHERS)),
    "wallet_only_rate_is_exact": (
        "provider_users",
        f"DELETE FROM ewallet_provider.provider_users WHERE email = {one('email', 'provider_users', OTHERS)}",
    ),
    "wallet_only_users_live_where_the_merchants_do": (
        "provider_users",
        "UPDATE ewallet_provider.provider_users SET city = (SELECT MIN(city) FROM merchant_provider.users) "
        f"WHERE {OTHERS}",
    ),
    "wallet_payment_rate_is_exact": (
        "transactions",
        f"DELETE FROM ewallet_provider.transactions WHERE order_id = {PAID}",
    ),
}


def test_there_is_a_fault_for_every_check() -> None:
    assert sorted(FAULTS) == CHECKS


@pytest.mark.parametrize("check", FAULTS)
def test_a_check_sees_its_fault(check: str, client: bigquery.Client) -> None:
    table, statement = FAULTS[check]
    try:
        changed = execute(client, statement)
        violations = sql.run(client, f"checks/{check}", make_settings(**KNOBS)).total
    finally:
        restore(client, table)
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
    table: str, key: str, check: str, client: bigquery.Client
) -> None:
    columns = {field.name: field.field_type for field in thelook.SCHEMAS[table] if field.name != key}
    present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    rows = client.query_and_wait(f"SELECT {key} FROM pristine.{table} WHERE {present} LIMIT {2 * len(columns)}")
    keys = [row[0] for row in rows]
    changes = [
        f"{column} = CASE {key} WHEN {missing} THEN NULL WHEN {other} THEN {OTHER_VALUES[kind].format(column)} "
        f"ELSE {column} END"
        for (column, kind), missing, other in zip(columns.items(), keys[::2], keys[1::2], strict=True)
    ]
    try:
        execute(client, f"UPDATE merchant_provider.{table} SET {', '.join(changes)} WHERE {key} IN UNNEST({keys})")
        rows = sql.run(client, f"checks/{check}", make_settings(**KNOBS)).rows
    finally:
        restore(client, table)
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
    table: str, column: str, kind: str, client: bigquery.Client
) -> None:
    key = {"provider_users": "email", "transactions": "order_id"}[table]
    victim = {"provider_users": one(key, table, HOLDER), "transactions": PAID}[table]
    for new, check in zip(("NULL", OTHER_VALUES[kind].format(column)), SEEN_BY[table][column], strict=True):
        try:
            execute(client, f"UPDATE {DATASET_OF[table]}.{table} SET {column} = {new} WHERE {key} = {victim}")
            assert sql.run(client, f"checks/{check}", make_settings(**KNOBS)).total
        finally:
            restore(client, table)


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
