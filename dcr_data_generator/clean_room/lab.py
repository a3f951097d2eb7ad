"""The attack lab: a clean room whose truth is known, so that it can be counted how often attackers are right."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from itertools import batched
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dcr_data_generator import sql
from dcr_data_generator.clean_room import attackers
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood
from dcr_data_generator.clean_room.attackers import Noise, Rows, Values
from dcr_data_generator.clean_room.policy import DifferentialPrivacy, PrivacyPolicy
from dcr_data_generator.draws import draw
from dcr_data_generator.people import hash_emails
from dcr_data_generator.tables import MERCHANT, PROVIDER, suffixed

FOLDER = "clean_room/attacks"
# The attackers' own tables, by the names of which they speak.
OWN_TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "own_list": (
        f"{MERCHANT}.own_list",
        {"label": "STRING", "hashed_email": "STRING", "is_target": "BOOLEAN", "value": "STRING"},
    ),
    "guessed_emails": (f"{PROVIDER}.guessed_emails", {"email": "STRING", "is_known": "BOOLEAN"}),
}
PARAMETERS = ["victim", "question", "groups"]
AT_ONCE = 20  # questions, between two signs of progress

type Row = dict[str, Any]


class TooFew(Exception):  # noqa: N818 - it is not an error of the program
    """The snapshot is too small for an attack: which people it needs, how many, and how many there are."""


class Finding(NamedTuple):
    """What an attack finds out: without the defence, with it, and by guessing.

    `figures` has the rates of those who were attacked (right, defended, guess) and the 95 % intervals, where the people
    are a sample or there is noise; None where the attack is not about people.
    """

    secret: str
    without: str
    defended: str
    guessing: str
    gets_through: bool  # without the defence
    gets_through_defence: bool
    figures: Row | None = None


class Outcome(NamedTuple):
    """What came of an attack: a sentence, the findings, further figures, and an example of what was concluded."""

    sentence: str
    findings: Sequence[Finding] = ()
    rows: Sequence[Row] = ()
    example: str = ""


class Lab:
    """A clean room, and what is true of each person. It is the attackers' `Subscriber`.

    Attributes:
        room: the clean room, with the attackers' own tables.
        salt: of the hashes; the parties have it, too.
        victims: how many people are attacked, where not all are.
        seed: of the draws.
        days: of the snapshot.
        suffix: of the datasets.
        progress: is called with how many questions are answered, and of how many.
        counted: what the best attacker concluded of the victims under noise, by the budget; see trials.py.
    """

    def __init__(
        self,
        room: CleanRoom,
        salt: str,
        victims: int = 30,
        seed: int = 42,
        days: int = 1,
        suffix: str = "",
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.room, self.salt, self.victims, self.seed = room, salt, victims, seed
        self.days, self.suffix, self.progress = days, suffix, progress
        self.counted: dict[float | None, pd.DataFrame] = {}
        room.parameters = PARAMETERS

    # What an attacker can do.

    def ask(self, name: str, values: Sequence[Values] = ({},)) -> list[Rows]:
        """Ask a question of the attacks for each set of values, as a subscriber.

        Raises:
            Refused: a rule does not allow the query, or the privacy budget does not pay for it.
        """
        query, answers = self.read(name), []
        for some in batched(values, AT_ONCE):
            complete = [dict.fromkeys(PARAMETERS) | dict(each) for each in some]
            answers += [answer.rows for answer in self.room.answers(query.text, query.comment("as"), complete)]
            self.progress(len(answers), len(values))
        return answers

    def error(self, name: str, value: str) -> str:
        """Ask a question that fails; returns the message, empty if there is an answer."""
        try:
            self.ask(name, [{"victim": value}])
        except NotUnderstood as error:
            return str(error)
        return ""

    def keep(self, rows: Sequence[Sequence[object]], name: str = "own_list") -> None:
        """Write a table of the attacker's own."""
        self.room.set_rows(suffixed(OWN_TABLES[name][0], self.suffix), rows)

    # What only the referee can.

    def read(self, name: str) -> sql.Query:
        """Read a query of an attack."""
        return sql.read(f"{FOLDER}/{name}", self.suffix)

    def open_rows(self, name: str) -> Rows:
        """The rows of a query without any rules."""
        return self.room.open_answer(self.read(name).text).rows

    @cached_property
    def truth(self) -> pd.DataFrame:
        """What is true of each person.

        Returns: by hashed email: email (str), customer and has_wallet (bool), verified (bool or None), tier (str or
        None), own_average (float64, US dollars).
        """
        columns = ["email", "customer", "has_wallet", "verified", "tier", "own_average"]
        truth = pd.DataFrame(self.open_rows("truth"), columns=columns).astype({"own_average": "float64"})
        return truth.set_index(sha256(self.salt + truth["email"]))

    @cached_property
    def usual(self) -> pd.DataFrame:
        """What is usual among those who pay with the wallet, as attackers learn it. Raises TooFew."""
        usual = attackers.learn(self)
        # With --identity-noise some keys are not the wallet's. The attackers know whose are.
        usual = usual[usual.index.isin(self.truth.index[self.truth["has_wallet"]])]
        if len(usual) <= attackers.PADDING:
            raise self.too_few("customers who pay with the wallet", attackers.PADDING + 1, len(usual))
        return usual

    def drawn(self) -> pd.DataFrame:
        """The victims among those who pay with the wallet, with what is usual of them. Raises TooFew."""
        people = self.truth.loc[self.usual.index]
        return self.usual.loc[self.draw("customers who pay with the wallet", people, self.victims).index]

    def draw(self, who: str, people: pd.DataFrame, count: int) -> pd.DataFrame:
        """Draw people by the seed. Raises TooFew."""
        if len(people) < count:
            raise self.too_few(who, count, len(people))
        ranks = draw(self.seed, f"victims: {who}", hash_emails(people["email"]).astype("int64"))
        return people.iloc[np.argsort(ranks)[:count]]

    def too_few(self, who: str, needed: int, there: int) -> TooFew:
        """Say of whom there are too few, and how many days would have them."""
        sentence = f"of {who}, it needs {needed:,}, and there {'is' if there == 1 else 'are'} {there:,}"
        if there:
            sentence += f"; --days {-(-self.days * needed // there)} has them, if they come as often"
        return TooFew(sentence)

    def noise_of(self, view: str) -> DifferentialPrivacy:
        """The policy of a view with noise."""
        noise = self.room.policies[suffixed(view, self.suffix)].differential_privacy_policy
        assert noise
        return noise

    def offered(self, view: str) -> Noise:
        """The noise of a view, as its subscribers know it: with the highest epsilon."""
        noise = self.noise_of(view)
        return Noise(noise.max_epsilon_per_query, noise.delta_per_query, paid(noise))

    def other_budgets(
        self, times: float, epsilon: float | None = None, **fields: object
    ) -> AbstractContextManager[None]:
        """Have full privacy budgets, so many times as large, and other fields of the policies with noise."""
        return self.room.other_policies(
            {name: change(policy, times, epsilon, fields) for name, policy in self.room.policies.items()}
        )


