"""A clean room to publish: two projects on the embedded BigQuery, and the sharing service of the tests."""

import ast
import json
import re
from collections.abc import Callable, Iterator

from google.api_core import exceptions
from google.cloud import bigquery
from pydantic import SecretStr
from pydantic.alias_generators import to_camel

from dcr_data_generator import sql
from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.publish import call_lists, publish
from dcr_data_generator.clean_room.publish.calls import Call
from dcr_data_generator.clean_room.publish.target import Target
from dcr_data_generator.clean_room.settings import RULES, PublishSettings
from tests.support.settings import settings_of
from tests.support.sharing import SharingService

SALT = SecretStr("sixteen-or-more-characters")
MERCHANT, PROVIDER = "the-merchant", "the-provider"
ANN, BOB = "user:ann@example.com", "user:bob@example.com"
SUBSCRIBER, OWNER = "roles/analyticshub.subscriber", "roles/analyticshub.subscriptionOwner"
FLAGS = ["--write-project-id", MERCHANT, "--provider-project-id", PROVIDER]
VIEWS = {
    f"{PROVIDER}.ewallet_clean_room": {"wallet_orders", "wallet_customers", "wallet_spend"},
    f"{MERCHANT}.merchant_clean_room": {"customers"},
}
FEW = "wallet_orders", "wallet_spend"
EXCHANGED = {
    f"{MERCHANT}.merchant_exchange": {"customers"},
    f"{PROVIDER}.ewallet_exchange": {"wallet_orders", "wallet_customers", "wallet_spend"},
}
FUNCTIONS = {
    f"{PROVIDER}.ewallet_templates": {"customer_segmentation", "trust_and_fraud"},
    f"{MERCHANT}.merchant_templates": {"user_enrichment"},
}
SOURCES = {
    f"{MERCHANT}.merchant_provider": {
        "orders": "order_id INT64",
        "order_items": "order_id INT64",
        "users": "id INT64, email STRING, age INT64, gender STRING, country STRING",
    },
    f"{PROVIDER}.ewallet_provider": {
        "provider_users": "provider_user_id INT64, email STRING, account_tier STRING, is_verified_user BOOL",
        "transactions": "transaction_id STRING, order_id INT64, provider_user_id INT64, transaction_amount FLOAT64",
    },
}


# bqemulator answers a TABLE<...> parameter with an internal error: there, a function has one of another type.
TABLE_PARAMETER = re.compile(
    r"(CREATE OR REPLACE TABLE FUNCTION `([\w.-]+)`)\(\w+ TABLE<[^>]+>\)\s+AS \((.*)\)", re.DOTALL
)
CREATE_VIEW = re.compile(
    r"CREATE (OR REPLACE )?VIEW (\S+)\s+OPTIONS \(\s*labels = (\[[^]]*\])"
    r".*?(?:privacy_policy = '([^']*)')?\s*\)\s*AS\s(.*)",
    re.DOTALL,
)


def know_policies(client: bigquery.Client, bodies: dict[str, str]) -> None:
    """Let a client know the policies and labels of views, which the embedded engine does not, and what is not replaced.

    And the bodies of table functions, as they were created.

    "Restrict data access using analysis rules": "once you've used a join restriction policy with another policy, you
    can't change that other policy afterwards", and "you can't switch between aggregation threshold analysis rules and
    differential privacy analysis rules".
    """
    definitions: dict[str, tuple[str, dict]] = {}
    labels: dict[str, dict[str, str]] = {}
    run, get, delete, get_function = client.query, client.get_table, client.delete_table, client.get_routine

    def query(text: str, *arguments: object, **more: object) -> bigquery.QueryJob:
        statement = CREATE_VIEW.search(text)
        if statement:
            replaces, name, given, policy, select = statement.groups()
            if name in labels and not replaces:
                raise exceptions.Conflict(f"Already Exists: Table {name}")
            _, old = definitions.get(name, ("", {}))
            policy = json.loads(policy or "{}")
            joins = old.pop("join_restriction_policy", None)
            for kind, values in old.items():
                if kind not in policy or (joins and policy[kind] != values):
                    raise exceptions.BadRequest(f"the {kind} of {name} cannot be changed")
            definitions[name], labels[name] = (select, policy), dict(ast.literal_eval(given))
        if function := TABLE_PARAMETER.match(text):
            bodies[function.group(2).partition(".")[2]] = function.group(3)
        text = TABLE_PARAMETER.sub(r"\1(one INT64) AS (SELECT one)", text)
        return run(text, *arguments, **more)

    def get_table(name: object, **more: object) -> bigquery.Table:
        table = get(name, **more)
        name = f"{table.dataset_id}.{table.table_id}"
        table.labels = labels.get(name, table.labels)
        definition = definitions.get(name)
        if definition and definition[1]:
            policy = {to_camel(kind): in_rest(values) for kind, values in definition[1].items()}
            table._properties["view"] = {"query": definition[0], "privacyPolicy": policy}
        return table

    def delete_table(name: str) -> None:
        delete(name)
        for each in (definitions, labels):
            each.pop(name.partition(".")[2], None)

    def update_table(table: bigquery.Table, fields: list[str]) -> None:
        if "labels" in fields:
            labels[f"{table.dataset_id}.{table.table_id}"] = table.labels

    def get_routine(name: str) -> bigquery.Routine:
        routine = get_function(name)
        routine.body = bodies[name.partition(".")[2]]
        return routine

    client.query, client.get_table, client.delete_table = query, get_table, delete_table
    client.update_table, client.get_routine = update_table, get_routine


