"""A clean room in memory: two or more parties' tables, the views that they share, and what each party gets to see."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import RLock
from typing import NamedTuple

from zetasql import types

from dcr_data_generator.clean_room.analysis_rules import access, rules
from dcr_data_generator.clean_room.analysis_rules.access import Party, denied
from dcr_data_generator.clean_room.analysis_rules.allowed import find_allowed
from dcr_data_generator.clean_room.analysis_rules.engine import REWRITES, Answer, GoogleSQL, kind_of
from dcr_data_generator.clean_room.analysis_rules.lineage import SCAN, Clause, Lineage, NotUnderstood, find
from dcr_data_generator.clean_room.analysis_rules.reply import Because, Cost, Fix, Refused, Reply, Verdict
from dcr_data_generator.clean_room.analysis_rules.rules import Budgets
from dcr_data_generator.clean_room.analysis_rules.service import Values
from dcr_data_generator.clean_room.analysis_rules.withheld import (
    Withheld,
    count_rows,
    groups_withheld,
    noise_left_out,
    number_of,
    rows_withheld,
    shortened,
)
from dcr_data_generator.clean_room.policy import PrivacyPolicy

# In what the analyzer says of a privacy clause.
CLAUSES = "AGGREGATION_THRESHOLD|DIFFERENTIAL_PRIVACY|Aggregation Threshold|does not support DISTINCT in arguments"
UNITS = "The people in each group are counted, so every part of the query keeps them apart."
# Reads columns of a table: its rows, in the order of the columns.
type Load = Callable[[str, Sequence[str]], Iterable[Sequence[object]]]


class SharedView(NamedTuple):
    """A view: its policy, its query, and its rule in plain words, if somebody has worded it."""

    policy: PrivacyPolicy
    query: str
    rule: str = ""


class Question(NamedTuple):
    """A query that the rules allow: its text with the tables' plain names, its meaning, and its privacy clauses."""

    text: str
    statement: types.ResolvedQueryStmt
    lineage: Lineage
    clauses: list[Clause]
    party: Party


