"""Publishing the clean room: the BigQuery side on the embedded engine, the sharing side on a service of the tests."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from functools import cache
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import Forbidden
from google.cloud import bigquery
from google.iam.v1 import policy_pb2
from pydantic import SecretStr

from dcr_data_generator import warehouse
from dcr_data_generator.clean_room import __main__ as command
from dcr_data_generator.clean_room import publish, views
from dcr_data_generator.clean_room.publish import Call, Target
from dcr_data_generator.clean_room.settings import PublishSettings
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Settings
from tests.support.settings import make_settings
from tests.support.sharing import SharingService, serving

SALT = SecretStr("sixteen-or-more-characters")
MERCHANT, PROVIDER = "the-merchant", "the-provider"
VIEWS = {
    f"{PROVIDER}.ewallet_clean_room": {"wallet_orders", "wallet_customers", "wallet_spend", "wallet_spend_private"},
    f"{MERCHANT}.merchant_clean_room": {"customers"},
}
OWN_TABLES = {
    MERCHANT: {
        "merchant_provider.orders": "order_id INT64",
        "merchant_provider.order_items": "order_id INT64",
        "merchant_provider.users": "id INT64, email STRING, age INT64, gender STRING, country STRING",
    },
    PROVIDER: {
        "ewallet_provider.provider_users": "provider_user_id INT64, email STRING, account_tier STRING, "
        "is_verified_user BOOL",
        "ewallet_provider.transactions": "transaction_id STRING, order_id INT64, provider_user_id INT64, "
        "transaction_amount FLOAT64",
    },
}


@pytest.fixture
def clients(connect: Callable) -> Iterator[Callable[[str], bigquery.Client]]:
    """Two projects with each party's own tables, and nothing of a clean room."""

    @cache
    def client_of(project: str) -> bigquery.Client:
        client = connect(project).client

        def delete_table(name: str) -> None:
            # bqemulator 1.4 answers tables.delete of a view with an internal error, for which the client waits.
            if client.get_table(name).table_type == "VIEW":
                client.query(f"DROP VIEW {name.partition('.')[2]}").result()
            else:
                bigquery.Client.delete_table(client, name)

        client.delete_table = delete_table
        return client

    for project, tables in OWN_TABLES.items():
        client = client_of(project)
        for table, columns in tables.items():
            dataset = bigquery.Dataset(f"{project}.{table.split('.')[0]}")
            dataset.location = "US"
            client.create_dataset(dataset, exists_ok=True)
            client.query(f"CREATE OR REPLACE TABLE {table} ({columns})").result()
    yield client_of
    for project, tables in OWN_TABLES.items():
        for dataset in {table.split(".")[0] for table in tables} | {name.split(".")[1] for name in VIEWS}:
            client_of(project).delete_dataset(f"{project}.{dataset}", delete_contents=True, not_found_ok=True)


@pytest.fixture
def room(clients: Callable) -> Iterator[SimpleNamespace]:
    """A clean room to be: its service, its clients, and what makes a plan."""
    service = SharingService()
    with serving(service) as client:

        def target(location: str = "US") -> Target:
            return Target(MERCHANT, PROVIDER, location, views.read(), clients, lambda: client)

        def calls(
            *subscribers: str, salt: SecretStr = SALT, allow_egress: bool = False, location: str = "US"
        ) -> list[Call]:
            settings = publish_settings(subscriber=subscribers, allow_egress=allow_egress)
            return list(publish.calls_to_publish(target(location), settings, salt))

        def publish_all(*subscribers: str, **options: object) -> list[str | None]:
            return [publish.make(call) for call in calls(*subscribers, **options)]

        def unpublish_all() -> list[str | None]:
            return [publish.make(call) for call in publish.calls_to_unpublish(target())]

        yield SimpleNamespace(
            service=service,
            client_of=clients,
            sharing_client=client,
            calls=calls,
            publish=publish_all,
            unpublish=unpublish_all,
        )


def publish_settings(**options: object) -> PublishSettings:
    """The settings of `publish`."""
    return PublishSettings(**asdict(make_settings()), **options)


def contents(room: SimpleNamespace) -> dict[str, set[str]]:
    """The tables and views of both projects."""
    return {
        f"{dataset.project}.{dataset.dataset_id}": {
            table.table_id for table in room.client_of(project).list_tables(dataset)
        }
        for project in OWN_TABLES
        for dataset in [item.reference for item in room.client_of(project).list_datasets(project)]
    }


def authorized(room: SimpleNamespace, project: str, dataset: str) -> set[str]:
    """The views that may read a dataset."""
    entries = room.client_of(project).get_dataset(f"{project}.{dataset}").access_entries
    return {entry.entity_id["tableId"] for entry in entries if entry.entity_type == "view"}


