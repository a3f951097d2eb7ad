"""Google's SQL engine: ZetaSQL, the parser, analyzer and reference engine from which BigQuery's SQL is made.

It analyzes a statement, and evaluates a query over rows held in memory. It knows nothing of a view's privacy_policy:
that is what rules.py is for.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import batched
from typing import Any, NamedTuple

from zetasql import types
from zetasql.api import CatalogBuilder, Parser, TableBuilder
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

from dcr_data_generator.clean_room.analysis_rules import dialect
from dcr_data_generator.clean_room.analysis_rules.cells import read_cell, write_cell
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood, find
from dcr_data_generator.clean_room.analysis_rules.service import Contents, Engine, TookTooLong, Values
from dcr_data_generator.clean_room.analysis_rules.subqueries import NotRewritten, Rewriter
from dcr_data_generator.clean_room.analysis_rules.syntax import (
    Named,
    as_range,
    column_names,
    edit,
    names_of,
    part,
    path_of,
)
from dcr_data_generator.parallel import run_in_parallel

# The engine's names of types for those of BigQuery's API that it does not have.
TYPES = {"INTEGER": "INT64", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "BOOLEAN": "BOOL"}
REWRITES = [
    types.ResolvedASTRewrite[f"REWRITE_{name}"]
    for name in (
        *("AGGREGATION_THRESHOLD", "ANONYMIZATION", "BUILTIN_FUNCTION_INLINER", "LIKE_ANY_ALL", "GROUPING_SET"),
        *("PIVOT", "UNPIVOT", "MULTIWAY_UNNEST"),
    )
]
UNIT = "privacy_unit_column"
NAMED = (types.ASTTablePathExpression, types.ASTTVF, types.ASTTableClause, types.ASTModelClause)
# Between dataset and table in the engine's catalog, where a dot would make two names of it.
SEPARATOR = "/"
FULL_NODE_SCOPE = types.ParseLocationRecordType.PARSE_LOCATION_RECORD_FULL_NODE_SCOPE


class Answer(NamedTuple):
    """What a query returned: its columns, and its rows as Python values."""

    columns: list[str]
    rows: list[tuple]


class TableFunction(NamedTuple):
    """A table function with one table for a parameter: the parameter's name and columns, and the function's query."""

    parameter: str
    columns: list[str]
    query: str


class GoogleSQL:
    """Tables with their rows, and what can be asked of them.

    A table is known by dataset and name, such as "ewallet_provider.transactions", whatever project a query names.
    """

    def __init__(self) -> None:
        self.engines = [Engine()]
        self.language = dialect.language()
        self.parse = lru_cache(100)(self.parse_once)  # each statement is looked through several times
        functions = types.ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.catalog = CatalogBuilder("clean_room").with_builtin_functions(functions).build()
        self.tables: dict[str, types.SimpleTable] = {}
        self.functions: dict[str, TableFunction] = {}
        self.links: dict[str, str] = {}  # other names of tables and table functions
        self.contents: Contents = {}
        self.parameters: list[str] = []  # the @parameters of a statement; they are texts

    def parse_once(self, text: str) -> types.ASTStatement:
        """The syntax tree of a statement. Raises NotUnderstood where it has none."""
        engine = self.engines[0]
        return engine.run(Parser(self.language, engine.service).parse_statement, text)

    def parse_script(self, text: str) -> types.ASTScript:
        """The syntax tree of several statements. Raises as `parse`."""
        engine = self.engines[0]
        return engine.run(Parser(self.language, engine.service).parse_script, text)

    def add_table(self, name: str, columns: Mapping[str, types.TypeKind], privacy_unit: str | None = None) -> None:
        """Add a table by its columns and their kinds; a privacy unit is traced through queries."""
        builder = TableBuilder(name.replace(".", SEPARATOR))
        for column, kind in columns.items():
            builder.add_column(column, kind)
        self.tables[name] = builder.build()
        self.catalog.table.append(self.tables[name])
        self.set_privacy_unit(name, privacy_unit)
        self.renew(self.tables[name].name)

    def set_privacy_unit(self, name: str, column: str | None) -> None:
        """Trace another privacy unit of a table through queries."""
        unit = types.SimpleAnonymizationInfo(userid_column_name=[column]) if column else None
        if unit != self.tables[name].anonymization_info:
            self.tables[name].anonymization_info = unit
            self.renew(self.tables[name].name)

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
        self.renew(name)
        return {scan.table.name for scan in find(created.query, types.ResolvedTableScan)}

    def fill(self, name: str, rows: Iterable[Sequence[object]]) -> None:
        """Give a table its rows, in the order of its columns. See `cells.write_cell` for their values."""
        content = local_service_pb2.TableContent()
        for row in rows:
            cells = content.table_data.row.add().cell
            for value in row:
                write_cell(cells.add(), value)
        self.set_content(name, content)

    def set_content(self, name: str, content: local_service_pb2.TableContent) -> None:
        """Give a table its rows as the engine takes them."""
        name = name.replace(".", SEPARATOR)
        self.contents[name] = content
        for engine in self.engines:
            engine.changed.add(name)

    def renew(self, name: str) -> None:
        """Send the engines the catalog again, once a statement needs a name of it."""
        for engine in self.engines:
            engine.new.add(name)

    @contextmanager
    def limited(self, seconds: float | None) -> Iterator[None]:
        """Limit the block to so many seconds; None sets no limit."""
        before = self.engines[0].end
        end = None if seconds is None else time.monotonic() + seconds
        for engine in self.engines:
            engine.end = end if before is None else before
        try:
            yield
        except TookTooLong:
            if seconds is None:
                raise
            raise TookTooLong(f"there is no answer within {seconds:g} seconds") from None
        finally:
            for engine in self.engines:
                engine.end = before

    def rows(self, name: str) -> list[tuple]:
        """The rows of a table."""
        return read_rows(self.contents[name.replace(".", SEPARATOR)])

    # The text of a query.

    def names(self, text: str) -> list[Named]:
        """Find what a statement names: tables, table functions and models."""
        return self.nodes(text, NAMED)

    def tables_in(self, text: str) -> list[str]:
        """The tables that a query with plain names names."""
        return [".".join(names_of(node)).replace(SEPARATOR, ".") for node in self.names(text)]

    def quoted(self, name: str) -> str:
        """A table's name in a query with plain names."""
        return f"`{name.replace('.', SEPARATOR)}`"

    def plain_names(self, text: str) -> str:
        """Name the tables and table functions of a statement as this catalog does.

        Each table keeps the name that the query knows it by.
        """
        edits = []
        for node in self.names(text):
            path, parts = path_of(node), names_of(node)
            name = ".".join(parts[-2:])
            if (name := self.links.get(name, name)) in self.functions:
                edits.append((as_range(path), f"`{name}`"))
            elif name in self.tables:
                is_known = node.alias if isinstance(node, types.ASTTablePathExpression) else True
                alias = "" if is_known else f" AS `{parts[-1]}`"
                edits.append((as_range(path), f"{self.quoted(name)}{alias}"))
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
            source = part(text, as_range(argument))
            if argument.table_clause:
                source = source[len("TABLE") :].lstrip()
            own = f"SELECT {', '.join(function.columns)} FROM {source}"
            stop = as_range(call.alias).start if call.alias else as_range(call).stop
            place = range(as_range(call).start, stop)
            text = edit(text, [(place, f"(WITH {function.parameter} AS ({own}) {function.query}) ")])
        return text

    def clauses(self, text: str) -> list[types.ASTSelect]:
        """The SELECTs of a query that have a privacy clause, in the order of the text."""
        selects = [each for each in self.nodes(text, types.ASTSelect) if each.select_with]
        return sorted(selects, key=lambda select: as_range(select).start)

    def with_options(self, text: str, options: Mapping[int, Mapping[str, float | None]]) -> str:
        """Give a query's privacy clauses their options.

        Args:
            text: the query.
            options: for clauses over views, the numbers that they have instead of their own, by where their SELECT
                begins. Their privacy unit column is the one of the view: the engine knows it, and takes it only once.
                What a clause over other tables leaves out has the value that BigQuery has for it.
        """
        edits = []
        for select in self.nodes(text, types.ASTSelect):
            if not (clause := select.select_with):
                continue
            keyword = clause.identifier.id_string.upper()
            entries = clause.options.options_entries if clause.options else []
            written = {entry.name.id_string.lower(): part(text, as_range(entry.value)) for entry in entries}
            if (own := options.get(as_range(select).start)) is not None:
                written |= {name: "NULL" if value is None else repr(value) for name, value in own.items()}
                written.pop(UNIT, None)
            if keyword == "DIFFERENTIAL_PRIVACY":
                written = {"max_groups_contributed": "1"} | written
            listed = ", ".join(f"{name} = {value}" for name, value in written.items())
            edits.append((as_range(clause), f"WITH {keyword} OPTIONS ({listed})" if listed else f"WITH {keyword}"))
        return edit(text, edits)

    def without_clauses(self, text: str, instead: str = "") -> str:
        """Leave out the privacy clauses of a query, or write another one, and what only their functions take."""
        edits = set()  # an argument is found in each call around it
        for select in self.nodes(text, types.ASTSelect):
            if clause := select.select_with:
                edits.add((as_range(clause), instead))
                for call in find(select, types.ASTFunctionCall):
                    for argument in find(call.arguments, types.ASTNamedArgument):
                        before = text.encode()[: as_range(argument).start].rstrip()
                        edits.add((range(len(before) - 1, as_range(argument).stop), ""))  # with its comma
        return edit(text, [*edits])

    def count_exactly(self, text: str) -> str:
        """Count exactly where a query estimates: the reference engine has no APPROX_COUNT_DISTINCT."""
        edits = []
        for call in self.nodes(text, types.ASTFunctionCall):
            if [name.id_string.upper() for name in call.function.names] == ["APPROX_COUNT_DISTINCT"]:
                place = range(as_range(call.function).start, as_range(call.arguments[0]).start)
                edits.append((place, "COUNT(DISTINCT "))
        return edit(text, edits)

    def with_any_value(self, text: str) -> str:
        """Write MAX_BY(x, y), which ZetaSQL does not have, as ANY_VALUE(x HAVING MAX y): BigQuery has both."""
        edits = []
        for call in self.nodes(text, types.ASTFunctionCall):
            name = call.function.names[-1].id_string.upper()
            if name in ("MAX_BY", "MIN_BY") and len(call.arguments) == 2:
                value, key = map(as_range, call.arguments)
                edits.append((as_range(call.function), "ANY_VALUE"))
                edits.append((range(value.stop, key.start), f" HAVING {name[:3]} "))
        return edit(text, edits)

    def nodes(self, text: str, kind: type | tuple[type, ...]) -> list[Any]:
        """Find the nodes of a kind in the syntax tree of a statement; NotUnderstood if it is not one statement."""
        try:
            return find(self.parse(text), kind)
        except NotUnderstood:
            # The parser does not say where the error is; the analyzer does.
            self.analyze(text, types.ErrorMessageMode.ERROR_MESSAGE_ONE_LINE)
            raise

    # The meaning of a query.

    def analyze(self, text: str, error_mode: int | None = None) -> types.ResolvedStatement:
        """Analyze a statement; returns its resolved tree, or NotUnderstood if it has no meaning with these tables."""
        statement = self.resolve(text, error_mode)
        for scan in find(statement, types.ResolvedTableScan):
            scan.table.name = scan.table.name.replace(SEPARATOR, ".")
        return statement

    def resolve(
        self, text: str, error_mode: int | None = None, rewrites: Sequence[types.ResolvedASTRewrite] = ()
    ) -> types.ResolvedStatement:
        """Analyze a statement; its tables have the names of the engine's catalog."""
        options = self.options(
            error_message_mode=error_mode, prune_unused_columns=True, enabled_rewrites=list(rewrites)
        )
        options.parse_location_record_type = FULL_NODE_SCOPE
        engine = self.engines[0]
        number = engine.register(self.catalog, self.contents, text)
        try:
            answer = engine.run(
                engine.service.analyze, sql_statement=text, options=options, registered_catalog_id=number
            )
        except NotUnderstood as error:
            raise type(error)(self.shown(str(error))) from None
        return answer.resolved_statement

    def shown(self, text: str) -> str:
        """Name the tables of a sentence as a user does."""
        for name in self.tables:
            text = text.replace(name.replace(".", SEPARATOR), name)
        return text

    def options(self, **more: Any) -> types.AnalyzerOptions:  # noqa: ANN401
        """The options of the analyzer, with the types of the @parameters."""
        text = types.Type(type_kind=kind_of("STRING"))
        parameters = [types.AnalyzerOptions.QueryParameter(name=name, type=text) for name in self.parameters]
        return types.AnalyzerOptions(
            language_options=self.language, query_parameters=parameters, default_timezone="UTC", **more
        )

    # Its answer.

    def evaluate(self, text: str, values: Sequence[Values] = ({},)) -> list[Answer]:
        """Evaluate a query over the rows of the tables, for each set of values; noise is drawn for each.

        Raises:
            NotUnderstood: the query fails on these rows, such as a division by zero, or takes too long.
        """
        columns, contents = self.execute(text, values)
        kinds = [column.type for column in columns]
        names = column_names([column.name for column in columns])
        return [Answer(names, read_rows(content, kinds)) for content in contents]

    def fill_from(self, name: str, text: str) -> None:
        """Give a table the rows of a query."""
        self.set_content(name, self.execute(text)[1][0])

    def execute(
        self, text: str, values: Sequence[Values] = ({},)
    ) -> tuple[list[Any], list[local_service_pb2.TableContent]]:
        """Evaluate a query; returns its columns, and its rows as a table takes them, for each set of values.

        The package's PreparedQuery loses the timestamps of an answer, so the engine is called as it calls it.
        """
        text = self.count_exactly(text)
        try:
            rewritten, names = self.without_subqueries(text)
        except NotRewritten:
            return self.execute_here(text, values)
        try:
            columns, contents = self.execute_here(rewritten, values)
        except TookTooLong:
            raise
        except NotUnderstood:
            return self.execute_here(text, values)
        for column, name in zip(columns, names, strict=True):
            column.name = name
        return columns, contents

    def without_subqueries(self, text: str) -> tuple[str, list[str]]:
        """Make joins of a query's subqueries, which the engine would evaluate for each row.

        Returns: the query, and the names of its columns, empty where they have none.

        Raises:
            NotRewritten: there is none, or it is not known how.
        """
        kinds = (types.ASTExpressionSubquery, types.ASTInExpression)
        if not any(not isinstance(each, types.ASTInExpression) or each.query for each in self.nodes(text, kinds)):
            raise NotRewritten
        statement = self.resolve(text)
        names = [output.name if output.name[:1] != "$" else "" for output in statement.output_column_list]
        try:
            return self.text_of(Rewriter(self.resolve, statement).rewrite()), names
        except NotRewritten:
            raise
        except NotUnderstood:
            raise NotRewritten from None

    def text_of(self, statement: types.ResolvedStatement) -> str:
        """Write a resolved tree as text."""
        for literal in find(statement, types.ValueWithType):
            literal.value = literal.value or types.Value()  # a NULL, which the package loses
        engine = self.engines[0]
        number = engine.register(self.catalog, self.contents)
        return str(engine.run(engine.service.build_sql, resolved_statement=statement, registered_catalog_id=number).sql)

    def execute_here(
        self, text: str, values: Sequence[Values]
    ) -> tuple[list[Any], list[local_service_pb2.TableContent]]:
        """Evaluate a query as it is."""
        options = self.options(enabled_rewrites=REWRITES)
        tables = {".".join(names_of(node)) for node in self.nodes(text, types.ASTTablePathExpression)}
        if len(values) > 1 and len(self.engines) == 1:
            self.engines.append(Engine(1))

        def evaluate(engine: Engine, share: Sequence[Values]) -> tuple[list[Any], list[local_service_pb2.TableContent]]:
            number = engine.register(self.catalog, self.contents, text, tables)
            request = types.PrepareQueryRequest(sql=text, options=options, registered_catalog_id=number)
            return engine.evaluate(request, share)

        try:
            if len(values) == 1:
                return evaluate(self.engines[0], values)
            shares = batched(values, -(-len(values) // len(self.engines)))
            parts = run_in_parallel(
                lambda each: evaluate(*each), zip(self.engines, shares, strict=False), wait_for_all=True
            )
        except NotUnderstood as error:
            raise type(error)(self.shown(str(error))) from None
        return parts[0][0], [content for _, contents in parts for content in contents]


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


def read_rows(content: local_service_pb2.TableContent, kinds: Sequence[Any] | None = None) -> list[tuple]:
    """Read rows; with the types of their columns, structs have the names of their fields."""
    rows = content.table_data.row
    if kinds is None:
        return [tuple(map(read_cell, row.cell)) for row in rows]
    return [tuple(map(read_cell, row.cell, kinds)) for row in rows]
