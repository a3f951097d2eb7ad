"""The subscriber's part of sharing: linked datasets in their own project, with all views that are shared.

Sources: "Share sensitive data with data clean rooms" in BigQuery's documentation, and the reference of the sharing
(Analytics Hub) API, v1. A subscriber subscribes to the clean room as a whole, and to each listing of a plain exchange.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from google.api_core.exceptions import AlreadyExists, Forbidden, NotFound
from google.cloud import bigquery_analyticshub_v1 as sharing

from dcr_data_generator import sql
from dcr_data_generator.clean_room.publish import publish
from dcr_data_generator.clean_room.publish.calls import SECONDS, Call, find
from dcr_data_generator.clean_room.publish.operations import finish
from dcr_data_generator.clean_room.publish.target import Target
from dcr_data_generator.clean_room.settings import KINDS, Publisher, SubscribeSettings, UnsubscribeSettings
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.values import on_one_line

SUBSCRIBER = "Analytics Hub Subscriber (roles/analyticshub.subscriber) on {}"
OWNER = "Analytics Hub Subscription Owner (roles/analyticshub.subscriptionOwner) on project {}"
CREATOR = "BigQuery User (roles/bigquery.user), which has bigquery.datasets.create, on project {}"
State = sharing.Subscription.State


def subscribe(settings: SubscribeSettings, terminal: Terminal) -> int:
    """Subscribe to the clean room or the exchange; returns the exit status. Raises UserError as `publish` does."""

    def list_calls(target: Target, project: str) -> Iterator[Call]:
        role = f"{SUBSCRIBER.format(target.exchange)}, {OWNER.format(project)}, and {CREATOR.format(project)}"
        if target.is_clean_room:
            text = (
                f"analyticshub.dataExchanges.subscribe {target.exchange}, linked dataset {project}.{settings.dataset}, "
                "with the email address that a query for SESSION_USER() tells"
            )
            yield Call(text, partial(create_subscription, target, project, settings.dataset), role)
            return
        for listing in target.listings.values():
            dataset, name = f"{settings.dataset}_{listing.name}", target.listing(listing.name)
            text = f"analyticshub.listings.subscribe {name}, linked dataset {project}.{dataset}"
            yield Call(text, partial(create_subscription, target, project, dataset, name), role)

    return carry_out(
        settings,
        terminal,
        list_calls,
        f"subscribe --dataset {settings.dataset}",
        {"Take over what the publisher changes": "refresh", "Leave": "unsubscribe"},
    )


def refresh(settings: UnsubscribeSettings, terminal: Terminal) -> int:
    """Take over the views that were added to the clean room or removed. Raises UserError as `publish` does."""

    def list_calls(target: Target, project: str) -> Iterator[Call]:
        text = f"analyticshub.subscriptions.refresh, to {target.exchange} from project {project}"
        yield Call(text, partial(refresh_subscriptions, target, project), OWNER.format(project))

    return carry_out(settings, terminal, list_calls, "refresh", {"Leave": "unsubscribe"})


def unsubscribe(settings: UnsubscribeSettings, terminal: Terminal) -> int:
    """Delete the subscriptions to the clean room, with their linked datasets. Raises UserError as `publish` does."""

    def list_calls(target: Target, project: str) -> Iterator[Call]:
        text = f"analyticshub.subscriptions.delete, to {target.exchange} from project {project}"
        yield Call(text, partial(delete_subscriptions, target, project), OWNER.format(project))

    return carry_out(settings, terminal, list_calls, "unsubscribe", {"Subscribe again": "subscribe --dataset NAME"})


def carry_out(
    settings: UnsubscribeSettings,
    terminal: Terminal,
    list_calls: Callable[[Target, str], Iterable[Call]],
    itself: str,
    following: Mapping[str, str],
) -> int:
    """Make a subscriber's calls on the clean room of a project, which may be another company's.

    `itself` is the command, and `following` has those that may follow.
    """
    own = settings.place.write_project_id
    place = dataclasses.replace(settings.place, write_project_id=settings.clean_room_project or own)
    with publish.connect(Publisher(place=place, provider_project_id=None), settings.calls) as targets:
        target = targets[settings.to.replace("-", "_")]
        status = publish.carry_out(list_calls(target, str(own)), settings.calls, terminal)
    other = settings.clean_room_project
    flags = Place(**vars(settings.place)).flags + (f" --clean-room-project {other}" if other else "")
    flags += "" if settings.to == KINDS[0] else f" --to {settings.to}"
    commands = {itself.split()[0].capitalize(): itself} if settings.calls.dry_run else following
    terminal.next({what: f"uv run dcr {command}{flags}" for what, command in commands.items()})
    return status


def create_subscription(target: Target, project: str, dataset: str, listing: str | None = None) -> str | None:
    """Subscribe to the clean room, or to a listing, where there is no such linked dataset yet.

    To a clean room, the subscriber says who they are: only by this can the publisher tell whose subscription it is.

    Raises:
        UserError: there is nothing to subscribe to, or the name of the linked dataset is taken.
    """
    current = current_ones(target, project, dataset)
    if current:
        check_active(current)
        return None
    client, reference = target.connect_to_sharing(), {"project_id": project, "dataset_id": dataset}
    destination = {"destination_dataset": {"dataset_reference": reference, "location": target.location}}
    try:
        if listing:
            start(client.subscribe_listing, {"name": listing, **destination})
            return "created"
        request = {"name": target.exchange, "destination": parent(target, project), "subscription": dataset}
        contact = {"subscriber_contact": email(target, project)}
        operation = start(client.subscribe_data_exchange, {**request, **destination, **contact})
        finish(operation, lambda: bool(current_ones(target, project, dataset)))
    except AlreadyExists as error:
        message = on_one_line(error.message).rstrip(".")
        raise UserError(f"{project}.{dataset} is taken ({message}): give another name with --dataset") from None
    return "created"


def start[T](call: Callable[..., T], request: Mapping[str, object]) -> T:
    """Make a call that subscribes. Raises UserError where there is nothing of the name."""
    try:
        return call(request, timeout=SECONDS)
    except NotFound as error:
        raise UserError(
            f"there is no {request['name']} ({on_one_line(error.message).rstrip('.')}): ask who publishes it, and "
            "check --clean-room-project, --location, --suffix and --to"
        ) from None


def email(target: Target, project: str) -> str:
    """The email address of who runs this, as BigQuery knows it."""
    [row] = target.connect(project).query(sql.read("clean_room/subscriber/email").text).result()
    return str(row[0])


def refresh_subscriptions(target: Target, project: str) -> str | None:
    current = subscriptions(target, project)
    if not current:
        raise UserError(f"project {project} has no subscription to {target.exchange}: run `subscribe --dataset NAME`")
    stale = [each for each in current if each.state == State.STATE_STALE]
    client = target.connect_to_sharing()
    for each in stale:
        is_active = partial(has_state, client, each.name, State.STATE_ACTIVE)
        finish(client.refresh_subscription(name=each.name, timeout=SECONDS), is_active)
    check_active([each for each in current if each not in stale])
    return "refreshed" if stale else None


def delete_subscriptions(target: Target, project: str) -> str | None:
    current, client = subscriptions(target, project), target.connect_to_sharing()
    for each in current:
        is_deleted = partial(has_state, client, each.name, None)
        finish(client.delete_subscription(name=each.name, timeout=SECONDS), is_deleted)
    return "deleted" if current else None


def has_state(client: sharing.AnalyticsHubServiceClient, name: str, state: int | None) -> bool:
    """Whether a subscription has a state; or, without one, is not there."""
    current = find(client.get_subscription, name=name, timeout=SECONDS)
    return current is None if state is None else bool(current and current.state == state)


def current_ones(target: Target, project: str, dataset: str) -> list[sharing.Subscription]:
    """The subscriptions of a project that have a linked dataset of this name."""
    return [each for each in subscriptions(target, project) if dataset in datasets_of(each)]


def subscriptions(target: Target, project: str) -> list[sharing.Subscription]:
    """The subscriptions of a project to the clean room, or to a listing of the exchange.

    All of the project's are listed, because nobody knows how a filter has to name the publisher's project. The last
    parts of a name are compared, and the publisher's project as far as it is known.

    Raises:
        UserError: several publishers have an exchange of this name, and it cannot be told which is which.
    """
    client, field = target.connect_to_sharing(), "data_exchange" if target.is_clean_room else "listing"
    names = [target.exchange] if target.is_clean_room else [target.listing(name) for name in target.listings]
    wanted = {without_project(name) for name in names}
    own = client.list_subscriptions(parent=parent(target, project), timeout=SECONDS)
    similar = {each.name: each for each in own if without_project(getattr(each, field)) in wanted}
    publishers = {name: project_of(getattr(each, field)) for name, each in similar.items()}
    known = {target.merchant_project}
    if numbers := {each for each in publishers.values() if each.isdigit()}:
        with suppress(Forbidden):  # of somebody who may not subscribe any more
            exchange = find(client.get_data_exchange, name=target.exchange, timeout=SECONDS)
            known |= {project_of(exchange.name)} if exchange else set()
        if not any(each.isdigit() for each in known):
            if len(numbers) > 1:
                raise UserError(
                    f"{', '.join(sorted(similar))} are subscriptions to exchanges of the same name in several "
                    "projects: delete the right one in the Google Cloud console"
                )
            known |= numbers
    return [each for name, each in similar.items() if publishers[name] in known]


def project_of(name: str) -> str:
    """The project of a resource: its ID or its number."""
    return name.split("/")[1] if "/" in name else ""


def without_project(name: str) -> str:
    """The name of a resource without its project; the location is in lower case."""
    location, _, rest = name.partition("/locations/")[2].partition("/")
    return f"{location.lower()}/{rest}"


def parent(target: Target, project: str) -> str:
    return f"projects/{project}/locations/{target.location.lower()}"


def datasets_of(subscription: sharing.Subscription) -> set[str]:
    """The names of a subscription's linked dataset; one that is not active has only the name that was asked for."""
    linked = {resource.linked_dataset.split("/")[-1] for resource in subscription.linked_resources}
    return linked | {subscription.destination_dataset.dataset_reference.dataset_id}


def check_active(current: Sequence[sharing.Subscription]) -> None:
    advice = {State.STATE_STALE: "`refresh`", State.STATE_INACTIVE: "`unsubscribe`, then `subscribe`"}
    for each in current:
        if each.state in advice:
            raise UserError(f"subscription {each.name} is {each.state.name[6:].lower()}: run {advice[each.state]}")