def members(room: SimpleNamespace) -> dict[str, list[str]]:
    """Who has which role on the clean room."""
    [policy] = room.service.policies.values()
    return {binding.role: list(binding.members) for binding in policy.bindings}


def test_publishing_makes_datasets_views_authorization_listings_and_roles(room: SimpleNamespace) -> None:
    room.publish("user:ann@example.com", "group:team@example.com")
    found = contents(room)
    assert {name: found[name] for name in VIEWS} == VIEWS
    assert authorized(room, PROVIDER, "ewallet_provider") == VIEWS[f"{PROVIDER}.ewallet_clean_room"]
    assert authorized(room, MERCHANT, "merchant_provider") == {"customers"}
    [(name, made)] = room.service.exchanges.items()
    assert name == f"projects/{MERCHANT}/locations/us/dataExchanges/dcr_data_generator"
    assert "dcr_exchange_config" in made.sharing_environment_config
    tables = {each.bigquery_dataset.selected_resources[0].table for each in room.service.listings.values()}
    assert tables == {
        f"projects/{path.split('.')[0]}/datasets/{path.split('.')[1]}/tables/{view}"
        for path in VIEWS
        for view in VIEWS[path]
    }
    assert all(each.restricted_export_config.restrict_query_result for each in room.service.listings.values())
    both = ["group:team@example.com", "user:ann@example.com"]
    assert members(room) == {"roles/analyticshub.subscriber": both, "roles/analyticshub.subscriptionOwner": both}


def test_the_salt_lies_beside_either_partys_own_tables_only(room: SimpleNamespace) -> None:
    room.publish()
    for project, dataset in ((MERCHANT, "merchant_provider"), (PROVIDER, "ewallet_provider")):
        rows = room.client_of(project).list_rows(f"{project}.{dataset}.clean_room_salt")
        assert [row.values() for row in rows] == [(SALT.get_secret_value(),)]
    holders = [name for name, tables in contents(room).items() if "clean_room_salt" in tables]
    assert sorted(holders) == [f"{MERCHANT}.merchant_provider", f"{PROVIDER}.ewallet_provider"]


def test_the_salt_is_in_no_call_that_is_printed(room: SimpleNamespace) -> None:
    calls = room.calls("user:ann@example.com")
    assert SALT.get_secret_value() not in "".join(call.text + call.role for call in calls)


def test_publishing_again_changes_nothing(room: SimpleNamespace) -> None:
    assert "created" in room.publish("user:ann@example.com")
    room.service.calls.clear()
    assert set(room.publish("user:ann@example.com")) == {None}
    assert room.service.changes() == []


def test_without_a_subscriber_nobody_gets_in_and_other_roles_stay(room: SimpleNamespace) -> None:
    room.publish("user:ann@example.com")
    [policy] = room.service.policies.values()
    policy.bindings.append(policy_pb2.Binding(role="roles/analyticshub.publisher", members=["user:bob@example.com"]))
    room.publish()
    assert members(room) == {"roles/analyticshub.publisher": ["user:bob@example.com"]}


def test_a_half_finished_run_is_finished(room: SimpleNamespace) -> None:
    calls = room.calls("user:ann@example.com")
    for made in (8, 12, 21):
        for call in calls[:made]:
            publish.make(call)
    room.publish("user:ann@example.com")
    assert len(room.service.listings) == 5
    assert set(room.publish("user:ann@example.com")) == {None}


def test_only_what_differs_is_changed(room: SimpleNamespace) -> None:
    room.publish()
    [made] = room.service.exchanges.values()
    made.display_name = "Another name"
    client = room.client_of(PROVIDER)
    view = client.get_table(f"{PROVIDER}.ewallet_clean_room.wallet_spend")
    view.labels = {"definition": "another"}
    client.update_table(view, ["labels"])
    calls = room.calls(salt=SecretStr("another-salt-of-sixteen"))
    done = {call.text.split(",")[0]: change for call in calls if (change := publish.make(call))}
    assert done == {
        f"bigquery.jobs.insert load {MERCHANT}.merchant_provider.clean_room_salt": "changed",
        f"bigquery.jobs.insert load {PROVIDER}.ewallet_provider.clean_room_salt": "changed",
        f"bigquery.jobs.insert CREATE OR REPLACE VIEW {PROVIDER}.ewallet_clean_room.wallet_spend": "changed",
        f"analyticshub.dataExchanges.create {made.name}": "changed",
    }
    assert made.display_name == publish.EXCHANGE_NAME


