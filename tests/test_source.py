"""Before anything is replaced: the source is there, it has orders in the window, and the locations fit."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import SOURCE_SCHEMAS
from dcr_data_generator.verify import ownership, source
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables
from tests.support.settings import make_settings, on

DATASETS = ("merchant_provider", "ewallet_provider")
NOON = "2025-09-23 12:00:00 UTC"
ORDER = {"order_id": 1, "user_id": 5, "status": "Complete", "created_at": NOON}
USER = {"id": 5, "email": "a@example.com"}


@pytest.fixture
def place(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project without the two datasets."""
    place = connect("source-tests")
    tables.drop_datasets(place.client)
    return place


@pytest.fixture
def one_order(place: Warehouse) -> None:
    """A source with one order."""
    tables.fill_source(place.client, orders=[ORDER], order_items=[{"order_id": 1}], users=[USER])


def check(place: Warehouse, function: Callable = source.check, **knobs: object) -> list[str]:
    """Check the source by a function of the module, for a run with these settings."""
    settings = make_settings(**knobs)
    return function(on(place, **knobs), settings.snapshot, settings.draws, settings.result.engine)


def refusal(place: Warehouse, function: Callable = source.check, **knobs: object) -> str:
    """The one line that refuses a run."""
    with pytest.raises(UserError) as error:
        check(place, function, **knobs)
    [line] = str(error.value).splitlines()
    return line


def test_an_empty_window_names_the_first_and_last_date_of_the_source(place: Warehouse) -> None:
    times = ["2025-11-22 23:59:59.999999 UTC", "2024-06-17 00:00:00 UTC", "2025-01-01 12:00:00 UTC"]
    orders = [{"order_id": number, "created_at": time} for number, time in enumerate(times)]
    tables.fill_source(place.client, orders=orders)
    assert refusal(place, days=3, target_date="2025-09-23") == (
        "the source has no orders on the 3 days to 2025-09-23: it has orders from 2024-06-17 to 2025-11-22"
    )
    assert not {*DATASETS} & {dataset.dataset_id for dataset in place.client.list_datasets()}


@pytest.mark.parametrize("orders", [[], [{"order_id": 1}]])
def test_a_source_without_orders_that_have_a_time_is_refused(place: Warehouse, orders: list[dict]) -> None:
    tables.fill_source(place.client, orders=orders)
    assert refusal(place) == "bigquery-public-data.thelook_ecommerce.orders is empty: there is nothing to copy"


@pytest.mark.usefixtures("one_order")
def test_a_location_other_than_the_sources_is_refused(place: Warehouse) -> None:
    line = refusal(place, source.check_tables, location="europe-west3")
    assert "the location is europe-west3" in line
    assert line.endswith("give --location US")


@pytest.mark.usefixtures("one_order")
def test_a_rate_that_makes_more_users_than_memory_holds_is_refused(place: Warehouse) -> None:
    # 1 order x 0.5 x 0.99999999 / 0.00000001 is some 50 million.
    line = refusal(place, wallet_only_rate=1 - 1e-8)
    assert "makes up to 49,999,999 wallet-only users" in line
    assert "give a lower rate" in line


def test_a_window_none_of_whose_orders_has_a_customer_is_refused(place: Warehouse) -> None:
    # An earlier record, which step 1 does not take, has an email.
    users = [
        USER | {"id": 6},
        {"id": 7, "email": None},
        {"id": 8, "email": "ann@example.com", "created_at": "2020-01-01"},
        {"id": 8, "email": " \t\r\n", "created_at": "2021-01-01"},
    ]
    # The customer's order lies outside the window.
    orders = [
        ORDER | {"order_id": number, "user_id": number} | ({"created_at": "2025-09-24"} if number == 6 else {})
        for number in range(5, 9)
    ]
    tables.fill_source(place.client, orders=orders, users=users)
    line = refusal(place)
    assert line.startswith("of the window's 3 orders, none has a user with an email")
    assert refusal(place, checking_frames(orders, users)) == line


