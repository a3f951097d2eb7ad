"""BigQuery's analysis rules: what a query may do with the views that it reads, and what its answer costs.

Source: "Restrict data access using analysis rules" in BigQuery's documentation, whose messages are used where the page
gives them; "Query syntax", AGGREGATION_THRESHOLD clause, for the aggregate functions that the clause supports.
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import chain

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules.lineage import Clause, Column, Join, Lineage, Source, function_name
from dcr_data_generator.clean_room.analysis_rules.reply import Because, Fix, Refused
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
FUNCTIONS = {
    False: "Allowed are COUNT, SUM, AVG and others whose result is that of a whole group.",
    True: "Allowed are COUNT, SUM, AVG and PERCENTILE_CONT, to which noise can be added.",
}
GROUPS = "max_groups_contributed"
MORE_NOISE = {
    "epsilon": "Less epsilon means more noise, and the owner limits it.",
    "delta": "Delta is the chance that the noise does not protect somebody, and the owner limits it.",
    GROUPS: "The more groups a person counts in, the more noise it takes to hide them; the owner limits it.",
}
# One person's value among others shows through every other aggregate function.
ONE_PERSONS = {
    "max",
    "min",
    "any_value",
    "max_by",
    "min_by",
    "array_agg",
    "string_agg",
    "approx_quantiles",
    "approx_top_count",
}


class Budgets:
    """What has been spent of the views' privacy budgets (epsilon, delta), by all subscribers together."""

    def __init__(self, policies: Mapping[str, PrivacyPolicy]) -> None:
        self.spent = dict.fromkeys(policies, (Decimal(0), Decimal(0)))

    def renew(self, view: str) -> None:
        """Start a view's budget full again."""
        self.spent = {**self.spent, view: (Decimal(0), Decimal(0))}

    def charge(self, clauses: list[Clause], times: int = 1) -> None:
        """Charge for a query that was answered so many times: epsilon as it says, delta as the policy says.

        "Each subscriber query against this view charges the amount of delta that is pre-defined by the contributor
        through the privacy policy delta_per_query field": the field deltaBudget in BigQuery's REST API.

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
                epsilon, delta = (
                    times * Decimal(repr(each)) for each in (clause.options["epsilon"], budget.delta_per_query)
                )
                spent = charged[view] = charged[view][0] + epsilon, charged[view][1] + delta
                if spent[0] > Decimal(repr(budget.epsilon_budget)) or spent[1] > Decimal(repr(budget.delta_budget)):
                    raise Refused(
                        Because.BUDGET,
                        f"Privacy budget is not sufficient for table '{view}' in this query.",
                        "Each answer uses up a part of the budget, and too little of it is left.",
                        view,
                    )
        self.spent = charged


OVERLAP = "Only rows that match rows of another table on these columns are shown, in an inner join."


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
            raise Refused(
                Because.TIME_TRAVEL,
                f"Time travel is disabled on table {source.table}, which has an analysis rule.",
                "The view is read as it is now.",
                source.table,
                is_bigquerys=False,
            )
        is_noisy = policy.differential_privacy_policy is not None
        if policy.privacy_unit_column and not (source.clause and source.clause.is_noisy == is_noisy):
            raise Refused(
                Because.CLAUSE,
                f"You must use SELECT WITH {KEYWORDS[is_noisy]} for this query because a privacy policy has been set "
                "by a data owner.",
                "No rows are shown: each SELECT that reads the view has this clause.",
                source.table,
                is_bigquerys=not is_noisy,
                fix=Fix.CLAUSE,
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
                raise Refused(
                    Because.JOIN_REQUIRED,
                    f"Joining must occur on all of the following columns {columns}",
                    OVERLAP,
                    source.table,
                    fix=Fix.JOIN,
                )
        case Condition.ANY:
            if not allowed & joined_columns(source, [join for join in source.joins if not join.keeps_rows]):
                raise Refused(
                    Because.JOIN_REQUIRED,
                    f"Joining must occur on at least one of the following columns {columns}",
                    OVERLAP,
                    source.table,
                )
        case Condition.NOT_REQUIRED if not allowed:
            raise Refused(
                Because.JOIN_RESTRICTED,
                "At least one allowed column must be specified with join_condition = 'JOIN_NOT_REQUIRED'.",
                "The owner has allowed no column to join on, and BigQuery answers no query then.",
                source.table,
            )
        case Condition.NOT_REQUIRED:
            # Constants beside the view, such as (SELECT 0.9 AS rate), are not joined on any column.
            has_tables = any(join.with_table for join in source.joins)
            is_restricted |= has_tables and not allowed & joined_columns(source, source.joins)
        case Condition.BLOCKED:
            is_restricted = bool(source.joins)
    if is_restricted:
        allowed_text = ", ".join(policy.join_allowed_columns) or "no column"
        raise Refused(
            Because.JOIN_RESTRICTED,
            "Join occurring on a restricted column.",
            f"The view is joined on {allowed_text}, and on nothing else.",
            source.table,
        )


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


def check_threshold(clause: Clause) -> dict[str, float | None]:
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
                Because.THRESHOLD,
                f"The threshold in the query must be greater than or equal to the threshold in the view: {threshold} "
                f"is less than {minimum}, policy for table {table}"
                if threshold is not None
                else "The threshold in the query must not be NULL.",
                f"Groups of fewer than {minimum} people are left out.",
                table,
                is_bigquerys=False,
                fix=Fix.OPTIONS,
            )
    for scan in chain.from_iterable(source.aggregations for source in clause.sources):
        if scan.grouping_set_list:
            raise refused(
                clause, f"ROLLUP, CUBE and GROUPING SETS are not supported here in SELECT WITH {KEYWORDS[False]}."
            )
        check_functions(clause, scan)
    check_groups(clause)
    return {"threshold": threshold}


def check_noise(clause: Clause) -> dict[str, float | None]:
    """Check a SELECT WITH DIFFERENTIAL_PRIVACY; returns its options: the query's, or the most that its views allow.

    "Query a differential privacy analysis rule-enforced view".
    """
    options = read_options(clause)
    limits: dict[str, float | None] = {}
    for table, policy in clause.policies.items():
        for option, (name, title) in LIMITS.items():
            limit = getattr(policy.differential_privacy_policy, name)
            if option in options and options[option] is None and option != GROUPS:
                raise Refused(
                    Because.NOISE,
                    f"Differential privacy option {option.upper()} must be set and non-NULL",
                    f"The policy allows at most {limit:g}; without the option, a query has that.",
                    table,
                    fix=Fix.OPTIONS,
                )
            if limit is None:
                continue
            limits[option] = min(limits.get(option) or limit, limit)
            value = options.get(option, limit)
            if value is None or value > limit:
                text = "unlimited" if value is None else f"{value:g}"
                raise Refused(
                    Because.NOISE,
                    f"{title} is too high: {text}, policy for table {table} allows max {limit:g}",
                    MORE_NOISE[option],
                    table,
                    is_bigquerys=option == "epsilon",
                    fix=Fix.OPTIONS,
                )
            if not value > 0:
                raise Refused(
                    Because.NOISE,
                    f"{title} must be greater than 0: {value:g}",
                    MORE_NOISE[option],
                    table,
                    is_bigquerys=False,
                    fix=Fix.OPTIONS,
                )
    check_functions(clause, clause.scan)
    check_groups(clause)
    return limits | options


def check_groups(clause: Clause) -> None:
    """Check that a clause does not group by its privacy unit: "cannot be directly projected", as both rules have it."""
    for computed in clause.scan.group_by_list:
        column = clause.columns[computed.column.column_id]
        for source, name, unchanged in column.origins | column.equals:
            if source not in clause.sources or name != source.unit:
                continue
            is_logged = unchanged and not clause.is_noisy
            raise Refused(
                Because.PRIVACY_UNIT,
                f"You cannot GROUP BY privacy unit column when using SELECT WITH {KEYWORDS[False]}"
                if is_logged
                else f"The values of privacy unit column {name} cannot be selected from table {source.table}: "
                "they can only be aggregated.",
                f"Each {name} stands for one person, and can only be aggregated.",
                source.table,
                is_bigquerys=is_logged,
            )


def check_functions(clause: Clause, scan: types.ResolvedScan) -> None:
    """Check that a clause supports the aggregate functions of a scan; their modifiers are not documented for it."""
    keyword = KEYWORDS[clause.is_noisy]
    for computed in scan.aggregate_list:
        call = computed.expr
        name = function_name(call).removeprefix("$differential_privacy_").removeprefix("$")
        if name == "any_value" and call.having_modifier:
            name = f"{call.having_modifier.kind.name.lower()}_by"  # as BigQuery calls it, too
        if name not in SUPPORTED_AGGREGATES[clause.is_noisy]:
            why = "One person's value would show." if name in ONE_PERSONS else ""
            raise refused(clause, f"Aggregate function {name.upper()} is not supported in SELECT WITH {keyword}.", why)
        modifiers = (call.having_modifier, call.order_by_item_list, call.limit, call.null_handling_modifier)
        if any(modifiers) or call.where_expr or call.group_by_list:
            raise refused(clause, f"Modifiers in {name.upper()} are not supported in SELECT WITH {keyword}.")


def refused(clause: Clause, sentence: str, why: str = "") -> Refused:
    """Refuse what a clause does not support, in our words."""
    rule = f"{why} {FUNCTIONS[clause.is_noisy]}".strip()
    return Refused(
        Because.FUNCTION, sentence, rule, next(iter(clause.policies), None), is_bigquerys=False, fix=Fix.FUNCTION
    )


def read_options(clause: Clause) -> dict:
    """Read the numbers among a clause's options; NULL is None. The privacy unit column must be that of its views."""
    numbers = {}
    for option in clause.scan.option_list:
        name = option.name.lower()
        if name in {"threshold", *LIMITS}:
            because = Because.NOISE if clause.is_noisy else Because.THRESHOLD
            if not isinstance(option.value, types.ResolvedLiteral):
                raise Refused(because, f"Option {option.name} must be a literal.", is_bigquerys=False, fix=Fix.OPTIONS)
            value = option.value.value.value
            numbers[name] = value and (value.double_value if value.int64_value is None else value.int64_value)
        if name == UNIT:
            if not isinstance(option.value, types.ResolvedColumnRef):
                raise Refused(
                    Because.PRIVACY_UNIT,
                    "The privacy unit column in the query must be a column.",
                    is_bigquerys=False,
                    fix=Fix.OPTIONS,
                )
            column = clause.columns.get(option.value.column.column_id, Column())
            units = {(origin.source, origin.column) for origin in column.origins | column.equals if origin.unchanged}
            for source in clause.sources:
                if (source, source.unit) not in units:
                    raise Refused(
                        Because.PRIVACY_UNIT,
                        "The privacy unit column in the query must be the one in the view: "
                        f"{source.unit}, policy for table {source.table}",
                        "The people in a group are counted by this column.",
                        source.table,
                        is_bigquerys=False,
                        fix=Fix.OPTIONS,
                    )
    return numbers