def test_a_listing_whose_export_differs_is_listed_anew(room: SimpleNamespace) -> None:
    room.publish()
    room.service.calls.clear()
    room.publish(allow_egress=True)
    assert room.service.changes() == ["DeleteListing", "CreateListing"] * 5
    assert not any(each.restricted_export_config.restrict_query_result for each in room.service.listings.values())


def test_a_role_given_in_between_is_kept(room: SimpleNamespace) -> None:
    room.publish()
    [name] = room.service.policies

    def somebody_else() -> None:
        policy = policy_pb2.Policy(version=1, etag=b"7")
        policy.bindings.append(policy_pb2.Binding(role="roles/analyticshub.viewer", members=["user:eve@example.com"]))
        room.service.policies[name] = policy

    room.service.meanwhile["SetIamPolicy"] = somebody_else
    room.publish("user:ann@example.com")
    assert members(room)["roles/analyticshub.viewer"] == ["user:eve@example.com"]
    assert members(room)["roles/analyticshub.subscriber"] == ["user:ann@example.com"]


def test_what_somebody_else_creates_in_between_is_taken_as_it_is(room: SimpleNamespace) -> None:
    [call] = [call for call in room.calls() if "dataExchanges.create" in call.text]
    room.service.meanwhile["CreateDataExchange"] = lambda: call.make()
    assert publish.make(call) is None


@pytest.mark.parametrize(
    ("method", "role"),
    [
        ("CreateDataExchange", "roles/analyticshub.admin"),
        ("CreateListing", "roles/analyticshub.admin"),
        ("SetIamPolicy", "roles/analyticshub.admin"),
        ("GetListing", f"roles/bigquery.dataOwner) on dataset {MERCHANT}.merchant_clean_room"),
    ],
)
def test_a_denied_call_names_the_role_in_one_line(room: SimpleNamespace, method: str, role: str) -> None:
    room.service.denied.add(method)
    with pytest.raises(UserError) as problem:
        room.publish("user:ann@example.com")
    assert role in str(problem.value)
    assert "\n" not in str(problem.value)


def test_an_api_that_is_not_enabled_says_how_to_enable_it() -> None:
    def refuse() -> None:
        raise Forbidden("Analytics Hub API has not been used in project 1 before or it is disabled.")

    with pytest.raises(UserError, match="gcloud services enable analyticshub"):
        publish.make(Call("call", refuse, "role"))


def test_a_party_without_its_tables_is_told_to_run_main(room: SimpleNamespace) -> None:
    room.client_of(PROVIDER).delete_table(f"{PROVIDER}.ewallet_provider.transactions")
    with pytest.raises(UserError, match=f"main --write-project-id {PROVIDER}"):
        room.publish()
    assert room.service.calls == []


def test_a_location_elsewhere_is_a_problem(room: SimpleNamespace) -> None:
    with pytest.raises(UserError, match="location"):
        room.publish(location="EU")


def test_an_exchange_that_is_no_clean_room_is_a_problem(room: SimpleNamespace) -> None:
    room.publish()
    [made] = room.service.exchanges.values()
    made.sharing_environment_config = {"default_exchange_config": {}}
    with pytest.raises(UserError, match="is not a data clean room"):
        room.publish()


def test_unpublishing_takes_away_exactly_what_publishing_made(room: SimpleNamespace) -> None:
    before = contents(room)
    room.publish("user:ann@example.com")
    room.unpublish()
    assert contents(room) == before
    assert authorized(room, PROVIDER, "ewallet_provider") == authorized(room, MERCHANT, "merchant_provider") == set()
    assert room.service.exchanges == room.service.listings == {}
    assert set(room.unpublish()) == {None}


def test_unpublishing_leaves_what_others_made(room: SimpleNamespace) -> None:
    theirs = bigquery.Dataset(f"{MERCHANT}.merchant_clean_room")
    theirs.location = "US"
    room.client_of(MERCHANT).create_dataset(theirs)
    room.publish()
    room.client_of(PROVIDER).query("CREATE TABLE ewallet_clean_room.theirs (x INT64)").result()
    [(name, mine)] = [item for item in room.service.listings.items() if item[0].endswith("/customers")]
    room.service.listings[f"{name}_of_others"] = mine
    room.unpublish()
    found = contents(room)
    assert found[f"{MERCHANT}.merchant_clean_room"] == set()
    assert found[f"{PROVIDER}.ewallet_clean_room"] == {"theirs"}
    assert list(room.service.listings) == [f"{name}_of_others"]
    assert len(room.service.exchanges) == 1


# The view as BigQuery describes it, which the embedded engine does not.


def view(name: str) -> View:
    """A view of ours."""
    return next(each for each in views.read() if each.name == name)


