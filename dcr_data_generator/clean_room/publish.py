"""Publishes the clean room on Google Cloud, and deletes it again: one list of calls, each of which may be repeated.

Source: "Share sensitive data with data clean rooms" and "Authorized views" in BigQuery's documentation, and the
reference of the sharing (Analytics Hub) API, v1. A clean room is a data exchange with a dcrExchangeConfig; each of its
listings shares one view, which is authorized on the dataset that it reads. A function that makes a call returns what it
changed, or None where nothing had to change.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple

import pandas as pd
from google.api_core.exceptions import Aborted, AlreadyExists, Conflict, Forbidden, NotFound, PreconditionFailed
from google.cloud import bigquery
from google.cloud import bigquery_analyticshub_v1 as sharing
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf import field_mask_pb2
from pydantic import SecretStr
from rich.markup import escape

from dcr_data_generator import warehouse
from dcr_data_generator.clean_room import salt, views
from dcr_data_generator.clean_room.settings import PublishSettings, UnpublishSettings
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.terminal import Terminal

EXCHANGE_ID = "dcr_data_generator"
EXCHANGE_NAME = "E-commerce merchant and e-wallet provider"
EXCHANGE_DESCRIPTION = "The clean room of a merchant and an e-wallet provider, made by dcr_data_generator."
DATASET_DESCRIPTION = "What this party shares in the clean room: views, with rules."
LABELS = {"application": "dcr-data-generator", "made-by": "clean-room"}
# A view's label that tells its definition from another one.
FINGERPRINT = "definition"
# What a data clean room subscriber has, by the page on data clean rooms.
SUBSCRIBER_ROLES = ("roles/analyticshub.subscriber", "roles/analyticshub.subscriptionOwner")
# How often to try again when somebody else changes the same thing at the same time.
TRIES = 5
TIMEOUT = 60


class Call(NamedTuple):
    """A call as --dry-run prints it, what makes it, and the role that it needs."""

    text: str
    make: Callable[[], str | None]
    role: str


@dataclass(frozen=True)
class Target:
    """Where the clean room is published. No client connects before it is used."""

    merchant_project: str
    provider_project: str
    location: str
    views: list[View]
    connect: Callable[[str], bigquery.Client]
    connect_to_sharing: Callable[[], sharing.AnalyticsHubServiceClient]

    @property
    def exchange(self) -> str:
        """The resource name of the clean room, which is in the merchant's project."""
        return f"projects/{self.merchant_project}/locations/{self.location.lower()}/dataExchanges/{EXCHANGE_ID}"

    def project(self, dataset: str) -> str:
        """The project of the party that owns a dataset."""
        return self.merchant_project if dataset.startswith("merchant") else self.provider_project

    def path(self, dataset: str) -> str:
        """A dataset, or a table or view in one, with its project."""
        return f"{self.project(dataset)}.{dataset}"

    def listing(self, view: View) -> str:
        """The resource name of a view's listing."""
        return f"{self.exchange}/listings/{view.name}"

    def client(self, dataset: str) -> bigquery.Client:
        """A client of a dataset's project."""
        return self.connect(self.project(dataset))

    def owner(self, dataset: str) -> str:
        """The role that owns a dataset."""
        return f"BigQuery Data Owner (roles/bigquery.dataOwner) on dataset {self.path(dataset)}"


def publish(settings: PublishSettings, terminal: Terminal) -> int:
    """Create the clean room, or change what differs from what is published."""
    secret = salt.required(settings.salt_file)
    return run(settings, terminal, lambda target: calls_to_publish(target, settings, secret))


def unpublish(settings: UnpublishSettings, terminal: Terminal) -> int:
    """Delete what publish created."""
    return run(settings, terminal, calls_to_unpublish)


