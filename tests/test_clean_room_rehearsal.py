"""Rehearsing the clean room: its SQL, its answers against plain SQL, and what is printed."""

import hashlib
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from dcr_data_generator import sql, use_cases
from dcr_data_generator.clean_room import command, googlesql, kept, rehearsal, shared, show, views
from dcr_data_generator.clean_room.googlesql import GoogleSQL, NotUnderstood, kinds
from dcr_data_generator.clean_room.room import CleanRoom
from dcr_data_generator.clean_room.rules import Refused
from dcr_data_generator.embedded import thelook
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import SCHEMAS
from dcr_data_generator.terminal import Terminal
from tests.support import emulator

SALT = SecretStr("a salt that nobody prints")
COLUMNS = {f"merchant_provider.{name}": schema for name, schema in thelook.SCHEMAS.items()} | {
    f"ewallet_provider.{name}": schema for name, schema in SCHEMAS.items()
}


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """The clean room of the package, without rows."""
    tables = {name: kinds(schema) for name, schema in COLUMNS.items()}
    return CleanRoom(tables, sql.read_folder(views.FOLDER), SALT)


def fill(room: CleanRoom, **tables: list[dict]) -> None:
    """Fill a room, with NULL in columns left out: `fill(room, users=[{"id": 1}])`; without it, tables are empty."""
    room.fill(
        {
            name: [tuple(row.get(column.name) for column in schema) for row in tables.get(name.split(".")[1], [])]
            for name, schema in COLUMNS.items()
        }
    )


def hashed(email: str) -> str:
    """The join key as the issue defines it."""
    return hashlib.sha256((SALT.get_secret_value() + email.strip(" \t\r\n").lower()).encode()).hexdigest()


def wallets(people: dict[str, int]) -> dict[str, list[dict]]:
    """So many people of each tier, all customers, each verified and with one payment of 10 dollars."""
    emails = [(tier, f"{tier}{number}@example.com") for tier, count in people.items() for number in range(count)]
    return {
        "users": [{"id": number, "email": email} for number, (_, email) in enumerate(emails)],
        "provider_users": [
            {"provider_user_id": number, "email": email, "account_tier": tier, "is_verified_user": True}
            for number, (tier, email) in enumerate(emails)
        ],
        "transactions": [
            {"transaction_id": str(number), "order_id": number, "provider_user_id": number, "transaction_amount": 10.0}
            for number in range(len(emails))
        ],
    }


# The SQL.


def test_every_view_passes_the_analyzer_and_its_policy_names_columns_of_its_own(room: CleanRoom) -> None:
    assert set(room.views) == {
        "ewallet_clean_room.wallet_orders",
        "ewallet_clean_room.wallet_customers",
        "ewallet_clean_room.wallet_spend",
        "ewallet_clean_room.wallet_spend_private",
        "merchant_clean_room.customers",
    }
    for view in room.views.values():
        assert view.policy.columns <= view.columns.keys()


def test_what_is_published_is_what_the_analyzer_understands(room: CleanRoom) -> None:
    for view in shared.read():
        understood = room.views[f"{view.dataset}.{view.name}"]
        assert view.policy == understood.policy
        assert room.engine.with_plain_names(view.query).split() == understood.query.split()


def test_no_view_shares_an_email_a_name_an_address_or_a_date_of_birth(room: CleanRoom) -> None:
    columns = {name: list(view.columns) for name, view in room.views.items()}
    assert columns == {
        "ewallet_clean_room.wallet_orders": ["order_id", "transaction_id", "transaction_amount"],
        "ewallet_clean_room.wallet_customers": ["hashed_email", "account_tier", "is_verified_user"],
        "ewallet_clean_room.wallet_spend": ["hashed_email", "account_tier", "transaction_amount"],
        "ewallet_clean_room.wallet_spend_private": ["hashed_email", "account_tier", "transaction_amount"],
        "merchant_clean_room.customers": ["hashed_email", "age", "gender", "country"],
    }


@pytest.mark.parametrize("query", sql.read_folder(rehearsal.QUERIES), ids=lambda query: query.name)
def test_a_query_passes_the_analyzer_and_the_rules(query: sql.Query, room: CleanRoom) -> None:
    room.engine.analyze(room.engine.with_plain_names(query.text))
    fill(room)
    room.ask(query.text)


def test_there_are_a_dozen_attempts_and_more_each_of_which_is_sql() -> None:
    attempts = sql.read_folder(rehearsal.REFUSED)
    assert len(attempts) >= 12
    engine = GoogleSQL()
    for attempt in attempts:
        assert attempt.comment
        engine.parse(attempt.text)


# The answers.


