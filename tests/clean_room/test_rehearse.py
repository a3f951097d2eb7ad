"""Rehearsing the clean room: its SQL, its answers against plain SQL, and what is printed."""

import hashlib
import re
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from dcr_data_generator import sql
from dcr_data_generator.clean_room import analysis_rules, compiling, project, rehearse, views
from dcr_data_generator.clean_room.analysis_rules import NotUnderstood, Refused
from dcr_data_generator.clean_room.settings import LOWER_TRIM, NORMALIZERS
from dcr_data_generator.commands import group as command
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import EMBEDDED_DATA
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import docs, tables
from tests.support.normalized import NORMALIZED
from tests.support.page import Page
from tests.support.rooms import RaisingRoom, fill, own_room, wallets
from tests.support.settings import on

SALT = SecretStr(docs.SALT)


@pytest.fixture(scope="module")
def package_room() -> RaisingRoom:
    """The clean room of the package, with its query templates."""
    return own_room(room=RaisingRoom)


@pytest.fixture
def room(package_room: RaisingRoom) -> RaisingRoom:
    """The clean room of the package, without rows, and with its whole budget."""
    fill(package_room)
    package_room.renew_budgets()
    package_room.templates_only, package_room.engine.links, package_room.raises = False, {}, True
    return package_room


def hashed(email: str) -> str:
    """The join key as the issue defines it."""
    return hashlib.sha256((SALT.get_secret_value() + email.strip(" \t\r\n").lower()).encode()).hexdigest()


def test_a_plain_exchange_answers_openly() -> None:
    room = own_room(views.EXCHANGE, RaisingRoom)
    fill(room, **wallets({"Free": 2, "Business": 1}))
    question = sql.read("questions/2_customer_segmentation/subscriber").text.replace("clean_room", "exchange")
    reply = room.ask(re.sub(r"WITH AGGREGATION_THRESHOLD OPTIONS \(.*\)", "", question))
    assert sorted(reply.answer.rows) == [("Business", 10.0, 1), ("Free", 10.0, 2)]
    assert reply.said == ["Nothing was withheld."]


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
def test_a_query_template_answers_what_the_question_does_under_the_rules(name: str, room: RaisingRoom) -> None:
    rows = wallets({"Free": 60, "Business": 40, "Premium": 50})
    rows["users"] = [user | {"age": 20 + user["id"] % 50} for user in rows["users"][:-3]]  # three are no customers
    for number, transaction in enumerate(rows["transactions"]):
        transaction["transaction_amount"] = float(number)
    fill(room, **rows)
    room.templates_only = True
    call, question = (sql.read(f"questions/{name}/{file}") for file in ("call", "subscriber"))
    reply = room.ask(call.text, call.comment("as"))
    room.templates_only = False
    of_rules = room.ask(question.text, question.comment("as"))
    assert sorted(reply.answer.rows) == sorted(of_rules.answer.rows)
    with duckdb.connect() as data:
        for table, content in rows.items():
            data.register("content", pd.DataFrame(content))
            data.execute(f"CREATE TABLE {table} AS SELECT * FROM content")
        by_hand = sorted(data.execute(BY_HAND[name]).fetchall())
    answered = [row if len(row) < 5 else (row[0], row[2]) for row in sorted(reply.answer.rows)]
    assert answered == [tuple(pytest.approx(value) for value in row) for row in by_hand]
    assert len(by_hand) > 0


@pytest.mark.parametrize("asked", ["subscriber", "call"])
def test_each_payment_counts_once_where_users_share_an_email(asked: str, room: RaisingRoom) -> None:
    rows = wallets({"Free": 60})
    rows["users"] += [{"id": 100 + number, "email": "free0@example.com"} for number in range(40)]
    rows["transactions"][0]["transaction_amount"] = 610.0
    fill(room, **rows)
    # 60 payments: 59 of 10 dollars and one of 610.
    reply = room.ask(sql.read(f"questions/2_customer_segmentation/{asked}").text)
    assert reply.answer.rows == [("Free", 20.0, 60)]


