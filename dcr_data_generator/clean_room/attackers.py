"""Attackers: what each concludes from the answers that a subscriber gets.

Nothing here knows what is true. An attacker asks the questions of sql/clean_room/attacks/ as a subscriber, writes a
table of its own, and knows besides what the first of an attack's files says. Where it learns nothing, it guesses by
what is usual, so that a defence never makes it worse than a guess.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from dcr_data_generator.clean_room.laplace import count_variance, likelihood, reconstruct, threshold
from dcr_data_generator.people import DOMAINS, FIRST_NAMES, LAST_NAMES

TIERS = ["Free", "Premium", "Business"]
SECRETS = ["verified", "tier"]
PADDING = 60  # more than the threshold of 50
PER_KIND = 55  # customers who are alike
PER_EXACT_GROUP = 62  # so that few random groups have fewer than 50
PER_NOISY_GROUP = 15  # at an epsilon of 1, few of these are left out
ADULT = 18
# The numbers that the identity lab gives out: start, first number, middle, and how many; two digits follow the middle.
PHONE_RANGES = (
    ("+1", 201, "55501", 59_900),
    ("+447700900", 0, "", 1_000),
    ("+493023125", 0, "", 1_000),
    ("+3363998", 10, "", 9_000),
    ("+6125550", 10, "", 9_000),
)

type Rows = list[tuple]
# The @parameters of a question, by name.
type Values = Mapping[str, str | None]


class Noise(NamedTuple):
    """The noise of a view's answers: epsilon and delta of a question, and how many questions the budget pays for."""

    epsilon: float
    delta: float
    questions: int


class Subscriber(Protocol):
    """What an attacker can do: ask, be told an error, and write its own list."""

    def ask(self, name: str, values: Sequence[Values] = ({},)) -> list[Rows]:
        """Ask a file of sql/clean_room/attacks/ once for each set of values; returns the rows of each answer."""

    def error(self, name: str, value: str) -> str:
        """Ask about a @victim a question that fails; returns the message, empty if there is an answer."""

    def keep(self, rows: Sequence[Sequence[object]], name: str = "own_list") -> None:
        """Write a table of the attacker's own: own_list (label, hashed_email, is_target, value), or guessed_emails."""


