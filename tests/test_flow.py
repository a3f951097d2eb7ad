"""The whole run and the five tables that it makes."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dcr_data_generator import ewallet, main, snapshot, source, warehouse
from dcr_data_generator.embedded import sample
from dcr_data_generator.tables import DESCRIPTIONS, SCHEMAS
from tests.conftest import fill_with, make_settings
from tests.support import emulator

FIVE_TABLES = [
    "merchant_provider.orders",
    "merchant_provider.order_items",
    "merchant_provider.users",
    "ewallet_provider.provider_users",
    "ewallet_provider.transactions",
]
# What list_tables and get_table call the types that DESIGN.md and CREATE TABLE call FLOAT64 and so on.
API_TYPES = {"FLOAT64": "FLOAT"}


def contents(client: object, table: str) -> list[tuple]:
    """The rows of a table, in an order of their own."""
    return sorted((row.values() for row in client.query(f"SELECT * FROM {table}").result()), key=repr)


@pytest.mark.parametrize("table", ["provider_users", "transactions"])
def test_a_providers_table_has_the_names_types_modes_and_descriptions_of_its_schema(
    table: str, five_tables: Callable
) -> None:
    made = five_tables().get_table(f"five-tables.ewallet_provider.{table}")
    wanted = [(f.name, API_TYPES.get(f.field_type, f.field_type), f.mode, f.description) for f in SCHEMAS[table]]
    assert [(f.name, API_TYPES.get(f.field_type, f.field_type), f.mode, f.description) for f in made.schema] == wanted
    assert made.description == DESCRIPTIONS[table]


def test_the_schemas_are_those_of_the_issue() -> None:
    columns = {table: " ".join(f"{field.name} {field.field_type}" for field in SCHEMAS[table]) for table in SCHEMAS}
    assert columns == {
        "provider_users": "provider_user_id INTEGER email STRING date_of_birth DATE city STRING account_tier STRING "
        "is_verified_user BOOLEAN",
        "transactions": "transaction_id STRING order_id INTEGER provider_user_id INTEGER transaction_amount FLOAT64 "
        "transaction_timestamp TIMESTAMP status STRING",
    }
    assert all(field.description for table in SCHEMAS for field in SCHEMAS[table])


def test_running_twice_leaves_the_data_of_one_run(five_tables: Callable) -> None:
    client = five_tables()
    fill_with(client, sample.generate())  # other tests fill the source with their own
    once = {table: contents(client, table) for table in FIVE_TABLES}
    source.check(client, make_settings())
    snapshot.take(client)
    ewallet.create(client, make_settings())
    assert {table: contents(client, table) for table in FIVE_TABLES} == once


def test_the_source_is_filled_once_and_found_there_the_next_time(tmp_path: Path) -> None:
    loads = []
    for _ in range(2):
        with warehouse.connect(make_settings(embedded_dir=tmp_path / "bigquery")) as client:
            loads.append(sum(job.job_type == "load" for job in client.list_jobs(all_users=True)))
    assert loads == [3, 3]


def test_without_credentials_google_cloud_ends_in_one_line(tmp_path: Path) -> None:
    # NO_GCE_CHECK keeps google-auth from asking the network whether this is a machine of Google Cloud's.
    nowhere = {"NO_GCE_CHECK": "true", "HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path)}
    status, out, err = emulator.run_here("--write-project-id", "some-project", **nowhere)
    assert (status, out) == (2, "")
    [line] = err.splitlines()
    assert "gcloud auth application-default login" in line


def test_without_the_embedded_engine_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb_extensions", None)
    assert main.main([]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "uv sync" in line
