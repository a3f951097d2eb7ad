"""What the rules withheld of an answer: groups below a threshold, and rows that match nothing in a join.

It is counted, by queries of its own, and what is not known is not said. What the query itself leaves out, by its WHERE,
DISTINCT, LIMIT or its own join conditions, is no rule's doing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.cells import write
from dcr_data_generator.clean_room.analysis_rules.engine import REWRITES, Answer, GoogleSQL
from dcr_data_generator.clean_room.analysis_rules.lineage import (
    THRESHOLD,
    Clause,
    Column,
    Join,
    Lineage,
    NotUnderstood,
    Origin,
    Source,
    columns_from_outside,
    find,
)
from dcr_data_generator.clean_room.policy import Condition, PrivacyPolicy

MAX_LINES = 5
# What leaves out rows of a table.
LEAVING_OUT = (
    types.ResolvedFilterScan,
    types.ResolvedJoinScan,
    types.ResolvedLimitOffsetScan,
    types.ResolvedSetOperationScan,
)
# What may be the same with and without a group.
MADE_OF_GROUPS = (types.ResolvedAggregateScan, types.ResolvedSetOperationScan, types.ResolvedSubqueryExpr)


class Withheld(NamedTuple):
    """What was withheld, one line each, and whether that is all."""

    lines: list[str]
    is_counted: bool


def shortened(lines: Sequence[str], what: str) -> list[str]:
    """The first lines, and how many more there are of what one of them is."""
    more = len(lines) - MAX_LINES
    return [*lines[:MAX_LINES], *([f"and {more:,} more {what}{'s' * (more > 1)}"] if more > 0 else [])]


def keys_of(answer: Answer, places: Sequence[int]) -> set[str]:
    """The groups of an answer, by the places of their keys."""
    return {repr([row[place] for place in places]) for row in answer.rows}


# Groups.


def groups_withheld(
    engine: GoogleSQL,
    text: str,
    statement: types.ResolvedQueryStmt,
    clauses: Sequence[Clause],
    answer: Answer,
    everything: Callable[[], Answer] | None,
) -> Withheld:
    """Say which groups a threshold withheld.

    Args:
        engine: has the rows.
        text: the query, with its options.
        statement: what it means.
        clauses: its clauses with a threshold.
        answer: what the query answered.
        everything: what it would answer without a threshold; None where noise would make it another answer anyway.
    """
    missing: list[tuple[tuple, str]] = []
    for clause in clauses:
        try:
            groups = count_people(engine, text, clause)
        except NotUnderstood:
            return Withheld([], is_counted=False)
        threshold = clause.options["threshold"] or 0
        small = sorted((row for row in groups.rows if row[-1] < threshold), key=lambda row: -row[-1])
        for *keys, people in small:
            counted = f"{people:,} {'person' if people == 1 else 'people'}"
            name = ", ".join(map(write, keys)) or "everyone"
            missing.append((tuple(keys), f"{name}: {counted}, withheld: fewer than {threshold:g}"))
    if not missing or everything is None:
        return Withheld(shortened([line for _, line in missing], "group"), is_counted=True)
    unlimited = everything()
    if Counter(map(repr, unlimited.rows)) == Counter(map(repr, answer.rows)):
        # The query itself leaves them out; or what is made of the groups, such as a maximum, happens to be the same.
        return Withheld([], is_counted=not find(statement, MADE_OF_GROUPS))
    grouping = [part for clause in clauses for part in clause.scan.group_by_list]
    places = positions(statement, grouping)
    if len(clauses) == 1 and grouping and len(places) == len(grouping):
        hidden = keys_of(unlimited, places) - keys_of(answer, places)
        missing = [
            each for each in missing if repr([each[0][number] for number in order(statement, grouping)]) in hidden
        ]
    return Withheld(shortened([line for _, line in missing], "group"), is_counted=True)


def positions(statement: types.ResolvedQueryStmt, computed: Sequence[types.ResolvedComputedColumn]) -> list[int]:
    """The places of computed columns in the answer."""
    numbers = {part.column.column_id for part in computed}
    outputs = statement.output_column_list
    return [place for place, output in enumerate(outputs) if output.column.column_id in numbers]


def order(statement: types.ResolvedQueryStmt, grouping: Sequence[types.ResolvedComputedColumn]) -> list[int]:
    """The order in which the answer shows what is grouped by."""
    numbers = [part.column.column_id for part in grouping]
    shown = [output.column.column_id for output in statement.output_column_list]
    return [numbers.index(number) for number in shown if number in numbers]


def count_people(engine: GoogleSQL, text: str, clause: Clause) -> Answer:
    """Count the people in each group of a clause, which the query's own conditions leave.

    The engine counts them itself to compare them with the threshold. What it makes of the query is asked without that.

    Raises:
        NotUnderstood: the clause stands where it cannot be asked alone.
    """
    statement = engine.resolve(text, rewrites=REWRITES)
    selects = engine.clauses(text)
    scans = [each for each in find(statement, THRESHOLD) if number_of(each, selects) == clause.number]
    chain = path_to(statement.query, scans[0]) if scans else []
    limit = next((each for each in chain if is_threshold(each, scans[0])), None)
    if limit is None:
        raise NotUnderstood("it is not known which groups were withheld")
    scan = scans[0]
    [people] = find(limit.filter_expr, types.ResolvedColumnRef)
    columns = [*(part.column for part in scan.group_by_list), people.column]
    query: Any = types.ResolvedAggregateScan(
        column_list=list(scan.column_list),
        input_scan=scan.input_scan,
        group_by_list=scan.group_by_list,
        aggregate_list=scan.aggregate_list,
    )
    there = {column.column_id for column in query.column_list}
    query.column_list += [column for column in columns if column.column_id not in there]
    above = chain[: chain.index(limit)]
    while above and isinstance(
        above[-1], types.ResolvedFilterScan | types.ResolvedProjectScan | types.ResolvedOrderByScan
    ):
        own = above.pop()
        if isinstance(own, types.ResolvedOrderByScan):
            continue
        if find(own, types.ResolvedSubqueryExpr, closed=types.ResolvedScan):
            break
        own.input_scan = query
        known = {column.column_id for column in own.column_list}
        own.column_list = [*own.column_list, *(column for column in columns if column.column_id not in known)]
        query = own
    return ask_scan(engine, statement, query, columns)


def is_threshold(node: object, scan: types.ResolvedScan) -> bool:
    return isinstance(node, types.ResolvedFilterScan) and node.input_scan is scan


def number_of(scan: types.ResolvedScan, selects: Sequence[types.ASTSelect]) -> int:
    """Which of the SELECTs with a privacy clause a scan is: the innermost around its functions and what it groups by.

    Raises:
        NotUnderstood: it is none of them.
    """
    nodes = find([*scan.aggregate_list, *scan.group_by_list], types.ResolvedExpr)
    starts = [node.parse_location_range.start for node in nodes if node.parse_location_range]
    around = {}
    for number, select in enumerate(selects):
        place = select.parse_location_range
        if any(place.start <= start < place.end for start in starts):
            around[place.end - place.start] = number
    if not around:
        raise NotUnderstood("this privacy clause is not supported in a rehearsal")
    return around[min(around)]


def path_to(root: object, wanted: object) -> list[Any]:
    """The nodes of a tree from its root down to one, without this one."""
    if root is wanted:
        return []
    for child in nodes_below(root):
        if child is wanted:
            return [root]
        if below := path_to(child, wanted):
            return [root, *below]
    return []


def nodes_below(node: object) -> Iterator[object]:
    for name in getattr(node, "__dataclass_fields__", ()):
        value = getattr(node, name)
        yield from value if isinstance(value, list) else [value]


def ask_scan(
    engine: GoogleSQL,
    statement: types.ResolvedQueryStmt,
    scan: types.ResolvedScan,
    columns: Sequence[types.ResolvedColumn],
) -> Answer:
    """Ask a part of a statement alone, with the common table expressions that it reads.

    Raises:
        NotUnderstood: it depends on what is around it.
    """
    if any(each.is_correlated for each in find(scan, types.ResolvedColumnRef)) and columns_from_outside(scan):
        raise NotUnderstood("it depends on the outer query")
    entries = [each for with_scan in find(statement, types.ResolvedWithScan) for each in with_scan.with_entry_list]
    inside = {each.with_query_name for each in find(scan, types.ResolvedWithEntry)}
    needed: set[str] = set()
    waiting: list[object] = [scan]
    while waiting:
        names = {each.with_query_name for each in find(waiting.pop(), types.ResolvedWithRefScan)} - needed - inside
        needed |= names
        waiting += [each.with_subquery for each in entries if each.with_query_name in names]
    if entries := [each for each in entries if each.with_query_name in needed]:
        scan = types.ResolvedWithScan(column_list=list(scan.column_list), with_entry_list=entries, query=scan)
    outputs = [types.ResolvedOutputColumn(name=f"c{number}", column=column) for number, column in enumerate(columns)]
    return engine.evaluate(engine.text_of(types.ResolvedQueryStmt(output_column_list=outputs, query=scan)))[0]


# Noise.


def noise_left_out(statement: types.ResolvedQueryStmt, clause: Clause, answer: Answer, everything: Answer) -> list[str]:
    """Say which groups and figures an answer with noise leaves out.

    Args:
        statement: what the query means.
        clause: its only privacy clause.
        answer: what it answered.
        everything: what it would answer without noise.
    """
    lines = []
    places = positions(statement, clause.scan.group_by_list)
    if clause.scan.group_by_list and len(places) == len(clause.scan.group_by_list):
        groups = {repr([row[place] for place in places]): [row[place] for place in places] for row in everything.rows}
        for group in groups.keys() - keys_of(answer, places):
            lines.append(f"{', '.join(map(write, groups[group]))}: withheld, too few people to be shown with noise")
    for place in positions(statement, clause.scan.aggregate_list):
        if missing := sum(row[place] is None for row in answer.rows):
            values = (
                f"{missing:,} of {len(answer.rows):,} value{'s' * (len(answer.rows) > 1)} of {answer.columns[place]}"
            )
            lines.append(
                f"{values}, withheld: too few people to find the contribution bounds that the query leaves out"
            )
    return sorted(lines)


def count_rows(engine: GoogleSQL, statement: types.ResolvedQueryStmt, scan: types.ResolvedScan) -> int:
    """Count the rows of a part of a query. Raises NotUnderstood where it depends on what is around it."""
    template = engine.resolve("SELECT COUNT(*) FROM (SELECT 1)")
    [aggregate] = find(template, types.ResolvedAggregateScan)
    [counted] = aggregate.aggregate_list
    counted.column.column_id = 1 + max(each.column_id for each in find(statement, types.ResolvedColumn))
    query = types.ResolvedAggregateScan(column_list=[counted.column], input_scan=scan, aggregate_list=[counted])
    [[rows]] = ask_scan(engine, statement, query, [counted.column]).rows
    return int(rows)


# Rows.


def rows_withheld(
    engine: GoogleSQL, lineage: Lineage, statement: types.ResolvedQueryStmt, policies: dict[str, PrivacyPolicy]
) -> Withheld:
    """Say how many rows of views match nothing in the join that the views' rule asks for.

    Args:
        engine: has the rows.
        lineage: where the query's columns come from.
        statement: what the query means.
        policies: of the views of which it is to be said: those of the other parties.
    """
    lines, is_counted = [], True
    for view in dict.fromkeys(source.table for source in lineage.sources if source.table in policies):
        policy = policies[view].join_restriction_policy
        if not policy or policy.join_condition not in (Condition.ALL, Condition.ANY):
            continue
        allowed = [column.lower() for column in policy.join_allowed_columns]
        sources = [source for source in lineage.sources if source.table == view]
        try:
            matched = [matching(engine, statement, source, allowed, policy.join_condition) for source in sources]
        except NotUnderstood:
            is_counted = False
            continue
        rows = engine.rows(view)
        names = [column.name.lower() for column in engine.tables[view].column]
        missing = 0
        for row in rows:
            missing += not any(
                tuple(row[names.index(column)] for column in columns) in values for columns, values in matched
            )
        if not missing and is_joined_with_a_part(statement, view):
            is_counted = False  # no row is kept from this party, but few may be shown
        elif missing:
            columns = " and ".join(dict.fromkeys(column for each, _ in matched for column in each))
            shown = "counted" if policies[view].privacy_unit_column else "shown"
            of_view = f"{missing:,} of the {len(rows):,} row{'s' * (len(rows) > 1)} of {view}"
            lines.append(f"{of_view}, withheld: only those that match on {columns} are {shown}")
    return Withheld(lines, is_counted)


def is_joined_with_a_part(statement: types.ResolvedQueryStmt, view: str) -> bool:
    """Whether a view is joined with rows that the query has chosen, such as those of WHERE or LIMIT in a subquery."""
    entries = {entry.with_query_name: entry.with_subquery for entry in find(statement, types.ResolvedWithEntry)}

    def below(scan: types.ResolvedScan) -> list[types.ResolvedScan]:
        scans = find(scan, types.ResolvedScan)
        names = [each.with_query_name for each in scans if isinstance(each, types.ResolvedWithRefScan)]
        return [*scans, *(each for name in names for each in below(entries[name]))]

    for join in find(statement, types.ResolvedJoinScan):
        for own, other in ((join.left_scan, join.right_scan), (join.right_scan, join.left_scan)):
            tables = {each.table.name for each in below(own) if isinstance(each, types.ResolvedTableScan)}
            if view in tables and any(isinstance(each, LEAVING_OUT) for each in below(other)):
                return True
    return False


def matching(
    engine: GoogleSQL, statement: types.ResolvedQueryStmt, source: Source, allowed: Sequence[str], condition: Condition
) -> tuple[list[str], set[tuple]]:
    """The columns on which a view is joined, and the values that match.

    Raises:
        NotUnderstood: it is joined with several tables, or with one whose values cannot be counted.
    """
    pairs: dict[str, list[tuple[Column, Join]]] = {}
    for join in source.joins:
        if join.is_inner if condition is Condition.ALL else not join.keeps_rows:
            for column, partner in join.pairs:
                for origin in column.origins:
                    if origin.source is source and origin.unchanged and origin.column in allowed:
                        pairs.setdefault(origin.column, []).append((partner, join))
    columns = [column for column in allowed if column in pairs]
    partners = [base_of(engine, source, column, pairs[column]) for column in columns]
    if not columns or len({each.source.table for each in partners}) != 1:
        raise NotUnderstood("the view is joined with several tables")
    table = partners[0].source.table
    names = [column.name.lower() for column in engine.tables[table].column]
    places = [names.index(each.column) for each in partners]
    values = {tuple(row[place] for place in places) for row in engine.rows(table)}
    return columns, {each for each in values if None not in each}


def base_of(engine: GoogleSQL, source: Source, column: str, pairs: Sequence[tuple[Column, Join]]) -> Origin:
    """The column of a table with which a column of a view is joined, unchanged and of the same type."""
    origins = {origin for partner, _ in pairs for origin in partner.origins}
    tables = {(origin.source.table, origin.column) for origin in origins}
    if len(tables) != 1 or not all(origin.unchanged for origin in origins):
        raise NotUnderstood("the view is joined with what is computed")
    origin = next(iter(origins))
    if kind_of_column(engine, origin.source.table, origin.column) != kind_of_column(engine, source.table, column):
        raise NotUnderstood("the view is joined with another type")
    return origin


def kind_of_column(engine: GoogleSQL, table: str, column: str) -> object:
    return next(each.type.type_kind for each in engine.tables[table].column if each.name.lower() == column)
