"""Before anything is replaced: the source is there, it has orders in the window, and the locations fit."""

import os
from collections.abc import Callable

import pytest
from google.api_core.exceptions import Forbidden, NotFound
from google.cloud import bigquery

from dcr_data_generator import source, sql
from dcr_data_generator.embedded import thelook
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import SOURCE_SCHEMAS
from dcr_data_generator.warehouse import Warehouse
from tests.support import tables
from tests.support.settings import make_settings

DATASETS = ("merchant_provider", "ewallet_provider")
NOON = "2025-09-23 12:00:00 UTC"
ORDER = {"order_id": 1, "user_id": 5, "status": "Complete", "created_at": NOON}
USER = {"id": 5, "email": "a@example.com"}


@pytest.fixture
def client(connect: Callable) -> bigquery.Client:
    """A client of a project without the two datasets."""
    client = connect("source-tests").client
    tables.drop_datasets(client)
    return client


@pytest.fixture
def one_order(client: bigquery.Client) -> None:
    """A source with one order."""
    tables.fill_source(client, orders=[ORDER], order_items=[{"order_id": 1}], users=[USER])


def refusal(client: bigquery.Client, **knobs: object) -> str:
    """The one line that refuses a run."""
    with pytest.raises(UserError) as error:
        source.check(client, make_settings(**knobs))
    [line] = str(error.value).splitlines()
    return line


def test_an_empty_window_names_the_first_and_last_date_of_the_source(client: bigquery.Client) -> None:
    times = ["2025-11-22 23:59:59.999999 UTC", "2024-06-17 00:00:00 UTC", "2025-01-01 12:00:00 UTC"]
    tables.fill_source(client, orders=[{"order_id": number, "created_at": time} for number, time in enumerate(times)])
    assert refusal(client, days=3) == (
        "the source has no orders on the 3 days to 2025-09-23: it has orders from 2024-06-17 to 2025-11-22"
    )
    assert not {*DATASETS} & {dataset.dataset_id for dataset in client.list_datasets()}


@pytest.mark.parametrize("orders", [[], [{"order_id": 1}]])
def test_a_source_without_orders_that_have_a_time_is_refused(client: bigquery.Client, orders: list[dict]) -> None:
    tables.fill_source(client, orders=orders)
    assert refusal(client) == "bigquery-public-data.thelook_ecommerce.orders is empty: there is nothing to copy"


@pytest.mark.usefixtures("one_order")
def test_a_location_other_than_the_sources_is_refused(client: bigquery.Client) -> None:
    with pytest.raises(UserError) as error:
        source.check_tables(client, make_settings(location="europe-west3"))
    line = str(error.value)
    assert "the location is europe-west3" in line
    assert line.endswith("give --location US")


@pytest.mark.usefixtures("one_order")
def test_a_rate_that_makes_more_users_than_memory_holds_is_refused(client: bigquery.Client) -> None:
    # 1 order x 0.5 x 0.99999999 / 0.00000001 is some 50 million.
    line = refusal(client, wallet_only_rate=1 - 1e-8)
    assert "makes up to 49,999,999 wallet-only users" in line
    assert "give a lower rate" in line


def test_a_window_none_of_whose_orders_has_a_customer_is_refused(client: bigquery.Client) -> None:
    users = [USER | {"id": 6}, {"id": 7, "email": None}, {"id": 8, "email": " \t\r\n"}]
    # The customer's order lies outside the window.
    orders = [
        ORDER | {"order_id": number, "user_id": number} | ({"created_at": "2025-09-24"} if number == 6 else {})
        for number in range(5, 9)
    ]
    tables.fill_source(client, orders=orders, users=users)
    line = refusal(client)
    assert line.startswith("none of the window's 3 orders has a user with an email")
    with pytest.raises(UserError) as error:
        check_frames(client, orders, users)
    assert str(error.value) == line


