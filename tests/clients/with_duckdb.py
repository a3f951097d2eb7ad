# /// script
# dependencies = ["duckdb", "google-cloud-bigquery"]
# ///
"""DuckDB: over the files of `--export exported`.

Setting: none; it reads the files, not the address.
"""

import duckdb
from steps import EXPORTED, connect, run


def count() -> None:
    for table in ("merchant_provider/orders", "merchant_provider/users", "ewallet_provider/transactions"):
        rows = duckdb.sql(f"SELECT COUNT(*) FROM '{EXPORTED}/{table}.parquet'").fetchall()[0][0]
        assert rows == connect().get_table(table.replace("/", ".")).num_rows


def join() -> None:
    found = duckdb.sql(
        f"SELECT SUM(t.transaction_amount) FROM '{EXPORTED}/ewallet_provider/transactions.parquet' t "
        f"JOIN '{EXPORTED}/merchant_provider/orders.parquet' o USING (order_id)"
    ).fetchall()[0][0]
    [row] = connect().query_and_wait(
        "SELECT SUM(transaction_amount) AS x FROM ewallet_provider.transactions JOIN merchant_provider.orders "
        "USING (order_id)"
    )
    assert abs(found - row.x) < 1e-6


run(count, join)
