"""Judges exercises: whether a query gets what it must not tell, whether a policy protects, which rule refuses.

The truth is known here. A query is asked a second time where people and payments are others, so that who knows or
guesses a figure has not found it.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from dcr_data_generator import sql
from dcr_data_generator.clean_room import policy, views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Reply, Verdict
from dcr_data_generator.clean_room.play.buttons import shown
from dcr_data_generator.clean_room.policy import PrivacyPolicy
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import PROVIDER, suffixed

FOLDER = "exercises"
GET, PROTECT, EXPLAIN = "get", "protect", "explain"
SECONDS = 20
TOLERANCE = 0.005  # half a cent, and half of what a count differs in
MANY = 60  # payments of the victim, where people are others: more than the threshold


class Exercise(NamedTuple):
    """An exercise: its number, what it says about itself, and the query that it begins with.

    `other` is the truth, or the question that a policy has to answer; `solution` is a query that is right.
    """

    number: int
    comments: dict[str, str]
    query: str
    other: sql.Query | None
    solution: sql.Query | None

    @property
    def title(self) -> str:
        """Its number and name."""
        return f"{self.number}. {self.comments['exercise']}"

    @property
    def options(self) -> list[str]:
        """What may be chosen."""
        return [option.strip() for option in self.comments.get("options", "").split("|") if option.strip()]


class Judged(NamedTuple):
    """Whether a submission is right, and why; and what its query cost of a budget, if anything."""

    is_right: bool
    why: str
    cost: str = ""


class Referee:
    """Judges submissions over a clean room.

    Attributes:
        victim: the hashed email of a customer who pays with the wallet; empty where there is none.
    """

    def __init__(self, room: CleanRoom, victim: str, suffix: str = "") -> None:
        self.room, self.victim, self.suffix = room, victim, suffix
        self.others: CleanRoom | None = None
        self.exercises = read(suffix)
        self.obstacles: dict[int, str] = {}

    def obstacle(self, exercise: Exercise) -> str:
        """Why these data cannot show an exercise; empty where what it begins with is wrong, and a solution is right."""
        if exercise.number not in self.obstacles:
            self.obstacles[exercise.number] = self.find_obstacle(exercise)
        return self.obstacles[exercise.number]

    def find_obstacle(self, exercise: Exercise) -> str:
        """Judge a solution, and what an exercise begins with: of a policy, the one that is shared is a solution."""
        kind = exercise.comments["kind"]
        if kind == EXPLAIN:
            return ""
        if "@victim" in exercise.comments["task"] and not self.victim:
            return "no customer of the shop pays with the wallet"
        if kind == PROTECT:
            judged = self.judge_policy(exercise, self.room.policies[self.view_of(exercise)])
        else:
            assert exercise.solution
            judged = self.judge_query(exercise, exercise.solution.text)
        if not judged.is_right:
            return f"no answer can be right ({judged.why.removesuffix('.')})"
        begin = exercise.comments["start"] if kind == PROTECT else exercise.query
        return "what it begins with is right already" if self.judge(exercise, begin).is_right else ""

    def judge(self, exercise: Exercise, submission: str) -> Judged:
        """Judge a submission: SQL, a policy, or the number of a reason."""
        judges: dict[str, Callable[[Exercise, str], Judged]] = {
            GET: self.judge_query,
            PROTECT: self.judge_text,
            EXPLAIN: self.judge_reason,
        }
        return judges[exercise.comments["kind"]](exercise, submission)

    def filled(self, text: str) -> str:
        """A query about the victim."""
        return text.replace("@victim", f"'{self.victim}'")

    # Get something.

    def judge_query(self, exercise: Exercise, text: str) -> Judged:
        """Judge a query by its answer, here and where people are others."""
        query, party = self.filled(text), exercise.comments["as"]
        with self.room.other_policies({}):
            reply = self.room.ask(query, party, SECONDS)
        cost = "; ".join(map(str, reply.costs))
        if reason := self.wrong(self.room, exercise, reply):
            return Judged(False, reason, cost)
        reply = self.other_room().ask(query, party, SECONDS)
        if self.wrong(self.other_room(), exercise, reply):
            return Judged(False, "It is right here, but not where people and payments are others.", cost)
        return Judged(True, exercise.comments["because"], cost)

    def wrong(self, room: CleanRoom, exercise: Exercise, reply: Reply) -> str:
        """Why a reply is not what was asked for; empty where it is."""
        if reply.answer is None:
            return f"{'Refused' if reply.verdict is Verdict.REFUSED else 'Not a query'}: {reply.sentence}"
        if not reply.answer.rows:
            return f"No row came out. {'; '.join(reply.withheld)}".strip()
        if len(reply.answer.rows) != 1 or len(reply.answer.columns) != 1:
            return "This is more than one figure: one row with one column is asked for."
        assert exercise.other
        [[true]] = room.open_answer(self.filled(exercise.other.text)).rows
        [[figure]] = reply.answer.rows
        with suppress(TypeError, ValueError):
            if abs(float(figure) - float(true)) <= TOLERANCE:
                return ""
        return "This is not the figure." + (" It has noise." if reply.costs else "")

    def other_room(self) -> CleanRoom:
        """The same clean room with other verifications and payments; the victim has many payments."""
        if self.others is None:
            room = self.room
            users, payments, keys = (
                suffixed(f"{PROVIDER}.{table}", self.suffix)
                for table in ("provider_users", "transactions", "clean_room_keys")
            )
            rows = {name: named_rows(room, name) for name in room.tables}
            ids = {row["hashed_email"]: row["provider_user_id"] for row in named_rows(room, keys)}
            victim = ids.get(self.victim)
            mine = [row for row in rows[payments] if row["provider_user_id"] == victim][:1]
            many = [row | {"transaction_amount": number + 0.5} for row in mine for number in range(MANY)]
            others = [row | {"transaction_amount": 2 * (row["transaction_amount"] or 0) + 1} for row in rows[payments]]
            turned = [number % 3 == 0 or row["provider_user_id"] == victim for number, row in enumerate(rows[users])]
            rows[users] = [
                row | {"is_verified_user": bool(row["is_verified_user"]) != is_turned}
                for row, is_turned in zip(rows[users], turned, strict=True)
            ]
            self.others = CleanRoom(room.tables, room.views, list(room.parties.values()), room.secrets)
            self.others.fill({**rows, payments: [*others, *many]})
        return self.others

    # Protect something.

    def judge_text(self, exercise: Exercise, text: str) -> Judged:
        """Judge the text of a policy, or of the view that has it."""
        try:
            return self.judge_policy(exercise, read_policy(self.view_of(exercise), text))
        except (UserError, NotUnderstood) as error:
            return Judged(False, str(error))

    def judge_policy(self, exercise: Exercise, submitted: PrivacyPolicy) -> Judged:
        """Judge a policy by what it refuses and what it answers, here and where the victim has many payments."""
        for room in (self.room, self.other_room()):
            if reason := self.unprotected(room, exercise, self.view_of(exercise), submitted):
                return Judged(False, reason)
        return Judged(True, exercise.comments["because"])

    def view_of(self, exercise: Exercise) -> str:
        """The view whose policy is to protect."""
        return suffixed(exercise.comments["view"], self.suffix)

    def unprotected(self, room: CleanRoom, exercise: Exercise, view: str, submitted: PrivacyPolicy) -> str:
        """Why a policy does not do; empty where it does."""
        assert exercise.other
        with room.lock:
            own = room.policies[view]
            room.change(view, submitted)
            try:
                attack = ask_often(room, self.filled(exercise.query), exercise.comments)
                room.renew_budgets()
                kept = ask_often(room, exercise.other.text, exercise.other.comments)
            finally:
                room.change(view, own)
        if kept.answer is None or not kept.answer.rows:
            why = kept.sentence or "; ".join(kept.withheld) or "no row came out"
            return f"The question that is to be answered is not: {why}"
        if attack.answer is not None and attack.answer.rows:
            elsewhere = "" if room is self.room else " where people have many payments"
            return f"The attack still gets an answer{elsewhere}."
        return ""

    # Explain something.

    def judge_reason(self, exercise: Exercise, text: str) -> Judged:
        """Judge the number of a reason."""
        numbers = [str(number) for number in range(1, len(exercise.options) + 1)]
        if text.strip() not in numbers:
            return Judged(False, f"Submit one of the numbers {', '.join(numbers)}.")
        if text.strip() != exercise.comments["right"]:
            return Judged(False, "That is not what refuses it.")
        return Judged(True, exercise.comments["because"])


def named_rows(room: CleanRoom, name: str) -> list[dict[str, Any]]:
    """The rows of a table or view, by the names of their columns."""
    columns = room.tables.get(name) or room.column_names(name)
    return [dict(zip(columns, row, strict=True)) for row in room.rows(name)]


def ask_often(room: CleanRoom, text: str, comments: dict[str, str]) -> Reply:
    """Ask as often as the file says; returns the first reply without an answer, or the last."""
    reply = room.ask(text, comments["as"], SECONDS)
    for _ in range(int(comments.get("again", "1")) - 1):
        if reply.verdict is not Verdict.ALLOWED:
            break
        reply = room.ask(text, comments["as"], SECONDS)
    return reply


def slid(text: str, threshold: float | None, epsilon: float | None) -> str:
    """A policy, in JSON or in the CREATE VIEW statement that has it, with the number of a slider that was moved."""
    for name, value in (("threshold", threshold), ("max_epsilon_per_query", epsilon)):
        if value is not None:
            text = re.sub(rf'("{name}":\s*)[\d.eE+-]+', rf"\g<1>{value:g}", text)
    return text


def read_policy(view: str, text: str) -> PrivacyPolicy:
    """Read a privacy_policy in JSON, or the CREATE VIEW statement that has it. Raises UserError where it is neither."""
    if re.match(r"\s*\{", text):
        return policy.read(view, text)
    return views.parse(sql.Query("the submission", sql.comments_of(text), text.strip(), "")).policy


def read(suffix: str = "") -> list[Exercise]:
    """Read the exercises, in their order."""
    exercises = []
    for folder in sorted((sql.FOLDER / FOLDER).iterdir()):
        files = {path.stem: sql.read(f"{FOLDER}/{folder.name}/{path.stem}", suffix) for path in folder.glob("*.sql")}
        task, other, solution = files["task"], files.get("truth") or files.get("keep"), files.get("solution")
        exercises.append(Exercise(int(folder.name[:2]), task.comments, shown(task.text), other, solution))
    return exercises