def test_the_join_key_is_the_hash_of_salt_and_email_without_case_and_blanks(room: CleanRoom) -> None:
    fill(room, users=[{"id": 1, "email": " Ann@Example.com\t"}, {"id": 2, "email": " "}, {"id": 3}])
    assert [row[0] for row in room.engine.rows("merchant_clean_room.customers")] == [hashed("ann@example.com")]


def test_a_group_of_49_people_is_withheld_and_one_of_50_is_not(room: CleanRoom) -> None:
    fill(room, **wallets({"Business": 49, "Premium": 50, "Free": 51}))
    segmentation, trust = sql.read("clean_room/queries/2_customer_segmentation"), "clean_room/queries/3_trust_and_fraud"
    reply = room.ask(segmentation.text)
    assert sorted(reply.answer.rows) == [("Free", 10.0, 51), ("Premium", 10.0, 50)]
    assert reply.withheld == ["Business: 49 customers, withheld: fewer than 50"]
    assert room.ask(sql.read(trust).text).answer.rows == [(True, 150)]


def test_payments_do_not_count_as_people(room: CleanRoom) -> None:
    tables = wallets({"Business": 49})
    tables["transactions"] *= 3
    fill(room, **tables)
    assert room.ask(sql.read("clean_room/queries/2_customer_segmentation").text).answer.rows == []


TIERS = ["Free", "Premium", "Business"]
# The rule written out, over the parties' own tables; DuckDB knows nothing of clean rooms.
PLAIN = """
    SELECT account_tier, AVG(amount) AS average_order_value, COUNT(DISTINCT email) AS people
    FROM payments JOIN customers USING (email) GROUP BY account_tier
"""


@given(
    counts=st.fixed_dictionaries({tier: st.integers(47, 53) for tier in TIERS}),
    strangers=st.integers(0, 3),
    amounts=st.lists(st.integers(1, 400).map(float), min_size=1, max_size=7),
)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_protected_answer_is_plain_sql_with_the_rule_written_out(
    counts: dict[str, int], strangers: int, amounts: list[float], room: CleanRoom
) -> None:
    tables = wallets(counts)
    for number, transaction in enumerate(tables["transactions"]):
        transaction["transaction_amount"] = amounts[number % len(amounts)]
    # Some wallet holders are no customers, and some customers write their email otherwise.
    tables["users"] = [user | {"email": user["email"].upper() + " "} for user in tables["users"][strangers:]]
    fill(room, **tables)
    reply = room.ask(sql.read("clean_room/queries/2_customer_segmentation").text)
    people = {user["provider_user_id"]: user for user in tables["provider_users"]}
    payments = [
        (
            people[each["provider_user_id"]]["email"],
            people[each["provider_user_id"]]["account_tier"],
            each["transaction_amount"],
        )
        for each in tables["transactions"]
    ]
    with duckdb.connect() as data:
        data.execute("CREATE TABLE payments (email VARCHAR, account_tier VARCHAR, amount DOUBLE)")
        data.execute("CREATE TABLE customers (email VARCHAR)")
        data.executemany("INSERT INTO payments VALUES (?, ?, ?)", payments)
        data.executemany(
            "INSERT INTO customers VALUES (lower(trim(?)))", [(user["email"],) for user in tables["users"]]
        )
        data.execute("UPDATE payments SET email = lower(email)")
        shown = data.execute(PLAIN + "HAVING COUNT(DISTINCT email) >= 50").fetchall()
        hidden = data.execute(PLAIN + "HAVING COUNT(DISTINCT email) < 50").fetchall()
    answer = {tier: (pytest.approx(average), count) for tier, average, count in shown}
    assert {tier: (average, count) for tier, average, count in reply.answer.rows} == answer
    assert sorted(reply.withheld) == sorted(f"{tier}: {n} customers, withheld: fewer than 50" for tier, _, n in hidden)


def test_a_list_overlap_says_how_many_rows_stay_unseen(room: CleanRoom) -> None:
    tables = wallets({"Free": 3})
    tables["users"] += [{"id": 9, "email": "stranger@example.com", "age": 30}]
    tables["orders"] = [{"order_id": 1}, {"order_id": 7}]
    fill(room, **tables)
    orders = room.ask(sql.read("clean_room/queries/1_transaction_verification").text)
    assert [row[0] for row in orders.answer.rows] == [1]
    assert orders.withheld[0].startswith("2 of the 3 rows of ewallet_clean_room.wallet_orders, withheld")
    people = room.ask(sql.read("clean_room/queries/4_user_enrichment").text)
    assert [row[1] for row in people.answer.rows] == [hashed(f"free{number}@example.com") for number in range(3)]
    assert people.withheld[0].startswith("1 of the 4 rows of merchant_clean_room.customers, withheld")


