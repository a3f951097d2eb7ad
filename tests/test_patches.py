"""Every change to a foreign package is still used by it; tests/embedded/test_lock.py has what guard.py locks."""

import queue
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
import requests
from google.cloud.bigquery import _pandas_helpers
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.tables import SNAPSHOT_COLUMNS
from dcr_data_generator.warehouse import patches
from dcr_data_generator.warehouse.embedded import engine, guard
from dcr_data_generator.warehouse.embedded import patches as embedded_patches
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator


def test_a_client_that_reads_a_table_looks_for_its_end_every_hundredth_of_a_second(
    default_run: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = set()

    class Watched(queue.Queue):
        def get(self, block: bool = True, timeout: float | None = None) -> object:
            waits.add(timeout)
            return super().get(block, timeout)

    monkeypatch.setattr(_pandas_helpers, "_PROGRESS_INTERVAL", 0.2)  # Google's own
    monkeypatch.setattr(_pandas_helpers, "queue", SimpleNamespace(Queue=Watched, Empty=queue.Empty))
    patches.apply()
    assert len(default_run.read("merchant_provider.orders", SNAPSHOT_COLUMNS["orders"])) == 1104
    assert waits - {None} == {0.01}


def test_the_emulator_parses_a_statement_once(
    connect: Callable[[str], Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    parse, parsed = Dialect.parse, Counter()

    def count(dialect: Dialect, text: str, **options: object) -> object:
        parsed[text, type(dialect).__name__] += 1
        return parse(dialect, text, **options)

    monkeypatch.setattr(Dialect, "parse", count)
    text = "SELECT 4711 AS number"
    connect("patch-tests").client.query_and_wait(text)
    # BigQuery's once more, because the emulator translates by another function of sqlglot.
    assert (parsed[text, "BigQuery"], parsed[text, "DuckDB"]) == (2, 1)


def test_whoever_parses_a_statement_gets_a_tree_of_their_own() -> None:
    first, second = (embedded_patches.parse_once("SELECT 1", read="bigquery") for _ in range(2))
    first.set("limit", exp.Limit(expression=exp.Literal.number(5)))
    assert (first.sql(), second.sql()) == ("SELECT 1 LIMIT 5", "SELECT 1")


def test_neither_old_versions_of_a_changed_table_nor_old_jobs_are_kept(tmp_path: Path) -> None:
    with engine.running(tmp_path) as endpoints:
        client = emulator.connect(endpoints.rest, "somebody")
        client.create_dataset("mine")
        client.query_and_wait("CREATE TABLE mine.seven AS SELECT 7 AS seven")
        client.query_and_wait("UPDATE mine.seven SET seven = 8 WHERE TRUE")
        assert [list(row) for row in client.query("SELECT * FROM mine.seven").result()] == [[8]]
        assert {job.state for job in client.list_jobs()} == {"DONE"}
    with duckdb.connect(tmp_path / engine.DATA, read_only=True) as database:
        tables = database.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = '_bqemulator_snapshots'")
        assert tables.fetchall() == []
        assert database.sql("SELECT * FROM _bqemulator_catalog.jobs").fetchall() == []


def test_the_extension_that_reads_files_is_left_out_where_the_emulator_would_load_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = []
    monkeypatch.setattr(guard.LockedEngine, "_load_spatial", lambda self: left_out.append(self))
    with engine.running(tmp_path):
        assert len(left_out) == 1


def test_the_emulator_numbers_no_requests(endpoints: engine.Endpoints) -> None:
    answer = requests.get(f"{endpoints.rest}/bigquery/v2/projects/a/datasets", timeout=60)
    assert (answer.status_code, "x-correlation-id" in answer.headers) == (200, False)


@pytest.mark.slow
def test_tables_that_are_listed_at_once_keep_their_own_rows(connect: Callable[[str], Warehouse]) -> None:
    client = connect("patch-tests").client
    client.create_dataset("listed", exists_ok=True)
    names = [f"listed.t{number}" for number in range(4)]
    for number, name in enumerate(names):
        client.query_and_wait(
            f"CREATE OR REPLACE TABLE {name} AS SELECT {number} AS n FROM UNNEST(GENERATE_ARRAY(0, 99))"
        )

    def rows(name: str) -> set[object]:
        return {row.n for row in client.list_rows(client.get_table(f"{client.project}.{name}"))}

    listed = run_in_parallel(rows, names * 25, threads=8)
    assert listed == [{number} for number in range(4)] * 25
