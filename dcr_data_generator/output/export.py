"""Writes the five tables as Parquet, for other warehouses."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from dcr_data_generator.errors import UserError
from dcr_data_generator.output.whole_file import is_ours, write_whole
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.tables import FIVE_TABLES, PROVIDER, suffixed
from dcr_data_generator.warehouse.warehouse import Warehouse

ROWS_PER_GROUP = 100_000
# The others by all columns; the first of them is the key.
SORTED_BY = {f"{PROVIDER}.transactions": ["transaction_timestamp", "order_id"]}


def check_paths(folder: Path, suffix: str) -> None:
    """Check that an export replaces Parquet files and nothing else. Raises UserError if it would."""
    for name in FIVE_TABLES:
        if not is_ours(path := folder / file_of(suffixed(name, suffix)), b"PAR1"):
            raise UserError(f"{path} is not a Parquet file, and stays: give another --export")


def file_of(name: str) -> str:
    """Where a table is exported to, in the folder of the export."""
    return f"{name.replace('.', '/')}.parquet"


def run(warehouse: Warehouse, folder: Path) -> None:
    """Write the tables to merchant_provider/orders.parquet and so on, with the warehouse's types and order of columns.

    The rows are sorted, so that equal tables are equal files. A file of an earlier run is replaced once the new one is
    complete.

    Raises:
        UserError: a file cannot be written.
    """

    def write(name: str) -> None:
        path = folder / file_of(warehouse.named(name))
        columns = warehouse.client.get_table(warehouse.path(name)).schema
        rows = warehouse.read_arrow(name, columns)
        fields = zip(rows.schema, columns, strict=True)
        schema = pa.schema([field.with_nullable(column.is_nullable).remove_metadata() for field, column in fields])
        keys = SORTED_BY.get(name, schema.names)
        try:
            with write_whole(path) as file:
                table = pa.table(rows.columns, schema=schema).sort_by([(key, "ascending") for key in keys])
                parquet.write_table(table, file, row_group_size=ROWS_PER_GROUP)
            warehouse.changes.has_replaced(path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(f"{path} cannot be written ({reason}): give another --export") from None

    run_in_parallel(write, FIVE_TABLES, warehouse.threads, wait_for_all=True)
