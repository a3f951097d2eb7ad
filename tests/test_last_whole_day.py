"""Without a target date a run takes the last whole day that the source has, and says so; step 1 records the days."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcr_data_generator import snapshot
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Window
from dcr_data_generator.verify import ownership, source
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables
from tests.support.settings import make_settings, on


@pytest.fixture(scope="module")
def place(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project of these tests."""
    return connect("last-whole-day")


def fill(place: Warehouse, *days: str) -> None:
    """Give the source an order on each of these days."""
    orders = [
        {"order_id": number, "user_id": 1, "status": "Complete", "created_at": f"{day} 12:00:00 UTC"}
        for number, day in enumerate(days)
    ]
    items = [{"id": number, "order_id": number, "sale_price": 5.0} for number in range(len(days))]
    users = [{"id": 1, "email": "ann@example.com", "age": 40}]
    tables.fill_source(place.client, orders=orders, order_items=items, users=users)


def look(place: Warehouse, *flags: str) -> tuple[Window, list[str]]:
    settings = make_settings(*flags)
    return source.check(on(place), settings.snapshot, settings.draws, settings.result.engine)


@pytest.mark.parametrize(
    ("days", "chosen"),
    [
        (["2025-09-22", "2025-09-23", "2025-09-24"], "2025-09-23"),
        # The day before the newest order has none, so it is the last that has one.
        (["2025-09-01", "2025-09-24"], "2025-09-01"),
        # Nothing is known of when the only day ends.
        (["2025-09-24"], "2025-09-24"),
        # Days to come are not whole, and neither is today.
        (["2025-09-24", "2199-01-01", "2199-01-02"], "2025-09-24"),
    ],
)
def test_the_last_whole_day_is_before_that_of_the_newest_order_and_before_today(
    days: list[str], chosen: str, place: Warehouse
) -> None:
    fill(place, *days)
    window, _ = look(place)
    assert (str(window.last_date), window.is_chosen) == (chosen, True)
    assert window.words == f"the day {chosen}, the last whole day of the source"


def test_a_date_that_is_given_is_taken_as_it_is(place: Warehouse) -> None:
    fill(place, "2025-09-22", "2025-09-23", "2025-09-24")
    window, notices = look(place, "--target-date", "2025-09-24")
    assert (str(window.last_date), window.is_chosen, notices) == ("2025-09-24", False, [])
    assert window.words == "the day 2025-09-24"


def test_days_that_reach_beyond_the_source_are_said(place: Warehouse) -> None:
    fill(place, "2025-09-22", "2025-09-23", "2025-09-24")
    assert look(place, "--days", "5", "--target-date", "2025-09-23")[1] == [
        "The source begins on 2025-09-22: the snapshot has 2 of the 5 days."
    ]
    assert look(place, "--days", "3", "--target-date", "2025-09-25")[1] == [
        "The source has no order on 2025-09-25: its last is of 2025-09-24."
    ]


@pytest.fixture(scope="module")
def two_days(place: Warehouse) -> Warehouse:
    """A snapshot of the two days to 2025-09-23, as a run takes it."""
    fill(place, "2025-09-22", "2025-09-23", "2025-09-24")
    ownership.create_datasets(place)
    window, _ = look(place, "--days", "2")
    snapshot.take(on(place, target_date="2025-09-23", days=2), window)
    return place


def kept(place: Warehouse, *flags: str) -> Window:
    return source.kept_window(place, make_settings("--keep-snapshot", *flags).snapshot)


@pytest.fixture
def label(two_days: Warehouse) -> Iterator[Callable[..., None]]:
    """Label the snapshot otherwise for a test."""

    def set_labels(target_date: str, days: str) -> None:
        two_days.label("merchant_provider", {"target-date": target_date, "days": days})

    yield set_labels
    set_labels("2025-09-23", "2")


@pytest.mark.parametrize("flags", [(), ("--target-date", "2025-09-23"), ("--days", "2")])
def test_a_kept_snapshot_tells_its_days(flags: tuple[str, ...], two_days: Warehouse) -> None:
    labels = two_days.client.get_dataset(two_days.path("merchant_provider")).labels
    assert (labels["target-date"], labels["days"]) == ("2025-09-23", "2")
    assert kept(two_days, *flags).words == "the 2 days to 2025-09-23"


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--target-date", "2025-09-24"), "ends on 2025-09-23: leave out --target-date 2025-09-24"),
        (("--days", "7"), "has the 2 days to 2025-09-23: give --days 2 instead of --days 7"),
    ],
)
def test_a_kept_snapshot_refuses_other_days(flags: tuple[str, ...], sentence: str, two_days: Warehouse) -> None:
    with pytest.raises(UserError, match=sentence):
        kept(two_days, *flags)


def test_a_snapshot_without_labels_needs_a_target_date(connect: Callable[[str], Warehouse]) -> None:
    unlabelled = connect("last-whole-day-unlabelled")
    ownership.create_datasets(unlabelled)
    with pytest.raises(UserError, match="does not say which days it has: give the --target-date"):
        kept(unlabelled)
    assert kept(unlabelled, "--target-date", "2025-09-24").words == "the day 2025-09-24"


def test_labels_that_another_run_has_left_are_not_believed(label: Callable[..., None], two_days: Warehouse) -> None:
    label("2025-09-23", "1")  # the snapshot has an order of the day before
    assert snapshot.recorded_window(two_days) is None


def test_a_snapshot_that_a_stopped_run_has_begun_is_not_used(label: Callable[..., None], two_days: Warehouse) -> None:
    label("", "")
    for use in (kept, snapshot.recorded_window):
        with pytest.raises(UserError, match=r"a run was stopped while it replaced the tables of .*merchant_provider"):
            use(two_days)


def test_the_same_days_again_are_those_of_the_same_source(tmp_path: Path) -> None:
    flags = ("--source", str(tmp_path))
    assert make_settings(*flags, "--scale", "2").snapshot.run_flags == f" --scale 2 --source {tmp_path}"
