"""A view that BigQuery wrongly does not find, and calls that end between the parts of publishing a view."""

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from dcr_data_generator.errors import UserError
from tests.support.publishing import ANN, FEW, PROVIDER, Room

SPEND, SOURCE = f"{PROVIDER}.ewallet_clean_room.wallet_spend", f"{PROVIDER}.ewallet_provider"


def not_finding(client: bigquery.Client, monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Let BigQuery not find a view so many times; returns the statements that are run from now on."""
    get, run, statements = client.get_table, client.query, list[str]()
    left = iter(range(times))

    def get_table(name: str) -> bigquery.Table:
        if name == SPEND and next(left, None) is not None:
            raise exceptions.NotFound(f"Not found: Table {name}")
        return get(name)

    def query(text: str) -> bigquery.QueryJob:
        statements.append(text)
        return run(text)

    monkeypatch.setattr(client, "get_table", get_table)
    monkeypatch.setattr(client, "query", query)
    return statements


def test_a_view_that_is_wrongly_not_found_keeps_its_listing_and_its_budget(
    few: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    few.publish(ANN)
    few.service.calls.clear()
    statements = not_finding(few.client_of(PROVIDER), monkeypatch, times=1)
    assert set(few.publish(ANN)) == {None}
    # The one that was refused, as there is such a view.
    assert [text.count("OR REPLACE") for text in statements] == [0]
    assert few.service.changes() == []


@pytest.mark.slow
def test_a_view_that_is_never_found_ends_publishing_and_stays(few: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    few.publish(ANN)
    few.service.calls.clear()
    not_finding(few.client_of(PROVIDER), monkeypatch, times=1000)
    with pytest.raises(UserError, match=r"wallet_spend.* failed \(Already Exists.*: run again"):
        few.publish(ANN)
    assert few.service.changes() == []
    assert few.authorized_views()[SOURCE] == {"clean_room_keys", *FEW}


@pytest.mark.parametrize("is_new", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_failure_right_after_a_view_was_created_does_not_refill_its_budget(
    few: Room, is_new: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = few.client_of(PROVIDER)
    if not is_new:
        few.publish(ANN)
        few.change_view("wallet_spend", "JOIN_NOT_REQUIRED", "JOIN_ALL")
    run = client.query

    def query(text: str) -> bigquery.QueryJob:
        job = run(text)
        if "wallet_spend" in text:
            raise KeyboardInterrupt
        return job

    with monkeypatch.context() as patch:
        patch.setattr(client, "query", query)
        with pytest.raises(KeyboardInterrupt):
            few.publish(ANN)
    few.service.calls.clear()
    statements = not_finding(client, monkeypatch, times=0)
    few.publish(ANN)
    assert statements == []
    # One that was changed keeps its listing, so that subscriptions stay as they are.
    assert "DeleteListing" not in few.service.changes()
    assert few.authorized_views()[SOURCE] == {"clean_room_keys", *FEW}
    assert set(few.publish(ANN)) == {None}


@pytest.mark.slow
def test_a_view_that_was_deleted_by_hand_gets_a_new_listing_though_publishing_was_interrupted(
    few: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    few.publish(ANN)
    client = few.client_of(PROVIDER)
    client.delete_table(SPEND)
    few.service.calls.clear()
    with monkeypatch.context() as patch:
        patch.setattr(client, "update_dataset", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            few.publish(ANN)
    few.publish(ANN)
    assert few.service.changes() == ["DeleteListing", "CreateListing"]
    assert few.authorized_views()[SOURCE] == {"clean_room_keys", *FEW}