def paid(noise: DifferentialPrivacy) -> int:
    """How many questions of the highest epsilon a budget pays for."""
    by_epsilon = noise.epsilon_budget / noise.max_epsilon_per_query
    return math.floor(min(by_epsilon, noise.delta_budget / noise.delta_per_query) + 1e-9)


def change(policy: PrivacyPolicy, times: float, epsilon: float | None, fields: Mapping[str, object]) -> PrivacyPolicy:
    """Change a policy with noise."""
    if not (noise := policy.differential_privacy_policy):
        return policy
    changed = {
        "max_epsilon_per_query": epsilon or noise.max_epsilon_per_query,
        "epsilon_budget": noise.epsilon_budget * times,
        "delta_budget": noise.delta_budget * times,
        **fields,
    }
    return policy.model_copy(update={"differential_privacy_policy": noise.model_copy(update=changed)})


def sha256(texts: pd.Series) -> pd.Series:
    """Hash texts (str) as BigQuery's TO_HEX(SHA256(...)) does."""
    return texts.map(lambda text: hashlib.sha256(text.encode()).hexdigest())


def compare(
    truth: pd.DataFrame, attacked: pd.DataFrame, defended: pd.DataFrame, guessed: pd.DataFrame, is_sample: bool
) -> list[Finding]:
    """Compare what was concluded of people (one row each) with the truth, one finding per secret (column)."""
    findings = []
    for secret in attacked:
        true = truth.loc[attacked.index, secret]
        right, with_defence, guess = (int((each[secret] == true).sum()) for each in (attacked, defended, guessed))
        findings.append(count(secret, len(true), right, with_defence, guess, is_sample))
    return findings


def count(secret: str, people: int, right: int, defended: int, guess: int, is_sample: bool) -> Finding:
    """Say of how many people an attacker was right: without the defence, with it, and by guessing.

    Against a defence it gets through if it is right of all, or of more than a guess by more than chance; without one,
    chance plays a part only if the people are a sample or there is noise.

    Raises:
        TooFew: there is nobody.
    """
    if not people:
        raise TooFew("it needs people, and there are none")
    figures: Row = {"secret": secret, "people": people, "guess": guess / people}
    through = []
    for name, number in (("right", right), ("defended", defended)):
        low, high = interval(number, people)
        figures[name] = number / people
        if is_sample:
            figures |= {f"{name}_low": low, f"{name}_high": high}
        is_certain = number == people or low > guess / people or (name == "right" and not is_sample)
        through.append(number > guess and is_certain)
    without, with_defence, guessing = (f"{number:,} of {people:,}" for number in (right, defended, guess))
    return Finding(secret, without, with_defence, guessing, through[0], through[1], figures)


def interval(right: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a rate, from its count: the score interval of Wilson (1927)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (right + z * z / 2) / (trials + z * z)
    half = z / (trials + z * z) * math.sqrt(right * (trials - right) / trials + z * z / 4)
    return max(middle - half, 0.0), min(middle + half, 1.0)
