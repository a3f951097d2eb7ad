"""The four levels: what each lists, and what subscribers lose where one takes the place of another."""

import re
from collections.abc import Callable

import pytest

from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.publish import change
from dcr_data_generator.clean_room.settings import EXCHANGE, LEVELS, NOISE, RULES, TEMPLATES
from dcr_data_generator.commands import group as command
from dcr_data_generator.errors import UserError
from tests.support.publishing import (
    ANN,
    BOB,
    EXCHANGED,
    FLAGS,
    FUNCTIONS,
    MERCHANT,
    OWNER,
    PROVIDER,
    SUBSCRIBER,
    Room,
)
from tests.support.sharing import CODES, Refusal, with_project_number

# What each level lists, and whether it is metadata only.
EXACT = {"customers": False, "wallet_customers": False, "wallet_orders": False, "wallet_spend": False}
PRIVATE = {"wallet_customers_private": False, "wallet_spend_private": False}
QUESTIONS = {"customer_segmentation": False, "trust_and_fraud": False, "user_enrichment": False}
LISTED = {
    EXCHANGE: {"merchant_exchange": False, "ewallet_exchange": False},
    RULES: EXACT,
    NOISE: PRIVATE,
    TEMPLATES: {"customers": True, "wallet_customers": True, "wallet_spend": True, **QUESTIONS},
}


def test_each_level_lists_exactly_what_it_is_whatever_was_listed_before(room: Room) -> None:
    room.share(ANN, level=LEVELS[3])
    for number in "010203121323":  # each comes after each other one
        level = LEVELS[int(number)]
        room.share(ANN, level=level, yes=True)
        assert room.listed() == LISTED[level]
        [(name, exchange)] = room.service.exchanges.items()
        assert name.endswith("_exchange") == (level == EXCHANGE)
        assert ("dcr_exchange_config" in exchange.sharing_environment_config) == (level != EXCHANGE)
        assert room.members() == {SUBSCRIBER: [ANN], OWNER: [ANN]}
        assert {change for change in room.share(ANN, level=level) if change and not change.startswith("kept")} == set()


def test_no_view_of_the_noise_level_stands_beside_an_exact_one_of_the_same_rows(room: Room) -> None:
    target = room.target()
    assert {view.name for view in target.views_of(NOISE)} == set(PRIVATE)
    assert not {view.name for view in target.views_of(NOISE)} & {view.name for view in target.views_of(RULES)}


# The first and the second level, and whether the second has to be agreed to: exact rows were shared before.
@pytest.mark.parametrize(
    ("before", "level", "lost", "needs_agreement"),
    [
        (RULES, NOISE, EXACT, True),
        (RULES, TEMPLATES, EXACT, True),
        (NOISE, RULES, PRIVATE, False),
        (NOISE, EXCHANGE, PRIVATE, False),
        (TEMPLATES, RULES, QUESTIONS, True),
        (EXCHANGE, RULES, LISTED[EXCHANGE], True),
        (RULES, EXCHANGE, EXACT, True),
    ],
)
def test_another_level_says_what_subscribers_lose_and_what_was_seen_needs_agreement(
    before: str, level: str, lost: dict, needs_agreement: bool, room: Room
) -> None:
    room.share(ANN, level=before)
    room.service.calls.clear()
    if needs_agreement:
        with pytest.raises(UserError, match=r"give --yes if that is meant$") as error:
            room.share(ANN, level=level)
        text = str(error.value)
        assert "cannot be taken back" in text
        assert room.service.changes() == []
    else:
        [text] = [each for each in room.share(ANN, level=level) if each and "lose" in each]
    assert all(name in text for name in lost)
    advice = ["subscribe again", "must refresh", "must unsubscribe, then subscribe to the exchange"]
    right = advice[0 if before == EXCHANGE else 2 if level == EXCHANGE else 1]
    assert [each for each in advice if each in text] == [right]
    assert not {name for name in LISTED[before] if name not in lost and re.search(rf"\b{name}\b", text)}


def test_a_level_that_stays_loses_nothing_and_asks_nothing(room: Room) -> None:
    room.share(ANN)
    targets = [room.target(kind) for kind in (views.CLEAN_ROOM, views.EXCHANGE)]
    assert change.check_change(targets, RULES, allow_egress=True, is_agreed=False) is None


# A plain exchange: a listing that is deleted takes the partners' linked datasets with it.


@pytest.fixture
def subscribed(room: Room) -> Room:
    """A plain exchange, to whose listings somebody has subscribed."""
    room.share(ANN, level=EXCHANGE)
    for name in LISTED[EXCHANGE]:
        destination = {"dataset_reference": {"project_id": "the-partner", "dataset_id": name}, "location": "US"}
        listing = room.target(views.EXCHANGE).listing(name)
        room.sharing_client.subscribe_listing({"name": listing, "destination_dataset": destination})
    assert room.service.datasets == {f"the-partner.{name}" for name in LISTED[EXCHANGE]}
    return room


