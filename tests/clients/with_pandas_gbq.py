# /// script
# dependencies = ["pandas-gbq"]
# ///
"""pandas-gbq: `read_gbq` and `to_gbq`.

Setting: `BIGQUERY_EMULATOR_HOST=http://127.0.0.1:9050` in the environment, `credentials=AnonymousCredentials()`.
"""

import os

import pandas as pd
import pandas_gbq
from google.auth.credentials import AnonymousCredentials
from steps import PROJECT, URL, connect, run

os.environ["BIGQUERY_EMULATOR_HOST"] = URL
here = {"project_id": PROJECT, "credentials": AnonymousCredentials()}
read = {**here, "progress_bar_type": None}


def read_gbq() -> None:
    text = "SELECT status, COUNT(*) AS orders FROM merchant_provider.orders GROUP BY status"
    frame = pandas_gbq.read_gbq(text, **read)
    assert frame["orders"].sum() > 0


def read_a_table() -> None:
    frame = pandas_gbq.read_gbq(f"{PROJECT}.merchant_provider.users", **read)
    assert len(frame) > 0


def parameters() -> None:
    config = {
        "query": {
            "parameterMode": "NAMED",
            "queryParameters": [
                {"name": "x", "parameterType": {"type": "INTEGER"}, "parameterValue": {"value": 4}},
            ],
        }
    }
    frame = pandas_gbq.read_gbq("SELECT @x AS x", **read, configuration=config)
    assert frame["x"].tolist() == [4]


def to_gbq() -> None:
    frame = pd.DataFrame(
        {
            "my_string": ["a", "b", "c"],
            "my_int64": [1, 2, 3],
            "my_float64": [4.0, 5.0, 6.0],
            "my_bool1": [True, False, True],
            "my_dates": pd.date_range("2025-01-01", periods=3),
        }
    )
    for if_exists, rows in (("replace", 3), ("append", 6)):
        pandas_gbq.to_gbq(frame, "gbq_samples.my_table", **here, if_exists=if_exists, progress_bar=False)
        found = pandas_gbq.read_gbq("SELECT * FROM gbq_samples.my_table ORDER BY my_int64", **read)
        assert len(found) == rows
    connect().delete_dataset("gbq_samples", delete_contents=True)


run(read_gbq, read_a_table, parameters, to_gbq)
