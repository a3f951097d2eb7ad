"""Subscribing to the clean room, on the sharing service of the tests."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from google.cloud import bigquery_analyticshub_v1 as sharing

from dcr_data_generator import warehouse
from dcr_data_generator.clean_room import __main__ as command
from dcr_data_generator.clean_room import publish, views
from dcr_data_generator.clean_room.publish import Target
from tests.support.sharing import SharingService, serving, with_project_number

MERCHANT, SUBSCRIBER = "the-merchant", "the-subscriber"
EXCHANGE = f"projects/{MERCHANT}/locations/us/dataExchanges/dcr_data_generator"
FLAGS = ["--write-project-id", MERCHANT, "--subscriber-project-id", SUBSCRIBER]
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
        monkeypatch.setattr(warehouse, "connect", lambda *_, **__: nullcontext(SimpleNamespace(client=None)))
        yield Target(MERCHANT, MERCHANT, "US", views.read(), [], lambda _: pytest.fail("BigQuery"), lambda: client)


@pytest.fixture
def published(target: Target) -> Target:
    """A clean room with two of its views."""
    publish.create_exchange(target)
    for listing in target.listings[:2]:
        publish.create_listing(target, listing, False)
    return target


@pytest.fixture
def run(target: Target, capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str]]:
    """Run a command; returns the exit status and the only line that it prints."""

    def run(*arguments: str) -> tuple[int, str]:
        status = command.main([*arguments, *FLAGS])
        [line] = "".join(capsys.readouterr()).splitlines()
        return status, line

    return run


def test_subscribing_makes_one_linked_dataset_in_the_subscribers_project(
    published: Target, service: SharingService, run: Callable
) -> None:
    assert run("subscribe", "--as", "clean_room") == (
        0,
        f"✓ analyticshub.dataExchanges.subscribe {EXCHANGE}, linked dataset {SUBSCRIBER}.clean_room (created)",
    )
    [subscription] = service.subscriptions.values()
    assert subscription.name.startswith(with_project_number(f"projects/{SUBSCRIBER}/locations/us/"))
    assert subscription.state == STATES.STATE_ACTIVE
    assert [each.linked_dataset for each in subscription.linked_resources] == 2 * [
        with_project_number(f"projects/{SUBSCRIBER}/datasets/clean_room")
    ]
    service.calls.clear()
    assert run("subscribe", "--as", "clean_room")[1].endswith("(unchanged)")
    assert service.changes() == []


def test_a_second_linked_dataset_is_a_second_subscription(
    published: Target, service: SharingService, run: Callable
) -> None:
    run("subscribe", "--as", "one")
    run("subscribe", "--as", "two")
    assert service.datasets == {f"{SUBSCRIBER}.one", f"{SUBSCRIBER}.two"}


def test_a_subscription_is_refreshed_when_the_publisher_has_added_or_removed_a_view(
    published: Target, service: SharingService, run: Callable
) -> None:
    run("subscribe", "--as", "clean_room")
    assert run("refresh") == (
        0,
        f"= analyticshub.subscriptions.refresh, to {EXCHANGE} from project {SUBSCRIBER} (unchanged)",
    )
    for change, views_listed in (
        (lambda: publish.create_listing(published, published.listings[2], False), 3),
        (lambda: publish.delete_listing(published, published.views[0].name), 2),
    ):
        change()
        status, line = run("subscribe", "--as", "clean_room")
        assert (status, line.endswith("is stale: run `refresh`")) == (2, True)
        assert run("refresh")[1].endswith("(refreshed)")
        [subscription] = service.subscriptions.values()
        assert len(subscription.linked_resources) == views_listed


def test_unsubscribing_deletes_the_linked_dataset_and_nothing_else(
    published: Target, service: SharingService, run: Callable
) -> None:
    run("subscribe", "--as", "clean_room")
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
    run("subscribe", "--as", "clean_room")
    published.connect_to_sharing().delete_data_exchange(name=EXCHANGE)
    publish.create_exchange(published)
    publish.create_listing(published, published.listings[0], False)
    for name in ("refresh", "subscribe"):
        status, line = run(name, *(["--as", "clean_room"] if name == "subscribe" else []))
        assert (status, line.endswith("is inactive: run `unsubscribe`, then `subscribe`")) == (2, True)
    run("unsubscribe")
    run("subscribe", "--as", "clean_room")
    [subscription] = service.subscriptions.values()
    assert subscription.state == STATES.STATE_ACTIVE


SUBSCRIPTION_OWNER = f"Analytics Hub Subscription Owner (roles/analyticshub.subscriptionOwner) on project {SUBSCRIBER}"
# "Subscribing" in the page on data clean rooms.
ALL_ROLES = (
    f"ask for the role Analytics Hub Subscriber (roles/analyticshub.subscriber) on {EXCHANGE}, {SUBSCRIPTION_OWNER}, "
    f"and BigQuery User (roles/bigquery.user), which has bigquery.datasets.create, on project {SUBSCRIBER}"
)


@pytest.mark.parametrize(
    ("arguments", "method", "roles"),
    [
        (["subscribe", "--as", "other"], "SubscribeDataExchange", ALL_ROLES),
        (["refresh"], "RefreshSubscription", f"ask for the role {SUBSCRIPTION_OWNER}"),
        (["unsubscribe"], "DeleteSubscription", f"ask for the role {SUBSCRIPTION_OWNER}"),
    ],
)
def test_a_denied_call_names_the_roles_and_where(
    arguments: list[str], method: str, roles: str, published: Target, service: SharingService, run: Callable
) -> None:
    run("subscribe", "--as", "clean_room")
    publish.create_listing(published, published.listings[2], False)
    service.denied.add(method)
    status, line = run(*arguments)
    assert (status, line.endswith(roles)) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["subscribe", "--as", "taken"], f"dataset {SUBSCRIBER}.taken exists already: give another name with --as"),
        (["refresh"], f"project {SUBSCRIBER} has no subscription to {EXCHANGE}: run `subscribe --as DATASET`"),
        (["subscribe", "--as", "my-dataset"], "'my-dataset' is not the name of a dataset"),
        (["subscribe"], "--as"),
        (["refresh", "--as", "clean_room"], "--as"),
    ],
)
def test_what_cannot_be_subscribed_to_ends_in_one_line(
    arguments: list[str], words: str, published: Target, service: SharingService, run: Callable
) -> None:
    service.datasets.add(f"{SUBSCRIBER}.taken")
    status, line = run(*arguments)
    assert (status, words in line) == (2, True)


def test_a_dry_run_makes_no_call(service: SharingService, run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: pytest.fail("connects to the API"))
    monkeypatch.setattr(warehouse, "connect", lambda *_, **__: pytest.fail("connects to BigQuery"))
    for name, call in (
        ("subscribe", f"dataExchanges.subscribe {EXCHANGE}, linked dataset {SUBSCRIBER}.clean_room"),
        ("refresh", f"subscriptions.refresh, to {EXCHANGE} from project {SUBSCRIBER}"),
        ("unsubscribe", f"subscriptions.delete, to {EXCHANGE} from project {SUBSCRIBER}"),
    ):
        arguments = ["--as", "clean_room"] if name == "subscribe" else []
        assert run(name, *arguments, "--dry-run") == (0, f"  would call analyticshub.{call}")
    assert service.calls == []


def test_without_a_project_of_its_own_the_subscriber_has_that_of_the_clean_room(
    published: Target, service: SharingService
) -> None:
    assert command.main(["subscribe", "--as", "clean_room", "--write-project-id", MERCHANT]) == 0
    assert service.datasets == {f"{MERCHANT}.clean_room"}


@pytest.fixture
def exchanged(target: Target) -> Target:
    """A plain exchange with a listing for each party."""
    exchange = target._replace(kind="exchange", views=views.read(kind="exchange"))
    publish.create_exchange(exchange)
    for listing in exchange.listings:
        publish.create_listing(exchange, listing, False)
    return exchange


def test_a_plain_exchange_has_a_linked_dataset_for_each_party(
    exchanged: Target, service: SharingService, capsys: pytest.CaptureFixture
) -> None:
    printed = []
    for arguments in (["subscribe", "--as", "partner"], ["subscribe", "--as", "partner"], ["refresh"], ["unsubscribe"]):
        datasets = set(service.datasets)
        assert command.main([*arguments, "--to", "exchange", *FLAGS]) == 0
        printed.append([line.split("(")[-1] for line in capsys.readouterr().out.splitlines()])
        if arguments[0] == "unsubscribe":
            assert datasets == {f"{SUBSCRIBER}.partner_{party}_exchange" for party in ("merchant", "ewallet")}
    assert printed == [["created)"] * 2, ["unchanged)"] * 2, ["unchanged)"], ["deleted)"]]
    assert (service.datasets, service.subscriptions) == (set(), {})


def test_a_dry_run_prints_the_subscriptions_to_a_plain_exchange(capsys: pytest.CaptureFixture) -> None:
    assert command.main(["subscribe", "--to", "exchange", "--as", "partner", *FLAGS, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"  would call analyticshub.listings.subscribe {EXCHANGE}_exchange/listings/{party}_exchange, "
        f"linked dataset {SUBSCRIBER}.partner_{party}_exchange"
        for party in ("merchant", "ewallet")
    ]