def test_other_egress_of_an_exchange_would_delete_linked_datasets_and_says_so_before(subscribed: Room) -> None:
    with pytest.raises(UserError, match="every linked dataset with them: subscribers have to subscribe again: give"):
        subscribed.share(ANN, level=EXCHANGE, allow_egress=True)
    assert len(subscribed.service.datasets) == 2
    changes = subscribed.share(ANN, level=EXCHANGE, allow_egress=True, yes=True)
    assert changes.count("created again: subscribers must subscribe again") == 2
    assert subscribed.service.datasets == set()
    assert not any(each.restricted_export_config.enabled for each in subscribed.service.listings.values())


def test_unpublishing_an_exchange_with_subscribers_needs_agreement(
    subscribed: Room, run: Callable, capsys: pytest.CaptureFixture
) -> None:
    assert run(["unpublish", *FLAGS, "--dry-run"])
    assert command.main(["unpublish", *FLAGS]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "subscribers have to subscribe again (ann@example.com): give --yes if that is meant" in line
    assert len(subscribed.service.datasets) == 2
    run(["unpublish", *FLAGS, "--yes"])
    assert (subscribed.service.datasets, subscribed.service.exchanges) == (set(), {})


@pytest.mark.parametrize(("method", "place"), [("ListListings", 2), ("ListSharedResourceSubscriptions", 1)])
def test_one_false_answer_that_there_is_nothing_neither_deletes_nor_leaves_a_reader(
    method: str, place: int, subscribed: Room
) -> None:
    def lie(turns: int) -> Callable[[], None]:
        def answer() -> None:
            if turns == 1:
                raise Refusal(CODES.NOT_FOUND, "there is nothing")
            subscribed.service.meanwhile[method] = lie(turns - 1)

        return answer

    # The clean room, which is asked for first, is not there; the exchange and its subscriptions are.
    subscribed.service.meanwhile[method] = lie(place)
    level = RULES if method == "ListListings" else EXCHANGE
    with pytest.raises(UserError, match="it is not there"):
        subscribed.share(BOB, level=level)
    assert len(subscribed.service.datasets) == 2


def test_unpublishing_an_exchange_without_subscribers_needs_none(room: Room, run: Callable) -> None:
    room.share(level=EXCHANGE)
    run(["unpublish", *FLAGS])
    assert room.service.exchanges == {}


# On both sides.


def test_a_plain_exchange_hashes_the_emails_as_the_clean_room_does() -> None:
    exchanged = {view.name: view for view in views.read_exchanged()}
    assert exchanged.keys() == set(EXACT)
    for view in views.read():
        if not view.has_noise:
            assert exchanged[view.name].query == re.sub(r"clean_room(?=_salt|_keys)", "exchange", view.query)
            assert "privacy_policy" not in exchanged[view.name].statement


@pytest.mark.slow
def test_one_level_takes_the_place_of_another(room: Room, run: Callable) -> None:
    before = room.contents()
    run(["publish", *FLAGS, "--level", EXCHANGE, "--subscriber", ANN])
    assert EXCHANGED.items() <= room.contents().items()
    assert [each.bigquery_dataset.dataset for each in room.service.listings.values()] == [
        with_project_number(f"projects/{path.replace('.', '/datasets/')}") for path in EXCHANGED
    ]
    run(["publish", *FLAGS, "--level", TEMPLATES, "--subscriber", ANN, "--yes"])
    assert not EXCHANGED.keys() & room.contents().keys()
    assert FUNCTIONS.keys() <= room.contents().keys()
    printed = run(["publish", *FLAGS, "--level", NOISE, "--subscriber", ANN, "--yes"])
    assert "subscribers lose customers" in printed
    own = {path: names for path, names in room.contents().items() if path not in before}
    assert own == {f"{PROVIDER}.ewallet_clean_room": set(PRIVATE)}
    assert room.authorized_views()[f"{MERCHANT}.merchant_provider"] == {"clean_room_keys"}


@pytest.mark.slow
def test_a_level_is_published_once_and_unpublishing_leaves_nothing_of_it(room: Room, run: Callable) -> None:
    before = room.contents()
    run(["publish", *FLAGS, "--level", NOISE, "--subscriber", ANN])
    second = run(["publish", *FLAGS, "--level", NOISE, "--subscriber", ANN])
    assert re.findall(r"\((?!unchanged|kept)", second) == []
    assert "wait" in run(["unpublish", *FLAGS]).splitlines()[-2]
    assert room.contents() == before
    assert set(map(len, room.authorized_views().values())) == {0}
    assert room.service.exchanges == room.service.listings == {}


# Who is dropped, and who is logged.


def subscribe(room: Room, who: str) -> None:
    """Subscribe to the clean room as somebody with the role."""
    name = who.partition("@")[0]
    destination = {"dataset_reference": {"project_id": f"project-{name}", "dataset_id": "linked"}, "location": "US"}
    parent = f"projects/project-{name}/locations/us"
    request = {"name": room.target().exchange, "destination": parent, "subscription": "linked"}
    request["subscriber_contact"] = who
    room.sharing_client.subscribe_data_exchange(request | {"destination_dataset": destination})


def states(room: Room) -> dict[str, str]:
    """The states of the subscriptions, by who has them."""
    return {each.subscriber_contact: each.state.name for each in room.service.subscriptions.values()}


@pytest.mark.parametrize(
    ("named", "said", "revoked"),
    [
        ([ANN], None, {"bob@example.com", "cy@other.org"}),
        (["domain:Example.com"], None, {"cy@other.org"}),
        ([], None, {"ann@example.com", "bob@example.com", "cy@other.org"}),
        (
            [ANN, "group:team@example.com"],
            "not revoked: bob@example.com, cy@other.org, who may be in a group",
            set(),
        ),
        (["user:ANN@example.com", "user:bob@example.com", "serviceAccount:cy@other.org"], None, set()),
    ],
)
def test_the_subscriptions_of_who_is_not_named_any_more_are_revoked(
    named: list[str], said: str | None, revoked: set[str], room: Room
) -> None:
    room.share(ANN, "domain:example.com", "user:cy@other.org")
    for who in ("ann@example.com", "bob@example.com", "cy@other.org"):
        subscribe(room, who)
    changes = [change for change in room.share(*named) if change not in (None, "changed")]
    assert changes == ([said] if said else []) + ["revoked"] * len(revoked)
    assert {who for who, state in states(room).items() if state == "STATE_INACTIVE"} == revoked
    assert [change for change in room.share(*named) if change] == ([said] if said else [])


def test_publishing_without_a_former_subscriber_revokes_and_says_which(room: Room, run: Callable) -> None:
    room.share(ANN)
    subscribe(room, "ann@example.com")
    subscribe(room, "bob@example.com")
    *_, last = (call for call in room.next_calls(ANN) if call.text.startswith("analyticshub.") and call.run())
    assert last.text.endswith("subscriptions/linked, of bob@example.com")
    assert states(room) == {"ann@example.com": "STATE_ACTIVE", "bob@example.com": "STATE_INACTIVE"}


@pytest.mark.slow
def test_each_revocation_is_printed_where_a_later_one_fails_and_one_that_is_gone_is_none(
    room: Room, run: Callable, capsys: pytest.CaptureFixture
) -> None:
    room.share(level=RULES)
    for who in ("ann@example.com", "bob@example.com", "cy@other.org"):
        subscribe(room, who)
    publish = ["publish", *FLAGS, "--level", RULES]
    room.service.meanwhile["RevokeSubscription"] = lambda: room.service.denied.add("RevokeSubscription")
    assert command.main(publish) == 2
    printed = capsys.readouterr()
    assert "of ann@example.com (revoked)" in printed.out
    assert "subscriptions/linked, of bob@example.com is denied" in printed.err
    room.service.denied.clear()

    def leave() -> None:  # bob unsubscribes at the same time
        name = next(name for name, each in room.service.subscriptions.items() if each.subscriber_contact[:3] == "bob")
        del room.service.subscriptions[name]

    room.service.meanwhile["RevokeSubscription"] = leave
    out = run(publish)
    assert "of bob@example.com (unchanged)" in out
    assert "of cy@other.org (revoked)" in out


def test_a_subscription_without_a_name_is_kept_and_said(room: Room) -> None:
    room.share(ANN)
    subscribe(room, "unknown")
    next(iter(room.service.subscriptions.values())).subscriber_contact = ""
    [name] = room.service.subscriptions
    said = f"not revoked: {name}, whose subscriber Google Cloud does not name"
    assert [change for change in room.share(ANN) if change] == [said]


def test_who_asks_is_logged_after_a_warning_and_stays_logged(
    room: Room, run: Callable, capsys: pytest.CaptureFixture
) -> None:
    command.main(["publish", *FLAGS, "--log-subscribers", "--dry-run"])
    assert "--log-subscribers cannot be taken back" in capsys.readouterr().err
    room.share(ANN)
    [exchange] = room.service.exchanges.values()
    assert not exchange.log_linked_dataset_query_user_email
    assert [change for change in room.share(ANN, log_subscribers=True) if change] == ["changed"]
    assert exchange.log_linked_dataset_query_user_email
    assert [change for change in room.share(ANN) if change] == []
    assert exchange.log_linked_dataset_query_user_email
