"""Finds a query that would be allowed: the refused query itself, put right, or an example of its view."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.access import Party, queries_of
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood, find
from dcr_data_generator.clean_room.analysis_rules.reply import Fix, Refused
from dcr_data_generator.clean_room.analysis_rules.rules import KEYWORDS
from dcr_data_generator.clean_room.analysis_rules.syntax import as_range, edit, names_of, on_one_line, part
from dcr_data_generator.clean_room.policy import Condition, PrivacyPolicy

if TYPE_CHECKING:
    from dcr_data_generator.clean_room.analysis_rules.room import CleanRoom

OUTER = re.compile(r"\b(LEFT|RIGHT|FULL)\s+(OUTER\s+)?JOIN\b", re.IGNORECASE)
GROUPABLE = {types.TypeKind.TYPE_STRING, types.TypeKind.TYPE_BOOL}


def find_allowed(room: "CleanRoom", text: str, party: Party, refusal: Refused) -> str | None:
    """A query that the same party may ask now; None if there is none."""
    for query in chain(repairs(room, text, refusal), examples(room, text, party, refusal)):
        line = on_one_line(query)
        if room.allows(line, party.name) and is_shown(room, line):
            return line
    return None


def is_shown(room: "CleanRoom", text: str) -> bool:
    """Whether the figures of a query with noise have bounds: without them, those of few people are NULL."""
    if KEYWORDS[True] not in text:
        return True
    calls = room.engine.nodes(text, types.ASTFunctionCall)
    figures = [call for call in calls if call.function.names[-1].id_string.upper() in ("AVG", "COUNT", "SUM")]
    return all("contribution_bounds" in part(text, as_range(call)).lower() for call in figures)


# The query itself, put right.


def repairs(room: "CleanRoom", text: str, refusal: Refused) -> Iterator[str]:
    """The query with a change that its refusal asks for."""
    repaired = text
    try:
        match refusal.fix:
            case Fix.SCRIPT:
                yield from (part(text, as_range(query)) for query in queries_of(room.engine, text))
            case Fix.CLAUSE:
                repaired = with_clause(room, text, refusal.view)
            case Fix.OPTIONS:
                repaired = without_options(room, text)
            case Fix.FUNCTION:
                repaired = with_averages(room, text)
            case Fix.JOIN:
                repaired = OUTER.sub("JOIN", text)
    except NotUnderstood:
        return
    if repaired != text:
        yield repaired


def with_clause(room: "CleanRoom", text: str, view: str | None) -> str:
    """Give each SELECT that reads a view the clause that its policy asks for."""
    edits = []
    for select in room.engine.nodes(text, types.ASTSelect):
        sources = find(select.from_clause, types.ASTTablePathExpression, closed=types.ASTSelect)
        if view and any(room.name_of(names_of(source)) == view for source in sources):
            keyword = KEYWORDS[room.policies[view].differential_privacy_policy is not None]
            start = as_range(select).start + len("SELECT")
            place = as_range(select.select_with) if select.select_with else range(start, start)
            edits.append((place, f" WITH {keyword}" if not place else f"WITH {keyword}"))
    return edit(text, edits)


def without_options(room: "CleanRoom", text: str) -> str:
    """Leave the options of the privacy clauses to the views' policies."""
    clauses = [select.select_with for select in room.engine.clauses(text)]
    return edit(text, [(as_range(each), f"WITH {each.identifier.id_string.upper()}") for each in clauses])


def with_averages(room: "CleanRoom", text: str) -> str:
    """Ask for the average where one person's value is asked for; the figure loses its name, which was another's."""
    edits = []
    for call in room.engine.nodes(text, types.ASTFunctionCall):
        name = call.function.names[-1].id_string.upper()
        if name in ("MAX", "MIN", "ANY_VALUE"):
            edits.append((as_range(call.function), "AVG"))
        elif name in ("ARRAY_AGG", "STRING_AGG"):
            edits.append((as_range(call.function), "COUNT"))
    for column in room.engine.nodes(text, types.ASTSelectColumn):
        expression = as_range(column.expression)
        if column.alias and any(place.start in expression for place, _ in edits):
            edits.append((range(expression.stop, as_range(column.alias).stop), ""))
    return edit(text, edits)


# An example.


def examples(room: "CleanRoom", text: str, party: Party, refusal: Refused) -> Iterator[str]:
    """Queries of the refused view; of those that the query names, and of views of the table that was denied."""
    if room.templates_only:
        yield from calls(room, party)
    first = [refusal.view] if refusal.view else []
    first += [view for view in room.policies if refusal.table and refusal.table in room.tables_behind(view)]
    first += [view for view in room.policies if re.search(rf"\b{re.escape(view)}\b", text)]
    others = [view for view in room.policies if party.name not in room.sharers[view]]
    for view in dict.fromkeys([*first, *others, *room.policies]):
        if not room.templates_only:
            yield from example(room, view, party)
    for table in room.tables_of(party):
        yield f"SELECT COUNT(*) AS number_of_rows FROM {table}"


def example(room: "CleanRoom", view: str, party: Party) -> Iterator[str]:
    """A query of a view as its policy wants it: groups of people, or rows, joined where a join is asked for."""
    policy, name = room.policies[view], room.shown_name(view)
    columns = {column.name: column.type.type_kind for column in room.engine.tables[view].column}
    joins = policy.join_restriction_policy
    allowed = list(joins.join_allowed_columns) if joins else []
    if not joins or joins.join_condition in (Condition.BLOCKED, Condition.NOT_REQUIRED):
        yield written(policy, columns, allowed, f"{name} AS v")
        return
    on = [allowed] if joins.join_condition is Condition.ALL else [[column] for column in allowed]
    for keys in on:
        for partner in room.relations_of(party):
            if partner != view and {key.lower() for key in keys} <= {*room.column_names(partner)}:
                condition = " AND ".join(f"o.{key} = v.{key}" for key in keys)
                source = f"{name} AS v JOIN {room.shown_name(partner)} AS o ON {condition}"
                yield written(policy, columns, allowed, source)


def written(policy: PrivacyPolicy, columns: dict[str, types.TypeKind], allowed: list[str], source: str) -> str:
    """Write a query: of a view with a privacy unit, how many people are in each group."""
    unit = policy.privacy_unit_column
    if not unit:
        return f"SELECT v.* FROM {source} LIMIT 10"
    others = {each.lower() for each in [unit, *allowed]}
    group = next((name for name, kind in columns.items() if kind in GROUPABLE and name.lower() not in others), None)
    is_noisy = policy.differential_privacy_policy is not None
    people = "COUNT(*, contribution_bounds_per_group => (0, 1))" if is_noisy else f"COUNT(DISTINCT v.{unit})"
    selected = f"{f'v.{group}, ' if group else ''}{people} AS number_of_people"
    return f"SELECT WITH {KEYWORDS[is_noisy]} {selected} FROM {source}{f' GROUP BY v.{group}' if group else ''}"


def calls(room: "CleanRoom", party: Party) -> Iterator[str]:
    """Calls of the query templates with a table or view of the party's own."""
    for function, template in room.engine.functions.items():
        for relation in room.relations_of(party):
            if {column.lower() for column in template.columns} <= {*room.column_names(relation)}:
                yield f"SELECT * FROM {room.shown_name(function)}(TABLE {relation})"