@pytest.mark.usefixtures("one_order")
def test_orders_without_a_user_or_an_item_are_counted_in_one_line(place: Warehouse) -> None:
    assert check(place)[1] == []
    orders = [ORDER | {"order_id": number, "user_id": user} for number, user in enumerate([5, 6, None, 5, 7], start=1)]
    items = [{"order_id": 1}, {"order_id": 1}, {"order_id": None}, {"order_id": 9}, {"order_id": 4}]
    outside = ORDER | {"order_id": 99, "user_id": 99, "created_at": "2025-09-22", "status": "lost"}
    tables.fill_source(place.client, orders=[*orders, outside], order_items=items, users=[USER, USER | {"id": None}])
    assert check(place, target_date="2025-09-23")[1] == [
        "The window has 5 orders: 3 without a user in the source, 3 without an item."
    ]


def test_statuses_that_thelook_has_not_are_named_in_one_line(place: Warehouse) -> None:
    statuses = ["Complete", "SHIPPED", "cancelled", "Returned", "processing", None]
    statuses += ["Canceled", *"fedcb", "Canceled", "a\nb"]
    orders = [ORDER | {"order_id": number, "status": status} for number, status in enumerate(statuses)]
    items = [{"order_id": number} for number in range(len(statuses))]
    tables.fill_source(place.client, orders=orders, order_items=items, users=[USER])
    _, [line] = check(place)
    named = '"Canceled", "a\\nb", "b", "c", "d", and 2 more'
    assert line == f"7 statuses are not thelook's, and not taken for refunds: {named}"


@pytest.mark.usefixtures("one_order")
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_in_another_location_is_refused(place: Warehouse, dataset: str) -> None:
    elsewhere = bigquery.Dataset(place.path(dataset))
    elsewhere.location = "EU"
    place.client.create_dataset(elsewhere)
    assert refusal(place).startswith(f"dataset {place.path(dataset)} is in EU and the location is US")


@pytest.mark.usefixtures("one_order")
def test_the_datasets_are_created_in_the_location_in_any_case_and_one_that_exists_stays(
    place: Warehouse,
) -> None:
    mine = bigquery.Dataset(place.path("merchant_provider"))
    mine.location, mine.description, mine.labels = "US", "Mine.", {"owner": "me"}
    place.client.create_dataset(mine)
    check(place, location="us")
    with pytest.raises(NotFound):  # the check creates nothing
        place.client.get_dataset("ewallet_provider")
    marked = ownership.create_datasets(on(place, location="us"))
    merchant, provider = (place.client.get_dataset(name) for name in DATASETS)
    run = place.client.default_query_job_config.labels["run"]
    assert (merchant.description, merchant.labels) == ("Mine.", {"owner": "me", "run": run})
    assert [dataset.labels for dataset in marked] == [merchant.labels, provider.labels]
    assert (provider.location.upper(), bool(provider.description)) == ("US", True)


