"""Writes the five tables as Parquet, for other warehouses."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.warehouse import Warehouse
from dcr_data_generator.whole_file import write_whole

ROWS_PER_GROUP = 100_000
ARROW_TYPES = {
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "FLOAT64": pa.float64(),  # bqemulator's name
    "STRING": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
    "GEOGRAPHY": pa.string(),
}


def path_of(table: str, folder: Path) -> Path:
    """The file of a table: merchant_provider/orders.parquet for merchant_provider.orders."""
    return folder / f"{table.replace('.', '/')}.parquet"


def run(warehouse: Warehouse, folder: Path, progress: Callable[[str, int, int], None]) -> None:
    """Write the tables, with the warehouse's types and order of columns.

    Args:
        warehouse: where the tables are.
        folder: where the files go; a file of an earlier run is replaced once the new one is complete.
        progress: is called with a table, the number of rows written so far, and the number of its rows.
    """
    run_in_parallel(
        lambda table: write(warehouse, table, path_of(table, folder), progress),
        FIVE_TABLES,
        warehouse.threads,
        wait_for_all=True,
    )


def write(warehouse: Warehouse, name: str, path: Path, progress: Callable[[str, int, int], None]) -> None:
    """Write one table, a group of rows at a time."""
    table = warehouse.client.get_table(f"{warehouse.client.project}.{name}")
    schema = pa.schema(
        [pa.field(each.name, ARROW_TYPES[each.field_type], each.mode != "REQUIRED") for each in table.schema]
    )
    batches = warehouse.client.list_rows(table).to_arrow_iterable(warehouse.storage_client, max_stream_count=1)
    written = 0
    try:
        with write_whole(path) as file, parquet.ParquetWriter(file, schema) as writer:
            for group in groups(
                schema, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches)
            ):
                writer.write_table(group, row_group_size=ROWS_PER_GROUP)
                written += group.num_rows
                progress(name, written, table.num_rows or 0)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"{path} cannot be written ({reason}): free some space, or give another --export") from None


def groups(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Join batches until they make up a group of rows; without batches, there is one group without rows."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= ROWS_PER_GROUP:
            yield pa.Table.from_batches(waiting)
            waiting = []
    yield pa.Table.from_batches(waiting, schema)
