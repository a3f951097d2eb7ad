"""Where the columns of a query come from: which tables it reads, under which privacy clause, joined on which columns.

ZetaSQL's resolved tree is walked from the leaves up. Each scan has columns, and each column knows the columns of tables
from which it comes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zetasql import types
from zetasql.api import TreeVisitor

from dcr_data_generator.clean_room.policy import PrivacyPolicy

SCAN = types.ResolvedScan
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
KEYWORDS = {"Recursive": "WITH RECURSIVE", "Sample": "TABLESAMPLE"}


class NotUnderstood(Exception):  # noqa: N818 - a person reads the word
    """A statement that BigQuery would refuse from everybody, or that cannot be judged here: the reason in one line."""


class Join(NamedTuple):
    """A join in which a table takes part.

    `pairs` are what its condition equates across the two sides, in both orders, and `used` all that it reads;
    `with_table` says that the other side reads a table, `keeps_rows` that the table's own rows stay where nothing
    matches, and `is_inner` that no side's do.
    """

    pairs: list[tuple["Column", "Column"]]
    used: frozenset["Origin"]
    with_table: bool
    keeps_rows: bool
    is_inner: bool


@dataclass(eq=False)
class Clause:
    """A privacy clause: its scan, the views that it protects, the columns that go into it, and its options."""

    scan: types.ResolvedScan
    sources: list["Source"] = field(default_factory=list)
    columns: "Columns" = field(default_factory=dict)
    options: dict[str, float | None] = field(default_factory=dict)
    place: int = 0  # where its SELECT begins in the text, in bytes
    number: int = 0  # of the SELECTs with a clause, in the order of the text
    outer: tuple[types.ResolvedScan, ...] = ()  # the scans for each of whose rows a subquery around it is evaluated

    @property
    def is_noisy(self) -> bool:
        """Whether the clause is DIFFERENTIAL_PRIVACY and not AGGREGATION_THRESHOLD."""
        return isinstance(self.scan, NOISE)

    @property
    def policies(self) -> dict[str, PrivacyPolicy]:
        """The policies of the views that the clause protects, by the views' names."""
        return {source.table: source.policy for source in self.sources if source.policy}


@dataclass(eq=False)
class Source:
    """One reading of a table: its policy and the clause over it, if any, and what happens to it up to this clause."""

    table: str
    policy: PrivacyPolicy | None
    clause: Clause | None
    as_of: types.ResolvedExpr | None
    joins: list[Join] = field(default_factory=list)
    aggregations: list[types.ResolvedScan] = field(default_factory=list)

    @property
    def unit(self) -> str | None:
        """The privacy unit column, in lower case."""
        unit = self.policy.privacy_unit_column if self.policy else None
        return unit.lower() if unit else None


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
# Of a query around it that is not known.
UNKNOWN = Column(frozenset({Origin(Source("", None, None, None), "", False)}))


