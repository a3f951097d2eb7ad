"""Publishing the clean room: the BigQuery side on the embedded engine, the sharing side on a service of the tests."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.iam.v1 import policy_pb2
from google.type import expr_pb2
from pydantic import SecretStr
from pydantic.alias_generators import to_camel

from dcr_data_generator import sql, warehouse
from dcr_data_generator.clean_room import __main__ as command
from dcr_data_generator.clean_room import publish, views
from dcr_data_generator.clean_room.publish import Call, Target
from dcr_data_generator.clean_room.settings import PublishSettings
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Settings
from tests.support.settings import make_settings
from tests.support.sharing import SharingService, serving, with_project_number

SALT = SecretStr("sixteen-or-more-characters")
MERCHANT, PROVIDER = "the-merchant", "the-provider"
ANN, BOB = "user:ann@example.com", "user:bob@example.com"
SUBSCRIBER, OWNER = "roles/analyticshub.subscriber", "roles/analyticshub.subscriptionOwner"
VIEWS = {
    f"{PROVIDER}.ewallet_clean_room": {"wallet_orders", "wallet_customers", "wallet_spend", "wallet_spend_private"},
    f"{MERCHANT}.merchant_clean_room": {"customers"},
}
EXCHANGED = {
    f"{MERCHANT}.merchant_exchange": {"customers"},
    f"{PROVIDER}.ewallet_exchange": {"wallet_orders", "wallet_customers", "wallet_spend"},
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


@pytest.fixture
def client_of(connect: Callable) -> Iterator[Callable[[str], bigquery.Client]]:
    """The clients of two projects with each party's own tables and nothing of a clean room, made at their first use."""

    @cache
    def client_of(project: str) -> bigquery.Client:
        client = connect(project).client

        def delete_table(name: str) -> None:
            # bqemulator 1.4 answers tables.delete of a view with an internal error, for which the client waits.
            if client.get_table(name).table_type == "VIEW":
                bigquery.Client.query(client, f"DROP VIEW {name.partition('.')[2]}").result()
            else:
                bigquery.Client.delete_table(client, name)

        client.delete_table = delete_table
        know_policies(client)
        [path] = [path for path in SOURCES if path.startswith(f"{project}.")]
        create_dataset(client, path)
        for table, columns in SOURCES[path].items():
            fields = [bigquery.SchemaField(*column.split()) for column in columns.split(", ")]
            client.create_table(bigquery.Table(f"{path}.{table}", fields))
        return client

    yield client_of
    if client_of.cache_info().currsize:
        for path in [*SOURCES, *VIEWS, *EXCHANGED]:
            client_of(path.split(".")[0]).delete_dataset(path, delete_contents=True, not_found_ok=True)


# bqemulator answers a TABLE<...> parameter with an internal error: there, a function has one of another type.
TABLE_PARAMETER = re.compile(r"(CREATE OR REPLACE TABLE FUNCTION \S+)\(\w+ TABLE<[^>]+>\)\s+AS \(.*", re.DOTALL)
CREATE_VIEW = re.compile(r"CREATE OR REPLACE VIEW (\S+).*privacy_policy = '([^']*)'\s*\)\s*AS\s(.*)", re.DOTALL)


