"""Rehearsing the clean room: its SQL, its answers against plain SQL, and what is printed."""

import hashlib
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from dcr_data_generator import sql, warehouse
from dcr_data_generator.clean_room import __main__ as command
from dcr_data_generator.clean_room import rehearse, views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Refused
from dcr_data_generator.clean_room.analysis_rules.rules import Budgets
from dcr_data_generator.clean_room.settings import NORMALIZERS
from dcr_data_generator.embedded import thelook
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import SCHEMAS
from dcr_data_generator.terminal import Terminal
from dcr_data_generator.warehouse import Warehouse
from tests.support import docs, tables
from tests.support.normalized import NORMALIZED
from tests.support.page import Page
from tests.support.settings import make_settings

SALT = SecretStr(docs.SALT)
PARTIES = ("merchant", "ewallet")
COLUMNS = {
    f"{dataset}.{name}": {field.name: field.field_type for field in schema}
    for dataset, schemas in (("merchant_provider", thelook.SCHEMAS), ("ewallet_provider", SCHEMAS))
    for name, schema in schemas.items()
}


def make_room(kind: str = views.CLEAN_ROOM) -> CleanRoom:
    """The clean room of the package, or its plain exchange."""
    secrets = {
        f"{party}_provider.{kind}_salt": {"salt": SALT.get_secret_value(), "normalizer": "lower_trim"}
        for party in PARTIES
    }
    all_views = [*views.read(kind=kind, folder=views.KEYS), *views.read(kind=kind)]
    return CleanRoom(COLUMNS, secrets, {view.table: (view.policy, view.query) for view in all_views})


@pytest.fixture(scope="module")
def package_room() -> CleanRoom:
    """The clean room of the package, with its query templates."""
    room = make_room()
    for template in sql.read_folder("clean_room/templates"):
        room.add_template(template.text)
    return room


@pytest.fixture
def room(package_room: CleanRoom) -> CleanRoom:
    """The clean room of the package, without rows, and with its whole budget."""
    fill(package_room)
    package_room.budgets, package_room.hides_views = Budgets(package_room.policies), False
    return package_room


def fill(room: CleanRoom, **tables: list[dict]) -> None:
    """Fill a room, with NULL in columns left out: `fill(room, users=[{"id": 1}])`; without it, tables are empty."""
    room.fill({name: tables.get(name.split(".")[1], []) for name in COLUMNS})


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


def test_a_plain_exchange_answers_openly() -> None:
    room = make_room(views.EXCHANGE)
    fill(room, **wallets({"Free": 2, "Business": 1}))
    question = sql.read("clean_room/queries/2_customer_segmentation").text.replace("clean_room.", "exchange.")
    answer, withheld = room.ask(re.sub(r"WITH AGGREGATION_THRESHOLD OPTIONS \(.*\)", "", question))
    assert sorted(answer.rows) == [("Business", 10.0, 1), ("Free", 10.0, 2)]
    assert withheld == []


