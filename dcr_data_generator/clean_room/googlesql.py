"""Google's SQL engine: ZetaSQL, the parser, analyzer and reference engine from which BigQuery's SQL is made.

It takes apart a statement, says what it means, and evaluates it over rows held in memory. What it does not know is a
view's privacy_policy: that is what rules.py is for.
"""

import ctypes
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from google.cloud.bigquery import SchemaField
from google.protobuf import empty_pb2
from wasmtime import Config, Trap
from zetasql import types
from zetasql.api import Analyzer, ASTNodeVisitor, CatalogBuilder, Parser, TableBuilder
from zetasql.core import wasm_client
from zetasql.core.exceptions import ZetaSQLError
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2
from zetasql.wasi._pb2.zetasql.public import value_pb2

from dcr_data_generator.clean_room import dialect

KINDS = {
    "INTEGER": types.TypeKind.TYPE_INT64,
    "INT64": types.TypeKind.TYPE_INT64,
    "FLOAT": types.TypeKind.TYPE_DOUBLE,
    "FLOAT64": types.TypeKind.TYPE_DOUBLE,
    "STRING": types.TypeKind.TYPE_STRING,
    "BOOLEAN": types.TypeKind.TYPE_BOOL,
    "BOOL": types.TypeKind.TYPE_BOOL,
    "DATE": types.TypeKind.TYPE_DATE,
    "TIMESTAMP": types.TypeKind.TYPE_TIMESTAMP,
    "GEOGRAPHY": types.TypeKind.TYPE_GEOGRAPHY,
}
REWRITES = [
    types.ResolvedASTRewrite.REWRITE_AGGREGATION_THRESHOLD,
    types.ResolvedASTRewrite.REWRITE_ANONYMIZATION,
    types.ResolvedASTRewrite.REWRITE_BUILTIN_FUNCTION_INLINER,
    types.ResolvedASTRewrite.REWRITE_LIKE_ANY_ALL,
    types.ResolvedASTRewrite.REWRITE_PIVOT,
    types.ResolvedASTRewrite.REWRITE_UNPIVOT,
    types.ResolvedASTRewrite.REWRITE_GROUPING_SET,
]


class NotUnderstood(Exception):  # noqa: N818 - a person reads the word
    """A statement that BigQuery would refuse, whoever asks: the reason in one line, with its place."""


class Answer(NamedTuple):
    """What a query returned: its columns, and its rows as Python values."""

    columns: list[str]
    rows: list[tuple]


class Clause(NamedTuple):
    """A SELECT WITH AGGREGATION_THRESHOLD or DIFFERENTIAL_PRIVACY in a text: where its SELECT and the clause stand.

    Places are counted in bytes of UTF-8; `name` ends the clause where it has no options.
    """

    select: range
    clause: range
    keyword: str
    options: dict[str, str]


def start() -> ZetaSqlLocalService:
    """Start the engine, once a process: its 28 MB of WebAssembly are compiled once a machine, and kept by wasmtime."""

    def cached_config() -> Config:
        config = Config()
        config.cache = True
        return config

    # The package makes its own Config, without wasmtime's cache: there is no way in but around it.
    original, wasm_client.Config = wasm_client.Config, cached_config
    try:
        service = ZetaSqlLocalService.get_instance()
    finally:
        wasm_client.Config = original
    client = service.wasm_client
    # The package copies byte by byte in Python, which takes a second for a megabyte.
    client.write_bytes = lambda place, content: ctypes.memmove(address(client) + place, content, len(content))
    client.read_bytes = lambda place, size: ctypes.string_at(address(client) + place, size)
    return service


def address(client: wasm_client.WasmClient) -> int:
    """Where the engine's memory begins; it moves when it grows."""
    return ctypes.addressof(client.memory.data_ptr().contents)


