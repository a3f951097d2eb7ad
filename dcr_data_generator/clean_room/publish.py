"""Publishes the clean room, or a plain exchange, on Google Cloud, and removes it again: one list of calls for each.

Every call can be made again: it changes only what differs. Sources: "Share sensitive data with data clean rooms", "Use
query templates", "Authorized views", "Authorized routines" and "Data definition language (DDL) statements in GoogleSQL"
in BigQuery's documentation, and the reference of the sharing (Analytics Hub) API, v1, in which a clean room is a data
exchange with a dcrExchangeConfig.
"""

import dataclasses
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import NamedTuple

import pandas as pd
from google.api_core.exceptions import Conflict, FailedPrecondition, Forbidden, NotFound, PreconditionFailed
from google.cloud import bigquery
from google.cloud import bigquery_analyticshub_v1 as sharing
from google.iam.v1 import policy_pb2
from pydantic import SecretStr
from rich.markup import escape

from dcr_data_generator import sql, warehouse
from dcr_data_generator.clean_room import salt, views
from dcr_data_generator.clean_room.settings import (
    PublishSettings,
    SharingSettings,
    UnpublishSettings,
    UnsubscribeSettings,
)
from dcr_data_generator.clean_room.views import CLEAN_ROOM, View
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import DATASETS, FIVE_TABLES, suffixed
from dcr_data_generator.terminal import Terminal
from dcr_data_generator.values import on_one_line

EXCHANGE_ID = "dcr_data_generator"
DISPLAY_NAME = "E-commerce merchant and e-wallet provider"
DATASET_DESCRIPTION = "What this party shares: views of its own tables."
LABELS = {"application": "dcr-data-generator", "made-by": "clean-room"}
FINGERPRINT = "definition"  # the label of a view that tells which statement created it
SALT_SCHEMA = [bigquery.SchemaField(name, "STRING", "REQUIRED") for name in ("salt", "normalizer")]
USER = "BigQuery User (roles/bigquery.user) on project {}"
# What a subscriber of a data clean room needs, by the page on data clean rooms.
SUBSCRIBER_ROLES = ("roles/analyticshub.subscriber", "roles/analyticshub.subscriptionOwner")
ENABLE_API = "run `gcloud services enable analyticshub.googleapis.com` in that project"
SET_QUOTA_PROJECT = "run `gcloud auth application-default set-quota-project PROJECT` with a project of yours"
# By words of the error; the first that fits. A missing quota project is reported as a disabled API, too, and with the
# number of the gcloud CLI's own project.
ADVICE = {
    "requires a quota project": SET_QUOTA_PROJECT,
    "764086051850": SET_QUOTA_PROJECT,
    "SERVICE_DISABLED": ENABLE_API,
    "has not been used": ENABLE_API,
}
MAX_ATTEMPTS = 5
SECONDS = 60  # the client of the sharing API has no timeout of its own


class Call(NamedTuple):
    """A call: its text, as --dry-run prints it, the function that makes it, and the role that it needs."""

    text: str
    make: Callable[[], str | None]
    role: str

    def run(self) -> str | None:
        """Make the call, again if somebody else changed the same thing meanwhile; returns what it changed, or None."""
        message = ""
        for _ in range(MAX_ATTEMPTS):
            try:
                return self.make()
            except (Conflict, PreconditionFailed) as error:  # an etag is outdated, or what was missing exists by now
                message = on_one_line(error.message)
            except Forbidden as error:
                advices = [advice for words, advice in ADVICE.items() if words in str(error)]
                advice = advices[0] if advices else f"ask for the role {self.role}"
                raise UserError(f"{self.text} is denied ({on_one_line(error.message)}): {advice}") from None
        raise UserError(f"{self.text} failed ({message}), changed by somebody else at the same time: run again")


class Listing(NamedTuple):
    """A listing: its name and description, and what it shares of a dataset: the table or routine of its name, or all.

    A listing of metadata only tells which columns there are, and nothing can be asked of it.
    """

    name: str
    description: str
    dataset: str
    kind: str = ""  # table or routine
    has_only_metadata: bool = False


