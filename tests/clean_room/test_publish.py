"""Publishing the clean room: the BigQuery side on the embedded engine, the sharing side on a service of the tests."""

import re
import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.iam.v1 import policy_pb2
from google.type import expr_pb2
from pydantic import SecretStr

from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.publish import call_lists, on_bigquery, publish
from dcr_data_generator.clean_room.publish.calls import Call
from dcr_data_generator.clean_room.settings import LEVELS
from dcr_data_generator.commands import group as command
from dcr_data_generator.errors import UserError
from dcr_data_generator.warehouse import connect as warehouse
from tests.support.publishing import (
    ANN,
    BOB,
    FEW,
    FLAGS,
    MERCHANT,
    OWNER,
    PROVIDER,
    SALT,
    SOURCES,
    SUBSCRIBER,
    VIEWS,
    Room,
    create_dataset,
)
from tests.support.sharing import with_project_number


def test_publishing_creates_datasets_views_authorizations_listings_and_roles(room: Room) -> None:
    room.publish(ANN, "group:team@example.com")
    assert VIEWS.items() <= room.contents().items()
    # A view that reads another one needs both authorized.
    assert list(room.authorized_views().values()) == [{*names, "clean_room_keys"} for names in reversed(VIEWS.values())]
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


@pytest.fixture
def updates(few: Room, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The views that are authorized, after each update, in a clean room with few views that is published."""
    few.publish(ANN)
    few.service.calls.clear()
    client, updates = few.client_of(PROVIDER), []

    def update(*arguments: object) -> None:
        bigquery.Client.update_dataset(client, *arguments)
        updates.append(few.authorized_views()[f"{PROVIDER}.ewallet_provider"])

    monkeypatch.setattr(client, "update_dataset", update)
    return updates


AUTHORIZED = {"clean_room_keys", *FEW}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("wallet_spend", "JOIN_NOT_REQUIRED", "JOIN_ALL"),
        ("wallet_spend", "t.transaction_amount\n", "t.transaction_amount + 1 AS transaction_amount\n"),
        ("wallet_orders", '["order_id"]', '["order_id", "transaction_id"]'),
    ],
)
def test_a_view_that_can_be_changed_is_changed_and_authorized_again(
    name: str, old: str, new: str, few: Room, updates: list[set[str]]
) -> None:
    few.change_view(name, old, new)
    assert [change for change in few.publish(ANN) if change] == ["changed", "changed"]
    # "needs to be granted again via an update operation": its entry is removed and added.
    assert updates == [AUTHORIZED - {name}, AUTHORIZED]
    assert few.service.changes() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"threshold": 50', '"threshold": 60'),  # beside a join restriction
        pytest.param(f"{THRESHOLD}, ", "", marks=pytest.mark.slow),
    ],
)
def test_a_view_whose_policy_cannot_be_changed_is_created_and_listed_again(
    old: str, new: str, few: Room, updates: list[set[str]]
) -> None:
    few.change_view("wallet_spend", "JOIN_NOT_REQUIRED", "JOIN_ALL")
    few.publish(ANN)
    updates.clear()
    few.change_view("wallet_spend", old, new)
    changes = {call.text: change for call in few.calls(ANN) if (change := call.run())}
    assert list(changes.values()) == [
        f"created again, as its listing will be: subscribers must refresh; {on_bigquery.SAME_NAME}",
        "changed",
        "created",
    ]
    assert all("wallet_spend" in text for text in changes)
    assert updates == [AUTHORIZED - {"wallet_spend"}, AUTHORIZED]
    assert few.service.changes() == ["DeleteListing", "CreateListing"]
    assert set(few.publish(ANN)) == {None}


def test_a_view_that_was_deleted_is_authorized_again(few: Room, updates: list[set[str]]) -> None:
    few.client_of(PROVIDER).delete_table(f"{PROVIDER}.ewallet_clean_room.wallet_spend")
    # With the entry of the view that was deleted.
    assert few.authorized_views()[f"{PROVIDER}.ewallet_provider"] == AUTHORIZED
    few.publish(ANN)
    assert updates == [AUTHORIZED - {"wallet_spend"}, AUTHORIZED]


@pytest.mark.slow
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
    assert few.authorized_views()[f"{PROVIDER}.ewallet_provider"] == {"clean_room_keys", *FEW}
    assert set(few.publish(ANN)) == {None}


def test_an_interrupted_run_is_completed(few: Room) -> None:
    # After the first salt, after the keys and after a view that is not authorized yet, and before the exchange.
    for count in (8, 10, 12, 15):
        for call in few.calls(ANN)[:count]:
            call.run()
    few.publish(ANN)
    assert len(few.service.listings) == 2
    assert few.authorized_views()[f"{PROVIDER}.ewallet_provider"] == {"clean_room_keys", *FEW}
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
        f"bigquery.jobs.insert CREATE [OR REPLACE] VIEW {PROVIDER}.ewallet_clean_room.wallet_spend": "changed",
        f"bigquery.datasets.patch {PROVIDER}.ewallet_provider": "changed",
        f"analyticshub.dataExchanges.create {exchange.name}": "changed",
        f"analyticshub.listings.create {listing.name}": "changed",
    }
    assert exchange.display_name == "E-commerce merchant and e-wallet provider"


def test_listings_are_recreated_when_the_egress_rule_differs(room: Room) -> None:
    room.share()
    room.service.calls.clear()
    assert room.share(allow_egress=True).count("created again: subscribers must refresh") == 4
    assert room.service.changes() == ["DeleteListing", "CreateListing"] * 4
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
    assert room.authorized_views()[path] == {"clean_room_keys", "customers"}


def test_a_dataset_that_does_not_tell_who_has_access_keeps_them(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    client, path = room.client_of(MERCHANT), f"{MERCHANT}.merchant_provider"
    dataset = client.get_dataset(path)
    before, dataset.access_entries = list(dataset.access_entries), []
    [call] = [call for call in room.calls() if call.text.endswith("authorize view merchant_clean_room.customers")]
    with monkeypatch.context() as patch:
        patch.setattr(client, "get_dataset", lambda _: dataset)
        with pytest.raises(UserError, match=f"does not tell who has access to dataset {path}.*dataOwner"):
            call.run()
    assert list(client.get_dataset(path).access_entries) == before != []


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


def test_a_party_without_its_tables_is_told_to_run_main(room: Room) -> None:
    room.client_of(PROVIDER).delete_table(f"{PROVIDER}.ewallet_provider.transactions")
    with pytest.raises(UserError, match=f"make --write-project-id {PROVIDER} --source-dataset {MERCHANT}.merchant_"):
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


def test_the_keys_are_authorized_before_a_view_reads_them_and_removed_after_it(room: Room) -> None:
    def place(calls: Sequence[Call], words: str) -> int:
        return next(place for place, call in enumerate(calls) if re.search(words, call.text))

    published, unpublished = room.calls(), list(call_lists.calls_to_unpublish(room.target()))
    for party, view in (("merchant", "customers"), ("ewallet", "wallet_customers"), ("ewallet", "wallet_spend")):
        keys, view = rf"{party}_provider\.clean_room_keys$", rf"{party}_clean_room\.{view}\b"
        assert place(published, f"authorize view {keys}") < place(published, f"VIEW .*{view}")
        assert place(unpublished, f"tables.delete .*{view}") < place(unpublished, keys)


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
    "maxEpsilonPerQuery": 1,
    "epsilonBudget": 3.0,
    "deltaPerQuery": 0.0001,
    "deltaBudget": 0.0006,
    "maxGroupsContributed": "1",
    "epsilonBudgetRemaining": 0.5,
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
            "labels": {"definition": on_bigquery.fingerprint(view)} if has_label else {},
            "view": definition,
        }
    )
    assert on_bigquery.is_published(view, table) is is_published


@pytest.mark.parametrize(
    ("name", "old", "is_changeable"),
    [
        ("wallet_spend", threshold("50"), True),
        ("wallet_spend", threshold("60"), False),  # beside a join restriction
        ("wallet_spend", NOISE, False),
        ("wallet_spend_private", threshold("50"), False),
        ("wallet_spend_private", NOISE, True),
        ("wallet_spend_private", MORE_NOISE, False),
        ("wallet_orders", threshold("50"), False),
        ("wallet_spend", {"joinRestrictionPolicy": JOIN}, True),
    ],
)
def test_a_policy_beside_a_join_restriction_stays_as_it_is_and_no_kind_becomes_another(
    name: str, old: dict, is_changeable: bool
) -> None:
    view = next(each for each in views.read() if each.name == name)
    reference = {"projectId": PROVIDER, "datasetId": view.dataset, "tableId": name}
    table = bigquery.Table.from_api_repr({"tableReference": reference, "view": {"privacyPolicy": old}})
    assert on_bigquery.is_changeable(view, table) is is_changeable


def test_a_view_without_a_policy_is_compared_with_what_bigquery_says() -> None:
    [view, *_] = views.read_exchanged()
    reference = {"projectId": MERCHANT, "datasetId": view.dataset, "tableId": view.name}
    resource = {"tableReference": reference, "labels": {"definition": on_bigquery.fingerprint(view)}}
    assert on_bigquery.is_published(view, bigquery.Table.from_api_repr(resource | {"view": {"query": view.query}}))


def test_the_salt_is_uploaded_from_memory(few: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a temporary file")

    loads = [call for call in few.calls() if "insert load" in call.text]
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    assert [call.run() for call in loads] == ["created", "created"]
    assert {call.run() for call in loads} == {None}


# The command.


@pytest.mark.parametrize("level", LEVELS)
def test_a_dry_run_prints_every_call_and_makes_none(
    level: str, room: Room, run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "connect", lambda *_, **__: pytest.fail("connects to BigQuery"))
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: pytest.fail("connects to the API"))
    lines = run(["publish", *FLAGS, "--level", level, "--subscriber", ANN, "--dry-run"]).splitlines()
    words = {False: "  would call", True: "  would clear up with"}
    calls = [f"{words[call.clears_up]} {call.text}" for call in room.calls(ANN, level=level)]
    assert [line for line in lines if line.startswith("  would ")] == calls
    assert room.service.calls == []


def test_a_dry_run_ends_with_the_command_that_publishes_the_same(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my salt.txt"
    file.write_text(SALT.get_secret_value(), encoding="utf-8")
    file.chmod(0o600)
    flags = ["--location", "EU", "--suffix", "_b", "--provider-project-id", PROVIDER]
    flags += ["--level", "rules", "--subscriber", ANN, "--subscriber", BOB, "--normalize", "uid2"]
    flags += ["--salt-file", str(file), "--allow-egress", "--log-subscribers", "--yes"]
    command_line = ["publish", "--write-project-id", MERCHANT, *flags]
    last = run([*command_line, "--dry-run"]).splitlines()[-1]
    assert shlex.split(last.removeprefix("Publish it: uv run dcr ")) == command_line


def test_a_dry_run_shows_the_views_and_their_rules_and_says_that_nothing_was_changed(room: Room, run: Callable) -> None:
    lines = run(["publish", *FLAGS, "--level", "noise", "--subscriber", ANN, "--dry-run"]).splitlines()
    views = lines[1 : lines.index("Look at what is there")]
    assert [line.split(":")[0].strip() for line in views] == [
        "ewallet_clean_room.wallet_customers_private",
        "ewallet_clean_room.wallet_spend_private",
    ]
    assert all("epsilon 1 at most, of a budget of 3" in line for line in views)
    assert lines[-2] == "Nothing was changed."
    assert lines[-1] == f"Publish it: uv run dcr publish {' '.join(FLAGS)} --level noise --subscriber {ANN}"


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
        (
            "publish",
            [*FLAGS, "--level", SALT.get_secret_value()],
            SALT.get_secret_value(),
            "'...' is not one of 'exchan",
        ),
        (
            "publish",
            [*FLAGS, "--normalize", "a secret"],
            "a secret",
            "what is given is not one of 'as_is', 'lower_trim'",
        ),
        ("publish", [*FLAGS, "--level", "none"], "x" * 16, "'none' is not one of 'exchange', 'rules', 'noise', 'te"),
        ("publish", [*FLAGS, "--suffix", "_" * 47], "x" * 16, "is not up to 46 letters, digits and underscores"),
        ("publish", [*FLAGS, "--match-rate", "0.1"], "x" * 16, "No such option '--match-rate'"),
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
    pattern = r"(merchant|ewallet)_(provider|clean_room|templates|exchange(?!_))\b|dataExchanges/\w+"
    lines = {}
    for name in ("publish", "unpublish"):
        for suffix in ("", "_b"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DCR_SALT", SALT.get_secret_value())
                assert command.main([name, *flags, "--suffix", suffix]) == 0
            lines[suffix] = capsys.readouterr().out
        # Each party's datasets and the exchange have other names, and commands have the suffix; all else is the same.
        expected = re.sub(pattern, r"\g<0>_b", lines[""])
        assert lines["_b"].replace(" --suffix _b", "") == expected != lines[""]
