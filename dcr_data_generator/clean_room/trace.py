"""Traces what a query does with the tables it reads: under which clause, joined on which columns.

The tree is ZetaSQL's resolved tree, walked from the leaves up: each scan has columns, and each column knows the columns
of tables from which it comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from zetasql import types
from zetasql.api import ResolvedNodeVisitor

CLAUSES = (types.ResolvedAggregationThresholdAggregateScan, types.ResolvedDifferentialPrivacyAggregateScan)
SALT_COLUMN = "salt"
JOIN = types.ResolvedJoinScanEnums.JoinType


class Join(NamedTuple):
    """A join in which a table takes part.

    `on` are its columns that equal something of the other side, `used` are all of its columns in the condition;
    `keeps` says that its rows stay where nothing matches, and `inner` that nobody's do.
    """

    on: frozenset[str]
    used: frozenset[str]
    keeps: bool
    inner: bool


@dataclass(eq=False)
class Clause:
    """A privacy clause: its scan, and the columns that go into it."""

    scan: types.ResolvedScan
    columns: "Columns" = field(default_factory=dict)


@dataclass(eq=False)
class Source:
    """One reading of a table: the table, the privacy clause over it (if any), time travel, and its joins."""

    table: str
    clause: Clause | None
    in_the_past: bool = False
    joins: list[Join] = field(default_factory=list)


class Origin(NamedTuple):
    """Where a column comes from: unchanged, or computed from it."""

    source: Source
    column: str
    unchanged: bool


class Column(NamedTuple):
    """A column's origins, and those of the columns that an inner join made equal to it."""

    origins: frozenset[Origin] = frozenset()
    equals: frozenset[Origin] = frozenset()


Columns = dict[int, Column]


