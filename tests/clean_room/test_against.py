"""Comparing a rehearsal with what BigQuery says, which a service on 127.0.0.1 says here."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import bigquery
from pydantic import SecretStr

from dcr_data_generator import sql
from dcr_data_generator.clean_room import against, project
from dcr_data_generator.clean_room.against import Outcome, Said
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.commands import group
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import docs, emulator
from tests.support.linked import LinkedDataset, Reply
from tests.support.proxy import Proxy

VIEWS = {query.name for query in sql.read_folder("clean_room/views")}
FUNCTIONS = {"customer_segmentation", "trust_and_fraud", "user_enrichment"}
# Queries of the folders that are not sent to a linked dataset with all views, and why.
ATTACK_LAB = "it reads what only the attack lab has"
UNSENT = {
    "clean_room/refused/01_the_other_partys_tables": "this project has both parties' tables",
    **{f"clean_room/attacks/{name}": "this project has both parties' tables" for name in ("linkage", "linkage_users")},
    **{
        query.file: ATTACK_LAB
        for query in sql.read_folder("clean_room/attacks")
        if re.search("own_list|guessed_emails|identity_keys", query.text)
        if "as" in query.comments and "_templates." not in query.text
    },
}
CLAUSE = "You must use SELECT WITH AGGREGATION_THRESHOLD for this query because a privacy policy has been set."


@pytest.fixture(scope="module")
def published(shop: Warehouse) -> Warehouse:
    """A small shop whose salt is there, and an empty linked dataset."""
    row = {"salt": docs.SALT, "normalizer": "lower_trim"}
    shop.client.load_table_from_json([row], "merchant_provider.clean_room_salt").result()
    shop.client.create_dataset("linked", exists_ok=True)
    return shop


@pytest.fixture(scope="module")
def room(published: Warehouse) -> CleanRoom:
    """What BigQuery knows."""
    room = project.open_room(published, SecretStr(docs.SALT))
    room.link("linked")
    room.parameters = ["victim"]
    files = [query for folder in against.FOLDERS for query in sql.read_folder(folder)]
    room.prepare_all(query.text for query in [*files, *sql.read_questions("sub*"), *sql.read_questions("call")])
    return room


@pytest.fixture(scope="module")
def rehearse(published: Warehouse, room: CleanRoom, endpoints: Endpoints) -> Callable[..., tuple]:
    """Compare a rehearsal with a linked dataset that has these views and functions, and that answers otherwise."""

    def compare(
        *flags: str, views: set[str] = VIEWS, functions: set[str] = frozenset(), instead: dict[str, Reply] | None = None
    ) -> tuple[LinkedDataset, tuple[int, str, str]]:
        client = published.client
        for table in client.list_tables("linked"):
            client.delete_table(table)
        for name in views:
            client.create_table(bigquery.Table(f"{client.project}.linked.{name}"))
        for name in functions:
            client.query_and_wait(f"CREATE OR REPLACE FUNCTION linked.{name}(x INT64) AS (x)")
        room.renew_budgets()
        room.templates_only = bool(functions)
        linked = LinkedDataset(room, instead or {})
        with Proxy(endpoints.rest, failing_jobs=[linked]) as between:
            flags = ("rehearse", "--against", "linked", "--write-project-id", client.project, *flags)
            result = emulator.run_here(*flags, command=group.main, BIGQUERY_EMULATOR_HOST=between.url)
        for name in functions:
            client.delete_routine(f"{client.project}.linked.{name}")
        return linked, result

    return compare


def outcomes(printed: str) -> dict[str, str]:
    """How each query compares, by its file."""
    return {file: text.strip() for file, text in re.findall(r"^│ (\S+/\S+)\s+│ ([^│]+)│", printed, re.MULTILINE)}


@pytest.mark.slow
def test_a_linked_dataset_that_answers_as_rehearsed_is_all_green(rehearse: Callable) -> None:
    linked, (status, out, err) = rehearse("--yes")
    assert (status, err) == (0, "")
    found = outcomes(out)
    folders = [*sql.read_folder("clean_room/refused"), *sql.read_folder("clean_room/attacks")]
    own = {f"clean_room/attacks/{name}" for name in ("lists", "lists_tier", "truth", "truth_phones")}
    own.add("clean_room/refused/22_own_question")
    assert found.keys() == {query.file for query in [*folders, *sql.read_questions("sub*")]} - own
    assert {file: text for file, text in found.items() if text != "as rehearsed"} == {
        file: f"not sent: {reason}" for file, reason in UNSENT.items()
    }
    sent = len(found) - len(UNSENT)
    assert out.splitlines()[-2] == f"As rehearsed: {sent} of {sent} queries."
    # All dry runs come first, which refuse what a rule refuses; then the private views are asked last.
    assert len(linked.dry) == sent
    assert f"They read at most {len(linked.asked)} MiB: $0.00" in out
    is_private = ["_private" in query for query in linked.asked]
    assert is_private == sorted(is_private)
    assert 0 < sum(is_private) < len(is_private) < sent
    assert re.search(r"which all subscribers share: epsilon [0-3](\.5)? of ewallet_clean_room\.wallet_", out)


@pytest.mark.slow
def test_a_linked_dataset_that_answers_otherwise_is_told_from_the_rehearsal(rehearse: Callable, tmp_path: Path) -> None:
    otherwise = {
        "attempt: A plain SELECT": (Reply("", ("hashed_email",), (("a1b2",),)), Outcome.VERDICT),
        "attempt: Groups without the clause": (Reply("No, the-owner@example.com said."), Outcome.WORDS),
        "attempt: An aggregate that is one person": (Reply("MAX? Never."), Outcome.WORDS),
        "attempt: A column that is not": (Reply("`Unrecognized name`: date_of_birth"), Outcome.SAME),
        "The provider joins the keys": (Reply("Not found: Dataset test-against:linked"), Outcome.VERDICT),
        "The merchant asks for averages": (
            Reply("", ("account_tier", "average_order_value", "number_of_customers"), (("Free", 1.5, 60),)),
            Outcome.ROWS,
        ),
    }
    file = tmp_path / "said.json"
    linked, (status, out, _) = rehearse(
        "--save", str(file), instead={words: each[0] for words, each in otherwise.items()}
    )
    assert status == 1
    found, files = outcomes(out), [query for folder in against.FOLDERS for query in sql.read_folder(folder)]
    for words, (_, outcome) in otherwise.items():
        [name] = [query.file for query in [*files, *sql.read_questions("sub*")] if words in query.text]
        assert found[name] == outcome
    # Without --yes, nothing is asked of the private views: the budgets are all subscribers'.
    assert not [query for query in linked.asked if "_private" in query]
    assert "which all subscribers share: epsilon 3 of" in out
    unsent = {f"{Outcome.NOT_SENT}: {each}" for each in (*UNSENT.values(), against.SPENDS)}
    assert set(found.values()) == {"as rehearsed", *unsent, *Outcome} - {Outcome.NOT_SENT}
    assert "rehearsed: You must use SELECT WITH AGGREGATION_THRESHOLD" in out
    assert "MAX is not supported in SELECT WITH AGGREGATION_THRESHOLD. (our words)" in out
    # What is sent back has no rows, and no names of the subscriber's own.
    text = file.read_text(encoding="utf-8")
    saved = {each["file"]: each for each in json.loads(text)["queries"]}
    assert saved.keys() == {name for name, text in found.items() if not text.startswith(Outcome.NOT_SENT)}
    assert saved["clean_room/refused/02_plain_select"]["columns"] == ["hashed_email"]
    assert saved["clean_room/refused/02_plain_select"]["answered"]
    assert saved["clean_room/refused/03_missing_clause"]["sentence"] == "No, EMAIL said."
    assert not re.search("a1b2|test-against|the-owner|test_against", text)
    assert "linked" not in re.sub(r"\blinked dataset", "", text)


@pytest.mark.slow
def test_where_query_templates_are_offered_only_they_are_asked(rehearse: Callable) -> None:
    _, (status, out, err) = rehearse(views={"customers", "wallet_customers", "wallet_spend"}, functions=FUNCTIONS)
    assert (status, err) == (0, "")
    asked = {file.partition("/")[2] for file, text in outcomes(out).items() if text == "as rehearsed"}
    calls = {f"{name}/call" for name in ("2_customer_segmentation", "3_trust_and_fraud", "4_user_enrichment")}
    own = {"attacks/dictionary", "attacks/dictionary_salted", "attacks/own_people", "refused/22_own_question"}
    assert asked == calls | own


# How two things that were said compare.

REFUSED, OURS = Said(CLAUSE), Said("No.", is_bigquerys=False)
ROWS = Said("", ["tier", "average"], [("Free", 0.1 + 0.2), ("Premium", None)])


@pytest.mark.parametrize(
    ("rehearsed", "said", "outcome", "is_bad"),
    [
        (REFUSED, Said(CLAUSE.replace("AGGREGATION_THRESHOLD", "`AGGREGATION_THRESHOLD`")), Outcome.SAME, False),
        (REFUSED, Said("No."), Outcome.WORDS, True),
        (OURS, REFUSED, Outcome.WORDS, False),
        (REFUSED, ROWS, Outcome.VERDICT, True),
        (ROWS, OURS, Outcome.VERDICT, True),
        (ROWS, Said("", ["tier", "average"], [("Premium", None), ("Free", 0.3)]), Outcome.SAME, False),
        (ROWS, Said("", ["tier", "average"], [("Premium", None), ("Free", 0.3001)]), Outcome.ROWS, True),
        (ROWS, Said("", ["tier", "average"], [*ROWS.rows, ROWS.rows[0]]), Outcome.ROWS, True),
        (ROWS, ROWS._replace(columns=["tier", "mean"]), Outcome.ROWS, True),
        (ROWS._replace(is_noisy=True), Said("", ["tier", "average"], [("Free", 7.0)]), Outcome.SAME, False),
    ],
)
def test_what_is_said_is_compared(rehearsed: Said, said: Said, outcome: Outcome, is_bad: bool) -> None:
    compared = against.compare(sql.Query("", {}, "", ""), rehearsed, said)
    assert (compared.outcome, compared.is_bad) == (outcome, is_bad)


@pytest.mark.parametrize(
    ("sentence", "common"),
    [
        ("Access Denied: Table my-project:linked.wallet_spend at [2:6]", "Access Denied: Table d.wallet_spend"),
        ("in `my-project.linked.wallet_spend`, not my-project2.linked", "in `d.wallet_spend`, not my-project2.LINKED"),
        ("User ann.b+c@example.com of my-project has no linked.other", "User EMAIL of PROJECT has no LINKED.other"),
    ],
)
def test_names_of_the_subscriber_are_left_out(sentence: str, common: str) -> None:
    names = {"linked.wallet_spend": "d.wallet_spend"}
    assert against.in_common(sentence, names, "my-project", "linked").replace("LINKED_DATASET", "LINKED") == common


# What it needs.


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--against", "linked"), "the linked dataset linked is on Google Cloud: give --write-project-id"),
        (("--save", "said.json"), "give --against with a linked dataset, too"),
        (("--yes",), "give --against with a linked dataset, too"),
    ],
)
def test_a_comparison_needs_a_linked_dataset_of_a_project(flags: tuple[str, ...], sentence: str) -> None:
    status, _, err = emulator.run_here("rehearse", *flags, command=group.main)
    assert status == 2
    assert sentence in emulator.only_line(err)


@pytest.mark.slow
def test_a_comparison_needs_what_is_published(shop: Warehouse, endpoints: Endpoints) -> None:
    flags = ("rehearse", "--write-project-id", shop.project, "--against", "nowhere")
    command = {"command": group.main, "BIGQUERY_EMULATOR_HOST": endpoints.rest}
    if any(table.table_id == "clean_room_salt" for table in shop.client.list_tables("merchant_provider")):
        shop.client.delete_table("merchant_provider.clean_room_salt")
    assert "no clean room is published from project" in emulator.only_line(emulator.run_here(*flags, **command)[2])
