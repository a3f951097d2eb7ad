"""Attacks the views of a room folder with questions that their rules allow, and counts how often each is right."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import batched, product
from typing import NamedTuple

import numpy as np
import pandas as pd

from dcr_data_generator import sql
from dcr_data_generator.clean_room import trials
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Party, Refused, SharedView, write
from dcr_data_generator.clean_room.attack import HOLDS, show
from dcr_data_generator.clean_room.attackers import Rows, Values
from dcr_data_generator.clean_room.lab import AT_ONCE, Finding, Outcome, TooFew, count, paid
from dcr_data_generator.clean_room.laplace import threshold
from dcr_data_generator.clean_room.policy import PrivacyPolicy
from dcr_data_generator.clean_room.room_folder.opening import open_folder
from dcr_data_generator.clean_room.settings import AttackSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.draws import draw
from dcr_data_generator.errors import UserError
from dcr_data_generator.people import hash_emails
from dcr_data_generator.values import quoted

FOLDER = "clean_room/attacks_on_a_room"
HEADER = ("attack", "on", "by", "what it gets", "right", "guessing")
MOST_VALUES, MOST_SECRETS = 10, 3
EXACT = 1e-6  # the scale of no noise

# The attack is on a room with one view, over one table of its owner; the attacker has a table, too.
VIEW, PEOPLE, OWN_LIST = "attacked_room.people", "attacked_tables.people", "attacker_tables.own_list"
PARAMETERS = ["victim", "value"]
LIST_COLUMNS = {"label": "STRING", "person": "STRING", "is_target": "BOOLEAN", "value": "STRING"}
OWNER, ATTACKER = Party("owner", frozenset({"attacked_tables"})), Party("attacker", frozenset({"attacker_tables"}))


class Numbers(NamedTuple):
    """How many rows of victims have a value, as the answers tell, by victim and value; and the scale of their noise."""

    rows: dict[tuple[str, str], float]
    scale: float = EXACT


def run(settings: AttackSettings, terminal: Terminal) -> int:
    """Attack the views of a room folder as each party that sees them; returns the exit status, 0.

    Raises:
        UserError: something in the folder is wrong, or the attack is not one of those on a folder.
    """
    if settings.only and settings.only not in ATTACKS:
        raise UserError(f"--only {settings.only} goes without --room: on a folder there are {', '.join(ATTACKS)}")
    names = [settings.only] if settings.only else [*ATTACKS]
    _, room = open_folder(settings.room, settings.place.timeout, terminal)
    lines = []
    for view in room.policies:
        if room.sharers[view] >= room.parties.keys():
            terminal.notices([f"{view} is not attacked: it has rows of every party"])
    for view, party in product(room.policies, room.parties):
        if party in room.sharers[view]:
            continue
        try:
            attacked = AttackedView(room, view, party, settings.victims, settings.seed)
        except TooFew as reason:
            terminal.notices([f"{view} is not attacked by the {party}: {reason}"])
            continue
        if attacked.further:
            terminal.notices([f"of {view}, these columns are not attacked: {', '.join(attacked.further)}"])
        for file in [sql.read(f"{FOLDER}/{name}") for name in names]:
            title = f"{file.comment('attack')}, on {view} by the {party}"
            with process.step(terminal, settings.place.timeout, title) as done:
                outcome = attacked.carry_out(file.name)
                done.result = outcome.sentence
            if terminal.verbose:
                show(terminal, file, attacked.sent, outcome._replace(findings=()))
            for each in outcome.findings:
                texts = file.comment("attack"), view, party, each.secret, each.without, each.guessing
                lines.append([*zip(texts, (*4 * (False,), each.gets_through, False), strict=True)])
    if lines:
        terminal.line()
        terminal.marked_table(HEADER, lines)
        terminal.line(HOLDS)
    path = quoted(str(settings.room.room))
    has_noise = any(policy.differential_privacy_policy for policy in room.policies.values())
    if has_noise:
        terminal.next({"Choose an epsilon": f"uv run dcr plan --room {path}"})
    else:
        terminal.next({"Test the folder": f"uv run dcr test {path}"})
    return 0


class AttackedView:
    """A clean room that has nothing but a view, under its own policy, and the attacker's list.

    Attributes:
        further: the columns that could be attacked, too; the first ones are.
        sent: the queries of the last attack as sent, by the names of their files.

    Raises:
        TooFew: the view has no privacy unit or no secret, or the attacker knows nobody in it.
    """

    def __init__(self, room: CleanRoom, view: str, party: str, victims: int, seed: int) -> None:
        self.view, policy, columns = view, room.policies[view], room.column_names(view)
        self.unit = (policy.privacy_unit_column or "").lower()
        if not self.unit:
            shown = "the rows of those who match" if policy.columns else "every row"
            raise TooFew(f"it shows {shown}, and needs no attack")
        rows = pd.DataFrame(room.rows(view), columns=columns, dtype=object)
        rows = rows[rows[self.unit].notna()]
        secrets = [each for each in columns if each not in policy.columns and 2 <= rows[each].nunique() <= MOST_VALUES]
        if not secrets:
            raise TooFew(f"beside its keys, it has no column with 2 to {MOST_VALUES} different values")
        self.rows, self.secrets, self.further = rows.map(write), secrets[:MOST_SECRETS], secrets[MOST_SECRETS:]
        self.known = sorted(known_to(room, party, self.unit) & {*self.rows[self.unit]})
        if not self.known:
            raise TooFew(f"the {party} has no column {self.unit} with somebody who is in it")
        keys = hash_emails(pd.Series(self.known, dtype="str")).astype("int64")
        self.victims = [self.known[place] for place in np.argsort(draw(seed, f"victims: {view}", keys))[:victims]]
        self.noise, limit = policy.differential_privacy_policy, policy.aggregation_threshold_policy
        self.questions, self.scale, self.group = None, EXACT, limit.threshold if limit else 0
        if self.noise:  # a figure beside the number of people has half of the epsilon
            groups = self.noise.max_groups_contributed or 1
            self.questions, self.scale = paid(self.noise), 2 * groups / self.noise.max_epsilon_per_query
            self.group = max(math.ceil(threshold(1 / self.scale, self.noise.delta_per_query / groups)), 1)
        names = {name: f"join_{name}" for name in policy.columns} | {self.unit: "person"}
        self.joins = [name for name in names if name != self.unit]
        self.room = CleanRoom(
            {
                PEOPLE: dict.fromkeys(["person", "secret", *(names[each] for each in self.joins)], "STRING"),
                OWN_LIST: LIST_COLUMNS,
            },
            {VIEW: SharedView(renamed(policy, names), sql.read(f"{FOLDER}/views/people").text)},
            [OWNER, ATTACKER],
        )
        self.room.parameters = PARAMETERS
        self.sent: dict[str, str] = {}

    def carry_out(self, name: str) -> Outcome:
        """Carry out an attack on each secret, if the rules and the people allow it."""
        try:
            text = self.allowed_form(name)
            findings = [self.find_out(secret, ATTACKS[name], text) for secret in self.secrets]
        except Refused as reason:
            sentence = re.sub(r"\bjoin_(\w+)", r"\1", str(reason).replace(VIEW, self.view))
            return Outcome(f"refused: {re.sub(r'\bperson\b', self.unit, sentence)}")
        except TooFew as reason:
            return Outcome(f"not shown: {reason}")
        spent = float(self.room.budgets.spent[VIEW][0]) if self.noise else 0
        more = f"epsilon {spent:g} of {self.noise.epsilon_budget:g} was spent" if self.noise else ""
        return trials.in_words(findings, more)

    def allowed_form(self, name: str) -> str:
        """The first form of a question that the rules allow: of the view alone, or joined with the attacker's list.

        Raises:
            Refused: they allow none.
        """
        forms = [query for query in sql.read_folder(FOLDER) if query.name in (name, f"{name}_joined")]
        for query in forms:
            engine = self.room.engine
            text = query.text if self.noise else engine.without_clauses(query.text, "WITH AGGREGATION_THRESHOLD")
            self.sent = {query.name: text}
            try:
                self.room.admit(text, ATTACKER.name)
                break
            except Refused:
                if query is forms[-1]:
                    raise
        return text

    def find_out(self, secret: str, attack: "Attack", text: str) -> Finding:
        """Attack the victims' values of a column, with a full budget, and count whose are found out."""
        self.room.set_rows(PEOPLE, self.rows[[self.unit, secret, *self.joins]].to_numpy().tolist())
        self.room.set_rows(OWN_LIST, [["", person, False, ""] for person in self.known])
        self.room.renew_budgets()
        truth = self.rows.groupby(self.unit)[secret].agg(frozenset)
        usual = dict(truth.value_counts(normalize=True))
        numbers = attack(self, text, [*self.rows[secret].value_counts().index])
        right = sum(truth[victim] == likeliest(usual, numbers, victim) for victim in self.victims)
        guess = sum(truth[victim] == max(usual, key=usual.__getitem__) for victim in self.victims)
        return count(secret, len(self.victims), right, right, guess, is_sample=numbers.scale != EXACT)

    def ask(self, text: str, values: Sequence[Values]) -> list[Rows]:
        """Ask a question for each set of values, as far as the budget pays for it."""
        complete = [dict.fromkeys(PARAMETERS) | dict(each) for each in values[: self.questions]]
        batches = batched(complete, AT_ONCE)
        return [answer.rows for some in batches for answer in self.room.answers(text, ATTACKER.name, some)]

    def errors(self, text: str, values: Sequence[str]) -> Numbers:
        """Ask questions that fail in another way where a victim has a value; how else they fail is tried out first."""
        otherwise = self.error(text, self.victims[0], None)
        pairs = [*product(self.victims, values)]
        return Numbers({pair: float(self.error(text, *pair) != otherwise) for pair in pairs})

    def error(self, text: str, victim: str, value: str | None) -> str:
        """What kind of error a question ends in."""
        try:
            self.ask(text, [{"victim": victim, "value": value}])
        except NotUnderstood as error:
            return str(error).partition(":")[0]
        return ""

    def everybody(self, text: str, values: Sequence[str]) -> Numbers:
        """Ask about a group for each victim and value, in which only this victim counts."""
        padding = self.known[: self.group]
        if len(padding) < self.group:
            are = "is" if len(padding) == 1 else "are"
            raise TooFew(
                f"of people whom the attacker knows, it needs {self.group:,}, and there {are} {len(padding):,}"
            )
        groups = product(self.victims, values)
        own = [[victim, each, each == victim, value] for victim, value in groups for each in {victim, *padding}]
        self.room.set_rows(OWN_LIST, own)
        [rows] = self.ask(text, [{}])
        return Numbers({(victim, value): number for victim, value, number in rows}, self.scale)

    def differencing(self, text: str, values: Sequence[str]) -> Numbers:
        """Subtract all people but a victim from all people; the first values are the most frequent ones."""
        asked = [(victim, value) for value in values for victim in [None, *self.victims]]
        answers = self.ask(text, [{"victim": victim, "value": value} for victim, value in asked])
        if not all(answers):
            raise TooFew(f"all people but one are fewer than the threshold of {self.group}")
        numbers = {pair: rows[0][0] for pair, rows in zip(asked, answers, strict=False)}
        differences = {
            (victim, value): numbers[None, value] - number for (victim, value), number in numbers.items() if victim
        }
        return Numbers(differences, self.scale * (1 if self.scale == EXACT else 2))  # two answers have noise


