"""Google's SQL engine: ZetaSQL, the parser, analyzer and reference engine from which BigQuery's SQL is made.

It analyzes a statement, and evaluates a query over rows held in memory. It knows nothing of a view's privacy_policy:
that is what rules.py is for.
"""

import ctypes
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from importlib.metadata import version
from itertools import batched
from typing import Any, NamedTuple

from google.protobuf import empty_pb2
from wasmtime import Config, Trap
from zetasql import types
from zetasql.api import CatalogBuilder, Parser, TableBuilder
from zetasql.core import wasm_client
from zetasql.core.exceptions import ZetaSQLError
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2
from zetasql.wasi._pb2.zetasql.public import value_pb2

from dcr_data_generator.clean_room.analysis_rules import dialect
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood, find
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel

# The engine's names of types for those of BigQuery's API that it does not have.
TYPES = {"INTEGER": "INT64", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "BOOLEAN": "BOOL"}
REWRITES = [
    types.ResolvedASTRewrite[f"REWRITE_{name}"]
    for name in ("AGGREGATION_THRESHOLD", "ANONYMIZATION", "BUILTIN_FUNCTION_INLINER", "LIKE_ANY_ALL", "GROUPING_SET")
]
UNIT = "privacy_unit_column"
# The version whose private names `start` uses.
ZETASQL = "0.1.5"
OUT_OF_MEMORY = "the tables do not fit into the memory of Google's SQL engine: run main with fewer --days"
EPOCH = date(1970, 1, 1)
READERS: dict[str, Callable] = {
    "timestamp_value": lambda value: value.ToDatetime(UTC),
    "date_value": lambda value: EPOCH + timedelta(days=value),
    "numeric_value": lambda value: Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-9),
    "array_value": lambda value: [read_cell(element) for element in value.element],
    "struct_value": lambda value: tuple(read_cell(field) for field in value.field),
}


# Of a statement's @parameters, by name.
type Values = Mapping[str, str | None]
# The rows of tables, by name.
type Contents = dict[str, local_service_pb2.TableContent]


class Answer(NamedTuple):
    """What a query returned: its columns, and its rows as Python values."""

    columns: list[str]
    rows: list[tuple]


class TableFunction(NamedTuple):
    """A table function with one table for a parameter: the parameter's name and columns, and the function's query."""

    parameter: str
    columns: list[str]
    query: str