def test_twenty_draws_use_up_the_budget_and_differ(room: CleanRoom) -> None:
    room.ledger = type(room.ledger)()
    fill(room, **wallets({"Free": 300}))
    query = sql.read("clean_room/queries/2_customer_segmentation_private")
    truth = use_cases.UseCase("2", "", "", "", ["account_tier", "average_order_value"], [TrueRow("Free", 10.0)], 1, "")
    [noise] = rehearsal.draw(room, query, room.ask(query.text), truth)
    assert (noise.group, noise.column, noise.truth, len(noise.draws)) == ("Free", "average_order_value", 10.0, 20)
    assert len(set(noise.draws)) == 20
    # 300 people, an epsilon of 5, amounts up to 500: a draw is some dollars off, and not a hundred.
    assert all(abs(draw - 10) < 100 for draw in noise.draws)
    with pytest.raises(Refused, match="Privacy budget is not sufficient"):
        room.ask(query.text)


class TrueRow(tuple):
    """A row of an open answer."""

    __slots__ = ()

    def __new__(cls, *values: object) -> "TrueRow":
        """Make a row of values."""
        return super().__new__(cls, values)

    def values(self) -> tuple:
        """The values, as BigQuery's rows give them."""
        return tuple(self)


# What is refused whoever asks.


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT salt FROM merchant_provider.clean_room_salt", "The salt is not shown"),
        ("SELECT SUBSTR(salt, 1, 3) FROM ewallet_provider.clean_room_salt", "The salt is not shown"),
        (
            "SELECT u.email, p.date_of_birth FROM merchant_provider.users AS u "
            "JOIN ewallet_provider.provider_users AS p ON u.email = p.email",
            "Access Denied: Table ewallet_provider.provider_users",
        ),
    ],
)
def test_neither_the_salt_nor_the_other_partys_tables_are_shown(query: str, reason: str, room: CleanRoom) -> None:
    with pytest.raises(Refused, match=reason):
        room.ask(query)


def test_a_failure_does_not_quote_the_salt(room: CleanRoom) -> None:
    fill(room)
    with pytest.raises(NotUnderstood) as failure:
        room.ask("SELECT 1 AS one FROM merchant_provider.clean_room_salt WHERE CAST(salt AS INT64) = 1")
    assert "(the salt)" in str(failure.value)
    assert SALT.get_secret_value() not in str(failure.value)


def test_what_somebody_has_of_their_own_may_be_asked_openly(room: CleanRoom) -> None:
    fill(room, users=[{"id": 1, "email": "ann@example.com"}])
    assert room.ask("SELECT email FROM `any-project.merchant_provider.users`").answer.rows == [("ann@example.com",)]


# A whole rehearsal.