def test_a_dataset_that_may_not_be_marked_is_used_without_a_mark(
    place: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ownership.create_datasets(place)
    monkeypatch.setattr(place.client, "update_dataset", lambda *_: (_ for _ in ()).throw(Forbidden("Access Denied")))
    assert ownership.create_datasets(place) == []
    ownership.check_alone(place, [])


def checking_frames(orders: list[dict], users: list[dict]) -> Callable:
    """Check rows that are about to be loaded: a function for `check` and `refusal`."""
    rows = {"orders": orders, "users": users}
    frames = {name: tables.frame_of(thelook.SCHEMAS[name], rows[name]) for name in rows}
    return partial(source.check_frames, content=thelook.Content("mine", frames))


def test_frames_are_checked_like_the_source(place: Warehouse) -> None:
    times = ["2025-09-23 23:59:59.999999", None, "2025-09-25 00:00:00"]
    orders = [ORDER | {"order_id": number, "created_at": time} for number, time in enumerate(times)]
    check(place, checking_frames(orders, [USER]))
    line = refusal(place, checking_frames(orders, [USER]), target_date="2025-09-24")
    assert line.endswith("from 2025-09-23 to 2025-09-25")
    assert "is empty" in refusal(place, checking_frames([ORDER | {"created_at": None}], [USER]))


@pytest.mark.parametrize("time", ["2025-01-01 00:00:00", None])
def test_frames_whose_newest_record_is_not_told_apart_are_left_to_the_snapshot(
    time: str | None, place: Warehouse
) -> None:
    tied = [USER | {"created_at": time, "email": email} for email in ("a@example.com", None)]
    for users in (tied, tied[::-1]):
        check(place, checking_frames([ORDER], users))
    later = USER | {"created_at": "2025-01-02 00:00:00", "email": None}
    assert "none has a user with an email" in refusal(place, checking_frames([ORDER], [*tied, later]))
    nobody = [ORDER | {"user_id": None}], [USER | {"id": None}]
    assert "none has a user with an email" in refusal(place, checking_frames(*nobody))


def limit_bytes(place: Warehouse, **knobs: object) -> int:
    """How many bytes a run with these settings reads at most."""
    return source.limit_bytes(on(place, **knobs), make_settings(**knobs).snapshot)


@pytest.mark.usefixtures("one_order")
def test_what_a_run_reads_follows_from_dry_runs_and_a_query_may_be_billed_what_a_run_may(
    place: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"orders": 10 << 20, "order_items": 300 << 20, "users": 20 << 20}
    monkeypatch.setattr(Warehouse, "dry_run", lambda _, query: sizes[query.name])
    # Five statements read each table: one of step 1, two checks, and two that read all three: for the window, and
    # for answers that are withheld whole.
    assert limit_bytes(place) == 5 * (330 << 20)
    # One more reads all three for the IDs of copies.
    assert limit_bytes(place, scale=2) == 6 * (330 << 20)
    assert place.client.default_query_job_config.maximum_bytes_billed == 10 << 30
    monkeypatch.setattr(Warehouse, "dry_run", lambda *_: 0)
    limit_bytes(place, max_bytes_billed=1000)  # but each table that a query reads is billed as 10 MiB at least
    assert place.client.default_query_job_config.maximum_bytes_billed == 100 << 20


@pytest.mark.usefixtures("one_order")
def test_a_dry_run_has_no_limit_of_bytes(place: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    configs: list[dict] = []
    send = place.client._call_api

    def call(*arguments: object, **more: object) -> object:
        configs.append(more.get("data", {}).get("configuration", {}))
        return send(*arguments, **more)

    monkeypatch.setattr(place.client, "_call_api", call)
    place.client.default_query_job_config.maximum_bytes_billed = 1
    place.dry_run(sql.read("source/tables/orders"))
    assert [each["query"].get("maximumBytesBilled") for each in configs if each.get("dryRun")] == [str(2**63 - 1)]


def test_a_run_that_would_read_more_than_is_allowed_is_refused(
    place: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Warehouse, "dry_run", lambda *_: 1 << 30)
    # Five statements read each of three tables; a run that keeps its snapshot reads none of them.
    limit_bytes(place, max_bytes_billed=15 << 30)
    with pytest.raises(UserError, match=r"would read 16,106,127,360 bytes .* at most 16,106,127,359 are allowed"):
        limit_bytes(place, max_bytes_billed=(15 << 30) - 1)
    assert limit_bytes(place, keep_snapshot=True) == 0


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
    place: Warehouse, table: str, change: tuple[str, str | None] | None, line: str
) -> None:
    place.client.delete_dataset("my-shop.shop", delete_contents=True, not_found_ok=True)
    place.client.create_dataset("my-shop.shop")
    for name, schema in SOURCE_SCHEMAS.items():
        if name == table and change is None:
            continue
        fields = [*schema, bigquery.SchemaField("mine", "STRING")]
        if name == table:
            fields = [field for field in fields if field.name != change[0]]
            fields += [bigquery.SchemaField(*change)] if change[1] else []
        place.client.create_table(bigquery.Table(f"my-shop.shop.{name}", fields))
    own = {"write_project_id": place.project, "source_dataset": "my-shop.shop"}
    assert line in refusal(place, source.check_tables, **own)


def own_shop(place: Warehouse, monkeypatch: pytest.MonkeyPatch, table: str, change: dict) -> dict[str, str]:
    """Let a client have a shop of somebody's own, of which one table is otherwise; returns the settings for it."""

    def get_table(name: str) -> bigquery.Table:
        _, _, short = name.rpartition(".")
        fields = [field.to_api_repr() for field in SOURCE_SCHEMAS[short]]
        resource = {"type": "TABLE"} | (change if short == table else {})
        resource["schema"] = {"fields": [*fields, *resource.pop("fields", [])]}
        reference = dict(zip(("projectId", "datasetId", "tableId"), name.split("."), strict=True))
        return bigquery.Table.from_api_repr({"tableReference": reference, **resource})

    place.client.create_dataset("my-shop.shop", exists_ok=True)
    monkeypatch.setattr(place.client, "get_table", get_table)
    return {"write_project_id": place.project, "source_dataset": "my-shop.shop"}


NOTE = {"name": "note", "type": "JSON"}
PLACES = {"name": "places", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "at", "type": "GEOGRAPHY"}]}


