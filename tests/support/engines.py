"""Both engines of step 2 on one snapshot, an odd one among them, and what the tests change in sql/provider/."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
import pytest
from zetasql import types

from dcr_data_generator import ewallet, ewallet_sql, people, sql
from dcr_data_generator.sql import Query
from dcr_data_generator.tables import MERCHANT, PROVIDER, SCHEMAS
from dcr_data_generator.verify import ownership
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables
from tests.support.settings import make_settings, on, window_of

Row = dict[str, object]

KEYS = {"provider_users": ["provider_user_id"], "transactions": ["order_id"]}
LEAST, GREATEST = -(2**63), 2**63 - 1
TIME = datetime(2025, 9, 23, 8, tzinfo=UTC)


def fill_merchant(place: Warehouse, orders: list[Row], order_items: list[Row], users: list[Row]) -> None:
    """Replace the merchant's snapshot by rows."""
    ownership.create_datasets(place)
    for name, rows in (("orders", orders), ("order_items", order_items), ("users", users)):
        schema = thelook.SCHEMAS[name]
        tables.load(place.client, tables.frame_of(schema, rows), f"{place.client.project}.{MERCHANT}.{name}", schema)


def provide(place: Warehouse, engine: str, **knobs: object) -> dict[str, pd.DataFrame]:
    """Make the two tables, and read them."""
    settings, step_2 = make_settings(**knobs), ewallet if engine == "pandas" else ewallet_sql
    scale = settings.snapshot.scale
    step_2.create(on(place, **knobs), settings.draws, window_of(settings).last_date, scale)
    return {name: read(place, name) for name in KEYS}


def read(place: Warehouse, name: str) -> pd.DataFrame:
    """Read one of the two tables, in an order of its own."""
    return place.read(f"{PROVIDER}.{name}", SCHEMAS[name]).sort_values(KEYS[name], ignore_index=True)


def assert_engines_agree(place: Warehouse, **knobs: object) -> dict[str, pd.DataFrame]:
    """Assert that both engines make the same tables, and return them."""
    ours, theirs = (provide(place, engine, **knobs) for engine in ("pandas", "bigquery"))
    for name in KEYS:
        pd.testing.assert_frame_equal(ours[name], theirs[name], check_exact=True)
    return theirs


def odd_merchant() -> tuple[list[Row], list[Row], list[Row]]:
    """A merchant with all that is odd: people who share an email, IDs at both ends, ties, and values missing."""
    emails = ["ann@shop.example", " ANN@shop.example\t", "", None, "  ", "zoë@shop.example", "Bob@Shop.example"]
    users = [
        {
            "id": number,
            "email": emails[index] if index < len(emails) else f"person{index}@example.com",
            "age": [None, 17, 18, 40, 0, 110][index % 6],
            "city": ["Paris", "São Paulo", None, "", "null", "Paris"][index % 6],
            "created_at": TIME if index % 3 else None,
        }
        for index, number in enumerate([LEAST, -1, 0, 1, GREATEST, GREATEST - 1, *range(-40, -2), *range(2, 60)])
    ]
    statuses = ["Complete", "Cancelled", "returned", None, "", "never heard of"]
    orders = [
        {
            "order_id": LEAST if index == 0 else GREATEST if index == 1 else index - 50,
            "user_id": None if index % 17 == 5 else users[index * 7 % len(users)]["id"],
            "status": statuses[index % 6],
            "created_at": TIME if index % 5 else None,
        }
        for index in range(160)
    ]
    # Ties in spend, a price of half a millionth, and prices below 0; some orders have no item, or none with a price.
    prices = [10.0, 10.0, 24.989999771118164, None, 0.0000005, -3.337, 0.0]
    items = [{"order_id": orders[index * 3 % 150]["order_id"], "sale_price": prices[index % 7]} for index in range(120)]
    return orders, [*items, {"order_id": None, "sale_price": 5.0}], users


def use_few_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave 15 first and 20 last names, so 900 emails: of many invented people, most draw a name that is taken."""
    for names, number in (("FIRST_NAMES", 15), ("LAST_NAMES", 20)):
        monkeypatch.setattr(people, names, dict(list(getattr(people, names).items())[:number]))


# The constants of sql/provider/ that only divide the work, and others for them. A bucket has 2^52 draws; scores and the
# places of cities and ages are in 4,096 pages; names are in pages of 2^20 places, and emails are numbered
# in pages of 65,536.
FEW_BUCKETS = {2**52: 2**62, 4096: 1, 65_536: 2**18, 65_535: 2**18 - 1, 2**20: 2**31}
MANY_BUCKETS = {2**52: 2**36, 4096: 1_000_000, 65_536: 16, 65_535: 15, 2**20: 2**14}


def as_function(created: types.ResolvedCreateFunctionStmt) -> types.Function:
    """The function of a CREATE FUNCTION, for the catalog of Google's engine."""

    def fixed(kind: types.Type) -> types.FunctionArgumentType:
        return types.FunctionArgumentType(kind=types.SignatureArgumentKind.ARG_TYPE_FIXED, type=kind, num_occurrences=1)

    arguments = [fixed(argument.type) for argument in created.signature.argument]
    return types.Function(
        name_path=created.name_path,
        group="Templated_SQL_Function",
        mode=types.FunctionEnums.Mode.SCALAR,
        signature=[types.FunctionSignature(argument=arguments, return_type=fixed(created.return_type))],
        parse_resume_location=types.ParseResumeLocation(input=created.code),
        templated_sql_function_argument_name=created.argument_name_list,
    )


def resize(text: str, sizes: Mapping[int, int]) -> str:
    """Put other constants in the place of a statement's."""
    return re.sub(r"\b\d+\b", lambda number: str(sizes.get(int(number[0]), number[0])), text)


def resize_buckets(monkeypatch: pytest.MonkeyPatch, sizes: Mapping[int, int]) -> set[str]:
    """Run sql/provider/ with other constants; returns a set to which each statement that had one is added."""
    read_file, resized = sql.read, set[str]()

    def read_resized(file: str, suffix: str = "") -> Query:
        query = read_file(file, suffix)
        text = resize(query.text, sizes)
        resized.update({file} - ({file} if text == query.text else set()))
        return query._replace(text=text)

    monkeypatch.setattr(sql, "read", read_resized)
    return resized