class CachedConfig(Config):
    """Wasmtime's configuration, with its cache."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = True


# A second engine, once per process: one runs on one core.
second = cache(ZetaSqlLocalService)


def start(engine: Callable[[], ZetaSqlLocalService] = ZetaSqlLocalService.get_instance) -> ZetaSqlLocalService:
    """Start the engine, once per process: its 28 MB of WebAssembly are compiled once per machine, and then cached."""
    # The package makes its own Config, without wasmtime's cache: there is no other way in.
    try:
        if not callable(wasm_client.Config):
            raise TypeError
        wasm_client.Config = CachedConfig
        service = engine()
        client = service.wasm_client
        client.read_bytes(1, client.memory.data_len() and 1)
        if not callable(client.write_bytes):
            raise TypeError
    except (AttributeError, TypeError):
        raise UserError(
            f"the clean room needs zetasql {ZETASQL}, and {version('zetasql')} is another: run "
            "`uv sync --group clean-room`"
        ) from None
    # The package copies byte by byte in Python, which takes a second per megabyte.
    client.write_bytes = lambda place, content: ctypes.memmove(
        address(client, place, len(content)), content, len(content)
    )
    client.read_bytes = lambda place, size: ctypes.string_at(address(client, place, size), size)
    return service


def address(client: wasm_client.WasmClient, place: int, size: int) -> int:
    """Find the address of some bytes of the engine's memory, which moves when it grows.

    Raises:
        UserError: they are not in it: the engine had no memory left, or its malloc returned nothing.
    """
    place %= 1 << 32  # WebAssembly's integers have a sign
    if not 0 < place <= client.memory.data_len() - size:
        raise UserError(OUT_OF_MEMORY)
    return ctypes.addressof(client.memory.data_ptr().contents) + place


class Engine:
    """An engine, and what it has: a catalog with its tables' rows, by its number; other rows have changed since."""

    def __init__(self, service: ZetaSqlLocalService) -> None:
        self.service = service
        self.registered = 0
        self.changed: set[str] = set()

    def register(self, catalog: types.SimpleCatalog, contents: Contents, tables: Collection[str]) -> int:
        """Send the tables and all rows to the engine, where it does not have those of some tables yet.

        Returns: the number of the catalog. Rows are sent once, and not with each query.
        """
        if not self.changed.isdisjoint(tables):
            self.unregister()
        if not self.registered:
            request = local_service_pb2.RegisterCatalogRequest(simple_catalog=catalog.to_proto())
            for name, content in contents.items():
                request.table_content[name].CopyFrom(content)
                request.table_content[name].table_data.SetInParent()
            self.registered = self.call("RegisterCatalog", request, local_service_pb2.RegisterResponse).registered_id
            self.changed.clear()
        return self.registered

    def unregister(self) -> None:
        """Let the engine forget the tables."""
        if self.registered:
            self.call("UnregisterCatalog", local_service_pb2.UnregisterRequest(registered_id=self.registered))
        self.registered = 0

    def evaluate(
        self, request: types.PrepareQueryRequest, values: Sequence[Values]
    ) -> tuple[list[str], list[local_service_pb2.TableContent]]:
        """Evaluate a query for each set of values. See `GoogleSQL.execute`."""
        prepared = self.call("PrepareQuery", request.to_proto(), local_service_pb2.PrepareQueryResponse).prepared
        number = prepared.prepared_query_id
        contents = []
        try:
            for each in values:
                evaluation = local_service_pb2.EvaluateQueryRequest(prepared_query_id=number)
                for name, value in each.items():
                    write_cell(evaluation.params.add(name=name).value, value)
                response = self.call("EvaluateQuery", evaluation, local_service_pb2.EvaluateQueryResponse)
                contents.append(response.content)
        finally:
            self.call("UnprepareQuery", local_service_pb2.UnprepareQueryRequest(prepared_query_id=number))
        return column_names([column.name for column in prepared.columns]), contents

    def call(self, method: str, request: object, response: type = empty_pb2.Empty) -> Any:  # noqa: ANN401
        """Call the engine."""
        with explained():
            return self.service.wasm_client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, response)