def run(settings: UnpublishSettings, terminal: Terminal, calls: Callable[[Target], Iterator[Call]]) -> int:
    """Make the calls one after the other, or print them.

    Raises:
        UserError: this is not Google Cloud, or a call is not allowed there.
    """
    project = settings.write_project_id
    if project is None or os.environ.get("BIGQUERY_EMULATOR_HOST"):
        raise UserError(
            "there is sharing on Google Cloud only: give --write-project-id, or rehearse, which runs anywhere"
        )
    with ExitStack() as stack:

        def connect(project: str) -> bigquery.Client:
            return stack.enter_context(warehouse.connect(replace(settings, write_project_id=project), False)).client

        provider_project = settings.provider_project_id or project
        target = Target(
            project,
            provider_project,
            settings.location,
            views.read(),
            cache(connect),
            cache(sharing.AnalyticsHubServiceClient),
        )
        for call in calls(target):
            if settings.dry_run:
                terminal.line(f"  would call {escape(call.text)}")
            elif change := make(call):
                terminal.line(f"[green]✓[/] {escape(call.text)} [dim]({change})[/]")
            else:
                terminal.line(f"[dim]=[/] {escape(call.text)} [dim](unchanged)[/]")
    return 0


def make(call: Call) -> str | None:
    """Make a call; an error that Google Cloud does not allow it names the role, or the API to enable."""
    try:
        return call.make()
    except Forbidden as error:
        advice = f"ask for the role {call.role}"
        if "SERVICE_DISABLED" in str(error) or "has not been used" in str(error):
            advice = "run `gcloud services enable analyticshub.googleapis.com` in that project"
        raise UserError(f"{call.text} is denied ({error.message}): {advice}") from None


def calls_to_publish(target: Target, settings: PublishSettings, secret: SecretStr) -> Iterator[Call]:
    """The calls that publish, each of which builds on those before it."""
    for table in FIVE_TABLES:
        yield Call(
            f"bigquery.tables.get {target.path(table)}", partial(check_table, target, table), target.owner(table)
        )
    for room in dict.fromkeys(view.dataset for view in target.views):
        text = f"bigquery.datasets.insert {target.path(room)} in {target.location}"
        role = f"BigQuery User (roles/bigquery.user) on project {target.project(room)}"
        yield Call(text, partial(create_dataset, target, room), role)
    for table in salt_tables(target):
        text = f"bigquery.jobs.insert load {target.path(table)}, one row"
        yield Call(text, partial(load_salt, target, table, secret), target.owner(table))
    for view in target.views:
        name = f"{view.dataset}.{view.name}"
        text = f"bigquery.jobs.insert CREATE OR REPLACE VIEW {target.path(name)}"
        yield Call(text, partial(create_view, target, view), target.owner(view.dataset))
        text = f"bigquery.datasets.patch {target.path(view.source)}: view {name} may read it"
        yield Call(text, partial(set_access, target, view, True), target.owner(view.source))
    admin = admin_of(target)
    text = f"analyticshub.dataExchanges.create {target.exchange}, a data clean room"
    yield Call(text, partial(create_exchange, target), admin)
    for view in target.views:
        export = "results may be exported" if settings.allow_egress else "results may not be exported"
        text = f"analyticshub.listings.create {target.listing(view)}, {export}"
        role = f"{admin}, and {target.owner(view.dataset)}"
        yield Call(text, partial(create_listing, target, view, settings.allow_egress), role)
    subscribers = sorted(set(settings.subscriber))
    text = f"analyticshub.dataExchanges.setIamPolicy {target.exchange}: the subscribers are "
    yield Call(text + (", ".join(subscribers) or "nobody"), partial(grant_subscribers, target, subscribers), admin)


