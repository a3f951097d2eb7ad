# /// script
# dependencies = ["bigframes"]
# ///
"""bigframes: its quickstart, on the orders.

Setting: `bpd.options.bigquery.client_endpoints_override = {"bqclient": address}`, and anonymous credentials there.
`peek` and other large results do not work: they are read by the Storage API alone. `allow_large_results=False` is read
without it.
"""

import bigframes.pandas as bpd
from google.auth.credentials import AnonymousCredentials
from steps import PROJECT, URL, run

bpd.options.bigquery.project = PROJECT
bpd.options.bigquery.location = "US"
bpd.options.bigquery.credentials = AnonymousCredentials()
bpd.options.bigquery.client_endpoints_override = {"bqclient": URL}
bpd.options.display.progress_bar = None


def read_gbq_query() -> None:
    frame = bpd.read_gbq("SELECT status, COUNT(*) AS n FROM merchant_provider.orders GROUP BY status")
    assert frame["n"].sum() > 0


def read_gbq_table() -> None:
    orders = bpd.read_gbq(f"{PROJECT}.merchant_provider.orders")
    assert orders.shape[0] > 0
    assert len(orders.groupby("status")["num_of_item"].mean().to_pandas()) > 1


def head() -> None:
    users = bpd.read_gbq(f"{PROJECT}.merchant_provider.users")
    assert len(users[["id", "email"]].head(5).to_pandas(allow_large_results=False)) == 5


def read_pandas() -> None:
    import pandas as pd

    assert bpd.read_pandas(pd.DataFrame({"a": [1, 2]}))["a"].sum() == 3


run(read_gbq_query, read_gbq_table, head, read_pandas)