def test_where_only_templates_are_offered_a_question_of_ones_own_is_refused(room: RaisingRoom) -> None:
    fill(room, **wallets({"Free": 60}))
    query = sql.read("clean_room/refused/22_own_question")
    assert room.ask(query.text).answer.rows == [("Free", 60)]  # the rules allow it
    room.raises = False
    assert rehearse.attempt(room, query).outcome == (
        "Access Denied: Table ewallet_clean_room.wallet_spend: User does not have permission to query table "
        "ewallet_clean_room.wallet_spend, or perhaps it does not exist."
    )
    assert not room.templates_only


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("TABLE merchant_provider.users", 'Required column "hashed_email" not found'),
        ("1", "must be a relation"),
        ("TABLE ewallet_clean_room.wallet_customers", "Access Denied: Table ewallet_clean_room.wallet_customers"),
    ],
)
def test_a_template_is_called_with_a_table_of_the_subscriber(argument: str, reason: str, room: RaisingRoom) -> None:
    room.templates_only = True
    with pytest.raises((NotUnderstood, Refused), match=reason):
        room.ask(f"SELECT * FROM ewallet_templates.customer_segmentation({argument})")


room_for_templates = cache(own_room)


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
    with pytest.raises(NotUnderstood, match=reason):
        room_for_templates().add_template(f"CREATE TABLE FUNCTION ewallet_clean_room.f({parameters}) AS ({query})")


@pytest.mark.slow
def test_another_partnership_is_rehearsed_by_its_own_tables(connect: Callable[[str], Warehouse]) -> None:
    place = connect("rehearse-tests")
    orders = [{"order_id": n, "user_id": n, "created_at": "2025-09-23 12:00:00"} for n in range(3)]
    users = [{"id": n, "email": f"{n}@example.com"} for n in range(3)]
    tables.fill_source(place.client, orders=orders, users=users, order_items=[{"id": 1, "order_id": 1}])
    place = tables.make_five_tables(place, suffix="_b", match_rate=1)
    room = project.open_room(place, SALT)
    # What a query reads beyond the views is there, too: of a table that it only counts, the rows.
    queries = ["SELECT user_id FROM merchant_provider_b.orders", "SELECT COUNT(*) FROM merchant_provider_b.order_items"]
    assert len(room.rows("merchant_clean_room_b.customers")) == 3
    assert [sorted(room.ask(query, "merchant").answer.rows) for query in queries] == [[(0,), (1,), (2,)], [(1,)]]
    query = sql.read("questions/1_transaction_verification/subscriber", "_b")
    assert "FROM merchant_provider_b.orders AS o\nJOIN ewallet_clean_room_b.wallet_orders" in query.text
    one = rehearse.Rehearsed(SimpleNamespace(name="1"), query, room.ask(query.text, "merchant"), None)
    assert rehearse.protected(one, LOWER_TRIM).rules == [
        f"wallet_orders: {sql.read('clean_room/views/wallet_orders').comments['rule']}"
    ]
    # What is refused is named as the person knows it.
    refused = room.ask("SELECT order_id FROM ewallet_clean_room_b.wallet_orders", "merchant")
    assert refused.sentence.endswith("on table ewallet_clean_room_b.wallet_orders.")
    unknown = room.ask("SELECT account_tier FROM ewallet_clean_room.wallet_spend", "merchant")
    assert "the views are merchant_clean_room_b." in unknown.sentence
    others = room.ask("SELECT email FROM ewallet_provider_b.provider_users", "merchant")
    assert others.sentence.startswith("Access Denied: Table ewallet_provider_b.provider_users")


