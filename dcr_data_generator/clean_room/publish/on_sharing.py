"""The calls of the sharing API that publish and unpublish make. Each returns what it changed, or None.

Sources: "Share sensitive data with data clean rooms" and "Manage listings" in BigQuery's documentation, and the
reference of the sharing (Analytics Hub) API, v1, in which a clean room is a data exchange with a dcrExchangeConfig.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from google.api_core.exceptions import NotFound
from google.cloud import bigquery_analyticshub_v1 as sharing
from google.iam.v1 import policy_pb2

from dcr_data_generator.clean_room.publish.calls import SECONDS, delete, find
from dcr_data_generator.clean_room.publish.target import Listing, Target
from dcr_data_generator.errors import UserError

DISPLAY_NAME = "E-commerce merchant and e-wallet provider"
# What a subscriber of a data clean room needs, by the page on data clean rooms.
SUBSCRIBER_ROLES = ("roles/analyticshub.subscriber", "roles/analyticshub.subscriptionOwner")
LOGGING = "log_linked_dataset_query_user_email"


def create_exchange(target: Target, logs_subscribers: bool = False) -> str | None:
    """Create the exchange, or change its texts. Who asks is logged if that is wanted, and goes on being logged."""
    client = target.connect_to_sharing()
    current = find(client.get_data_exchange, name=target.exchange, timeout=SECONDS)
    description = f"The {target.in_words} of a merchant and an e-wallet provider, made by dcr_data_generator."
    fields: dict[str, object] = {"display_name": DISPLAY_NAME, "description": description}
    if logs_subscribers:
        fields[LOGGING] = True
    environment = "dcr_exchange_config" if target.is_clean_room else "default_exchange_config"
    if not current:
        parent = client.common_location_path(target.merchant_project, target.location.lower())
        exchange = {**fields, "sharing_environment_config": {environment: {}}}
        request = {"parent": parent, "data_exchange_id": target.exchange_id, "data_exchange": exchange}
        client.create_data_exchange(request, timeout=SECONDS)
        return "created"
    if environment not in current.sharing_environment_config:
        raise UserError(
            f"{target.exchange} is not a {target.in_words} and cannot become one: delete it, then run again"
        )
    return update(client.update_data_exchange, "data_exchange", target.exchange, current, fields)


def published(target: Target) -> dict[str, sharing.Listing]:
    """What is listed of what the levels list, by name."""
    client = target.connect_to_sharing()
    listings: Iterable[sharing.Listing] | None = find(client.list_listings, parent=target.exchange, timeout=SECONDS)
    if listings is None and find(client.get_data_exchange, name=target.exchange, timeout=SECONDS):
        raise NotFound(f"the listings of {target.exchange}, which is there")  # what would be lost is not guessed
    names = {each.name.rpartition("/")[2]: each for each in listings or []}
    return {name: names[name] for name in target.listings if name in names}


def is_same(target: Target, listing: Listing, current: sharing.Listing, allow_egress: bool) -> bool:
    """Whether a listing shares what it is to share: its resource, how, and whether results can be exported.

    No page says that these can be changed.
    """
    shared = [each.routine or each.table for each in current.bigquery_dataset.selected_resources]
    # The API returns the numbers of projects for their IDs.
    project = target.project(listing.dataset)
    names = [re.sub(r"^projects/\d+/", f"projects/{project}/", each) for each in shared]
    return (
        names == [name for resource in resources_of(target, listing) for name in resource.values()]
        and current.allow_only_metadata_sharing == listing.has_only_metadata
        and current.restricted_export_config.restrict_query_result != allow_egress
    )


def resources_of(target: Target, listing: Listing) -> list[dict[str, str]]:
    """What a listing shares of its dataset; an exchange shares it as a whole."""
    return [{listing.kind: f"{dataset_of(target, listing)}/{listing.kind}s/{listing.name}"}] if listing.kind else []


def dataset_of(target: Target, listing: Listing) -> str:
    return f"projects/{target.project(listing.dataset)}/datasets/{listing.dataset}"


def create_listing(target: Target, listing: Listing, allow_egress: bool) -> str | None:
    """List a view, a routine or a dataset; one that shares something else, or otherwise, is created again."""
    client, name = target.connect_to_sharing(), target.listing(listing.name)
    texts = {"display_name": listing.name, "description": listing.description}
    current = find(client.get_listing, name=name, timeout=SECONDS)
    if current and is_same(target, listing, current, allow_egress):
        return update(client.update_listing, "listing", name, current, texts)
    if current:
        client.delete_listing(name=name, timeout=SECONDS)
    resource = {
        **texts,
        "bigquery_dataset": {
            "dataset": dataset_of(target, listing),
            "selected_resources": resources_of(target, listing),
        },
        "allow_only_metadata_sharing": listing.has_only_metadata,
        # Copies of the view itself are never allowed in a clean room, copies of results are a choice.
        "restricted_export_config": {
            "enabled": target.is_clean_room or not allow_egress,
            "restrict_query_result": not allow_egress,
        },
    }
    client.create_listing({"parent": target.exchange, "listing_id": listing.name, "listing": resource}, timeout=SECONDS)
    if not current:
        return "created"
    return f"created again: subscribers must {'refresh' if target.is_clean_room else 'subscribe again'}"


def update(call: Callable, kind: str, name: str, current: object, fields: Mapping[str, object]) -> str | None:
    """Change those fields that differ."""
    changes = {field: value for field, value in fields.items() if getattr(current, field) != value}
    if not changes:
        return None
    call({kind: {"name": name, **changes}, "update_mask": {"paths": list(changes)}}, timeout=SECONDS)
    return "changed"


def grant_subscribers(target: Target, subscribers: Sequence[str]) -> str | None:
    """Grant the subscribers their roles on the clean room and revoke everybody else's; other roles stay."""
    client = target.connect_to_sharing()
    # Version 3 has the conditions of bindings; without it, they would be lost.
    request = {"resource": target.exchange, "options": {"requested_policy_version": 3}}
    policy = client.get_iam_policy(request, timeout=SECONDS)
    current = [binding for binding in policy.bindings if binding.role in SUBSCRIBER_ROLES]
    grants = {(binding.role, member, binding.condition.expression) for binding in current for member in binding.members}
    if grants == {(role, member, "") for role in SUBSCRIBER_ROLES for member in subscribers}:
        return None
    others = [binding for binding in policy.bindings if binding.role not in SUBSCRIBER_ROLES]
    ours = [policy_pb2.Binding(role=role, members=subscribers) for role in SUBSCRIBER_ROLES if subscribers]
    # With its etag: fails if somebody else has changed it.
    new_policy = policy_pb2.Policy(version=policy.version, etag=policy.etag, bindings=[*others, *ours])
    client.set_iam_policy({"resource": target.exchange, "policy": new_policy}, timeout=SECONDS)
    return "changed"