class Template(NamedTuple):
    """A query template: the table function's dataset, its name and description, and its definition from its name on."""

    dataset: str
    name: str
    description: str
    definition: str

    @property
    def table(self) -> str:
        """The table function's name, with its dataset."""
        return f"{self.dataset}.{self.name}"

    @property
    def source(self) -> str:
        """The dataset of the views that it reads."""
        return self.dataset

    @property
    def listing(self) -> Listing:
        """What lists the table function."""
        return Listing(self.name, self.description, self.dataset, "routine")


class Target(NamedTuple):
    """The clean room: its projects, location and views, and how to connect to a project and to the sharing API.

    `views` are shared; `keys` are of the parties' own keys, one view beside each party's own tables.
    """

    merchant_project: str
    provider_project: str
    location: str
    views: Sequence[View]
    keys: Sequence[View]
    connect: Callable[[str], bigquery.Client]
    connect_to_sharing: Callable[[], sharing.AnalyticsHubServiceClient]
    suffix: str = ""
    kind: str = CLEAN_ROOM

    def project(self, name: str) -> str:
        """The project of a dataset or table: its party's."""
        return self.merchant_project if name.startswith("merchant_") else self.provider_project

    def client(self, name: str) -> bigquery.Client:
        """The client for a dataset or table."""
        return self.connect(self.project(name))

    def path(self, name: str) -> str:
        """A dataset or table, with its project."""
        return f"{self.project(name)}.{name}"

    def owner(self, name: str) -> str:
        """The role that a call on a dataset, or on a table in it, needs."""
        return f"BigQuery Data Owner (roles/bigquery.dataOwner) on dataset {self.path(name.partition('.')[0])}"

    @property
    def admin(self) -> str:
        """The role that a call of the sharing API needs."""
        return f"Analytics Hub Admin (roles/analyticshub.admin) on project {self.merchant_project}"

    @property
    def exchange(self) -> str:
        """The resource name of the data exchange, which is in the merchant's project."""
        return f"projects/{self.merchant_project}/locations/{self.location.lower()}/dataExchanges/{self.exchange_id}"

    @property
    def exchange_id(self) -> str:
        """The last part of the exchange's name."""
        return EXCHANGE_ID + ("" if self.is_clean_room else f"_{self.kind}") + self.suffix

    @property
    def is_clean_room(self) -> bool:
        """Whether it is a data clean room, which has analysis rules and lists views; else it is a plain exchange."""
        return self.kind == CLEAN_ROOM

    @property
    def salt_tables(self) -> list[str]:
        """Where the salt is: a table beside each party's own."""
        return [suffixed(f"{dataset}.{self.kind}_salt", self.suffix) for dataset in DATASETS]

    @property
    def datasets(self) -> list[str]:
        """The datasets of the views."""
        return list(dict.fromkeys(view.dataset for view in self.views))

    @property
    def listings(self) -> list[Listing]:
        """What is listed."""
        if self.is_clean_room:
            return [Listing(view.name, view.description, view.dataset, "table") for view in self.views]
        return [Listing(dataset, DATASET_DESCRIPTION, dataset) for dataset in self.datasets]

    @property
    def templates(self) -> list[Template]:
        """The approved questions, which name the views with their projects."""
        templates = []
        for file in sql.read_folder("clean_room/templates", self.suffix):
            text = file.text
            for view in self.views:
                text = re.sub(rf"\b{re.escape(view.table)}\b", f"`{self.path(view.table)}`", text)
            _, dataset, definition = re.split(r"TABLE FUNCTION (\w+)\.", text)
            name = definition.partition("(")[0]
            templates.append(Template(dataset, name, file.comments["template"], definition.strip()))
        return templates

    def template(self, name: str) -> str:
        """The resource name of a query template."""
        return f"{self.exchange}/queryTemplates/{name}"

    def listing(self, name: str) -> str:
        """The resource name of a listing."""
        return f"{self.exchange}/listings/{name}"


