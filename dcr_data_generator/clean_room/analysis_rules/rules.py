"""BigQuery's analysis rules: what a query may do with the views that it reads, and what its answer costs.

Source: "Restrict data access using analysis rules" in BigQuery's documentation, whose messages are used where the page
gives them; "Query syntax", AGGREGATION_THRESHOLD clause, for the aggregate functions that the clause supports.
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import chain

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.lineage import Clause, Column, Join, Lineage, Source, function_name
from dcr_data_generator.clean_room.policy import Condition, PrivacyPolicy

# By whether there is noise.
SUPPORTED_AGGREGATES = {
    False: {
        *("approx_count_distinct", "avg", "count", "count_star", "countif", "logical_and", "logical_or", "sum"),
        *("covar_pop", "covar_samp", "stddev_pop", "stddev_samp", "var_pop", "var_samp"),
    },
    True: {"avg", "count", "count_star", "percentile_cont", "sum"},
}
KEYWORDS = {False: "AGGREGATION_THRESHOLD", True: "DIFFERENTIAL_PRIVACY"}
UNIT = "privacy_unit_column"
# The options that a policy limits; any other is the engine's to judge. With the fields of the policy, and the titles.
LIMITS = {
    "epsilon": ("max_epsilon_per_query", "Epsilon"),
    "delta": ("delta_per_query", "Delta"),
    "max_groups_contributed": ("max_groups_contributed", "Max groups contributed"),
}
NOT_A_QUERY = "Only queries are allowed: what a data clean room shares cannot be copied or exported."


class Refused(Exception):  # noqa: N818 - a person reads the word
    """A query that breaks a view's analysis rule: the reason, in BigQuery's words."""


class Budgets:
    """What has been spent of the views' privacy budgets (epsilon, delta): every answer has its cost, whoever asks."""

    def __init__(self, policies: Mapping[str, PrivacyPolicy]) -> None:
        self.spent = dict.fromkeys(policies, (Decimal(0), Decimal(0)))

    def charge(self, clauses: list[Clause], times: int = 1) -> None:
        """Charge for a query that was answered so many times.

        Raises:
            Refused: a budget is not sufficient; nothing is charged.
        """
        charged = dict(self.spent)
        for clause in clauses:
            for view, policy in clause.policies.items():
                budget = policy.differential_privacy_policy
                if not budget:
                    continue
                # As decimals, ten times 0.1 is 1: a budget for ten questions pays for ten.
                epsilon, delta = (times * Decimal(repr(clause.options[option])) for option in ("epsilon", "delta"))
                spent = charged[view] = charged[view][0] + epsilon, charged[view][1] + delta
                if spent[0] > Decimal(repr(budget.epsilon_budget)) or spent[1] > Decimal(repr(budget.delta_budget)):
                    raise Refused(f"Privacy budget is not sufficient for table '{view}' in this query.")
        self.spent = charged


def check(lineage: Lineage) -> list[Clause]:
    """Check a query against the rules of the views that it reads; returns its privacy clauses.

    Raises:
        Refused: it breaks a rule.
    """
    protected = [(source, source.policy) for source in lineage.sources if source.policy]
    for source, policy in protected:
        check_joins(source, policy)
    for source, policy in protected:
        if source.as_of:
            raise Refused(f"Time travel is disabled on table {source.table}, which has an analysis rule.")
        is_noisy = policy.differential_privacy_policy is not None
        if policy.privacy_unit_column and not (source.clause and source.clause.is_noisy == is_noisy):
            raise Refused(
                f"You must use SELECT WITH {KEYWORDS[is_noisy]} for this query because a privacy policy has been set "
                "by a data owner."
            )
    # A common table expression that is read twice has one clause.
    clauses = {id(clause.scan): clause for clause in lineage.clauses if clause.sources}
    for clause in clauses.values():
        check_options = check_noise if clause.is_noisy else check_threshold
        clause.options = check_options(clause)
    return list(clauses.values())


def check_joins(source: Source, rule: PrivacyPolicy) -> None:
    """Check a view's joins against its join restriction policy, if it has one.

    "Use a join restriction policy with another policy" and "Query a list overlap analysis rule-enforced view". Of a
    list overlap, only rows that overlap with another table's may be seen, so a list joined with itself does not count
    as joined. Nor does a join that keeps the view's unmatched rows; JOIN_ALL requires inner joins.
    """
    policy = rule.join_restriction_policy
    if not policy:
        return
    allowed = {column.lower() for column in policy.join_allowed_columns}
    columns = f"[{', '.join(policy.join_allowed_columns)}] on table {source.table}."
    used = {origin.column for join in source.joins for origin in join.used if origin.source is source}
    is_restricted = not used <= allowed
    match policy.join_condition:
        case Condition.ALL:
            if not allowed <= joined_columns(source, [join for join in source.joins if join.is_inner]):
                raise Refused(f"Joining must occur on all of the following columns {columns}")
        case Condition.ANY:
            if not allowed & joined_columns(source, [join for join in source.joins if not join.keeps_rows]):
                raise Refused(f"Joining must occur on at least one of the following columns {columns}")
        case Condition.NOT_REQUIRED if not allowed:
            raise Refused("At least one allowed column must be specified with join_condition = 'JOIN_NOT_REQUIRED'.")
        case Condition.NOT_REQUIRED:
            # Constants beside the view, such as (SELECT 0.9 AS rate), are not joined on any column.
            has_tables = any(join.with_table for join in source.joins)
            is_restricted |= has_tables and not allowed & joined_columns(source, source.joins)
        case Condition.BLOCKED:
            is_restricted = bool(source.joins)
    if is_restricted:
        raise Refused("Join occurring on a restricted column.")