def subscriptions_to(target: Target, is_published: bool = False) -> list[sharing.Subscription]:
    """The subscriptions that can be read with, of all subscribers: to an exchange, and to each of its listings.

    What is published is there: that it is not found is then an error, for somebody may go on reading.
    """
    client, resources = target.connect_to_sharing(), [target.exchange]
    resources += [] if target.is_clean_room else [target.listing(name) for name in target.listings]
    found: dict[str, sharing.Subscription] = {}
    for resource in resources:
        pages: Iterable[sharing.Subscription]
        get = client.list_shared_resource_subscriptions
        pages = (get if is_published else partial(find, get))(resource=resource, timeout=SECONDS) or []
        found |= {each.name: each for each in pages if each.state != sharing.Subscription.State.STATE_INACTIVE}
    return list(found.values())


def find_others(target: Target, subscribers: Sequence[str], others: dict[str, str]) -> str | None:
    """Find the subscriptions of those who are not named: losing a role does not end reading.

    Who is a member of a group is not known here: where one is named, a subscription of nobody else who is named stays.

    `others` gets those that are to be revoked: whose they are, by name.
    """
    has_groups = any(each.startswith("group:") for each in subscribers)
    unnamed = [
        each
        for each in subscriptions_to(target, is_published=True)
        if not is_named(each.subscriber_contact, subscribers)
    ]
    revoked = {each.name: each.subscriber_contact for each in unnamed if each.subscriber_contact and not has_groups}
    others.update(revoked)
    kept = sorted(each.subscriber_contact or each.name for each in unnamed if each.name not in revoked)
    reason = "who may be in a group" if has_groups else "whose subscriber Google Cloud does not name"
    return f"not revoked: {', '.join(kept)}, {reason}" if kept else None


def revoke(target: Target, name: str) -> str | None:
    return "revoked" if delete(target.connect_to_sharing().revoke_subscription, name=name, timeout=SECONDS) else None


def is_named(contact: str, subscribers: Iterable[str]) -> bool:
    """Whether an email address is one of those who may subscribe, or in one of their domains."""
    kinds = (each.lower().partition(":") for each in subscribers)
    email = contact.lower()
    return any(
        email.endswith(f"@{name}") if kind == "domain" else kind != "group" and email == name for kind, _, name in kinds
    )


def delete_listing(target: Target, name: str) -> str | None:
    return delete(target.connect_to_sharing().delete_listing, name=target.listing(name), timeout=SECONDS)


def delete_exchange(target: Target) -> str | None:
    client = target.connect_to_sharing()
    if any(find(client.list_listings, parent=target.exchange, timeout=SECONDS) or []):
        return "kept: it has other listings"
    return delete(client.delete_data_exchange, name=target.exchange, timeout=SECONDS)