def publish(settings: PublishSettings, terminal: Terminal) -> int:
    """Publish the clean room, or change what differs from what is published; returns the exit status.

    Raises:
        UserError: there is no salt or no Google Cloud project, or a call fails.
    """
    secret = salt.required(settings.salt_file)
    return run(settings, terminal, lambda target: calls_to_publish(target, settings, secret))


def unpublish(settings: UnpublishSettings, terminal: Terminal) -> int:
    """Remove what `publish` created, and nothing else; returns the exit status. Raises UserError as `publish` does."""
    return run(settings, terminal, calls_to_unpublish)


def run(settings: SharingSettings, terminal: Terminal, list_calls: Callable[[Target], Iterable[Call]]) -> int:
    """Make the calls one after the other and say what each changed, or only print them."""
    with connect(settings) as target:
        for call in list_calls(target):
            if settings.dry_run:
                terminal.line(f"  would call {escape(call.text)}")
            elif change := call.run():
                terminal.line(f"[green]✓[/] {escape(call.text)} [dim]({change})[/]")
            else:
                terminal.line(f"[dim]=[/] {escape(call.text)} [dim](unchanged)[/]")
    return 0


@contextmanager
def connect(settings: SharingSettings) -> Iterator[Target]:
    """Connect to the parties' projects and to the sharing API; each at its first call, so a dry run to none."""
    merchant = settings.write_project_id
    if merchant is None or os.environ.get("BIGQUERY_EMULATOR_HOST"):
        raise UserError(
            "a clean room is published on Google Cloud only: give --write-project-id, or rehearse, which runs anywhere"
        )
    with ExitStack() as stack:

        @cache
        def client(project: str) -> bigquery.Client:
            place = dataclasses.replace(settings, write_project_id=project)
            return stack.enter_context(warehouse.connect(place, fill_source=False)).client

        if not settings.dry_run:
            client(merchant)  # from here on, it explains the errors of the sharing API, too
        sharing_client = cache(sharing.AnalyticsHubServiceClient)
        suffix, kind, provider = settings.suffix, CLEAN_ROOM, merchant
        if isinstance(settings, UnpublishSettings):
            kind, provider = settings.as_.replace("-", "_"), settings.provider_project_id or merchant
        elif isinstance(settings, UnsubscribeSettings):
            kind = settings.to.replace("-", "_")
        shared, keys = views.read(suffix, kind), views.read(suffix, kind, views.KEYS)
        yield Target(merchant, provider, settings.location, shared, keys, client, sharing_client, suffix, kind)


def calls_to_publish(target: Target, settings: PublishSettings, secret: SecretStr) -> Iterator[Call]:
    """List the calls that publish the clean room; each relies on those before it."""
    for table in [suffixed(table, target.suffix) for table in FIVE_TABLES]:
        text = f"bigquery.tables.get {target.path(table)}"
        yield Call(text, partial(check_table, target, table), target.owner(table))
    for dataset in target.datasets:
        text = f"bigquery.datasets.insert {target.path(dataset)} in {target.location}"
        yield Call(text, partial(create_dataset, target, dataset), USER.format(target.project(dataset)))
    for table in target.salt_tables:
        text = f"bigquery.jobs.insert load {target.path(table)}, one row: emails normalized by {settings.normalize}"
        yield Call(text, partial(load_salt, target, table, secret, settings.normalize), target.owner(table))
    for view in target.keys:
        text = f"bigquery.jobs.insert CREATE OR REPLACE VIEW {target.path(view.table)}"
        yield Call(text, partial(create_view, target, view), target.owner(view.table))
    for view in target.views:
        statement = f"bigquery.jobs.insert CREATE OR REPLACE VIEW {target.path(view.table)}"
        first = ", deleted first, with its listing, if its policy cannot be changed" if target.is_clean_room else ""
        text = statement + first
        role = f"{target.owner(view.table)}, {target.owner(view.source)}, and {target.admin}"
        yield Call(text, partial(create_view, target, view), role)
        text = f"bigquery.datasets.patch {target.path(view.source)}, authorize view {view.table}"
        yield Call(text, partial(set_authorization, target, view, True), target.owner(view.source))
    text = f"analyticshub.dataExchanges.create {target.exchange}, a {kind_of(target)}"
    yield Call(text, partial(create_exchange, target), target.admin)
    for listing in target.listings:
        yield call_to_list(target, listing._replace(has_only_metadata=settings.templates), settings.allow_egress)
    for template in target.templates if settings.templates else []:
        yield from calls_to_share(target, template, settings.allow_egress)
    subscribers = sorted(set(settings.subscriber))
    text = f"analyticshub.dataExchanges.setIamPolicy {target.exchange}, subscribers: {', '.join(subscribers) or 'none'}"
    yield Call(text, partial(grant_subscribers, target, subscribers), target.admin)


