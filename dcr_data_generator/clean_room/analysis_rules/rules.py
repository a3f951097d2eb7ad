"""BigQuery's analysis rules: what a query may do with the views that it reads, and what its answer costs.

Source: "Restrict data access using analysis rules" in BigQuery's documentation, whose messages are used where the page
gives them; "Query syntax", AGGREGATION_THRESHOLD clause, for the aggregate functions that the clause supports.
"""

from collections.abc import Mapping
from decimal import Decimal

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.lineage import Clause, Column, Lineage, Source, function_name
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
# The options that a policy limits; any other is the engine's to judge.
NUMBERS = {"threshold", "epsilon", "delta", "max_groups_contributed"}
NOT_A_QUERY = "Only queries are allowed: what a data clean room shares cannot be copied or exported."

Policies = Mapping[str, PrivacyPolicy]


class Refused(Exception):  # noqa: N818 - a person reads the word
    """A query that breaks a view's analysis rule: the reason, in BigQuery's words."""


class Budgets:
    """What has been spent of the views' privacy budgets (epsilon, delta): every answer has its cost, whoever asks."""

    def __init__(self, policies: Policies) -> None:
        self.policies = {name: policy.differential_privacy_policy for name, policy in policies.items()}
        self.spent = dict.fromkeys(policies, (Decimal(0), Decimal(0)))

    def charge(self, clauses: list[Clause], times: int = 1) -> None:
        """Charge for a query that was answered so many times.

        Raises:
            Refused: a budget is not sufficient; nothing is charged.
        """
        charged = dict(self.spent)
        for clause in clauses:
            for view in sorted(clause.views) if clause.is_noisy else []:
                policy = self.policies[view]
                assert policy
                # As decimals, ten times 0.1 is 1: a budget for ten questions pays for ten.
                epsilon, delta = (times * Decimal(repr(clause.options[option])) for option in ("epsilon", "delta"))
                spent = charged[view] = charged[view][0] + epsilon, charged[view][1] + delta
                if spent[0] > Decimal(repr(policy.epsilon_budget)) or spent[1] > Decimal(repr(policy.delta_budget)):
                    raise Refused(f"Privacy budget is not sufficient for table '{view}' in this query.")
        self.spent = charged


def check(lineage: Lineage, policies: Policies) -> list[Clause]:
    """Check a query against the rules of the views that it reads; returns its privacy clauses.

    Raises:
        Refused: it breaks a rule.
    """
    protected = [source for source in lineage.sources if source.table in policies]
    for source in protected:
        check_joins(source, policies[source.table])
    for source in protected:
        if source.in_the_past:
            raise Refused(f"Time travel is disabled on table {source.table}, which has an analysis rule.")
        check_clause(source, policies[source.table])
    allowed = {}
    for clause in lineage.clauses:
        sources = [
            source for source in protected if source.clause is clause and policies[source.table].privacy_unit_column
        ]
        if sources:
            check_options = check_noise if clause.is_noisy else check_threshold
            clause.options = check_options(clause, sources, policies)
            clause.views = frozenset(source.table for source in sources)
            # A common table expression that is read twice has one clause.
            allowed[id(clause.scan)] = clause
    return list(allowed.values())


def check_joins(source: Source, rule: PrivacyPolicy) -> None:
    """Check a view's joins against its join restriction policy, if it has one.

    "Use a join restriction policy with another policy" and "Query a list overlap analysis rule-enforced view". Of a
    list overlap, only rows that overlap with another table's may be seen, so a list joined with itself does not count
    as joined. Nor does a join that keeps the view's unmatched rows; JOIN_ALL requires inner joins.
    """
    policy = rule.join_restriction_policy
    if not policy:
        return
    is_list = not rule.privacy_unit_column
    joins = [join._replace(on=join.on_others) if is_list else join for join in source.joins]
    allowed = {column.lower() for column in policy.join_allowed_columns}
    columns = f"[{', '.join(policy.join_allowed_columns)}] on table {source.table}."
    is_restricted = any(join.columns - allowed for join in joins)
    match policy.join_condition:
        case Condition.ALL:
            if not allowed <= {column for join in joins if join.is_inner for column in join.on}:
                raise Refused(f"Joining must occur on all of the following columns {columns}")
        case Condition.ANY:
            if not allowed & {column for join in joins if not join.keeps_rows for column in join.on}:
                raise Refused(f"Joining must occur on at least one of the following columns {columns}")
        case Condition.NOT_REQUIRED if not allowed:
            raise Refused("At least one allowed column must be specified with join_condition = 'JOIN_NOT_REQUIRED'.")
        case Condition.NOT_REQUIRED:
            # Constants beside the view, such as (SELECT 0.9 AS rate), are not joined on any column.
            is_restricted |= any(join.with_table for join in joins) and not any(join.on & allowed for join in joins)
        case Condition.BLOCKED:
            is_restricted = bool(joins)
    if is_restricted:
        raise Refused("Join occurring on a restricted column.")


def check_clause(source: Source, policy: PrivacyPolicy) -> None:
    """Check that a view is read under the clause of its analysis rule."""
    if policy.privacy_unit_column:
        is_noisy = policy.differential_privacy_policy is not None
        if not source.clause or source.clause.is_noisy != is_noisy:
            raise Refused(
                f"You must use SELECT WITH {KEYWORDS[is_noisy]} for this query because a privacy policy has been set "
                "by a data owner."
            )


