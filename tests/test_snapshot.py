"""Step 1: which rows of the source the snapshot takes, and how."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from google.cloud import bigquery

from dcr_data_generator import snapshot
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.verify import ownership
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables
from tests.support.settings import make_settings, on, window_of

NOON = "2025-09-23 12:00:00 UTC"
KEYS = {"orders": "order_id", "order_items": "id", "users": "id"}


@pytest.fixture(scope="module")
def place(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project for these tests."""
    return connect("snapshot-tests")


@pytest.fixture(scope="module")
def client(place: Warehouse) -> bigquery.Client:
    """A client of that project."""
    return place.client


@pytest.fixture(scope="module")
def take(place: Warehouse, client: bigquery.Client) -> Callable[..., dict[str, list[dict]]]:
    """Take a snapshot of a source: `take(orders=[...], users=[...], days=2)`; returns its rows, sorted by key."""
    tables.drop_datasets(client)

    def take_it(
        orders: list[dict] = (), order_items: list[dict] = (), users: list[dict] = (), **knobs: object
    ) -> dict[str, list[dict]]:
        tables.fill_source(client, orders=orders, order_items=order_items, users=users)
        ownership.create_datasets(place)
        snapshot.take(on(place, **knobs), window_of(make_settings(**knobs)))
        return {
            table: [
                dict(row) for row in client.query_and_wait(f"SELECT * FROM merchant_provider.{table} ORDER BY {key}")
            ]
            for table, key in KEYS.items()
        }

    return take_it


def order(number: int, created_at: str | None = NOON, **values: object) -> dict:
    """An order; its user is 1 unless said otherwise."""
    return {"order_id": number, "user_id": 1, "created_at": created_at} | values


def keys(snapshot: dict[str, list[dict]], table: str) -> list[int]:
    """The keys of a table's rows."""
    return [row[KEYS[table]] for row in snapshot[table]]


# One day, of a source that has a case for each rule.

FULL_ORDER = {
    "order_id": 2**53 + 1,
    "user_id": 7,
    "status": "Returned",
    "gender": "F",
    "created_at": datetime(2025, 9, 23, 1, 2, 3, 456_789, UTC),
    "returned_at": datetime(2025, 9, 30, 1, 2, 3, tzinfo=UTC),
    "shipped_at": datetime(2025, 9, 24, 1, 2, 3, tzinfo=UTC),
    "delivered_at": datetime(2025, 9, 27, 1, 2, 3, tzinfo=UTC),
    "num_of_item": 1,
}
FULL_ITEM = {
    "id": 50,
    "order_id": 2**53 + 1,
    "user_id": 7,
    "product_id": 29_120,
    "inventory_item_id": 484_000,
    "status": "Returned",
    "created_at": datetime(2025, 9, 22, 23, 2, 3, tzinfo=UTC),
    "shipped_at": datetime(2025, 9, 24, 1, 2, 3, tzinfo=UTC),
    "delivered_at": datetime(2025, 9, 27, 1, 2, 3, tzinfo=UTC),
    "returned_at": datetime(2025, 9, 30, 1, 2, 3, tzinfo=UTC),
    "sale_price": 24.989999771118164,
}
FULL_USER = {
    "id": 7,
    "first_name": "Zoë",
    "last_name": 'O\'Neil "Z"',
    "email": " Zoeoneil@example.com ",
    "age": 70,
    "gender": "F",
    "state": "北京",
    "street_address": "1 Any\nStreet, 2nd floor",
    "postal_code": "00420",
    "city": "null",
    "country": "Brasil",
    "latitude": -8.065346116,
    "longitude": 0.1,
    "traffic_source": "",
    "created_at": datetime(2019, 1, 1, tzinfo=UTC),
}
EDGES = ["2025-09-22 23:59:59.999999", "2025-09-23 00:00:00", "2025-09-23 23:59:59.999999", "2025-09-24 00:00:00"]
ORDERS = [
    *[order(1)] * 2,
    *[order(number, f"{time} UTC", user_id=None) for number, time in enumerate(EDGES, start=21)],
    order(25, None),
    order(26, "2025-09-22 12:00:00 UTC", user_id=2),
    order(27, user_id=99),
    *[order(number, user_id=number) for number in (31, 32, 33)],
    *[FULL_ORDER] * 2,
]
ITEMS = [
    *[{"id": 1, "order_id": 1}] * 2,
    *[{"id": 2 + number, "order_id": 1, "created_at": f"{time} UTC"} for number, time in enumerate(EDGES)],
    *[{"id": 10 + number, "order_id": other, "created_at": NOON} for number, other in enumerate([26, 88, None])],
    *[FULL_ITEM] * 3,
]
RECORDS = [
    {"city": "Zagreb", "created_at": "2023-12-31 23:59:59.999999 UTC"},
    {"city": "after the snapshot", "created_at": "2025-10-01 00:00:00 UTC"},
    {"city": "Adana", "created_at": "2019-01-01 00:00:00 UTC"},
    {"city": "without a time"},
]
# Three users with the same records, each in another order.
IN_ANY_ORDER = {31: (0, 1, 2, 3), 32: (1, 2, 0, 3), 33: (3, 2, 1, 0)}
USERS = [
    *[{"id": 1}] * 2,
    *[{"id": number} for number in (2, 3, None)],
    *[{"id": number} | RECORDS[position] for number, positions in IN_ANY_ORDER.items() for position in positions],
    *[FULL_USER] * 2,
]


