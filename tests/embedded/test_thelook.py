"""Filling the embedded source: with the sample, or with a person's own export."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.verify import source
from dcr_data_generator.warehouse.embedded import sample, thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support.exports import ITEMS_HEADER, ORDERS_HEADER, USERS_HEADER, order, user, write
from tests.support.settings import make_settings, on


@pytest.fixture
def place(connect: Callable[[str], Warehouse]) -> Warehouse:
    """The embedded BigQuery, which has no source."""
    place = connect("thelook-tests")
    place.client.delete_dataset(SOURCE, delete_contents=True, not_found_ok=True)
    return replace(place, missing_source=partial(thelook.missing_source, place.client))


def fill(place: Warehouse, folder: Path | None, days: int = 2, function: Callable = source.fill) -> None:
    """Fill the source with an export, or the sample, for a run on two days; or check it by another function."""
    knobs = {"source": folder, "target_date": "2025-09-13", "days": days}
    settings = make_settings(**knobs)
    function(on(place, **knobs), settings.snapshot, settings.draws, settings.result.engine)


def statuses(place: Warehouse) -> list[tuple[int, str]]:
    """The orders of the source and their statuses."""
    rows = place.client.query_and_wait(f"SELECT order_id, status FROM `{SOURCE}.orders` ORDER BY order_id")
    return [(row.order_id, row.status) for row in rows]


def load_jobs(place: Warehouse) -> int:
    """How many load jobs there have been so far."""
    return sum(job.job_type == "load" for job in place.client.list_jobs(max_results=1000, all_users=True))


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write an export into a folder of its own: `export("name", orders=[...])`."""

    def make(name: str, **files: str | bytes | list[str]) -> Path:
        (tmp_path / name).mkdir()
        return write(tmp_path / name, **files)

    return make


def test_an_exports_values_reach_the_source(place: Warehouse, export: Callable) -> None:
    fill(place, export("good", users=[USERS_HEADER, user(state="", street_address='""')]))
    assert statuses(place) == [(11, "Returned"), (12, "Processing")]
    [row] = place.client.query_and_wait(f"SELECT * FROM `{SOURCE}.users`")
    assert (row.id, row.age, row.state, row.street_address, row.city) == (1, 49, None, "", "null")
    assert (row.latitude, row.created_at) == (-8.065346116, pd.Timestamp(2024, 10, 25, 7, 9, tz="UTC"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders", [ORDERS_HEADER, order(13, user_id="x")]),
        # nothing in the window
        pytest.param(
            "orders", [ORDERS_HEADER, order(13, created_at="2020-01-01 00:00:00 UTC")], marks=pytest.mark.slow
        ),
        pytest.param("order_items", [ITEMS_HEADER], marks=pytest.mark.slow),
        # nobody's who ordered
        pytest.param("users", [USERS_HEADER, user(id="77")], marks=pytest.mark.slow),
        ("users", None),
    ],
)
@pytest.mark.slow
def test_a_bad_export_leaves_the_source_as_it_was(
    name: str, content: list[str] | None, place: Warehouse, export: Callable
) -> None:
    fill(place, export("good"))
    bad = export("bad", **{"orders": [ORDERS_HEADER, order(13, user_id="1")]} | ({name: content} if content else {}))
    if content is None:
        (bad / f"{name}.csv").unlink()
    with pytest.raises(UserError):
        fill(place, bad)
    assert statuses(place) == [(11, "Returned"), (12, "Processing")]
    fill(place, export("another", orders=[ORDERS_HEADER, order(13, user_id="1")]))
    assert statuses(place) == [(13, "Processing")]


def test_another_window_of_the_same_export_may_have_no_customers(place: Warehouse, export: Callable) -> None:
    fill(place, folder := export("good"))
    with pytest.raises(UserError, match="of the window's 1 order, none has a user with an email"):
        fill(place, folder, days=1, function=source.check)


def test_the_same_content_is_not_loaded_again_and_another_one_is(place: Warehouse, export: Callable) -> None:
    fill(place, export("first"))
    jobs = load_jobs(place)
    folder = export("second")
    fill(place, folder)
    assert load_jobs(place) == jobs
    fill(place, write(folder, users=[USERS_HEADER, user(city="Acre")]))
    assert load_jobs(place) == jobs + 3
    [row] = place.client.query_and_wait(f"SELECT city FROM `{SOURCE}.users`")
    assert row.city == "Acre"


def test_a_source_whose_table_was_dropped_by_hand_is_loaded_again(place: Warehouse, export: Callable) -> None:
    fill(place, folder := export("good"))
    place.client.delete_table(f"{SOURCE}.users")
    fill(place, folder)
    [row] = place.client.query_and_wait(f"SELECT COUNT(*) AS users FROM `{SOURCE}.users`")
    assert row.users == 1


@pytest.mark.slow
def test_a_load_that_breaks_off_is_done_again(place: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    place.missing_source = partial(thelook.unfinished_source, place.client)  # as on another emulator
    with monkeypatch.context() as patch:
        patch.setattr(thelook, "run_in_parallel", lambda *_: (_ for _ in ()).throw(ConnectionError()))
        with pytest.raises(ConnectionError):
            fill(place, None)
    fill(place, None)
    [row] = place.client.query_and_wait(f"SELECT COUNT(*) AS orders FROM `{SOURCE}.orders`")
    assert row.orders == len(sample.generate()["orders"])
    jobs = load_jobs(place)
    fill(place, None)
    assert load_jobs(place) == jobs
