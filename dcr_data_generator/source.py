"""Looks at the source before anything is replaced: it is there, it has orders in the window, and the result fits."""

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import chain

import pandas as pd
from google.api_core.exceptions import Forbidden, NotFound
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.errors import AnotherRunError, UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import DATASETS, MERCHANT, SOURCE, SOURCE_SCHEMAS, WORKING, WORKING_LABELS, named

# The label of a run's jobs, and of the datasets that it writes to.
RUN = "run"
MAX_WALLET_ONLY_USERS = 10_000_000
# What small queries may be billed: BigQuery bills 10 MiB per table at least.
MIN_BYTES_BILLED = 100 << 20
GIB = 1 << 30
# What pandas needs at its peak, with the frames that it reads: `python -m tests.benchmarks growth` measures it.
BYTES_PER_ORDER = 600


def at_one_instant(client: bigquery.Client, settings: Settings) -> Settings:
    """Fix the instant at which all statements of the run read the source; it is BigQuery's own time."""
    now = sql.run(client, "source_time", settings).row
    return replace(settings, source_time=now.source_time)


def check_tables(client: bigquery.Client, settings: Settings) -> None:
    """Check that the source, or the snapshot to keep, has thelook's tables and columns; it may have more columns.

    Raises:
        UserError: a table or column is missing, or has another type; the source is elsewhere than the datasets; or a
            dataset is in the way.
    """
    if settings.engine == "bigquery" or settings.identity_noise:
        check_working_dataset(client, settings)
    dataset, advice = settings.source_dataset, f"give a dataset with {', '.join(SOURCE_SCHEMAS)}"
    if settings.keep_snapshot:
        dataset, advice = named(f"{client.project}.{MERCHANT}", settings), "run without --keep-snapshot first"
    for table, schema in SOURCE_SCHEMAS.items():
        name = f"{dataset}.{table}"
        try:
            types = {field.name: type_of(field) for field in client.get_table(name).schema}
        except NotFound:
            raise UserError(f"there is no table {name}: {advice}") from None
        for field in schema:
            if types.get(field.name) != type_of(field):
                actual = f"is {types[field.name]}" if field.name in types else "is missing"
                raise UserError(f"column {field.name} of {name} {actual}: it has to be {type_of(field)}, as in thelook")
    if settings.keep_snapshot:
        check_size(client.get_table(f"{dataset}.orders").num_rows or 0, settings)
        run_in_parallel(lambda name: check_dataset(client, name, settings), DATASETS)
    else:
        check_location(settings, client.get_dataset(dataset).location)


def check_working_dataset(client: bigquery.Client, settings: Settings) -> None:
    """Check that the dataset which a run inside BigQuery makes and deletes is not somebody else's."""
    name = named(f"{client.project}.{WORKING}", settings)
    with suppress(NotFound):
        if client.get_dataset(name).labels != WORKING_LABELS:
            raise UserError(f"dataset {name} was not made by a run, and would be deleted: give another --suffix")


def type_of(field: bigquery.SchemaField) -> str:
    """The type of a column as BigQuery's SQL names it, such as INT64."""
    return str(field.to_standard_sql().to_api_repr()["type"]["typeKind"])


def check(client: bigquery.Client, settings: Settings) -> list[str]:
    """Check the source's orders in the window, and the location of the datasets that exist already.

    Returns: what to know of the source, in sentences.

    Raises:
        UserError: the source has no order of a customer in the window, or too many; or a dataset is elsewhere.
    """
    window = sql.run(client, "source_window", settings).row
    orders, customers = window.orders_in_window, window.orders_of_customers
    check_run(client, settings, orders, customers, window.first_date, window.last_date)
    if settings.scale > 1:
        check_ids(client, settings)
    notices = []
    if orders > min(window.orders_with_user, window.orders_with_items):
        notices.append(
            f"Of the window's {orders:,} orders, {orders - window.orders_with_user:,} have no user in the source and "
            f"{orders - window.orders_with_items:,} have no item."
        )
    if window.other_statuses:
        notices.append(f"These statuses are not thelook's, and are not taken for refunds: {window.other_statuses}")
    return notices


def check_ids(client: bigquery.Client, settings: Settings) -> None:
    """Check that the IDs of the copies that the settings ask for are integers of BigQuery."""
    [ids] = sql.run(client, "source_ids", settings).rows
    if ids.smallest * settings.scale < -(2**63) or (ids.largest + 1) * settings.scale > 2**63:
        raise UserError(
            f"the source has IDs from {ids.smallest} to {ids.largest}, which are too large for {settings.scale:,} "
            "copies: give a smaller --scale"
        )


def limit_bytes(client: bigquery.Client, settings: Settings) -> int:
    """Limit what each query may be billed to twice what the largest statement reads, by a dry run.

    A snapshot that is kept or scaled may be larger than the source: there the limit is that of the settings.

    Returns: how many bytes of the source all statements of a run read at most.

    Raises:
        UserError: that is more than the settings allow.
    """
    defaults = client.default_query_job_config or bigquery.QueryJobConfig()
    if settings.keep_snapshot:
        defaults.maximum_bytes_billed = settings.max_bytes_billed
        client.default_query_job_config = defaults
        return 0
    sizes = {query.name: sql.dry_run(client, query, settings) for query in sql.read_folder("source")}
    statements = [query.text for folder in ("snapshot", "checks") for query in sql.read_folder(folder)]
    others = ["source_window", "enough_days"] + ["source_ids"] * (settings.scale > 1)
    statements += [sql.read(name).text for name in others]
    reads = [sum(size for name, size in sizes.items() if f"{SOURCE}.{name}`" in text) for text in statements]
    if sum(reads) > settings.max_bytes_billed:
        raise UserError(
            f"this run would read {sum(reads):,} bytes of the source, and at most {settings.max_bytes_billed:,} are "
            "allowed: give more --max-bytes-billed"
        )
    limit = max(MIN_BYTES_BILLED, 2 * max(reads)) if settings.scale == 1 else settings.max_bytes_billed
    defaults.maximum_bytes_billed = limit
    client.default_query_job_config = defaults
    return sum(reads)