def joined_columns(source: Source, joins: list[Join]) -> set[str]:
    """The columns of a table that equal something of the other side; of a list overlap, of another table."""
    is_list = source.unit is None
    return {
        origin.column
        for join in joins
        for column, partner in join.pairs
        if not is_list or comes_from_other_table(partner, source.table)
        for origin in column.origins
        if origin.source is source and origin.unchanged
    }


def comes_from_other_table(partner: Column, table: str) -> bool:
    """Whether what a table is joined with comes from other tables, or equals what does."""
    others = all(origin.source.table != table for origin in partner.origins)
    return others or any(origin.unchanged and origin.source.table != table for origin in partner.equals)


def check_threshold(clause: Clause) -> dict[str, float]:
    """Check a SELECT WITH AGGREGATION_THRESHOLD; returns its threshold: the query's, or the highest of its views'.

    "Query an aggregation threshold analysis rule-enforced view" and "Limitations". Aggregations of a view's rows below
    the clause are checked, too: their results go into the answer.
    """
    thresholds = {
        table: policy.aggregation_threshold_policy.threshold
        for table, policy in clause.policies.items()
        if policy.aggregation_threshold_policy
    }
    threshold = ({"threshold": max(thresholds.values())} | read_options(clause))["threshold"]
    for table, minimum in thresholds.items():
        if threshold is None or threshold < minimum:
            raise Refused(
                "The threshold in the query must be greater than or equal to the threshold in the view: "
                f"{threshold} is less than {minimum}, policy for table {table}"
            )
    if not clause.scan.aggregate_list:
        raise Refused("You must use an aggregation function in a SELECT WITH AGGREGATION_THRESHOLD query.")
    for scan in chain.from_iterable(source.aggregations for source in clause.sources):
        if scan.grouping_set_list:
            raise Refused("ROLLUP, CUBE and GROUPING SETS are not supported in SELECT WITH AGGREGATION_THRESHOLD.")
        check_functions(scan, clause.is_noisy)
    for computed in clause.scan.group_by_list:
        column = clause.columns[computed.column.column_id]
        for source, name, _ in column.origins | column.equals:
            if source in clause.sources and name == source.unit:
                raise Refused(
                    f"The values of privacy unit column {name} cannot be selected from table {source.table}: "
                    "they can only be aggregated."
                )
    return {"threshold": threshold}


def check_noise(clause: Clause) -> dict[str, float]:
    """Check a SELECT WITH DIFFERENTIAL_PRIVACY; returns its options: the query's, or the most that its views allow.

    "Query a differential privacy analysis rule-enforced view".
    """
    options = read_options(clause)
    limits: dict[str, float] = {}
    for table, policy in clause.policies.items():
        for option, (name, title) in LIMITS.items():
            limit = getattr(policy.differential_privacy_policy, name)
            if limit is None:
                continue
            limits[option] = min(limits.get(option, limit), limit)
            value = options.get(option, limit)
            if value is None or value > limit:
                text = "unlimited" if value is None else f"{value:g}"
                raise Refused(f"{title} is too high: {text}, policy for table {table} allows max {limit:g}")
            if not value > 0:
                raise Refused(f"{title} must be greater than 0: {value:g}")
    check_functions(clause.scan, clause.is_noisy)
    return limits | options


def check_functions(scan: types.ResolvedScan, is_noisy: bool) -> None:
    """Check that a clause supports the aggregate functions of a scan; their modifiers are not documented for it."""
    for computed in scan.aggregate_list:
        call = computed.expr
        name = function_name(call).removeprefix("$differential_privacy_").removeprefix("$")
        if name not in SUPPORTED_AGGREGATES[is_noisy]:
            raise Refused(f"Aggregate function {name.upper()} is not supported in SELECT WITH {KEYWORDS[is_noisy]}.")
        if call.having_modifier or call.order_by_item_list or call.limit or call.null_handling_modifier:
            raise Refused(f"Modifiers in {name.upper()} are not supported in SELECT WITH {KEYWORDS[is_noisy]}.")


def read_options(clause: Clause) -> dict:
    """Read the numbers among a clause's options; NULL is None. The privacy unit column must be that of its views."""
    numbers = {}
    for option in clause.scan.option_list:
        name = option.name.lower()
        if name in {"threshold", *LIMITS}:
            if not isinstance(option.value, types.ResolvedLiteral):
                raise Refused(f"Option {option.name} must be a literal.")
            value = option.value.value.value
            numbers[name] = value and (value.double_value if value.int64_value is None else value.int64_value)
        if name == UNIT:
            if not isinstance(option.value, types.ResolvedColumnRef):
                raise Refused("The privacy unit column in the query must be a column.")
            column = clause.columns.get(option.value.column.column_id, Column())
            units = {(origin.source, origin.column) for origin in column.origins | column.equals if origin.unchanged}
            for source in clause.sources:
                if (source, source.unit) not in units:
                    raise Refused(
                        "The privacy unit column in the query must be the one in the view: "
                        f"{source.unit}, policy for table {source.table}"
                    )
    return numbers