@pytest.mark.parametrize(
    ("orders", "timeout", "sentence"),
    [
        ({23: 40_000}, 300, None),
        (
            {20: 20_000, 21: 20_000, 23: 20_000},
            300,
            "Rehearsing 60,000 orders takes about 2 minutes on two cores: "
            "`dcr make` with --target-date 2025-09-23 --days 3 makes few enough for one minute",
        ),
        (
            {22: 1, 23: 80_001},
            300,
            "Rehearsing 80,002 orders takes about 3 minutes on two cores: "
            "those of 2025-09-23 alone take more than one, and `dcr make` with a smaller --scale makes fewer",
        ),
        (
            {22: 40_000, 23: 40_000},
            119,
            "rehearsing 80,000 orders takes about 2 minutes on two cores: "
            "`dcr make` with --target-date 2025-09-23 --days 1 makes few enough for one minute; "
            "--timeout 120 allows it",
        ),
    ],
)
def test_a_rehearsal_of_more_than_a_minute_says_which_days_would_take_one(
    orders: dict[int, int], timeout: int, sentence: str | None, connect: Callable[[str], Warehouse]
) -> None:
    place = on(connect("minutes-tests"), timeout=timeout)
    place.client.create_dataset("merchant_provider", exists_ok=True)
    days = " UNION ALL ".join(
        f"SELECT TIMESTAMP '2025-09-{day} 12:00:00+00' AS created_at FROM UNNEST(GENERATE_ARRAY(1, {count}))"
        for day, count in orders.items()
    )
    place.client.query_and_wait(f"CREATE OR REPLACE TABLE merchant_provider.orders AS {days}")
    if sentence and sentence.startswith("r"):
        with pytest.raises(UserError) as error:
            project.estimate_time(place)
        assert str(error.value) == sentence
    else:
        assert project.estimate_time(place) == ([sentence] if sentence else [])


# The SQL.


def test_no_view_shares_an_email_a_name_an_address_or_a_date_of_birth(room: RaisingRoom) -> None:
    assert {name: room.columns[name] for name in room.policies} == {
        "ewallet_clean_room.wallet_orders": ["order_id", "transaction_id", "transaction_amount"],
        "ewallet_clean_room.wallet_customers": ["hashed_email", "account_tier", "is_verified_user"],
        "ewallet_clean_room.wallet_customers_private": ["hashed_email", "account_tier", "is_verified_user"],
        "ewallet_clean_room.wallet_spend": ["hashed_email", "account_tier", "transaction_amount"],
        "ewallet_clean_room.wallet_spend_private": ["hashed_email", "account_tier", "transaction_amount"],
        "merchant_clean_room.customers": ["hashed_email", "age", "gender", "country"],
    }


UNPROTECTED = "CREATE OR REPLACE VIEW ewallet_clean_room.b OPTIONS (description = 'b') AS SELECT 1"


@pytest.mark.parametrize("text", ["SELECT 1", "CREATE OR REPLACE VIEW a.b AS SELECT 1", "", UNPROTECTED])
def test_a_file_that_is_not_a_view_with_a_policy_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"mine.sql is not CREATE OR REPLACE VIEW"):
        views.parse(sql.Query("mine", {}, text, ""))


# The answers.


def test_the_join_key_is_the_hash_of_salt_and_email_without_case_and_blanks(room: RaisingRoom) -> None:
    fill(room, users=[{"id": 1, "email": " Ann@Example.com\t"}, {"id": 2, "email": " "}, {"id": 3}])
    assert [row[0] for row in room.rows("merchant_clean_room.customers")] == [hashed("ann@example.com")]


