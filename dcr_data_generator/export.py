"""Writes the five tables as Parquet, so that the same partnership can be loaded elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
from google.cloud import bigquery
from pyarrow import parquet

from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.whole_file import written_whole

ROWS_A_GROUP = 100_000


def path_of(table: str, folder: Path) -> Path:
    """Where a table goes: merchant_provider.orders to merchant_provider/orders.parquet."""
    return folder / f"{table.replace('.', '/')}.parquet"


def run(client: bigquery.Client, folder: Path, progress: Callable[[str, int, int], None]) -> None:
    """Write the tables at once, each a group of rows at a time, with the warehouse's types and order of columns.

    `progress` is told the table, how many of its rows have been written, and how many there are.
    """
    run_in_parallel(
        lambda table: write(client, table, path_of(table, folder), progress),
        FIVE_TABLES,
        client.reads_at_once,
        wait_for_all=True,
    )


def write(client: bigquery.Client, table: str, path: Path, progress: Callable[[str, int, int], None]) -> None:
    """Write a table beside the file of an earlier run, and move it over that once it is whole."""
    schema, rows, batches = client.read_batches(table)
    written = 0
    try:
        with written_whole(path) as file, parquet.ParquetWriter(file, schema) as writer:
            for group in groups(schema, batches):
                writer.write_table(group, row_group_size=ROWS_A_GROUP)
                written += group.num_rows
                progress(table, written, rows)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"{path} cannot be written ({reason}): free some space, or give another --export") from None


def groups(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put batches together until they make a group of rows; no batch makes one without rows."""
    waiting = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= ROWS_A_GROUP:
            yield pa.Table.from_batches(waiting)
            waiting = []
    yield pa.Table.from_batches(waiting, schema)
