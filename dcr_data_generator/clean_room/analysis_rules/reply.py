"""What a clean room replies to a query: a verdict, why, the protected answer, what was withheld, and what it cost."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from dcr_data_generator.clean_room.analysis_rules.engine import Answer


class Verdict(StrEnum):
    """What becomes of a query."""

    ALLOWED = "allowed"
    REFUSED = "refused"  # by a rule, or because it is not a single query
    ERROR = "error"  # it has no meaning with these tables, cannot be evaluated here, or takes too long


class Because(StrEnum):
    """The rules that refuse a query, by their names; docs/reference.md lists them."""

    ACCESS = "access"
    SINGLE_QUERY = "single-query"
    CLAUSE = "clause"
    THRESHOLD = "threshold"
    NOISE = "noise"
    BUDGET = "budget"
    PRIVACY_UNIT = "privacy-unit"
    FUNCTION = "function"
    JOIN_REQUIRED = "join-required"
    JOIN_RESTRICTED = "join-restricted"
    TIME_TRAVEL = "time-travel"
    TEMPLATES = "templates"
    SECRET = "secret"


class Cost(NamedTuple):
    """What an answer cost of a view's privacy budget, and what is left for all queries to come."""

    view: str
    epsilon: float
    delta: float
    epsilon_left: float
    epsilon_budget: float
    delta_left: float
    delta_budget: float

    def __str__(self) -> str:
        left = f"{self.epsilon_left:g} of {self.epsilon_budget:g}"
        return f"epsilon {self.epsilon:g}; of the budget of {self.view}, {left} are left"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the clean room replies.

    Attributes:
        party: who asked.
        verdict: allowed, refused or error.
        because: the name of the rule that refused it; None where none did.
        sentence: why a query is refused or an error; empty where it is allowed.
        is_bigquerys: whether the sentence is BigQuery's own, by its documentation, ZetaSQL's tests, or somebody's log;
            otherwise it is ours.
        rule: the rule that refused it, in plain words, with the view that has it.
        view: this view; None where it is no view's rule, such as for the other party's tables.
        allowed: for a refused query, one that the same party may ask now, on one line.
        answer: what the rules let through; None unless allowed, or where only the rules were checked.
        withheld: what the rules withheld, one line each.
        is_counted: whether `withheld` is all there is. Where it is false, nobody knows, and nothing is to be said.
        costs: what it cost, one per view with a privacy budget.
        notes: what else there is to know, such as that BigQuery has a part of the query in Preview only.
    """

    party: str
    verdict: Verdict
    because: Because | None = None
    sentence: str = ""
    is_bigquerys: bool = False
    rule: str = ""
    view: str | None = None
    allowed: str | None = None
    answer: Answer | None = None
    withheld: tuple[str, ...] = ()
    is_counted: bool = False
    costs: tuple[Cost, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def why(self) -> list[str]:
        """The three lines that say why a query is refused: the sentence, the rule, and a query that is allowed."""
        is_ours = self.verdict is Verdict.REFUSED and not self.is_bigquerys
        sentence = f"{self.sentence} (our words: BigQuery's are not known)" if is_ours else self.sentence
        return [line for line in (sentence, self.rule, self.allowed and f"Allowed: {self.allowed}") if line]

    @property
    def said(self) -> list[str]:
        """The lines that say what was withheld of an answer; none where it is not known."""
        lines = [*self.withheld, *(f"the exact figures, withheld: {cost}" for cost in self.costs)]
        return lines or (["Nothing was withheld."] if self.is_counted else [])


class Fix(StrEnum):
    """What a refused query can be put right by."""

    CLAUSE = "clause"
    FUNCTION = "function"
    JOIN = "join"
    OPTIONS = "options"
    SCRIPT = "script"
    NONE = ""


class Refused(Exception):  # noqa: N818 - the user reads the word
    """A query that breaks a rule.

    Args:
        because: the name of the rule.
        sentence: why, in BigQuery's words where somebody knows them.
        rule: the rule in plain words.
        view: the view that has it, if it is a view's.
        is_bigquerys: whether the sentence is BigQuery's.
        fix: what puts the query right.
        table: the table of another party that it names.
    """

    def __init__(
        self,
        because: Because,
        sentence: str,
        rule: str = "",
        view: str | None = None,
        is_bigquerys: bool = True,
        fix: Fix = Fix.NONE,
        table: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.because = because
        self.rule, self.view, self.is_bigquerys, self.fix, self.table = rule, view, is_bigquerys, fix, table