class Trace:
    """What a query reads, `sources`, its privacy clauses, and the columns of its answer, `output`.

    The columns of a privacy clause's answer come from nowhere: nobody's values are in them.
    """

    def __init__(self, statement: types.ResolvedQueryStmt) -> None:
        """Walk the tree of a query."""
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
                return self.table(scan, clause)
            case types.ResolvedWithScan():
                self.common |= {entry.with_query_name: entry.with_subquery for entry in scan.with_entry_list}
                return self.walk(scan.query, clause)
            case types.ResolvedWithRefScan():
                self.referenced.add(scan.with_query_name)
                query = self.common[scan.with_query_name]
                return renumbered(self.walk(query, clause), query.column_list, scan.column_list)
            case types.ResolvedJoinScan():
                return self.join(scan, clause)
            case types.ResolvedArrayScan():
                return self.array(scan, clause)
            case types.ResolvedSetOperationScan():
                return self.set_operation(scan, clause)
        return self.other(scan, clause)

    def table(self, scan: types.ResolvedTableScan, clause: Clause | None) -> Columns:
        """A table is read."""
        source = Source(scan.table.name, clause, scan.for_system_time_expr is not None)
        self.sources.append(source)
        return {
            column.column_id: Column(frozenset({Origin(source, column.name.lower(), True)}))
            for column in scan.column_list
        }

    def join(self, scan: types.ResolvedJoinScan, clause: Clause | None) -> Columns:
        """Two inputs are joined; one that is joined laterally knows the other's columns."""
        start = len(self.sources)
        left = self.walk(scan.left_scan, clause)
        middle = len(self.sources)
        right = self.walk(scan.right_scan, clause)
        end = len(self.sources)
        columns = left | right
        self.subqueries(scan.join_expr)
        kind = scan.join_type
        keeps = kind in (JOIN.LEFT, JOIN.FULL), kind in (JOIN.RIGHT, JOIN.FULL)
        self.meet(self.sources[start:middle], clause, (left, right), scan.join_expr, keeps)
        self.meet(self.sources[middle:end], clause, (right, left), scan.join_expr, keeps[::-1])
        return made_equal(columns, scan.join_expr) if kind == JOIN.INNER else columns

    def array(self, scan: types.ResolvedArrayScan, clause: Clause | None) -> Columns:
        """The elements of arrays are read, and joined with the input where there is one."""
        start = len(self.sources)
        left = self.walk(scan.input_scan, clause) if scan.input_scan else {}
        sources = self.sources[start:]
        for expression in (*scan.array_expr_list, scan.join_expr):
            self.subqueries(expression)
        elements = frozenset(
            origin for expression in scan.array_expr_list for origin in origins(expression, left, unchanged=False)
        )
        holders = [scan.array_offset_column.column] if scan.array_offset_column else []
        right = {column.column_id: Column(elements) for column in (*scan.element_column_list, *holders)}
        self.meet(sources, clause, (left, right), scan.join_expr, (bool(scan.is_outer), False))
        return left | right

    def set_operation(self, scan: types.ResolvedSetOperationScan, clause: Clause | None) -> Columns:
        """Inputs are put together: a column comes from wherever the inputs' columns come."""
        result: Columns = {column.column_id: Column() for column in scan.column_list}
        for item in scan.input_item_list:
            columns = renumbered(self.walk(item.scan, clause), item.output_column_list, scan.column_list)
            for number, column in columns.items():
                result[number] = Column(result[number].origins | column.origins)
        return result

    def other(self, scan: types.ResolvedScan, clause: Clause | None) -> Columns:
        """Any other scan passes on its input's columns and computes some.

        A window looks at other rows than its own, so that nothing counts as unchanged behind one; what leaves a privacy
        clause is an answer, and no longer anyone's column.
        """
        inside = Clause(scan) if isinstance(scan, CLAUSES) else clause
        columns: Columns = {}
        for part in inner_scans(scan):
            columns |= self.walk(part, inside)
        for argument in children(scan):
            if isinstance(argument, types.ResolvedScan):
                continue
            self.subqueries(argument)
            for computed in found(argument, types.ResolvedComputedColumn | types.ResolvedDeferredComputedColumn):
                columns[computed.column.column_id] = Column(
                    origins(computed.expr, columns), equals(computed.expr, columns)
                )
        if inside is not clause:
            self.clauses.append(inside)
            inside.columns = columns
            return {}
        if isinstance(scan, types.ResolvedAnalyticScan):
            return {number: Column(changed(column.origins)) for number, column in columns.items()}
        return columns

    def subqueries(self, expression: types.ResolvedNode | None) -> None:
        """Walk the queries within an expression, which are under no clause but their own."""
        for subquery in found(expression, types.ResolvedSubqueryExpr):
            self.walk(subquery.subquery, None)

    def meet(
        self,
        sources: list[Source],
        clause: Clause | None,
        sides: tuple[Columns, Columns],
        condition: types.ResolvedExpr | None,
        keeps: tuple[bool, bool],
    ) -> None:
        """Note a join with the tables of one side; those behind a clause of their own have been answered before."""
        own, other = sides
        used = origins(condition, own | other) if condition else frozenset()
        pairs = list(equalities(condition, own, other))
        for source in sources:
            if source.clause is not clause:
                continue
            on = {
                origin.column
                for column, partner in pairs
                for origin in column.origins
                if origin.source is source and origin.unchanged and is_somebody_elses(partner, source.table)
            }
            names = frozenset(origin.column for origin in used if origin.source is source)
            source.joins.append(Join(frozenset(on), names, keeps[0], not any(keeps)))


def is_somebody_elses(partner: Column, table: str) -> bool:
    """Whether what a table is joined with comes from elsewhere, or equals what does."""
    elsewhere = all(origin.source.table != table for origin in partner.origins)
    return elsewhere or any(origin.unchanged and origin.source.table != table for origin in partner.equals)


def equalities(condition: types.ResolvedExpr | None, own: Columns, other: Columns) -> Iterator[tuple[Column, Column]]:
    """Find the columns of one side that a condition equates with something of the other, and that."""
    for left, right in equated(condition):
        for column, partner in ((left, right), (right, left)):
            column, numbers = without_cast(column), column_numbers(partner)
            known = isinstance(column, types.ResolvedColumnRef) and column.column.column_id in own
            if known and numbers and numbers <= other.keys():
                yield own[column.column.column_id], Column(origins(partner, other), equals(partner, other))


def equated(condition: types.ResolvedExpr | None) -> Iterator[tuple[types.ResolvedExpr, types.ResolvedExpr]]:
    """Find what a condition equates: a = b, or several of them that must all hold."""
    if isinstance(condition, types.ResolvedFunctionCall):
        name = function_name(condition)
        if name == "$and":
            for part in condition.argument_list:
                yield from equated(part)
        elif name == "$equal":
            left, right = condition.argument_list
            yield left, right


