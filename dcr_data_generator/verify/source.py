"""Looks at the source before anything is replaced: it is there, it has orders in the window, and the result fits."""

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import NamedTuple

import pandas as pd
from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Draws, Snapshot, Window
from dcr_data_generator.snapshot import recorded_window
from dcr_data_generator.tables import DATASETS, MERCHANT, SOURCE, SOURCE_SCHEMAS, WORKING, WORKING_LABELS
from dcr_data_generator.values import counted, on_one_line
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse

# There are two million pairs of a name and a domain for emails, and the rare names are hardly ever drawn. Each copy of
# a scaled merchant has as many.
MAX_WALLET_ONLY_USERS = 500_000
# So many unknown statuses are listed, as source/window.sql has them.
MAX_STATUSES = 5
# What small queries may be billed: BigQuery bills 10 MiB per table at least.
MIN_BYTES_BILLED = 100 << 20
GIB = 1 << 30
# What pandas needs at its peak, with the frames that it reads: `python -m tests.benchmarks growth` measures it.
BYTES_PER_ORDER = 600


class Look(NamedTuple):
    """What came of a look: the days to copy, what to know of them, in sentences, and how many bytes a run reads."""

    window: Window
    notices: list[str]
    bytes_to_read: int


def look(warehouse: Warehouse, snapshot: Snapshot, draws: Draws, engine: str) -> Look:
    """Fill the source where it is the program's own, and check that a run on it can succeed. Nothing else is changed.

    The warehouse knows the window afterwards.

    Raises:
        UserError: a file of SQL, a table or a column is missing; the source is elsewhere than the datasets, has no
            order of a customer in the window, or too many; or a dataset is in the way.
    """
    sql.check_all()
    if engine == "bigquery" or draws.identity_noise:
        check_working_dataset(warehouse)
    if not snapshot.keep_snapshot and warehouse.source_dataset == SOURCE:
        fill(warehouse, snapshot, draws, engine)
    check_tables(warehouse, snapshot, draws, engine)
    bytes_to_read = limit_bytes(warehouse, snapshot)
    notices: list[str] = []
    if snapshot.keep_snapshot:
        window = kept_window(warehouse, snapshot)
    else:
        window, notices = check(warehouse, snapshot, draws, engine)
    warehouse.window, warehouse.parameters = window, {**warehouse.parameters, **window.parameters}
    return Look(window, notices, bytes_to_read)


def kept_window(warehouse: Warehouse, snapshot: Snapshot) -> Window:
    """The days of a snapshot that is kept.

    Raises:
        UserError: the settings name other days, or none where the snapshot does not say which it has; or it is
            unfinished.
    """
    kept, wanted, days = recorded_window(warehouse), snapshot.target_date, snapshot.days
    if kept and wanted not in (None, kept.last_date):
        raise UserError(f"the kept snapshot ends on {kept.last_date}: leave out --target-date {wanted}")
    if kept and days not in (1, kept.days):  # without --days, it is 1
        raise UserError(f"the kept snapshot has {kept.words}: give --days {kept.days} instead of --days {days}")
    if not kept and not wanted:
        raise UserError(
            "the kept snapshot does not say which days it has: give the --target-date that it was made with"
        )
    return kept or Window(wanted, days)  # type: ignore[arg-type]


def fill(warehouse: Warehouse, snapshot: Snapshot, draws: Draws, engine: str) -> None:
    """Load what the source lacks, an export or the sample, once it is known that a run on it can succeed."""
    if content := warehouse.missing_source(snapshot.source):
        check_frames(warehouse, snapshot, draws, engine, content)
        thelook.load(warehouse.client, content)


def check_tables(warehouse: Warehouse, snapshot: Snapshot, draws: Draws, engine: str) -> None:
    """Check that the source, or the snapshot to keep, has thelook's tables and columns; it may have more columns."""
    client = warehouse.client
    dataset, advice = warehouse.source_dataset, f"give a dataset with {', '.join(SOURCE_SCHEMAS)}"
    if snapshot.keep_snapshot:
        dataset, advice = warehouse.path(MERCHANT), "run without --keep-snapshot first"
    for table, schema in SOURCE_SCHEMAS.items():
        name = f"{dataset}.{table}"
        try:
            found = client.get_table(name)
        except NotFound:
            raise UserError(f"there is no table {name}: {advice}") from None
        types = {field.name: type_of(field) for field in found.schema}
        for field in schema:
            if types.get(field.name) != type_of(field):
                actual = f"is {types[field.name]}" if field.name in types else "is missing"
                raise UserError(f"column {field.name} of {name} {actual}: it has to be {type_of(field)}, as in thelook")
        if not snapshot.keep_snapshot:
            check_readable(found, name, is_grouped=table != "users")
    if snapshot.keep_snapshot:
        check_size(client.get_table(f"{dataset}.orders").num_rows or 0, draws, engine)
        run_in_parallel(lambda name: check_dataset(warehouse, name), DATASETS)
    else:
        check_location(warehouse, client.get_dataset(dataset).location)