class CleanRoom:
    """The one thing that answers queries of a clean room.

        room = CleanRoom(tables, views, [Party("merchant", frozenset({"merchant_provider"})), ...], load=read)
        reply = room.ask("SELECT ...", "merchant", seconds=30)
        reply.verdict, reply.why, reply.answer, reply.withheld, reply.costs

    - Who asks is always given. A party reads its own tables and views and all shared views; whatever lies in another
      party's datasets is refused. A dataset of no party is shared.
    - The rules are checked before any row is read: `judge` does only that. `ask` then reads the rows of the columns
      that are needed, once, evaluates the views that are needed, once, and the query.
    - It never raises for a query: a refusal and a mistake in the query are replies, too. `answers` raises, and answers
      many values of the @parameters of one query; attacks use it.
    - `seconds` bounds how long an answer may take; the room is whole after it.
    - `open_answer` is what the same query would answer without any rules, for somebody who knows both parties' tables.
    - `change` replaces a view's policy while the room is in use, and renews the view's budget, as ALTER VIEW does. No
      row is read again.
    - `templates_only` offers the query templates and hides the views, for all parties.
    - Budgets start full, are common to all parties, and last as long as the room, or until `renew_budgets`.
    - It may be used from several threads: they take turns.

    Args:
        tables: the columns of each table ("dataset.table") and their BigQuery types.
        views: each view by its name; a view may read those before it. One in a party's own dataset without
            a policy is the party's own.
        parties: who may ask.
        secrets: for each table with a secret, its columns and their values in its only row. It is read by views and by
            its party's own queries, and never shown.
        load: reads the rows; without it, `fill` gives them.
        templates: CREATE TABLE FUNCTION statements.

    Raises:
        NotUnderstood: a view's query is not BigQuery's, its policy names a column that it does not have, or a template
            is not within BigQuery's limits.
    """

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, str]],
        views: Mapping[str, SharedView],
        parties: Sequence[Party],
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        load: Load | None = None,
        templates: Sequence[str] = (),
    ) -> None:
        self.engine = GoogleSQL()
        self.known: dict[str, dict[str, set[str]]] = {}  # the columns that queries read, by their texts
        self.lock = RLock()
        self.tables, self.secrets, self.load = tables, secrets or {}, load
        self.parties = {party.name: party for party in parties}
        for name, columns in tables.items():
            self.engine.add_table(name, {column: kind_of(type_name) for column, type_name in columns.items()})
        for name, values in self.secrets.items():
            self.engine.add_table(name, dict.fromkeys(values, kind_of("STRING")))
        self.views = dict(views)
        # A view with a policy is shared wherever it lies; one without in a party's own dataset is the party's.
        self.policies: dict[str, PrivacyPolicy] = {}
        self.policies = {
            name: view.policy for name, view in views.items() if view.policy.columns or not self.owner(name)
        }
        self.columns: dict[str, list[str]] = {}  # of the views, in lower case
        self.sharers: dict[str, set[str]] = {}  # the names of the parties whose tables a view reads
        self.queries: dict[str, str] = {}  # of the views, with the tables' plain names
        for name, view in views.items():
            self.add_view(name, view.policy, view.query)
        self.loaded: dict[str, set[str]] = {}  # the columns of each table whose rows are there, and the views evaluated
        self.budgets = Budgets(self.policies)
        self.templates_only = False
        for template in templates:
            self.add_template(template)

    def owner(self, name: str) -> Party | None:
        """The party in whose own dataset a table or view lies; None for what is shared."""
        if name in self.policies:
            return None
        return access.owner_of(name.split(".")[0], self.parties.values())

    def add_view(self, name: str, policy: PrivacyPolicy, query: str) -> None:
        """Add a view."""
        try:
            text = self.engine.plain_names(query)
            statement = self.engine.analyze(text, types.ErrorMessageMode.ERROR_MESSAGE_ONE_LINE)
            outputs = statement.output_column_list
        except NotUnderstood as error:
            raise NotUnderstood(f"the query of {name} is not BigQuery's: {error}") from None
        self.columns[name] = [output.name.lower() for output in outputs]
        self.check_columns(name, policy)
        read = {scan.table.name for scan in find(statement, types.ResolvedTableScan)}
        owners = {owner.name for table in read if (owner := self.owner(table))}
        self.sharers[name] = owners.union(*(self.sharers.get(table, set()) for table in read))
        columns = {output.name: output.column.type.type_kind for output in outputs}
        for column, kind in columns.items():
            if kind in (types.TypeKind.TYPE_ARRAY, types.TypeKind.TYPE_STRUCT, types.TypeKind.TYPE_RANGE):
                raise NotUnderstood(f"the query of {name} has a column of a type that is not supported here: {column}")
        self.engine.add_table(name, columns, policy.privacy_unit_column)
        self.know(text, statement)
        self.queries[name] = text

    def check_columns(self, name: str, policy: PrivacyPolicy) -> None:
        """Check that a view has the columns that its policy names."""
        if missing := sorted(policy.columns - {*self.columns[name]}):
            raise NotUnderstood(f"the privacy_policy of {name} names a column that it does not have: {missing[0]}")

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

    def link(self, dataset: str) -> None:
        """Let the views and templates be queried as those of a linked dataset, too."""
        shared = [*self.policies, *self.engine.functions]
        self.engine.links = {f"{dataset}.{name.split('.')[1]}": name for name in shared}

    def rules(self) -> dict[str, str]:
        """The rule of each shared view, in plain words."""
        return {name: self.rule_of(name) for name in self.policies}

    def rule_of(self, view: str) -> str:
        """The rule of a view in plain words: as somebody has worded it, or as its policy is now."""
        worded = self.views[view]
        return worded.rule if worded.rule and self.policies[view] == worded.policy else self.policies[view].in_words

    # What changes while the room is in use.

    def change(self, view: str, policy: PrivacyPolicy) -> None:
        """Give a view another policy, and a full budget.

        Raises:
            NotUnderstood: the policy names a column that the view does not have.
        """
        with self.lock:
            self.check_columns(view, policy)
            self.policies[view] = policy
            self.engine.set_privacy_unit(view, policy.privacy_unit_column)
            self.budgets.renew(view)

    def renew_budgets(self) -> None:
        """Start all budgets full again."""
        self.budgets = Budgets(self.policies)

    @contextmanager
    def other_policies(self, policies: Mapping[str, PrivacyPolicy], budgets: Budgets | None = None) -> Iterator[None]:
        """Have other policies of the same privacy units, and other budgets or full ones, while the block runs."""
        with self.lock:
            before = self.policies, self.budgets
            self.policies = {**self.policies, **policies}
            self.budgets = budgets or Budgets(self.policies)
            try:
                yield
            finally:
                self.policies, self.budgets = before

    # The rows.

    def fill(self, rows: Mapping[str, Iterable[Mapping[str, object]]]) -> None:
        """Give the tables their rows, with NULL for a column that is left out."""
        lists = {name: list(each) for name, each in rows.items()}
        self.load = lambda name, columns: [[row.get(column) for column in columns] for row in lists.get(name, [])]
        self.loaded.clear()

    def set_rows(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Give one table its rows, with all its columns."""
        with self.lock:
            self.engine.fill(table, rows)
            self.loaded[table] = set(self.tables[table])
            for name in self.queries:
                if table in self.columns_read(self.queries[name]):
                    self.loaded.pop(name, None)

    def set_secrets(self, values: Mapping[str, str]) -> None:
        """Give all parties other secrets in common, and so other keys."""
        with self.lock:
            self.secrets = dict.fromkeys(self.secrets, values)
            for name in [*self.secrets, *self.queries]:
                self.loaded.pop(name, None)

    @property
    def parameters(self) -> list[str]:
        """The @parameters that queries may name; they are texts."""
        return self.engine.parameters

    @parameters.setter
    def parameters(self, names: list[str]) -> None:
        self.engine.parameters = names

    def columns_read(self, text: str) -> dict[str, set[str]]:
        """Find the columns of each table and view that a query reads, and of those that these views read."""
        if text not in self.known:
            self.know(text, self.engine.analyze(text))
        return self.known[text]

    def know(self, text: str, statement: types.ResolvedStatement) -> None:
        """Remember the columns that a query reads, by what it means: it is looked through several times."""
        columns: dict[str, set[str]] = {}
        for scan in find(statement, types.ResolvedTableScan):
            columns.setdefault(scan.table.name, set()).update(column.name for column in scan.column_list)
        for view in columns.keys() & self.queries.keys():
            for name, read in self.columns_read(self.queries[view]).items():
                columns.setdefault(name, set()).update(read)
        self.known[text] = columns

    def prepare(self, text: str) -> None:
        """Read the rows that a query needs and that are not there yet, and evaluate the views."""
        self.read(self.columns_read(text))

    def read(self, needed: Mapping[str, set[str]]) -> None:
        """Read these columns of tables, where they are not there yet, and evaluate these views."""
        for name, columns in needed.items():
            if name in self.tables and not (name in self.loaded and columns <= self.loaded[name]):
                read = [each for each in self.tables[name] if each in columns | self.loaded.get(name, set())]
                self.fill_table(name, read)
            elif name in self.secrets and name not in self.loaded:
                self.engine.fill(name, [list(self.secrets[name].values())])
                self.loaded[name] = set(self.secrets[name])
        for name in self.queries:  # a view may read those before it
            if name in needed and name not in self.loaded:
                self.engine.fill_from(name, self.queries[name])
                self.loaded[name] = set(self.columns[name])

    def prepare_all(self, queries: Iterable[str]) -> None:
        """Read what several queries need at once, so that no table is read twice; what is wrong is passed over."""
        with self.lock:
            needed: dict[str, set[str]] = {}
            for query in queries:
                with suppress(NotUnderstood):
                    for name, columns in self.columns_read(self.engine.plain_names(query)).items():
                        needed.setdefault(name, set()).update(columns)
            self.read(needed)

    def rows(self, name: str) -> list[tuple]:
        """All rows of a table or view, for somebody who knows both parties' tables."""
        with self.lock:
            self.prepare(f"SELECT * FROM {self.engine.quoted(name)}")
            return self.engine.rows(name)

    def fill_table(self, name: str, columns: Sequence[str]) -> None:
        """Read columns of a table; the others are NULL."""
        read = columns or list(self.tables[name])[:1]  # for the number of rows
        places = [read.index(column) if column in read else None for column in self.tables[name]]
        rows = self.load(name, read) if self.load else []
        self.engine.fill(name, ([None if place is None else row[place] for place in places] for row in rows))
        self.loaded[name] = {*columns}

    # The questions.

    def judge(self, text: str, party: str) -> Reply:
        """Check a query against the rules, without reading any row: a reply without an answer."""
        with self.lock:
            try:
                self.admit(text, party)
            except Refused as refusal:
                return self.refusal(refusal, text, party)
            except NotUnderstood as error:
                return Reply(party=party, verdict=Verdict.ERROR, sentence=str(error))
            return Reply(party=party, verdict=Verdict.ALLOWED)

    def ask(self, text: str, party: str, seconds: float | None = None) -> Reply:
        """Ask a query as a party: the answer under the rules, what they withhold, and what it costs."""
        with self.lock:
            try:
                with self.engine.limited(seconds):
                    question, [answer] = self.answer(text, party, [{}])
                    found = self.count_withheld(question, answer)
            except Refused as refusal:
                return self.refusal(refusal, text, party)
            except NotUnderstood as error:
                return Reply(party=party, verdict=Verdict.ERROR, sentence=str(error))
            costs = tuple(self.costs(question))
            return Reply(
                party=party,
                verdict=Verdict.ALLOWED,
                answer=answer,
                withheld=tuple(found.lines),
                is_counted=found.is_counted,
                costs=costs,
                notes=tuple(access.previews(self.engine, question.text)),
            )

    def refusal(self, refusal: Refused, text: str, party: str) -> Reply:
        """Reply that a query is refused."""
        rule = refusal.rule
        if refusal.view:
            rule = f"{refusal.view}: {self.rule_of(refusal.view)} {rule}".strip()
        return Reply(
            party=party,
            verdict=Verdict.REFUSED,
            because=refusal.because,
            sentence=str(refusal),
            is_bigquerys=refusal.is_bigquerys,
            rule=rule,
            view=refusal.view,
            allowed=find_allowed(self, text, self.parties[party], refusal),
        )

    def allows(self, text: str, party: str) -> bool:
        """Whether a party may ask a query now: the rules allow it, and the budgets are sufficient."""
        before = self.budgets.spent
        try:
            self.budgets.charge(self.admit(text, party).clauses)
        except (Refused, NotUnderstood):
            return False
        finally:
            self.budgets.spent = before
        return True

    # What there is, by its names.

    def name_of(self, parts: Sequence[str]) -> str:
        """The name of a table or view, by the parts of its name in a query."""
        name = ".".join(parts[-2:])
        return self.engine.links.get(name, name)

    def shown_name(self, name: str) -> str:
        """The name of a table or view in a query."""
        return next((link for link, each in self.engine.links.items() if each == name), name)

    def column_names(self, relation: str) -> list[str]:
        """The columns of a table or view, in lower case."""
        return [column.name.lower() for column in self.engine.tables[relation].column]

    def tables_of(self, party: Party) -> list[str]:
        """The tables of a party's own."""
        return [name for name in self.tables if self.owner(name) == party]

    def relations_of(self, party: Party) -> list[str]:
        """What a party may join with: its own views and tables, and then what is shared."""
        own = [name for name in self.views if self.owner(name) == party]
        return [*own, *self.tables_of(party), *self.policies]

    def tables_behind(self, view: str) -> set[str]:
        """The tables and views that a view reads."""
        return set(self.columns_read(self.queries[view]))

    def answers(self, text: str, party: str, values: Sequence[Values]) -> list[Answer]:
        """Answer a query for each set of values of its @parameters; each answer is charged for.

        Raises:
            Refused: a rule does not allow the query.
            NotUnderstood: BigQuery would not run it on these tables, or it cannot be judged here.
        """
        with self.lock:
            return self.answer(text, party, values)[1]

    def open_answer(self, text: str, seconds: float | None = None) -> Answer:
        """What a query would answer without any rules, and without noise.

        Raises:
            NotUnderstood: BigQuery would not run it on these tables, or it takes longer than this.
        """
        with self.lock, self.engine.limited(seconds):
            text = self.engine.with_any_value(self.engine.inline(self.engine.plain_names(text)))
            text = self.engine.without_clauses(text)
            self.prepare(text)
            return self.engine.evaluate(text)[0]

    def answer(self, text: str, party: str, values: Sequence[Values]) -> tuple[Question, list[Answer]]:
        """Answer a query under the rules. Raises as `answers`."""
        question = self.admit(text, party)
        before = self.budgets.spent
        try:
            for clause in question.clauses:  # first: what is not paid for is not evaluated
                self.budgets.charge([clause], len(values) * self.draws(question, clause))
            return question, self.evaluate(question, values)
        except BaseException:
            self.budgets.spent = before  # a question that fails costs nothing
            raise

    def draws(self, question: Question, clause: Clause) -> int:
        """How often a clause draws noise in one answer: in a correlated subquery, once for each outer row.

        Nobody knows what BigQuery charges for it.
        """
        if not clause.is_noisy or not clause.outer:
            return 1
        if len(clause.outer) > 1 or getattr(clause.outer[0], "input_scan", None) is None:
            raise NotUnderstood("noise in a subquery of a subquery or of a join is not supported in a rehearsal")
        statement = self.engine.resolve(question.text)
        scans = zip(find(question.statement, SCAN), find(statement, SCAN), strict=True)
        [outer] = [each for one, each in scans if one is clause.outer[0]]
        self.prepare(question.text)
        return count_rows(self.engine, statement, outer.input_scan)

    def is_noisy(self, text: str, party: str) -> bool:
        """Whether a query is answered with noise. Raises as `answers`."""
        return any(clause.is_noisy for clause in self.admit(text, party).lineage.clauses)

    def admit(self, text: str, name: str) -> Question:
        """Check a query against the rules. Raises as `answers`."""
        party = self.parties[name]
        access.check_statement(self.engine, text)
        access.check_names(self.engine, text, party, self.parties, self.policies)
        access.check_options(self.engine, text)
        text = self.engine.with_any_value(self.engine.plain_names(text))
        try:
            statement = self.engine.analyze(text)
        except NotUnderstood as error:
            if "Table not found" in str(error):
                names = ", ".join(self.engine.links or self.policies)
                raise NotUnderstood(f"{error}; the views are {names}") from None
            if re.search(CLAUSES, str(error)):
                view = next((each for each in self.engine.tables_in(text) if each in self.policies), None)
                raise Refused(Because.PRIVACY_UNIT, str(error), UNITS, view) from None
            raise
        read = {scan.table.name for scan in find(statement, types.ResolvedTableScan)}
        for table in sorted(read):
            if self.owner(table) not in (party, None):
                raise denied(table, self.owner(table))
        for view in sorted(read & self.policies.keys()) if self.templates_only else []:
            raise Refused(
                Because.TEMPLATES,
                str(denied(view, None)),
                "Only the query templates are offered, and not the view itself.",
                view,
            )
        if (inlined := self.engine.inline(text)) != text:
            text, statement = inlined, self.engine.analyze(inlined)
        self.know(text, statement)
        lineage = Lineage(statement, self.policies, self.secrets.keys())
        shown = [*lineage.output, *lineage.conditions]
        if any(origin.source.table in self.secrets for column in shown for origin in column.origins):
            raise Refused(
                Because.SECRET,
                "The salt is not shown to anyone.",
                "Who has it can hash any email, and find it.",
                is_bigquerys=False,
            )
        question = Question(text, statement, lineage, rules.check(lineage), party)
        if any(source.as_of for source in lineage.sources):
            raise NotUnderstood("FOR SYSTEM_TIME AS OF is not supported in a rehearsal")
        self.place(question)
        if lineage.clauses:
            self.check_by_engine(question)
        return question

    def place(self, question: Question) -> None:
        """Find where in the text each privacy clause stands."""
        selects = self.engine.clauses(question.text)
        for clause in question.clauses:
            clause.number = number_of(clause.scan, selects)
            clause.place = selects[clause.number].parse_location_range.start

    def check_by_engine(self, question: Question) -> None:
        """Let the engine check the privacy clauses: it refuses some joins and subqueries, and DISTINCT.

        Raises:
            Refused: in the words of ZetaSQL, from which BigQuery's SQL is made.
        """
        try:
            self.engine.resolve(self.text_of(question), rewrites=REWRITES)
        except NotUnderstood as error:
            view = next((view for clause in question.clauses for view in clause.policies), None)
            raise Refused(Because.PRIVACY_UNIT, str(error), UNITS, view, fix=Fix.JOIN) from None

    def text_of(self, question: Question, **instead: float | None) -> str:
        """The text of a question, whose privacy clauses have their options, or others instead."""
        options = {clause.place: {**clause.options, **instead} for clause in question.clauses}
        return self.engine.with_options(question.text, options)

    def evaluate(self, question: Question, values: Sequence[Values] = ({},), **instead: float | None) -> list[Answer]:
        """Evaluate a question, with other options than its own if there are some."""
        self.prepare(question.text)
        try:
            return self.engine.evaluate(self.text_of(question, **instead), values)
        except NotUnderstood as error:
            message = str(error)
            for value in [value for values in self.secrets.values() for value in values.values()]:
                message = message.replace(value, "(a secret)")  # a failure may quote the value on which it failed
            raise type(error)(message) from None

    def count_withheld(self, question: Question, answer: Answer) -> Withheld:
        """Count what the rules withheld of an answer."""
        clauses = [clause for clause in question.clauses if not clause.is_noisy]
        is_exact = len(clauses) == len(question.clauses)
        groups = Withheld([], is_counted=True)
        if clauses:
            ask_all = (lambda: self.evaluate(question, threshold=1)[0]) if is_exact else None
            text = self.text_of(question)
            groups = groups_withheld(self.engine, text, question.statement, clauses, answer, ask_all)
        others = {
            name: policy for name, policy in self.policies.items() if question.party.name not in self.sharers[name]
        }
        if len(question.clauses) == 1 and not is_exact:
            open_text = self.engine.without_clauses(question.text)
            with suppress(NotUnderstood):
                everything = self.engine.evaluate(open_text)[0]
                lines = noise_left_out(question.statement, question.clauses[0], answer, everything)
                groups = Withheld(shortened(lines, "line"), is_counted=False)
        rows = rows_withheld(self.engine, question.lineage, question.statement, others)
        return Withheld([*groups.lines, *rows.lines], groups.is_counted and rows.is_counted and is_exact)

    def costs(self, question: Question) -> Iterator[Cost]:
        """Say what an answer with noise costs, and what is left of the budgets."""
        for clause in question.clauses:
            for view, policy in sorted(clause.policies.items()):
                if budget := policy.differential_privacy_policy:
                    epsilon, delta = map(float, self.budgets.spent[view])
                    yield Cost(
                        view,
                        clause.options["epsilon"] or 0,
                        budget.delta_per_query,
                        budget.epsilon_budget - epsilon,
                        budget.epsilon_budget,
                        budget.delta_budget - delta,
                        budget.delta_budget,
                    )
