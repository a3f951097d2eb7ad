"""Every request of make, publish, subscribe, templates and remove is as Google's discovery documents say.

BigQuery's are recorded as they are sent, those of the sharing API as they arrive.
"""

from collections.abc import Callable

import pytest
from google.cloud import bigquery_analyticshub_v1 as sharing
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from dcr_data_generator.clean_room.settings import EXCHANGE, LEVELS
from dcr_data_generator.commands import group
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from tests.support import discovery, emulator, small_shop
from tests.support.discovery import Request
from tests.support.publishing import ANN, BOB, FLAGS, MERCHANT, Room
from tests.support.sharing import STATES

BIGQUERY, SHARING = "bigquery.v2", "analyticshub.v1"
PROJECT = "discovery-tests"
TABLES = "/bigquery/v2/projects/p/datasets/d/tables"
TABLE = {"projectId": "p", "datasetId": "d", "tableId": "t"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """The requests that are sent to BigQuery from now on."""
    requests: list[Request] = []
    send = HTTPAdapter.send

    def record(adapter: HTTPAdapter, request: PreparedRequest, **more: object) -> Response:
        if "upload_id=" not in request.url:  # what follows is the file
            requests.append(discovery.of_http(request.method, request.url, request.body))
        return send(adapter, request, **more)

    monkeypatch.setattr(HTTPAdapter, "send", record)
    return requests


@pytest.mark.slow
def test_every_request_of_make_and_remove_is_documented(
    connect: Callable, endpoints: Endpoints, sent: list[Request]
) -> None:
    small_shop.fill(connect(PROJECT).client)
    sent.clear()
    for command in (["make"], ["remove", "--yes"]):
        status, _, error = emulator.run_here(
            *command, "--write-project-id", PROJECT, command=group.main, BIGQUERY_EMULATOR_HOST=endpoints.rest
        )
        assert (status, error) == (0, "")
    connect(PROJECT).bytes_billed()  # asked where BigQuery bills
    assert [problem for each in sent for problem in discovery.problems(BIGQUERY, each)] == []
    methods = {discovery.find(BIGQUERY, each)[0] for each in sent}
    assert methods >= {
        "jobs.insert",
        "jobs.list",
        "jobs.getQueryResults",
        "tables.patch",
        "tables.delete",
        "datasets.insert",
    }
    assert len(sent) > 100


@pytest.mark.slow
def test_every_request_of_publish_subscribe_and_unpublish_is_documented(
    room: Room, run: Callable, sent: list[Request]
) -> None:
    subscriber = ["--write-project-id", "the-subscriber", "--clean-room-project", MERCHANT]
    for level in LEVELS:
        to = ["--to", "exchange"] if level == EXCHANGE else []
        for who in (BOB, ANN) if level == LEVELS[0] else (ANN,):  # so that the first one is dropped
            room.service.subscriber = who.partition(":")[2]
            run(["publish", *FLAGS, "--level", level, "--subscriber", who, "--log-subscribers", "--yes"])
            run(["subscribe", "--dataset", f"{level}_{len(room.service.subscriptions)}", *to, *subscriber])
    for command in (["publish", *FLAGS, "--subscriber", ANN, "--yes"], ["unsubscribe", *subscriber]):
        run(command)
    run(["subscribe", "--dataset", "fresh", *subscriber])
    next(iter(room.service.subscriptions.values())).state = STATES.STATE_STALE
    run(["refresh", *subscriber])
    for command in (["status"], ["unpublish", "--yes"]):
        run([*command, *FLAGS])
    assert [problem for each in sent for problem in discovery.problems(BIGQUERY, each)] == []
    # GetOperation is in no document: what an operation does is looked for where it cannot be asked for.
    asked = [(name, request) for name, request in room.service.requests if name != "GetOperation"]
    over_rest = [discovery.of_grpc(name, request) for name, request in asked]
    assert [problem for _, each in over_rest for problem in discovery.problems(SHARING, each)] == []
    assert [discovery.find(SHARING, each)[0] for _, each in over_rest] == [key for key, _ in over_rest]
    methods = {key.removeprefix("projects.locations.").removeprefix("dataExchanges.") for key, _ in over_rest}
    assert methods >= {
        *("create", "delete", "subscribe", "getIamPolicy", "setIamPolicy", "listSubscriptions"),
        *("listings.create", "listings.delete", "listings.list", "listings.subscribe", "listings.listSubscriptions"),
        *("queryTemplates.create", "queryTemplates.submit", "queryTemplates.approve", "queryTemplates.delete"),
        *("subscriptions.list", "subscriptions.refresh", "subscriptions.delete", "subscriptions.revoke"),
    }


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (Request("POST", TABLES, {}, {"tableReference": TABLE}), None),
        (Request("POST", TABLES, {}, {"tableReference": TABLE, "colour": "red"}), "no field colour in Table"),
        (Request("POST", TABLES, {}, {"tableReference": TABLE | {"x": 1}}), "no field x in TableReference"),
        (Request("POST", TABLES, {}, {}), "Table.tableReference is missing"),
        (Request("PATCH", f"{TABLES}/t", {}, {}), None),
        (Request("POST", TABLES, {}, {"tableReference": TABLE, "etag": "1"}), "Table.etag is read-only"),
        (Request("POST", TABLES, {}, {"tableReference": TABLE, "labels": {"a": 1}}), "1 is no string"),
        (Request("POST", TABLES, {}, {"tableReference": TABLE, "expirationTime": "soon"}), None),
        (Request("POST", TABLES, {"fast": "yes"}, {"tableReference": TABLE}), "no parameter fast"),
        (Request("PUT", TABLES, {}, {}), "no method PUT"),
        (Request("GET", "/bigquery/v2/projects/p/tabels", {}, None), "no method GET"),
        (Request("GET", TABLES, {}, {"a": 1}), "takes no body"),
    ],
)
def test_a_request_that_is_not_documented_is_seen(request_: Request, problem: str | None) -> None:
    assert [problem in each for each in discovery.problems(BIGQUERY, request_)] == ([True] if problem else [])


def test_a_request_of_the_sharing_api_that_is_not_documented_is_seen() -> None:
    parent = "projects/p/locations/us/dataExchanges/e"
    listing = sharing.Listing(display_name="x", bigquery_dataset={"dataset": "projects/p/datasets/d"})
    request = sharing.CreateListingRequest(parent=parent, listing_id="x", listing=listing)
    key, over_rest = discovery.of_grpc("CreateListing", request)
    assert (key, over_rest.path) == ("projects.locations.dataExchanges.listings.create", f"/v1/{parent}/listings")
    assert (over_rest.query, discovery.problems(SHARING, over_rest)) == ({"listingId": "x"}, [])
    for body, problem in (
        (over_rest.body | {"displayNames": "x"}, "no field displayNames in Listing"),
        (over_rest.body | {"state": "ACTIVE"}, "Listing.state is read-only"),
        (over_rest.body | {"discoveryType": "OPEN"}, "'OPEN' is not one of"),
        ({}, "Listing.displayName is missing"),
    ):
        [sentence] = discovery.problems(SHARING, over_rest._replace(body=body))
        assert problem in sentence
    update = sharing.UpdateListingRequest(listing={"name": f"{parent}/listings/x"}, update_mask={"paths": ["colour"]})
    _, over_rest = discovery.of_grpc("UpdateListing", update)
    assert discovery.problems(SHARING, over_rest) == [
        "projects.locations.dataExchanges.listings.patch: no field colour"
    ]