class Lineage:
    """What a query reads (`sources`), its privacy clauses, the columns of its answer (`output`), and its conditions.

    The columns of a privacy clause's answer have no origin: nobody's values are in them.

    Raises:
        NotUnderstood: the query has a part that is not supported: what it does with its columns is not known.
    """

    def __init__(
        self,
        statement: types.ResolvedQueryStmt,
        policies: Mapping[str, PrivacyPolicy],
        secret_tables: Collection[str],
    ) -> None:
        self.policies, self.secret_tables = policies, secret_tables
        self.sources: list[Source] = []
        self.clauses: list[Clause] = []
        self.conditions: list[Column] = []
        self.common: dict[str, types.ResolvedScan] = {}
        self.referenced: set[str] = set()
        self.outer: tuple[types.ResolvedScan, ...] = ()  # of the subquery that is being walked
        self.outside: Columns = {}  # of the queries around it
        columns = self.walk(statement.query, None)
        self.output = [columns.get(output.column.column_id, Column()) for output in statement.output_column_list]
        for name in self.common.keys() - self.referenced:
            self.walk(self.common[name], None)

    def walk(self, scan: types.ResolvedScan, clause: Clause | None) -> Columns:
        """Walk a scan under a clause; returns its columns by their numbers."""
        match scan:
            case types.ResolvedTableScan():
                source = Source(scan.table.name, self.policies.get(scan.table.name), clause, scan.for_system_time_expr)
                self.sources.append(source)
                if clause and source.unit:
                    clause.sources.append(source)
                origins = {column.column_id: Origin(source, column.name.lower(), True) for column in scan.column_list}
                return {number: Column(frozenset({origin})) for number, origin in origins.items()}
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
            case types.ResolvedArrayScan():
                return self.array(scan, clause)
            case _ if isinstance(scan, SIMPLE_SCANS):
                return self.simple(scan, clause)
        name = type(scan).__name__.removeprefix("Resolved").removesuffix("Scan")
        return self.unprotected(scan, KEYWORDS.get(name, name.upper()))

    def unprotected(self, scan: types.ResolvedScan, what: str) -> Columns:
        """Record the tables of a scan of another kind: as no rule is about them, its columns need no origin.

        Raises:
            NotUnderstood: it reads what is protected.
        """
        scans = find(scan, types.ResolvedTableScan)
        names = {each.with_query_name for each in find(scan, types.ResolvedWithRefScan)}
        while names - self.referenced:
            self.referenced |= names
            entries = [self.common[name] for name in names]
            scans += find(entries, types.ResolvedTableScan)
            names = {each.with_query_name for each in find(entries, types.ResolvedWithRefScan)}
        outside = [self.outside.get(number, UNKNOWN) for number in columns_from_outside(scan)]
        tables = {each.table.name for each in scans} | {
            each.source.table for column in outside for each in column.origins
        }
        is_known = UNKNOWN not in outside and not find(scan, (THRESHOLD, NOISE))
        if not is_known or not tables.isdisjoint({*self.policies, *self.secret_tables}):
            raise NotUnderstood(f"{what} with a shared view or a salt is not supported in a rehearsal")
        self.sources += [Source(each.table.name, None, None, each.for_system_time_expr) for each in scans]
        return {column.column_id: Column() for column in scan.column_list}

    def join(self, scan: types.ResolvedJoinScan, clause: Clause | None) -> Columns:
        """Walk a join of two scans."""
        start = len(self.sources)
        left = self.walk(scan.left_scan, clause)
        middle = len(self.sources)
        right = self.walk(scan.right_scan, clause)
        sides = self.sources[start:middle], self.sources[middle:]
        return self.joined(scan, (left, right), sides, scan.join_type, clause)

    def array(self, scan: types.ResolvedArrayScan, clause: Clause | None) -> Columns:
        """Walk an UNNEST: of arrays that come from no table, it is a join with constants."""
        if any(find(array, (types.ResolvedColumnRef, types.ResolvedSubqueryExpr)) for array in scan.array_expr_list):
            return self.unprotected(scan, "UNNEST of a column")
        start = len(self.sources)
        columns = self.walk(scan.input_scan, clause) if scan.input_scan else {}
        offset = [scan.array_offset_column.column] if scan.array_offset_column else []
        constants = {column.column_id: Column() for column in [*scan.element_column_list, *offset]}
        sides: tuple[list[Source], list[Source]] = self.sources[start:], []
        return self.joined(scan, (columns, constants), sides, JOIN.LEFT if scan.is_outer else JOIN.INNER, clause)

    def joined(
        self,
        scan: types.ResolvedJoinScan | types.ResolvedArrayScan,
        columns_of: tuple[Columns, Columns],
        sides: tuple[list[Source], list[Source]],
        kind: types.ResolvedJoinScanEnums.JoinType,
        clause: Clause | None,
    ) -> Columns:
        """Record a join with the tables on either side that are under the same clause; returns its columns."""
        (left, right), condition = columns_of, scan.join_expr
        columns = left | right
        self.walk_subqueries(condition, scan, columns)
        pairs: list[tuple[Column, Column]] = []
        for equation in equations(condition):
            one, other = map(column_numbers, equation)
            across = (one <= left.keys() and other <= right.keys()) or (one <= right.keys() and other <= left.keys())
            if one and other and across:
                value, partner = (self.trace(side, columns) for side in equation)
                pairs += [(value, partner), (partner, value)]
        self.conditions.append(self.trace(condition, columns))
        used = self.conditions[-1].origins
        for own, others, keeping in ((*sides, JOIN.LEFT), (*sides[::-1], JOIN.RIGHT)):
            join = Join(pairs, used, bool(others), kind in (keeping, JOIN.FULL), kind == JOIN.INNER)
            for source in own:
                if source.clause is clause:
                    source.joins.append(join)
        return with_equal_columns(columns, condition) if kind == JOIN.INNER else columns

    def set_operation(self, scan: types.ResolvedSetOperationScan, clause: Clause | None) -> Columns:
        """Walk a UNION, INTERSECT or EXCEPT: a column comes from wherever the inputs' columns come."""
        result: Columns = {}
        for item in scan.input_item_list:
            columns = renumber(self.walk(item.scan, clause), item.output_column_list, scan.column_list)
            for number, column in columns.items():
                result[number] = Column(result.get(number, Column()).origins | column.origins)
        return result

    def simple(self, scan: types.ResolvedScan, clause: Clause | None) -> Columns:
        """Walk a scan that passes on its input's columns and computes some.

        A window function looks at other rows than its own, so nothing counts as unchanged above one.
        """
        own_clause = Clause(scan, outer=self.outer) if isinstance(scan, THRESHOLD | NOISE) else None
        columns: Columns = {}
        start = len(self.sources)
        _, *inputs = find(scan, SCAN, closed=(SCAN, types.ResolvedSubqueryExpr))
        for part in inputs:
            columns |= self.walk(part, own_clause or clause)
        if isinstance(scan, types.ResolvedAggregateScanBase):
            for source in self.sources[start:]:
                if source.clause is (own_clause or clause):
                    source.aggregations.append(scan)
        self.walk_subqueries(scan, scan, columns)
        if isinstance(scan, types.ResolvedFilterScan):
            self.conditions.append(self.trace(scan.filter_expr, columns))
        for computed in find(scan, types.ResolvedComputedColumnBase, closed=SCAN):
            columns[computed.column.column_id] = self.trace(computed.expr, columns)
        if own_clause:
            self.clauses.append(own_clause)
            own_clause.columns = columns
            return {}
        if isinstance(scan, types.ResolvedAnalyticScan):
            return {number: Column(as_computed(column.origins)) for number, column in columns.items()}
        return columns

    def walk_subqueries(self, node: types.ResolvedNode | None, scan: types.ResolvedScan, columns: "Columns") -> None:
        """Walk the queries within expressions of a scan, which are under no clause but their own."""
        outer, outside = self.outer, self.outside
        self.outside = outside | columns
        for subquery in find(node, types.ResolvedSubqueryExpr, closed=SCAN):
            self.outer = (*outer, scan) if subquery.parameter_list else outer
            self.walk(subquery.subquery, None)
        self.outer, self.outside = outer, outside

    def trace(self, expression: types.ResolvedNode | None, columns: Columns) -> Column:
        """Find where an expression's value comes from: a bare column is unchanged, anything else is computed.

        A hash comes from what is hashed, but no longer from the secret that went into it.
        """
        if isinstance(expression, types.ResolvedColumnRef):
            return columns.get(expression.column.column_id, Column())
        calls = find(expression, types.ResolvedFunctionCall, closed=SCAN)
        hashed = set[int]().union(*(column_numbers(call) for call in calls if function_name(call) == "sha256"))
        origins = (
            origin
            for number in column_numbers(expression) & columns.keys()
            for origin in columns[number].origins
            if number not in hashed or origin.source.table not in self.secret_tables
        )
        return Column(as_computed(origins))