@pytest.mark.parametrize("rule", NORMALIZERS)
def test_the_join_key_is_of_the_email_as_the_rule_normalizes_it(
    rule: str, room: RaisingRoom, monkeypatch: pytest.MonkeyPatch
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
        assert sorted(room.rows(keys)) == list(enumerate(expected))
    for view in ("customers", "wallet_customers", "wallet_spend", "wallet_spend_private"):
        party = "merchant" if view == "customers" else "ewallet"
        assert sorted(row[0] for row in room.rows(f"{party}_clean_room.{view}")) == sorted(expected)


def test_a_group_of_49_people_is_withheld_and_one_of_50_is_not(room: RaisingRoom) -> None:
    tables = wallets({"Business": 49, "Premium": 50, "Free": 51})
    tables["transactions"] *= 3  # which are not people
    fill(room, **tables)
    segmentation, trust = (
        sql.read(f"questions/{name}/subscriber").text for name in ("2_customer_segmentation", "3_trust_and_fraud")
    )
    reply = room.ask(segmentation)
    assert sorted(reply.answer.rows) == [("Free", 10.0, 51), ("Premium", 10.0, 50)]
    assert reply.withheld == ("Business: 49 people, withheld: fewer than 50",)
    assert room.ask(trust).answer.rows == [(True, 150)]


@pytest.mark.parametrize("people", [49, 50])
def test_one_line_says_that_a_whole_answer_is_withheld(
    people: int, room: RaisingRoom, capsys: pytest.CaptureFixture
) -> None:
    fill(room, **wallets({"Business": people, "Free": 1}))
    reply = room.ask(sql.read("questions/2_customer_segmentation/subscriber").text)
    rehearse.show_withheld(Terminal(), reply)
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
@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@pytest.mark.slow
def test_the_protected_answer_is_plain_sql_with_the_rule_written_out(
    counts: dict[str, int], strangers: int, amounts: list[float], room: RaisingRoom
) -> None:
    tables = wallets(counts)
    for number, transaction in enumerate(tables["transactions"]):
        transaction["transaction_amount"] = amounts[number % len(amounts)]
    # Some wallet holders are no customers, and some customers write their email otherwise.
    tables["users"] = [user | {"email": user["email"].upper() + " "} for user in tables["users"][strangers:]]
    fill(room, **tables)
    reply = room.ask(sql.read("questions/2_customer_segmentation/subscriber").text)
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
    assert sorted(reply.withheld) == sorted(f"{tier}: {n} people, withheld: fewer than 50" for tier, _, n in hidden)


def test_a_list_overlap_says_how_many_rows_stay_unseen(room: RaisingRoom) -> None:
    tables = wallets({"Free": 3})
    tables["users"] += [{"id": 9, "email": "stranger@example.com", "age": 30}]
    tables["orders"] = [{"order_id": 1}, {"order_id": 7}]
    fill(room, **tables)
    orders = room.ask(sql.read("questions/1_transaction_verification/subscriber").text)
    assert [row[0] for row in orders.answer.rows] == [1]
    assert orders.withheld[0].startswith("2 of the 3 rows of ewallet_clean_room.wallet_orders, withheld")
    text = sql.read("questions/4_user_enrichment/subscriber").text
    people = room.ask(text, "provider")
    assert [row[1] for row in people.answer.rows] == [hashed(f"free{number}@example.com") for number in range(3)]
    assert people.withheld[0].startswith("1 of the 4 rows of merchant_clean_room.customers, withheld")
    limited = room.ask(text.replace("LIMIT 1000", "LIMIT 1"), "provider")
    assert len(limited.answer.rows) == 1
    assert limited.withheld == people.withheld


def test_three_answers_use_up_the_budget_and_differ(room: RaisingRoom) -> None:
    fill(room, **wallets({"Free": 300}))
    query = sql.read("questions/2_customer_segmentation/subscriber_private")
    answers = [room.ask(query.text).answer, *room.answers(query.text, "merchant", [{}] * 2)]
    averages = [answer.rows[0][1] for answer in answers]
    assert len(set(averages)) == 3
    # 300 people, an epsilon of 1, amounts up to 500: a draw is some dollars off, and not a hundred.
    assert all(abs(average - 10) < 100 for average in averages)
    with pytest.raises(Refused, match="Privacy budget is not sufficient"):
        room.ask(query.text)


# What is refused whoever asks.


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT salt FROM merchant_provider.clean_room_salt", "The salt is not shown"),
        ("SELECT SUBSTR(salt, 1, 3) FROM merchant_provider.clean_room_salt", "The salt is not shown"),
        ("SELECT 1 FROM merchant_provider.clean_room_salt WHERE salt < 'm'", "The salt is not shown"),
        (
            "SELECT u.email, p.date_of_birth FROM merchant_provider.users AS u "
            "JOIN ewallet_provider.provider_users AS p ON u.email = p.email",
            "Access Denied: Table ewallet_provider.provider_users",
        ),
    ],
)
def test_neither_the_salt_nor_the_other_partys_tables_are_shown(query: str, reason: str, room: RaisingRoom) -> None:
    with pytest.raises(Refused, match=reason):
        room.ask(query)