def check_frames(
    client: bigquery.Client, settings: Settings, location: str, orders: pd.DataFrame, users: pd.DataFrame
) -> None:
    """Check the same of a source that is about to be loaded to a location. Raises UserError as `check` does."""
    days = orders["created_at"].dt.tz_localize(None).dt.floor("D")
    in_window = orders[days.between(pd.Timestamp(settings.first_date), pd.Timestamp(settings.target_date))]
    customers = in_window["user_id"].isin(users["id"][users["email"].str.strip(" \t\r\n").fillna("") != ""])
    first, last = (None, None) if days.isna().all() else (days.min().date(), days.max().date())
    check_location(settings, location)
    check_run(client, settings, len(in_window), customers.sum(), first, last)


def check_run(
    client: bigquery.Client,
    settings: Settings,
    orders: int,
    orders_of_customers: int,
    first: date | None,
    last: date | None,
) -> None:
    """Check a source that has so many orders in the window, and orders from the first to the last date."""
    if not first:
        raise UserError(f"{settings.source_dataset}.orders is empty: there is nothing to copy")
    if not orders:
        raise UserError(f"the source has no orders on {settings.window}: it has orders from {first} to {last}")
    if not orders_of_customers:
        raise UserError(
            f"none of the window's {orders:,} orders has a user with an email in the source: give an export whose "
            "tables belong together, or another --target-date and --days"
        )
    check_size(orders, settings)
    run_in_parallel(lambda name: check_dataset(client, name, settings), DATASETS)


def check_size(orders: int, settings: Settings) -> None:
    """Check that step 2 in pandas does not invent too many users for so many orders, and has the memory for them."""
    if settings.engine != "pandas":
        return
    orders *= settings.scale
    # At most one holder per order. Near a rate of 1, there would be no end of wallet-only users.
    wallet_only = orders * settings.match_rate * settings.wallet_only_rate / (1 - settings.wallet_only_rate)
    if wallet_only > MAX_WALLET_ONLY_USERS:
        raise UserError(
            f"a wallet-only rate of {settings.wallet_only_rate} makes up to {wallet_only:,.0f} wallet-only users, and "
            f"at most {MAX_WALLET_ONLY_USERS:,} are allowed: give a lower rate"
        )
    needed, memory = orders * BYTES_PER_ORDER, memory_of_this_machine()
    if needed > memory:
        raise UserError(
            f"step 2 would need about {needed / GIB:,.0f} GiB of memory for {orders:,} orders, and this "
            f"machine has {memory / GIB:,.0f} GiB: give --engine bigquery, which needs less, or fewer --days or --scale"
        )


def memory_of_this_machine() -> float:
    """How many bytes of memory this machine has; infinitely many where it does not tell, which is on Windows."""
    with suppress(AttributeError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return math.inf


def check_location(settings: Settings, location: str) -> None:
    """Check that the source is where the datasets are to be."""
    if location.upper() != settings.location.upper():
        raise UserError(
            f"the location is {settings.location} and {settings.source_dataset} is in {location}, and BigQuery does "
            f"not copy across locations: give --location {location}"
        )


def check_dataset(client: bigquery.Client, name: str, settings: Settings) -> None:
    """Check that a dataset, if it exists, is where the settings say."""
    name = named(f"{client.project}.{name}", settings)
    if name == settings.source_dataset:
        raise UserError(f"dataset {name} is the source and would be replaced: give a --suffix")
    with suppress(NotFound):
        location = client.get_dataset(name).location
        if location.upper() != settings.location.upper():
            raise UserError(
                f"dataset {name} is in {location} and the location is {settings.location}, where "
                f"{settings.source_dataset} is: delete the dataset, or give another --write-project-id"
            )


def create_datasets(client: bigquery.Client, settings: Settings) -> list[bigquery.Dataset]:
    """Create the two datasets where they are missing, and mark them with this run; one that exists stays else as it is.

    Returns: those that are marked. The role BigQuery Data Editor does not allow it where somebody else created them.
    """
    run = (client.default_query_job_config or bigquery.QueryJobConfig()).labels[RUN]

    def create(name: str) -> list[bigquery.Dataset]:
        dataset = bigquery.Dataset(named(f"{client.project}.{name}", settings))
        dataset.location, dataset.description, dataset.labels = settings.location, DATASETS[name], {RUN: run}
        try:
            dataset.labels = client.get_dataset(dataset.reference).labels | {RUN: run}
            client.update_dataset(dataset, ["labels"])
        except NotFound:
            client.create_dataset(dataset, exists_ok=True)
        except Forbidden:
            return []
        return [dataset]

    return list(chain.from_iterable(run_in_parallel(create, DATASETS)))


def check_alone(client: bigquery.Client, marked: Sequence[bigquery.Dataset], has_written: bool = False) -> None:
    """Check that the datasets still have the mark of this run; one that has written until now tells the other run, too.

    Raises:
        AnotherRunError: another run has begun to write to the datasets since this one did.
    """
    if all(client.get_dataset(each.reference).labels.get(RUN) == each.labels[RUN] for each in marked):
        return
    if has_written:
        for each in marked:
            client.update_dataset(each, ["labels"])
    names = " and ".join(each.dataset_id for each in marked)
    raise AnotherRunError(
        f"another run has written to {names} at the same time, and the tables may be those of both: run again once it "
        "has ended, or give another --suffix"
    )