def test_a_rehearsal_shows_the_open_answers_beside_the_protected_ones(
    five_tables: Callable, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    client = five_tables()
    queries, attempts = sql.read_folder(rehearsal.QUERIES), sql.read_folder(rehearsal.REFUSED)
    room = rehearsal.build(client, SALT, [*queries, *attempts])
    rehearsed = rehearsal.rehearse(room, use_cases.run(client), queries)
    tried = [rehearsal.attempt(room, query) for query in attempts]
    terminal = Terminal()
    show.use_cases(terminal, rehearsed)
    show.attempts(terminal, tried)
    printed = capsys.readouterr().out

    # By the warehouse's own SQL, the rule written out.
    protected = {
        row.account_tier: row.people
        for row in client.query(
            "SELECT p.account_tier, COUNT(DISTINCT p.email) AS people FROM merchant_provider.users AS u "
            "JOIN ewallet_provider.provider_users AS p ON u.email = p.email "
            "JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id GROUP BY 1"
        ).result()
    }
    answers = {one.query.name: one.reply for one in rehearsed}
    shown = {row[0]: row[2] for row in answers["2_customer_segmentation"].answer.rows}
    assert shown == {tier: people for tier, people in protected.items() if people >= 50}
    assert answers["2_customer_segmentation"].withheld == [
        f"{tier}: {people} customers, withheld: fewer than 50" for tier, people in protected.items() if people < 50
    ]
    verification = next(one for one in rehearsed if one.query.name == "1_transaction_verification")
    assert len(verification.reply.answer.rows) == verification.open.total
    enrichment = next(one for one in rehearsed if one.query.name == "4_user_enrichment")
    assert len(enrichment.reply.answer.rows) == enrichment.open.total
    assert "Business: 39 customers, withheld: fewer than 50" in printed
    assert "20 draws against the truth" in printed
    assert not any(attempt.got_through for attempt in tried)
    assert all(attempt.reason in printed for attempt in tried)
    reasons = {attempt.query.name: attempt.reason for attempt in tried}
    assert reasons["budget_exceeded"].startswith("Privacy budget is not sufficient")
    assert reasons["one_person_filter"].endswith("1 customer, withheld: fewer than 50")
    assert SALT.get_secret_value() not in printed

    # What the report finds: all of it, as long as the open answers are the same.
    path = kept.path_of("five-tables", tmp_path / "kept")
    kept.keep(rehearsed, path)
    answers = kept.read(path, [one.open for one in rehearsed])
    assert [answer.query for answer in answers] == [query.name for query in queries]
    assert answers[1].withheld == ["Business: 39 customers, withheld: fewer than 50"]
    assert SALT.get_secret_value() not in path.read_text()
    others = [one.open._replace(rows=[]) for one in rehearsed]
    assert kept.read(path, others) == kept.read(tmp_path / "none.json", others) == []


def test_an_attempt_that_gets_through_is_red(room: CleanRoom, capsys: pytest.CaptureFixture) -> None:
    attempt = rehearsal.attempt(room, sql.Query("harmless", ["-- Nothing."], "SELECT 1 AS one"))
    assert attempt.got_through
    show.attempts(Terminal(), [attempt])
    assert "✗ " in capsys.readouterr().out


def test_the_command_rehearses_what_main_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    directory, query = tmp_path / "bigquery", tmp_path / "query.sql"
    assert emulator.run_here("--embedded-dir", str(directory), "--skip-checks")[0] == 0
    monkeypatch.setenv("DCR_EMBEDDED_DIR", str(directory))
    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    assert command.main(["rehearse"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "Business: 39 customers, withheld: fewer than 50" in out
    files = [path.read_bytes() for path in directory.rglob("*") if path.is_file()]
    assert not any(SALT.get_secret_value().encode() in content for content in [*files, out.encode()])
    query.write_text("SELECT * FROM ewallet_clean_room.wallet_spend -- é")
    assert command.main(["rehearse", "--query", str(query)]) == 1
    assert "refused: You must use SELECT WITH AGGREGATION_THRESHOLD for this query" in capsys.readouterr().out


def test_a_query_that_is_not_understood_is_said_in_googles_words(
    room: CleanRoom, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    query = tmp_path / "query.sql"
    query.write_text("SELECT nothing FROM ewallet_clean_room.wallet_spend")
    monkeypatch.setattr("dcr_data_generator.warehouse.connect", lambda *_, **__: nullcontext(SimpleNamespace(place="")))
    monkeypatch.setattr(rehearsal, "build", lambda *_: room)
    assert command.main(["rehearse", "--query", str(query), "--embedded-dir", str(tmp_path)]) == 2
    assert "query: Unrecognized name: nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "rehearse | publish | unpublish"),
        (["rehears"], "rehearse"),
        (["rehearse", "--nonsense"], "--nonsense"),
        (["rehearse", "--query"], "--query"),
        (["rehearse", "--query", "/nowhere.sql"], "--query /nowhere.sql cannot be read"),
        (["rehearse", "--salt-file", "/dev/null"], "--salt-file /dev/null is empty"),
        (["rehearse", "--days", "0"], "--days"),
        (["rehearse", "--embedded-dir", "/tmp/nothing/was/run/here"], "python -m dcr_data_generator.main` first"),
    ],
)
def test_what_cannot_be_rehearsed_ends_in_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture
) -> None:
    assert command.main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert says in line


def test_without_the_engine_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.delattr("dcr_data_generator.clean_room.rehearsal")
    monkeypatch.setitem(sys.modules, "dcr_data_generator.clean_room.rehearsal", None)
    assert command.main(["rehearse", "--embedded-dir", str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "uv sync --group clean-room" in line


def test_without_tables_one_line_says_to_run_main(connect: Callable) -> None:
    client = connect()
    client.project = "nothing-here"
    with pytest.raises(UserError, match=r"python -m dcr_data_generator\.main"):
        rehearsal.build(client, SALT, [])


# The start.


def test_a_start_that_takes_long_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "PATIENCE", 0.05)
    monkeypatch.setattr(googlesql, "start", lambda: time.sleep(0.3))
    said = []
    with rehearsal.starting(said.append) as started:
        started()
    assert said == [rehearsal.WHY_SO_LONG]


def test_a_start_that_is_short_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "PATIENCE", 0.2)
    monkeypatch.setattr(googlesql, "start", lambda: None)
    said = []
    with rehearsal.starting(said.append) as started:
        started()
        time.sleep(0.3)
    assert said == []