class GoogleSQL:
    """Tables with their rows, and what can be asked of them.

    A table is known by dataset and name, such as "ewallet_provider.transactions", whatever project a query names.
    """

    def __init__(self) -> None:
        """Start the engine, without tables."""
        self.service = start()
        self.language = dialect.language()
        functions = types.ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.catalog = CatalogBuilder("clean_room").with_builtin_functions(functions).build()
        self.parser = Parser(self.language)
        self.tables: dict[str, types.SimpleTable] = {}
        self.contents: dict[str, local_service_pb2.TableContent] = {}
        # What was parsed and analyzed before; a new table may change what a statement means.
        self.parse, self.analyze = cache(self.parse), cache(self.analyze)

    def add_table(self, name: str, columns: Mapping[str, int], privacy_unit: str | None = None) -> None:
        """Make a table known, with the kinds of its columns; a privacy unit is traced through queries from then on."""
        builder = TableBuilder(name)
        for column, kind in columns.items():
            builder.add_column(column, kind)
        table = builder.build()
        if privacy_unit:
            table.anonymization_info = types.SimpleAnonymizationInfo(userid_column_name=[privacy_unit])
        self.tables[name] = table
        self.catalog.table.append(table)
        self.analyze.cache_clear()

    def fill(self, name: str, rows: Iterable[Sequence[object]]) -> None:
        """Give a table its rows, in the order of its columns: None, bool, int, float, str, date and datetime."""
        content = local_service_pb2.TableContent()
        for row in rows:
            cells = content.table_data.row.add().cell
            for value in row:
                write_cell(cells.add(), value)
        self.contents[name] = content

    def fill_from(self, name: str, text: str) -> None:
        """Give a table the rows of a query."""
        with self.prepared(text) as (_, execute):
            self.contents[name] = execute()

    def with_plain_names(self, text: str) -> str:
        """Name the tables of a statement as this catalog does; each keeps the name that the query knows it by.

        Raises:
            NotUnderstood: this is no statement.
        """
        edits = []
        for node in nodes(self.parse(text), "ASTTablePathExpression"):
            if not node.path_expr:
                continue
            parts = ".".join(name.id_string for name in node.path_expr.names).split(".")
            if (name := ".".join(parts[-2:])) in self.tables:
                place = node.path_expr.parse_location_range
                alias = "" if node.alias else f" AS `{parts[-1]}`"
                edits.append((range(place.start, place.end), f"`{name}`{alias}"))
        return edited(text, edits)

    def parse(self, text: str) -> types.ASTStatement:
        """Take a statement apart.

        Raises:
            NotUnderstood: this is no statement, or several.
        """
        try:
            return self.parser.parse_statement(text)
        except (ZetaSQLError, Trap) as error:
            raise NotUnderstood(one_line(error)) from None

    def analyze(self, text: str) -> types.ResolvedStatement:
        """Say what a statement means, as a resolved tree with places.

        Raises:
            NotUnderstood: it means nothing, given these tables.
        """
        options = types.AnalyzerOptions(
            language_options=self.language,
            prune_unused_columns=True,
            parse_location_record_type=types.ParseLocationRecordType.PARSE_LOCATION_RECORD_FULL_NODE_SCOPE,
        )
        try:
            return Analyzer(options, self.catalog).analyze_statement(text)
        except (ZetaSQLError, Trap) as error:
            raise NotUnderstood(one_line(error)) from None

    def clauses(self, text: str) -> list[Clause]:
        """Find the privacy clauses of a query."""
        found = []
        for select in nodes(self.parse(text), "ASTSelect"):
            if not select.select_with:
                continue
            clause = select.select_with
            entries = clause.options.options_entries if clause.options else []
            options = {entry.name.id_string.lower(): cut(text, entry.value.parse_location_range) for entry in entries}
            found.append(
                Clause(
                    as_range(select.parse_location_range),
                    as_range(clause.parse_location_range),
                    clause.identifier.id_string.upper(),
                    options,
                )
            )
        return found

    def evaluate(self, text: str) -> Answer:
        """Evaluate a query over the rows of the tables.

        Raises:
            NotUnderstood: the query fails on these rows, such as a division by zero.
        """
        with self.prepared(text) as (columns, execute):
            return Answer(columns, read_rows(execute()))

    def draw(self, text: str, times: int) -> list[Answer]:
        """Evaluate a query several times: each time anew, where there is noise."""
        with self.prepared(text) as (columns, execute):
            return [Answer(columns, read_rows(execute())) for _ in range(times)]

    def rows(self, name: str) -> list[tuple]:
        """The rows of a table."""
        return read_rows(self.contents[name])

    @contextmanager
    def prepared(self, text: str) -> Iterator[tuple[list[str], Callable[[], local_service_pb2.TableContent]]]:
        """Prepare a query; yields its columns, and what evaluates it to rows as a table takes them.

        The package's PreparedQuery loses the timestamps of an answer, so that the engine is called as it calls it.
        """
        options = types.AnalyzerOptions(
            language_options=self.language, enabled_rewrites=REWRITES, default_timezone="UTC"
        )
        text = self.without_estimates(text)
        request = types.PrepareQueryRequest(sql=text, options=options, simple_catalog=self.catalog).to_proto()
        for name in self.tables_of(text):
            request.table_content[name].CopyFrom(self.contents[name])
            request.table_content[name].table_data.SetInParent()
        prepared = self.call("PrepareQuery", request, local_service_pb2.PrepareQueryResponse).prepared
        number = prepared.prepared_query_id
        evaluation = local_service_pb2.EvaluateQueryRequest(prepared_query_id=number)
        try:
            yield (
                column_names([column.name for column in prepared.columns]),
                lambda: self.call("EvaluateQuery", evaluation, local_service_pb2.EvaluateQueryResponse).content,
            )
        finally:
            self.call("UnprepareQuery", local_service_pb2.UnprepareQueryRequest(prepared_query_id=number))

    def without_estimates(self, text: str) -> str:
        """Count exactly where a query estimates: the reference engine has no APPROX_COUNT_DISTINCT."""
        edits = []
        for call in nodes(self.parse(text), "ASTFunctionCall"):
            if [name.id_string.upper() for name in call.function.names] == ["APPROX_COUNT_DISTINCT"]:
                start, argument = call.function.parse_location_range.start, call.arguments[0].parse_location_range.start
                edits.append((range(start, argument), "COUNT(DISTINCT "))
        return edited(text, edits)

    def tables_of(self, text: str) -> set[str]:
        """Find the tables that a statement reads."""
        paths = [node.path_expr for node in nodes(self.parse(text), "ASTTablePathExpression") if node.path_expr]
        return {name for path in paths if (name := ".".join(part.id_string for part in path.names)) in self.contents}

    def call(self, method: str, request: object, response: type = empty_pb2.Empty) -> Any:  # noqa: ANN401
        """Call the engine."""
        try:
            return self.service.wasm_client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, response)
        except (ZetaSQLError, Trap) as error:
            raise NotUnderstood(one_line(error)) from None