# What is asked of a query template, over the parties' own tables; DuckDB knows of neither rules nor hashes.
BY_HAND = {
    "2_customer_segmentation": (
        "SELECT account_tier, AVG(transaction_amount), COUNT(DISTINCT p.email) AS people FROM transactions "
        "JOIN provider_users AS p USING (provider_user_id) JOIN users AS u ON p.email = u.email "
        "GROUP BY 1 HAVING people >= 50"
    ),
    "3_trust_and_fraud": (
        "SELECT is_verified_user, COUNT(DISTINCT p.email) AS people FROM provider_users AS p "
        "JOIN users AS u ON p.email = u.email GROUP BY 1 HAVING people >= 50"
    ),
    "4_user_enrichment": "SELECT provider_user_id, age FROM provider_users AS p JOIN users AS u ON p.email = u.email",
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_query_template_answers_what_the_question_does_under_the_rules(name: str, room: CleanRoom) -> None:
    rows = wallets({"Free": 60, "Business": 40, "Premium": 50})
    rows["users"] = [user | {"age": 20 + user["id"] % 50} for user in rows["users"][:-3]]  # three are no customers
    for number, transaction in enumerate(rows["transactions"]):
        transaction["transaction_amount"] = float(number)
    fill(room, **rows)
    room.hides_views = True
    reply = room.ask(sql.read(f"clean_room/calls/{name}").text)
    room.hides_views = False
    of_rules = room.ask(sql.read(f"clean_room/queries/{name}").text)
    assert sorted(reply.answer.rows) == sorted(of_rules.answer.rows)
    with duckdb.connect() as data:
        for table, content in rows.items():
            data.register("content", pd.DataFrame(content))
            data.execute(f"CREATE TABLE {table} AS SELECT * FROM content")
        by_hand = sorted(data.execute(BY_HAND[name]).fetchall())
    answered = [row if len(row) < 5 else (row[0], row[2]) for row in sorted(reply.answer.rows)]
    assert answered == [tuple(pytest.approx(value) for value in row) for row in by_hand]
    assert len(by_hand) > 0


def test_where_only_templates_are_offered_a_question_of_ones_own_is_refused(room: CleanRoom) -> None:
    fill(room, **wallets({"Free": 60}))
    query = sql.read("clean_room/refused/own_question")
    assert room.ask(query.text).answer.rows == [("Free", 60)]  # the rules allow it
    assert rehearse.attempt(room, query).outcome == (
        "Access Denied: Table ewallet_clean_room.wallet_spend: User does not have permission to query table "
        "ewallet_clean_room.wallet_spend."
    )
    assert not room.hides_views


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("TABLE merchant_provider.users", 'Required column "hashed_email" not found'),
        ("1", "must be a relation"),
        ("TABLE ewallet_clean_room.wallet_customers", "Access Denied: Table ewallet_clean_room.wallet_customers"),
    ],
)
def test_a_template_is_called_with_a_table_of_the_subscriber(argument: str, reason: str, room: CleanRoom) -> None:
    room.hides_views = True
    with pytest.raises((NotUnderstood, Refused), match=reason):
        room.ask(f"SELECT * FROM ewallet_clean_room.customer_segmentation({argument})")


@pytest.mark.parametrize(
    ("parameters", "query", "reason"),
    [
        ("a TABLE<x STRING>, b TABLE<x STRING>", "SELECT x FROM a", "has another parameter than one TABLE"),
        ("a INT64", "SELECT order_id FROM ewallet_clean_room.wallet_orders", "has another parameter than one TABLE"),
        (
            "a TABLE<x STRING>",
            "SELECT 1 AS one FROM ewallet_clean_room.wallet_spend, merchant_clean_room.customers",
            "reads the views of one party",
        ),
        ("a TABLE<x STRING>", "SELECT email FROM ewallet_provider.provider_users", "reads the views of one party"),
    ],
)
def test_a_query_template_keeps_to_the_limits_of_bigquery(parameters: str, query: str, reason: str) -> None:
    room = make_room()
    with pytest.raises(NotUnderstood, match=reason):
        room.add_template(f"CREATE TABLE FUNCTION ewallet_clean_room.f({parameters}) AS ({query})")


def test_another_partnership_is_rehearsed_by_its_own_tables(connect: Callable[[str], Warehouse]) -> None:
    place = connect("rehearse-tests")
    orders = [{"order_id": n, "user_id": n, "created_at": "2025-09-23 12:00:00"} for n in range(3)]
    users = [{"id": n, "email": f"{n}@example.com"} for n in range(3)]
    tables.fill_source(place.client, orders=orders, users=users, order_items=[{"id": 1, "order_id": 1}])
    own = make_settings(suffix="_b", match_rate=1)
    tables.make_five_tables(place, own)
    room = rehearse.build(place, own, SALT)
    # What a query reads beyond the views is there, too: of a table that it only counts, the rows.
    queries = ["SELECT user_id FROM merchant_provider_b.orders", "SELECT COUNT(*) FROM merchant_provider_b.order_items"]
    rehearse.fill(place, own, room, queries)
    assert len(room.engine.rows("merchant_clean_room_b.customers")) == 3
    assert [sorted(room.ask(query).answer.rows) for query in queries] == [[(0,), (1,), (2,)], [(1,)]]
    query = sql.read("clean_room/queries/1_transaction_verification", "_b")
    assert "FROM merchant_provider_b.orders AS o\nJOIN ewallet_clean_room_b.wallet_orders" in query.text
    one = rehearse.Rehearsed(SimpleNamespace(name="1"), query, room.ask(query.text), None)
    assert rehearse.protected(one, own).rules == [
        f"wallet_orders: {sql.read('clean_room/views/wallet_orders').comments['rule']}"
    ]
    # What is refused is named as the person knows it.
    with pytest.raises(Refused, match=r"on table ewallet_clean_room_b\.wallet_orders\."):
        room.ask("SELECT order_id FROM ewallet_clean_room_b.wallet_orders")
    with pytest.raises(NotUnderstood, match=r"the views are ewallet_clean_room_b\.|merchant_clean_room_b\."):
        room.ask("SELECT account_tier FROM ewallet_clean_room.wallet_spend")


