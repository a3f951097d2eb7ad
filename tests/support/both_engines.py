"""Asks the embedded BigQuery and Google's own engine, ZetaSQL, the same, and compares values and types."""

import json
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import batched
from pathlib import Path
from typing import NamedTuple

from dateutil.relativedelta import relativedelta
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery
from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.cells import Interval, Json, read_cell
from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL, kind_of
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood

CALLS = Path(__file__).parents[1] / "embedded/calls"
# BigQuery's API has other names for types than ZetaSQL.
NAMES = {"INT64": "INTEGER", "DOUBLE": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD", "FLOAT64": "FLOAT"}
# What ZetaSQL says where it lacks what BigQuery has, or cannot hold a value.
LACKING = ("this cannot be evaluated here", "Function not found", "year is out of range")


class Refusal(str):
    """What an engine says where it refuses a query."""

    __slots__ = ()


class Answer(NamedTuple):
    """The types of the columns, and the rows, written so that the two engines' can be compared."""

    types: list[str]
    rows: list[list]


def read_calls(family: str) -> list[str]:
    """The calls of a file of calls/, one a line; those of queries.sql end in a semicolon."""
    text = (CALLS / f"{family}.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("--")]
    return [line.removesuffix(";") for line in lines]


def verdict(embedded: Answer | Refusal, google: Answer | Refusal) -> str:
    """How the two compare."""
    if isinstance(google, Refusal):
        if any(lack in google for lack in LACKING):
            return "not comparable"
        return "equal" if isinstance(embedded, Refusal) else "answered, BigQuery refuses"
    if isinstance(embedded, Refusal):
        return "refused"
    return "equal" if embedded == google else "other figure"


def ask_many(ask: Callable[[str], Answer | Refusal], calls: Sequence[str]) -> dict[str, Answer | Refusal]:
    """Ask some calls in each statement, or one where that is refused."""
    return {call: answer for some in batched(calls, 10) for call, answer in ask_some(ask, some).items()}


def ask_some(ask: Callable[[str], Answer | Refusal], calls: Sequence[str]) -> dict[str, Answer | Refusal]:
    answer = ask("SELECT " + ", ".join(f"{call} AS c{number}" for number, call in enumerate(calls)))
    if isinstance(answer, Refusal):
        return {calls[0]: answer} if len(calls) == 1 else {call: ask_some(ask, [call])[call] for call in calls}
    columns = zip(calls, answer.types, answer.rows[0], strict=True)
    return {call: Answer([kind], [[value]]) for call, kind, value in columns}


def ask_embedded(client: bigquery.Client, text: str) -> Answer | Refusal:
    """Ask the embedded BigQuery. Any error but an invalid query is one of the test."""
    try:
        rows = client.query_and_wait(text)
    except BadRequest as error:
        return Refusal(error.message)
    return Answer(
        [type_of(field) for field in rows.schema],
        [
            [written(Json(json.dumps(value)) if field.field_type == "JSON" and field.mode != "REPEATED" else value)
             for value, field in zip(row.values(), rows.schema, strict=True)]
            for row in rows
        ],
    )  # fmt: skip


def type_of(field: bigquery.SchemaField) -> str:
    name = NAMES.get(field.field_type, field.field_type)
    if name == "RECORD":
        name = f"RECORD<{', '.join(f'{each.name} {type_of(each)}' for each in field.fields)}>"
    return f"ARRAY<{name}>" if field.mode == "REPEATED" else name


def ask_google(google: GoogleSQL, text: str) -> Answer | Refusal:
    """Ask ZetaSQL, over the tables that it has."""
    try:
        columns, [content] = google.execute(google.plain_names(text))
        kinds = [column.type for column in columns]
        rows = [list(map(read_cell, row.cell, kinds)) for row in content.table_data.row]
    except (NotUnderstood, OverflowError) as error:
        return Refusal(str(error))
    names = [type_name(kind) for kind in kinds]
    # BigQuery's API has no NULL for an array.
    filled = [
        [[] if value is None and name.startswith("ARRAY") else value for value, name in zip(row, names, strict=True)]
        for row in rows
    ]
    return Answer(names, [[written(value) for value in row] for row in filled])


def type_name(kind: types.Type) -> str:
    name = types.TypeKind(kind.type_kind).name.removeprefix("TYPE_")
    if name == "ARRAY":
        return f"ARRAY<{type_name(kind.array_type.element_type)}>"
    if name == "STRUCT":
        fields = kind.struct_type.field
        return f"RECORD<{', '.join(f'{field.field_name} {type_name(field.field_type)}' for field in fields)}>"
    return NAMES.get(name, name)


def written(value: object) -> object:
    """Write a value of either engine; floats to 13 digits, for their last ones are those of another order of adding."""
    match value:
        case Json():
            return f"JSON {json.dumps(json.loads(value), sort_keys=True)}"
        case Interval():
            return "INTERVAL", value.months, value.days, value.nanoseconds // 1000
        case relativedelta():
            seconds = (value.hours * 60 + value.minutes) * 60 + value.seconds
            return "INTERVAL", value.years * 12 + value.months, value.days, seconds * 10**6 + value.microseconds
        case dict():
            return [written(each) for each in value.values()]
        case list() | tuple():
            return [written(each) for each in value]
        case float():
            return "NaN" if math.isnan(value) else float(f"{value:.13g}")
        case Decimal():
            return value.normalize()
    return value


def fill_google(google: GoogleSQL, client: bigquery.Client, tables: Sequence[str]) -> None:
    """Give ZetaSQL the rows of tables of the embedded BigQuery."""
    for name in tables:
        table = client.get_table(f"{client.project}.{name}")
        google.add_table(name, {field.name: kind_of(field.field_type) for field in table.schema})
        google.fill(name, [row.values() for row in client.list_rows(table)])