def equations(condition: types.ResolvedExpr | None) -> Iterator[tuple[types.ResolvedExpr, types.ResolvedExpr]]:
    """Find what a condition equates: a = b, or several of them that must all hold.

    Casts do not count: an order ID as text is still that order's.
    """
    if isinstance(condition, types.ResolvedFunctionCall):
        name = function_name(condition)
        if name == "$and":
            for part in condition.argument_list:
                yield from equations(part)
        elif name == "$equal":
            left, right = map(without_cast, condition.argument_list)
            yield left, right


def without_cast(expression: types.ResolvedExpr) -> types.ResolvedExpr:
    while isinstance(expression, types.ResolvedCast):
        expression = expression.expr
    return expression


def with_equal_columns(columns: Columns, condition: types.ResolvedExpr | None) -> Columns:
    """Add to each column what an inner join made equal to it."""
    result = dict(columns)
    for equation in equations(condition):
        references = [side.column.column_id for side in equation if isinstance(side, types.ResolvedColumnRef)]
        if len(references) == 2 and result.keys() >= {*references}:
            both = frozenset[Origin]().union(*(result[number].origins | result[number].equals for number in references))
            result |= {number: Column(result[number].origins, both) for number in references}
    return result


def as_computed(origins: Iterable[Origin]) -> frozenset[Origin]:
    return frozenset(origin._replace(unchanged=False) for origin in origins)


def renumber(columns: Columns, old: list[types.ResolvedColumn], new: list[types.ResolvedColumn]) -> Columns:
    """Give columns the numbers that another scan has for them."""
    pairs = zip(old, new, strict=True)
    return {after.column_id: columns.get(before.column_id, Column()) for before, after in pairs}


def columns_from_outside(scan: types.ResolvedScan) -> set[int]:
    """The columns that a scan reads and that are made outside of it."""
    made = {column.column_id for each in find(scan, SCAN) for column in each.column_list}
    made |= {each.column.column_id for each in find(scan, types.ResolvedComputedColumnBase)}
    return column_numbers(scan) - made


def function_name(call: types.ResolvedFunctionCallBase) -> str:
    """The name of a function, such as "$equal" or "count"."""
    return call.function.name.removeprefix("ZetaSQL:")


def column_numbers(expression: types.ResolvedNode | None) -> set[int]:
    return {reference.column.column_id for reference in find(expression, types.ResolvedColumnRef)}


def find(root: Any, kind: Any, closed: Any = ()) -> list[Any]:  # noqa: ANN401
    """Find the nodes of a kind in a tree of the parser or the analyzer, or in a list of trees, their roots included.

    What is below a closed node is left out.
    """
    if isinstance(root, list | tuple):
        return [node for each in root for node in find(each, kind, closed)]
    nodes = []
    visitor = TreeVisitor()

    def visit(node: Any) -> None:  # noqa: ANN401
        if isinstance(node, kind):
            nodes.append(node)
        if node is root or not isinstance(node, closed):
            visitor.descend(node)

    visitor.default_visit = visit
    visitor.visit(root)
    return nodes
