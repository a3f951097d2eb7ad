"""Tables for tests: frames with the dtypes of a schema, loaded into a BigQuery, and steps 1 and 2 on them."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
from google.cloud import bigquery

from dcr_data_generator import ewallet, ewallet_sql, snapshot
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.verify import ownership, source
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support.settings import make_settings, on, window_of

DTYPES = {
    "INTEGER": "Int64",
    "FLOAT": "float64",
    "FLOAT64": "float64",
    "STRING": "str",
    "BOOLEAN": "boolean",
    "DATE": pd.ArrowDtype(pa.date32()),
    "TIMESTAMP": "datetime64[us, UTC]",
}


def frame_of(schema: Sequence[bigquery.SchemaField], rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """A frame with the columns of a schema, and NULL where a row leaves one out."""
    frame = pd.DataFrame(rows, columns=[field.name for field in schema], dtype=object)
    return frame.astype({field.name: DTYPES[field.field_type] for field in schema})


def load(client: bigquery.Client, frame: pd.DataFrame, table: str, schema: Sequence[bigquery.SchemaField]) -> None:
    """Replace a table."""
    job_config = bigquery.LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
    client.load_table_from_dataframe(frame, table, job_config=job_config).result()


def fill_source(client: bigquery.Client, **tables: pd.DataFrame | Sequence[Mapping[str, object]]) -> None:
    """Replace the source by frames, or by rows: `fill_source(client, orders=[{"order_id": 1, ...}])`."""
    dataset = bigquery.Dataset(SOURCE)
    dataset.location = thelook.LOCATION
    client.create_dataset(dataset, exists_ok=True)
    for name, schema in thelook.SCHEMAS.items():
        table = tables.get(name, [])
        frame = table if isinstance(table, pd.DataFrame) else frame_of(schema, table)
        load(client, frame[[field.name for field in schema]], f"{SOURCE}.{name}", schema)


def make_five_tables(place: Warehouse, **knobs: object) -> Warehouse:
    """Take the two steps, with these settings; returns the place with them."""
    settings, place = make_settings(**knobs), on(place, **knobs)
    window, draws, engine = window_of(settings), settings.draws, settings.result.engine
    source.check(place, settings.snapshot, draws, engine)
    ownership.create_datasets(place)
    snapshot.take(place, window)
    (ewallet if engine == "pandas" else ewallet_sql).create(place, draws, window.last_date, settings.snapshot.scale)
    return place


def drop_datasets(client: bigquery.Client) -> None:
    """Delete both parties' datasets."""
    for dataset in ("merchant_provider", "ewallet_provider"):
        client.delete_dataset(f"{client.project}.{dataset}", delete_contents=True, not_found_ok=True)