def know_policies(client: bigquery.Client) -> None:
    """Let a client know the policies of views, which the embedded engine does not, and what cannot be replaced.

    "Restrict data access using analysis rules": "once you've used a join restriction policy with another policy, you
    can't change that other policy afterwards", and "you can't switch between aggregation threshold analysis rules and
    differential privacy analysis rules".
    """
    definitions: dict[str, tuple[str, dict]] = {}
    run, get, delete = client.query, client.get_table, client.delete_table

    def query(text: str, *arguments: object, **more: object) -> bigquery.QueryJob:
        if statement := CREATE_VIEW.search(text):
            name, policy, select = statement.group(1), json.loads(statement.group(2)), statement.group(3)
            _, old = definitions.get(name, ("", {}))
            joins = old.pop("join_restriction_policy", None)
            for kind, values in old.items():
                if kind not in policy or (joins and policy[kind] != values):
                    raise exceptions.BadRequest(f"the {kind} of {name} cannot be changed")
            definitions[name] = select, policy
        text = TABLE_PARAMETER.sub(r"\1(one INT64) AS (SELECT one)", text)
        return run(text, *arguments, **more)

    def get_table(name: object, **more: object) -> bigquery.Table:
        table = get(name, **more)
        if definition := definitions.get(f"{table.dataset_id}.{table.table_id}"):
            policy = {to_camel(kind): in_rest(values) for kind, values in definition[1].items()}
            table._properties["view"] = {"query": definition[0], "privacyPolicy": policy}
        return table

    def delete_table(name: str) -> None:
        delete(name)
        definitions.pop(name.partition(".")[2], None)

    client.query, client.get_table, client.delete_table = query, get_table, delete_table


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

    def __init__(self, client_of: Callable[[str], bigquery.Client], service: SharingService, client: object) -> None:
        self.client_of, self.service, self.sharing_client = client_of, service, client
        self.views, self.keys = views.read(), views.read(folder=views.KEYS)

    def keep_views(self, *names: str) -> None:
        """Publish these views only, where they are enough."""
        self.views, self.keys = [view for view in self.views if view.name in names], []

    def change_view(self, name: str, old: str, new: str) -> None:
        """Change a view's statement before the next call of `publish`."""
        [position] = [position for position, view in enumerate(self.views) if view.name == name]
        statement = self.views[position].statement.replace(old, new)
        self.views[position] = views.parse(sql.Query(name, {}, statement))

    def target(self, location: str = "US") -> Target:
        """Where it is published."""
        return Target(MERCHANT, PROVIDER, location, self.views, self.keys, self.client_of, lambda: self.sharing_client)

    def calls(self, *subscribers: str, salt: SecretStr = SALT, location: str = "US", **options: object) -> list[Call]:
        """The calls that publish it."""
        settings = PublishSettings(**asdict(make_settings()), subscriber=subscribers, **options)
        return list(publish.calls_to_publish(self.target(location), settings, salt))

    def publish(self, *subscribers: str, **options: object) -> list[str | None]:
        """Publish it; returns what each call changed."""
        return [call.run() for call in self.calls(*subscribers, **options)]

    def share(self, *subscribers: str, **options: object) -> list[str | None]:
        """Make the calls to the sharing API only, which knows nothing of what is in BigQuery."""
        return [call.run() for call in self.calls(*subscribers, **options) if call.text.startswith("analyticshub.")]

    def unpublish(self) -> list[str | None]:
        """Remove it; returns what each call changed."""
        return [call.run() for call in publish.calls_to_unpublish(self.target())]

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

    def members(self) -> dict[str, list[str]]:
        """Who has which role on the clean room."""
        [policy] = self.service.policies.values()
        return {binding.role: list(binding.members) for binding in policy.bindings}


@pytest.fixture
def room(client_of: Callable) -> Iterator[Room]:
    """A clean room that is not published yet."""
    service = SharingService()
    with serving(service) as client:
        yield Room(client_of, service, client)


@pytest.fixture
def few(room: Room) -> Room:
    """The same with two of the views, where that is enough."""
    room.keep_views("wallet_orders", "wallet_spend")
    return room


def test_publishing_creates_datasets_views_authorizations_listings_and_roles(room: Room) -> None:
    room.publish(ANN, "group:team@example.com")
    assert VIEWS.items() <= room.contents().items()
    assert list(room.authorized_views().values()) == list(reversed(VIEWS.values()))
    [(name, exchange)] = room.service.exchanges.items()
    assert name == f"projects/{MERCHANT}/locations/us/dataExchanges/dcr_data_generator"
    assert "dcr_exchange_config" in exchange.sharing_environment_config
    assert {each.bigquery_dataset.selected_resources[0].table for each in room.service.listings.values()} == {
        with_project_number(f"projects/{path.replace('.', '/datasets/')}/tables/{view}")
        for path, names in VIEWS.items()
        for view in names
    }
    assert all(each.restricted_export_config.restrict_query_result for each in room.service.listings.values())
    both = ["group:team@example.com", ANN]
    assert room.members() == {SUBSCRIBER: both, OWNER: both}
    # The salt and the keys of one's own people are beside each party's own tables, and shared with nobody.
    for own in ("clean_room_salt", "clean_room_keys"):
        assert {path for path, tables in room.contents().items() if own in tables} == set(SOURCES)
        assert own not in set().union(*room.authorized_views().values())
        assert not any(own in name for name in room.service.listings)
    assert SALT.get_secret_value() not in "".join(call.text + call.role for call in room.calls(ANN))


def test_without_subscribers_nobody_may_subscribe_and_other_roles_stay(room: Room) -> None:
    room.share(ANN)
    [policy] = room.service.policies.values()
    policy.bindings.append(policy_pb2.Binding(role="roles/analyticshub.publisher", members=[BOB]))
    room.share()
    assert room.members() == {"roles/analyticshub.publisher": [BOB]}