def check_readable(table: bigquery.Table, name: str, is_grouped: bool) -> None:
    """Check that a table of the source can be read at an instant, and its rows compared where they are.

    "Access historical data": the table cannot be an external one. "Data types": what cannot be grouped.
    """
    if table.table_type == "EXTERNAL":
        raise UserError(
            f"{name} is an external table, which BigQuery cannot read FOR SYSTEM_TIME AS OF: copy it into a table"
        )
    for column in columns_of(table.schema) if is_grouped else []:
        if column.field_type in ("JSON", "GEOGRAPHY"):
            raise UserError(
                f"column {column.name} of {name} is {column.field_type}, which BigQuery cannot compare: give a copy of "
                "the table without it"
            )


def columns_of(schema: Sequence[bigquery.SchemaField]) -> Iterator[bigquery.SchemaField]:
    """All columns, and those in them."""
    for field in schema:
        yield field
        yield from columns_of(field.fields)


def check_working_dataset(warehouse: Warehouse) -> None:
    """Check that the dataset which a run inside BigQuery creates and deletes is not somebody else's."""
    name = warehouse.path(WORKING)
    with suppress(NotFound):
        if warehouse.client.get_dataset(name).labels != WORKING_LABELS:
            raise UserError(f"dataset {name} was not made by a run, and would be deleted: give another --suffix")


def type_of(field: bigquery.SchemaField) -> str:
    """The type of a column as BigQuery's SQL names it, such as INT64."""
    return str(field.to_standard_sql().to_api_repr()["type"]["typeKind"])


def check(warehouse: Warehouse, snapshot: Snapshot, draws: Draws, engine: str) -> tuple[Window, list[str]]:
    """Check the source's orders in the window, and the location of the datasets that exist already.

    Returns: the window, and what to know of the source, in sentences.
    """
    wanted = {"target_date": snapshot.target_date, "days": snapshot.days}
    row = warehouse.run("source/window", values=wanted).row
    window = Window(row.target_date, snapshot.days, snapshot.target_date is None) if row.target_date else None
    window = check_orders(
        warehouse, window, row.orders_in_window, row.orders_of_customers, row.first_date, row.last_date
    )
    orders = row.orders_in_window
    check_size(orders * snapshot.scale, draws, engine, snapshot.scale)
    if snapshot.scale > 1:
        check_ids(warehouse, snapshot.scale)
    notices = []
    if window.first_date < row.first_date:
        days = (window.last_date - row.first_date).days + 1
        notices.append(
            f"The source begins on {row.first_date}: the snapshot has {days:,} of the {counted(window.days, 'day')}."
        )
    if window.last_date > row.last_date:
        notices.append(f"The source has no order on {window.last_date}: its last is of {row.last_date}.")
    if orders > min(row.orders_with_user, row.orders_with_items):
        notices.append(
            f"The window has {counted(orders, 'order')}: {orders - row.orders_with_user:,} without a user in the "
            f"source, {orders - row.orders_with_items:,} without an item."
        )
    if row.other_statuses:
        statuses = counted(row.number_of_other_statuses, "status is", "statuses are")
        notices.append(f"{statuses} not thelook's, and not taken for refunds: {row.other_statuses}")
        if (more := row.number_of_other_statuses - MAX_STATUSES) > 0:
            notices[-1] += f", and {more:,} more"
    return window, notices


def check_ids(warehouse: Warehouse, scale: int) -> None:
    """Check that the IDs of so many copies are integers of BigQuery."""
    [ids] = warehouse.run("source/ids").rows
    if ids.smallest * scale < -(2**63) or (ids.largest + 1) * scale > 2**63:
        raise UserError(
            f"the source has IDs from {ids.smallest} to {ids.largest}, which are too large for {scale:,} copies: give "
            "a smaller --scale"
        )


def limit_bytes(warehouse: Warehouse, snapshot: Snapshot) -> int:
    """Limit what each query may be billed to what the settings allow a run.

    Returns: how many bytes of the source all statements of a run read at most, by dry runs.

    Raises:
        UserError: that is more than the settings allow, or BigQuery refuses to read a table at an instant.
    """
    most, reads = snapshot.max_bytes_billed, [0]
    if not snapshot.keep_snapshot:
        sizes = {query.name: bytes_of(warehouse, query) for query in sql.read_folder("source/tables")}
        statements = [query.text for folder in ("snapshot", "checks") for query in sql.read_folder(folder)]
        others = ["source/window", "advice/enough_days"] + ["source/ids"] * (snapshot.scale > 1)
        statements += [sql.read(name).text for name in others]
        reads = [sum(size for name, size in sizes.items() if f"{SOURCE}.{name}`" in text) for text in statements]
    if sum(reads) > most:
        raise UserError(
            f"this run would read {sum(reads):,} bytes of the source, and at most {most:,} are allowed: give more "
            "--max-bytes-billed"
        )
    defaults = warehouse.client.default_query_job_config or bigquery.QueryJobConfig()
    defaults.maximum_bytes_billed = max(MIN_BYTES_BILLED, most)
    warehouse.client.default_query_job_config = defaults
    return sum(reads)