def test_a_failure_does_not_quote_the_salt(room: RaisingRoom) -> None:
    fill(room)
    with pytest.raises(NotUnderstood) as failure:
        room.ask("SELECT SHA256(CAST(CAST(salt AS INT64) AS STRING)) AS key FROM merchant_provider.clean_room_salt")
    assert "(a secret)" in str(failure.value)
    assert SALT.get_secret_value() not in str(failure.value)


def test_what_somebody_has_of_their_own_may_be_asked_openly(room: RaisingRoom) -> None:
    fill(room, users=[{"id": 1, "email": "ann@example.com"}])
    assert room.ask("SELECT email FROM `any-project.merchant_provider.users`").answer.rows == [("ann@example.com",)]


# A whole rehearsal.


def test_a_rehearsal_of_few_customers_withholds_every_group(
    shop: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(project, "connect", lambda *_: nullcontext(shop))
    monkeypatch.setattr(project, "REFUSED", "no such folder")  # the refused queries take longest
    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    (tmp_path / EMBEDDED_DATA).touch()  # without data there are no tables
    assert command.main(["rehearse", "--embedded-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.count("The whole answer is withheld: no group has enough people.") == 2  # questions 2 and 3
    # Half of the 20 customers hold a wallet.
    assert "10 of the 20 rows of merchant_clean_room.customers, withheld" in out
    assert "4 questions were answered under the rules; of 3 of them something was withheld." in out
    assert SALT.get_secret_value() not in out


@pytest.fixture
def printed(first_rehearsal: Path) -> str:
    """What a rehearsal with --verbose prints."""
    return (first_rehearsal / docs.PRINTED[docs.VERBOSE]).read_text(encoding="utf-8")


@pytest.fixture
def page(first_rehearsal: Path) -> str:
    """The report after it, in words."""
    return Page((first_rehearsal / "report.html").read_text(encoding="utf-8")).words()


@pytest.mark.slow
def test_groups_of_few_people_are_withheld_in_the_output_and_in_the_report(
    printed: str, page: str, default_run: Warehouse
) -> None:
    # By the warehouse's own SQL, with the rule written out.
    people = default_run.client.query_and_wait(
        "SELECT p.account_tier, COUNT(DISTINCT p.email) AS people FROM merchant_provider.users AS u "
        "JOIN ewallet_provider.provider_users AS p ON u.email = p.email "
        "JOIN ewallet_provider.transactions AS t ON p.provider_user_id = t.provider_user_id "
        "GROUP BY 1 HAVING people < 50"
    )
    [withheld] = [f"{row.account_tier}: {row.people} people, withheld: fewer than 50" for row in people]
    assert withheld == "Business: 35 people, withheld: fewer than 50"
    assert withheld in printed
    assert withheld in page


@pytest.mark.slow
def test_the_noise_lies_around_the_mean_of_the_peoples_own_averages(
    printed: str, page: str, default_run: Warehouse
) -> None:
    averages = default_run.client.query_and_wait(
        "SELECT AVG(own) FROM (SELECT LEAST(AVG(t.transaction_amount), 500) AS own FROM ewallet_provider.transactions "
        "AS t JOIN ewallet_provider.provider_users AS p ON t.provider_user_id = p.provider_user_id "
        "WHERE p.account_tier = 'Business' GROUP BY p.provider_user_id)"
    )
    [[average]] = [row.values() for row in averages]
    noise = next(
        line.split() for line in printed.partition("20 draws of the noise")[2].splitlines() if "Business" in line
    )
    opened, per_person, mean = (float(noise[position]) for position in (3, 5, 7))
    assert (opened, per_person) == (240.05, round(average, 2))  # $240.05 is the mean of the orders
    assert abs(mean - average) < 60  # 20 draws with a standard deviation of about 50
    assert re.search(r"Business ([\d.]+) ", page.partition("20 draws of the noise")[2])[1] == f"{average:.2f}"


@pytest.mark.slow
def test_every_attempt_is_refused_in_the_output_and_in_the_report(printed: str, page: str) -> None:
    assert "Privacy budget is not sufficient" in printed
    assert "No row came out: everyone: 1 person, withheld: fewer than 50" in printed
    assert "✗" not in printed
    for query in sql.read_folder("clean_room/refused"):
        assert f"✓ refused: {query.comments['attempt']}" in page


@pytest.mark.slow
def test_the_report_has_each_protected_answer_with_its_rule_and_each_query_once(printed: str, page: str) -> None:
    assert "The report has the protected answers now: report.html" in printed
    assert page.count("The protected answer") == len(sql.read_questions("subscriber*"))
    assert "wallet_spend: Aggregation threshold. Groups have at least 50 people" in page
    for query in [*sql.read_questions("subscriber*"), *sql.read_questions("open")]:
        assert page.count(" ".join(query.text.split())) == 1


@pytest.mark.slow
def test_neither_the_output_nor_the_report_has_the_salt(printed: str, first_rehearsal: Path) -> None:
    assert SALT.get_secret_value() not in printed + (first_rehearsal / "report.html").read_text(encoding="utf-8")


def test_an_attempt_that_gets_an_answer_is_red(room: RaisingRoom, capsys: pytest.CaptureFixture) -> None:
    query = sql.Query("harmless", {"attempt": "Nothing.", "as": "merchant"}, "SELECT 1 AS one", "")
    attempt = rehearse.attempt(room, query)
    assert attempt.answered
    rehearse.show_attempts(Terminal(), [attempt])
    assert "✗ answered: Nothing. Asked as the merchant.\n    harmless: 1 row came out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rehears"], "rehearse"),
        (["rehearse", "--nonsense"], "--nonsense"),
        (
            ["rehearse", "--salt-file", "/dev/null"],
            "the file is a device or a pipe: give the name of a file, not the salt",
        ),
        (["rehearse", "--days", "0"], "--days"),
        (
            ["rehearse", "--embedded-dir", "/tmp/nothing/was/run/here"],
            "run `uv run dcr make --embedded-dir /tmp/nothing/was/run/here` first",
        ),
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
    monkeypatch.delattr("dcr_data_generator.clean_room.analysis_rules")
    for name in list(sys.modules):
        if re.match(r"dcr_data_generator\.clean_room\.(analysis_rules|rehearse|project|ladder)", name):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "zetasql", None)
    assert command.main(["rehearse", "--embedded-dir", str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "zetasql is not installed: run `uv sync --group clean-room`" in line


def test_without_tables_one_line_says_to_run_main(connect: Callable) -> None:
    with pytest.raises(UserError, match=r"no tables on .*: run `uv run dcr make` first"):
        project.open_room(connect("nothing-here"), SALT)


@pytest.mark.parametrize(("seconds", "is_said"), [(0, True), (60, False)])
def test_it_is_said_that_the_engine_is_compiled_where_it_is(
    seconds: float, is_said: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    said = threading.Event()
    monkeypatch.setattr(compiling, "SECONDS", seconds)
    monkeypatch.setattr(analysis_rules, "start", lambda: said.wait(60 if is_said else 0))
    monkeypatch.setattr(Terminal, "notices", lambda *each, notices=Terminal.notices: notices(*each) or said.set())
    compiling.start(Terminal())
    assert ("is being compiled, once on this machine" in capsys.readouterr().out) == is_said