def test_conditions_of_roles_stay(room: Room) -> None:
    room.share(ANN)
    [policy] = room.service.policies.values()
    policy.version = 3
    until = expr_pb2.Expr(title="until 2026", expression='request.time < timestamp("2026-01-01T00:00:00Z")')
    viewer = policy_pb2.Binding(role="roles/analyticshub.viewer", members=[BOB], condition=until)
    policy.bindings.append(viewer)
    room.share(BOB)
    [policy] = room.service.policies.values()
    assert (viewer in policy.bindings, policy.version) == (True, 3)
    assert room.members() == {"roles/analyticshub.viewer": [BOB], SUBSCRIBER: [BOB], OWNER: [BOB]}


def test_a_subscriber_whose_role_has_a_condition_gets_it_without(room: Room) -> None:
    room.share(ANN)
    [policy] = room.service.policies.values()
    policy.version = 3
    policy.bindings[0].condition.expression = "false"
    room.share(ANN)
    [policy] = room.service.policies.values()
    assert not any(binding.HasField("condition") for binding in policy.bindings)


THRESHOLD = '"aggregation_threshold_policy": {"threshold": 50, "privacy_unit_column": "hashed_email"}'
BUDGET = (
    '"differential_privacy_policy": {"privacy_unit_column": "hashed_email", "max_epsilon_per_query": 5, '
    '"epsilon_budget": 100, "delta_per_query": 0.0001, "delta_budget": 0.002}'
)