type Attack = Callable[[AttackedView, str, Sequence[str]], Numbers]
ATTACKS: dict[str, Attack] = {
    each.__name__: each for each in (AttackedView.errors, AttackedView.everybody, AttackedView.differencing)
}


def known_to(room: CleanRoom, party: str, unit: str) -> set[str]:
    """The values that a party has of its own in columns of this name."""
    own = [each for each in room.relations_of(room.parties[party]) if party in room.sharers.get(each, {party})]
    places = {each: room.column_names(each).index(unit) for each in own if unit in room.column_names(each)}
    return {write(row[place]) for each, place in places.items() for row in room.rows(each) if row[place] is not None}


def renamed(policy: PrivacyPolicy, names: Mapping[str, str]) -> PrivacyPolicy:
    """The same policy of other columns."""
    changed: dict[str, object] = {}
    for name in ("aggregation_threshold_policy", "differential_privacy_policy"):
        if part := getattr(policy, name):
            changed[name] = part.model_copy(update={"privacy_unit_column": "person"})
    if joins := policy.join_restriction_policy:
        columns = [names[each.lower()] for each in joins.join_allowed_columns]
        changed["join_restriction_policy"] = joins.model_copy(update={"join_allowed_columns": columns})
    return policy.model_copy(update=changed)


def likeliest(usual: Mapping[frozenset, float], numbers: Numbers, victim: str) -> frozenset:
    """The values that a victim is likeliest to have, of those that somebody has, by how usual they are and the answers.

    An answer is likelier by exp((|x| - |x - 1|) / scale) if there is one row more: the ratio of Laplace noise.
    """

    def score(values: frozenset) -> float:
        found = [numbers.rows[victim, value] for value in values if (victim, value) in numbers.rows]
        return math.log(usual[values]) + sum((abs(x) - abs(x - 1)) / numbers.scale for x in found)

    return max(usual, key=score)