def bytes_of(warehouse: Warehouse, query: sql.Query) -> int:
    """How many bytes of a table of the source are read. Raises UserError where BigQuery does not read it so."""
    try:
        return warehouse.dry_run(query)
    except (BadRequest, Forbidden) as error:
        if not re.search("time travel|system_time|row access polic", error.message, re.IGNORECASE):
            raise
        name = f"{warehouse.source_dataset}.{query.name}"
        raise UserError(
            f"BigQuery does not read {name} FOR SYSTEM_TIME AS OF ({on_one_line(error.message)}): copy it into a table "
            "without row-level security"
        ) from None


def check_frames(warehouse: Warehouse, snapshot: Snapshot, draws: Draws, engine: str, content: thelook.Content) -> None:
    """Check the same of a source that is about to be loaded. Raises UserError as `check` does."""
    orders, users = content.tables["orders"], content.tables["users"]
    days = orders["created_at"].dt.tz_localize(None).dt.floor("D")
    window = None
    if days.notna().any():
        newest = min(days.max(), pd.Timestamp(warehouse.source_time.date()))
        chosen = days[days < newest].max()
        last_date = snapshot.target_date or (days.max() if pd.isna(chosen) else chosen).date()
        window = Window(last_date, snapshot.days)
    in_window = (
        orders[days.between(*map(pd.Timestamp, (window.first_date, window.last_date)))] if window else orders[:0]
    )
    newest = users.groupby("id")["created_at"].transform("max")
    is_newest = users["created_at"].eq(newest) | newest.isna()  # of several, the snapshot says which one counts
    has_email = users["email"].str.strip(" \t\r\n").fillna("") != ""
    customers = in_window["user_id"].isin(users["id"][is_newest & has_email].dropna())
    first, last = (None, None) if days.isna().all() else (days.min().date(), days.max().date())
    check_location(warehouse, thelook.LOCATION)
    check_orders(warehouse, window, len(in_window), customers.sum(), first, last)
    check_size(len(in_window) * snapshot.scale, draws, engine, snapshot.scale)


def check_orders(
    warehouse: Warehouse,
    window: Window | None,
    orders: int,
    orders_of_customers: int,
    first: date | None,
    last: date | None,
) -> Window:
    """Check a source that has so many orders in the window, and orders from the first to the last date.

    Returns: the window, which a source without orders does not have.
    """
    if not window:
        raise UserError(f"{warehouse.source_dataset}.orders is empty: there is nothing to copy")
    if not orders:
        raise UserError(f"the source has no orders on {window.words}: it has orders from {first} to {last}")
    if not orders_of_customers:
        raise UserError(
            f"of the window's {counted(orders, 'order')}, none has a user with an email in the source: give an export "
            "whose tables belong together, or another --target-date and --days"
        )
    run_in_parallel(lambda name: check_dataset(warehouse, name), DATASETS)
    return window


def check_size(orders: int, draws: Draws, engine: str, scale: int = 1) -> None:
    """Check that there are names for the wallet-only users of so many orders, and memory for step 2 in pandas."""
    # At most one holder per order. Near a rate of 1, there would be no end of wallet-only users.
    wallet_only = orders * draws.match_rate * draws.wallet_only_rate / (1 - draws.wallet_only_rate)
    if wallet_only > MAX_WALLET_ONLY_USERS * scale:
        raise UserError(
            f"a wallet-only rate of {draws.wallet_only_rate} makes up to {wallet_only:,.0f} wallet-only users, and "
            f"there are names for {MAX_WALLET_ONLY_USERS * scale:,}: give a lower rate"
        )
    if engine != "pandas":
        return
    needed, memory = orders * BYTES_PER_ORDER, memory_of_this_machine()
    if needed > memory:
        raise UserError(
            f"step 2 would need about {needed / GIB:,.0f} GiB of memory for {counted(orders, 'order')}, and this "
            f"machine has {memory / GIB:,.0f} GiB: give --engine bigquery, which needs less, or fewer --days or --scale"
        )


def memory_of_this_machine() -> float:
    """How many bytes of memory this machine has; infinitely many where it does not tell, which is on Windows."""
    with suppress(AttributeError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return math.inf


def check_location(warehouse: Warehouse, location: str) -> None:
    """Check that the source is where the datasets are to be."""
    if location.upper() != warehouse.settings.location.upper():
        raise UserError(
            f"the location is {warehouse.settings.location} and {warehouse.source_dataset} is in {location}, and "
            f"BigQuery does not copy across locations: give --location {location}"
        )


def check_dataset(warehouse: Warehouse, name: str) -> None:
    """Check that a dataset, if it exists, is where the settings say."""
    name, wanted = warehouse.path(name), warehouse.settings.location
    if name == warehouse.source_dataset:
        raise UserError(f"dataset {name} is the source and would be replaced: give a --suffix")
    with suppress(NotFound):
        location = warehouse.client.get_dataset(name).location
        if location.upper() != wanted.upper():
            raise UserError(
                f"dataset {name} is in {location} and the location is {wanted}, where {warehouse.source_dataset} is: "
                "delete the dataset, or give another --write-project-id"
            )
