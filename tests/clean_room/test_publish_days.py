"""Publishing only what belongs together: whole snapshots, and in two projects those of the same days."""

import pytest
from google.cloud import bigquery

from dcr_data_generator.errors import UserError
from tests.support.publishing import MERCHANT, PROVIDER, Room, create_dataset


def label(room: Room, project: str, target_date: str, days: str = "1") -> None:
    """Label the merchant's dataset in a project."""
    dataset = bigquery.Dataset(f"{project}.merchant_provider")
    dataset.labels = {"target-date": target_date, "days": days}
    room.client_of(project).update_dataset(dataset, ["labels"])


def check_tables(room: Room) -> None:
    """Make the calls that check the tables, which come first."""
    for call in room.calls():
        if call.text.startswith("bigquery.tables.get"):
            call.run()


def test_a_snapshot_that_a_stopped_run_has_begun_is_not_published(room: Room) -> None:
    label(room, MERCHANT, "", "")
    with pytest.raises(UserError, match=r"was stopped while it replaced the tables of the-merchant\.merchant_provider"):
        check_tables(room)


@pytest.mark.parametrize(("target_date", "days"), [("2025-09-22", "1"), ("2025-09-23", "2")])
def test_two_projects_with_other_days_are_not_published_together(target_date: str, days: str, room: Room) -> None:
    label(room, MERCHANT, "2025-09-23")
    check_tables(room)  # the provider's project has no snapshot, or none any more
    create_dataset(room.client_of(PROVIDER), f"{PROVIDER}.merchant_provider")
    try:
        label(room, PROVIDER, "2025-09-23")
        check_tables(room)
        label(room, PROVIDER, target_date, days)
        with pytest.raises(UserError, match=r"has the day 2025-09-23, and the-provider\.merchant_provider, the"):
            check_tables(room)
    finally:
        room.client_of(PROVIDER).delete_dataset(f"{PROVIDER}.merchant_provider")
