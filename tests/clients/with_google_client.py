# /// script
# dependencies = ["google-cloud-bigquery[bqstorage,pandas]"]
# ///
"""google-cloud-bigquery: its quickstart and samples.

Setting: `create_bqstorage_client=False` in `to_dataframe` and `to_arrow`.
"""

import io

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from steps import PROJECT, connect, run

client = connect()


def query() -> None:
    rows = client.query_and_wait("SELECT status, COUNT(*) AS orders FROM merchant_provider.orders GROUP BY status")
    assert sum(row.orders for row in rows) == client.get_table("merchant_provider.orders").num_rows > 0


def query_with_parameters() -> None:
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter("status", "STRING", "Complete"),
            bigquery.ArrayQueryParameter("ids", "INT64", [1, 2, 3]),
            bigquery.StructQueryParameter("s", bigquery.ScalarQueryParameter("x", "INT64", 1)),
        ]
    )
    text = "SELECT @status AS status, ARRAY_LENGTH(@ids) AS ids, @s.x AS x"
    [row] = client.query(text, job_config=config).result()
    assert tuple(row) == ("Complete", 3, 1)
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter(None, "INT64", 7)])
    [row] = client.query_and_wait("SELECT ? + 1 AS x", job_config=config)
    assert row.x == 8


def to_dataframe() -> None:
    frame = client.query("SELECT order_id, created_at FROM merchant_provider.orders").to_dataframe(
        create_bqstorage_client=False
    )
    assert len(frame) > 0
    assert str(frame["created_at"].dtype).startswith("datetime64")


def to_arrow() -> None:
    assert client.query_and_wait("SELECT 1 AS x").to_arrow(create_bqstorage_client=False).to_pydict() == {"x": [1]}


def list_and_get() -> None:
    assert "merchant_provider" in {each.dataset_id for each in client.list_datasets()}
    assert "orders" in {each.table_id for each in client.list_tables("merchant_provider")}
    table = client.get_table("merchant_provider.orders")
    assert [field.name for field in table.schema][:2] == ["order_id", "user_id"]
    assert table.num_rows == len(list(client.list_rows(table)))
    assert table.num_bytes > 0


def create_update_and_delete() -> None:
    dataset = bigquery.Dataset(f"{PROJECT}.samples")
    dataset.location = "US"
    dataset = client.create_dataset(dataset, exists_ok=True)
    dataset.description, dataset.labels = "For samples", {"color": "green"}
    dataset = client.update_dataset(dataset, ["description", "labels"])
    assert (dataset.description, dataset.labels["color"]) == ("For samples", "green")
    schema = [bigquery.SchemaField("name", "STRING", mode="REQUIRED"), bigquery.SchemaField("age", "INTEGER")]
    table = client.create_table(bigquery.Table(f"{PROJECT}.samples.people", schema=schema), exists_ok=True)
    table.schema = [*table.schema, bigquery.SchemaField("phone", "STRING")]
    assert len(client.update_table(table, ["schema"]).schema) == 3
    client.delete_table(table)
    try:
        client.get_table(table)
        raise AssertionError
    except NotFound:
        pass


def insert_rows() -> None:
    schema = [bigquery.SchemaField("name", "STRING"), bigquery.SchemaField("age", "INTEGER")]
    table = client.create_table(bigquery.Table(f"{PROJECT}.samples.inserted", schema=schema), exists_ok=True)
    assert client.insert_rows_json(table, [{"name": "Phred", "age": 32}]) == []
    assert client.insert_rows(table, [("Wylma", 29)]) == []
    assert sorted(row.age for row in client.list_rows(table)) == [29, 32]
    client.delete_table(table)


def load() -> None:
    target = f"{PROJECT}.samples.loaded"
    config = bigquery.LoadJobConfig(write_disposition="WRITE_TRUNCATE", autodetect=True)
    client.load_table_from_json([{"name": "a", "post_abbr": "A"}], target, job_config=config).result()
    client.load_table_from_dataframe(pd.DataFrame({"name": ["x", "y"]}), target, job_config=config).result()
    assert client.get_table(target).num_rows == 2
    config = bigquery.LoadJobConfig(source_format="CSV", skip_leading_rows=1, autodetect=True)
    client.load_table_from_file(io.BytesIO(b"a,b\n1,x\n2,y\n"), f"{PROJECT}.samples.csv", job_config=config).result()
    assert client.get_table(f"{PROJECT}.samples.csv").schema[0].field_type == "INTEGER"


def copy() -> None:
    client.copy_table(
        "merchant_provider.orders",
        f"{PROJECT}.samples.copied",
        job_config=bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE"),
    ).result()
    assert client.get_table(f"{PROJECT}.samples.copied").num_rows > 0


def destination() -> None:
    config = bigquery.QueryJobConfig(destination=f"{PROJECT}.samples.written", write_disposition="WRITE_TRUNCATE")
    client.query("SELECT 17 AS answer", job_config=config).result()
    assert [row.answer for row in client.list_rows(f"{PROJECT}.samples.written")] == [17]


def dry_run() -> None:
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    assert client.query("SELECT order_id FROM merchant_provider.orders", job_config=config).total_bytes_processed > 0


def view() -> None:
    view = bigquery.Table(f"{PROJECT}.samples.view")
    view.view_query = "SELECT status FROM merchant_provider.orders"
    client.delete_table(view, not_found_ok=True)
    client.create_table(view)
    assert client.get_table(view).view_query == "SELECT status FROM merchant_provider.orders"
    [row] = client.query_and_wait("SELECT COUNT(*) AS n FROM samples.view")
    assert row.n > 0


def jobs_and_scripts() -> None:
    job = client.query("SELECT 1 AS x", job_config=bigquery.QueryJobConfig(labels={"a": "b"}))
    job.result()
    assert client.get_job(job.job_id).state == "DONE"
    assert job.job_id in {each.job_id for each in client.list_jobs(max_results=50)}
    [row] = client.query_and_wait("DECLARE x INT64 DEFAULT 3; SET x = x + 1; SELECT x AS x;")
    assert row.x == 4


def routines() -> None:
    client.query_and_wait("CREATE OR REPLACE FUNCTION samples.doubled(x INT64) AS (x * 2)")
    [row] = client.query_and_wait("SELECT samples.doubled(4) AS x")
    assert row.x == 8
    assert "doubled" in {each.routine_id for each in client.list_routines("samples")}


def change_rows() -> None:
    client.query_and_wait("CREATE OR REPLACE TABLE samples.changed AS SELECT 1 AS id, 'a' AS name")
    job = client.query("UPDATE samples.changed SET name = 'b' WHERE id = 1")
    job.result()
    assert job.num_dml_affected_rows == 1
    client.query_and_wait("DELETE FROM samples.changed WHERE id = 1")
    assert client.get_table("samples.changed").num_rows == 0


def delete_dataset() -> None:
    client.delete_dataset("samples", delete_contents=True)
    assert "samples" not in {each.dataset_id for each in client.list_datasets()}


run(
    query, query_with_parameters, to_dataframe, to_arrow, list_and_get, create_update_and_delete, insert_rows, load,
    copy, destination, dry_run, view, jobs_and_scripts, routines, change_rows, delete_dataset,
)  # fmt: skip