def check_threshold(clause: Clause, sources: list[Source], policies: Policies) -> dict[str, float]:
    """Check a SELECT WITH AGGREGATION_THRESHOLD; returns its threshold: the query's, or the highest of its views'.

    "Query an aggregation threshold analysis rule-enforced view" and "Limitations".
    """
    thresholds = {
        source.table: policy.threshold
        for source in sources
        if (policy := policies[source.table].aggregation_threshold_policy)
    }
    options = {"threshold": max(thresholds.values())} | read_options(clause, sources, policies)
    for table, threshold in thresholds.items():
        if options["threshold"] is None or options["threshold"] < threshold:
            raise Refused(
                "The threshold in the query must be greater than or equal to the threshold in the view: "
                f"{options['threshold']} is less than {threshold}, policy for table {table}"
            )
    check_aggregates(clause, sources, policies)
    return {"threshold": options["threshold"]}


def check_aggregates(clause: Clause, sources: list[Source], policies: Policies) -> None:
    """Check that a query aggregates, with supported functions, and does not group by the privacy unit.

    Aggregations of a view's rows below the clause are checked, too: their results go into the answer.
    """
    if not clause.scan.aggregate_list:
        raise Refused("You must use an aggregation function in a SELECT WITH AGGREGATION_THRESHOLD query.")
    for scan in [clause.scan, *(scan for scan, read in clause.below if {*read} & {*sources})]:
        if scan.grouping_set_list:
            raise Refused("ROLLUP, CUBE and GROUPING SETS are not supported in SELECT WITH AGGREGATION_THRESHOLD.")
        check_functions(scan, clause)
    for computed in clause.scan.group_by_list:
        column = clause.columns[computed.column.column_id]
        for origin in column.origins | column.equals:
            if origin.source in sources and origin.column == unit_of(origin.source, policies):
                raise Refused(
                    f"The values of privacy unit column {origin.column} cannot be selected from table "
                    f"{origin.source.table}: they can only be aggregated."
                )


def check_functions(scan: types.ResolvedScan, clause: Clause) -> None:
    """Check that a clause supports the aggregate functions of a scan; their modifiers are not documented for it."""
    keyword = KEYWORDS[clause.is_noisy]
    for computed in scan.aggregate_list:
        call = computed.expr
        name = function_name(call).removeprefix("$differential_privacy_").removeprefix("$")
        if name not in SUPPORTED_AGGREGATES[clause.is_noisy]:
            raise Refused(f"Aggregate function {name.upper()} is not supported in SELECT WITH {keyword}.")
        if call.having_modifier or call.order_by_item_list or call.limit or call.null_handling_modifier:
            raise Refused(f"Modifiers in {name.upper()} are not supported in SELECT WITH {keyword}.")


def check_noise(clause: Clause, sources: list[Source], policies: Policies) -> dict[str, float]:
    """Check a SELECT WITH DIFFERENTIAL_PRIVACY; returns its options: the query's, or the most that its views allow.

    "Query a differential privacy analysis rule-enforced view".
    """
    options = read_options(clause, sources, policies)
    limits: dict[str, float] = {}
    for source in sources:
        policy = policies[source.table].differential_privacy_policy
        assert policy
        for option, title, limit in (
            ("epsilon", "Epsilon", policy.max_epsilon_per_query),
            ("delta", "Delta", policy.delta_per_query),
            ("max_groups_contributed", "Max groups contributed", policy.max_groups_contributed),
        ):
            if limit is None:
                continue
            limits[option] = min(limits.get(option, limit), limit)
            value = options.get(option, limit)
            if value is None or value > limit:
                text = "unlimited" if value is None else f"{value:g}"
                raise Refused(f"{title} is too high: {text}, policy for table {source.table} allows max {limit:g}")
            if not value > 0:
                raise Refused(f"{title} must be greater than 0: {value:g}")
    check_functions(clause.scan, clause)
    return limits | options


def read_options(clause: Clause, sources: list[Source], policies: Policies) -> dict:
    """Read the numbers among a clause's options; NULL is None. The privacy unit column must be that of its views."""
    numbers = {}
    for option in clause.scan.option_list:
        name = option.name.lower()
        if name in NUMBERS:
            if not isinstance(option.value, types.ResolvedLiteral):
                raise Refused(f"Option {option.name} must be a literal.")
            value = option.value.value.value
            numbers[name] = value and (value.double_value if value.int64_value is None else value.int64_value)
        if name == UNIT:
            if not isinstance(option.value, types.ResolvedColumnRef):
                raise Refused("The privacy unit column in the query must be a column.")
            column = clause.columns.get(option.value.column.column_id, Column())
            units = {(origin.source, origin.column) for origin in column.origins | column.equals if origin.unchanged}
            for source in sources:
                if (source, unit_of(source, policies)) not in units:
                    raise Refused(
                        "The privacy unit column in the query must be the one in the view: "
                        f"{unit_of(source, policies)}, policy for table {source.table}"
                    )
    return numbers


def unit_of(source: Source, policies: Policies) -> str:
    """The privacy unit column of a table that has one."""
    return str(policies[source.table].privacy_unit_column).lower()