def made_equal(columns: Columns, condition: types.ResolvedExpr | None) -> Columns:
    """Note that an inner join made columns equal."""
    result = dict(columns)
    for left, right in equated(condition):
        numbers = [part.column.column_id for part in map(without_cast, (left, right)) if is_column(part, columns)]
        if len(numbers) == 2:
            together = frozenset().union(*(result[number].origins | result[number].equals for number in numbers))
            for number in numbers:
                result[number] = Column(result[number].origins, together)
    return result


def is_column(expression: types.ResolvedExpr, columns: Columns) -> bool:
    """Whether an expression is one of these columns."""
    return isinstance(expression, types.ResolvedColumnRef) and expression.column.column_id in columns


def origins(expression: types.ResolvedNode, columns: Columns, unchanged: bool = True) -> frozenset[Origin]:
    """Say where an expression's value comes from: a column's is unchanged, any other's is computed.

    A hash comes from what is hashed, but no longer from the salt that went into it.
    """
    hashed = {
        number
        for call in found(expression, types.ResolvedFunctionCall)
        if function_name(call) == "sha256"
        for number in column_numbers(call)
    }
    sources = frozenset(
        origin
        for number in column_numbers(expression)
        if number in columns
        for origin in columns[number].origins
        if number not in hashed or origin.column != SALT_COLUMN
    )
    return sources if unchanged and isinstance(expression, types.ResolvedColumnRef) else changed(sources)


def equals(expression: types.ResolvedNode, columns: Columns) -> frozenset[Origin]:
    """Say to which columns an expression is equal, beyond its origins."""
    return columns[expression.column.column_id].equals if is_column(expression, columns) else frozenset()


def changed(known: frozenset[Origin]) -> frozenset[Origin]:
    """Mark origins as computed from."""
    return frozenset(origin._replace(unchanged=False) for origin in known)


def renumbered(columns: Columns, old: list[types.ResolvedColumn], new: list[types.ResolvedColumn]) -> Columns:
    """Give columns the numbers under which another scan knows them."""
    pairs = zip(old, new, strict=True)
    return {after.column_id: columns.get(before.column_id, Column()) for before, after in pairs}


def without_cast(expression: types.ResolvedExpr) -> types.ResolvedExpr:
    """Look behind casts: an order number as text is still that order's."""
    while isinstance(expression, types.ResolvedCast):
        expression = expression.expr
    return expression


def function_name(call: types.ResolvedFunctionCallBase) -> str:
    """The name of a function, such as "$equal" or "count"."""
    return call.function.name.removeprefix("ZetaSQL:")


def column_numbers(expression: types.ResolvedNode) -> set[int]:
    """The numbers of the columns to which an expression refers."""
    return {reference.column.column_id for reference in found(expression, types.ResolvedColumnRef, inside_scans=True)}


class Children(ResolvedNodeVisitor):
    """Collects the children of a node."""

    def __init__(self) -> None:
        """Begin without any."""
        self.found: list[types.ResolvedNode] = []

    def visit(self, node: types.ResolvedNode) -> None:
        """Take a child, and go no deeper."""
        self.found.append(node)


def children(node: types.ResolvedNode) -> list[types.ResolvedNode]:
    """The children of a node, in the order of its fields."""
    collector = Children()
    collector.descend(node)
    return collector.found


def inner_scans(node: types.ResolvedNode) -> Iterator[types.ResolvedScan]:
    """Find the scans right under a node, but for the queries within expressions."""
    for child in children(node):
        if isinstance(child, types.ResolvedScan):
            yield child
        elif not isinstance(child, types.ResolvedSubqueryExpr):
            yield from inner_scans(child)


def found(node: types.ResolvedNode | None, kind: type, inside_scans: bool = False) -> Iterator[types.ResolvedNode]:
    """Find the nodes of a kind in a tree, itself included; those within its subqueries only if asked for."""
    if node is None:
        return
    if isinstance(node, kind):
        yield node
    for child in children(node):
        if inside_scans or not isinstance(child, types.ResolvedScan):
            yield from found(child, kind, inside_scans)
