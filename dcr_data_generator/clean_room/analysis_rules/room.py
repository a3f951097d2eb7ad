"""A clean room in memory: the parties' tables, the views over them, and what a subscriber gets to see."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules import rules
from dcr_data_generator.clean_room.analysis_rules.engine import Answer, GoogleSQL, Values, kind_of
from dcr_data_generator.clean_room.analysis_rules.lineage import Clause, Lineage, NotUnderstood, find, function_name
from dcr_data_generator.clean_room.analysis_rules.rules import KEYWORDS, Budgets, Refused
from dcr_data_generator.clean_room.policy import PrivacyPolicy


class Question(NamedTuple):
    """A query that the rules allow: its text with the tables' plain names, its meaning, and its privacy clauses."""

    text: str
    statement: types.ResolvedQueryStmt
    lineage: Lineage
    clauses: list[Clause]


class Reply(NamedTuple):
    """What a subscriber gets, and what the rules withheld, one line each."""

    answer: Answer
    withheld: list[str]


class CleanRoom:
    """The tables of the parties, the views over them, and the views' rules.

    Args:
        tables: the columns of each table ("dataset.table") and their BigQuery types.
        secrets: for each table with a secret, its columns and their values in its only row.
        views: for each view its policy and its query; a view may read those before it. One beside a party's own
            tables, which is where the secrets are, is the party's own.

    Raises:
        NotUnderstood: a view's query is not BigQuery's, or its policy names a column that it does not have.
    """

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, str]],
        secrets: Mapping[str, Mapping[str, str]],
        views: Mapping[str, tuple[PrivacyPolicy, str]],
    ) -> None:
        self.engine = GoogleSQL()
        self.tables, self.secrets = tables, secrets
        for name, columns in tables.items():
            self.engine.add_table(name, {column: kind_of(type_name) for column, type_name in columns.items()})
        for name, values in secrets.items():
            self.engine.add_table(name, dict.fromkeys(values, kind_of("STRING")))
        self.parties = [name.split(".")[0] for name in secrets]  # the datasets of their own tables
        self.policies = {name: policy for name, (policy, _) in views.items() if name.split(".")[0] not in self.parties}
        self.columns: dict[str, list[str]] = {}  # of the views, in lower case
        self.queries = {name: self.add_view(name, policy, query) for name, (policy, query) in views.items()}
        self.budgets = Budgets(self.policies)
        self.hides_views = False  # whether only the query templates are offered

    def add_view(self, name: str, policy: PrivacyPolicy, query: str) -> str:
        """Add a view; returns its query with the tables' plain names."""
        try:
            text = self.engine.plain_names(query)
            outputs = self.engine.analyze(text).output_column_list
        except NotUnderstood as error:
            raise NotUnderstood(f"the query of {name} is not BigQuery's: {error}") from None
        self.columns[name] = [output.name.lower() for output in outputs]
        if missing := sorted(policy.columns - {*self.columns[name]}):
            raise NotUnderstood(f"the privacy_policy of {name} names a column that it does not have: {missing[0]}")
        columns = {output.name: output.column.type.type_kind for output in outputs}
        self.engine.add_table(name, columns, policy.privacy_unit_column)
        return text

    def add_template(self, text: str) -> None:
        """Add a query template by its CREATE TABLE FUNCTION.

        Raises:
            NotUnderstood: it is not BigQuery's, or not within the limits of "Use query templates": at most two data
                references, which are one table for a parameter, and the views of one party.
        """
        try:
            read = self.engine.add_function(text)
        except NotUnderstood as error:
            raise NotUnderstood(f"a query template is not BigQuery's: {error}") from None
        if len({table.split(".")[0] for table in read}) != 1 or not read <= self.policies.keys():
            raise NotUnderstood(f"a query template reads the views of one party, and not {', '.join(sorted(read))}")

    def fill(self, rows: Mapping[str, Iterable[Mapping[str, object]]]) -> None:
        """Give the tables their rows, with NULL for a column that is left out, and evaluate the views."""
        for name, columns in self.tables.items():
            self.engine.fill(name, ([row.get(column) for column in columns] for row in rows.get(name, [])))
        for name, values in self.secrets.items():
            self.engine.fill(name, [list(values.values())])
        for name, query in self.queries.items():
            self.engine.fill_from(name, query)

    def columns_read(self, queries: Iterable[str]) -> dict[str, set[str]]:
        """Find the columns of each table that the views and some queries read."""
        columns: dict[str, set[str]] = {}
        for query in [*self.queries.values(), *queries]:
            with suppress(NotUnderstood):  # which will not be evaluated
                statement = self.engine.analyze(self.engine.plain_names(query))
                for scan in find(statement, types.ResolvedTableScan):
                    columns.setdefault(scan.table.name, set()).update(column.name for column in scan.column_list)
        return columns

    def link(self, dataset: str) -> None:
        """Let the views and templates be queried as those of a linked dataset, too."""
        shared = [*self.policies, *self.engine.functions]
        self.engine.links = {f"{dataset}.{name.split('.')[1]}": name for name in shared}

    def ask(self, text: str) -> Reply:
        """Ask as a subscriber: the answer under the rules of the views, and what they withhold.

        Raises:
            Refused: a rule does not allow the query.
            NotUnderstood: BigQuery would not run it on these tables, or it cannot be judged here.
        """
        question, [answer] = self.answer(text, [{}])
        lines = [*self.groups_withheld(question, answer), *self.rows_withheld(question, answer)]
        return Reply(answer, [*lines, *self.exactness_withheld(question)])

    def ask_repeatedly(self, text: str, times: int) -> list[Answer]:
        """Ask the same several times; each answer is charged for. Raises as `ask`."""
        return self.answer(text, [{}] * times)[1]

    def answer(self, text: str, values: Sequence[Values]) -> tuple[Question, list[Answer]]:
        """Answer a query under the rules, for each set of values of its @parameters. Raises as `ask`."""
        question = self.admit(text)
        before = self.budgets.spent
        self.budgets.charge(question.clauses, len(values))  # first: what is not paid for is not evaluated
        try:
            return question, self.evaluate(question, values)
        except NotUnderstood:
            self.budgets.spent = before  # a question that fails costs nothing
            raise

    def is_noisy(self, text: str) -> bool:
        """Whether a query is answered with noise."""
        return any(clause.is_noisy for clause in self.admit(text).lineage.clauses)

    def admit(self, text: str) -> Question:
        """Check a query against the rules. Raises as `ask`."""
        text = self.engine.plain_names(text)
        try:
            statement = self.engine.analyze(text)
        except NotUnderstood as error:
            if "Table not found" not in str(error):
                raise
            raise NotUnderstood(f"{error}; the views are {', '.join(self.engine.links or self.policies)}") from None
        if not isinstance(statement, types.ResolvedQueryStmt):
            raise Refused(rules.NOT_A_QUERY)
        read = {scan.table.name for scan in find(statement, types.ResolvedTableScan)}
        for view in sorted(read & self.policies.keys()) if self.hides_views else []:
            raise Refused(f"Access Denied: Table {view}: User does not have permission to query table {view}.")
        if (inlined := self.engine.inline(text)) != text:
            text, statement = inlined, self.engine.analyze(inlined)
        lineage = Lineage(statement, self.policies, self.secrets.keys())
        self.check_access(lineage)
        return Question(text, statement, lineage, rules.check(lineage))

    def check_access(self, lineage: Lineage) -> None:
        """Check that a query reads the own tables of one party at most, and does not show a secret."""
        own = {
            source.table.split(".")[0]: source.table
            for source in lineage.sources
            if source.table not in self.policies and source.table.split(".")[0] in self.parties
        }
        if len(own) > 1:
            table = own[self.parties[1]]
            raise Refused(f"Access Denied: Table {table}: User does not have permission to query table {table}.")
        if any(origin.source.table in self.secrets for column in lineage.output for origin in column.origins):
            raise Refused("The salt is not shown to anyone.")

    def evaluate(
        self, question: Question, values: Sequence[Values] = ({},), threshold: float | None = None
    ) -> list[Answer]:
        """Evaluate a question, with another threshold than its own if there is one."""
        instead = {} if threshold is None else {"threshold": threshold}
        text = self.engine.with_options(question.text, self.options(question), instead)
        try:
            return self.engine.evaluate(text, values)
        except NotUnderstood as error:
            message = str(error)
            for value in [value for values in self.secrets.values() for value in values.values()]:
                message = message.replace(value, "(a secret)")  # a failure may quote the value on which it failed
            raise NotUnderstood(message) from None

    def options(self, question: Question) -> dict[str, dict[str, float]]:
        """The options of a question's privacy clauses, which it may leave to the policies, by the clauses' keywords."""
        options: dict[str, dict[str, float]] = {}
        for clause in question.clauses:
            if options.setdefault(KEYWORDS[clause.is_noisy], clause.options) != clause.options:
                raise NotUnderstood("clauses of one kind with different options are not supported in a rehearsal")
        return options

    def groups_withheld(self, question: Question, answer: Answer) -> Iterator[str]:
        """Say which groups an aggregation threshold withheld: those that a threshold of one shows besides."""
        clauses = [clause for clause in question.clauses if not clause.is_noisy]
        if not clauses or len(clauses) < len(question.clauses):
            return  # beside noise, a missing row cannot be told from one that came out otherwise
        threshold = max(clause.options["threshold"] for clause in clauses)
        [everything] = self.evaluate(question, threshold=1)
        grouping = [part for clause in clauses for part in clause.scan.group_by_list]
        keys = self.positions(question, grouping)
        if len(keys) < len(grouping):  # the answer does not tell its groups apart
            if (missing := len(everything.rows) - len(answer.rows)) > 0:
                yield f"{missing:,} of {len(everything.rows):,} rows, withheld: fewer than {threshold:g} people"
            return
        groups = {repr([row[position] for position in keys]) for row in answer.rows}
        aggregates = [part for clause in clauses for part in clause.scan.aggregate_list]
        people = self.positions(
            question, [part for part in aggregates if function_name(part.expr) == "count" and part.expr.distinct]
        )
        for row in everything.rows:
            if repr([row[position] for position in keys]) not in groups:
                group = ", ".join(str(row[position]) for position in keys) or "everyone"
                counted = count_of(everything.columns[people[0]], row[people[0]]) if people else "its people"
                yield f"{group}: {counted}, withheld: fewer than {threshold:g}"

    def positions(self, question: Question, computed: Sequence[types.ResolvedComputedColumn]) -> list[int]:
        """Find the positions of computed columns in the answer."""
        numbers = {part.column.column_id for part in computed}
        outputs = question.statement.output_column_list
        return [position for position, output in enumerate(outputs) if output.column.column_id in numbers]

    def rows_withheld(self, question: Question, answer: Answer) -> Iterator[str]:
        """Say how many rows of a list overlap match nothing, where the answer shows on what it was joined.

        A LIMIT leaves rows out, too: that is the query's own doing, and no rule's.
        """
        if (text := self.engine.without_limit(question.text)) != question.text:
            [answer] = self.evaluate(question._replace(text=text))
        for view in dict.fromkeys(source.table for source in question.lineage.sources):
            policy = self.policies.get(view)
            if not policy or policy.privacy_unit_column or not policy.join_restriction_policy:
                continue
            keys = {key.lower() for key in policy.join_restriction_policy.join_allowed_columns}
            shown = [
                (origin.column, position)
                for position, column in enumerate(question.lineage.output)
                for origin in column.origins | column.equals
                if origin.unchanged and origin.source.table == view and origin.column in keys
            ]
            for key, position in shown[:1]:
                rows, values = self.engine.rows(view), {row[position] for row in answer.rows}
                index = self.columns[view].index(key)
                if missing := sum(row[index] not in values for row in rows):
                    of_view = f"{missing:,} of the {len(rows):,} rows of {view}"
                    yield f"{of_view}, withheld: only those that match on {key} are shown"

    def exactness_withheld(self, question: Question) -> Iterator[str]:
        """Say what an answer with noise costs, and what is left of the budget."""
        for clause in question.clauses:
            for view, policy in sorted(clause.policies.items()):
                if budget := policy.differential_privacy_policy:
                    left = (
                        f"{budget.epsilon_budget - float(self.budgets.spent[view][0]):g} of {budget.epsilon_budget:g}"
                    )
                    epsilon = f"{clause.options['epsilon']:g}"
                    yield f"the exact figures, withheld: epsilon {epsilon}; for {view} {left} are left"


def count_of(column: str, number: object) -> str:
    """Say how many, by the name of the column: 46 in number_of_customers are 46 customers."""
    word = column.removeprefix("number_of_").replace("_", " ")
    one = {"people": "person"}.get(word, word.removesuffix("s"))
    return f"{number:,} {one if number == 1 else word}"