def test_a_view_is_created_authorized_and_listed_again_only_where_its_policy_cannot_be_changed_or_it_was_deleted(
    few: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    few.publish(ANN)
    few.service.calls.clear()
    client, path = few.client_of(PROVIDER), f"{PROVIDER}.ewallet_provider"
    before = {"wallet_orders", "wallet_spend"}
    updates: list[set[str]] = []

    def update(*arguments: object) -> None:
        bigquery.Client.update_dataset(client, *arguments)
        updates.append(few.authorized_views()[path])

    monkeypatch.setattr(client, "update_dataset", update)
    for name, old, new in (
        ("wallet_spend", "JOIN_NOT_REQUIRED", "JOIN_ALL"),
        ("wallet_spend", "t.transaction_amount\n", "t.transaction_amount + 1 AS transaction_amount\n"),
        ("wallet_orders", '["order_id"]', '["order_id", "transaction_id"]'),
    ):
        few.change_view(name, old, new)
        assert [change for change in few.publish(ANN) if change] == ["changed"]
    assert few.service.changes() == updates == []
    for old, new in (
        ('"threshold": 50', '"threshold": 60'),  # beside a join restriction
        (THRESHOLD.replace("50", "60"), BUDGET),
        (BUDGET, THRESHOLD),
        (f"{THRESHOLD}, ", ""),
    ):
        few.change_view("wallet_spend", old, new)
        few.service.calls.clear()
        updates.clear()
        changes = {call.text: change for call in few.calls(ANN) if (change := call.run())}
        assert list(changes.values()) == [
            "created again, as its listing will be: subscribers must refresh",
            "changed",
            "created",
        ], new
        assert all("wallet_spend" in text for text in changes)
        assert updates == [before - {"wallet_spend"}, before]
        assert few.service.changes() == ["DeleteListing", "CreateListing"]
        assert set(few.publish(ANN)) == {None}
    client.delete_table(f"{PROVIDER}.ewallet_clean_room.wallet_spend")
    assert few.authorized_views()[path] == before  # with the entry of the view that was deleted
    updates.clear()
    few.publish(ANN)
    assert updates == [before - {"wallet_spend"}, before]


def test_a_view_that_was_deleted_but_not_created_again_is_completed(few: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    few.publish(ANN)
    few.change_view("wallet_spend", '"threshold": 50', '"threshold": 60')

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(few.client_of(PROVIDER), "query", stop)
        with pytest.raises(KeyboardInterrupt):
            few.publish(ANN)
    assert few.contents()[f"{PROVIDER}.ewallet_clean_room"] == {"wallet_orders"}
    few.publish(ANN)
    assert len(few.service.listings) == 2
    assert few.authorized_views()[f"{PROVIDER}.ewallet_provider"] == {"wallet_orders", "wallet_spend"}
    assert set(few.publish(ANN)) == {None}


def test_an_interrupted_run_is_completed(few: Room) -> None:
    # After the first salt, after a view that is not authorized yet, and before the exchange.
    for count in (7, 9, 12):
        for call in few.calls(ANN)[:count]:
            call.run()
    few.publish(ANN)
    assert len(few.service.listings) == 2
    assert few.authorized_views()[f"{PROVIDER}.ewallet_provider"] == {"wallet_orders", "wallet_spend"}
    assert few.members() == {SUBSCRIBER: [ANN], OWNER: [ANN]}
    assert set(few.publish(ANN)) == {None}


def test_only_what_differs_is_changed(few: Room) -> None:
    few.publish()
    # Another normalizer changes no view: one that is replaced would have its whole privacy budget again.
    changes = {call.text.split(",")[0]: change for call in few.calls(normalize="uid2") if (change := call.run())}
    salts = [f"{path}.clean_room_salt" for path in SOURCES]
    assert changes == {f"bigquery.jobs.insert load {salt}": "changed" for salt in salts}
    for salt in salts:
        rows = few.client_of(salt.split(".")[0]).list_rows(salt)
        assert [row.values() for row in rows] == [(SALT.get_secret_value(), "uid2")]
    [exchange] = few.service.exchanges.values()
    exchange.display_name = "Another name"
    listing = next(iter(few.service.listings.values()))
    listing.description = "Another description"
    view = few.client_of(PROVIDER).get_table(f"{PROVIDER}.ewallet_clean_room.wallet_spend")
    view.labels = {"definition": "another"}
    few.client_of(PROVIDER).update_table(view, ["labels"])
    calls = few.calls(salt=SecretStr("another-salt-of-sixteen"), normalize="uid2")
    assert {call.text.split(",")[0]: change for call in calls for change in [call.run()] if change} == changes | {
        f"bigquery.jobs.insert CREATE OR REPLACE VIEW {PROVIDER}.ewallet_clean_room.wallet_spend": "changed",
        f"analyticshub.dataExchanges.create {exchange.name}": "changed",
        f"analyticshub.listings.create {listing.name}": "changed",
    }
    assert exchange.display_name == "E-commerce merchant and e-wallet provider"


def test_listings_are_recreated_when_the_egress_rule_differs(room: Room) -> None:
    room.share()
    room.service.calls.clear()
    assert room.share(allow_egress=True).count("recreated: subscribers must refresh") == 5
    assert room.service.changes() == ["DeleteListing", "CreateListing"] * 5
    assert not any(each.restricted_export_config.restrict_query_result for each in room.service.listings.values())


@pytest.mark.parametrize("other", ["projects/another-project/datasets/{}", "projects/{}_of_old"])
def test_a_listing_is_recreated_when_it_shares_something_else(room: Room, other: str) -> None:
    room.share()
    resource = next(iter(room.service.listings.values())).bigquery_dataset.selected_resources[0]
    project, _, table = resource.table.removeprefix("projects/").partition("/datasets/")
    resource.table = other.format(table if "another" in other else f"{project}/datasets/{table}")
    room.service.calls.clear()
    room.share()
    assert room.service.changes() == ["DeleteListing", "CreateListing"]


# Somebody else at the same time, and what Google Cloud does not allow.


def test_a_role_that_is_granted_meanwhile_stays(room: Room) -> None:
    room.share()
    [name] = room.service.policies
    viewer = policy_pb2.Binding(role="roles/analyticshub.viewer", members=[BOB])
    theirs = policy_pb2.Policy(version=1, etag=b"7", bindings=[viewer])
    room.service.meanwhile["SetIamPolicy"] = lambda: room.service.policies.update({name: theirs})
    room.share(ANN)
    assert room.members() == {"roles/analyticshub.viewer": [BOB], SUBSCRIBER: [ANN], OWNER: [ANN]}


def test_an_exchange_that_is_created_meanwhile_stays(room: Room) -> None:
    [call] = [call for call in room.calls() if "dataExchanges.create" in call.text]
    room.service.meanwhile["CreateDataExchange"] = lambda: call.make()
    assert call.run() is None


def test_a_dataset_whose_access_changes_meanwhile_keeps_that_change(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = room.client_of(MERCHANT), f"{MERCHANT}.merchant_provider"
    theirs = bigquery.AccessEntry("READER", "userByEmail", "bob@example.com")

    def update_after_somebody_else(*_: object) -> None:
        monkeypatch.undo()
        dataset = client.get_dataset(path)
        dataset.access_entries = [*dataset.access_entries, theirs]
        client.update_dataset(dataset, ["access_entries"])
        raise exceptions.PreconditionFailed("the etag differs")

    monkeypatch.setattr(client, "update_dataset", update_after_somebody_else)
    room.keep_views("customers")
    room.publish()
    assert theirs in client.get_dataset(path).access_entries
    assert room.authorized_views()[path] == {"customers"}


@pytest.mark.parametrize("error", [exceptions.Aborted, exceptions.AlreadyExists, exceptions.PreconditionFailed])
def test_a_call_that_always_meets_somebody_else_ends_in_one_line(error: type[exceptions.GoogleAPICallError]) -> None:
    attempts: list[int] = []

    def make() -> None:
        attempts.append(1)
        raise error("it was\nchanged")

    with pytest.raises(UserError, match=r"the call failed \(it was changed\).*somebody else.*run again"):
        Call("the call", make, "the role").run()
    assert len(attempts) == 5


@pytest.mark.parametrize(
    ("method", "advice"),
    [
        ("CreateDataExchange", f"Analytics Hub Admin (roles/analyticshub.admin) on project {MERCHANT}"),
        ("SetIamPolicy", f"Analytics Hub Admin (roles/analyticshub.admin) on project {MERCHANT}"),
        ("GetListing", f"BigQuery Data Owner (roles/bigquery.dataOwner) on dataset {MERCHANT}.merchant_clean_room"),
    ],
)
def test_a_denied_call_names_the_role(room: Room, method: str, advice: str) -> None:
    room.service.denied.add(method)
    with pytest.raises(UserError) as error:
        room.share(ANN)
    assert str(error.value).endswith(advice)


# "Troubleshoot your ADC setup": what a user's credentials without a quota project get, which has this reason, too.
NO_QUOTA_PROJECT = (
    "Your application is authenticating by using local Application Default Credentials. The "
    "analyticshub.googleapis.com API requires a quota project, which is not set by default. [reason: SERVICE_DISABLED]"
)


@pytest.mark.parametrize(
    "message",
    [NO_QUOTA_PROJECT, "Analytics Hub API has not been used in project 764086051850 before or it is disabled."],
)
def test_a_missing_quota_project_is_to_be_set(message: str) -> None:
    def make() -> None:
        raise exceptions.Forbidden(message)

    with pytest.raises(UserError, match="gcloud auth application-default set-quota-project PROJECT") as error:
        Call("the call", make, "the role").run()
    assert "services enable" not in str(error.value)


@pytest.mark.parametrize("message", ["The API has not been used in\nproject 1 before", "reason: SERVICE_DISABLED"])
def test_an_api_that_is_not_enabled_is_to_be_enabled(message: str) -> None:
    def make() -> None:
        raise exceptions.Forbidden(message)

    with pytest.raises(UserError, match=r"^[^\n]*gcloud services enable analyticshub.googleapis.com[^\n]*$"):
        Call("the call", make, "the role").run()


def test_a_party_without_its_tables_is_told_to_run_main(room: Room) -> None:
    room.client_of(PROVIDER).delete_table(f"{PROVIDER}.ewallet_provider.transactions")
    with pytest.raises(UserError, match=f"main --write-project-id {PROVIDER}"):
        room.publish()
    assert room.service.calls == []


def test_tables_elsewhere_need_another_location(room: Room) -> None:
    with pytest.raises(UserError, match=f"{MERCHANT}.merchant_provider is in US: give --location US"):
        room.publish(location="EU")


def test_an_exchange_that_is_not_a_clean_room_is_an_error(room: Room) -> None:
    room.share()
    [exchange] = room.service.exchanges.values()
    exchange.sharing_environment_config = {"default_exchange_config": {}}
    with pytest.raises(UserError, match="is not a data clean room"):
        room.share()


def test_unpublishing_removes_exactly_what_publishing_created(few: Room) -> None:
    before = few.contents()
    few.publish(ANN)
    few.unpublish()
    assert few.contents() == before
    assert set(map(len, few.authorized_views().values())) == {0}
    assert few.service.exchanges == few.service.listings == {}
    assert set(few.unpublish()) == {None}


def test_unpublishing_keeps_what_others_created(room: Room) -> None:
    create_dataset(room.client_of(MERCHANT), f"{MERCHANT}.merchant_clean_room")
    room.keep_views("customers", "wallet_spend")
    room.publish()
    room.client_of(PROVIDER).query("CREATE TABLE ewallet_clean_room.theirs (x INT64)").result()
    [(name, listing)] = [item for item in room.service.listings.items() if item[0].endswith("/customers")]
    room.service.listings[f"{name}_of_others"] = listing
    changes = room.unpublish()
    assert [change for change in changes if change and change.startswith("kept")] == [
        "kept: it has other listings",
        "kept: publish did not create it",
        "kept: it has other contents",
    ]
    assert room.contents()[f"{MERCHANT}.merchant_clean_room"] == set()
    assert room.contents()[f"{PROVIDER}.ewallet_clean_room"] == {"theirs"}
    assert list(room.service.listings) == [f"{name}_of_others"]
    assert len(room.service.exchanges) == 1


# A view as BigQuery describes it, which the embedded engine does not.

JOIN = {"joinCondition": "JOIN_NOT_REQUIRED", "joinAllowedColumns": ["hashed_email"]}
PRIVACY = {
    "privacyUnitColumn": "hashed_email",
    "maxEpsilonPerQuery": 5,
    "epsilonBudget": 100.0,
    "deltaPerQuery": 0.0001,
    "deltaBudget": 0.002,
    "maxGroupsContributed": "1",
    "epsilonBudgetRemaining": 3.5,
}
NOISE = {"differentialPrivacyPolicy": PRIVACY, "joinRestrictionPolicy": JOIN}
MORE_NOISE = {"differentialPrivacyPolicy": PRIVACY | {"epsilonBudget": 1e6}, "joinRestrictionPolicy": JOIN}


def threshold(people: str) -> dict:
    """The policy of wallet_spend, with a threshold."""
    policy = {"threshold": people, "privacyUnitColumns": ["hashed_email"]}
    return {"aggregationThresholdPolicy": policy, "joinRestrictionPolicy": JOIN}


@pytest.mark.parametrize(
    ("name", "policy", "query", "has_label", "is_published"),
    [
        ("wallet_spend_private", NOISE, None, True, True),
        ("wallet_spend_private", NOISE, None, False, False),
        ("wallet_spend_private", NOISE, "SELECT 1", True, False),
        ("wallet_spend_private", MORE_NOISE, None, True, False),
        ("wallet_spend_private", None, None, True, False),
        ("wallet_spend", threshold("50"), None, True, True),
        ("wallet_spend", threshold("10"), None, True, False),
    ],
)
def test_a_view_is_compared_with_what_bigquery_says(
    name: str, policy: dict | None, query: str | None, has_label: bool, is_published: bool
) -> None:
    view = next(each for each in views.read() if each.name == name)
    definition = {"query": query or view.query.replace("\n", "\n  ")} | ({"privacyPolicy": policy} if policy else {})
    table = bigquery.Table.from_api_repr(
        {
            "tableReference": {"projectId": PROVIDER, "datasetId": view.dataset, "tableId": name},
            "labels": {"definition": publish.fingerprint(view)} if has_label else {},
            "view": definition,
        }
    )
    assert publish.is_published(view, table) is is_published


def test_a_view_without_a_policy_is_compared_with_what_bigquery_says() -> None:
    [view, *_] = views.read(kind=views.EXCHANGE)
    reference = {"projectId": MERCHANT, "datasetId": view.dataset, "tableId": view.name}
    resource = {"tableReference": reference, "labels": {"definition": publish.fingerprint(view)}}
    assert publish.is_published(view, bigquery.Table.from_api_repr(resource | {"view": {"query": view.query}}))


# The command.

FLAGS = ["--write-project-id", MERCHANT, "--provider-project-id", PROVIDER]


@pytest.fixture
def run(room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Run a command against the clients of the tests; returns what it prints, which never has the salt."""

    def connect(settings: Settings, fill_source: bool) -> nullcontext:
        assert not fill_source
        return nullcontext(SimpleNamespace(client=room.client_of(settings.write_project_id)))

    def run(arguments: Sequence[str]) -> str:
        assert command.main(arguments) == 0
        output = capsys.readouterr().out
        assert SALT.get_secret_value() not in output
        return output

    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    monkeypatch.setattr(warehouse, "connect", connect)
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: room.sharing_client)
    return run


def test_a_dry_run_prints_every_call_and_makes_none(room: Room, run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "connect", lambda *_, **__: pytest.fail("connects to BigQuery"))
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: pytest.fail("connects to the API"))
    for name, calls in (("publish", room.calls()), ("unpublish", publish.calls_to_unpublish(room.target()))):
        lines = run([name, *FLAGS, "--dry-run"]).splitlines()
        assert lines == [f"  would call {call.text}" for call in calls]
    assert room.service.calls == []


AS_EXCHANGE = [*FLAGS, "--as", "exchange"]


def test_a_plain_exchange_lists_both_datasets_without_analysis_rules(room: Room, run: Callable) -> None:
    run(["publish", *AS_EXCHANGE, "--subscriber", ANN])
    assert EXCHANGED.items() <= room.contents().items()
    [(name, exchange)] = room.service.exchanges.items()
    assert name.endswith("/dataExchanges/dcr_data_generator_exchange")
    assert "default_exchange_config" in exchange.sharing_environment_config
    assert [(each.bigquery_dataset.dataset, *each.bigquery_dataset.selected_resources) for each in listings(room)] == [
        (with_project_number(f"projects/{path.replace('.', '/datasets/')}"),) for path in EXCHANGED
    ]
    assert room.members() == {SUBSCRIBER: [ANN], OWNER: [ANN]}
    # Results are exported only where that is allowed.
    assert all(each.restricted_export_config.restrict_query_result for each in listings(room))
    assert run(["publish", *AS_EXCHANGE, "--subscriber", ANN, "--allow-egress"]).count("recreated") == 2
    assert not any(each.restricted_export_config.enabled for each in listings(room))


def listings(room: Room) -> list:
    """What is listed."""
    return list(room.service.listings.values())


def test_a_plain_exchange_hashes_the_emails_as_the_clean_room_does() -> None:
    exchanged = {view.name: view for view in views.read(kind=views.EXCHANGE)}
    for view in views.read():
        if view.name != "wallet_spend_private":  # the rows of wallet_spend, with noise
            assert exchanged[view.name].query == view.query.replace(".clean_room_salt", ".exchange_salt")
            assert "privacy_policy" not in exchanged[view.name].statement


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of three views, those that the query templates read; the commands publish no others."""
    names, read = {"customers", "wallet_customers", "wallet_spend"}, views.read

    def read_three(suffix: str = "", kind: str = views.CLEAN_ROOM, folder: str = views.VIEWS) -> list[views.View]:
        return [view for view in read(suffix, kind, folder) if folder == views.KEYS or view.name in names]

    monkeypatch.setattr(views, "read", read_three)
    return names


@pytest.mark.usefixtures("three")
def test_a_plain_exchange_and_a_clean_room_stand_beside_each_other_and_the_commands_say_what_each_call_changed(
    room: Room, run: Callable
) -> None:
    before = room.contents()
    first = run(["publish", *FLAGS])
    published = room.contents()
    run(["publish", *AS_EXCHANGE])
    room.service.calls.clear()
    second = run(["publish", *FLAGS])
    assert "(changed)" not in run(["publish", *AS_EXCHANGE])
    assert room.service.changes() == []
    run(["unpublish", *AS_EXCHANGE])
    assert room.contents() == published
    assert len(room.service.listings) == 3
    outputs = [output.splitlines() for output in (first, second, run(["unpublish", *FLAGS]))]
    assert room.contents() == before
    assert [sum("(created)" in line for line in lines) for lines in outputs] == [13, 0, 0]
    assert [sum("(unchanged)" in line for line in lines) for lines in outputs] == [6, 22, 12]  # no query templates
    assert [sum("(deleted)" in line for line in lines) for lines in outputs] == [0, 0, 13]


TEMPLATES = {"customer_segmentation", "trust_and_fraud", "user_enrichment"}


def routines(room: Room) -> dict[str, set[str]]:
    """The table functions beside the views, and those that may read the views, by dataset."""
    found = {}
    for path in VIEWS:
        client = room.client_of(path.split(".")[0])
        entries = client.get_dataset(path).access_entries
        authorized = {each.entity_id["routineId"] for each in entries if each.entity_type == "routine"}
        assert authorized == {routine.routine_id for routine in client.list_routines(path)}
        found[path] = authorized
    return found


def test_a_query_template_is_submitted_created_authorized_listed_and_approved_once_and_cannot_become_another(
    room: Room, run: Callable, three: set[str], capsys: pytest.CaptureFixture
) -> None:
    run(["publish", *FLAGS])
    first, second = (run(["publish", *FLAGS, "--templates"]).splitlines() for _ in range(2))
    # The views are listed again, since only templates may be asked.
    assert sum("(recreated: subscribers must refresh)" in line for line in first) == len(three)
    steps = [line.split()[1] for line in first if re.search("queryTemplate|FUNCTION|routine|listings.*segment", line)]
    one = ["queryTemplates.create", "jobs.insert", "datasets.patch", "listings.create", "queryTemplates.approve"]
    assert [step.partition(".")[2] for step in steps][:5] == one
    assert all("(unchanged)" in line for line in second)
    assert {name.rpartition("/")[2]: each.state.name for name, each in room.service.templates.items()} == dict.fromkeys(
        TEMPLATES, "APPROVED"
    )
    assert set().union(*routines(room).values()) == TEMPLATES
    listed = {name.rpartition("/")[2]: each for name, each in room.service.listings.items()}
    hidden = {name for name, each in listed.items() if each.allow_only_metadata_sharing}
    assert (listed.keys() - hidden, hidden) == (TEMPLATES, three)
    # An interrupted run is completed.
    drafted, submitted, _ = room.service.templates.values()
    drafted.state, submitted.state = "DRAFTED", "PENDING"
    drafted.routine.definition_body = "another one"
    printed = run(["publish", *FLAGS, "--templates"])
    changes = [printed.count(f"({change})") for change in ("submitted again", "created", "approved")]
    assert changes == [1, 2, 2]
    assert set().union(*routines(room).values()) == TEMPLATES
    next(iter(room.service.templates.values())).routine.definition_body = "another one"
    assert command.main(["publish", *FLAGS, "--templates"]) == 2
    assert "is submitted with another definition, and stays: give the function another name" in capsys.readouterr().err
    run(["unpublish", *FLAGS])
    assert (room.service.templates, room.service.listings) == ({}, {})


def test_a_query_template_reads_the_views_of_one_party_and_one_table_of_the_subscriber(room: Room) -> None:
    projects = {"merchant": MERCHANT, "ewallet": PROVIDER}
    for template in room.target().templates:
        assert template.definition.count("TABLE<") == 1
        [(project, party)] = set(re.findall(r"`([\w-]+)\.(\w+)_clean_room\.\w+`", template.definition))
        assert projects[party] == project
        assert template.definition.count("_clean_room") == 1


@pytest.mark.parametrize(
    ("name", "flags", "salt", "text"),
    [
        ("publish", FLAGS, "", "there is no salt"),
        ("publish", FLAGS, "fifteen letters", "at least 16 characters"),
        ("publish", [*FLAGS, "--subscriber", "ann@example.com"], "x" * 16, "user:... or group:..."),
        ("publish", [*FLAGS, "--provider-project-id", "No"], "x" * 16, "'--provider-project-id'"),
        ("publish", [*FLAGS, "--salt-file", "/nowhere"], "x" * 16, "'--salt-file': the file cannot be read (No such"),
        ("publish", [*FLAGS, "--salt-file", "itself, by mistake"], "itself, by mistake", "a file, not the salt"),
        ("publish", [*FLAGS, "--salt", "given as a flag"], "given as a flag", "'--salt-file'"),
        ("publish", [*FLAGS, "given as an argument"], "given as an argument", "unexpected extra argument"),
        ("publish", [*AS_EXCHANGE, "--templates"], "x" * 16, "give --templates or --as exchange, not both"),
        ("publish", [], "x" * 16, "give --write-project-id, or rehearse, which runs anywhere"),
        ("unpublish", [], "", "give --write-project-id, or rehearse, which runs anywhere"),
    ],
)
def test_what_cannot_be_published_ends_in_one_line(
    name: str, flags: list[str], salt: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("DCR_SALT", salt)
    assert command.main([name, *flags]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert text in line
    assert not salt or salt not in line


def test_a_salt_file_that_others_can_read_or_change_is_warned_of_in_one_line(
    run: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    file = tmp_path / "salt.txt"
    file.write_text(SALT.get_secret_value(), encoding="utf-8")
    errors = {}
    for mode in (0o600, 0o640, 0o604, 0o620, 0o602):
        file.chmod(mode)
        assert command.main(["publish", *FLAGS, "--dry-run", "--salt-file", str(file)]) == 0
        errors[mode] = capsys.readouterr().err.splitlines()
    assert errors[0o600] == []
    for mode in (0o640, 0o604, 0o620, 0o602):
        [line] = errors[mode]
        assert str(file) in line
        assert "others can read or change" in line
        assert SALT.get_secret_value() not in line


@pytest.mark.parametrize("name", ["publish", "unpublish"])
def test_an_emulator_has_no_clean_rooms(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "127.0.0.1:1")
    assert command.main([name, *FLAGS]) == 2
    assert "is published on Google Cloud only" in capsys.readouterr().err


def test_another_partnership_is_published_and_deleted_beside_the_first(capsys: pytest.CaptureFixture) -> None:
    flags = ["--dry-run", "--write-project-id", MERCHANT]
    lines = {}
    for name in ("publish", "unpublish"):
        for suffix in ("", "_b"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DCR_SALT", SALT.get_secret_value())
                assert command.main([name, *flags, "--suffix", suffix]) == 0
            lines[suffix] = capsys.readouterr().out
        # Each party's datasets and the exchange have other names; all else is the same.
        expected = re.sub(r"(merchant|ewallet)_(provider|clean_room)\b|dataExchanges/\w+", r"\g<0>_b", lines[""])
        assert lines["_b"] == expected != lines[""]
