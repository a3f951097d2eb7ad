# /// script
# dependencies = ["ibis-framework[bigquery]"]
# ///
"""ibis: its tutorial on BigQuery.

Setting: `connect(client=client, credentials=AnonymousCredentials(), ...)`, `connection.storage_client = None` and
`client._ensure_bqstorage_client = lambda *_, **__: None`: nothing of ibis turns the Storage API off.
"""

import ibis
import pandas as pd
from google.auth.credentials import AnonymousCredentials
from ibis import _
from steps import PROJECT, connect, run

client = connect()
connection = ibis.bigquery.connect(
    client=client, credentials=AnonymousCredentials(), project_id=PROJECT, dataset_id="merchant_provider"
)
connection.storage_client = None
client._ensure_bqstorage_client = lambda *_, **__: None


def tables() -> None:
    assert "orders" in connection.list_tables()
    assert "merchant_provider" in connection.list_databases()
    assert connection.table("orders").schema()["order_id"].is_integer()


def aggregate() -> None:
    orders = connection.table("orders")
    frame = orders.group_by("status").agg(n=_.count()).order_by(ibis.desc("n")).execute()
    assert frame["n"].sum() == orders.count().execute()


def join_and_dates() -> None:
    orders, users = connection.table("orders"), connection.table("users")
    days = (
        orders.join(users, orders.user_id == users.id)
        .filter(orders.delivered_at > orders.created_at)
        .mutate(month=_.created_at.truncate("M"), hours=_.delivered_at.delta(_.created_at, unit="hour"))
        .group_by(["country", "month"])
        .agg(mean=_.hours.mean(), median=_.hours.approx_median())
    )
    assert len(days.execute()) > 0


def window() -> None:
    orders = connection.table("orders")
    ranked = orders.mutate(rank=ibis.row_number().over(group_by="user_id", order_by="created_at")).filter(_.rank == 0)
    assert ranked.count().execute() == orders.user_id.nunique().execute()


def to_pyarrow() -> None:
    assert connection.table("users").limit(3).to_pyarrow().num_rows == 3


def sql() -> None:
    assert connection.sql("SELECT COUNT(*) AS n FROM merchant_provider.orders").execute()["n"][0] > 0


def create_and_insert() -> None:
    connection.create_database("ibis_samples", force=True)
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    connection.create_table("made", frame, database="ibis_samples", overwrite=True)
    connection.create_view(
        "seen", connection.table("made", database="ibis_samples").filter(_.a > 1), database="ibis_samples"
    )
    assert connection.table("seen", database="ibis_samples").execute()["a"].tolist() == [2]
    connection.create_table("copied", connection.table("orders").limit(4), database="ibis_samples", overwrite=True)
    assert connection.table("copied", database="ibis_samples").count().execute() == 4
    client.delete_dataset("ibis_samples", delete_contents=True)


def memtable() -> None:
    table = ibis.memtable({"status": ["Complete"], "weight": [2]})
    joined = connection.table("orders").join(table, "status")
    assert connection.to_pandas(joined.weight.sum()) > 0


run(tables, aggregate, join_and_dates, window, to_pyarrow, sql, create_and_insert, memtable)
