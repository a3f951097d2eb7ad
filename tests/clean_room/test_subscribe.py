"""Subscribing to the clean room, on the sharing service of the tests."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import MethodNotImplemented
from google.cloud import bigquery_analyticshub_v1 as sharing
from grpc import StatusCode

from dcr_data_generator.clean_room import subscribe, views
from dcr_data_generator.clean_room.publish import on_sharing, operations, publish
from dcr_data_generator.clean_room.publish.target import Target
from dcr_data_generator.clean_room.settings import RULES
from dcr_data_generator.commands import group as command
from dcr_data_generator.warehouse import connect as warehouse
from tests.support.sharing import CODES, SharingService, asked_by, serving, with_project_number

MERCHANT, SUBSCRIBER = "the-merchant", "the-subscriber"
EXCHANGE = f"projects/{MERCHANT}/locations/us/dataExchanges/dcr_data_generator"
FLAGS = ["--write-project-id", SUBSCRIBER, "--clean-room-project", MERCHANT]
EMAIL = "with the email address that a query for SESSION_USER() tells"
LINKED = f"linked dataset {SUBSCRIBER}.clean_room, {EMAIL}"
SUBSCRIBE = ["subscribe", "--dataset", "clean_room"]
STATES = sharing.Subscription.State


@pytest.fixture
def service() -> SharingService:
    """A sharing service without a clean room."""
    return SharingService()


@pytest.fixture
def target(service: SharingService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """Where the clean room is; the commands reach the service of the tests."""
    with serving(service) as client:
        monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: client)
        bigquery = asked_by(service)
        monkeypatch.setattr(warehouse, "connect", lambda *_, **__: nullcontext(SimpleNamespace(client=bigquery)))
        yield Target(MERCHANT, MERCHANT, "US", views.read(), [], lambda _: bigquery, lambda: client)


@pytest.fixture
def published(target: Target) -> Target:
    """A clean room with two of its views."""
    on_sharing.create_exchange(target)
    for listing in target.listings_of(RULES)[:2]:
        on_sharing.create_listing(target, listing, False)
    return target


@pytest.fixture
def run(target: Target, capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str]]:
    """Run a command; returns the exit status and the only line about a call, or error, that it prints."""

    def run(*arguments: str) -> tuple[int, str]:
        status = command.main([*arguments, *FLAGS])
        out, err = capsys.readouterr()
        [line] = [line for line in f"{out}{err}".splitlines() if line.startswith(("error", "✓", "=", "  would"))]
        return status, line

    return run


def test_subscribing_makes_one_linked_dataset_in_the_subscribers_project(
    published: Target, service: SharingService, run: Callable
) -> None:
    assert run(*SUBSCRIBE) == (
        0,
        f"✓ analyticshub.dataExchanges.subscribe {EXCHANGE}, {LINKED} (created)",
    )
    [subscription] = service.subscriptions.values()
    assert subscription.name.startswith(with_project_number(f"projects/{SUBSCRIBER}/locations/us/"))
    # Nothing but this tells the publisher whose it is.
    assert subscription.subscriber_contact == service.subscriber
    assert subscription.state == STATES.STATE_ACTIVE
    assert [each.linked_dataset for each in subscription.linked_resources] == 2 * [
        with_project_number(f"projects/{SUBSCRIBER}/datasets/clean_room")
    ]
    service.calls.clear()
    assert run(*SUBSCRIBE)[1].endswith("(unchanged)")
    assert service.changes() == []


def test_a_second_linked_dataset_is_a_second_subscription(
    published: Target, service: SharingService, run: Callable
) -> None:
    run("subscribe", "--dataset", "one")
    run("subscribe", "--dataset", "two")
    assert service.datasets == {f"{SUBSCRIBER}.one", f"{SUBSCRIBER}.two"}


def test_a_subscription_is_refreshed_when_the_publisher_has_added_or_removed_a_view(
    published: Target, service: SharingService, run: Callable
) -> None:
    run(*SUBSCRIBE)
    assert run("refresh") == (
        0,
        f"= analyticshub.subscriptions.refresh, to {EXCHANGE} from project {SUBSCRIBER} (unchanged)",
    )
    for change, views_listed in (
        (lambda: on_sharing.create_listing(published, published.listings_of(RULES)[2], False), 3),
        (lambda: on_sharing.delete_listing(published, published.views[0].name), 2),
    ):
        change()
        status, line = run(*SUBSCRIBE)
        assert (status, "is stale: run `refresh`" in line) == (2, True)
        assert run("refresh")[1].endswith("(refreshed)")
        [subscription] = service.subscriptions.values()
        assert len(subscription.linked_resources) == views_listed


def test_unsubscribing_deletes_the_linked_dataset_and_nothing_else(
    published: Target, service: SharingService, run: Callable
) -> None:
    run(*SUBSCRIBE)
    service.datasets.add(f"{SUBSCRIBER}.theirs")
    [theirs] = service.subscriptions.values()
    theirs = sharing.Subscription(
        theirs, name=theirs.name + "0", data_exchange="projects/1/locations/us/dataExchanges/x"
    )
    service.subscriptions[theirs.name] = theirs
    assert run("unsubscribe")[1].endswith("(deleted)")
    assert service.datasets == {f"{SUBSCRIBER}.theirs"}
    assert list(service.subscriptions) == [theirs.name]
    assert len(service.listings) == 2
    assert run("unsubscribe")[1].endswith("(unchanged)")


def test_a_subscription_to_a_clean_room_that_was_deleted_is_made_anew(
    published: Target, service: SharingService, run: Callable
) -> None:
    run(*SUBSCRIBE)
    published.connect_to_sharing().delete_data_exchange(name=EXCHANGE)
    on_sharing.create_exchange(published)
    on_sharing.create_listing(published, published.listings_of(RULES)[0], False)
    for name in ("refresh", "subscribe"):
        status, line = run(*(SUBSCRIBE if name == "subscribe" else [name]))
        assert (status, "is inactive: run `unsubscribe`, then `subscribe`" in line) == (2, True)
    run("unsubscribe")
    run(*SUBSCRIBE)
    [subscription] = service.subscriptions.values()
    assert subscription.state == STATES.STATE_ACTIVE


# What nobody could try: operations that cannot be polled, and names of the same exchange.


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "code",
    [
        *(CODES.UNIMPLEMENTED, CODES.NOT_FOUND, CODES.PERMISSION_DENIED, CODES.INTERNAL),
        *(CODES.DEADLINE_EXCEEDED, CODES.UNAVAILABLE),
    ],
)
def test_operations_that_cannot_be_polled_are_looked_for(
    code: StatusCode, published: Target, service: SharingService, run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "polls", False)
    monkeypatch.setattr(service, "not_polled", code)
    monkeypatch.setattr(operations, "POLLED_SECONDS", 0.1)
    assert run(*SUBSCRIBE)[1].endswith("(created)")
    on_sharing.create_listing(published, published.listings_of(RULES)[2], False)
    assert run("refresh")[1].endswith("(refreshed)")
    assert run("unsubscribe")[1].endswith("(deleted)")


@pytest.mark.usefixtures("impatient")
def test_an_operation_whose_result_never_comes_is_an_error(
    published: Target, service: SharingService, run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "polls", False)
    monkeypatch.setattr(operations, "SECONDS", 0.01)
    monkeypatch.setattr(subscribe, "current_ones", lambda *_: [])
    with pytest.raises(MethodNotImplemented):
        subscribe.create_subscription(published, SUBSCRIBER, "clean_room")


@pytest.mark.parametrize("location", ["us", "US"])
def test_an_exchange_is_recognized_by_the_last_parts_of_its_name(
    location: str, published: Target, service: SharingService, run: Callable
) -> None:
    run(*SUBSCRIBE)
    [subscription] = service.subscriptions.values()
    subscription.data_exchange = EXCHANGE.replace("/us/", f"/{location}/")
    assert run(*SUBSCRIBE)[1].endswith("(unchanged)")
    assert run("unsubscribe")[1].endswith("(deleted)")


@pytest.mark.parametrize("tells_number", [True, False])
def test_the_subscription_to_another_publishers_exchange_of_the_same_name_stays(
    tells_number: bool, published: Target, service: SharingService, run: Callable
) -> None:
    run(*SUBSCRIBE)
    [own] = service.subscriptions.values()
    theirs = sharing.Subscription(own, name=f"{own.name}0", data_exchange=EXCHANGE.replace(MERCHANT, "123"))
    service.subscriptions[theirs.name] = theirs
    if tells_number:
        service.exchanges[EXCHANGE].name = own.data_exchange
        assert run("unsubscribe")[1].endswith("(deleted)")
        assert list(service.subscriptions) == [theirs.name]
    else:
        status, line = run("unsubscribe")
        assert (status, "delete the right one in the Google Cloud console" in line) == (2, True)
        assert len(service.subscriptions) == 2


def test_who_has_lost_the_role_can_unsubscribe(published: Target, service: SharingService, run: Callable) -> None:
    run(*SUBSCRIBE)
    service.denied.add("GetDataExchange")
    assert run("unsubscribe")[1].endswith("(deleted)")


SUBSCRIPTION_OWNER = f"Analytics Hub Subscription Owner (roles/analyticshub.subscriptionOwner) on project {SUBSCRIBER}"
# "Subscribing" in the page on data clean rooms.
ALL_ROLES = (
    f"ask for the role Analytics Hub Subscriber (roles/analyticshub.subscriber) on {EXCHANGE}, {SUBSCRIPTION_OWNER}, "
    f"and BigQuery User (roles/bigquery.user), which has bigquery.datasets.create, on project {SUBSCRIBER}"
)


@pytest.mark.parametrize(
    ("arguments", "method", "roles"),
    [
        (["subscribe", "--dataset", "other"], "SubscribeDataExchange", ALL_ROLES),
        (["refresh"], "RefreshSubscription", f"ask for the role {SUBSCRIPTION_OWNER}"),
        (["unsubscribe"], "DeleteSubscription", f"ask for the role {SUBSCRIPTION_OWNER}"),
    ],
)
def test_a_denied_call_names_the_roles_and_where(
    arguments: list[str], method: str, roles: str, published: Target, service: SharingService, run: Callable
) -> None:
    run(*SUBSCRIBE)
    on_sharing.create_listing(published, published.listings_of(RULES)[2], False)
    service.denied.add(method)
    status, line = run(*arguments)
    assert (status, roles in line) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["subscribe", "--dataset", "taken"], f"Dataset {SUBSCRIBER}.taken): give another name with --dataset"),
        (
            ["subscribe", "--dataset", "x", "--suffix", "_b"],
            f"error: there is no {EXCHANGE}_b ({EXCHANGE}_b not found): ask who publishes it, and check --clean-",
        ),
        (["subscribe", "--dataset", "x", "--to", "exchange"], f"there is no {EXCHANGE}_exchange/listings/merchant_"),
        (["refresh"], f"project {SUBSCRIBER} has no subscription to {EXCHANGE}: run `subscribe --dataset NAME`"),
        (["subscribe", "--dataset", "my-dataset"], "'my-dataset' is not the name of a dataset"),
        (["subscribe"], "--dataset"),
        (["refresh", "--dataset", "clean_room"], "--dataset"),
    ],
)
def test_what_cannot_be_subscribed_to_ends_in_one_line(
    arguments: list[str], words: str, published: Target, service: SharingService, run: Callable
) -> None:
    service.datasets.add(f"{SUBSCRIBER}.taken")
    status, line = run(*arguments)
    assert (status, words in line) == (2, True)


def test_a_dry_run_makes_no_call(
    service: SharingService, run: Callable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: pytest.fail("connects to the API"))
    monkeypatch.setattr(warehouse, "connect", lambda *_, **__: pytest.fail("connects to BigQuery"))
    for name, call in (
        ("subscribe", f"dataExchanges.subscribe {EXCHANGE}, {LINKED}"),
        ("refresh", f"subscriptions.refresh, to {EXCHANGE} from project {SUBSCRIBER}"),
        ("unsubscribe", f"subscriptions.delete, to {EXCHANGE} from project {SUBSCRIBER}"),
    ):
        arguments = SUBSCRIBE if name == "subscribe" else [name]
        assert run(*arguments, "--dry-run") == (0, f"  would call analyticshub.{call}")
        assert command.main([*arguments, *FLAGS, "--location", "EU", "--suffix", "_b", "--dry-run"]) == 0
        flags = f"{FLAGS[0]} {FLAGS[1]} --location EU --suffix _b {FLAGS[2]} {FLAGS[3]}"
        assert capsys.readouterr().out.splitlines()[-2:] == [
            "Nothing was changed.",
            f"{name.capitalize()}: uv run dcr {' '.join(arguments)} {flags}",
        ]
    assert service.calls == []


@pytest.mark.parametrize(
    ("arguments", "following"),
    [
        (SUBSCRIBE, ["refresh", "unsubscribe"]),
        (["refresh"], ["unsubscribe"]),
        (["unsubscribe"], ["subscribe --dataset NAME"]),
    ],
)
def test_a_command_ends_with_those_that_may_follow(
    arguments: list[str], following: list[str], published: Target, capsys: pytest.CaptureFixture
) -> None:
    command.main([*SUBSCRIBE, *FLAGS])
    capsys.readouterr()
    assert command.main([*arguments, *FLAGS]) == 0
    commands = [line.partition("uv run dcr ")[2] for line in capsys.readouterr().out.splitlines()]
    assert [each for each in commands if each] == [f"{each} {' '.join(FLAGS)}" for each in following]


def test_without_another_project_the_clean_room_is_in_the_subscribers_own(
    published: Target, service: SharingService
) -> None:
    assert command.main([*SUBSCRIBE, "--write-project-id", MERCHANT]) == 0
    assert service.datasets == {f"{MERCHANT}.clean_room"}


@pytest.fixture
def exchanged(target: Target) -> Target:
    """A plain exchange with a listing for each party."""
    exchange = target._replace(kind="exchange", views=views.read_exchanged())
    on_sharing.create_exchange(exchange)
    for listing in exchange.listings.values():
        on_sharing.create_listing(exchange, listing, False)
    return exchange


def test_a_plain_exchange_has_a_linked_dataset_for_each_party(
    exchanged: Target, service: SharingService, capsys: pytest.CaptureFixture
) -> None:
    printed, partner = [], ["subscribe", "--dataset", "partner"]
    for arguments in (partner, partner, ["refresh"], ["unsubscribe"]):
        datasets = set(service.datasets)
        assert command.main([*arguments, "--to", "exchange", *FLAGS]) == 0
        lines = capsys.readouterr().out.splitlines()
        printed.append([line.split("(")[-1] for line in lines if line.startswith(("✓", "="))])
        if arguments[0] == "unsubscribe":
            assert datasets == {f"{SUBSCRIBER}.partner_{party}_exchange" for party in ("merchant", "ewallet")}
    assert printed == [["created)"] * 2, ["unchanged)"] * 2, ["unchanged)"], ["deleted)"]]
    assert (service.datasets, service.subscriptions) == (set(), {})


def test_a_dry_run_prints_the_subscriptions_to_a_plain_exchange(capsys: pytest.CaptureFixture) -> None:
    assert command.main(["subscribe", "--to", "exchange", "--dataset", "partner", *FLAGS, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[1:-2] == [
        f"  would call analyticshub.listings.subscribe {EXCHANGE}_exchange/listings/{party}_exchange, "
        f"linked dataset {SUBSCRIBER}.partner_{party}_exchange"
        for party in ("merchant", "ewallet")
    ]