@pytest.mark.usefixtures("one_order")
def test_orders_without_a_user_or_an_item_are_counted_in_one_line(client: bigquery.Client) -> None:
    assert source.check(client, make_settings()) == []
    orders = [ORDER | {"order_id": number, "user_id": user} for number, user in enumerate([5, 6, None, 5, 7], start=1)]
    items = [{"order_id": 1}, {"order_id": 1}, {"order_id": None}, {"order_id": 9}, {"order_id": 4}]
    outside = ORDER | {"order_id": 99, "user_id": 99, "created_at": "2025-09-22", "status": "lost"}
    tables.fill_source(client, orders=[*orders, outside], order_items=items, users=[USER, USER | {"id": None}])
    assert source.check(client, make_settings()) == [
        "Of the window's 5 orders, 3 have no user in the source and 3 have no item."
    ]


def test_statuses_that_thelook_has_not_are_named_in_one_line(client: bigquery.Client) -> None:
    statuses = ["Complete", "SHIPPED", "cancelled", "Returned", "processing", None, "Canceled", "Canceled", "a\nb"]
    orders = [ORDER | {"order_id": number, "status": status} for number, status in enumerate(statuses)]
    items = [{"order_id": number} for number in range(len(statuses))]
    tables.fill_source(client, orders=orders, order_items=items, users=[USER])
    [line] = source.check(client, make_settings())
    assert line == 'These statuses are not thelook\'s, and are not taken for refunds: "Canceled", "a\\nb"'


@pytest.mark.usefixtures("one_order")
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_in_another_location_is_refused(client: bigquery.Client, dataset: str) -> None:
    elsewhere = bigquery.Dataset(f"{client.project}.{dataset}")
    elsewhere.location = "EU"
    client.create_dataset(elsewhere)
    assert refusal(client).startswith(f"dataset {client.project}.{dataset} is in EU and the location is US")


@pytest.mark.usefixtures("one_order")
def test_the_datasets_are_created_in_the_location_in_any_case_and_one_that_exists_stays(
    client: bigquery.Client,
) -> None:
    mine = bigquery.Dataset(f"{client.project}.merchant_provider")
    mine.location, mine.description, mine.labels = "US", "Mine.", {"owner": "me"}
    client.create_dataset(mine)
    settings = make_settings(location="us")
    source.check(client, settings)
    with pytest.raises(NotFound):  # the check creates nothing
        client.get_dataset("ewallet_provider")
    marked = source.create_datasets(client, settings)
    merchant, provider = (client.get_dataset(name) for name in DATASETS)
    run = client.default_query_job_config.labels["run"]
    assert (merchant.description, merchant.labels) == ("Mine.", {"owner": "me", "run": run})
    assert [dataset.labels for dataset in marked] == [merchant.labels, provider.labels]
    assert (provider.location.upper(), bool(provider.description)) == ("US", True)


