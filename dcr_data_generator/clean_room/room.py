"""A clean room in memory: the parties' tables, the views over them, and what a subscriber gets to a question."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import SecretStr
from zetasql import types

from dcr_data_generator import sql
from dcr_data_generator.clean_room import rules, trace
from dcr_data_generator.clean_room.googlesql import Answer, Clause, GoogleSQL, NotUnderstood, edited
from dcr_data_generator.clean_room.rules import Allowed, Ledger, Refused
from dcr_data_generator.clean_room.salt import SALT_TABLE
from dcr_data_generator.clean_room.trace import Trace
from dcr_data_generator.clean_room.views import View, define

PARTIES = ("merchant_provider", "ewallet_provider")
Withheld = str


class Question(NamedTuple):
    """A query that passed: its text with the tables' plain names, what it means, and its privacy clauses."""

    text: str
    statement: types.ResolvedQueryStmt
    clauses: list[Allowed]


class Reply(NamedTuple):
    """What a subscriber gets, and what the rule withheld, a line each."""

    answer: Answer
    withheld: list[Withheld]


class CleanRoom:
    """The tables of both parties, the views, and their rules.

    Args:
        tables: the kinds of the columns of each table, by dataset and name.
        views: the CREATE VIEW statements.
        salt: the salt that the views put into their hashes.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, int]], views: Sequence[sql.Query], salt: SecretStr) -> None:
        """Make tables and views known; they have no rows yet."""
        self.engine = GoogleSQL()
        self.salt = salt
        self.salt_tables = [f"{dataset}.{SALT_TABLE}" for dataset in PARTIES]
        for name, columns in tables.items():
            self.engine.add_table(name, columns)
        for name in self.salt_tables:
            self.engine.add_table(name, {trace.SALT_COLUMN: types.TypeKind.TYPE_STRING})
        self.sources = set(tables)
        self.views = {view.name: view for view in define(self.engine, views)}
        self.policies = {name: view.policy for name, view in self.views.items()}
        self.ledger = Ledger()

    def columns_read(self, queries: Iterable[sql.Query]) -> dict[str, set[str]]:
        """Find the columns of the parties' tables that the views and these queries read; queries may be nonsense."""
        columns: dict[str, set[str]] = {}
        for text in [*(view.query for view in self.views.values()), *(query.text for query in queries)]:
            try:
                statement = self.engine.analyze(self.engine.with_plain_names(text))
            except NotUnderstood:
                continue
            for scan in trace.found(statement, types.ResolvedTableScan, inside_scans=True):
                if scan.table.name in self.sources:
                    columns.setdefault(scan.table.name, set()).update(column.name for column in scan.column_list)
        return columns

    def fill(self, rows: Mapping[str, Iterable[Sequence[object]]]) -> None:
        """Give the tables their rows, and evaluate the views."""
        for name in self.sources:
            self.engine.fill(name, rows.get(name, []))
        for name in self.salt_tables:
            self.engine.fill(name, [[self.salt.get_secret_value()]])
        for view in self.views.values():
            self.engine.fill_from(view.name, view.query)

    def ask(self, text: str) -> Reply:
        """Ask as a subscriber: the answer under the rules of the views, with what they withhold.

        Raises:
            Refused: a rule does not allow the query.
            NotUnderstood: it is no query that BigQuery would run on these tables.
        """
        question = self.admit(text)
        answer = self.answer(question)
        withheld = [*self.groups_withheld(question, answer), *self.rows_withheld(question, answer)]
        return Reply(answer, [*withheld, *self.exactness_withheld(question)])

    def admit(self, text: str) -> Question:
        """Let a query in, or refuse it; a question about a view with a budget is paid for.

        Raises:
            Refused: a rule does not allow the query.
            NotUnderstood: it is no query that BigQuery would run on these tables.
        """
        text = self.engine.with_plain_names(text)
        statement = self.engine.analyze(text)
        if isinstance(statement, types.ResolvedQueryStmt):
            self.check_access(Trace(statement))
        clauses = rules.enforce(statement, self.policies, self.ledger)
        return Question(text, statement, clauses)

    def check_access(self, read: Trace) -> None:
        """See that the query reads the own tables of one party only, whoever it is, and does not show the salt."""
        own = {
            party: source.table for source in read.sources for party in PARTIES if source.table.startswith(party + ".")
        }
        if len(own) > 1:
            table = own[PARTIES[1]]
            raise Refused(f"Access Denied: Table {table}: User does not have permission to query table {table}.")
        shown = {origin.source.table for column in read.output for origin in column.origins}
        if shown.intersection(self.salt_tables):
            raise Refused("The salt is not shown to anyone.")

    def answer(self, question: Question) -> Answer:
        """Evaluate a question.

        Raises:
            NotUnderstood: it fails on these rows.
        """
        return self.draw(question, 1)[0]

    def draw(self, question: Question, times: int) -> list[Answer]:
        """Evaluate a question several times: each time anew, where there is noise."""
        try:
            return self.engine.draw(self.with_options(question), times)
        except NotUnderstood as error:
            # A failure may quote the value on which it failed.
            raise NotUnderstood(str(error).replace(self.salt.get_secret_value(), "(the salt)")) from None

    def with_options(self, question: Question, **instead: float) -> str:
        """Write out the options of a question's privacy clauses, which it may leave to the policy, or put in others.

        The privacy unit column is the one in the policy, and known to the engine, which would not hear it again.
        """
        edits = []
        for allowed in question.clauses:
            clause = self.find(allowed.scan, question.text)
            own = {name: value for name, value in clause.options.items() if name != rules.UNIT}
            options = own | {name: repr(value) for name, value in (allowed.options | instead).items()}
            written = ", ".join(f"{name} = {value}" for name, value in options.items())
            edits.append((clause.clause, f"WITH {clause.keyword} OPTIONS ({written})"))
        return edited(question.text, edits)

    def find(self, scan: types.ResolvedScan, text: str) -> Clause:
        """Find the clause of a scan in the text: the innermost around what the scan computes."""
        computed = [*scan.aggregate_list, *scan.group_by_list, *scan.option_list]
        place = next(
            node.parse_location_range.start
            for part in computed
            for node in trace.found(part, types.ResolvedNode, inside_scans=True)
            if getattr(node, "parse_location_range", None)
        )
        around = [clause for clause in self.engine.clauses(text) if place in clause.select]
        return min(around, key=lambda clause: len(clause.select))

    def groups_withheld(self, question: Question, answer: Answer) -> list[Withheld]:
        """Say which groups an aggregation threshold withheld: those of the same question with a threshold of one."""
        clauses = [clause for clause in question.clauses if isinstance(clause.scan, rules.THRESHOLD)]
        if not clauses or len(clauses) < len(question.clauses):
            return []  # next to noise, what is missing cannot be told from what came out otherwise
        threshold = max(clause.options["threshold"] for clause in clauses)
        everything = self.engine.evaluate(self.with_options(question, threshold=1))
        rows = Counter(map(repr, everything.rows)) - Counter(map(repr, answer.rows))
        keys, people = self.groups_and_people(question, clauses)
        lines = []
        for row in everything.rows:
            if rows[repr(row)]:
                rows[repr(row)] -= 1
                group = ", ".join(str(row[index]) for index in keys)
                lines.append(
                    withheld_group(group, people and (everything.columns[people[0]], row[people[0]]), threshold)
                )
        return lines

    def groups_and_people(self, question: Question, clauses: list[Allowed]) -> tuple[list[int], list[int]]:
        """Say which columns of an answer name the group, and which count its people."""
        numbers = [output.column.column_id for output in question.statement.output_column_list]
        groups = {computed.column.column_id for clause in clauses for computed in clause.scan.group_by_list}
        counts = {
            computed.column.column_id
            for clause in clauses
            for computed in clause.scan.aggregate_list
            if trace.function_name(computed.expr) == "count" and computed.expr.distinct
        }
        return (
            [index for index, number in enumerate(numbers) if number in groups],
            [index for index, number in enumerate(numbers) if number in counts],
        )

    def rows_withheld(self, question: Question, answer: Answer) -> list[Withheld]:
        """Say how many rows of a list overlap match nothing, where the answer shows on what it was joined."""
        lines = []
        read = Trace(question.statement)
        for name in dict.fromkeys(source.table for source in read.sources):
            if name not in self.views or self.views[name].policy.privacy_unit_column:
                continue
            keys = {key.lower() for key in self.views[name].policy.join_restriction_policy.join_allowed_columns}
            for index, column in enumerate(read.output):
                key = next((each.column for each in column.origins | column.equals if is_key(each, name, keys)), None)
                if key is not None:
                    lines.append(self.unmatched(self.views[name], key, {row[index] for row in answer.rows}))
                    break
        return [line for line in lines if line]

    def exactness_withheld(self, question: Question) -> list[Withheld]:
        """Say of answers with noise what they cost, and what is left."""
        lines = []
        for clause in question.clauses:
            for view in sorted(clause.views) if isinstance(clause.scan, rules.NOISE) else []:
                policy, (spent, _) = self.policies[view].differential_privacy_policy, self.ledger.spent[view]
                left = f"{float(policy.epsilon_budget) - float(spent):g} of {policy.epsilon_budget:g} are left"
                lines.append(f"the exact figures, withheld: epsilon {clause.options['epsilon']:g}; for {view} {left}")
        return lines

    def unmatched(self, view: View, key: str, shown: set[object]) -> Withheld | None:
        """Count the rows of a view whose key is not among those shown."""
        position = [column.lower() for column in view.columns].index(key)
        rows = self.engine.rows(view.name)
        missing = sum(row[position] not in shown for row in rows)
        if not missing:
            return None
        return (
            f"{missing:,} of the {len(rows):,} rows of {view.name}, withheld: only those that match on {key} are shown"
        )


def is_key(origin: trace.Origin, table: str, keys: set[str]) -> bool:
    """Whether a column is one on which a view is joined."""
    return origin.unchanged and origin.source.table == table and origin.column in keys


def withheld_group(group: str, people: tuple[str, object] | None, threshold: float) -> Withheld:
    """Say what a threshold withheld, such as "Business: 46 customers, withheld: fewer than 50"."""
    counted = counted_people(*people) if people else "its people"
    return f"{group or 'everyone'}: {counted}, withheld: fewer than {threshold:g}"


def counted_people(column: str, number: int) -> str:
    """Say how many, by the name of the column: 46 in number_of_customers are 46 customers."""
    word = column.removeprefix("number_of_").replace("_", " ")
    one = {"people": "person"}.get(word, word.removesuffix("s"))
    return f"{number:,} {one if number == 1 else word}"