@pytest.mark.parametrize(
    ("table", "change", "line"),
    [
        ("orders", {"fields": [NOTE]}, "column note of my-shop.shop.orders is JSON, which BigQuery cannot compare"),
        ("order_items", {"fields": [PLACES]}, "column at of my-shop.shop.order_items is GEOGRAPHY, which BigQuery"),
        ("users", {"fields": [NOTE, PLACES]}, None),  # thelook has a GEOGRAPHY there, too
        ("users", {"type": "EXTERNAL"}, "my-shop.shop.users is an external table, which BigQuery cannot read FOR SYS"),
    ],
)
def test_what_bigquery_cannot_compare_or_read_at_an_instant_is_named(
    place: Warehouse, monkeypatch: pytest.MonkeyPatch, table: str, change: dict, line: str | None
) -> None:
    own = own_shop(place, monkeypatch, table, change)
    if line:
        assert line in refusal(place, source.check_tables, **own)
    else:
        check(place, source.check_tables, **own)


@pytest.mark.parametrize(
    "error",
    [
        # As Fivetran's users have seen it.
        Forbidden("BigQuery: Time travel on table users is forbidden as it has (or has had) row access policies."),
        BadRequest("FOR SYSTEM_TIME AS OF is not supported for this table"),
    ],
)
def test_a_table_with_row_level_security_is_named(
    error: Exception, place: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Warehouse, query: sql.Query) -> int:
        if query.name == "users":
            raise error
        return 0

    monkeypatch.setattr(Warehouse, "dry_run", refuse)
    with pytest.raises(UserError, match=r"does not read .*thelook_ecommerce.users FOR .*without row-level security$"):
        limit_bytes(place)


def test_another_error_of_a_dry_run_stays_what_it_is(place: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise Forbidden("Access Denied")

    monkeypatch.setattr(Warehouse, "dry_run", refuse)
    with pytest.raises(Forbidden):
        limit_bytes(place)


def test_a_snapshot_to_keep_has_to_be_there(place: Warehouse) -> None:
    line = refusal(place, source.check_tables, keep_snapshot=True, suffix="_b")
    assert line.startswith("there is no table source-tests.merchant_provider_b.orders: run without --keep-")


def test_orders_that_do_not_fit_into_memory_are_refused_with_the_engine_that_needs_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = 50_000_000  # times 600 bytes is 30 billion, which is 27.9 GiB
    draws = make_settings(match_rate=0).draws
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 24 << 18}.__getitem__)
    with pytest.raises(UserError, match=r"need about 28 GiB of memory .* 50,000,000 orders, .* has 24 GiB: give --eng"):
        source.check_size(orders, draws, "pandas")
    source.check_size(orders, draws, "bigquery")
    source.check_size(40_000_000, draws, "pandas")
    monkeypatch.delattr(os, "sysconf")  # as on Windows
    source.check_size(orders, draws, "pandas")


