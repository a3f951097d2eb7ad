"""Writes the five tables as Parquet, so that the same partnership can be loaded elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
from google.cloud import bigquery
from pyarrow import parquet

TABLES = [
    "merchant_provider.orders",
    "merchant_provider.order_items",
    "merchant_provider.users",
    "ewallet_provider.provider_users",
    "ewallet_provider.transactions",
]
ROWS_A_GROUP = 100_000


def path_of(table: str, folder: Path) -> Path:
    """Where a table goes: merchant_provider.orders to merchant_provider/orders.parquet."""
    return folder / f"{table.replace('.', '/')}.parquet"


def run(client: bigquery.Client, folder: Path, progress: Callable[[str, int, int], None]) -> None:
    """Write the tables at once, each a group of rows at a time, with the warehouse's types and order of columns.

    `progress` is told the table, how many of its rows have been written, and how many there are.
    """
    with ThreadPoolExecutor(client.reads_at_once) as threads:
        for written in [threads.submit(write, client, table, path_of(table, folder), progress) for table in TABLES]:
            written.result()


def write(client: bigquery.Client, table: str, path: Path, progress: Callable[[str, int, int], None]) -> None:
    """Write a table beside the file of an earlier run, and move it over that once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    schema, rows, batches = client.read_batches(table)
    written = 0
    try:
        with parquet.ParquetWriter(unfinished, schema) as writer:
            for group in groups(schema, batches):
                writer.write_table(group, row_group_size=ROWS_A_GROUP)
                written += group.num_rows
                progress(table, written, rows)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def groups(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put batches together until they make a group of rows; no batch makes one without rows."""
    waiting = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= ROWS_A_GROUP:
            yield pa.Table.from_batches(waiting)
            waiting = []
    yield pa.Table.from_batches(waiting, schema)