class GoogleSQL:
    """Tables with their rows, and what can be asked of them.

    A table is known by dataset and name, such as "ewallet_provider.transactions", whatever project a query names.
    """

    def __init__(self) -> None:
        self.engines = [Engine(start())]
        self.language = dialect.language()
        # Each statement is looked through several times.
        self.parse = lru_cache(100)(Parser(self.language).parse_statement)
        functions = types.ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.catalog = CatalogBuilder("clean_room").with_builtin_functions(functions).build()
        self.tables: dict[str, types.SimpleTable] = {}
        self.functions: dict[str, TableFunction] = {}
        self.links: dict[str, str] = {}  # other names of tables and table functions
        self.contents: Contents = {}
        self.parameters: list[str] = []  # the @parameters of a statement; they are texts

    def add_table(self, name: str, columns: Mapping[str, int], privacy_unit: str | None = None) -> None:
        """Add a table by its columns and their kinds; a privacy unit is traced through queries."""
        builder = TableBuilder(name)
        for column, kind in columns.items():
            builder.add_column(column, kind)
        table = builder.build()
        if privacy_unit:
            table.anonymization_info = types.SimpleAnonymizationInfo(userid_column_name=[privacy_unit])
        self.tables[name] = table
        self.catalog.table.append(table)
        self.unregister()

    def add_function(self, text: str) -> set[str]:
        """Add a table function by its CREATE TABLE FUNCTION; returns the tables that it reads.

        Raises:
            NotUnderstood: it is another statement, or has another parameter than one table.
        """
        created = self.analyze(self.plain_names(text))
        if not isinstance(created, types.ResolvedCreateTableFunctionStmt):
            raise NotUnderstood("it is not CREATE TABLE FUNCTION")
        parameters = [each.options.relation_input_schema for each in created.signature.argument]
        if len(parameters) != 1 or not parameters[0]:
            raise NotUnderstood(f"{created.name_path[-1]} has another parameter than one TABLE<...>")
        name = ".".join(created.name_path[-2:])
        columns = [column.name for column in parameters[0].column]
        self.functions[name] = TableFunction(created.argument_name_list[0], columns, created.code)
        self.catalog.custom_tvf.append(in_catalog(created, name))
        self.unregister()
        return {scan.table.name for scan in find(created.query, types.ResolvedTableScan)}

    def fill(self, name: str, rows: Iterable[Sequence[object]]) -> None:
        """Give a table its rows, in the order of its columns: None, bool, int, float, str, date and datetime."""
        content = local_service_pb2.TableContent()
        for row in rows:
            cells = content.table_data.row.add().cell
            for value in row:
                write_cell(cells.add(), value)
        self.set_content(name, content)

    def set_content(self, name: str, content: local_service_pb2.TableContent) -> None:
        """Give a table its rows as the engine takes them."""
        self.contents[name] = content
        for engine in self.engines:
            engine.changed.add(name)

    def unregister(self) -> None:
        """Let the engines forget the tables."""
        for engine in self.engines:
            engine.unregister()

    def rows(self, name: str) -> list[tuple]:
        """The rows of a table."""
        return read_rows(self.contents[name])

    def plain_names(self, text: str) -> str:
        """Name the tables and table functions of a statement as this catalog does.

        Each table keeps the name that the query knows it by.
        """
        edits = []
        for node in self.nodes(text, (types.ASTTablePathExpression, types.ASTTVF, types.ASTTableClause)):
            path, parts = path_of(node), names_of(node)
            name = ".".join(parts[-2:])
            if (name := self.links.get(name, name)) in {**self.tables, **self.functions}:
                is_known = node.alias if isinstance(node, types.ASTTablePathExpression) else True
                edits.append((as_range(path), f"`{name}`" + ("" if is_known else f" AS `{parts[-1]}`")))
        return edit(text, edits)

    def inline(self, text: str) -> str:
        """Put the query of a table function in the place of each call, over the call's argument.

        This is done to the text, and not by the analyzer's own rewrite, so that the options of its privacy clause can
        be read and changed as those of any other query.
        """
        while calls := self.nodes(text, types.ASTTVF):
            call = calls[-1]  # within no other's argument, or the innermost
            function = self.functions[".".join(names_of(call))]
            [argument] = call.argument_entries
            place = as_range(argument)
            source = text.encode()[place.start : place.stop].decode()
            if argument.table_clause:
                source = source[len("TABLE") :].lstrip()
            own = f"SELECT {', '.join(function.columns)} FROM {source}"
            stop = as_range(call.alias).start if call.alias else as_range(call).stop
            place = range(as_range(call).start, stop)
            text = edit(text, [(place, f"(WITH {function.parameter} AS ({own}) {function.query}) ")])
        return text

    def without_limit(self, text: str) -> str:
        """Leave out the LIMIT of a query; one in a subquery stays."""
        outermost = self.nodes(text, types.ASTQuery)[0]
        return edit(text, [(as_range(outermost.limit_offset), "")]) if outermost.limit_offset else text

    def nodes(self, text: str, kind: type | tuple[type, ...]) -> list[Any]:
        """Find the nodes of a kind in the syntax tree of a statement; NotUnderstood if it is not one statement."""
        try:
            with explained():
                return find(self.parse(text), kind)
        except NotUnderstood:
            # The parser does not say where the error is; the analyzer does.
            self.analyze(text, types.ErrorMessageMode.ERROR_MESSAGE_ONE_LINE)
            raise

    def analyze(self, text: str, error_mode: int | None = None) -> types.ResolvedStatement:
        """Analyze a statement; returns its resolved tree, or NotUnderstood if it has no meaning with these tables."""
        options = self.options(error_message_mode=error_mode, prune_unused_columns=True)
        with explained():
            engine = self.engines[0]
            number = engine.register(self.catalog, self.contents, ())
            answer = engine.service.analyze(sql_statement=text, options=options, registered_catalog_id=number)
        return answer.resolved_statement

    def options(self, **more: Any) -> types.AnalyzerOptions:  # noqa: ANN401
        """The options of the analyzer, with the types of the @parameters."""
        text = types.Type(type_kind=kind_of("STRING"))
        parameters = [types.AnalyzerOptions.QueryParameter(name=name, type=text) for name in self.parameters]
        return types.AnalyzerOptions(language_options=self.language, query_parameters=parameters, **more)

    def with_options(self, text: str, defaults: Mapping[str, Mapping[str, float]], instead: Mapping[str, float]) -> str:
        """Give a query's privacy clauses the options that they do not have, by their keywords, or others instead.

        The privacy unit column is the one of the table: the engine knows it, and takes it only once.
        """
        edits = []
        for select in self.nodes(text, types.ASTSelect):
            clause = select.select_with
            if clause and (keyword := clause.identifier.id_string.upper()) in defaults:
                options: dict[str, object] = {**defaults[keyword]}
                for entry in clause.options.options_entries if clause.options else []:
                    place = as_range(entry.value)
                    options[entry.name.id_string.lower()] = text.encode()[place.start : place.stop].decode()
                options = {name: value for name, value in {**options, **instead}.items() if name != UNIT}
                written = ", ".join(f"{name} = {value}" for name, value in options.items())
                edits.append((as_range(clause), f"WITH {keyword} OPTIONS ({written})"))
        return edit(text, edits)

    def evaluate(self, text: str, values: Sequence[Values] = ({},)) -> list[Answer]:
        """Evaluate a query over the rows of the tables, for each set of values: each time anew, where there is noise.

        Raises:
            NotUnderstood: the query fails on these rows, such as a division by zero.
        """
        columns, contents = self.execute(text, values)
        return [Answer(columns, read_rows(content)) for content in contents]

    def fill_from(self, name: str, text: str) -> None:
        """Give a table the rows of a query."""
        self.set_content(name, self.execute(text)[1][0])

    def execute(
        self, text: str, values: Sequence[Values] = ({},)
    ) -> tuple[list[str], list[local_service_pb2.TableContent]]:
        """Evaluate a query; returns its columns, and its rows as a table takes them, for each set of values.

        The package's PreparedQuery loses the timestamps of an answer, so the engine is called as it calls it.
        """
        text = self.count_exactly(text)
        options = self.options(enabled_rewrites=REWRITES, default_timezone="UTC")
        tables = {".".join(names_of(node)) for node in self.nodes(text, types.ASTTablePathExpression)}
        if len(values) > 1 and len(self.engines) == 1:
            self.engines.append(Engine(start(second)))

        def evaluate(engine: Engine, share: Sequence[Values]) -> tuple[list[str], list[local_service_pb2.TableContent]]:
            number = engine.register(self.catalog, self.contents, tables)
            request = types.PrepareQueryRequest(sql=text, options=options, registered_catalog_id=number)
            return engine.evaluate(request, share)

        shares = batched(values, -(-len(values) // len(self.engines)))
        parts = run_in_parallel(
            lambda part: evaluate(*part), zip(self.engines, shares, strict=False), wait_for_all=True
        )
        return parts[0][0], [content for _, contents in parts for content in contents]

    def count_exactly(self, text: str) -> str:
        """Count exactly where a query estimates: the reference engine has no APPROX_COUNT_DISTINCT."""
        edits = []
        for call in self.nodes(text, types.ASTFunctionCall):
            if [name.id_string.upper() for name in call.function.names] == ["APPROX_COUNT_DISTINCT"]:
                place = range(as_range(call.function).start, as_range(call.arguments[0]).start)
                edits.append((place, "COUNT(DISTINCT "))
        return edit(text, edits)


def in_catalog(created: types.ResolvedCreateTableFunctionStmt, name: str) -> types.TableValuedFunction:
    """A table function as a catalog has it, by what the analyzer makes of its statement."""
    return types.TableValuedFunction(
        name_path=[name],
        signature=created.signature,
        signatures=[created.signature],
        type=types.FunctionEnums.TableValuedFunctionType.TEMPLATED_SQL_TVF,
        parse_resume_location=types.ParseResumeLocation(input=created.code),
        argument_name=created.argument_name_list,
    )


def kind_of(type_name: str) -> types.TypeKind:
    return types.TypeKind[f"TYPE_{TYPES.get(type_name, type_name)}"]


def column_names(names: Sequence[str]) -> list[str]:
    """Name the columns of an answer as BigQuery does: f0_ without a name, and last_name_1 for a second last_name."""
    columns: list[str] = []
    for name in names:
        unnamed = sum(each.startswith("f") and each.endswith("_") for each in columns)
        number = sum(each == name for each in names[: len(columns)])
        columns.append((f"{name}_{number}" if number else name) if name else f"f{unnamed}_")
    return columns


def path_of(node: types.ASTTablePathExpression | types.ASTTVF | types.ASTTableClause) -> types.ASTPathExpression | None:
    """The name of a table or table function, where it is a name; in UNNEST it is not."""
    if isinstance(node, types.ASTTablePathExpression):
        return node.path_expr
    return node.name if isinstance(node, types.ASTTVF) else node.table_path


def names_of(node: types.ASTTablePathExpression | types.ASTTVF | types.ASTTableClause) -> list[str]:
    """The parts of its name, such as project, dataset and table."""
    path = path_of(node)
    return ".".join(name.id_string for name in path.names).split(".") if path else []


def as_range(node: types.ASTNode) -> range:
    # In bytes of UTF-8.
    return range(node.parse_location_range.start, node.parse_location_range.end)


def edit(text: str, edits: Sequence[tuple[range, str]]) -> str:
    content = text.encode()
    for place, new in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        content = content[: place.start] + new.encode() + content[place.stop :]
    return content.decode()


def write_cell(cell: value_pb2.ValueProto, value: object) -> None:
    if isinstance(value, datetime):
        cell.timestamp_value.FromDatetime(value)
    elif isinstance(value, date):
        cell.date_value = (value - EPOCH).days
    elif value is not None:
        fields = {bool: "bool_value", int: "int64_value", float: "double_value", str: "string_value"}
        setattr(cell, fields[type(value)], value)


def read_rows(content: local_service_pb2.TableContent) -> list[tuple]:
    return [tuple(read_cell(cell) for cell in row.cell) for row in content.table_data.row]


def read_cell(cell: value_pb2.ValueProto) -> object:
    """Read a value of the engine's; arrays and structs become lists and tuples."""
    kind = cell.WhichOneof("value")
    value = kind and getattr(cell, kind)
    return READERS[kind](value) if kind in READERS else value


@contextmanager
def explained() -> Iterator[None]:
    """Say what the engine says, without its codes."""
    try:
        yield
    except Trap:
        raise NotUnderstood("Google's SQL engine fails on this query") from None
    except ZetaSQLError as error:
        text = str(error).removeprefix("[INVALID_ARGUMENT] ").removeprefix("[OUT_OF_RANGE] ").splitlines()[0]
        text = text.replace("[UNIMPLEMENTED] ", "this cannot be evaluated here: ")
        raise NotUnderstood(text.replace("$differential_privacy_", "")) from None
