"""BigQuery's analysis rules, enforced on what a query does with the views it reads.

Source: "Restrict data access using analysis rules" in BigQuery's documentation, whose messages are kept where the page
gives them; "Query syntax", AGGREGATION_THRESHOLD clause, for the aggregate functions that go with the clause.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from zetasql import types

from dcr_data_generator.clean_room import trace
from dcr_data_generator.clean_room.policy import Condition, DifferentialPrivacy, JoinRestriction, PrivacyPolicy
from dcr_data_generator.clean_room.trace import Clause, Source, Trace

SUPPORTED_AGGREGATES = {
    "approx_count_distinct",
    "avg",
    "count",
    "$count_star",
    "countif",
    "logical_and",
    "logical_or",
    "sum",
    "covar_pop",
    "covar_samp",
    "stddev_pop",
    "stddev_samp",
    "var_pop",
    "var_samp",
}
THRESHOLD, NOISE = trace.CLAUSES
UNIT = "privacy_unit_column"
# The options that a policy bounds; any other is the engine's to judge.
NUMBERS = {"threshold", "epsilon", "delta", "max_groups_contributed"}


class Refused(Exception):  # noqa: N818 - a person reads the word
    """A query that breaks a view's analysis rule: the reason, in BigQuery's terms."""


class Allowed(NamedTuple):
    """A privacy clause of an allowed query: its scan, the values of its options, and the views that it protects."""

    scan: types.ResolvedScan
    options: dict[str, float]
    views: frozenset[str]


class Ledger:
    """What is left of the views' privacy budgets: each answer costs its epsilon and delta, whoever asks."""

    def __init__(self) -> None:
        """Begin with whole budgets."""
        self.spent: dict[str, tuple[Decimal, Decimal]] = {}

    def spend(self, view: str, policy: DifferentialPrivacy, epsilon: float, delta: float) -> None:
        """Take a question's cost from a view's budget.

        Raises:
            Refused: not enough is left.
        """
        spent = self.spent.get(view, (Decimal(0), Decimal(0)))
        # As decimals, ten times 0.1 is 1: a budget for ten questions pays for ten.
        after = spent[0] + Decimal(repr(epsilon)), spent[1] + Decimal(repr(delta))
        if after[0] > Decimal(repr(policy.epsilon_budget)) or after[1] > Decimal(repr(policy.delta_budget)):
            raise Refused(f"Privacy budget is not sufficient for table '{view}' in this query.")
        self.spent[view] = after


def enforce(statement: types.ResolvedStatement, policies: Mapping[str, PrivacyPolicy], ledger: Ledger) -> list[Allowed]:
    """Let a query pass, with its privacy clauses, or refuse it; what passes is paid for.

    Raises:
        Refused: the query breaks the rule of a view that it reads.
    """
    if not isinstance(statement, types.ResolvedQueryStmt):
        raise Refused("Only queries are allowed: what a data clean room shares cannot be copied or exported.")
    read = Trace(statement)
    protected = [source for source in read.sources if source.table in policies]
    for source in protected:
        if joins := policies[source.table].join_restriction_policy:
            check_joins(source, joins)
    for source in protected:
        if source.in_the_past:
            raise Refused(f"Time travel is disabled on table {source.table}, which has an analysis rule.")
        check_clause(source, policies[source.table])
    allowed = {}
    for clause in read.clauses:
        sources = [
            source for source in protected if source.clause is clause and policies[source.table].privacy_unit_column
        ]
        if sources:
            check = check_threshold if isinstance(clause.scan, THRESHOLD) else check_noise
            views = frozenset(source.table for source in sources)
            # A common table expression that is read twice has one clause.
            allowed[id(clause.scan)] = Allowed(clause.scan, check(clause, sources, policies), views)
    for scan, options, views in allowed.values():
        for view in sorted(views) if isinstance(scan, NOISE) else []:
            ledger.spend(view, policies[view].differential_privacy_policy, options["epsilon"], options["delta"])
    return list(allowed.values())


def check_joins(source: Source, policy: JoinRestriction) -> None:
    """Check a view's joins against its join restriction policy.

    "Use a join restriction policy with another policy" and "Query a list overlap analysis rule-enforced view". Only
    rows that overlap with somebody else's may be seen, so that a view joined with itself is not joined, and a join that
    keeps the view's unmatched rows does not count; JOIN_ALL asks for inner joins.
    """
    allowed = {column.lower() for column in policy.join_allowed_columns}
    columns = f"[{', '.join(policy.join_allowed_columns)}] on table {source.table}."
    restricted = any(join.used - allowed for join in source.joins)
    match policy.join_condition:
        case Condition.ALL:
            joined = frozenset().union(*(join.on for join in source.joins if join.inner))
            if not allowed <= joined:
                raise Refused(f"Joining must occur on all of the following columns {columns}")
        case Condition.ANY:
            joined = frozenset().union(*(join.on for join in source.joins if not join.keeps))
            if not allowed & joined:
                raise Refused(f"Joining must occur on at least one of the following columns {columns}")
        case Condition.NOT_REQUIRED:
            if not allowed:
                raise Refused(
                    "At least one allowed column must be specified with join_condition = 'JOIN_NOT_REQUIRED'."
                )
            restricted |= bool(source.joins) and not any(join.on & allowed for join in source.joins)
        case Condition.BLOCKED:
            restricted = bool(source.joins)
    if restricted:
        raise Refused("Join occurring on a restricted column.")