def call_to_list(target: Target, listing: Listing, allow_egress: bool) -> Call:
    egress = f"results {'can' if allow_egress else 'cannot'} be exported"
    shown = ", metadata only" if listing.has_only_metadata else ""
    text = f"analyticshub.listings.create {target.listing(listing.name)}, {egress}{shown}"
    role = f"{target.admin}, and {target.owner(listing.dataset)}"
    return Call(text, partial(create_listing, target, listing, allow_egress), role)


def calls_to_share(target: Target, template: Template, allow_egress: bool) -> Iterator[Call]:
    """List the calls that share a query template, in the order of "Approve a query template"."""
    name = target.template(template.name)
    role = f"{target.admin}, and Analytics Hub Subscriber (roles/analyticshub.subscriber) on the same project"
    yield Call(f"analyticshub.queryTemplates.create and submit {name}", partial(submit, target, template), role)
    text = f"bigquery.jobs.insert CREATE OR REPLACE TABLE FUNCTION {target.path(template.table)}"
    yield Call(text, partial(create_function, target, template), target.owner(template.table))
    text = f"bigquery.datasets.patch {target.path(template.source)}, authorize routine {template.table}"
    yield Call(text, partial(set_authorization, target, template, True), target.owner(template.source))
    yield call_to_list(target, template.listing, allow_egress)
    yield Call(f"analyticshub.queryTemplates.approve {name}", partial(approve, target, template), target.admin)


def calls_to_unpublish(target: Target) -> Iterator[Call]:
    """List the calls that remove what was published, and nothing else, in the opposite order."""
    templates = target.templates if target.is_clean_room else []
    for template in templates:
        text = f"analyticshub.queryTemplates.delete {target.template(template.name)}"
        yield Call(text, partial(delete_template, target, template.name), target.admin)
    for listing in [*(template.listing for template in templates), *reversed(target.listings)]:
        text = f"analyticshub.listings.delete {target.listing(listing.name)}"
        yield Call(text, partial(delete_listing, target, listing.name), target.admin)
    text = f"analyticshub.dataExchanges.delete {target.exchange}"
    yield Call(text, partial(delete_exchange, target), target.admin)
    for template in templates:
        text = f"bigquery.datasets.patch {target.path(template.source)}, do not authorize routine {template.table}"
        yield Call(text, partial(set_authorization, target, template, False), target.owner(template.source))
        text = f"bigquery.routines.delete {target.path(template.table)}"
        yield Call(text, partial(delete_function, target, template), target.owner(template.table))
    for view in reversed(target.views):
        text = f"bigquery.datasets.patch {target.path(view.source)}, do not authorize view {view.table}"
        yield Call(text, partial(set_authorization, target, view, False), target.owner(view.source))
        yield call_to_delete(target, view.table)
    for table in [*(view.table for view in target.keys), *target.salt_tables]:
        yield call_to_delete(target, table)
    for dataset in target.datasets:
        text = f"bigquery.datasets.delete {target.path(dataset)}"
        yield Call(text, partial(delete_dataset, target, dataset), target.owner(dataset))


def kind_of(target: Target) -> str:
    return "data clean room" if target.is_clean_room else "plain exchange"


