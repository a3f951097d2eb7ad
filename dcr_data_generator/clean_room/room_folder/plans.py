"""Plans the privacy budget of a view of a room folder, for one of the queries that are allowed."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Refused, write
from dcr_data_generator.clean_room.analysis_rules.lineage import function_name
from dcr_data_generator.clean_room.analysis_rules.rules import GROUPS
from dcr_data_generator.clean_room.analysis_rules.withheld import count_people, order, positions
from dcr_data_generator.clean_room.plan import Group, plan_of
from dcr_data_generator.clean_room.policy import AggregationThreshold
from dcr_data_generator.clean_room.room_folder.opening import open_folder
from dcr_data_generator.clean_room.room_folder.room import RoomQuery
from dcr_data_generator.clean_room.settings import PlanSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError

NO_NOISE = 1e9  # an epsilon
NEEDED = (
    "a plan needs one SELECT WITH DIFFERENTIAL_PRIVACY of one view that shows what it groups by, and an AVG with "
    "contribution_bounds_per_group or a COUNT(*) with those of (0, 1)"
)


def make(settings: PlanSettings, terminal: Terminal) -> dict:
    """Plan one of the queries of a room folder that are allowed, and answered with noise; see `plan_of`.

    Raises:
        UserError: something in the folder is wrong, or it has no such query.
    """
    folder, room = open_folder(settings.room, settings.place.timeout, terminal)
    noisy = {Path(query.file).stem: query for query in folder.allowed if is_noisy(room, query)}
    if not noisy:
        raise UserError(
            f"{settings.room.room} has no allowed/*.sql that is answered with noise: there is nothing to plan"
        )
    wanted = Path(settings.question or "").stem
    name = wanted if wanted in noisy else next((each for each in noisy if each.startswith(wanted)), None)
    if name is None:
        raise UserError(f"no query with noise in allowed/ begins with {wanted!r}: there are {', '.join(noisy)}")
    query = noisy[name]
    with process.step(terminal, settings.place.timeout, "Count the people of each group") as done:
        try:
            view, groups = count_groups(room, query)
        except (Refused, NotUnderstood, ValueError) as error:
            reason = str(error) if isinstance(error, NotUnderstood) else NEEDED
            raise UserError(f"{query.file}:1: {reason}") from None
        if not groups:
            raise UserError(f"{query.file}:1: there is nobody in the answer to plan for")
        noise = room.policies[view].differential_privacy_policy
        assert noise
        counted = partial(done.counted, what="epsilons")
        return plan_of(f"{query.file}.", view, noise, groups, settings.within, None, counted)


def is_noisy(room: CleanRoom, query: RoomQuery) -> bool:
    """Whether a query is answered with noise."""
    with suppress(Refused, NotUnderstood):
        return any(clause.is_noisy for clause in room.admit(query.text, query.party).clauses)
    return False


def count_groups(room: CleanRoom, query: RoomQuery) -> tuple[str, list[Group]]:
    """The view that a query reads, and the groups of its answer: their people, and what is estimated without noise.

    Raises:
        ValueError: the query has another form than a plan needs.
        Refused, NotUnderstood: the people of its groups cannot be counted.
    """
    question = room.admit(query.text, query.party)
    [clause] = question.clauses
    [(view, policy)] = clause.policies.items()
    figures, grouping = clause.scan.aggregate_list, clause.scan.group_by_list
    figure, bounds = next(planned(figures))
    [place], places = positions(question.statement, [figure]), positions(question.statement, grouping)
    most = clause.options.get(GROUPS, 1)
    if len(places) != len(grouping) or not most:
        raise ValueError
    is_average = function_name(figure.expr).endswith("avg")
    estimates = {
        tuple(row[each] for each in places): row[place] for row in room.evaluate(question, epsilon=NO_NOISE)[0].rows
    }
    # The engine counts people to compare them with a threshold: so the same query is asked of a view with one.
    limit = AggregationThreshold(threshold=1, privacy_unit_column=policy.privacy_unit_column or "")
    update = {"differential_privacy_policy": None, "aggregation_threshold_policy": limit}
    with room.other_policies({view: policy.model_copy(update=update)}):
        exact = room.admit(room.engine.without_clauses(query.text, "WITH AGGREGATION_THRESHOLD"), query.party)
        room.prepare(exact.text)
        people = count_people(room.engine, room.text_of(exact), exact.clauses[0]).rows
    groups = []
    for *keys, number in people:
        shown = [keys[each] for each in order(question.statement, grouping)]
        average = estimates.get(tuple(shown), 0.0) if is_average else None  # one person alone is never shown
        groups.append(
            Group(", ".join(map(write, shown)) or "everyone", number, average, bounds, len(figures), int(most))
        )
    return view, groups


def planned(
    figures: list[types.ResolvedComputedColumnBase],
) -> Iterator[tuple[types.ResolvedComputedColumnBase, tuple[float, float]]]:
    """The figures of a query that can be planned, averages first, with the bounds of a person's contribution."""
    names = {"$differential_privacy_avg": False, "$differential_privacy_count_star": True}
    for name, is_count in names.items():
        for figure in figures:
            arguments = figure.expr.argument_list
            literal = arguments[-1] if arguments else None
            struct = literal.value.value.struct_value if isinstance(literal, types.ResolvedLiteral) else None
            if function_name(figure.expr) == name and struct:
                low, high = (float(each.double_value or each.int64_value or 0) for each in struct.field)
                if not is_count or (low, high) == (0, 1):
                    yield figure, (low, high)