def calls_to_unpublish(target: Target) -> Iterator[Call]:
    """The calls that delete what was published, and nothing else, in the opposite order."""
    admin = admin_of(target)
    for view in reversed(target.views):
        yield Call(f"analyticshub.listings.delete {target.listing(view)}", partial(delete_listing, target, view), admin)
    yield Call(f"analyticshub.dataExchanges.delete {target.exchange}", partial(delete_exchange, target), admin)
    for view in reversed(target.views):
        name = f"{view.dataset}.{view.name}"
        text = f"bigquery.datasets.patch {target.path(view.source)}: view {name} may not read it"
        yield Call(text, partial(set_access, target, view, False), target.owner(view.source))
        text = f"bigquery.tables.delete {target.path(name)}"
        yield Call(text, partial(delete_table, target, name), target.owner(view.dataset))
    for table in salt_tables(target):
        text = f"bigquery.tables.delete {target.path(table)}"
        yield Call(text, partial(delete_table, target, table), target.owner(table))
    for room in dict.fromkeys(view.dataset for view in target.views):
        text = f"bigquery.datasets.delete {target.path(room)}"
        yield Call(text, partial(delete_dataset, target, room), target.owner(room))


def admin_of(target: Target) -> str:
    """The role that owns data clean rooms."""
    return f"Analytics Hub Admin (roles/analyticshub.admin) on project {target.merchant_project}"


def salt_tables(target: Target) -> list[str]:
    """The tables with the salt, one beside the own tables of each party."""
    return [f"{source}.{salt.SALT_TABLE}" for source in dict.fromkeys(view.source for view in target.views)]


def check_table(target: Target, table: str) -> None:
    """Check that a run has made a party's table, in the location of the clean room."""
    dataset = table.split(".")[0]
    client, project = target.client(dataset), target.project(dataset)
    try:
        client.get_table(target.path(table))
        location = client.get_dataset(target.path(dataset)).location
    except NotFound:
        raise UserError(
            f"there is no {table} in project {project}: run "
            f"`uv run python -m dcr_data_generator.main --write-project-id {project}` first"
        ) from None
    if location.upper() != target.location.upper():
        raise UserError(f"{target.path(dataset)} is in {location}: give --location {location}")


def create_dataset(target: Target, name: str) -> str | None:
    """Create a dataset for views; one that exists stays as it is."""
    dataset = bigquery.Dataset(target.path(name))
    dataset.location, dataset.labels, dataset.description = target.location, LABELS, DATASET_DESCRIPTION
    try:
        target.client(name).create_dataset(dataset)
    except Conflict:
        location = target.client(name).get_dataset(target.path(name)).location
        if location.upper() != target.location.upper():
            raise UserError(
                f"dataset {target.path(name)} is in {location}: delete it, or give --location {location}"
            ) from None
        return None
    return "created"


def load_salt(target: Target, name: str, secret: SecretStr) -> str | None:
    """Put the salt where only the party and its authorized views can read it.

    It is loaded: the text and the parameters of a statement would stay in the job history.
    """
    table, client = target.path(name), target.client(name)
    try:
        if [row.salt for row in client.list_rows(client.get_table(table))] == [secret.get_secret_value()]:
            return None
        change = "changed"
    except NotFound:
        change = "created"
    schema = [bigquery.SchemaField("salt", "STRING", "REQUIRED")]
    job_config = bigquery.LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
    frame = pd.DataFrame({"salt": [secret.get_secret_value()]})
    client.load_table_from_dataframe(frame, table, job_config=job_config).result()
    return change


def create_view(target: Target, view: View) -> str | None:
    """Create a view, or replace one that differs; to replace a view fills its privacy budget up again."""
    client, name = target.client(view.dataset), f"{target.path(view.dataset)}.{view.name}"
    try:
        if is_as_published(view, client.get_table(name)):
            return None
        change = "changed"
    except NotFound:
        change = "created"
    client.query(view.statement).result()
    table = client.get_table(name)
    table.labels = {**LABELS, FINGERPRINT: fingerprint(view)}
    client.update_table(table, ["labels"])
    return change


def fingerprint(view: View) -> str:
    """Tell a view's definition from another one."""
    return hashlib.sha256(view.statement.encode()).hexdigest()[:32]