@pytest.fixture(scope="module")
def snapshot_of_a_day(take: Callable) -> dict[str, list[dict]]:
    """The rows of the snapshot."""
    return take(ORDERS, ITEMS, USERS)


def test_the_window_runs_from_midnight_to_midnight_utc(snapshot_of_a_day: dict) -> None:
    # Neither the orders just before and after, nor one without a time.
    assert keys(snapshot_of_a_day, "orders") == [1, 22, 23, 27, 31, 32, 33, FULL_ORDER["order_id"]]


def test_a_window_of_several_days_ends_on_the_target_date(take: Callable) -> None:
    times = ["2025-02-27 23:59:59.999999", "2025-02-28 00:00:00", "2025-03-02 23:59:59.999999", "2025-03-03 00:00:00"]
    orders = [order(number, f"{time} UTC") for number, time in enumerate(times)]
    assert keys(take(orders, target_date="2025-03-02", days=3), "orders") == [1, 2]


@pytest.mark.parametrize(("table", "row"), [("orders", FULL_ORDER), ("order_items", FULL_ITEM), ("users", FULL_USER)])
def test_every_column_is_copied_as_it_is_and_equal_rows_once(table: str, row: dict, snapshot_of_a_day: dict) -> None:
    key = KEYS[table]
    assert [copy for copy in snapshot_of_a_day[table] if copy[key] == row[key]] == [row]


@pytest.mark.parametrize(("table", "row"), [("orders", ORDERS[0]), ("order_items", ITEMS[0]), ("users", USERS[0])])
def test_every_null_is_copied_as_it_is_and_equal_rows_once(table: str, row: dict, snapshot_of_a_day: dict) -> None:
    expected = dict.fromkeys(field.name for field in thelook.SCHEMAS[table]) | row
    if table == "orders":
        expected["created_at"] = datetime(2025, 9, 23, 12, tzinfo=UTC)
    assert [copy for copy in snapshot_of_a_day[table] if copy[KEYS[table]] == 1] == [expected]


@pytest.mark.usefixtures("snapshot_of_a_day")
@pytest.mark.parametrize("table", KEYS)
def test_a_table_has_the_columns_of_the_source_in_order(table: str, client: bigquery.Client) -> None:
    copy, original = (
        [(field.name, field.field_type) for field in client.get_table(f"{dataset}.{table}").schema]
        for dataset in (f"{client.project}.merchant_provider", SOURCE)
    )
    assert copy == original


def test_the_order_decides_whether_an_item_is_copied(snapshot_of_a_day: dict) -> None:
    # All items of order 1, whatever their own time, and none of an order that is not copied, that is missing, or NULL.
    assert [row["id"] for row in snapshot_of_a_day["order_items"] if row["order_id"] == 1] == [1, 2, 3, 4, 5]
    assert {row["order_id"] for row in snapshot_of_a_day["order_items"]} == {1, FULL_ORDER["order_id"]}


def test_the_users_of_the_orders_are_copied_and_no_others(snapshot_of_a_day: dict) -> None:
    # 2 ordered on another day, 3 nothing; 99 has no record.
    assert keys(snapshot_of_a_day, "users") == [1, FULL_USER["id"], *IN_ANY_ORDER]


@pytest.mark.parametrize("user", IN_ANY_ORDER)
def test_the_most_recent_record_of_a_user_is_taken(user: int, snapshot_of_a_day: dict) -> None:
    assert [row["city"] for row in snapshot_of_a_day["users"] if row["id"] == user] == ["after the snapshot"]


