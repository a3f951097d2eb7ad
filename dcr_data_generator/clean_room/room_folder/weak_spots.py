"""What is weak about a room: policies that protect nothing or allow nothing, each with the file and the line."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.clean_room.policy import Condition
from dcr_data_generator.clean_room.room_folder.room import Room, RoomView, listed
from dcr_data_generator.clean_room.weak_policies import MAX_BUDGET, MIN_THRESHOLD, NAMES
from dcr_data_generator.values import counted

STARS = (types.ASTStar, types.ASTStarWithModifiers, types.ASTDotStar, types.ASTDotStarWithModifiers)


class WeakSpot(NamedTuple):
    """A sentence, and the file and the line that it is about."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


def weak_spots(room: Room, clean_room: CleanRoom) -> list[WeakSpot]:
    """Find what is weak about a room; reads the rows of the shared views."""
    shared = [view for view in room.views if view.name in clean_room.policies]
    return [
        spot
        for view in shared
        for find in (of_threshold, of_budget, of_other_views, of_list, of_joins)
        for spot in find(view, clean_room, shared)
    ]


def of_threshold(view: RoomView, clean_room: CleanRoom, _: list[RoomView]) -> Iterator[WeakSpot]:
    """A threshold that is too low, or that the data never reach."""
    policy = view.policy.aggregation_threshold_policy
    if not policy:
        return
    line = view.line_of('"threshold"')
    if policy.threshold < MIN_THRESHOLD:
        yield WeakSpot(
            view.file,
            line,
            f"the threshold of {view.name} is {policy.threshold}: below {MIN_THRESHOLD}, groups are nearly people",
        )
    people = len(values_of(clean_room, view.name, policy.privacy_unit_column) - {None})
    if people < policy.threshold:
        yield WeakSpot(
            view.file,
            line,
            f"no query of {view.name} can be answered: it has {people} different values of "
            f"{policy.privacy_unit_column}, and the threshold is {policy.threshold}",
        )


def of_budget(view: RoomView, _: CleanRoom, __: list[RoomView]) -> Iterator[WeakSpot]:
    """A privacy budget that protects nothing."""
    policy = view.policy.differential_privacy_policy
    if policy and policy.epsilon_budget > MAX_BUDGET:
        yield WeakSpot(
            view.file,
            view.line_of('"epsilon_budget"'),
            f"the epsilon budget of {view.name} is {policy.epsilon_budget:g}: above {MAX_BUDGET}, the answers together "
            "hide nobody",
        )


def of_other_views(view: RoomView, clean_room: CleanRoom, shared: list[RoomView]) -> Iterator[WeakSpot]:
    """A view that shows exactly the rows that this one hides in noise."""
    for other in shared if view.policy.differential_privacy_policy else []:
        tables = clean_room.tables_behind(view.name) & clean_room.tables_behind(other.name) & clean_room.tables.keys()
        if tables and not other.policy.differential_privacy_policy:
            yield WeakSpot(
                other.file,
                other.line,
                f"{other.name} answers exactly about the rows of {listed(tables)}, which {view.name} hides in noise",
            )


def of_list(view: RoomView, clean_room: CleanRoom, _: list[RoomView]) -> Iterator[WeakSpot]:
    """A view that shows rows: with columns that name people, all columns, or rows that are like no other."""
    if view.policy.privacy_unit_column:
        return
    columns, joins = clean_room.columns[view.name], view.policy.join_restriction_policy
    kind = "is a list overlap that shows" if joins else "has no policy, and shows"
    if names := [each for each in columns if NAMES.fullmatch(each) and not each.startswith("hashed_")]:
        yield WeakSpot(
            view.file, view.query_line, f"{view.name} {kind} {', '.join(names)}: people who match are known by it"
        )
    selected = clean_room.engine.nodes(view.query, types.ASTSelectColumn)
    for star in [each for each in selected if isinstance(each.expression, STARS)][:1]:
        line = view.query_line + view.query.encode()[: star.parse_location_range.start].count(b"\n")
        yield WeakSpot(
            view.file, line, f"{view.name} {kind} all columns (SELECT *): a column that is added is shared at once"
        )
    keys = {each.lower() for each in joins.join_allowed_columns} if joins else set()
    places = [place for place, each in enumerate(columns) if each not in keys]
    groups = Counter(repr([row[place] for place in places]) for row in clean_room.rows(view.name))
    if places and (alone := sum(count == 1 for count in groups.values())):
        yield WeakSpot(
            view.file,
            view.query_line,
            f"{view.name} {kind} {alone:,} of {counted(groups.total(), 'row')} that no other is like, by "
            f"{', '.join(columns[place] for place in places)} (k-anonymity 1): who knows these finds the person",
        )


def of_joins(view: RoomView, clean_room: CleanRoom, _: list[RoomView]) -> Iterator[WeakSpot]:
    """A join that is required, and matches nothing that another party has."""
    joins = view.policy.join_restriction_policy
    if not joins or joins.join_condition not in (Condition.ALL, Condition.ANY):
        return
    others = [party for party in clean_room.parties.values() if party.name not in clean_room.sharers[view.name]]
    tables = [table for party in others for table in clean_room.relations_of(party) if table != view.name]
    known = [set(column) for table in dict.fromkeys(tables) for column in zip(*clean_room.rows(table), strict=True)]
    unmatched = []
    for column in joins.join_allowed_columns:
        values = values_of(clean_room, view.name, column) - {None}
        if not any(values & theirs for theirs in known):
            unmatched.append(column)
    if others and (
        unmatched if joins.join_condition is Condition.ALL else len(unmatched) == len(joins.join_allowed_columns)
    ):
        yield WeakSpot(
            view.file,
            view.line_of('"join_allowed_columns"'),
            f"no query of {view.name} can show a row: it must be joined on {', '.join(unmatched)}, and no column of "
            f"{listed(party.name for party in others)} has a value in common with it",
        )


def values_of(clean_room: CleanRoom, view: str, column: str) -> set:
    """The different values of a view's column."""
    place = clean_room.columns[view].index(column.lower())
    return {row[place] for row in clean_room.rows(view)}
