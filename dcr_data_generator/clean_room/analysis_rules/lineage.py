"""Where the columns of a query come from: which tables it reads, under which privacy clause, joined on which columns.

ZetaSQL's resolved tree is walked from the leaves up. Each scan has columns, and each column knows the columns of tables
from which it comes.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from zetasql import types
from zetasql.api import ResolvedNodeVisitor

THRESHOLD, NOISE = types.ResolvedAggregationThresholdAggregateScan, types.ResolvedDifferentialPrivacyAggregateScan
# Scans that pass on their input's columns and compute some.
SIMPLE_SCANS = (
    types.ResolvedAggregateScan,
    types.ResolvedAnalyticScan,
    types.ResolvedFilterScan,
    types.ResolvedLimitOffsetScan,
    types.ResolvedOrderByScan,
    types.ResolvedProjectScan,
    types.ResolvedSingleRowScan,
    THRESHOLD,
    NOISE,
)
JOIN = types.ResolvedJoinScanEnums.JoinType


class NotUnderstood(Exception):  # noqa: N818 - a person reads the word
    """A statement that BigQuery would refuse, whoever asks, or that cannot be judged here: the reason in one line."""


class Join(NamedTuple):
    """A join in which a table takes part.

    `on` are its columns that equal something of the other side, `on_others` those that equal something of another
    table, `columns` are all of its columns in the condition; `with_table` says that the other side reads a table,
    `keeps_rows` that its own rows stay where nothing matches, and `is_inner` that no side's do.
    """

    on: frozenset[str]
    on_others: frozenset[str]
    columns: frozenset[str]
    with_table: bool
    keeps_rows: bool
    is_inner: bool


@dataclass(eq=False)
class Clause:
    """A privacy clause: its scan, the columns that go into it, its options, and the views that it protects.

    `below` are the aggregations below the clause, each with what it reads.
    """

    scan: types.ResolvedScan
    below: list[tuple[types.ResolvedScan, list["Source"]]] = field(default_factory=list)
    columns: "Columns" = field(default_factory=dict)
    options: dict[str, float] = field(default_factory=dict)
    views: frozenset[str] = frozenset()

    @property
    def is_noisy(self) -> bool:
        """Whether the clause is DIFFERENTIAL_PRIVACY and not AGGREGATION_THRESHOLD."""
        return isinstance(self.scan, NOISE)


@dataclass(eq=False)
class Source:
    """One reading of a table: the table, the privacy clause over it (if any), time travel, and its joins."""

    table: str
    clause: Clause | None
    in_the_past: bool = False
    joins: list[Join] = field(default_factory=list)


class Origin(NamedTuple):
    """A column of a table, and whether its values are unchanged or computed from it."""

    source: Source
    column: str
    unchanged: bool


class Column(NamedTuple):
    """A column's origins, and the origins of columns that an inner join made equal to it."""

    origins: frozenset[Origin] = frozenset()
    equals: frozenset[Origin] = frozenset()


Columns = dict[int, Column]


