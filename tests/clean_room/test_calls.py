"""A call to Google Cloud that is refused, or meets somebody else, or fails in passing."""

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from dcr_data_generator.clean_room.publish import calls
from dcr_data_generator.clean_room.publish.calls import Call
from dcr_data_generator.errors import UserError
from tests.support.publishing import MERCHANT, Room
from tests.support.sharing import CODES, Refusal


@pytest.mark.parametrize("error", [exceptions.Aborted, exceptions.AlreadyExists, exceptions.PreconditionFailed])
def test_a_call_that_always_meets_somebody_else_ends_in_one_line(error: type[exceptions.GoogleAPICallError]) -> None:
    attempts: list[int] = []

    def make() -> None:
        attempts.append(1)
        raise error("it was\nchanged")

    with pytest.raises(UserError, match=r"the call failed \(it was changed\).*somebody else.*run again"):
        Call("the call", make, "the role").run()
    assert len(attempts) == 5


# "Troubleshoot your ADC setup": what a user's credentials without a quota project get, which has this reason, too.
NO_QUOTA_PROJECT = (
    "Your application is authenticating by using local Application Default Credentials. The "
    "analyticshub.googleapis.com API requires a quota project, which is not set by default. [reason: SERVICE_DISABLED]"
)


@pytest.mark.parametrize(
    "message",
    [NO_QUOTA_PROJECT, "Analytics Hub API has not been used in project 764086051850 before or it is disabled."],
)
def test_a_missing_quota_project_is_to_be_set(message: str) -> None:
    def make() -> None:
        raise exceptions.Forbidden(message)

    with pytest.raises(UserError, match="gcloud auth application-default set-quota-project PROJECT") as error:
        Call("the call", make, "the role").run()
    assert "services enable" not in str(error.value)


@pytest.mark.parametrize("message", ["The API has not been used in\nproject 1 before", "reason: SERVICE_DISABLED"])
def test_an_api_that_is_not_enabled_is_to_be_enabled(message: str) -> None:
    def make() -> None:
        raise exceptions.Forbidden(message)

    with pytest.raises(UserError, match=r"^[^\n]*gcloud services enable analyticshub.googleapis.com[^\n]*$"):
        Call("the call", make, "the role").run()


@pytest.mark.parametrize(
    "error",
    [
        # "Using custom constraints", and the policies of resource locations and domains: the status is an etag's, too.
        exceptions.PreconditionFailed("Operation denied by custom org policy: custom.enforceDataExchangeDiscovery"),
        exceptions.PreconditionFailed("'EU' violates constraint constraints/gcp.resourceLocations"),
        exceptions.FailedPrecondition("One or more users do not belong to a permitted customer: organization policy"),
        exceptions.Forbidden("The organisation policy forbids it"),
    ],
)
def test_an_organisation_policy_is_not_somebody_else_at_the_same_time(error: Exception) -> None:
    attempts: list[int] = []

    def make() -> None:
        attempts.append(1)
        raise error

    with pytest.raises(UserError, match=r"is denied .*ask an administrator of your organisation, whose policy") as end:
        Call("the call", make, "the role").run()
    assert len(attempts) == 1
    assert "somebody else" not in str(end.value)


def test_a_perimeter_of_vpc_service_controls_is_named() -> None:
    def make() -> None:
        raise exceptions.Forbidden(
            "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x"
        )

    with pytest.raises(UserError, match="ingress or egress rule of VPC Service Controls"):
        Call("the call", make, "the role").run()


