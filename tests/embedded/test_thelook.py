"""Filling the embedded source: with the sample, or with a person's own export."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from google.cloud import bigquery

from dcr_data_generator import source
from dcr_data_generator.embedded import sample, thelook
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import SOURCE
from tests.support.exports import ITEMS_HEADER, ORDERS_HEADER, USERS_HEADER, order, user, write
from tests.support.settings import make_settings


@pytest.fixture
def client(connect: Callable) -> bigquery.Client:
    """A client of the embedded BigQuery, which has no source."""
    client = connect("thelook-tests").client
    client.delete_dataset(SOURCE, delete_contents=True, not_found_ok=True)
    return client


def fill(client: bigquery.Client, folder: Path) -> None:
    """Fill the source with an export, for a run on its two days."""
    thelook.fill(client, make_settings(source=folder, target_date="2025-09-13", days=2))


def statuses(client: bigquery.Client) -> list[tuple[int, str]]:
    """The orders of the source and their statuses."""
    rows = client.query_and_wait(f"SELECT order_id, status FROM `{SOURCE}.orders` ORDER BY order_id")
    return [(row.order_id, row.status) for row in rows]


def load_jobs(client: bigquery.Client) -> int:
    """How many load jobs there have been so far."""
    return sum(job.job_type == "load" for job in client.list_jobs(max_results=1000, all_users=True))


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write an export into a folder of its own: `export("name", orders=[...])`."""

    def make(name: str, **files: str | bytes | list[str]) -> Path:
        (tmp_path / name).mkdir()
        return write(tmp_path / name, **files)

    return make


def test_an_exports_values_reach_the_source(client: bigquery.Client, export: Callable) -> None:
    fill(client, export("good", users=[USERS_HEADER, user(state="", street_address='""')]))
    assert statuses(client) == [(11, "Returned"), (12, "Processing")]
    [row] = client.query_and_wait(f"SELECT * FROM `{SOURCE}.users`")
    assert (row.id, row.age, row.state, row.street_address, row.city) == (1, 49, None, "", "null")
    assert (row.latitude, row.created_at) == (-8.065346116, pd.Timestamp(2024, 10, 25, 7, 9, tz="UTC"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders", [ORDERS_HEADER, order(13, user_id="x")]),
        ("orders", [ORDERS_HEADER, order(13, created_at="2020-01-01 00:00:00 UTC")]),  # nothing in the window
        ("order_items", [ITEMS_HEADER]),
        ("users", [USERS_HEADER, user(id="77")]),  # nobody's who ordered
        ("users", None),
    ],
)
def test_a_bad_export_leaves_the_source_as_it_was(
    name: str, content: list[str] | None, client: bigquery.Client, export: Callable
) -> None:
    fill(client, export("good"))
    bad = export("bad", **{"orders": [ORDERS_HEADER, order(13, user_id="1")]} | ({name: content} if content else {}))
    if content is None:
        (bad / f"{name}.csv").unlink()
    with pytest.raises(UserError):
        fill(client, bad)
    assert statuses(client) == [(11, "Returned"), (12, "Processing")]
    fill(client, export("another", orders=[ORDERS_HEADER, order(13, user_id="1")]))
    assert statuses(client) == [(13, "Processing")]


def test_another_window_of_the_same_export_may_have_no_customers(client: bigquery.Client, export: Callable) -> None:
    fill(client, folder := export("good"))
    with pytest.raises(UserError, match="none of the window's 1 orders has a user with an email"):
        source.check(client, make_settings(source=folder, target_date="2025-09-13"))


def test_the_same_content_is_not_loaded_again_and_another_one_is(client: bigquery.Client, export: Callable) -> None:
    fill(client, export("first"))
    jobs = load_jobs(client)
    folder = export("second")
    fill(client, folder)
    assert load_jobs(client) == jobs
    fill(client, write(folder, users=[USERS_HEADER, user(city="Acre")]))
    assert load_jobs(client) == jobs + 3
    [row] = client.query_and_wait(f"SELECT city FROM `{SOURCE}.users`")
    assert row.city == "Acre"


def test_a_source_whose_table_was_dropped_by_hand_is_loaded_again(client: bigquery.Client, export: Callable) -> None:
    fill(client, folder := export("good"))
    client.delete_table(f"{SOURCE}.users")
    fill(client, folder)
    [row] = client.query_and_wait(f"SELECT COUNT(*) AS users FROM `{SOURCE}.users`")
    assert row.users == 1


def test_a_load_that_breaks_off_is_done_again(client: bigquery.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(thelook, "run_in_parallel", lambda *_: (_ for _ in ()).throw(ConnectionError()))
        with pytest.raises(ConnectionError):
            thelook.fill_if_missing(client, make_settings())
    thelook.fill_if_missing(client, make_settings())
    [row] = client.query_and_wait(f"SELECT COUNT(*) AS orders FROM `{SOURCE}.orders`")
    assert row.orders == len(sample.generate()["orders"])
    jobs = load_jobs(client)
    thelook.fill_if_missing(client, make_settings())
    assert load_jobs(client) == jobs
