"""Before anything is replaced: the source is there, it has orders in the window, and the locations fit."""

from collections.abc import Callable

import pandas as pd
import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import source, sql
from dcr_data_generator.errors import UserError
from tests.support import tables
from tests.support.settings import make_settings

DATASETS = ("merchant_provider", "ewallet_provider")
NOON = "2025-09-23 12:00:00 UTC"


@pytest.fixture
def client(connect: Callable) -> bigquery.Client:
    """A client of a project without the two datasets, and a source with one order."""
    client = connect("source-tests").client
    tables.drop_datasets(client)
    tables.fill_source(client, orders=[{"order_id": 1, "created_at": NOON}])
    return client


def refusal(client: bigquery.Client, **knobs: object) -> str:
    """The one line that refuses a run."""
    with pytest.raises(UserError) as error:
        source.check(client, make_settings(**knobs))
    [line] = str(error.value).splitlines()
    return line


def test_an_empty_window_names_the_first_and_last_date_of_the_source(client: bigquery.Client) -> None:
    times = ["2025-11-22 23:59:59.999999 UTC", "2024-06-17 00:00:00 UTC", "2025-01-01 12:00:00 UTC"]
    tables.fill_source(client, orders=[{"order_id": number, "created_at": time} for number, time in enumerate(times)])
    assert refusal(client, days=3) == (
        "--target-date 2025-09-23 with --days 3 has no orders: the source has orders from 2024-06-17 to 2025-11-22"
    )
    assert not {*DATASETS} & {dataset.dataset_id for dataset in client.list_datasets()}


@pytest.mark.parametrize("orders", [[], [{"order_id": 1}]])
def test_a_source_without_orders_that_have_a_time_is_refused(client: bigquery.Client, orders: list[dict]) -> None:
    tables.fill_source(client, orders=orders)
    assert refusal(client) == "bigquery-public-data.thelook_ecommerce.orders is empty: there is nothing to copy"


def test_a_location_other_than_the_sources_is_refused(client: bigquery.Client) -> None:
    line = refusal(client, location="europe-west3")
    assert "--location is europe-west3" in line
    assert line.endswith("give --location US")


def test_a_rate_that_makes_more_users_than_memory_holds_is_refused(client: bigquery.Client) -> None:
    # 1 order x 0.5 x 0.99999999 / 0.00000001 is some 50 million.
    line = refusal(client, wallet_only_rate=1 - 1e-8)
    assert "makes up to 49,999,999 wallet-only users" in line
    assert "give a lower rate" in line


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_in_another_location_is_refused(client: bigquery.Client, dataset: str) -> None:
    elsewhere = bigquery.Dataset(f"{client.project}.{dataset}")
    elsewhere.location = "EU"
    client.create_dataset(elsewhere)
    assert refusal(client).startswith(f"dataset {client.project}.{dataset} is in EU and --location is US")


def test_the_datasets_are_created_in_the_location_in_any_case_and_one_that_exists_stays(
    client: bigquery.Client,
) -> None:
    mine = bigquery.Dataset(f"{client.project}.merchant_provider")
    mine.location, mine.description, mine.labels = "US", "Mine.", {"owner": "me"}
    client.create_dataset(mine)
    settings = source.check(client, make_settings(location="us"))
    with pytest.raises(NotFound):  # the check creates nothing
        client.get_dataset("ewallet_provider")
    source.create_datasets(client, settings)
    merchant, provider = (client.get_dataset(name) for name in DATASETS)
    assert (merchant.description, merchant.labels) == ("Mine.", {"owner": "me"})
    assert (provider.location.upper(), bool(provider.description)) == ("US", True)


def test_a_frame_is_checked_like_the_source(client: bigquery.Client) -> None:
    times = pd.to_datetime(
        pd.Series(["2025-09-23 23:59:59.999999", None, "2025-09-25 00:00:00"]), utc=True, format="ISO8601"
    )
    source.check_frame(client, make_settings(), "US", times)
    with pytest.raises(UserError, match="from 2025-09-23 to 2025-09-25"):
        source.check_frame(client, make_settings(target_date="2025-09-24"), "US", times)


def test_the_limit_of_bytes_follows_from_dry_runs(client: bigquery.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"orders": 10 << 20, "order_items": 300 << 20, "users": 20 << 20}
    monkeypatch.setattr(sql, "dry_run", lambda _, query, __: sizes[query.name])
    # Three statements read each table: one of step 1, and two checks.
    assert source.limit_bytes(client, make_settings()) == 3 * (330 << 20)
    assert client.default_query_job_config.maximum_bytes_billed == 600 << 20
    monkeypatch.setattr(sql, "dry_run", lambda *_: 0)
    source.limit_bytes(client, make_settings())
    assert client.default_query_job_config.maximum_bytes_billed == 100 << 20


def test_a_run_reads_the_source_at_one_instant_that_bigquery_names(client: bigquery.Client) -> None:
    [before] = client.query_and_wait("SELECT CURRENT_TIMESTAMP()")
    settings = source.check(client, make_settings())
    [after] = client.query_and_wait("SELECT CURRENT_TIMESTAMP()")
    assert before[0] <= settings.source_time <= after[0]
    [parameter] = [each for each in sql.query_parameters(settings) if each.name == "source_time"]
    assert (parameter.type_, parameter.value) == ("TIMESTAMP", settings.source_time)
