"""Query templates: what cannot be undone comes last, and what is submitted stays."""

import re
from collections.abc import Callable

import grpc
import pytest
from google.api_core import exceptions

from dcr_data_generator.clean_room.publish import templates
from dcr_data_generator.clean_room.settings import TEMPLATES
from dcr_data_generator.errors import UserError
from tests.support.publishing import ANN, FUNCTIONS, MERCHANT, PROVIDER, Room

STEPS = ["queryTemplates.create", "queryTemplates.submit", "queryTemplates.approve"]
STATES = grpc.StatusCode


@pytest.fixture
def published(room: Room) -> Room:
    """Query templates on the sharing service, which knows nothing of the functions."""
    room.share(ANN, level=TEMPLATES)
    return room


def states(room: Room) -> dict[str, str]:
    """The states of the templates, by name."""
    return {name.rpartition("/")[2]: each.state.name for name, each in room.service.templates.items()}


def test_what_cannot_be_undone_comes_last(room: Room) -> None:
    texts = [call.text for call in room.calls(level=TEMPLATES)]
    first = next(position for position, text in enumerate(texts) if "queryTemplates.create" in text)
    # A draft can be deleted again, a listing of a clean room be listed again, a role be granted again. A submission may
    # be refused: nobody has lost a linked dataset or a subscription by then.
    steps = [text.split()[0].removeprefix("analyticshub.") for text in texts[first:]]
    submitted = steps.index("queryTemplates.submit")
    assert steps[:3] == ["queryTemplates.create"] * 3
    assert steps[submitted - 1 : submitted + 6] == ["dataExchanges.setIamPolicy", *STEPS[1:] * 3]
    assert steps.count("dataExchanges.delete") == 1
    assert submitted < steps.index("dataExchanges.delete") < steps.index("dataExchanges.listSubscriptions")
    assert steps[-1] == "dataExchanges.listSubscriptions"
    assert "subscriptions.revoke" in texts[-1]
    own = texts[first].split()[1].partition("/queryTemplates")[0]
    assert not [text for text in texts[first + submitted :] if f"listings.delete {own}/" in text]
    assert not [text for text in texts[:first] if re.search(r"\.delete |revoke", text)]
    about = [
        text for text in texts[:first] if re.search("FUNCTION|authorize routine|listings.create.*segmentation", text)
    ]
    functions = sum(map(len, FUNCTIONS.values()))
    assert len([text for text in about if "CREATE OR REPLACE TABLE FUNCTION" in text]) == functions
    # A function is authorized on the dataset of the views, which is not its own, and listed from its own.
    assert f"bigquery.datasets.patch {PROVIDER}.ewallet_clean_room, authorize routine ewallet_templates" in about[1]


@pytest.mark.slow
def test_functions_are_created_authorized_and_listed_then_templates_created_submitted_and_approved(room: Room) -> None:
    room.publish(ANN, level=TEMPLATES)
    assert states(room) == dict.fromkeys(set().union(*FUNCTIONS.values()), "APPROVED")
    for path, names in FUNCTIONS.items():
        client = room.client_of(path.split(".")[0])
        assert {routine.routine_id for routine in client.list_routines(path)} == names
        entries = client.get_dataset(path.replace("_templates", "_clean_room")).access_entries
        routines = [each.entity_id for each in entries if each.entity_type == "routine"]
        assert {f"{each['projectId']}.{each['datasetId']}" for each in routines} == {path}
        assert {each["routineId"] for each in routines} == names
        assert not [each for each in client.get_dataset(path).access_entries if each.entity_type == "routine"]
    shared = {each.bigquery_dataset.selected_resources[0].routine for each in room.service.listings.values()} - {""}
    assert {name.partition("/datasets/")[2] for name in shared} == {
        f"{path.partition('.')[2]}/routines/{name}" for path, names in FUNCTIONS.items() for name in names
    }
    assert set(room.publish(ANN, level=TEMPLATES)) == {None}