class Lineage:
    """What a query reads (`sources`), its privacy clauses, and the columns of its answer (`output`).

    The columns of a privacy clause's answer have no origin: nobody's values are in them.

    Raises:
        NotUnderstood: the query has a part of which it is not known what it does with its columns.
    """

    def __init__(self, statement: types.ResolvedQueryStmt, secret_tables: Collection[str]) -> None:
        self.secret_tables = secret_tables
        self.sources: list[Source] = []
        self.clauses: list[Clause] = []
        self.common: dict[str, types.ResolvedScan] = {}
        self.referenced: set[str] = set()
        columns = self.walk(statement.query, None)
        numbers = [output.column.column_id for output in statement.output_column_list]
        self.output = [columns.get(number, Column()) for number in numbers]
        for name in self.common.keys() - self.referenced:
            self.walk(self.common[name], None)

    def walk(self, scan: types.ResolvedScan, clause: Clause | None) -> Columns:
        """Walk a scan under a clause; returns its columns by their numbers."""
        match scan:
            case types.ResolvedTableScan():
                source = Source(scan.table.name, clause, scan.for_system_time_expr is not None)
                self.sources.append(source)
                return {
                    column.column_id: Column(frozenset({Origin(source, column.name.lower(), True)}))
                    for column in scan.column_list
                }
            case types.ResolvedWithScan():
                self.common |= {entry.with_query_name: entry.with_subquery for entry in scan.with_entry_list}
                return self.walk(scan.query, clause)
            case types.ResolvedWithRefScan():
                self.referenced.add(scan.with_query_name)
                query = self.common[scan.with_query_name]
                return renumber(self.walk(query, clause), query.column_list, scan.column_list)
            case types.ResolvedJoinScan():
                return self.join(scan, clause)
            case types.ResolvedSetOperationScan():
                return self.set_operation(scan, clause)
            case _ if isinstance(scan, SIMPLE_SCANS):
                return self.simple(scan, clause)
        name = type(scan).__name__.removeprefix("Resolved").removesuffix("Scan")
        raise NotUnderstood(f"{name} is not supported in a rehearsal")

    def join(self, scan: types.ResolvedJoinScan, clause: Clause | None) -> Columns:
        """Walk a join."""
        start = len(self.sources)
        left = self.walk(scan.left_scan, clause)
        middle = len(self.sources)
        right = self.walk(scan.right_scan, clause)
        end = len(self.sources)
        self.walk_subqueries(scan.join_expr)
        kind = scan.join_type
        keeps = kind in (JOIN.LEFT, JOIN.FULL), kind in (JOIN.RIGHT, JOIN.FULL)
        of_left, of_right = self.sources[start:middle], self.sources[middle:end]
        self.add_join((of_left, of_right), clause, (left, right), scan.join_expr, keeps)
        self.add_join((of_right, of_left), clause, (right, left), scan.join_expr, keeps[::-1])
        columns = left | right
        return with_equal_columns(columns, scan.join_expr) if kind == JOIN.INNER else columns

    def set_operation(self, scan: types.ResolvedSetOperationScan, clause: Clause | None) -> Columns:
        """Walk a UNION, INTERSECT or EXCEPT: a column comes from wherever the inputs' columns come."""
        result: Columns = {column.column_id: Column() for column in scan.column_list}
        for item in scan.input_item_list:
            columns = renumber(self.walk(item.scan, clause), item.output_column_list, scan.column_list)
            for number, column in columns.items():
                result[number] = Column(result[number].origins | column.origins)
        return result

    def simple(self, scan: types.ResolvedScan, clause: Clause | None) -> Columns:
        """Walk a scan that passes on its input's columns and computes some.

        A window function looks at other rows than its own, so nothing counts as unchanged above one.
        """
        own_clause = Clause(scan) if isinstance(scan, THRESHOLD | NOISE) else None
        columns: Columns = {}
        start = len(self.sources)
        for part in inner_scans(scan):
            columns |= self.walk(part, own_clause or clause)
        if clause and isinstance(scan, types.ResolvedAggregateScan):
            clause.below.append((scan, self.sources[start:]))
        for argument in children(scan):
            if isinstance(argument, types.ResolvedScan):
                continue
            self.walk_subqueries(argument)
            for computed in find(argument, types.ResolvedComputedColumn | types.ResolvedDeferredComputedColumn):
                origins = self.origins(computed.expr, columns)
                columns[computed.column.column_id] = Column(origins, equals(computed.expr, columns))
        if own_clause:
            self.clauses.append(own_clause)
            own_clause.columns = columns
            return {}
        if isinstance(scan, types.ResolvedAnalyticScan):
            return {number: Column(as_computed(column.origins)) for number, column in columns.items()}
        return columns

    def walk_subqueries(self, expression: types.ResolvedNode | None) -> None:
        """Walk the queries within an expression, which are under no clause but their own."""
        for subquery in find(expression, types.ResolvedSubqueryExpr):
            self.walk(subquery.subquery, None)

    def add_join(
        self,
        sources: tuple[list[Source], list[Source]],
        clause: Clause | None,
        sides: tuple[Columns, Columns],
        condition: types.ResolvedExpr | None,
        keeps: tuple[bool, bool],
    ) -> None:
        """Record a join with the tables of one side that are under the same clause."""
        own, other = sides
        used = self.origins(condition, own | other) if condition else frozenset()
        pairs = list(self.equal_pairs(condition, own, other))
        for source in sources[0]:
            if source.clause is not clause:
                continue
            equal = [
                (origin.column, comes_from_other_table(partner, source.table))
                for column, partner in pairs
                for origin in column.origins
                if origin.source is source and origin.unchanged
            ]
            on = frozenset(column for column, _ in equal)
            on_others = frozenset(column for column, is_other in equal if is_other)
            columns = frozenset(origin.column for origin in used if origin.source is source)
            source.joins.append(Join(on, on_others, columns, bool(sources[1]), keeps[0], not any(keeps)))

    def equal_pairs(
        self, condition: types.ResolvedExpr | None, own: Columns, other: Columns
    ) -> Iterator[tuple[Column, Column]]:
        """Find the columns of one side that a condition equates with something of the other side, and that."""
        for left, right in equations(condition):
            for column, partner in ((left, right), (right, left)):
                column, numbers = without_cast(column), column_numbers(partner)
                if is_column(column, own) and numbers and numbers <= other.keys():
                    yield own[column.column.column_id], Column(self.origins(partner, other), equals(partner, other))

    def origins(self, expression: types.ResolvedNode, columns: Columns) -> frozenset[Origin]:
        """Find where an expression's value comes from: a bare column is unchanged, anything else is computed.

        A hash comes from what is hashed, but no longer from the secret that went into it.
        """
        hashed = {
            number
            for call in find(expression, types.ResolvedFunctionCall)
            if function_name(call) == "sha256"
            for number in column_numbers(call)
        }
        origins = frozenset(
            origin
            for number in column_numbers(expression)
            if number in columns
            for origin in columns[number].origins
            if number not in hashed or origin.source.table not in self.secret_tables
        )
        return origins if is_column(expression, columns) else as_computed(origins)


