"""What `dcr status` says of what is published."""

from collections.abc import Callable

import pytest
from google.api_core.exceptions import Forbidden
from google.cloud import bigquery

from dcr_data_generator.clean_room.publish.status import INTERRUPTED
from dcr_data_generator.clean_room.settings import EXCHANGE, NOISE, RULES, TEMPLATES
from dcr_data_generator.commands import group as command
from tests.support.publishing import ANN, FLAGS, PROVIDER, Room
from tests.support.sharing import STATES, with_project_number

STATUS = ["status", *FLAGS]
NAME = "projects/the-merchant/locations/us/dataExchanges/dcr_data_generator"


def test_nothing_is_published(run: Callable, room: Room) -> None:
    assert run(STATUS).splitlines() == [
        "Nothing is published.",
        "Publish: uv run dcr publish --write-project-id the-merchant --provider-project-id the-provider",
    ]


@pytest.mark.filterwarnings("ignore:Unrecognized State enum value")
def test_the_level_its_listings_and_its_subscriptions_are_shown_and_nothing_is_changed(
    run: Callable, room: Room
) -> None:
    room.share(ANN, level=TEMPLATES, log_subscribers=True)
    destination = {"dataset_reference": {"project_id": "the-partner", "dataset_id": "linked"}, "location": "US"}
    request = {"name": NAME, "destination": "projects/the-partner/locations/us", "subscription": "linked"}
    request["subscriber_contact"] = "ann@example.com"
    room.sharing_client.subscribe_data_exchange(request | {"destination_dataset": destination})
    room.service.calls.clear()
    lines = run(STATUS).splitlines()
    assert lines[:2] == [
        f"{NAME}, a data clean room: level templates",
        "  Who asks is logged: INFORMATION_SCHEMA.SHARED_DATASET_USAGE has the email addresses.",
    ]
    assert "  listing wallet_spend, metadata only" in lines
    assert "  listing customer_segmentation" in lines
    assert "  query template customer_segmentation: approved" in lines
    project = with_project_number("projects/the-partner").partition("/")[2]
    assert f"  subscription of ann@example.com in project {project}: active" in lines
    assert lines[-1].startswith("Unpublish: uv run dcr unpublish ")
    assert room.service.changes() == []
    next(iter(room.service.subscriptions.values())).state = 99
    assert ": state 99, which is not known here" in run(STATUS)
    next(iter(room.service.subscriptions.values())).state = STATES.STATE_INACTIVE
    assert "subscription" not in run(STATUS)


def test_what_is_left_of_each_privacy_budget_is_shown(
    run: Callable, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.share(level=NOISE)
    left = {"wallet_spend_private": 0.5}

    def get_table(name: str) -> bigquery.Table:
        _, dataset, table = name.split(".")
        policy = {"differentialPrivacyPolicy": {"epsilonBudgetRemaining": left[table]}} if table in left else None
        reference = {"projectId": PROVIDER, "datasetId": dataset, "tableId": table}
        view = {"privacyPolicy": policy}
        return bigquery.Table.from_api_repr({"tableReference": reference, "view": view})

    monkeypatch.setattr(room.client_of(PROVIDER), "get_table", get_table)
    printed = run(STATUS)
    assert f"{NAME}, a data clean room: level noise" in printed
    assert "  epsilon budget of ewallet_clean_room.wallet_spend_private: 0.5 of 3 left" in printed
    assert (
        "  epsilon budget of ewallet_clean_room.wallet_customers_private: 3, and BigQuery does not tell what is left"
        in printed
    )


def test_a_plain_exchange_and_what_an_interrupted_change_left_are_shown(run: Callable, room: Room) -> None:
    room.share(level=EXCHANGE)
    assert f"{NAME}_exchange, a plain exchange: level exchange" in run(STATUS)
    room.share(level=NOISE, yes=True)
    create = [call for call in room.calls() if "listings.create" in call.text]
    create[0].run()
    assert f"{NAME}, a data clean room: level noise and rules\n  {INTERRUPTED}" in run(STATUS)


def test_an_exchange_without_listings_has_no_level(run: Callable, room: Room) -> None:
    [create] = [call for call in room.calls() if "dataExchanges.create" in call.text]
    create.run()
    assert f"{NAME}, a data clean room: level none, as it lists nothing" in run(STATUS)


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (RULES, "listings.create"),  # some of the level's views
        (TEMPLATES, "queryTemplates.approve"),  # a template that is not approved yet
        (EXCHANGE, "listings.create"),
    ],
)
def test_what_was_published_in_part_is_told_from_the_whole(level: str, words: str, run: Callable, room: Room) -> None:
    calls = [call for call in room.calls(level=level) if call.text.startswith("analyticshub.")]
    last = next(place for place, call in enumerate(calls) if words in call.text)
    for call in calls[: last + (words == "listings.create")]:
        call.run()
    assert INTERRUPTED in run(STATUS)
    room.share(level=level)
    assert INTERRUPTED not in run(STATUS)


def test_a_template_that_is_deleted_which_is_a_state_of_its_own_is_not_shown(run: Callable, room: Room) -> None:
    room.share(level=TEMPLATES)
    room.share(yes=True)
    for template in room.service.templates.values():
        template.state = "DELETED"
    assert "query template" not in run(STATUS)


def test_a_clean_room_beside_a_plain_exchange_was_interrupted(run: Callable, room: Room) -> None:
    room.share(level=EXCHANGE)
    for call in room.calls(yes=True):
        if "dataExchanges.create" in call.text or "listings.create" in call.text:
            call.run()
    assert run(STATUS).count(INTERRUPTED) == 2


def test_a_denied_look_at_a_budget_asks_for_the_role_on_the_view(
    run: Callable, room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    room.share(level=NOISE)

    def deny(_: str) -> None:
        raise Forbidden("Access Denied")

    monkeypatch.setattr(room.client_of(PROVIDER), "get_table", deny)
    assert command.main(STATUS) == 2
    assert f"BigQuery Data Owner (roles/bigquery.dataOwner) on dataset {PROVIDER}.ewallet" in capsys.readouterr().err