def check_clause(source: Source, policy: PrivacyPolicy) -> None:
    """See that a view is read under the clause of its analysis rule."""
    for part, clause, name in (
        (policy.aggregation_threshold_policy, THRESHOLD, "AGGREGATION_THRESHOLD"),
        (policy.differential_privacy_policy, NOISE, "DIFFERENTIAL_PRIVACY"),
    ):
        if part and not (source.clause and isinstance(source.clause.scan, clause)):
            raise Refused(
                f"You must use SELECT WITH {name} for this query because a privacy policy has been set by a data owner."
            )


def check_threshold(clause: Clause, sources: list[Source], policies: Mapping[str, PrivacyPolicy]) -> dict[str, float]:
    """Check a SELECT WITH AGGREGATION_THRESHOLD; returns the threshold: the query's, or the highest of its views'.

    "Query an aggregation threshold analysis rule-enforced view" and "Limitations".
    """
    options = check_unit(clause, sources, policies)
    highest = 0
    for source in sources:
        threshold = policies[source.table].aggregation_threshold_policy.threshold
        highest = max(highest, threshold)
        given = options.get("threshold", threshold)
        if given is None or given < threshold:
            raise Refused(
                f"The threshold in the query must be greater than or equal to the threshold in the view: {given} "
                f"is less than {threshold}, policy for table {source.table}"
            )
    check_aggregates(clause, sources, policies)
    return {"threshold": options.get("threshold", highest)}


def check_aggregates(clause: Clause, sources: list[Source], policies: Mapping[str, PrivacyPolicy]) -> None:
    """See that a query aggregates, with supported functions, and does not group by the privacy unit."""
    if not clause.scan.aggregate_list:
        raise Refused("You must use an aggregation function in a SELECT WITH AGGREGATION_THRESHOLD query.")
    for computed in clause.scan.aggregate_list:
        name = trace.function_name(computed.expr)
        if name not in SUPPORTED_AGGREGATES:
            raise Refused(f"Aggregate function {name.upper()} is not supported in SELECT WITH AGGREGATION_THRESHOLD.")
    for computed in clause.scan.group_by_list:
        column = clause.columns[computed.column.column_id]
        for origin in column.origins | column.equals:
            if origin.source in sources and origin.column == unit_of(origin.source, policies):
                raise Refused(
                    f"The values of privacy unit column {origin.column} cannot be selected from table "
                    f"{origin.source.table}: they can only be aggregated."
                )


def check_noise(clause: Clause, sources: list[Source], policies: Mapping[str, PrivacyPolicy]) -> dict[str, float]:
    """Check a SELECT WITH DIFFERENTIAL_PRIVACY; returns its options: the query's, or the most that its views allow.

    "Query a differential privacy analysis rule-enforced view".
    """
    options = check_unit(clause, sources, policies)
    limits: dict[str, float] = {}
    for source in sources:
        policy = policies[source.table].differential_privacy_policy
        for option, title, most in (
            ("epsilon", "Epsilon", policy.max_epsilon_per_query),
            ("delta", "Delta", policy.delta_per_query),
            ("max_groups_contributed", "Max groups contributed", policy.max_groups_contributed),
        ):
            if most is None:
                continue
            limits[option] = min(limits.get(option, most), most)
            if option in options and (options[option] is None or options[option] > most):
                given = "unlimited" if options[option] is None else f"{options[option]:g}"
                raise Refused(f"{title} is too high: {given}, policy for table {source.table} allows max {most:g}")
    return limits | options


def check_unit(clause: Clause, sources: list[Source], policies: Mapping[str, PrivacyPolicy]) -> dict[str, float | None]:
    """See that a query's privacy unit column, if it names one, is that of its views; returns the other options."""
    options: dict[str, float | None] = {}
    for option in clause.scan.option_list:
        if option.name.lower() in NUMBERS:
            options[option.name.lower()] = number(option)
        if option.name.lower() != UNIT:
            continue
        if not isinstance(option.value, types.ResolvedColumnRef):
            raise Refused("The privacy unit column in the query must be a column.")
        column = clause.columns.get(option.value.column.column_id, trace.Column())
        named = {(origin.source, origin.column) for origin in column.origins | column.equals if origin.unchanged}
        for source in sources:
            if (source, unit_of(source, policies)) not in named:
                raise Refused(
                    f"The privacy unit column in the query must be the one in the view: {unit_of(source, policies)}, "
                    f"policy for table {source.table}"
                )
    return options


def unit_of(source: Source, policies: Mapping[str, PrivacyPolicy]) -> str:
    """The privacy unit column of a table that has one."""
    return policies[source.table].privacy_unit_column.lower()


def number(option: types.ResolvedOption) -> float | None:
    """Read an option's value, which must be a literal; NULL is None."""
    if not isinstance(option.value, types.ResolvedLiteral):
        raise Refused(f"Option {option.name} must be a literal.")
    value = option.value.value.value
    if value is None:
        return None
    return value.int64_value if value.int64_value is not None else value.double_value