def column_names(names: Sequence[str]) -> list[str]:
    """Name the columns of an answer as BigQuery does: f0_ without a name, and last_name_1 for a second last_name."""
    found: list[str] = []
    for name in names:
        unnamed = sum(each.startswith("f") and each.endswith("_") for each in found)
        number = sum(each == name for each in names[: len(found)])
        found.append((f"{name}_{number}" if number else name) if name else f"f{unnamed}_")
    return found


def nodes(tree: types.ASTNode, kind: str) -> Iterator[types.ASTNode]:
    """Find the nodes of a kind in a syntax tree."""

    class Finder(ASTNodeVisitor):
        def default_visit(self, node: types.ASTNode) -> None:
            if any(parent.__name__ == kind for parent in type(node).__mro__):
                found.append(node)
            self.descend(node)

    found: list[types.ASTNode] = []
    Finder().visit(tree)
    return iter(found)


def as_range(place: types.ParseLocationRange) -> range:
    """Where something stands in a text, in bytes."""
    return range(place.start, place.end)


def cut(text: str, place: types.ParseLocationRange) -> str:
    """Cut out what stands at a place."""
    return text.encode()[place.start : place.end].decode()


def edited(text: str, edits: Sequence[tuple[range, str]]) -> str:
    """Put new text in the place of old, at several places that do not overlap."""
    content = text.encode()
    for place, new in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        content = content[: place.start] + new.encode() + content[place.stop :]
    return content.decode()


def kinds(schema: Sequence[SchemaField]) -> dict[str, int]:
    """The columns of a table of BigQuery's and their kinds."""
    return {field.name: KINDS[field.field_type] for field in schema}


def write_cell(cell: value_pb2.ValueProto, value: object) -> None:
    """Write a Python value as the engine's."""
    if value is None:
        return
    if isinstance(value, datetime):
        cell.timestamp_value.FromDatetime(value)
    elif isinstance(value, date):
        cell.date_value = (value - EPOCH).days
    else:
        setattr(cell, {bool: "bool_value", int: "int64_value", float: "double_value"}.get(type(value), TEXT), value)


def read_rows(content: local_service_pb2.TableContent) -> list[tuple]:
    """Read the rows of a table or an answer."""
    return [tuple(read_cell(cell) for cell in row.cell) for row in content.table_data.row]


def read_cell(cell: value_pb2.ValueProto) -> object:
    """Read a value of the engine's; arrays and structs as lists and tuples."""
    kind = cell.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(cell, kind)
    return READERS[kind](value) if kind in READERS else value


EPOCH = date(1970, 1, 1)
TEXT = "string_value"
READERS: dict[str, Callable] = {
    "timestamp_value": lambda value: value.ToDatetime(UTC),
    "date_value": lambda value: EPOCH + timedelta(days=value),
    "numeric_value": lambda value: Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-9),
    "array_value": lambda value: [read_cell(element) for element in value.element],
    "struct_value": lambda value: tuple(read_cell(field) for field in value.field),
}


def one_line(error: ZetaSQLError | Trap) -> str:
    """Say what the engine says, without its codes."""
    if isinstance(error, Trap):
        return "Google's SQL engine fails on this query"
    return str(error).removeprefix("[INVALID_ARGUMENT] ").removeprefix("[OUT_OF_RANGE] ").splitlines()[0]