def in_rest(values: dict) -> dict:
    """A part of a policy as the REST API has it: integers are strings, and a threshold has a list of unit columns."""
    renamed = {to_camel(name): value for name, value in values.items()}
    if "threshold" in renamed:
        return {"threshold": str(renamed["threshold"]), "privacyUnitColumns": [renamed["privacyUnitColumn"]]}
    return renamed | {name: str(renamed[name]) for name in {"maxGroupsContributed"} & renamed.keys()}


def create_dataset(client: bigquery.Client, path: str) -> None:
    """Create a dataset in the US."""
    dataset = bigquery.Dataset(path)
    dataset.location = "US"
    client.create_dataset(dataset)


class Room:
    """A clean room to publish: the clients, the sharing service, and what is in both."""

    def __init__(
        self,
        client_of: Callable[[str], bigquery.Client],
        bodies: dict[str, str],
        service: SharingService,
        client: object,
    ) -> None:
        self.bodies = bodies
        self.client_of, self.service, self.sharing_client = client_of, service, client
        self.views, self.keys = views.read(), views.read(folder=views.KEYS)
        self.exchanged = views.read_exchanged()

    def keep_views(self, *names: str) -> None:
        """Publish these views only, where they are enough."""
        self.views = [view for view in self.views if view.name in names]
        self.keys = [key for key in self.keys if any(key.table in view.query for view in self.views)]
        self.exchanged = []

    def change_view(self, name: str, old: str, new: str) -> None:
        """Change a view's statement before the next call of `publish`."""
        [position] = [position for position, view in enumerate(self.views) if view.name == name]
        statement = self.views[position].statement.replace(old, new)
        self.views[position] = views.parse(sql.Query(name, {}, statement, ""))

    def target(self, kind: str = views.CLEAN_ROOM, location: str = "US") -> Target:
        """Where it is published."""
        shared, keys = self.views, self.keys
        if kind == views.EXCHANGE:
            shared, keys = self.exchanged, [views.without_policy(view) for view in self.keys]
        sharing = self.sharing_client
        return Target(MERCHANT, PROVIDER, location, shared, keys, self.client_of, lambda: sharing, kind=kind)

    def calls(self, *subscribers: str, **options: object) -> list[Call]:
        """The calls that publish a level, without those that are known once others were made."""
        return list(self.next_calls(*subscribers, **options))

    def next_calls(
        self, *subscribers: str, salt: SecretStr = SALT, location: str = "US", level: str = RULES, **options: object
    ) -> Iterator[Call]:
        """The calls that publish a level, each to be made before the next one is asked for."""
        settings = settings_of(PublishSettings, subscriber=subscribers, level=level, **options)
        targets = {kind: self.target(kind, location) for kind in (views.EXCHANGE, views.CLEAN_ROOM)}
        return call_lists.calls_to_publish(*publish.ordered(targets, level), settings, salt)

    def publish(self, *subscribers: str, **options: object) -> list[str | None]:
        """Publish it; returns what each call changed."""
        return [call.run() for call in self.next_calls(*subscribers, **options)]

    def share(self, *subscribers: str, **options: object) -> list[str | None]:
        """Make the calls to the sharing API only, which knows nothing of what is in BigQuery."""
        calls = self.next_calls(*subscribers, **options)
        return [call.run() for call in calls if call.text.startswith("analyticshub.")]

    def unpublish(self) -> list[str | None]:
        """Remove it; returns what each call changed."""
        targets = [self.target(kind) for kind in (views.EXCHANGE, views.CLEAN_ROOM)]
        return [call.run() for target in targets for call in call_lists.calls_to_unpublish(target)]

    def contents(self) -> dict[str, set[str]]:
        """The tables and views of both projects, by dataset."""
        return {
            f"{project}.{dataset.dataset_id}": {
                table.table_id for table in self.client_of(project).list_tables(dataset.reference)
            }
            for project in (MERCHANT, PROVIDER)
            for dataset in self.client_of(project).list_datasets(project)
        }

    def authorized_views(self) -> dict[str, set[str]]:
        """The views that may read the parties' own tables, by dataset."""
        return {
            path: {
                entry.entity_id["tableId"]
                for entry in self.client_of(path.split(".")[0]).get_dataset(path).access_entries
                if entry.entity_type == "view"
            }
            for path in SOURCES
        }

    def listed(self) -> dict[str, bool]:
        """What is listed, and whether it is metadata only."""
        listings = self.service.listings.items()
        return {name.rpartition("/")[2]: each.allow_only_metadata_sharing for name, each in listings}

    def members(self) -> dict[str, list[str]]:
        """Who has which role on the clean room."""
        [policy] = self.service.policies.values()
        return {binding.role: list(binding.members) for binding in policy.bindings}
