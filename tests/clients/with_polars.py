# /// script
# dependencies = ["polars", "pyarrow", "google-cloud-bigquery"]
# ///
"""polars: its page on BigQuery, to read and to write.

Setting: `create_bqstorage_client=False` in `to_arrow`.
"""

import io

import polars as pl
from google.cloud import bigquery
from google.cloud.bigquery import dbapi
from steps import PROJECT, connect, run

client = connect()


def read() -> None:
    rows = client.query("SELECT * FROM merchant_provider.orders").result()
    frame = pl.from_arrow(rows.to_arrow(create_bqstorage_client=False))
    assert frame.height == client.get_table("merchant_provider.orders").num_rows
    assert frame.schema["created_at"] == pl.Datetime("us", "UTC")


def read_database() -> None:
    connection = dbapi.connect(client, prefer_bqstorage_client=False)
    frame = pl.read_database("SELECT status, COUNT(*) AS n FROM merchant_provider.orders GROUP BY status", connection)
    assert frame["n"].sum() > 0


def write() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "tags": [["x"], [], ["y", "z"]]})
    client.create_dataset("polars_samples", exists_ok=True)
    with io.BytesIO() as stream:
        frame.write_parquet(stream)
        stream.seek(0)
        options = bigquery.ParquetOptions()
        options.enable_list_inference = True
        config = bigquery.LoadJobConfig(source_format=bigquery.SourceFormat.PARQUET, parquet_options=options)
        client.load_table_from_file(stream, f"{PROJECT}.polars_samples.made", job_config=config).result()
    [row] = client.query_and_wait("SELECT SUM(a) AS a, SUM(ARRAY_LENGTH(tags)) AS tags FROM polars_samples.made")
    assert tuple(row) == (6, 3)
    client.delete_dataset("polars_samples", delete_contents=True)


run(read, read_database, write)