def test_a_dataset_that_may_not_be_marked_is_used_without_a_mark(
    client: bigquery.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.create_datasets(client, make_settings())
    monkeypatch.setattr(client, "update_dataset", lambda *_: (_ for _ in ()).throw(Forbidden("Access Denied")))
    assert source.create_datasets(client, make_settings()) == []
    source.check_alone(client, [])


def check_frames(client: bigquery.Client, orders: list[dict], users: list[dict], **knobs: object) -> None:
    """Check a source that is about to be loaded."""
    frames = [tables.frame_of(thelook.SCHEMAS[name], rows) for name, rows in (("orders", orders), ("users", users))]
    source.check_frames(client, make_settings(**knobs), "US", *frames)


def test_frames_are_checked_like_the_source(client: bigquery.Client) -> None:
    times = ["2025-09-23 23:59:59.999999", None, "2025-09-25 00:00:00"]
    orders = [ORDER | {"order_id": number, "created_at": time} for number, time in enumerate(times)]
    check_frames(client, orders, [USER])
    with pytest.raises(UserError, match="from 2025-09-23 to 2025-09-25"):
        check_frames(client, orders, [USER], target_date="2025-09-24")
    with pytest.raises(UserError, match="is empty"):
        check_frames(client, [ORDER | {"created_at": None}], [USER])


@pytest.mark.usefixtures("one_order")
def test_the_limit_of_bytes_follows_from_dry_runs(client: bigquery.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"orders": 10 << 20, "order_items": 300 << 20, "users": 20 << 20}
    monkeypatch.setattr(sql, "dry_run", lambda _, query, __: sizes[query.name])
    # Five statements read each table: one of step 1, two checks, and two that read all three: for the window, and
    # for answers that are withheld whole.
    assert source.limit_bytes(client, make_settings()) == 5 * (330 << 20)
    assert client.default_query_job_config.maximum_bytes_billed == 2 * (330 << 20)
    # One more reads all three for the IDs of copies; of a snapshot of any size, a query may be billed what a run may.
    assert source.limit_bytes(client, make_settings(scale=2)) == 6 * (330 << 20)
    assert client.default_query_job_config.maximum_bytes_billed == 10 << 30
    monkeypatch.setattr(sql, "dry_run", lambda *_: 0)
    source.limit_bytes(client, make_settings())
    assert client.default_query_job_config.maximum_bytes_billed == 100 << 20


def test_a_run_that_would_read_more_than_is_allowed_is_refused(
    client: bigquery.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "dry_run", lambda *_: 1 << 30)
    # Five statements read each of three tables; a run that keeps its snapshot reads none of them.
    source.limit_bytes(client, make_settings(max_bytes_billed=15 << 30))
    with pytest.raises(UserError, match=r"would read 16,106,127,360 bytes .* at most 16,106,127,359 are allowed"):
        source.limit_bytes(client, make_settings(max_bytes_billed=(15 << 30) - 1))
    assert source.limit_bytes(client, make_settings(keep_snapshot=True)) == 0


@pytest.mark.parametrize(
    ("table", "change", "line"),
    [
        ("users", None, r"there is no table my-shop.shop.users: give a dataset with orders, order_items, users"),
        ("orders", ("status", None), "column status of my-shop.shop.orders is missing: it has to be STRING, as in"),
        ("users", ("age", "STRING"), "column age of my-shop.shop.users is STRING: it has to be INT64, as in thelook"),
        ("order_items", ("sale_price", "NUMERIC"), "my-shop.shop.order_items is NUMERIC: it has to be FLOAT64"),
    ],
)
def test_an_own_source_without_thelooks_columns_is_refused(
    client: bigquery.Client, table: str, change: tuple[str, str | None] | None, line: str
) -> None:
    client.delete_dataset("my-shop.shop", delete_contents=True, not_found_ok=True)
    client.create_dataset("my-shop.shop")
    for name, schema in SOURCE_SCHEMAS.items():
        if name == table and change is None:
            continue
        fields = [*schema, bigquery.SchemaField("mine", "STRING")]
        if name == table:
            fields = [field for field in fields if field.name != change[0]]
            fields += [bigquery.SchemaField(*change)] if change[1] else []
        client.create_table(bigquery.Table(f"my-shop.shop.{name}", fields))
    settings = make_settings(write_project_id=client.project, source_dataset="my-shop.shop")
    with pytest.raises(UserError) as error:
        source.check_tables(client, settings)
    assert line in str(error.value)


def test_a_snapshot_to_keep_has_to_be_there(client: bigquery.Client) -> None:
    settings = make_settings(keep_snapshot=True, suffix="_b")
    with pytest.raises(UserError, match=r"no table source-tests.merchant_provider_b.orders: run without --keep-"):
        source.check_tables(client, settings)


def test_orders_that_do_not_fit_into_memory_are_refused_with_the_engine_that_needs_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = 50_000_000  # times 600 bytes is 30 billion, which is 27.9 GiB
    small = make_settings(match_rate=0)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 24 << 18}.__getitem__)
    with pytest.raises(UserError, match=r"need about 28 GiB of memory .* 50,000,000 orders, .* has 24 GiB: give --eng"):
        source.check_size(orders, small)
    source.check_size(orders, make_settings(match_rate=0, engine="bigquery"))
    source.check_size(40_000_000, small)
    with pytest.raises(UserError, match="for 80,000,000 orders"):
        source.check_size(40_000_000, make_settings(match_rate=0, scale=2))
    monkeypatch.delattr(os, "sysconf")  # as on Windows
    source.check_size(orders, small)


