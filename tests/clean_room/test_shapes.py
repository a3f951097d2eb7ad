"""The shapes of queries that people write, one per file of shapes/, and what becomes of each in the clean room.

A file says in comments what to expect: `verdict` (allowed, refused or error), `source` (where it is documented), and
where it is useful `as` (who asks), `says` (in the sentence of a refusal or an error), `rows` (how many), `columns`,
`shows` (in a value, as BigQuery prints it) and `withheld` (in a line). Exact answers are computed in DuckDB once more.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlglot
from sqlglot import exp

from dcr_data_generator import sql
from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, Verdict, write
from tests.support import docs
from tests.support.rooms import COLUMNS, fill, own_room

SHAPES = sorted((Path(__file__).parent / "shapes").glob("*.sql"))
START = datetime(2025, 9, 23, tzinfo=UTC)
CLAUSE = re.compile(r"SELECT\s+WITH\s+AGGREGATION_THRESHOLD(\s+OPTIONS\s*\((?P<options>[^)]*)\))?", re.IGNORECASE)
PEOPLE, CUSTOMERS, STRANGERS = 240, 200, 50
Rows = dict[str, list[dict[str, object]]]


def world() -> Rows:
    """Some 250 customers, of whom 200 are among 240 wallet users: 120 Free, 80 Premium, 40 Business."""
    tiers = ("Free", "Free", "Free", "Premium", "Premium", "Business")
    provider_users: list[dict[str, object]] = [
        {
            "provider_user_id": number,
            "email": f"p{number}@example.com",
            "city": ("Berlin", "Paris", "Rome")[number % 3],
            "account_tier": tiers[number % 6],
            "is_verified_user": number % 4 != 0,
        }
        for number in range(PEOPLE)
    ]
    users: list[dict[str, object]] = [
        {
            "id": number,
            "email": f"{'p' if number < CUSTOMERS else 'm'}{number}@example.com",
            "age": 18 + number % 50,
            "gender": "FM"[number % 2],
            "country": ("China", "Brasil", "France")[number % 3],
        }
        for number in range(CUSTOMERS + STRANGERS)
    ]
    orders, order_items, transactions = [], [], []
    for number in range(CUSTOMERS + STRANGERS + 20):  # some have two orders
        user = number % (CUSTOMERS + STRANGERS)
        at, status = START + timedelta(minutes=7 * number), ("Complete", "Shipped", "Returned")[number % 3]
        order = {"order_id": number, "user_id": user, "status": status, "created_at": at, "num_of_item": 1 + number % 2}
        shipped_at = START + timedelta(days=1, minutes=number) if number % 3 else None
        orders.append({**order, "gender": "FM"[user % 2], "shipped_at": shipped_at})
        prices = [float(10 + (3 * number + item) % 13) for item in range(1 + number % 2)]
        for item, price in enumerate(prices):
            order_items.append({"id": 2 * number + item, "order_id": number, "user_id": user, "sale_price": price})
            order_items[-1]["product_id"] = number % 7
        if user < CUSTOMERS and number % 12 != 1:
            payment = {"order_id": number, "provider_user_id": user, "transaction_amount": sum(prices)}
            transactions.append({"transaction_id": f"t{number}", **payment, "status": status})
    return {
        "users": users,
        "orders": orders,
        "order_items": order_items,
        "provider_users": provider_users,
        "transactions": transactions,
    }


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """The package's clean room over this world."""
    room = own_room()
    fill(room, **world())
    return room


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same tables and views in DuckDB, whose views have no rules."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = world()
        for name, columns in COLUMNS.items():
            dataset, table = name.split(".")
            frame = pd.DataFrame(rows[table]).reindex(columns=list(columns))  # noqa: F841 - DuckDB reads it by its name
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {dataset}")
            connection.execute(f"CREATE TABLE {name} AS FROM frame")
        for party in ("merchant", "ewallet"):
            connection.execute(f"CREATE SCHEMA {party}_clean_room")
            salt = f"SELECT '{docs.SALT}' AS salt, 'lower_trim' AS normalizer"
            connection.execute(f"CREATE TABLE {party}_provider.clean_room_salt AS {salt}")
        for view in [*views.read(folder=views.KEYS), *views.read()]:
            connection.execute(f"CREATE VIEW {view.table} AS {in_duckdb(view.query)}")
        yield connection


def in_duckdb(text: str) -> str:
    """The same query in DuckDB's SQL, with its thresholds written out."""

    def mark(match: re.Match) -> str:
        options = dict(re.findall(r"(\w+)\s*=\s*([\w.]+)", (match["options"] or "").lower()))
        return f"SELECT '{options.get('threshold', 50)}, {options.get('privacy_unit_column', '')}' AS threshold_,"

    statement = sqlglot.parse_one(CLAUSE.sub(mark, text), read="bigquery")
    for select in list(statement.find_all(exp.Select)):
        if select.expressions and select.expressions[0].alias == "threshold_":
            threshold, column = select.expressions[0].this.name.split(", ")
            select.set("expressions", select.expressions[1:])
            tables = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or [])]
            view = next((t.alias_or_name for t in tables if t.name.startswith("wallet_")), "")
            unit = column or f"{view}.hashed_email".strip(".")
            select.having(f"COUNT(DISTINCT {unit}) >= {threshold}", copy=False)
            if not select.args.get("group"):
                select.group_by("ALL", copy=False)
    for table in statement.find_all(exp.Table):
        table.set("catalog", None)
    return statement.sql("duckdb")


@cache
def is_allowed(room: CleanRoom, query: str, party: str) -> bool:
    """Whether the third line of a refusal is answered: many have the same."""
    return room.ask(query, party).verdict is Verdict.ALLOWED


def comparable(rows: list[tuple]) -> list[str]:
    """Rows in some order, as texts; numbers to nine digits."""
    return sorted(str([f"{each:.9g}" if isinstance(each, float) else write(each) for each in row]) for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("file", SHAPES, ids=lambda file: file.stem)
def test_a_query_gets_what_is_documented(file: Path, room: CleanRoom, duck: duckdb.DuckDBPyConnection) -> None:
    text = file.read_text(encoding="utf-8")
    expected = sql.comments_of(text)
    assert expected["source"]
    party = expected.get("as", "merchant")
    room.renew_budgets()
    reply = room.ask(text, party, seconds=20)
    assert reply.verdict == expected["verdict"], reply.sentence
    assert expected.get("says", "") in reply.sentence
    if reply.verdict is Verdict.REFUSED:
        assert reply.allowed
        assert is_allowed(room, reply.allowed, party)
    if reply.answer is None:
        return
    rows = reply.answer.rows
    assert expected.get("withheld", "") in ("\n".join(reply.said) or "nothing is said")
    assert expected.get("shows", "") in "\n".join(write(value) for row in rows for value in row)
    assert len(rows) == int(expected.get("rows", len(rows)))
    assert ", ".join(reply.answer.columns) == expected.get("columns", ", ".join(reply.answer.columns))
    if not expected.keys() & {"rows", "columns"}:
        assert comparable(rows) == comparable(duck.execute(in_duckdb(text)).fetchall())