def learn(subscriber: Subscriber) -> pd.DataFrame:
    """Learn who pays with the wallet, and what is usual among customers who are alike.

    Alike are minors; and adults by whether an order of theirs was cancelled or returned, and by what they spend.

    Returns: by hashed_email, the probabilities (float64, above 0 and below 1) verified, Free, Premium and Business.
    """
    [people], [paying] = subscriber.ask("own_people"), subscriber.ask("payers")
    columns = ["hashed_email", "age", "has_refund", "average"]
    customers = pd.DataFrame(people, columns=columns).set_index("hashed_email")
    customers = customers.loc[sorted(email for (email,) in paying)]
    kinds = pd.Series("minor", index=customers.index)
    adults = customers[customers["age"] >= ADULT]
    for has_refund, alike in adults.groupby("has_refund"):
        places = np.arange(len(alike)) * max(len(alike) // PER_KIND, 1) // len(alike)
        kinds[alike.sort_values("average", kind="stable").index] = [f"{has_refund} {place}" for place in places]
    everyone = [["all", email, False, ""] for email in kinds.index]
    subscriber.keep([[kind, email, False, ""] for email, kind in kinds.items()] + everyone)
    [answer] = subscriber.ask("prior")
    counts = (
        pd.DataFrame(answer, columns=["kind", "verified", *TIERS[:2], "people"]).set_index("kind").astype("float64")
    )
    counts["Business"] = counts["people"] - counts["Free"] - counts["Premium"]
    shown = counts.drop(index="all", errors="ignore")
    # Kinds that are withheld have together what is left of all.
    rest = counts.loc["all"] - shown.sum() if "all" in counts.index else shown.sum()
    alike = shown.reindex(kinds.to_numpy()).fillna(rest)
    shares = alike[["verified", *TIERS]].add(0.5).div(alike["people"] + 1.5, axis="index")
    return shares.set_axis(kinds.index)


def chances(usual: pd.DataFrame, secret: str) -> pd.DataFrame:
    """The probability of each value of a secret, by the value as SQL writes it."""
    if secret == "tier":
        return usual[TIERS]
    return pd.DataFrame({"true": usual["verified"], "false": 1 - usual["verified"]})


def likeliest(scores: pd.DataFrame, secret: str) -> pd.Series:
    """The value of a secret that is likeliest for each person (row): verified (bool) or tier (str)."""
    values = scores.idxmax(axis="columns")
    return values if secret == "tier" else values == "true"


def guess(usual: pd.DataFrame) -> pd.DataFrame:
    """Guess by what is usual; returns a column for each secret."""
    return pd.DataFrame({secret: likeliest(chances(usual, secret), secret) for secret in SECRETS})


def errors(subscriber: Subscriber, victims: pd.DataFrame) -> pd.DataFrame:
    """Ask questions that fail, and conclude from which error it is; the three errors are tried out first."""
    labels = label(victims)
    subscriber.keep([[each, email, True, ""] for email, each in labels.items()])
    kinds = [subscriber.error("errors_own", kind).partition(":")[0] for kind in ("division", "cast", "overflow")]
    concluded = guess(victims)
    for secret, name, meanings in (("verified", "errors", (True, False)), ("tier", "errors_tier", TIERS[::-1])):
        for email, each in labels.items():
            kind = subscriber.error(name, each).partition(":")[0]
            if kind in kinds and len({*kinds}) == len(kinds):
                concluded.loc[email, secret] = meanings[kinds.index(kind)]
    return concluded


def everybody(subscriber: Subscriber, usual: pd.DataFrame, name: str = "everybody") -> pd.DataFrame:
    """Ask about a group for each person, in which only this person counts."""
    labels = label(usual)
    padding = [*usual.index[: PADDING + 1]]
    subscriber.keep(
        [
            [each, other, other == email, ""]
            for email, each in labels.items()
            for other in {email: None} | dict.fromkeys(padding)
        ]
    )
    [answer] = subscriber.ask(name)
    return conclude(usual, {row[0]: row[1:] for row in answer})


def differencing(subscriber: Subscriber, usual: pd.DataFrame, victims: pd.DataFrame) -> pd.DataFrame:
    """Subtract all people but one from all people."""
    labels = label(usual)
    subscriber.keep([[each, email, True, ""] for email, each in labels.items()])
    [everyone], *answers = subscriber.ask("differencing", [{"victim": None}, *asked(labels[victims.index])])
    differences = {
        each: tuple(one - other for one, other in zip(everyone, answer[0], strict=True))
        for each, answer in zip(labels[victims.index], answers, strict=True)
        if answer
    }
    return conclude(victims, differences, labels)


def lists(subscriber: Subscriber, usual: pd.DataFrame, victims: pd.DataFrame) -> pd.DataFrame:
    """Call query templates with all people, and with all but one; a list is a condition, too.

    The value that is counted once less is the one that is missing; if none is, it is one of those that are withheld.
    """
    labels = label(usual)
    subscriber.keep([[each, email, True, ""] for email, each in labels.items()])
    concluded = {}
    for secret, name in (("verified", "lists"), ("tier", "lists_tier")):
        everyone, *answers = subscriber.ask(name, [{"victim": None}, *asked(labels[victims.index])])
        scores = chances(victims, secret)
        for email, answer in zip(victims.index, answers, strict=True):
            others = dict(answer)
            less = {value: float(people > others.get(value, 0)) for value, people in everyone}
            scores.loc[email, [*less]] = [*less.values()]
        concluded[secret] = likeliest(scores, secret)
    return pd.DataFrame(concluded)


def conclude(
    people: pd.DataFrame, counts: Mapping[str, Sequence[int]], labels: pd.Series | None = None
) -> pd.DataFrame:
    """Conclude from whether people count as verified, as Premium and as Business; who is missing is guessed."""
    concluded = guess(people)
    for email, each in (label(people) if labels is None else labels[people.index]).items():
        if each in counts:
            verified, premium, business = counts[each][:3]
            concluded.loc[email] = [verified > 0, "Business" if business else "Premium" if premium else "Free"]
    return concluded


def membership(subscriber: Subscriber, guesses: Sequence[str], hashes: Sequence[str]) -> list[bool]:
    """Look for each guess, whose hash the attacker makes with the common salt, among those that match."""
    subscriber.keep([[email, False] for email in guesses], "guessed_emails")
    [matches] = subscriber.ask("membership")
    return [(digest,) in matches for digest in hashes]


def membership_padded(subscriber: Subscriber, guesses: Sequence[str]) -> list[bool]:
    """Add each guess to people known to be customers, and look whether one more is counted."""
    [known] = subscriber.ask("membership_known")
    padding = [[email, True] for (email,) in sorted(known)[:PADDING]]
    subscriber.keep(padding + [[email, False] for email in guesses], "guessed_emails")
    answers = subscriber.ask("membership_padded", [{"victim": email} for email in ["", *guesses]])
    before, *counts = [rows[0][0] if rows else 0 for rows in answers]
    return [count > before for count in counts]


def label(people: pd.DataFrame) -> pd.Series:
    """A number of the attacker's own for each person, as a text."""
    return pd.Series(range(len(people)), index=people.index).astype("str")


def asked(labels: Iterable[str]) -> list[Values]:
    """The values of a question about each of some people."""
    return [{"victim": each} for each in labels]


def counting(
    subscriber: Subscriber, usual: pd.DataFrame, victims: pd.DataFrame, secret: str, noise: Noise
) -> pd.Series:
    """Count each victim in one of several groups, by the value of a secret, and correct what is usual by the answers.

    A victim has a group of their own for each value, with people who are known to be counted. So the answers tell of
    the value that the victim has, and of those that the victim has not.

    Returns: for each victim (by hashed_email) the value: verified (bool) or tier (str).
    """
    scores, labels = np.log(chances(victims, secret)), label(victims)
    known = [*usual.index.difference(victims.index)]
    groups = [(each, value) for each in labels for value in scores]
    others = {group: known[number :: len(groups)] for number, group in enumerate(groups)}
    rows = [[each, email, True, ""] for email, each in labels.items()]
    subscriber.keep(rows + [[each, other, False, value] for (each, value), some in others.items() for other in some])
    for answer in subscriber.ask("counting" if secret == "verified" else "counting_tier", [{}] * noise.questions):
        people = dict(answer)
        ratios = [log_ratio(people.get("/".join(group)), len(others[group]), noise) for group in groups]
        scores += np.reshape(ratios, scores.shape)
    return likeliest(scores, secret)


def victims_at_once(usual: pd.DataFrame, secret: str, noise: Noise) -> int:
    """How many victims can have groups of their own that are large enough to be shown more often than not."""
    groups = chances(usual, secret).shape[1]
    return max(len(usual) // (groups * math.ceil(threshold(noise.epsilon, noise.delta)) + 1), 1)


def log_ratio(answer: int | None, others: int, noise: Noise) -> float:
    """The logarithm of the likelihood ratio of an answer: one person more is counted than the others, or not."""
    more, same = (
        max(likelihood(answer, people, noise.epsilon, noise.delta), 1e-300) for people in (others + 1, others)
    )
    return float(np.log(more / same))


def whole_column(
    subscriber: Subscriber, usual: pd.DataFrame, secret: str, epsilon: float | None, steps: Sequence[int]
) -> dict[int, pd.Series]:
    """Find a secret of all people, from the numbers of random groups, after so many questions.

    The exact view is asked how many of a group are verified. With noise, the group of a person depends on the value of
    the secret, too: so a value adds to one answer, and takes from others.

    Args:
        subscriber: who asks.
        usual: see `learn`.
        secret: verified or tier.
        epsilon: of a question; None asks the exact view who is verified.
        steps: after how many questions to conclude.

    Returns: for each step, the value for each person: verified (bool) or tier (str), by hashed_email.
    """
    prior, labels = chances(usual, secret), label(usual)
    name, size, values = "whole_column", PER_EXACT_GROUP, {"": "true"}
    if epsilon is not None:
        name = "whole_column_private" if secret == "verified" else "whole_column_tier"
        size, values = PER_NOISY_GROUP, {f"/{value}": value for value in prior}
    groups = max(len(usual) // size, 1)
    subscriber.keep([[each, email, False, ""] for email, each in labels.items()])
    numbers = [f"{number}" for number in range(max(steps))]
    answers = subscriber.ask(name, [{"question": number, "groups": f"{groups}"} for number in numbers])
    counts: list[int] = []
    members: list[np.ndarray] = []
    concluded = {}
    for done, (number, answer) in enumerate(zip(numbers, answers, strict=True), 1):
        placed = pd.DataFrame(-1, index=prior.index, columns=prior.columns)
        for ending, value in values.items():
            placed[value] = [group_of(f"{each}{ending}", number, groups) for each in labels]
        for group, count in answer:
            counts.append(count)
            members.append((placed.to_numpy() == group).astype("float64"))
        if done in steps:
            variance = 0.0 if epsilon is None else count_variance(epsilon)
            found = prior.copy()
            if counts:
                found[:] = reconstruct(np.array(counts), np.array(members), prior.to_numpy(), variance)
            concluded[done] = likeliest(found, secret)
    return concluded


def group_of(person: str, question: str, groups: int) -> int:
    """The random group of a person in a question, as whole_column.sql has it."""
    return int(hashlib.sha256(f"{person}/{question}".encode()).hexdigest()[:8], 16) % groups


def highest(subscriber: Subscriber) -> tuple[float, int]:
    """Find the highest payment, by counting those above a value; returns it (US dollars), and the number of questions.

    It lies between 0 and 1,310.71 dollars, and the range of cents is halved with each question; at its end it is
    doubled.
    """
    low, top, questions = 0, 2**17 - 1, 0
    while True:
        high = top
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if is_above(subscriber, middle) else (low, middle)
            questions += 1
        if low < top or not is_above(subscriber, top):
            return low / 100, questions
        top = 2 * top + 1


def is_above(subscriber: Subscriber, cents: int) -> bool:
    """Ask whether a payment is above a value."""
    [[[payments]]] = subscriber.ask("withheld_highest", [{"victim": f"{cents / 100:.2f}"}])
    return bool(payments)


def look_up(hashes: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Find the texts behind hashes, as far as they are among these."""
    wanted = set(hashes)
    pairs = ((hashlib.sha256(text.encode()).hexdigest(), text) for text in texts)
    return {digest: text for digest, text in pairs if digest in wanted}


def emails() -> Iterable[str]:
    """Each first name with each last name at each domain."""
    return map("".join, product(FIRST_NAMES, LAST_NAMES, DOMAINS))


def phone_numbers() -> Iterable[str]:
    """Each phone number that the identity lab can give out."""
    for start, first, middle, size in PHONE_RANGES:
        yield from (f"{start}{first + number // 100}{middle}{number % 100:02}" for number in range(size))


def link(customers: pd.DataFrame, users: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Pair the customers and users who are alone with their values in some columns, on both sides.

    Returns: one row per pair, with the columns of both sides, those that they do not have in common with _x and _y.
    """
    alone = [each.dropna(subset=columns).drop_duplicates(columns, keep=False) for each in (customers, users)]
    return alone[0].merge(alone[1], on=columns)


def is_member(answer: int | None, with_person: int) -> bool:
    """Whether an answer is closer to the data set with the person than to the one without."""
    return (answer or 0) > with_person - 0.5