def call_to_delete(target: Target, table: str) -> Call:
    text = f"bigquery.tables.delete {target.path(table)}"
    return Call(text, partial(delete_table, target, table), target.owner(table))


# The calls. Each function returns what it changed, or None if nothing differed.


def check_table(target: Target, table: str) -> None:
    project, path = target.project(table), target.path(table.partition(".")[0])
    if not find(target.client(table).get_table, target.path(table)):
        command = f"uv run python -m dcr_data_generator.main --write-project-id {project}"
        command += f" --suffix {target.suffix}" if target.suffix else ""
        raise UserError(f"there is no {table} in project {project}: run `{command}` first")
    location = target.client(table).get_dataset(path).location
    if location.upper() != target.location.upper():
        raise UserError(f"dataset {path} is in {location}: give --location {location}")


def create_dataset(target: Target, name: str) -> str | None:
    client, path = target.client(name), target.path(name)
    current = find(client.get_dataset, path)
    if current and current.location.upper() == target.location.upper():
        return None
    if current:
        raise UserError(f"dataset {path} is in {current.location}: remove it, or give --location {current.location}")
    dataset = bigquery.Dataset(path)
    dataset.location, dataset.labels, dataset.description = target.location, LABELS, DATASET_DESCRIPTION
    client.create_dataset(dataset)
    return "created"


def load_salt(target: Target, table: str, secret: SecretStr, normalizer: str) -> str | None:
    """Load what makes a key of an email beside a party's own tables, where only the party and its views can read it."""
    client, name = target.client(table), target.path(table)
    content = {"salt": secret.get_secret_value(), "normalizer": normalizer}
    current = find(client.get_table, name)
    if current and [dict(row) for row in client.list_rows(current)] == [content]:
        return None
    # A load job, because the job history shows the text and the parameters of every statement.
    job_config = bigquery.LoadJobConfig(schema=SALT_SCHEMA, write_disposition="WRITE_TRUNCATE")
    client.load_table_from_dataframe(pd.DataFrame([content]), name, job_config=job_config).result()
    return "changed" if current else "created"


def create_view(target: Target, view: View) -> str | None:
    """Create a view, or replace one that differs. Replacing a view with a privacy budget would refill the budget.

    Where BigQuery does not let its policy be changed, it is deleted and created again. A new view needs a new
    authorization and a new listing, which the calls after this one make: those of a deleted one are removed here.
    """
    client, name = target.client(view.table), target.path(view.table)
    current, change = find(client.get_table, name), "changed"
    if current and is_published(view, current):
        return None
    if not current or not is_changeable(view, current):
        was_listed = delete_listing(target, view.name)
        change = "created again, as its listing will be: subscribers must refresh" if was_listed else "created"
        set_authorization(target, view, False)
        delete_table(target, view.table)
    client.query(view.statement).result()
    table = client.get_table(name)
    table.labels = {**LABELS, FINGERPRINT: fingerprint(view)}
    client.update_table(table, ["labels"])
    return change


def fingerprint(view: View) -> str:
    """Tell the statement of a view from any other, in the characters of a label."""
    return hashlib.sha256(view.statement.encode()).hexdigest()[:32]


def is_published(view: View, table: bigquery.Table) -> bool:
    """Whether a table is this view, by its label and by its ViewDefinition, which an emulator does not return."""
    if table.labels.get(FINGERPRINT) != fingerprint(view):
        return False
    definition = table.to_api_repr().get("view", {})
    if "query" not in definition:
        return True
    is_same_query = definition["query"].split() == view.query.split()
    return is_same_query and has_values(definition.get("privacyPolicy", {}), view.policy.resource)


def is_changeable(view: View, table: bigquery.Table) -> bool:
    """Whether a table's policy can be changed to this view's, where the table tells its policy.

    "Restrict data access using analysis rules": a threshold or privacy policy beside a join restriction policy cannot
    be changed, and neither of the two can be switched for the other.
    """
    old, new = table.to_api_repr().get("view", {}).get("privacyPolicy", {}), view.policy.resource
    return all(
        kind in new and ("joinRestrictionPolicy" not in old or has_values(old[kind], new[kind]))
        for kind in old.keys() & {"aggregationThresholdPolicy", "differentialPrivacyPolicy"}
    )


