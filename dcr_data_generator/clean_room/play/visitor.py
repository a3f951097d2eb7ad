"""What one browser has: who asks, the policies as its sliders have them, its budgets, and what it has asked."""

from collections.abc import Mapping
from typing import NamedTuple

from dcr_data_generator.clean_room.analysis_rules import (
    Answer,
    Budgets,
    CleanRoom,
    NotUnderstood,
    Refused,
    Reply,
    Verdict,
)
from dcr_data_generator.clean_room.analysis_rules.allowed import without_options
from dcr_data_generator.clean_room.policy import PrivacyPolicy

SECONDS, OPEN_SECONDS = 10, 3
DRAWS = 10
# So large that the noise is gone.
NO_NOISE = 1e9


class Asked(NamedTuple):
    """A question that was asked, and the reply; `is_template` where only query templates were offered."""

    text: str
    party: str
    reply: Reply
    is_template: bool = False


class Noise(NamedTuple):
    """What else could have come out, in draws that nobody pays for; and what the noise is added to."""

    draws: list[Answer]
    exact: Answer


class Left(NamedTuple):
    """What is left of a view's privacy budget: epsilon and delta, of how much."""

    view: str
    epsilon: float
    epsilon_budget: float
    delta: float
    delta_budget: float

    @property
    def share(self) -> float:
        """The share that is left of what ends first."""
        return max(min(self.epsilon / self.epsilon_budget, self.delta / self.delta_budget), 0.0)


class Visitor:
    """One browser. All share one clean room, and each has policies and budgets of its own in it."""

    def __init__(self, room: CleanRoom, party: str) -> None:
        self.room, self.party = room, party
        self.reset()
        self.text = ""
        self.asked: list[Asked] = []

    def set_policies(self, threshold: int | None, epsilon: float | None) -> None:
        """Give all views another threshold and epsilon, where they have one, and full budgets, as ALTER VIEW does.

        A budget pays for as many questions as before.
        """
        self.threshold, self.epsilon = threshold, epsilon
        self.policies = {name: changed(policy, threshold, epsilon) for name, policy in self.room.policies.items()}
        self.start_again()

    def reset(self) -> None:
        """Have the policies as they are shared, and full budgets."""
        policies = self.room.policies
        self.threshold, self.epsilon, self.policies = first_threshold(policies), first_epsilon(policies), dict(policies)
        self.start_again()

    def try_policy(self, view: str, policy: PrivacyPolicy) -> None:
        """Give one view another policy, all others those that they are shared with, and full budgets."""
        self.reset()
        # All browsers have the same privacy units in a room.
        if policy.privacy_unit_column == self.policies[view].privacy_unit_column:
            self.policies[view] = policy
            tried = {view: policy}
            self.threshold = first_threshold(tried) or self.threshold
            self.epsilon = first_epsilon(tried) or self.epsilon
        self.start_again()

    def start_again(self) -> None:
        """Start all budgets full."""
        self.budgets = Budgets(self.policies)

    def ask(self, text: str, is_template: bool = False) -> Asked:
        """Ask as the party that is set, and keep what was asked."""
        with self.room.other_policies(self.policies, self.budgets):
            self.room.templates_only = is_template
            try:
                asked = Asked(text, self.party, self.room.ask(text, self.party, SECONDS), is_template)
            finally:
                self.room.templates_only = False
        self.asked.append(asked)
        return asked

    def open(self, text: str) -> Answer | str:
        """What the question would answer without any rules; or why there is no such answer."""
        try:
            return self.room.open_answer(text, OPEN_SECONDS)
        except NotUnderstood as error:
            return str(error)

    def noise(self, asked: Asked) -> Noise | None:
        """Draw the noise of an answer again, outside the budget; None for an answer without noise."""
        if asked.reply.verdict is not Verdict.ALLOWED or not asked.reply.costs:
            return None
        try:
            with self.room.other_policies(self.policies), self.room.engine.limited(SECONDS):
                question = self.room.admit(asked.text, asked.party)
                draws = self.room.evaluate(question, [{}] * DRAWS)
                return Noise(draws, self.room.evaluate(question, epsilon=NO_NOISE)[0])
        except (NotUnderstood, Refused):  # the sliders have moved since, or the query has other clauses, too
            return None

    def without_options(self, text: str) -> str:
        """Leave the options of a query's privacy clauses to the views' policies, so that it follows the sliders."""
        try:
            with self.room.lock:
                return without_options(self.room, text)
        except NotUnderstood:
            return text

    @property
    def left(self) -> list[Left]:
        """What is left of the budgets; they are common to all parties."""
        return [
            Left(
                view,
                policy.epsilon_budget - float(self.budgets.spent[view][0]),
                policy.epsilon_budget,
                policy.delta_budget - float(self.budgets.spent[view][1]),
                policy.delta_budget,
            )
            for view, each in self.policies.items()
            if (policy := each.differential_privacy_policy)
        ]

    def rule_of(self, view: str) -> str:
        """The rule of a view in plain words, as the sliders have it."""
        with self.room.other_policies(self.policies):
            return self.room.rule_of(view)


def first_threshold(policies: Mapping[str, PrivacyPolicy]) -> int | None:
    """The aggregation threshold of the first view that has one."""
    parts = (policy.aggregation_threshold_policy for policy in policies.values())
    return next((part.threshold for part in parts if part), None)


def first_epsilon(policies: Mapping[str, PrivacyPolicy]) -> float | None:
    """The highest epsilon of a question on the first view that answers with noise."""
    parts = (policy.differential_privacy_policy for policy in policies.values())
    return next((part.max_epsilon_per_query for part in parts if part), None)


def changed(policy: PrivacyPolicy, threshold: int | None, epsilon: float | None) -> PrivacyPolicy:
    """A policy with another threshold or epsilon, if it has one."""
    if policy.aggregation_threshold_policy and threshold is not None:
        part = policy.aggregation_threshold_policy.model_copy(update={"threshold": threshold})
        return policy.model_copy(update={"aggregation_threshold_policy": part})
    if policy.differential_privacy_policy and epsilon is not None:
        noise = policy.differential_privacy_policy
        budget = round(noise.epsilon_budget / noise.max_epsilon_per_query * epsilon, 9)
        update = {"max_epsilon_per_query": epsilon, "epsilon_budget": budget}
        return policy.model_copy(update={"differential_privacy_policy": noise.model_copy(update=update)})
    return policy