def is_as_published(view: View, table: bigquery.Table) -> bool:
    """Whether a view is this one, by its label and by what BigQuery's API says of its definition, if anything."""
    if table.labels.get(FINGERPRINT) != fingerprint(view):
        return False
    resource = table.to_api_repr().get("view", {})
    if "query" not in resource:  # an emulator
        return True
    policy = camel_case(view.policy.model_dump(mode="json", exclude_none=True))
    if threshold := policy.get("aggregationThresholdPolicy"):
        threshold["privacyUnitColumns"] = [threshold.pop("privacyUnitColumn")]
    return resource["query"].split() == view.query.split() and contains(resource.get("privacyPolicy"), policy)


def camel_case(value: Any) -> Any:  # noqa: ANN401
    """Name the keys of nested dictionaries as the REST API does."""
    if not isinstance(value, dict):
        return value
    return {re.sub("_(.)", lambda part: part[1].upper(), key): camel_case(each) for key, each in value.items()}


def contains(resource: Any, wanted: Any) -> bool:  # noqa: ANN401
    """Whether a resource has these values; it may have more, and the API writes whole numbers as texts."""
    if isinstance(wanted, dict):
        return isinstance(resource, dict) and all(contains(resource.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, int | float):
        return resource is not None and float(resource) == wanted
    return bool(resource == wanted)


def set_access(target: Target, view: View, may_read: bool) -> str | None:
    """Let a view read the dataset of its party's own tables, or no longer, unless it is so already."""
    client = target.client(view.source)
    reference = {"projectId": target.project(view.dataset), "datasetId": view.dataset, "tableId": view.name}
    entry = bigquery.AccessEntry(entity_type="view", entity_id=reference)
    for _ in range(TRIES):
        try:
            dataset = client.get_dataset(target.path(view.source))
        except NotFound:
            return None
        entries = list(dataset.access_entries)
        if (entry in entries) == may_read:
            return None
        dataset.access_entries = [*entries, entry] if may_read else [each for each in entries if each != entry]
        try:
            client.update_dataset(dataset, ["access_entries"])
        except PreconditionFailed:  # somebody else changed it in between: its etag tells
            continue
        return "changed"
    raise UserError(f"{target.path(view.source)} is being changed by somebody else: run again")


def create_exchange(target: Target) -> str | None:
    """Create the data clean room, or restore its name and description."""
    exchange = sharing.DataExchange(
        display_name=EXCHANGE_NAME,
        description=EXCHANGE_DESCRIPTION,
        sharing_environment_config={"dcr_exchange_config": {}},
    )
    client, parent = target.connect_to_sharing(), target.exchange.partition("/dataExchanges")[0]
    try:
        current = client.get_data_exchange(name=target.exchange, timeout=TIMEOUT)
    except NotFound:
        request = {"parent": parent, "data_exchange_id": EXCHANGE_ID, "data_exchange": exchange}
        try:
            client.create_data_exchange(request, timeout=TIMEOUT)
        except AlreadyExists:
            return create_exchange(target)
        return "created"
    if "dcr_exchange_config" not in current.sharing_environment_config:
        raise UserError(f"{target.exchange} is not a data clean room and cannot become one: delete it, then run again")
    return update(client.update_data_exchange, "data_exchange", current, exchange)


def create_listing(target: Target, view: View, allow_egress: bool) -> str | None:
    """List a view. What a listing shares, and whether results may be exported, cannot change: it is then recreated."""
    dataset = f"projects/{target.project(view.dataset)}/datasets/{view.dataset}"
    listing = sharing.Listing(
        display_name=view.name,
        description=view.description,
        bigquery_dataset={"dataset": dataset, "selected_resources": [{"table": f"{dataset}/tables/{view.name}"}]},
        restricted_export_config={"enabled": not allow_egress, "restrict_query_result": not allow_egress},
    )
    client = target.connect_to_sharing()
    try:
        current = client.get_listing(name=target.listing(view), timeout=TIMEOUT)
    except NotFound:
        request = {"parent": target.exchange, "listing_id": view.name, "listing": listing}
        try:
            client.create_listing(request, timeout=TIMEOUT)
        except AlreadyExists:
            return create_listing(target, view, allow_egress)
        return "created"
    if what_is_shared(current) != what_is_shared(listing):
        client.delete_listing(name=target.listing(view), timeout=TIMEOUT)
        create_listing(target, view, allow_egress)
        return "recreated: subscribers must subscribe again"
    return update(client.update_listing, "listing", current, listing)


def what_is_shared(listing: sharing.Listing) -> tuple[list[str], bool]:
    """The views that a listing shares, and whether results must stay."""
    tables = [resource.table for resource in listing.bigquery_dataset.selected_resources]
    return tables, listing.restricted_export_config.restrict_query_result


def update(call: Callable, kind: str, current: Any, wanted: Any) -> str | None:  # noqa: ANN401
    """Update the name and description of a resource where they differ."""
    paths = [path for path in ("display_name", "description") if getattr(current, path) != getattr(wanted, path)]
    if not paths:
        return None
    resource = type(wanted)(name=current.name, **{path: getattr(wanted, path) for path in paths})
    call({kind: resource, "update_mask": field_mask_pb2.FieldMask(paths=paths)}, timeout=TIMEOUT)
    return "changed"


def grant_subscribers(target: Target, subscribers: list[str]) -> str | None:
    """Grant the subscribers their roles on the clean room, and revoke them from anyone else; other roles stay."""
    client = target.connect_to_sharing()
    for _ in range(TRIES):
        request = iam_policy_pb2.GetIamPolicyRequest(resource=target.exchange)
        policy = client.get_iam_policy(request, timeout=TIMEOUT)
        members = {role: set[str]() for role in SUBSCRIBER_ROLES}
        for binding in policy.bindings:
            members.get(binding.role, set()).update(binding.members)
        if all(each == set(subscribers) for each in members.values()):
            return None
        others = [binding for binding in policy.bindings if binding.role not in SUBSCRIBER_ROLES]
        roles = SUBSCRIBER_ROLES if subscribers else ()
        bindings = [*others, *(policy_pb2.Binding(role=role, members=subscribers) for role in roles)]
        wanted = policy_pb2.Policy(version=policy.version, etag=policy.etag, bindings=bindings)
        request = iam_policy_pb2.SetIamPolicyRequest(resource=target.exchange, policy=wanted)
        try:
            client.set_iam_policy(request, timeout=TIMEOUT)
        except Aborted:  # somebody else changed it in between: its etag tells
            continue
        return "changed"
    raise UserError(f"the roles on {target.exchange} are being changed by somebody else: run again")


def delete_listing(target: Target, view: View) -> str | None:
    """Remove a view from the clean room."""
    try:
        target.connect_to_sharing().delete_listing(name=target.listing(view), timeout=TIMEOUT)
    except NotFound:
        return None
    return "deleted"


def delete_exchange(target: Target) -> str | None:
    """Delete the data clean room, unless somebody else lists something in it."""
    client = target.connect_to_sharing()
    try:
        if list(client.list_listings(parent=target.exchange, timeout=TIMEOUT)):
            return "kept: it has other listings"
        client.delete_data_exchange(name=target.exchange, timeout=TIMEOUT)
    except NotFound:
        return None
    return "deleted"


def delete_table(target: Target, name: str) -> str | None:
    """Delete a table or view."""
    try:
        target.client(name).delete_table(target.path(name))
    except NotFound:
        return None
    return "deleted"


def delete_dataset(target: Target, name: str) -> str | None:
    """Delete a dataset that publish created, if nothing else is in it."""
    client = target.client(name)
    try:
        dataset = client.get_dataset(target.path(name))
    except NotFound:
        return None
    if dataset.labels.get("made-by") != LABELS["made-by"]:
        return "kept: it was there before"
    if [*client.list_tables(dataset), *client.list_routines(dataset)]:
        return "kept: something else is in it"
    client.delete_dataset(dataset)
    return "deleted"