@pytest.mark.slow
def test_a_function_that_differs_is_replaced_and_authorized_again(room: Room) -> None:
    room.publish(ANN, level=TEMPLATES)
    path = f"{PROVIDER}.ewallet_templates.customer_segmentation"
    room.bodies[path.partition(".")[2]] = "SELECT 1"
    changes = {call.text: change for call in room.calls(ANN, level=TEMPLATES) if (change := call.run())}
    assert changes == {
        f"bigquery.jobs.insert CREATE OR REPLACE TABLE FUNCTION {path}": "changed",
        f"bigquery.datasets.patch {PROVIDER}.ewallet_clean_room, authorize routine {path.partition('.')[2]}": "changed",
    }


def test_an_interrupted_run_is_completed(published: Room) -> None:
    drafted, submitted, deleted = published.service.templates.values()
    drafted.state, submitted.state, deleted.state = "DRAFTED", "PENDING", "DELETED"
    drafted.routine.definition_body = deleted.routine.definition_body = "another one"
    changes = [change for change in published.share(ANN, level=TEMPLATES) if change]
    assert changes == ["created again", "created", "submitted", "approved", "approved", "submitted", "approved"]
    assert set(states(published).values()) == {"APPROVED"}


def test_a_submitted_template_with_another_definition_is_an_error_before_anything_is_changed(published: Room) -> None:
    next(iter(published.service.templates.values())).routine.definition_body = "another one"
    published.service.calls.clear()
    with pytest.raises(UserError, match="is submitted with another definition, and stays: give the function another"):
        published.share(ANN, level=TEMPLATES)
    assert published.service.changes() == []


def test_a_definition_that_is_formatted_otherwise_or_not_told_is_the_same(published: Room) -> None:
    first, second, _ = published.service.templates.values()
    first.routine.definition_body = " ".join(first.routine.definition_body.split())
    second.routine.definition_body = ""
    assert set(published.share(ANN, level=TEMPLATES)) == {None}


@pytest.mark.parametrize("code", [STATES.FAILED_PRECONDITION, STATES.INVALID_ARGUMENT])
def test_what_is_submitted_is_kept_by_its_state_and_a_draft_is_deleted(code: STATES, published: Room) -> None:
    published.service.not_a_draft = code
    first = next(iter(published.service.templates.values()))
    first.state = "DRAFTED"
    target = published.target()
    kept = "kept: it is submitted, and goes with the clean room"
    assert [templates.delete_template(target, each) for each in target.templates_of(TEMPLATES)] == [
        "deleted",
        kept,
        kept,
    ]


def test_a_draft_that_cannot_be_deleted_is_an_error(published: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in published.service.templates.values():
        each.state = "DRAFTED"

    def refuse(**_: object) -> None:
        raise exceptions.InvalidArgument("something else")

    monkeypatch.setattr(published.sharing_client, "delete_query_template", refuse)
    target = published.target()
    with pytest.raises(exceptions.InvalidArgument):
        templates.delete_template(target, target.templates_of(TEMPLATES)[0])


def test_unpublishing_removes_functions_and_templates_go_with_the_clean_room(published: Room, run: Callable) -> None:
    published.unpublish()
    assert (published.service.templates, published.service.listings, published.service.exchanges) == ({}, {}, {})


def test_a_query_template_reads_the_views_of_one_party_and_one_table_of_the_subscriber(room: Room) -> None:
    projects = {"merchant": MERCHANT, "ewallet": PROVIDER}
    for template in room.target().templates_of(TEMPLATES):
        assert template.definition.count("TABLE<") == 1
        [(project, party)] = set(re.findall(r"`([\w-]+)\.(\w+)_clean_room\.\w+`", template.definition))
        assert projects[party] == project
        assert template.definition.count("_clean_room") == 1
        assert template.body.split()[:1] == ["SELECT"]
        assert "TABLE<" not in template.body
        assert template.definition.replace(template.body, "").split()[-2:] == ["AS", "()"]