def has_values(resource: object, values: object) -> bool:
    """Whether a resource of the REST API has these values. It may have more, and its integers are strings."""
    if isinstance(values, dict) and isinstance(resource, dict):
        return all(has_values(resource.get(name), value) for name, value in values.items())
    if isinstance(values, int | float) and isinstance(resource, str):
        return float(resource) == values
    return resource == values


def set_authorization(target: Target, reader: View | Template, is_authorized: bool) -> str | None:
    client = target.client(reader.source)
    kind, name = ("view", "tableId") if isinstance(reader, View) else ("routine", "routineId")
    reference = {"projectId": target.project(reader.table), "datasetId": reader.dataset, name: reader.name}
    entry = bigquery.AccessEntry(entity_type=kind, entity_id=reference)
    dataset = find(client.get_dataset, target.path(reader.source))
    if not dataset or (entry in dataset.access_entries) == is_authorized:
        return None
    others = [each for each in dataset.access_entries if each != entry]
    dataset.access_entries = [*others, entry] if is_authorized else others
    client.update_dataset(dataset, ["access_entries"])  # with its etag: fails if somebody else has changed it
    return "changed"


def create_exchange(target: Target) -> str | None:
    client = target.connect_to_sharing()
    current = find(client.get_data_exchange, name=target.exchange, timeout=SECONDS)
    description = f"The {kind_of(target)} of a merchant and an e-wallet provider, made by dcr_data_generator."
    texts = {"display_name": DISPLAY_NAME, "description": description}
    environment = "dcr_exchange_config" if target.is_clean_room else "default_exchange_config"
    if not current:
        parent = client.common_location_path(target.merchant_project, target.location.lower())
        exchange = {**texts, "sharing_environment_config": {environment: {}}}
        request = {"parent": parent, "data_exchange_id": target.exchange_id, "data_exchange": exchange}
        client.create_data_exchange(request, timeout=SECONDS)
        return "created"
    if environment not in current.sharing_environment_config:
        kind = kind_of(target)
        raise UserError(f"{target.exchange} is not a {kind} and cannot become one: delete it, then run again")
    return update(client.update_data_exchange, "data_exchange", target.exchange, current, texts)


def create_listing(target: Target, listing: Listing, allow_egress: bool) -> str | None:
    """List a view or a routine. What is shared and how, and whether results can be exported, cannot be changed."""
    client, name, project = target.connect_to_sharing(), target.listing(listing.name), target.project(listing.dataset)
    dataset = f"projects/{project}/datasets/{listing.dataset}"
    resources = [{listing.kind: f"{dataset}/{listing.kind}s/{listing.name}"}] if listing.kind else []
    texts = {"display_name": listing.name, "description": listing.description}
    current = find(client.get_listing, name=name, timeout=SECONDS)
    if current:
        shared = [each.routine or each.table for each in current.bigquery_dataset.selected_resources]
        # The API returns the numbers of projects for their IDs.
        names = [re.sub(r"^projects/\d+/", f"projects/{project}/", each) for each in shared]
        is_same = names == [name for resource in resources for name in resource.values()]
        is_same &= current.allow_only_metadata_sharing == listing.has_only_metadata
        if is_same and current.restricted_export_config.restrict_query_result != allow_egress:
            return update(client.update_listing, "listing", name, current, texts)
        client.delete_listing(name=name, timeout=SECONDS)
    resource = {
        **texts,
        "bigquery_dataset": {"dataset": dataset, "selected_resources": resources},
        "allow_only_metadata_sharing": listing.has_only_metadata,
        # Copies of the view itself are never allowed in a clean room, copies of results are a choice.
        "restricted_export_config": {
            "enabled": target.is_clean_room or not allow_egress,
            "restrict_query_result": not allow_egress,
        },
    }
    client.create_listing({"parent": target.exchange, "listing_id": listing.name, "listing": resource}, timeout=SECONDS)
    return "recreated: subscribers must refresh" if current else "created"


