"""Makes joins of subqueries: the reference engine evaluates a subquery for each row, and a join once.

    WHERE x IN (SELECT y FROM t)                                        a join with the distinct values of y
    WHERE EXISTS (SELECT 1 FROM t WHERE t.a = o.a AND ...)              a join with the distinct values of a
    SELECT (SELECT MAX(y) FROM t WHERE t.a = o.a)                       a left join with the maximum for each a
    SELECT (SELECT MAX(y) FROM t), EXISTS (SELECT 1 FROM t)             a join with one row

"It can be evaluated once and reused": "Evaluation rules for subqueries" in ZetaSQL's documentation, of a subquery that
is neither correlated nor volatile. The tree of ZetaSQL's analyzer is changed in place; what is of another kind stays.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.lineage import SCAN, NotUnderstood, find, function_name

KIND = types.ResolvedSubqueryExprEnums.SubqueryType
JOIN = types.ResolvedJoinScanEnums.JoinType
# What is 0 and not NULL where there is no row.
COUNTS = {"count", "$count_star", "countif", "approx_count_distinct"}
IS_IN = (
    "CASE WHEN found IS NOT NULL THEN TRUE WHEN rows_of = 0 THEN FALSE "
    "WHEN value IS NULL OR missing > 0 THEN CAST(NULL AS BOOL) ELSE FALSE END"
)
ONE_ROW = "IF(rows_of > 1, ERROR('Scalar subquery produced more than one element'), value)"


class NotRewritten(NotUnderstood):
    """A query without a subquery that can be made a join of."""


class Rewriter:
    """Rewrites a statement.

    Args:
        analyze: analyzes the text of a statement, for the calls of functions that a join needs.
        statement: the statement.
    """

    def __init__(self, analyze: Callable[[str], Any], statement: types.ResolvedQueryStmt) -> None:
        self.analyze, self.statement = analyze, statement
        self.last = max((each.column_id for each in find(statement, types.ResolvedColumn)), default=0)
        self.changes = 0
        self.common: list[types.ResolvedWithEntry] = []  # to be put before what is being rewritten
        self.known: set[str] = set()  # the common table expressions of the whole statement so far

    def rewrite(self) -> types.ResolvedQueryStmt:
        """Rewrite the statement. Raises NotRewritten if nothing is changed."""
        query = self.statement.query
        entries: list[types.ResolvedWithEntry] = []
        if isinstance(query, types.ResolvedWithScan) and not query.recursive:
            for entry in query.with_entry_list:
                self.scan(entry.with_subquery)
                entries += [*self.common, entry]
                self.common = []
                self.known.add(entry.with_query_name)
            self.scan(query.query)
            query.with_entry_list = [*entries, *self.common]
        else:
            self.scan(query)
            if self.common:
                columns = list(query.column_list)
                self.statement.query = types.ResolvedWithScan(
                    column_list=columns, with_entry_list=self.common, query=query
                )
        if not self.changes:
            raise NotRewritten
        return self.statement

    def scan(self, scan: types.ResolvedScan) -> None:
        """Rewrite a scan, what it reads first."""
        for child in scans_below(scan):
            if isinstance(child, types.ResolvedJoinScan) and child.join_type == JOIN.INNER and child.join_expr:
                self.filter_join(scan, child)
            else:
                self.scan(child)
        subqueries = expressions(scan, types.ResolvedSubqueryExpr)
        for subquery in subqueries:
            self.scan(subquery.subquery)
        if getattr(scan, "input_scan", None) is None:
            return
        for call in expressions(scan, types.ResolvedFunctionCall):
            if function_name(call) == "$in_array" and is_array(call.argument_list[1]):
                array = call.argument_list[1]
                is_in = types.ResolvedSubqueryExpr(
                    type=call.type,
                    subquery_type=KIND.IN,
                    parameter_list=array.parameter_list,
                    in_expr=call.argument_list[0],
                    subquery=array.subquery,
                )
                replace(scan, call, is_in)
        for subquery in expressions(scan, types.ResolvedSubqueryExpr):
            if find(subquery.subquery, (types.ResolvedTableScan, types.ResolvedWithRefScan)):
                try:
                    self.join(scan, subquery)
                    self.changes += 1
                except NotRewritten:
                    continue

    def filter_join(self, parent: types.ResolvedScan, scan: types.ResolvedJoinScan) -> None:
        """Rewrite a join; those of its conditions that have subqueries are put above it."""
        parts = list(conjuncts(scan.join_expr))
        above = [part for part in parts if find(part, types.ResolvedSubqueryExpr)]
        if not above:
            self.scan(scan)
            return
        below = [part for part in parts if part not in above]
        model = scan.join_expr
        scan.join_expr = conjunction(model, below) if below else None
        columns = [*scan.left_scan.column_list, *scan.right_scan.column_list]
        scan.column_list = columns
        filtered = types.ResolvedFilterScan(
            column_list=list(columns), input_scan=scan, filter_expr=conjunction(model, above)
        )
        replace(parent, scan, filtered)
        self.scan(filtered)

    def join(self, scan: Any, subquery: types.ResolvedSubqueryExpr) -> None:  # noqa: ANN401
        """Join what a scan reads with a subquery. Raises NotRewritten, and changes nothing then."""
        is_condition = isinstance(scan, types.ResolvedFilterScan) and any(
            part is subquery for part in conjuncts(scan.filter_expr)
        )
        kind = subquery.subquery_type
        if subquery.parameter_list:
            self.join_correlated(scan, subquery, is_condition)
        elif kind == KIND.IN and is_condition:
            [value] = subquery.subquery.column_list
            [key], right = self.distinct([reference(value)], subquery.subquery)
            self.add_join(scan, right, JOIN.INNER, [(subquery.in_expr, reference(key))])
            replace(scan, subquery, self.expression("TRUE"))
        elif kind == KIND.IN:
            replace(scan, subquery, self.is_in(scan, subquery))
        elif kind in (KIND.SCALAR, KIND.EXISTS, KIND.ARRAY):
            column = self.column(subquery.type)
            right = types.ResolvedProjectScan(
                column_list=[column],
                expr_list=[types.ResolvedComputedColumn(column=column, expr=subquery)],
                input_scan=types.ResolvedSingleRowScan(),
            )
            replace(scan, subquery, reference(column))
            self.add_join(scan, right, JOIN.INNER, [])
        else:
            raise NotRewritten

    def is_in(self, scan: Any, subquery: types.ResolvedSubqueryExpr) -> types.ResolvedExpr:  # noqa: ANN401
        """Join with the values of an IN, with how many there are, and how many are NULL: NOT IN depends on them."""
        [value] = subquery.subquery.column_list
        named = {each.with_query_name for each in find(subquery.subquery, types.ResolvedWithRefScan)}
        inside = {each.with_query_name for each in find(subquery.subquery, types.ResolvedWithEntry)}
        if not named <= self.known | inside:
            raise NotRewritten  # they are not known where this one is put
        name = f"$subquery{len(self.common)}_{self.last}"
        self.common.append(types.ResolvedWithEntry(with_query_name=name, with_subquery=subquery.subquery))
        counted, listed = self.column(value.type), self.column(value.type)
        values, more_values = (
            types.ResolvedWithRefScan(column_list=[column], with_query_name=name) for column in (counted, listed)
        )
        template = self.analyze("SELECT COUNT(*), COUNTIF(value IS NULL) FROM (SELECT CAST(NULL AS STRING) AS value)")
        [aggregate] = find(template, types.ResolvedAggregateScan)
        for each in find(aggregate.aggregate_list, types.ResolvedColumnRef):
            each.column = counted
        computed: list[Any] = []
        for each in aggregate.aggregate_list:
            if find(each.expr, types.ResolvedColumnRef) or not computed:
                each.column = self.column(each.column.type)
                computed.append(each)
        rows_of, nulls = (each.column for each in computed)
        counts = types.ResolvedAggregateScan(column_list=[rows_of, nulls], aggregate_list=computed, input_scan=values)
        [key], right = self.distinct([reference(listed)], more_values)
        self.add_join(scan, counts, JOIN.INNER, [])
        self.add_join(scan, right, JOIN.LEFT, [(subquery.in_expr, reference(key))])
        return self.expression(
            IS_IN,
            found=reference(key),
            rows_of=reference(rows_of),
            missing=reference(nulls),
            value=subquery.in_expr,
        )

    def join_correlated(self, scan: Any, subquery: types.ResolvedSubqueryExpr, is_condition: bool) -> None:  # noqa: ANN401
        """Join with a subquery whose conditions equate columns of its own with those of the outer query."""
        kind, query = subquery.subquery_type, subquery.subquery
        if kind == KIND.EXISTS:
            core = Core(query, subquery.parameter_list, scan.input_scan)
            keys, right = self.distinct(core.inner, core.without_conditions(self.expression("TRUE")))
            pairs = list(zip(core.outer, map(reference, keys), strict=True))
            self.add_join(scan, right, JOIN.INNER if is_condition else JOIN.LEFT, pairs)
            found = self.expression("TRUE") if is_condition else self.expression("k IS NOT NULL", k=reference(keys[0]))
            replace(scan, subquery, found)
        elif kind == KIND.IN and is_condition:
            [value] = query.column_list
            core = Core(query, subquery.parameter_list, scan.input_scan)
            inner, outer = [*core.inner, reference(value)], [*core.outer, subquery.in_expr]
            keys, right = self.distinct(inner, core.without_conditions(self.expression("TRUE")))
            self.add_join(scan, right, JOIN.INNER, list(zip(outer, map(reference, keys), strict=True)))
            replace(scan, subquery, self.expression("TRUE"))
        elif kind == KIND.SCALAR:
            self.join_scalar(scan, subquery)
        else:
            raise NotRewritten

    def join_scalar(self, scan: Any, subquery: types.ResolvedSubqueryExpr) -> None:  # noqa: ANN401
        """Join with the one value that a correlated subquery has for each value of its keys."""
        query = subquery.subquery
        [value] = query.column_list
        projects: list[Any] = []
        while isinstance(query, types.ResolvedProjectScan):
            projects.append(query)
            query = query.input_scan
        if type(query) is types.ResolvedAggregateScan and not query.group_by_list and not query.grouping_set_list:
            core = Core(query.input_scan, subquery.parameter_list, scan.input_scan)
            if has_outer(query.aggregate_list, core.outer_ids) or has_outer(projects, core.outer_ids, below=False):
                raise NotRewritten
            core_scan = core.without_conditions(self.expression("TRUE"))
            keys, right = self.distinct(core.inner, core_scan)
            right.aggregate_list = query.aggregate_list
            right.column_list = [*keys, *(each.column for each in query.aggregate_list)]
            result: Any = reference(value)
            for project in projects:
                for computed in project.expr_list:
                    result = substitute(result, computed.column.column_id, computed.expr)
            for each in query.aggregate_list:
                if function_name(each.expr) in COUNTS:
                    zero = self.expression("IF(k IS NULL, 0, n)", k=reference(keys[0]), n=reference(each.column))
                    result = substitute(result, each.column.column_id, zero)
        else:
            core = Core(subquery.subquery, subquery.parameter_list, scan.input_scan, limited=True)
            core_scan = core.without_conditions(self.expression("TRUE"))
            keys, right = self.distinct(core.inner, core_scan)
            template = self.analyze("SELECT ANY_VALUE(value), COUNT(*) FROM (SELECT CAST(NULL AS STRING) AS value)")
            [aggregate] = find(template, types.ResolvedAggregateScan)
            any_value, rows_of = aggregate.aggregate_list
            [argument] = any_value.expr.argument_list
            argument.column, argument.type, any_value.expr.type = value, value.type, value.type
            any_value.column, rows_of.column = self.column(value.type), self.column(rows_of.column.type)
            right.aggregate_list = [any_value, rows_of]
            right.column_list = [*keys, any_value.column, rows_of.column]
            result = reference(any_value.column)
            if not core.limit:
                result = self.expression(ONE_ROW, rows_of=reference(rows_of.column), value=result)
        self.add_join(scan, right, JOIN.LEFT, list(zip(core.outer, map(reference, keys), strict=True)))
        replace(scan, subquery, result)

    def distinct(
        self, values: Sequence[types.ResolvedExpr], scan: types.ResolvedScan
    ) -> tuple[list[types.ResolvedColumn], types.ResolvedAggregateScan]:
        """The distinct values of some expressions over a scan."""
        keys = [self.column(value.type) for value in values]
        grouping = [
            types.ResolvedComputedColumn(column=key, expr=value) for key, value in zip(keys, values, strict=True)
        ]
        return keys, types.ResolvedAggregateScan(column_list=list(keys), group_by_list=grouping, input_scan=scan)

    def add_join(
        self,
        scan: Any,  # noqa: ANN401
        right: types.ResolvedScan,
        kind: types.ResolvedJoinScanEnums.JoinType,
        pairs: Sequence[tuple[types.ResolvedExpr, types.ResolvedExpr]],
    ) -> None:
        """Let a scan read its input joined with another scan, where all pairs are equal."""
        condition: types.ResolvedExpr | None = None
        for one, other in pairs:
            equation = self.expression("one = other", one=one, other=other)
            if condition:
                equation = self.expression("one_ AND other_", one_=condition, other_=equation)
            condition = equation
        left = scan.input_scan
        scan.input_scan = types.ResolvedJoinScan(
            column_list=[*left.column_list, *right.column_list],
            join_type=kind,
            left_scan=left,
            right_scan=right,
            join_expr=condition,
        )

    def column(self, kind: types.Type) -> types.ResolvedColumn:
        """A new column."""
        self.last += 1
        return types.ResolvedColumn(column_id=self.last, table_name="$subquery", name=f"$value{self.last}", type=kind)

    def expression(self, text: str, **values: types.ResolvedExpr) -> types.ResolvedExpr:
        """An expression, with expressions for its names: those that end in "_" are conditions, those of rows counts.

        The types of others do not matter: the tree is made text again.
        """
        kinds = {name: "BOOL" if name.endswith("_") else "INT64" for name in values}
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in kinds.items())
        source = f" FROM (SELECT {columns})" if columns else ""
        statement = self.analyze(f"SELECT {text} AS result{source}")
        [result] = [
            each.expr
            for each in find(statement, types.ResolvedComputedColumn)
            if each.column.column_id == statement.output_column_list[0].column.column_id
        ]
        holder = types.ResolvedComputedColumn(expr=result)
        for name, value in values.items():
            for each in find(holder, types.ResolvedColumnRef):
                if each.column.name == name:
                    replace(holder, each, value)
        return holder.expr


class Core:
    """What a correlated subquery reads, and the pairs of its columns and the outer query's that it equates.

    Raises:
        NotRewritten: it depends on the outer query otherwise.
    """

    def __init__(
        self,
        query: types.ResolvedScan,
        parameters: Sequence[types.ResolvedColumnRef],
        outer_scan: types.ResolvedScan,
        limited: bool = False,
    ) -> None:
        self.query, self.limit = query, False
        self.outer_ids = {each.column.column_id for each in parameters}
        if not self.outer_ids <= {each.column_id for each in outer_scan.column_list}:
            raise NotRewritten
        self.chain: list[Any] = []
        self.inner: list[types.ResolvedExpr] = []
        self.outer: list[types.ResolvedExpr] = []
        self.kept: list[tuple[Any, list[types.ResolvedExpr]]] = []
        scan: Any = query
        while isinstance(
            scan,
            types.ResolvedProjectScan
            | types.ResolvedFilterScan
            | types.ResolvedOrderByScan
            | types.ResolvedLimitOffsetScan,
        ):
            if isinstance(scan, types.ResolvedLimitOffsetScan):
                if scan.offset or (limited and (limit_of(scan) != 1 or find(query, types.ResolvedOrderByScan))):
                    raise NotRewritten
                if not limit_of(scan):
                    raise NotRewritten
                self.limit = True
            if isinstance(scan, types.ResolvedFilterScan):
                self.split(scan)
            elif has_outer(scan, self.outer_ids, below=False):
                raise NotRewritten
            self.chain.append(scan)
            scan = scan.input_scan
        if not self.inner or has_outer(scan, self.outer_ids):
            raise NotRewritten

    def split(self, scan: types.ResolvedFilterScan) -> None:
        """Split a condition into pairs and what is of the subquery alone."""
        kept = []
        for part in conjuncts(scan.filter_expr):
            if not has_outer(part, self.outer_ids):
                kept.append(part)
                continue
            if function_name(part) != "$equal" if isinstance(part, types.ResolvedFunctionCall) else True:
                raise NotRewritten
            one, other = part.argument_list
            if has_outer(one, self.outer_ids):
                one, other = other, one
            references = find(other, types.ResolvedColumnRef)
            if (
                has_outer(one, self.outer_ids)
                or not references
                or find([one, other], types.ResolvedSubqueryExpr)
                or any(each.column.column_id not in self.outer_ids for each in references)
            ):
                raise NotRewritten
            self.inner.append(one)
            self.outer.append(other)
        self.kept.append((scan, kept))

    def without_conditions(self, true: types.ResolvedExpr) -> types.ResolvedScan:
        """What the subquery reads, without its conditions on the outer query, and without its order and limit."""
        for each in find(self.outer, types.ResolvedColumnRef):
            each.is_correlated = False
        for scan, kept in self.kept:
            scan.filter_expr = conjunction(scan.filter_expr, kept) if kept else true
        needed = [each.column for each in find(self.inner, types.ResolvedColumnRef)]
        below: Any = self.chain[-1].input_scan if self.chain else self.query
        for scan in reversed(self.chain):
            if isinstance(scan, types.ResolvedOrderByScan | types.ResolvedLimitOffsetScan):
                continue
            scan.input_scan = below
            known = {each.column_id for each in scan.column_list}
            for column in needed:
                if column.column_id not in known:
                    scan.column_list.append(column)
                    known.add(column.column_id)
            below = scan
        return below


def conjunction(model: types.ResolvedFunctionCall, parts: Sequence[types.ResolvedExpr]) -> types.ResolvedExpr:
    """Conditions that must all hold; of more than one there is an AND already."""
    if len(parts) == 1:
        return parts[0]
    return types.ResolvedFunctionCall(
        type=model.type, function=model.function, signature=model.signature, argument_list=list(parts)
    )


def conjuncts(condition: types.ResolvedExpr) -> Iterator[types.ResolvedExpr]:
    """The conditions that must all hold."""
    if isinstance(condition, types.ResolvedFunctionCall) and function_name(condition) == "$and":
        for part in condition.argument_list:
            yield from conjuncts(part)
    else:
        yield condition


def reference(column: types.ResolvedColumn) -> types.ResolvedColumnRef:
    return types.ResolvedColumnRef(type=column.type, column=column)


def is_array(node: object) -> bool:
    return isinstance(node, types.ResolvedSubqueryExpr) and node.subquery_type == KIND.ARRAY


def limit_of(scan: types.ResolvedLimitOffsetScan) -> int | None:
    """The number of a LIMIT, if it is one."""
    return scan.limit.value.value.int64_value if isinstance(scan.limit, types.ResolvedLiteral) else None


def has_outer(node: object, numbers: set[int], below: bool = True) -> bool:
    """Whether something reads columns of the outer query; without `below`, only the expressions of a scan."""
    found = find(node, types.ResolvedColumnRef, () if below else SCAN)
    return any(each.is_correlated and each.column.column_id in numbers for each in found)


def children(node: object) -> Iterator[tuple[object, str, int | None, object]]:
    """What a node of the tree holds: the node, the field, the position in a list, and the value."""
    for field in fields(node):  # type: ignore[arg-type]
        value = getattr(node, field.name)
        if isinstance(value, list):
            yield from ((node, field.name, number, each) for number, each in enumerate(value))
        else:
            yield node, field.name, None, value


def scans_below(node: object) -> list[Any]:
    """The scans that a scan reads, not those of its subqueries."""
    found: list[Any] = []
    for _, _, _, value in children(node):
        if isinstance(value, SCAN):
            found.append(value)
        elif hasattr(value, "__dataclass_fields__") and not isinstance(value, types.ResolvedSubqueryExpr):
            found += scans_below(value)
    return found


def expressions(node: object, kind: type) -> list[Any]:
    """The expressions of a kind in a scan, not those of what it reads, or within subqueries."""
    found: list[Any] = []
    for _, _, _, value in children(node):
        if isinstance(value, kind):
            found.append(value)
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, SCAN):
            if isinstance(value, types.ResolvedSubqueryExpr):
                found += expressions(value.in_expr, kind) if value.in_expr else []
            else:
                found += expressions(value, kind)
    return found


def replace(node: object, old: object, new: object) -> bool:
    """Replace an expression within a scan or an expression."""
    for owner, name, number, value in children(node):
        if value is old:
            if number is None:
                setattr(owner, name, new)
            else:
                getattr(owner, name)[number] = new
            return True
        is_inside = hasattr(value, "__dataclass_fields__") and not isinstance(value, SCAN)
        if is_inside and replace(value, old, new):
            return True
    return False


def substitute(expression: types.ResolvedExpr, number: int, new: types.ResolvedExpr) -> types.ResolvedExpr:
    """Put an expression in the place of a column."""
    holder = types.ResolvedComputedColumn(expr=expression)
    for each in find(holder, types.ResolvedColumnRef):
        if each.column.column_id == number:
            replace(holder, each, new)
    return holder.expr