def is_as_published(view: View, labels: dict[str, str], resource: dict) -> bool:
    """Whether a view that BigQuery describes so is as published."""
    reference = {"projectId": PROVIDER, "datasetId": view.dataset, "tableId": view.name}
    table = bigquery.Table.from_api_repr({"tableReference": reference, "labels": labels, "view": resource})
    return publish.is_as_published(view, table)


def test_a_view_is_as_published_if_bigquery_says_so() -> None:
    spend = view("wallet_spend_private")
    labels = {"definition": publish.fingerprint(spend)}
    resource = {
        "query": spend.query.replace("\n", "\n  "),
        "privacyPolicy": {
            "differentialPrivacyPolicy": {
                "privacyUnitColumn": "hashed_email",
                "maxEpsilonPerQuery": 5,
                "epsilonBudget": 100.0,
                "deltaPerQuery": 0.0001,
                "deltaBudget": 0.002,
                "maxGroupsContributed": "1",
                "epsilonBudgetRemaining": 3.5,
            },
            "joinRestrictionPolicy": {"joinCondition": "JOIN_NOT_REQUIRED", "joinAllowedColumns": ["hashed_email"]},
        },
    }
    assert is_as_published(spend, labels, resource)
    assert not is_as_published(spend, {}, resource)
    assert not is_as_published(spend, labels, {"query": spend.query})
    resource["privacyPolicy"]["differentialPrivacyPolicy"]["epsilonBudget"] = 1e6
    assert not is_as_published(spend, labels, resource)


def test_a_threshold_is_compared_as_bigquery_writes_it() -> None:
    spend = view("wallet_spend")
    resource = {
        "query": spend.query,
        "privacyPolicy": {
            "aggregationThresholdPolicy": {"threshold": "50", "privacyUnitColumns": ["hashed_email"]},
            "joinRestrictionPolicy": {"joinCondition": "JOIN_NOT_REQUIRED", "joinAllowedColumns": ["hashed_email"]},
        },
    }
    assert is_as_published(spend, {"definition": publish.fingerprint(spend)}, resource)
    resource["privacyPolicy"]["aggregationThresholdPolicy"]["threshold"] = "10"
    assert not is_as_published(spend, {"definition": publish.fingerprint(spend)}, resource)


# The command.

FLAGS = ["publish", "--write-project-id", MERCHANT, "--provider-project-id", PROVIDER]


def test_a_dry_run_prints_every_call_and_makes_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, room: SimpleNamespace
) -> None:
    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    monkeypatch.setattr(warehouse, "connect", lambda *_: pytest.fail("connects to BigQuery"))
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: pytest.fail("connects to the API"))
    assert command.main([*FLAGS, "--subscriber", "user:ann@example.com", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    calls = [line.removeprefix("  would call ") for line in printed.splitlines()]
    assert calls == [call.text for call in room.calls("user:ann@example.com")]
    assert SALT.get_secret_value() not in printed
    assert room.service.calls == []


def test_the_command_publishes_and_unpublishes_and_says_what_it_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, room: SimpleNamespace
) -> None:
    def connect(settings: Settings, fill_source: bool) -> nullcontext:
        assert not fill_source
        return nullcontext(SimpleNamespace(client=room.client_of(settings.write_project_id)))

    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    monkeypatch.setattr(warehouse, "connect", connect)
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: room.sharing_client)
    assert command.main(FLAGS) == 0
    first = capsys.readouterr().out
    assert command.main(FLAGS) == 0
    second = capsys.readouterr().out
    assert first.count("(created)") == 15
    assert second.count("(unchanged)") == len(second.splitlines()) == len(first.splitlines())
    assert command.main(["unpublish", *FLAGS[1:]]) == 0
    third = capsys.readouterr().out
    assert third.count("(deleted)") == 15
    assert SALT.get_secret_value() not in first + second + third


@pytest.mark.parametrize(
    ("flags", "salt", "says"),
    [
        (["--write-project-id", MERCHANT], None, "there is no salt"),
        (["--write-project-id", MERCHANT], "fifteen letters", "at least 16 characters"),
        (["--write-project-id", MERCHANT, "--subscriber", "ann@example.com"], "x" * 16, "user:... or group:..."),
        (["--write-project-id", MERCHANT, "--provider-project-id", "No"], "x" * 16, "'--provider-project-id'"),
        (["--write-project-id", MERCHANT, "--salt-file", "/nowhere"], "x" * 16, "--salt-file /nowhere cannot be read"),
        ([], "x" * 16, "--write-project-id"),
    ],
)
def test_what_cannot_be_published_ends_in_one_line(
    flags: list[str], salt: str | None, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delenv("DCR_SALT", raising=False)
    if salt:
        monkeypatch.setenv("DCR_SALT", salt)
    assert command.main(["publish", *flags]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert says in line
    assert not salt or salt not in line