@pytest.mark.parametrize(
    ("orders", "timeout", "sentence"),
    [
        ({23: 40_000}, 300, None),
        (
            {20: 20_000, 21: 20_000, 23: 20_000},
            300,
            "Rehearsing 60,000 orders takes about 2 minutes on two cores: "
            "main with --target-date 2025-09-23 --days 3 makes few enough for one minute",
        ),
        (
            {22: 1, 23: 80_001},
            300,
            "Rehearsing 80,002 orders takes about 3 minutes on two cores: "
            "those of 2025-09-23 alone take more than one, and a smaller --scale of main makes fewer",
        ),
        (
            {22: 40_000, 23: 40_000},
            119,
            "rehearsing 80,000 orders takes about 2 minutes on two cores: "
            "main with --target-date 2025-09-23 --days 1 makes few enough for one minute; --timeout 120 allows it",
        ),
    ],
)
def test_a_rehearsal_of_more_than_a_minute_says_which_days_would_take_one(
    orders: dict[int, int], timeout: int, sentence: str | None, connect: Callable[[str], Warehouse]
) -> None:
    place = connect("minutes-tests")
    place.client.create_dataset("merchant_provider", exists_ok=True)
    days = " UNION ALL ".join(
        f"SELECT TIMESTAMP '2025-09-{day} 12:00:00+00' AS created_at FROM UNNEST(GENERATE_ARRAY(1, {count}))"
        for day, count in orders.items()
    )
    place.client.query_and_wait(f"CREATE OR REPLACE TABLE merchant_provider.orders AS {days}")
    own = make_settings(timeout=timeout)
    if sentence and sentence.startswith("r"):
        with pytest.raises(UserError) as error:
            rehearse.estimate_time(place, own)
        assert str(error.value) == sentence
    else:
        assert rehearse.estimate_time(place, own) == ([sentence] if sentence else [])


# The SQL.


def test_no_view_shares_an_email_a_name_an_address_or_a_date_of_birth(room: CleanRoom) -> None:
    assert {name: room.columns[name] for name in room.policies} == {
        "ewallet_clean_room.wallet_orders": ["order_id", "transaction_id", "transaction_amount"],
        "ewallet_clean_room.wallet_customers": ["hashed_email", "account_tier", "is_verified_user"],
        "ewallet_clean_room.wallet_spend": ["hashed_email", "account_tier", "transaction_amount"],
        "ewallet_clean_room.wallet_spend_private": ["hashed_email", "account_tier", "transaction_amount"],
        "merchant_clean_room.customers": ["hashed_email", "age", "gender", "country"],
    }


def test_every_query_is_allowed_and_no_attempt_gets_an_answer(room: CleanRoom) -> None:
    for query in sql.read_folder("clean_room/queries"):
        assert query.comments["explanation"]
        room.ask(query.text)
    attempts = sql.read_folder("clean_room/refused")
    assert len(attempts) >= 12
    for query in attempts:
        assert query.comments["attempt"]
    assert not any(rehearse.attempt(room, query).answered for query in attempts)


UNPROTECTED = "CREATE OR REPLACE VIEW ewallet_clean_room.b OPTIONS (description = 'b') AS SELECT 1"


