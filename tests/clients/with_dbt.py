# /// script
# dependencies = ["dbt-bigquery<1.12", "dbt-core<1.12", "google-cloud-bigquery"]
# ///
"""dbt: `debug`, `build` twice (seeds, views, tables, incremental models, snapshots, tests), `docs generate`.

Setting: `method: oauth-secrets`, `token: any`, `api_endpoint: http://127.0.0.1:9050` in profiles.yml.
"""

import os
import tempfile
from pathlib import Path

from dbt.cli.main import dbtRunner
from steps import URL, connect, run

FOLDER = Path(__file__).with_name("dbt_project")
TARGET = tempfile.mkdtemp()
os.environ |= {
    "DCR_URL": URL,
    "DBT_PROFILES_DIR": str(FOLDER),
    "DBT_TARGET_PATH": TARGET,
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}


def dbt(*words: str) -> None:
    result = dbtRunner().invoke(["--quiet", "--log-path", TARGET, *words, "--project-dir", str(FOLDER)])
    nodes = getattr(result.result, "results", None) or []
    failed = [f"{each.node.name}: {each.message}" for each in nodes if each.status not in ("success", "pass")]
    assert result.success, result.exception or failed


def debug() -> None:
    dbt("debug")


def build() -> None:
    dbt("build")
    [row] = connect().query_and_wait("SELECT SUM(orders) AS n FROM dbt_samples.customers")
    assert row.n == connect().get_table("merchant_provider.orders").num_rows


def build_again() -> None:
    dbt("build")
    [row] = connect().query_and_wait("SELECT SUM(orders) AS n FROM dbt_samples.statuses")
    assert row.n == connect().get_table("merchant_provider.orders").num_rows


def docs_generate() -> None:
    dbt("docs", "generate")


def remove() -> None:
    connect().delete_dataset("dbt_samples", delete_contents=True)


run(debug, build, build_again, docs_generate, remove)