def submit(target: Target, template: Template) -> str | None:
    """Draft a query template and submit it. One that is submitted can neither be changed nor deleted any more."""
    client, name = target.connect_to_sharing(), target.template(template.name)
    current, change = find(client.get_query_template, name=name, timeout=SECONDS), "submitted"
    is_draft = current and current.state == sharing.QueryTemplate.State.DRAFTED
    if current and current.routine.definition_body != template.definition:
        if not is_draft:
            raise UserError(f"{name} is submitted with another definition, and stays: give the function another name")
        delete_template(target, template.name)
        current, change = None, "submitted again"
    if not current:
        routine = {"routine_type": "TABLE_VALUED_FUNCTION", "definition_body": template.definition}
        resource = {"display_name": template.name, "description": template.description, "routine": routine}
        request = {"parent": target.exchange, "query_template_id": template.name, "query_template": resource}
        client.create_query_template(request, timeout=SECONDS)
    elif not is_draft:
        return None
    client.submit_query_template(name=name, timeout=SECONDS)
    return change


def create_function(target: Target, template: Template) -> str | None:
    """Create a template's table function, if it is missing or not approved yet; a new one is not authorized yet."""
    client, path = target.client(template.table), target.path(template.table)
    if find(client.get_routine, path) and is_approved(target, template):
        return None
    set_authorization(target, template, False)
    definition = template.definition.removeprefix(template.name)
    client.query(f"CREATE OR REPLACE TABLE FUNCTION `{path}`{definition}").result()
    return "created"


def approve(target: Target, template: Template) -> str | None:
    if is_approved(target, template):
        return None
    target.connect_to_sharing().approve_query_template(name=target.template(template.name), timeout=SECONDS)
    return "approved"


def is_approved(target: Target, template: Template) -> bool:
    current = target.connect_to_sharing().get_query_template(name=target.template(template.name), timeout=SECONDS)
    return bool(current.state == sharing.QueryTemplate.State.APPROVED)


def update(call: Callable, kind: str, name: str, current: object, texts: Mapping[str, str]) -> str | None:
    changes = {field: text for field, text in texts.items() if getattr(current, field) != text}
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


def delete_listing(target: Target, name: str) -> str | None:
    return delete(target.connect_to_sharing().delete_listing, name=target.listing(name), timeout=SECONDS)


def delete_template(target: Target, name: str) -> str | None:
    try:
        return delete(target.connect_to_sharing().delete_query_template, name=target.template(name), timeout=SECONDS)
    except FailedPrecondition:
        return "kept: it is no draft any more, and goes with the clean room"


def delete_function(target: Target, template: Template) -> str | None:
    return delete(target.client(template.table).delete_routine, target.path(template.table))


def delete_exchange(target: Target) -> str | None:
    client = target.connect_to_sharing()
    if any(find(client.list_listings, parent=target.exchange, timeout=SECONDS) or []):
        return "kept: it has other listings"
    return delete(client.delete_data_exchange, name=target.exchange, timeout=SECONDS)


def delete_table(target: Target, table: str) -> str | None:
    return delete(target.client(table).delete_table, target.path(table))


def delete_dataset(target: Target, name: str) -> str | None:
    client, path = target.client(name), target.path(name)
    dataset = find(client.get_dataset, path)
    if dataset and dataset.labels.get("made-by") != LABELS["made-by"]:
        return "kept: publish did not create it"
    if dataset and [*client.list_tables(path), *client.list_routines(path)]:
        return "kept: it has other contents"
    return delete(client.delete_dataset, path)


def find[T](get: Callable[..., T], *names: str, **more: object) -> T | None:
    try:
        return get(*names, **more)
    except NotFound:
        return None


def delete(call: Callable[..., None], *names: str, **more: object) -> str | None:
    try:
        call(*names, **more)
    except NotFound:
        return None
    return "deleted"