@pytest.mark.parametrize(
    ("least", "greatest", "scale"), [(-1, 2**62 - 1, 3), (-(2**62), 5, 3), (1, 2**63 // 1000, 1000)]
)
def test_copies_whose_ids_would_not_fit_are_refused(
    least: int, greatest: int, scale: int, client: bigquery.Client
) -> None:
    items = [{"order_id": 1, "id": least, "inventory_item_id": greatest}]
    tables.fill_source(client, orders=[ORDER], order_items=items, users=[USER])
    assert refusal(client, scale=scale) == (
        f"the source has IDs from {min(least, 1)} to {greatest}, which are too large for {scale:,} copies: "
        "give a smaller --scale"
    )
    source.check(client, make_settings(scale=scale - 1))


@pytest.mark.usefixtures("one_order")
def test_a_run_inside_bigquery_deletes_nobody_elses_dataset(client: bigquery.Client) -> None:
    settings = make_settings(engine="bigquery")
    source.check_tables(client, settings)
    dataset = bigquery.Dataset(f"{client.project}.ewallet_working")
    client.create_dataset(dataset)
    with pytest.raises(UserError, match=r"source-tests.ewallet_working was not made by a run, and would be deleted"):
        source.check_tables(client, settings)
    source.check_tables(client, make_settings(engine="pandas"))
    source.check_tables(client, make_settings(engine="bigquery", suffix="_b"))
    dataset.labels = {"made-by": "dcr-data-generator"}  # as a run leaves it that was killed
    client.update_dataset(dataset, ["labels"])
    source.check_tables(client, settings)
    client.delete_dataset(dataset)


@pytest.mark.usefixtures("one_order")
def test_a_snapshot_that_is_kept_has_limits_like_one_that_is_taken(client: bigquery.Client) -> None:
    tables.make_five_tables(Warehouse(client, None, "", ""), make_settings())
    source.check_tables(client, make_settings(keep_snapshot=True))
    # 1 order x 0.5 x 0.99999999 / 0.00000001 is some 50 million.
    with pytest.raises(UserError, match="makes up to 49,999,999 wallet-only users"):
        source.check_tables(client, make_settings(keep_snapshot=True, wallet_only_rate=1 - 1e-8))
    with pytest.raises(UserError, match="merchant_provider is in US and the location is EU"):
        source.check_tables(client, make_settings(keep_snapshot=True, location="EU"))


def test_a_run_never_replaces_its_own_source(client: bigquery.Client) -> None:
    own = f"{client.project}.merchant_provider"
    settings = make_settings(write_project_id=client.project, source_dataset=own)
    with pytest.raises(UserError, match=f"dataset {own} is the source and would be replaced: give a --suffix"):
        source.check_dataset(client, "merchant_provider", settings)


def test_a_run_reads_the_source_at_one_instant_that_bigquery_names(client: bigquery.Client) -> None:
    [before] = client.query_and_wait("SELECT CURRENT_TIMESTAMP()")
    settings = source.at_one_instant(client, make_settings())
    [after] = client.query_and_wait("SELECT CURRENT_TIMESTAMP()")
    assert before[0] <= settings.source_time <= after[0]
    [parameter] = [
        each for each in sql.query_parameters(sql.read("source_window"), settings) if each.name == "source_time"
    ]
    assert (parameter.type_, parameter.value) == ("TIMESTAMP", settings.source_time)
