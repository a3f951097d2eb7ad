"""Step 1: which rows of the source the snapshot takes, how it takes them, and what it leaves alone."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from google.cloud import bigquery

from dcr_data_generator import main, snapshot, source, warehouse
from dcr_data_generator.embedded import thelook
from dcr_data_generator.errors import UserError
from tests.conftest import make_settings

DATASETS = ("merchant_provider", "ewallet_provider")
NOON = "2025-09-23 12:00:00 UTC"


@pytest.fixture(autouse=True)
def client(connect: Callable) -> bigquery.Client:
    """A client of an embedded BigQuery without the two datasets."""
    client = connect()
    for dataset in DATASETS:
        client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
    return client


@pytest.fixture
def take(connect: Callable) -> Callable[..., None]:
    """Look at the source and take the snapshot, for the knobs that the test is about: `take(days=2)`."""

    def run(**knobs: object) -> None:
        client = connect(**knobs)
        source.check(client, make_settings(**knobs))
        snapshot.take(client)

    return run


def order(number: int, created_at: str = NOON, **values: object) -> dict:
    """An order; its user is 1 unless said otherwise."""
    return {"order_id": number, "user_id": 1, "created_at": created_at} | values


def numbers(client: bigquery.Client, table: str, key: str) -> list[int]:
    """The ids in a merchant table, sorted."""
    return [row[0] for row in client.query_and_wait(f"SELECT {key} FROM merchant_provider.{table} ORDER BY {key}")]


def rows(client: bigquery.Client, table: str) -> list[dict]:
    """The rows of a merchant table as they are."""
    return [dict(row) for row in client.query_and_wait(f"SELECT * FROM merchant_provider.{table}")]


def problem_of(check: Callable, *arguments: object) -> str:
    """The one line of the UserError that a call raises."""
    with pytest.raises(UserError) as problem:
        check(*arguments)
    line = str(problem.value)
    assert len(line.splitlines()) == 1, line
    return line


# The window.


def test_one_day_runs_from_midnight_to_midnight_utc(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(
        orders=[
            order(1, "2025-09-22 23:59:59.999999 UTC"),
            order(2, "2025-09-23 00:00:00 UTC"),
            order(3, "2025-09-23 00:00:00.000001 UTC"),
            order(4, "2025-09-23 23:59:59.999999 UTC"),
            order(5, "2025-09-24 00:00:00 UTC"),
        ]
    )
    take()
    assert numbers(client, "orders", "order_id") == [2, 3, 4]


def test_several_days_end_on_the_target_date(fill_source: Callable, take: Callable, client: bigquery.Client) -> None:
    fill_source(
        orders=[
            order(1, "2025-02-27 23:59:59.999999 UTC"),
            order(2, "2025-02-28 00:00:00 UTC"),
            order(3, "2025-03-01 12:00:00 UTC"),
            order(4, "2025-03-02 23:59:59.999999 UTC"),
            order(5, "2025-03-03 00:00:00 UTC"),
        ]
    )
    take(target_date="2025-03-02", days=3)
    assert numbers(client, "orders", "order_id") == [2, 3, 4]


def test_a_day_without_orders_in_a_window_with_some_is_no_problem(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1, "2025-09-21 12:00:00 UTC")])
    take(days=3)
    assert numbers(client, "orders", "order_id") == [1]


def test_an_order_without_a_time_is_in_no_window(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1), order(2, None)])
    take(days=20_000)
    assert numbers(client, "orders", "order_id") == [1]


# The rows.

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
    "id": 5,
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


def test_every_column_is_copied_as_it_is(fill_source: Callable, take: Callable, client: bigquery.Client) -> None:
    fill_source(orders=[FULL_ORDER], order_items=[FULL_ITEM], users=[FULL_USER])
    take()
    assert [rows(client, table) for table in thelook.SCHEMAS] == [[FULL_ORDER], [FULL_ITEM], [FULL_USER]]


def test_every_null_is_copied_as_it_is(fill_source: Callable, take: Callable, client: bigquery.Client) -> None:
    fill_source(orders=[order(1)], order_items=[{"id": 5, "order_id": 1}], users=[{"id": 1}])
    take()
    for table, row in {
        "orders": {"order_id": 1, "user_id": 1, "created_at": datetime(2025, 9, 23, 12, tzinfo=UTC)},
        "order_items": {"id": 5, "order_id": 1},
        "users": {"id": 1},
    }.items():
        assert rows(client, table) == [dict.fromkeys(field.name for field in thelook.SCHEMAS[table]) | row]


def test_a_table_has_the_columns_of_the_source_in_order(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1)])
    take()
    for table in ("orders", "order_items", "users"):
        copied, source = (
            [(field.name, field.field_type) for field in client.get_table(f"{dataset}.{table}").schema]
            for dataset in (f"{client.project}.merchant_provider", thelook.DATASET)
        )
        assert copied == source


def test_items_follow_their_order_whatever_their_own_time(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(
        orders=[order(1)],
        order_items=[
            {"id": 1, "order_id": 1, "created_at": "2025-09-22 20:00:00 UTC"},
            {"id": 2, "order_id": 1, "created_at": "2025-09-23 12:00:00 UTC"},
            {"id": 3, "order_id": 1, "created_at": "2025-09-27 12:00:00 UTC"},
            {"id": 4, "order_id": 1, "created_at": None},
        ],
    )
    take()
    assert numbers(client, "order_items", "id") == [1, 2, 3, 4]


def test_items_of_other_orders_stay_out_whatever_their_own_time(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(
        orders=[order(1), order(2, "2025-09-22 12:00:00 UTC")],
        order_items=[
            {"id": 1, "order_id": 1, "created_at": NOON},
            {"id": 2, "order_id": 2, "created_at": NOON},
            {"id": 3, "order_id": 99, "created_at": NOON},
            {"id": 4, "order_id": None, "created_at": NOON},
        ],
    )
    take()
    assert numbers(client, "order_items", "id") == [1]


def test_an_order_without_items_is_copied(fill_source: Callable, take: Callable, client: bigquery.Client) -> None:
    fill_source(orders=[order(1), order(2)], order_items=[{"id": 1, "order_id": 1}])
    take()
    assert numbers(client, "orders", "order_id") == [1, 2]


def test_a_row_that_stands_in_the_source_twice_is_copied_once(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[FULL_ORDER] * 2, order_items=[FULL_ITEM] * 3, users=[FULL_USER] * 2)
    take()
    assert [rows(client, table) for table in thelook.SCHEMAS] == [[FULL_ORDER], [FULL_ITEM], [FULL_USER]]


def test_a_row_with_nulls_that_stands_in_the_source_twice_is_copied_once(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(5)] * 2, order_items=[{"id": 5, "order_id": 5}] * 2)
    take()
    assert (numbers(client, "orders", "order_id"), numbers(client, "order_items", "id")) == ([5], [5])


def test_items_that_differ_in_nothing_but_their_id_are_all_copied(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1)], order_items=[{"id": number, "order_id": 1, "sale_price": 5.0} for number in (1, 2)])
    take()
    assert numbers(client, "order_items", "id") == [1, 2]


# The users.


def test_users_without_an_order_in_the_window_are_absent(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(
        orders=[order(1, user_id=1), order(2, "2025-09-22 12:00:00 UTC", user_id=2)],
        users=[{"id": 1}, {"id": 2}, {"id": 3}, {"id": None}],
    )
    take()
    assert numbers(client, "users", "id") == [1]


def test_a_user_with_several_orders_is_copied_once(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1), order(2), order(3)], users=[{"id": 1}])
    take()
    assert numbers(client, "users", "id") == [1]


def test_an_order_whose_user_the_source_has_not_is_copied_without_its_user(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1, user_id=1), order(2, user_id=99)], users=[{"id": 1}])
    take()
    assert (numbers(client, "orders", "order_id"), numbers(client, "users", "id")) == ([1, 2], [1])


def test_an_order_of_nobody_does_not_keep_the_other_users_out(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1, user_id=None), order(2, user_id=1)], users=[{"id": 1}, {"id": None}])
    take()
    assert (numbers(client, "orders", "order_id"), numbers(client, "users", "id")) == ([1, 2], [1])


@pytest.mark.parametrize("positions", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_the_most_recent_record_of_a_user_is_taken(
    positions: tuple[int, ...], fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    records = [
        {"id": 1, "city": "Zagreb", "created_at": "2023-12-31 23:59:59.999999 UTC"},
        {"id": 1, "city": "Bonn", "created_at": "2024-01-01 00:00:00 UTC"},
        {"id": 1, "city": "Adana", "created_at": "2019-01-01 00:00:00 UTC"},
    ]
    fill_source(orders=[order(1)], users=[records[position] for position in positions])
    take()
    assert [row["city"] for row in rows(client, "users")] == ["Bonn"]


def test_a_record_from_after_the_snapshot_counts_too(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(
        orders=[order(1)],
        users=[
            {"id": 1, "city": "before", "created_at": "2024-01-01 00:00:00 UTC"},
            {"id": 1, "city": "after", "created_at": "2025-10-01 00:00:00 UTC"},
        ],
    )
    take()
    assert [row["city"] for row in rows(client, "users")] == ["after"]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_record_without_a_time_yields_to_one_with(
    reverse: bool, fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    records = [{"id": 1, "city": "Zagreb"}, {"id": 1, "city": "Bonn", "created_at": "2019-01-01 00:00:00 UTC"}]
    fill_source(orders=[order(1)], users=sorted(records, key=lambda record: record["city"], reverse=reverse))
    take()
    assert [row["city"] for row in rows(client, "users")] == ["Bonn"]


def test_a_tie_is_broken_the_same_way_whatever_the_order_of_the_rows(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    records = [FULL_USER | {"id": 1, "first_name": value} for value in ("b", None, "", "a")]
    records += [FULL_USER | {"id": 2, "age": value} for value in (30, None, 4, -1)]
    taken = []
    for users in (records, records[::-1], records[2:] + records[:2]):
        fill_source(orders=[order(1), order(2, user_id=2)], users=users)
        take()
        taken.append(sorted(rows(client, "users"), key=lambda row: row["id"]))
    assert [row["id"] for row in taken[0]] == [1, 2]
    assert taken[0] == taken[1] == taken[2]


def test_ties_are_broken_the_same_way_for_a_thousand_users(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    size = 1_000
    records = [
        {"id": number, "city": city, "created_at": NOON} for city in ("Bonn", "Adana", "Cork") for number in range(size)
    ]
    orders = [order(number, user_id=number) for number in range(size)]
    taken = []
    for users in (records, records[::-1]):
        fill_source(orders=orders, users=users)
        take()
        [row] = client.query_and_wait(
            "SELECT COUNT(*) AS size, COUNT(DISTINCT id) AS users, COUNT(DISTINCT city) AS cities, "
            "ANY_VALUE(city) AS city FROM merchant_provider.users"
        )
        taken.append(tuple(row.values()))
    assert taken[0] == taken[1]
    # The users differ in nothing but their id, so that one rule takes the same city for all.
    assert taken[0][:3] == (size, size, 1)


# The run.


def test_a_second_snapshot_replaces_the_first(fill_source: Callable, take: Callable, client: bigquery.Client) -> None:
    fill_source(
        orders=[order(1, user_id=1), order(2, "2025-09-22 12:00:00 UTC", user_id=2)],
        order_items=[{"id": 1, "order_id": 1}, {"id": 2, "order_id": 2}],
        users=[{"id": 1}, {"id": 2}],
    )
    take()
    take(target_date="2025-09-22")
    assert [
        numbers(client, table, key) for table, key in (("orders", "order_id"), ("order_items", "id"), ("users", "id"))
    ] == [[2], [2], [2]]


def test_the_source_stays_as_it_is(fill_source: Callable, take: Callable, client: bigquery.Client) -> None:
    fill_source(orders=[order(1), order(1), order(2, "2025-09-22 12:00:00 UTC")])
    take()
    sql = f"SELECT order_id FROM `{thelook.DATASET}.orders` ORDER BY order_id"
    assert [row.order_id for row in client.query_and_wait(sql)] == [1, 1, 2]


def test_an_empty_window_names_the_first_and_last_date_of_the_source(fill_source: Callable, connect: Callable) -> None:
    fill_source(
        orders=[
            order(1, "2025-11-22 23:59:59.999999 UTC"),
            order(2, "2024-06-17 00:00:00 UTC"),
            order(3, "2025-01-01 12:00:00 UTC"),
        ]
    )
    line = problem_of(source.check, connect(days=3), make_settings(days=3))
    assert "2025-09-23" in line
    assert "2024-06-17" in line
    assert "2025-11-22" in line


def test_a_source_without_orders_is_refused(fill_source: Callable, connect: Callable) -> None:
    fill_source()
    assert "thelook_ecommerce.orders" in problem_of(source.check, connect(), make_settings())


def test_a_source_whose_orders_have_no_time_is_refused(fill_source: Callable, connect: Callable) -> None:
    fill_source(orders=[order(1, None)])
    assert "thelook_ecommerce.orders" in problem_of(source.check, connect(), make_settings())


def test_a_refused_run_leaves_the_earlier_merchant_tables_as_they_were(
    fill_source: Callable,
    take: Callable,
    client: bigquery.Client,
    connect: Callable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    fill_source(orders=[FULL_ORDER], order_items=[FULL_ITEM], users=[FULL_USER])
    take()
    monkeypatch.setattr(warehouse, "connect", lambda _: nullcontext(connect(target_date="2024-01-01")))
    status = main.main(["--target-date", "2024-01-01"])
    assert (status, "2025-09-23" in capsys.readouterr().err) == (2, True)
    assert [rows(client, table) for table in thelook.SCHEMAS] == [[FULL_ORDER], [FULL_ITEM], [FULL_USER]]


def test_an_empty_window_makes_no_dataset(fill_source: Callable, connect: Callable, client: bigquery.Client) -> None:
    fill_source(orders=[order(1, "2024-01-01 12:00:00 UTC")])
    problem_of(source.check, connect(), make_settings())
    assert not {*DATASETS} & {dataset.dataset_id for dataset in client.list_datasets()}


# Where things live.


def test_a_location_other_than_the_source_s_is_refused(fill_source: Callable, connect: Callable) -> None:
    fill_source(orders=[order(1)])
    line = problem_of(source.check, connect(location="europe-west3"), make_settings(location="europe-west3"))
    assert "--location europe-west3" in line
    assert "--location US" in line


def test_a_location_may_be_written_in_small_letters(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1)])
    take(location="us")
    assert numbers(client, "orders", "order_id") == [1]


def test_the_datasets_are_made_in_the_location(fill_source: Callable, take: Callable, client: bigquery.Client) -> None:
    fill_source(orders=[order(1)])
    take()
    assert [client.get_dataset(dataset).location for dataset in DATASETS] == ["US", "US"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_that_is_there_in_another_location_is_refused(
    dataset: str, fill_source: Callable, connect: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1)])
    elsewhere = bigquery.Dataset(f"{client.project}.{dataset}")
    elsewhere.location = "EU"
    client.create_dataset(elsewhere)
    line = problem_of(source.check, connect(), make_settings())
    assert dataset in line
    assert "EU" in line
    assert "--location" in line


def test_a_dataset_that_is_there_keeps_its_description_and_labels(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1)])
    mine = bigquery.Dataset(f"{client.project}.merchant_provider")
    mine.location, mine.description, mine.labels = "US", "Mine.", {"owner": "me"}
    client.create_dataset(mine)
    take()
    dataset = client.get_dataset("merchant_provider")
    assert (dataset.description, dataset.labels) == ("Mine.", {"owner": "me"})


def test_other_tables_of_the_datasets_stay_as_they_are(
    fill_source: Callable, take: Callable, client: bigquery.Client
) -> None:
    fill_source(orders=[order(1)])
    take()
    for dataset in DATASETS:
        client.query_and_wait(f"CREATE TABLE {dataset}.mine AS SELECT 7 AS seven")
    take()
    for dataset in DATASETS:
        assert [row.seven for row in client.query_and_wait(f"SELECT * FROM {dataset}.mine")] == [7]