@pytest.mark.parametrize("text", ["SELECT 1", "CREATE OR REPLACE VIEW a.b AS SELECT 1", "", UNPROTECTED])
def test_a_file_that_is_not_a_view_with_a_policy_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"mine.sql is not CREATE OR REPLACE VIEW"):
        views.parse(sql.Query("mine", {}, text))


# The answers.


def test_the_join_key_is_the_hash_of_salt_and_email_without_case_and_blanks(room: CleanRoom) -> None:
    fill(room, users=[{"id": 1, "email": " Ann@Example.com\t"}, {"id": 2, "email": " "}, {"id": 3}])
    assert [row[0] for row in room.engine.rows("merchant_clean_room.customers")] == [hashed("ann@example.com")]


@pytest.mark.parametrize("rule", NORMALIZERS)
def test_the_join_key_is_of_the_email_as_the_rule_normalizes_it(
    rule: str, room: CleanRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    for secret in room.secrets.values():
        monkeypatch.setitem(secret, "normalizer", rule)
    emails = dict(enumerate(NORMALIZED))
    fill(
        room,
        users=[{"id": number, "email": email} for number, email in emails.items()],
        provider_users=[{"provider_user_id": number, "email": email} for number, email in emails.items()],
        transactions=[{"transaction_id": str(number), "provider_user_id": number} for number in emails],
    )
    salted = [SALT.get_secret_value() + rules[rule] for rules in NORMALIZED.values()]
    expected = [hashlib.sha256(text.encode()).hexdigest() for text in salted]
    for keys in ("merchant_provider.clean_room_keys", "ewallet_provider.clean_room_keys"):
        assert sorted(room.engine.rows(keys)) == list(enumerate(expected))
    for view in ("customers", "wallet_customers", "wallet_spend", "wallet_spend_private"):
        party = "merchant" if view == "customers" else "ewallet"
        assert sorted(row[0] for row in room.engine.rows(f"{party}_clean_room.{view}")) == sorted(expected)


@pytest.mark.parametrize("payments", [1, 3])
def test_a_group_of_49_people_is_withheld_and_one_of_50_is_not(payments: int, room: CleanRoom) -> None:
    tables = wallets({"Business": 49, "Premium": 50, "Free": 51})
    tables["transactions"] *= payments  # which are not people
    fill(room, **tables)
    segmentation, trust = (
        sql.read(f"clean_room/queries/{name}").text for name in ("2_customer_segmentation", "3_trust_and_fraud")
    )
    reply = room.ask(segmentation)
    assert sorted(reply.answer.rows) == [("Free", 10.0, 51), ("Premium", 10.0, 50)]
    assert reply.withheld == ["Business: 49 customers, withheld: fewer than 50"]
    assert room.ask(trust).answer.rows == [(True, 150)]


@pytest.mark.parametrize("people", [49, 50])
def test_one_line_says_that_a_whole_answer_is_withheld(
    people: int, room: CleanRoom, capsys: pytest.CaptureFixture
) -> None:
    fill(room, **wallets({"Business": people, "Free": 1}))
    rehearse.ask(Terminal(), room, sql.read("clean_room/queries/2_customer_segmentation").text)
    lines = [line for line in capsys.readouterr().out.splitlines() if "whole answer" in line]
    wanted = "  The whole answer is withheld: no group has enough people."
    assert lines == ([wanted] if people == 49 else [])


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
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
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
    text = sql.read("clean_room/queries/4_user_enrichment").text
    people = room.ask(text)
    assert [row[1] for row in people.answer.rows] == [hashed(f"free{number}@example.com") for number in range(3)]
    assert people.withheld[0].startswith("1 of the 4 rows of merchant_clean_room.customers, withheld")
    limited = room.ask(text.replace("LIMIT 1000", "LIMIT 1"))
    assert len(limited.answer.rows) == 1
    assert limited.withheld == people.withheld


def test_twenty_draws_use_up_the_budget_and_differ(room: CleanRoom) -> None:
    fill(room, **wallets({"Free": 300}))
    query = sql.read("clean_room/queries/2_customer_segmentation_private")
    answers = [room.ask(query.text).answer, *room.ask_repeatedly(query.text, 19)]
    averages = [answer.rows[0][1] for answer in answers]
    assert len(set(averages)) == 20
    # 300 people, an epsilon of 5, amounts up to 500: a draw is some dollars off, and not a hundred.
    assert all(abs(average - 10) < 100 for average in averages)
    with pytest.raises(Refused, match="Privacy budget is not sufficient"):
        room.ask(query.text)


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
    assert "(a secret)" in str(failure.value)
    assert SALT.get_secret_value() not in str(failure.value)


def test_what_somebody_has_of_their_own_may_be_asked_openly(room: CleanRoom) -> None:
    fill(room, users=[{"id": 1, "email": "ann@example.com"}])
    assert room.ask("SELECT email FROM `any-project.merchant_provider.users`").answer.rows == [("ann@example.com",)]


# A whole rehearsal.


@pytest.fixture
def run(
    default_run: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """Run the command on the tables of the default run; returns exit status, standard output and error."""

    def run_command(*arguments: str) -> tuple[int, str, str]:
        status = command.main(["rehearse", "--embedded-dir", str(tmp_path), *arguments])
        return status, *capsys.readouterr()

    monkeypatch.setattr(warehouse, "connect", lambda *_, **__: nullcontext(default_run))
    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    return run_command


def test_a_rehearsal_shows_the_open_answers_beside_the_protected_ones(
    first_rehearsal: Path, default_run: Warehouse
) -> None:
    out = (first_rehearsal / docs.PRINTED[docs.REHEARSE]).read_text(encoding="utf-8")
    # By the warehouse's own SQL, with the rule written out.
    people = {
        row.account_tier: row.people
        for row in default_run.client.query_and_wait(
            "SELECT p.account_tier, COUNT(DISTINCT p.email) AS people FROM merchant_provider.users AS u "
            "JOIN ewallet_provider.provider_users AS p ON u.email = p.email "
            "JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id GROUP BY 1"
        )
    }
    withheld = [f"{tier}: {count} customers, withheld: fewer than 50" for tier, count in people.items() if count < 50]
    assert withheld == ["Business: 33 customers, withheld: fewer than 50"]
    assert withheld[0] in out
    assert "20 draws of the noise" in out
    # Around the mean of the people's own averages, and not around that of the orders ($183.68).
    averages = default_run.client.query_and_wait(
        "SELECT AVG(own) FROM (SELECT LEAST(AVG(t.transaction_amount), 500) AS own FROM ewallet_provider.transactions "
        "AS t JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id "
        "WHERE p.account_tier = 'Business' GROUP BY p.provider_user_id)"
    )
    [[average]] = [row.values() for row in averages]
    draws = out.partition("20 draws of the noise")[2]
    noise = next(line.split() for line in draws.splitlines() if "Business" in line)
    opened, per_person, mean = (float(noise[position]) for position in (3, 5, 7))
    assert (opened, per_person) == (183.68, round(average, 2))
    assert abs(mean - average) < 10
    assert "Privacy budget is not sufficient" in out
    assert "No row came out: everyone: 1 customer, withheld: fewer than 50" in out
    assert "✗" not in out

    # The report has all of it, and not the salt.
    shown = (first_rehearsal / "report.html").read_text(encoding="utf-8")
    words = Page(shown).words()
    assert "The report has the protected answers now: report.html" in out
    assert words.count("The protected answer") == len(sql.read_folder("clean_room/queries"))
    assert withheld[0] in words
    assert "wallet_spend: Aggregation threshold. Groups have at least 50 people" in words
    per_person = next(row for row in re.findall(r"Business ([\d.]+) ", words.partition("20 draws of the noise")[2]))
    assert float(per_person) == round(average, 2)
    for query in [*sql.read_folder("clean_room/queries"), *sql.read_folder("use_cases")]:
        assert words.count(" ".join(query.text.split())) == 1
    for query in sql.read_folder("clean_room/refused"):
        assert f"✓ {query.comments['attempt']}" in words
    assert SALT.get_secret_value() not in out + shown


def test_an_attempt_that_gets_an_answer_is_red(room: CleanRoom, capsys: pytest.CaptureFixture) -> None:
    query = sql.Query("harmless", {"attempt": "Nothing."}, "SELECT 1 AS one")
    attempt = rehearse.attempt(room, query)
    assert attempt.answered
    rehearse.show_attempts(Terminal(), [attempt])
    assert "✗ Nothing.\n    harmless: 1 rows came out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("SELECT 7 AS seven -- é", 0, "seven"),
        ("SELECT * FROM ewallet_clean_room.wallet_spend", 1, "refused: You must use SELECT WITH AGGREGATION_THRESHOLD"),
        ("SELECT nothing FROM ewallet_clean_room.wallet_spend", 2, "--query: Unrecognized name: nothing"),
        ("", 2, "is empty"),
    ],
)
def test_a_persons_own_query_is_answered_as_a_subscribers(
    text: str,
    status: int,
    words: str,
    run: Callable,
    room: CleanRoom,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rehearse, "build", lambda *_: room)
    monkeypatch.setattr(rehearse, "fill", lambda *_: None)
    query = tmp_path / "mine.sql"
    query.write_text(text, encoding="utf-8")
    ended, out, err = run("--query", str(query))
    assert (ended, words in out + err) == (status, True)
    assert len(err.splitlines()) == (1 if status == 2 else 0)