@pytest.mark.slow
def test_a_tie_is_broken_the_same_way_whatever_the_order_of_the_rows(take: Callable) -> None:
    records = [FULL_USER | {"id": 1, "first_name": value} for value in ("b", None, "", "a")]
    records += [FULL_USER | {"id": 2, "age": value} for value in (30, None, 4, -1)]
    records += [{"id": n, "city": city, "created_at": NOON} for city in ("Bonn", "Adana") for n in range(3, 500)]
    orders = [order(number, user_id=number) for number in range(1, 500)]
    first, second = take(orders=orders, users=records), take(orders=orders, users=records[::-1])
    assert keys(first, "users") == list(range(1, 500))
    assert first == second
    # These users differ in nothing but their id, so one rule takes the same city for all.
    assert len({row["city"] for row in first["users"][2:]}) == 1


# A larger merchant.


def test_a_scaled_snapshot_has_every_row_as_often_under_keys_of_its_own(take: Callable) -> None:
    emails = {1: "ann@x.example", 2: "Ann@X.example ", 3: " \t", 4: None, 5: "@x", -6: "ann", 7: "ann0@x.example"}
    orders = [order(10 * number, user_id=number) for number in emails] + [order(-1, user_id=None)]
    items = [
        {"id": 5, "order_id": 10, "user_id": 1, "product_id": 3, "inventory_item_id": 4, "sale_price": 9.5},
        {"id": 6, "order_id": -60, "user_id": -6, "product_id": 3},
        {"id": 7, "order_id": 99},
    ]
    users = [{"id": number, "email": email, "city": "Bonn"} for number, email in emails.items()]
    copies = take(orders, items, users, scale=2)
    # The two copies of -60 are -120 and -119.
    assert keys(copies, "orders") == [-120, -119, -2, -1, 20, 21, 40, 41, 60, 61, 80, 81, 100, 101, 140, 141]
    assert [row["user_id"] for row in copies["orders"]] == [-12, -11, None, None, *range(2, 12), 14, 15]
    columns = ("id", "order_id", "user_id", "product_id", "inventory_item_id", "sale_price")
    assert [tuple(row[column] for column in columns) for row in copies["order_items"]] == [
        (10, 20, 2, 3, 8, 9.5),
        (11, 21, 3, 3, 9, 9.5),
        (12, -120, -12, 3, None, None),
        (13, -119, -11, 3, None, None),
    ]
    assert {row["id"]: row["email"] for row in copies["users"]} == {
        **{-12: "ann000000", -11: "ann000001"},
        **{2: "ann000000@x.example", 3: "ann000001@x.example", 4: "Ann000000@X.example ", 5: "Ann000001@X.example "},
        **{6: " \t", 7: " \t", 8: None, 9: None, 10: "@000000x", 11: "@000001x"},
        **{14: "ann0000000@x.example", 15: "ann0000001@x.example"},
    }
    assert {row["city"] for row in copies["users"]} == {"Bonn"}


# The run.


def test_a_second_snapshot_replaces_the_first_and_nothing_else(take: Callable, client: bigquery.Client) -> None:
    rows = {
        "orders": [order(1), order(1), order(2, "2025-09-22 12:00:00 UTC", user_id=2)],
        "order_items": [{"id": 1, "order_id": 1}, {"id": 2, "order_id": 2}],
        "users": [{"id": 1}, {"id": 2}],
    }
    take(**rows)
    client.query_and_wait("CREATE TABLE merchant_provider.mine AS SELECT 7 AS seven")
    snapshot = take(**rows, target_date="2025-09-22")
    assert [keys(snapshot, table) for table in KEYS] == [[2], [2], [2]]
    assert [row.seven for row in client.query_and_wait("SELECT * FROM merchant_provider.mine")] == [7]
    source_ids = client.query_and_wait(f"SELECT order_id FROM `{SOURCE}.orders` ORDER BY order_id")
    assert [row.order_id for row in source_ids] == [1, 1, 2]


@pytest.mark.parametrize(
    ("target_date", "days"), [("yesterday", "1"), ("2025-09-23", "0"), ("2025-09-23", "9999999999")]
)
def test_labels_that_somebody_has_changed_tell_no_days(target_date: str, days: str) -> None:
    assert snapshot.window_of({"target-date": target_date, "days": days}) is None