def comes_from_other_table(partner: Column, table: str) -> bool:
    """Whether what a table is joined with comes from other tables, or equals what does."""
    others = all(origin.source.table != table for origin in partner.origins)
    return others or any(origin.unchanged and origin.source.table != table for origin in partner.equals)


def equations(condition: types.ResolvedExpr | None) -> Iterator[tuple[types.ResolvedExpr, types.ResolvedExpr]]:
    """Find what a condition equates: a = b, or several of them that must all hold."""
    if isinstance(condition, types.ResolvedFunctionCall):
        name = function_name(condition)
        if name == "$and":
            for part in condition.argument_list:
                yield from equations(part)
        elif name == "$equal":
            left, right = condition.argument_list
            yield left, right


def with_equal_columns(columns: Columns, condition: types.ResolvedExpr | None) -> Columns:
    """Add to each column what an inner join made equal to it."""
    result = dict(columns)
    for left, right in equations(condition):
        numbers = [part.column.column_id for part in map(without_cast, (left, right)) if is_column(part, columns)]
        if len(numbers) == 2:
            both = frozenset[Origin]().union(*(result[number].origins | result[number].equals for number in numbers))
            result |= {number: Column(result[number].origins, both) for number in numbers}
    return result


def equals(expression: types.ResolvedNode, columns: Columns) -> frozenset[Origin]:
    return columns[expression.column.column_id].equals if is_column(expression, columns) else frozenset()


def is_column(expression: types.ResolvedNode, columns: Columns) -> bool:
    return isinstance(expression, types.ResolvedColumnRef) and expression.column.column_id in columns


def as_computed(origins: frozenset[Origin]) -> frozenset[Origin]:
    return frozenset(origin._replace(unchanged=False) for origin in origins)


def renumber(columns: Columns, old: list[types.ResolvedColumn], new: list[types.ResolvedColumn]) -> Columns:
    """Give columns the numbers that another scan has for them."""
    pairs = zip(old, new, strict=True)
    return {after.column_id: columns.get(before.column_id, Column()) for before, after in pairs}


def without_cast(expression: types.ResolvedExpr) -> types.ResolvedExpr:
    """Look behind casts: an order ID as text is still that order's."""
    while isinstance(expression, types.ResolvedCast):
        expression = expression.expr
    return expression


def function_name(call: types.ResolvedFunctionCallBase) -> str:
    """The name of a function, such as "$equal" or "count"."""
    return call.function.name.removeprefix("ZetaSQL:")


def column_numbers(expression: types.ResolvedNode) -> set[int]:
    return {reference.column.column_id for reference in find(expression, types.ResolvedColumnRef, inside_scans=True)}


def children(node: types.ResolvedNode) -> list[types.ResolvedNode]:
    """The children of a node, in the order of its fields."""
    nodes: list[types.ResolvedNode] = []

    class Children(ResolvedNodeVisitor):
        def visit(self, node: types.ResolvedNode) -> None:
            nodes.append(node)

    Children().descend(node)
    return nodes


def inner_scans(node: types.ResolvedNode) -> Iterator[types.ResolvedScan]:
    """Find the scans right under a node, except the queries within expressions."""
    for child in children(node):
        if isinstance(child, types.ResolvedScan):
            yield child
        elif not isinstance(child, types.ResolvedSubqueryExpr):
            yield from inner_scans(child)


def find(node: types.ResolvedNode | None, kind: type, inside_scans: bool = False) -> Iterator[types.ResolvedNode]:
    """Find the nodes of a kind in a tree, including its root; those in its subqueries only with `inside_scans`."""
    if node is None:
        return
    if isinstance(node, kind):
        yield node
    for child in children(node):
        if inside_scans or not isinstance(child, types.ResolvedScan):
            yield from find(child, kind, inside_scans)