def test_a_linked_datasets_names_are_those_of_the_views(
    run: Callable, room: CleanRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(room, **wallets({"Free": 51, "Business": 50}))
    monkeypatch.setattr(rehearse, "build", lambda *_: room)
    monkeypatch.setattr(rehearse, "fill", lambda *_: None)
    query = tmp_path / "mine.sql"
    text = "SELECT WITH AGGREGATION_THRESHOLD COUNT(DISTINCT {0}.hashed_email) AS people FROM my-project.linked.{0}"
    query.write_text(text.format("wallet_spend"), encoding="utf-8")
    status, out, _ = run("--query", str(query), "--linked-dataset", "linked")
    assert (status, "101" in out) == (0, True)
    query.write_text(text.format("wallets"), encoding="utf-8")
    status, _, err = run("--query", str(query), "--linked-dataset", "linked")
    assert (status, "the views are linked.customers, linked.wallet_customers" in err) == (2, True)
    status, _, err = run("--query", str(query), "--linked-dataset", "not-a-dataset")
    assert (status, "is not the name of a dataset" in err) == (2, True)
    room.engine.links = {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing command"),
        (["rehears"], "rehearse"),
        (["rehearse", "--nonsense"], "--nonsense"),
        (["rehearse", "--query"], "--query"),
        (["rehearse", "--query", "/nowhere.sql"], "/nowhere.sql' cannot be read (No such file or directory)"),
        (["rehearse", "--query", "/"], "'/' cannot be read (Is a directory)"),
        (["rehearse", "--query", "~no-such-person/x.sql"], "cannot be read (nobody has this home)"),
        (["rehearse", "--query", sys.executable], "is not a text file in UTF-8"),
        (["rehearse", "--salt-file", "/dev/null"], "the file is empty: give the name of a file, not the salt"),
        (["rehearse", "--days", "0"], "--days"),
        (["rehearse", "--embedded-dir", "/tmp/nothing/was/run/here"], "python -m dcr_data_generator.main` first"),
    ],
)
def test_what_cannot_be_rehearsed_ends_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture
) -> None:
    assert command.main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert words in line


def test_without_the_engine_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.delattr("dcr_data_generator.clean_room.rehearse")
    monkeypatch.setitem(sys.modules, "dcr_data_generator.clean_room.rehearse", None)
    assert command.main(["rehearse", "--embedded-dir", str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "uv sync --group clean-room" in line


def test_without_tables_one_line_says_to_run_main(connect: Callable) -> None:
    with pytest.raises(UserError, match=r"python -m dcr_data_generator\.main"):
        rehearse.build(connect("nothing-here"), make_settings(), SALT)


def test_what_takes_long_is_said_before_it_begins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    said = []

    def start() -> None:
        said.append(capsys.readouterr().out)
        raise UserError("not today")

    monkeypatch.setattr("dcr_data_generator.clean_room.analysis_rules.start", start)
    assert command.main(["rehearse", "--embedded-dir", str(tmp_path)]) == 2
    assert "compiles Google's SQL engine, once" in said[0]