@pytest.mark.usefixtures("one_order")
def test_every_copy_of_an_order_needs_its_memory(place: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "memory_of_this_machine", lambda: 1200)
    check(place, scale=2)
    assert "for 3 orders" in refusal(place, scale=3)
    assert "for 3 orders" in refusal(place, checking_frames([ORDER], [USER]), scale=3)


@pytest.mark.parametrize(
    ("least", "greatest", "scale"), [(-1, 2**62 - 1, 3), (-(2**62), 5, 3), (1, 2**63 // 1000, 1000)]
)
def test_copies_whose_ids_would_not_fit_are_refused(least: int, greatest: int, scale: int, place: Warehouse) -> None:
    items = [{"order_id": 1, "id": least, "inventory_item_id": greatest}]
    tables.fill_source(place.client, orders=[ORDER], order_items=items, users=[USER])
    assert refusal(place, scale=scale) == (
        f"the source has IDs from {min(least, 1)} to {greatest}, which are too large for {scale:,} copies: "
        "give a smaller --scale"
    )
    check(place, scale=scale - 1)


@pytest.mark.usefixtures("one_order")
@pytest.mark.slow
def test_a_run_inside_bigquery_deletes_nobody_elses_dataset(place: Warehouse) -> None:
    check(place, source.look, engine="bigquery")
    dataset = place.client.create_dataset("ewallet_working")
    for knobs in ({"engine": "bigquery"}, {"identity_noise": 0.1}):
        assert refusal(place, source.look, **knobs).startswith(
            "dataset source-tests.ewallet_working was not made by a run, and would be deleted"
        )
    check(place, source.look, engine="pandas")
    check(place, source.look, engine="bigquery", suffix="_b")
    dataset.labels = {"made-by": "dcr-data-generator"}  # as a run leaves it that was killed
    place.client.update_dataset(dataset, ["labels"])
    check(place, source.look, engine="bigquery")
    place.client.delete_dataset(dataset)


@pytest.mark.usefixtures("one_order")
def test_a_snapshot_that_is_kept_has_limits_like_one_that_is_taken(place: Warehouse) -> None:
    tables.make_five_tables(place)
    check(place, source.check_tables, keep_snapshot=True)
    # 1 order x 0.5 x 0.99999999 / 0.00000001 is some 50 million.
    line = refusal(place, source.check_tables, keep_snapshot=True, wallet_only_rate=1 - 1e-8)
    assert "makes up to 49,999,999 wallet-only users" in line
    line = refusal(place, source.check_tables, keep_snapshot=True, location="EU")
    assert "merchant_provider is in US and the location is EU" in line


def test_a_run_never_replaces_its_own_source(place: Warehouse) -> None:
    own = place.path("merchant_provider")
    place = on(place, write_project_id=place.project, source_dataset=own)
    with pytest.raises(UserError, match=f"dataset {own} is the source and would be replaced: give a --suffix"):
        source.check_dataset(place, "merchant_provider")


def test_a_run_reads_the_source_at_one_instant_that_bigquery_names(place: Warehouse) -> None:
    [before] = place.client.query_and_wait("SELECT CURRENT_TIMESTAMP()")
    time = place.source_time
    [after] = place.client.query_and_wait("SELECT CURRENT_TIMESTAMP()")
    assert before[0] <= time <= after[0]
    parameters = {each.name: each for each in place.query_parameters(sql.read("source/window"), {})}
    assert (parameters["source_time"].type_, parameters["source_time"].value) == ("TIMESTAMP", time)


@pytest.mark.usefixtures("one_order")
@pytest.mark.parametrize("file", ["checks/order_id_is_unique", "questions/4_user_enrichment/open"])
def test_a_file_of_sql_without_its_comment_is_named_before_anything_is_replaced(
    file: str, place: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(sql.FOLDER, tmp_path / "sql")
    path = folder / f"{file}.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("-- ", "--", 1), encoding="utf-8")
    monkeypatch.setattr(sql, "FOLDER", folder)
    assert f"dcr_data_generator/sql/{file}.sql has no comment" in refusal(place, source.look)
    assert not {*DATASETS} & {dataset.dataset_id for dataset in place.client.list_datasets()}
