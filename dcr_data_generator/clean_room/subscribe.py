"""The subscriber's part of sharing: linked datasets in their own project, with all views that are shared.

Sources: "Share sensitive data with data clean rooms" in BigQuery's documentation, and the reference of the sharing
(Analytics Hub) API, v1. A subscriber subscribes to the clean room as a whole, and to each listing of a plain exchange.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from google.api_core.exceptions import AlreadyExists
from google.cloud import bigquery_analyticshub_v1 as sharing

from dcr_data_generator.clean_room import publish
from dcr_data_generator.clean_room.publish import SECONDS, Call, Target
from dcr_data_generator.clean_room.settings import SubscribeSettings, UnsubscribeSettings
from dcr_data_generator.errors import UserError
from dcr_data_generator.terminal import Terminal

SUBSCRIBER = "Analytics Hub Subscriber (roles/analyticshub.subscriber) on {}"
OWNER = "Analytics Hub Subscription Owner (roles/analyticshub.subscriptionOwner) on project {}"
CREATOR = "BigQuery User (roles/bigquery.user), which has bigquery.datasets.create, on project {}"
State = sharing.Subscription.State


def subscribe(settings: SubscribeSettings, terminal: Terminal) -> int:
    """Subscribe to the clean room or the exchange; returns the exit status. Raises UserError as `publish` does."""

    def list_calls(target: Target) -> Iterator[Call]:
        project = settings.project
        role = f"{SUBSCRIBER.format(target.exchange)}, {OWNER.format(project)}, and {CREATOR.format(project)}"
        if target.is_clean_room:
            text = f"analyticshub.dataExchanges.subscribe {target.exchange}, linked dataset {project}.{settings.as_}"
            yield Call(text, partial(create_subscription, target, project, settings.as_), role)
            return
        for listing in target.listings:
            dataset, name = f"{settings.as_}_{listing.name}", target.listing(listing.name)
            text = f"analyticshub.listings.subscribe {name}, linked dataset {project}.{dataset}"
            yield Call(text, partial(create_subscription, target, project, dataset, name), role)

    return publish.run(settings, terminal, list_calls)


def refresh(settings: UnsubscribeSettings, terminal: Terminal) -> int:
    """Take over the views that were added to the clean room or removed. Raises UserError as `publish` does."""

    def list_calls(target: Target) -> Iterator[Call]:
        text = f"analyticshub.subscriptions.refresh, to {target.exchange} from project {settings.project}"
        yield Call(text, partial(refresh_subscriptions, target, settings.project), OWNER.format(settings.project))

    return publish.run(settings, terminal, list_calls)


def unsubscribe(settings: UnsubscribeSettings, terminal: Terminal) -> int:
    """Delete the subscriptions to the clean room, with their linked datasets. Raises UserError as `publish` does."""

    def list_calls(target: Target) -> Iterator[Call]:
        text = f"analyticshub.subscriptions.delete, to {target.exchange} from project {settings.project}"
        yield Call(text, partial(delete_subscriptions, target, settings.project), OWNER.format(settings.project))

    return publish.run(settings, terminal, list_calls)


def create_subscription(target: Target, project: str, dataset: str, listing: str | None = None) -> str | None:
    current = [each for each in subscriptions(target, project) if dataset in datasets_of(each)]
    if current:
        check_active(current)
        return None
    client, reference = target.connect_to_sharing(), {"project_id": project, "dataset_id": dataset}
    destination = {"dataset_reference": reference, "location": target.location}
    try:
        if listing:
            client.subscribe_listing({"name": listing, "destination_dataset": destination}, timeout=SECONDS)
            return "created"
        request = {"name": target.exchange, "destination": parent(target, project), "subscription": dataset}
        whole = {**request, "destination_dataset": destination}
        client.subscribe_data_exchange(whole, timeout=SECONDS).result(timeout=SECONDS)
    except AlreadyExists:
        raise UserError(f"dataset {project}.{dataset} exists already: give another name with --as") from None
    return "created"


def refresh_subscriptions(target: Target, project: str) -> str | None:
    current = subscriptions(target, project)
    if not current:
        raise UserError(f"project {project} has no subscription to {target.exchange}: run `subscribe --as DATASET`")
    stale = [each for each in current if each.state == State.STATE_STALE]
    for each in stale:
        target.connect_to_sharing().refresh_subscription(name=each.name, timeout=SECONDS).result(timeout=SECONDS)
    check_active([each for each in current if each not in stale])
    return "refreshed" if stale else None


def delete_subscriptions(target: Target, project: str) -> str | None:
    current = subscriptions(target, project)
    for each in current:
        target.connect_to_sharing().delete_subscription(name=each.name, timeout=SECONDS).result(timeout=SECONDS)
    return "deleted" if current else None


def subscriptions(target: Target, project: str) -> list[sharing.Subscription]:
    """The subscriptions of a project; the API compares the exchange or listing, whose project has two names."""
    names = [f'data_exchange="{target.exchange}"']
    if not target.is_clean_room:
        names = [f'listing="{target.listing(listing.name)}"' for listing in target.listings]
    requests = [{"parent": parent(target, project), "filter": name} for name in names]
    client = target.connect_to_sharing()
    return [each for request in requests for each in client.list_subscriptions(request, timeout=SECONDS)]


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