@pytest.mark.parametrize(
    "error",
    [
        exceptions.BadRequest("Syntax error"),
        # BigQuery's quotas have the status of a missing role.
        exceptions.Forbidden("Quota exceeded", errors=[{"reason": "quotaExceeded", "message": "Quota exceeded"}]),
    ],
)
def test_another_error_of_bigquerys_is_explained_where_it_is_connected_to(error: Exception) -> None:
    def make() -> None:
        raise error

    with pytest.raises(type(error)):
        Call("bigquery.jobs.insert it", make, "the role").run()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (exceptions.InvalidArgument("User nobody@example.com does not exist."), "put right what it names, then run"),
        (exceptions.FailedPrecondition("It must be in DRAFTED state"), "put right what it names, then run again"),
        (exceptions.NotFound("No such listing"), "it is not there: check the projects and --location"),
        (exceptions.Unauthenticated("Who?"), "run `gcloud auth application-default login`"),
        (exceptions.ResourceExhausted("Quota exceeded"), "wait a minute, then run again"),
        (exceptions.DeadlineExceeded("Late"), "run again"),
        (exceptions.ServiceUnavailable("Away"), "run again"),
        (exceptions.Unknown("Odd"), "run again"),
        (exceptions.PermissionDenied("This API method requires billing to be enabled."), "enable billing for that"),
    ],
)
def test_an_error_of_the_sharing_api_says_what_to_do(
    error: exceptions.GoogleAPICallError, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make() -> None:
        raise error

    monkeypatch.setattr(calls, "RETRY", calls.RETRY.with_timeout(0.01))
    with pytest.raises(UserError) as end:
        Call("analyticshub.listings.create it", make, "the role").run()
    how = "is denied" if "billing" in line else "failed"
    assert str(end.value).startswith(f"analyticshub.listings.create it {how} ({error.message.rstrip('.')}): {line}")


@pytest.mark.usefixtures("impatient")
def test_what_fails_in_passing_is_sent_again(room: Room) -> None:
    failures = [CODES.UNAVAILABLE, CODES.INTERNAL, CODES.RESOURCE_EXHAUSTED, CODES.DEADLINE_EXCEEDED]

    def fail() -> None:
        if failures:
            room.service.meanwhile["CreateDataExchange"] = fail
            raise Refusal(failures.pop(), "try again")

    room.service.meanwhile["CreateDataExchange"] = fail
    [call] = [call for call in room.calls() if "dataExchanges.create" in call.text]
    assert call.run() == "created"
    assert (failures, len(room.service.exchanges)) == ([], 1)
    assert room.service.calls.count("CreateDataExchange") == 5


@pytest.mark.usefixtures("impatient")
def test_a_call_whose_answer_was_lost_is_not_made_twice_nor_called_unchanged(room: Room) -> None:
    [call] = [call for call in room.calls() if "dataExchanges.create" in call.text]

    def lose_the_answer() -> None:
        call.make()
        raise Refusal(CODES.UNAVAILABLE, "try again")

    room.service.meanwhile["CreateDataExchange"] = lose_the_answer
    assert call.run() == "there; perhaps changed by an attempt that failed before"
    assert len(room.service.exchanges) == 1


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("dataset", {"location": "US", "labels": ["x"]}),
        ("dataset", {"location": "US", "labels": "x"}),
        ("dataset", {"labels": {}}),
        ("table", {"labels": ["x"]}),
    ],
)
def test_an_answer_that_is_not_bigquery_s_ends_in_one_line(
    kind: str, answer: dict, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = {"projectId": MERCHANT, "datasetId": "merchant_provider", "tableId": "orders"}
    resource = {bigquery.Dataset: {"datasetReference": reference}, bigquery.Table: {"tableReference": reference}}
    type_ = bigquery.Dataset if kind == "dataset" else bigquery.Table
    answered = type_.from_api_repr(resource[type_] | answer)
    monkeypatch.setattr(room.client_of(MERCHANT), f"get_{kind}", lambda _: answered)
    with pytest.raises(UserError, match=f"^what answers about {MERCHANT}.merchant_provider.*: check the network"):
        room.calls()[0].run()


def test_a_dataset_whose_views_cannot_be_authorized_is_not_passed_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(_: str) -> None:
        raise exceptions.NotFound("Not found: Dataset")

    [call] = [call for call in room.calls() if call.text.endswith("authorize view merchant_clean_room.customers")]
    monkeypatch.setattr(room.client_of(MERCHANT), "get_dataset", lie)
    with pytest.raises(exceptions.NotFound):
        call.run()
