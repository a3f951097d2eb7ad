"""Attacks the clean room with questions that its rules allow, and counts how often the attackers are right.

The referee knows both parties' tables: it draws the victims, lets the attackers of attackers.py ask as a subscriber
does, and compares what they conclude with what is true. Then it does the same with a defence.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from google.cloud import bigquery
from pydantic import SecretStr
from rich.markup import escape

from dcr_data_generator import shutdown, sql, use_cases
from dcr_data_generator.clean_room import attackers, rehearse, salt, views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Refused
from dcr_data_generator.clean_room.analysis_rules.rules import Budgets
from dcr_data_generator.clean_room.attackers import Attacker
from dcr_data_generator.clean_room.policy import PrivacyPolicy
from dcr_data_generator.clean_room.settings import LOWER_TRIM, AttackSettings
from dcr_data_generator.draws import draw
from dcr_data_generator.people import hash_emails
from dcr_data_generator.report import add_to_report
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import PROVIDER, suffixed
from dcr_data_generator.terminal import Terminal
from dcr_data_generator.values import percent, plain

FOLDER = "clean_room/attacks"
GUESSES = f"{PROVIDER}.guessed_emails"
MIN_PEOPLE = 51  # one more than the threshold
TOLERANCE = 10  # US dollars
MAX_AVERAGE, DELTA = 500, 0.0001  # as the questions say
EPSILONS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
DRAWS = 200  # of each of two neighbouring data sets
CONFIDENCE = 1 - 0.001 / len(EPSILONS)  # of the interval of each epsilon
UTILITY_DRAWS = 20
LARGER = 100  # than the policy's budget

type Row = dict[str, Any]


class TooFew(Exception):  # noqa: N818 - it is not an error of the program
    """The snapshot is too small for an attack: of whom it needs how many, and how many there are."""


class Outcome(NamedTuple):
    """What came of an attack, in a sentence; its figures; and what was concluded of one person, as an example."""

    sentence: str
    rows: list[Row]
    example: str = ""


class Lab(NamedTuple):
    """The clean room, and what is true of each person; see `read_truth`."""

    room: CleanRoom
    truth: pd.DataFrame
    settings: AttackSettings
    days: int = 1  # of the snapshot

    def ask(self, name: str, victims: Sequence[str | None] = (None,)) -> list[list[tuple]]:
        """Ask a file of sql/clean_room/attacks/ for each @victim, as a subscriber; returns the rows of each answer.

        Raises:
            Refused: a rule does not allow the query, or the privacy budget does not pay for it.
        """
        values = [{"victim": victim} for victim in victims]
        return [answer.rows for answer in self.room.answer(self.read(name), values)[1]]

    def read(self, name: str) -> str:
        """Read a query of an attack."""
        return sql.read(f"{FOLDER}/{name}", self.settings.suffix).text

    def draw(self, who: str, people: pd.DataFrame, count: int) -> pd.DataFrame:
        """Draw people by the seed. Raises TooFew."""
        if len(people) < count:
            sentence = f"of {who}, it needs {count:,}, and there are {len(people):,}"
            if len(people):
                sentence += f"; --days {-(-self.days * count // len(people))} has them, if they come as often"
            raise TooFew(sentence)
        ranks = draw(self.settings.seed, f"victims: {who}", hash_emails(people["email"]).astype("int64"))
        return people.iloc[np.argsort(ranks)[:count]]


def attack(settings: AttackSettings, terminal: Terminal) -> int:
    """Carry out the attacks, and show how often each was right, without and with the defence.

    Returns: the exit status, 0.

    Raises:
        UserError: there are no tables yet, or the report cannot be written.
    """
    step = partial(shutdown.step, terminal, settings.timeout)
    with rehearse.connected(settings, terminal) as place:
        terminal.line(f"Attacking the clean room on {escape(place.name)}.")
        with step("Put both parties' tables behind the views"):
            secret = salt.given_or_drawn(None)
            queries = sql.read_folder(FOLDER, settings.suffix)
            more_views = views.read(settings.suffix, folder=f"{FOLDER}/views")
            guesses = {suffixed(GUESSES, settings.suffix): {"email": "STRING"}}
            room = rehearse.build(place, settings, secret, LOWER_TRIM, more_views, guesses)
            room.engine.parameters = ["victim"]
            terminal.notices(rehearse.estimate_time(place, settings))
            rehearse.fill(place, settings, room, [query.text for query in queries])
            first_day, last_day = sql.run(place.client, "order_dates", settings).row.values()
            days = (last_day - first_day).days + 1
            lab = Lab(room, read_truth(place.client, settings, secret), settings, days)
            answers = use_cases.run(place.client, settings)
        attacks = []
        for name in [settings.only] if settings.only else ATTACKS:
            texts = {query.name: query.text for query in queries if query.name.startswith(name)}
            comments = sql.read(f"{FOLDER}/{name}").comments
            with step(comments["attack"]) as done:
                outcome = carry_out(lab, ATTACKS[name])
                done.result = outcome.sentence
            if settings.verbose:
                show(terminal, comments, texts, outcome)
            attacks.append({"name": name, "queries": texts} | comments | outcome._asdict())
        if not settings.no_report:
            report = add_to_report(place, settings, answers, {"attacks": attacks})
            rehearse.say_where(terminal, report, "the attacks")
    return 0


def carry_out(lab: Lab, attack: Callable[[Lab], Outcome]) -> Outcome:
    """Carry out an attack, if the rules and the snapshot allow it."""
    try:
        return attack(lab)
    except Refused as reason:
        return Outcome(f"refused: {reason}", [])
    except (NotUnderstood, TooFew) as reason:
        return Outcome(f"not shown: {reason}", [])


def show(terminal: Terminal, comments: Mapping[str, str], queries: Mapping[str, str], outcome: Outcome) -> None:
    """Print what an attack is about, its queries as sent, and its figures."""
    for name in ("wants", "knows", "does", "defence"):
        terminal.item(f"  [dim]{name}:[/]", escape(comments[name]))
    for name, text in queries.items():
        terminal.line(f"\n[bold]{name}.sql[/]")
        terminal.console.print(text, markup=False, soft_wrap=True)
    if outcome.rows:
        terminal.table([*outcome.rows[0]], [[*row.values()] for row in outcome.rows])
    if outcome.example:
        terminal.line(outcome.example)


def read_truth(client: bigquery.Client, settings: Settings, secret: SecretStr) -> pd.DataFrame:
    """Read what is true of each person.

    Returns: email (str), customer (bool), verified (bool or None), tier (str or None), spend (Int64, whole US
    dollars) and own_average (float64, US dollars), by hashed email.
    """
    result = sql.run(client, f"{FOLDER}/truth", settings)
    truth = pd.DataFrame([row.values() for row in result.rows], columns=result.columns)
    truth = truth.astype({"customer": "bool", "spend": "float64", "own_average": "float64"})
    truth["spend"] = truth["spend"].map(attackers.dollars, na_action="ignore").astype("Int64")
    return truth.set_index(sha256(secret.get_secret_value() + truth["email"]))


def sha256(texts: pd.Series) -> pd.Series:
    """Hash texts (str) as BigQuery's TO_HEX(SHA256(...)) does."""
    return texts.map(lambda text: hashlib.sha256(text.encode()).hexdigest())


def differencing(lab: Lab) -> Outcome:
    """Attack people who pay with the wallet."""
    return compare(lab, *payers(lab), attackers.differencing, attackers.differencing_private)


def single_out(lab: Lab) -> Outcome:
    """Attack people who pay with the wallet, also where only query templates are offered."""
    people, victims = payers(lab)
    outcome = compare(lab, people, victims, attackers.single_out, attackers.single_out_private)
    try:
        lab.room.hides_views = True
        concluded = conclude(lab, victims, attackers.single_out_template)
        right = int(is_right(concluded["spend"], victims["spend"]).sum())
    finally:
        lab.room.hides_views = False
    sentence = f"{outcome.sentence}; with query templates only, {right} of {len(victims)}, by the list that he passes"
    return outcome._replace(sentence=sentence)


def payers(lab: Lab) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The customers who pay with the wallet, and the victims among them."""
    people = lab.truth[lab.truth["customer"] & lab.truth["spend"].notna()]
    count = lab.settings.victims
    return people, lab.draw("customers who pay with the wallet", people, max(MIN_PEOPLE, count))[:count]


def membership(lab: Lab) -> Outcome:
    """Attack people of whom every second is a customer of the merchant."""
    count = lab.settings.victims
    members = lab.draw("customers without a wallet", lab.truth[lab.truth["verified"].isna()], count - count // 2)
    others = lab.draw("wallet-only users", lab.truth[~lab.truth["customer"]], count // 2)
    people = pd.concat([members, others])
    lab.room.engine.fill(suffixed(GUESSES, lab.settings.suffix), [[email] for email in people["email"]])
    return compare(lab, people, people, attackers.membership, attackers.membership_threshold)


def compare(lab: Lab, people: pd.DataFrame, victims: pd.DataFrame, attacker: Attacker, defended: Attacker) -> Outcome:
    """Attack each victim, without and with the defence, and compare the conclusions with the truth.

    A guess is what is most often right about the people.
    """
    conclusions, with_defence = (conclude(lab, victims, each) for each in (attacker, defended))
    rows = []
    for secret in conclusions:
        right, defended = (is_right(each[secret], victims[secret]) for each in (conclusions, with_defence))
        shares = people[secret].value_counts(normalize=True)
        guess = max(shares[is_right(shares.index, value)].sum() for value in shares.index)
        name = f"{secret} within ${TOLERANCE}" if secret == "spend" else secret
        rows.append(count_right(name, right, defended, guess))
    concluded, true = (
        ", ".join(f"{secret} {plain(value)}" for secret, value in each.items())
        for each in (conclusions.iloc[0], victims[conclusions.columns].iloc[0])
    )
    return Outcome(in_words(rows), rows, f"Of the first of them he concludes: {concluded}. True is: {true}.")


def is_right(conclusions: Any, truth: Any) -> Any:  # noqa: ANN401 - a column or its index, and a column or a value
    """Whether conclusions are true: the same, or an amount of dollars that is close to it."""
    if conclusions.name == "spend":
        return abs(conclusions - truth) <= TOLERANCE
    return conclusions == truth


def conclude(lab: Lab, victims: pd.DataFrame, attacker: Attacker) -> pd.DataFrame:
    """Let an attacker attack the victims; returns a column for each secret.

    Each victim has an attacker of their own, with the whole privacy budget: as many budgets as victims.
    """
    with other_policies(lab.room, budgets=len(victims)):
        return pd.DataFrame(attacker(lab.ask, list(victims.index)), index=victims.index)


def dictionary(lab: Lab) -> Outcome:
    """Attack hashes of the merchant's customers, without and with the salt."""
    victims = lab.draw("customers", lab.truth[lab.truth["customer"]], lab.settings.victims)
    engine, hashes = lab.room.engine, []
    for name in ("dictionary", "dictionary_salted"):
        text = engine.plain_names(lab.read(name))
        hashes += [digest for (digest,) in engine.evaluate(text)[0].rows]
    emails = pd.Series(attackers.look_up(hashes), dtype="str")
    plain, salted = (digests.map(emails) == victims["email"] for digests in (sha256(victims["email"]), victims.index))
    rows = [count_right("email", plain, salted, guess=0.0)]
    return Outcome(in_words(rows), rows)


def count_right(secret: str, right: pd.Series, defended: pd.Series, guess: float) -> Row:
    """How often an attacker was right (bool, by victim), without and with the defence, and the 95 % intervals."""
    row: Row = {"secret": secret, "victims": len(right)}
    for name, each in (("right", right), ("defended", defended)):
        low, high = interval(int(each.sum()), len(each))
        row |= {name: float(each.mean()), f"{name}_low": low, f"{name}_high": high}
    return row | {"guess": float(guess)}


def interval(right: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a rate, from its count: the score interval of Wilson (1927)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (right + z * z / 2) / (trials + z * z)
    half = z / (trials + z * z) * math.sqrt(right * (trials - right) / trials + z * z / 4)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def in_words(rows: Sequence[Row]) -> str:
    """Say what came of an attack that the rules let through."""
    secrets = []
    for row in rows:
        right, defended = (round(row[name] * row["victims"]) for name in ("right", "defended"))
        guess = percent(row["guess"])
        secrets.append(f"{row['secret']} {right:,}, with the defence {defended:,} (a guess gets {guess})")
    return f"it gets through. Right of {rows[0]['victims']:,} people: {'; '.join(secrets)}"


def averaging(lab: Lab) -> Outcome:
    """Ask until the budget is spent, and then with a budget a hundred times as large.

    Returns: for so many questions, the error of their average: the root of its mean square, in US dollars.
    """
    people = lab.truth[(lab.truth["tier"] == "Business") & lab.truth["own_average"].notna()]
    lab.draw("Business users who pay", people, 1)
    truth = people["own_average"].clip(0, MAX_AVERAGE).mean()
    lab.room.budgets = Budgets(lab.room.policies)
    lab.ask("averaging")
    paid = 1
    with suppress(Refused):
        while lab.ask("averaging"):
            paid += 1
    with other_policies(lab.room, budgets=LARGER):
        answers = np.array([row for rows in lab.ask("averaging", [None] * LARGER * paid) for row in rows]).ravel()
    if len(answers) < LARGER * paid:
        raise TooFew(f"it needs more Business users who pay than {len(people):,}: answers are left out")
    errors = {}
    for questions in sorted({1, 2, 5, 10, 50, 100, 200, 500, 1_000, paid, LARGER * paid}):
        if questions > len(answers):
            break
        means = answers[: len(answers) // questions * questions].reshape(-1, questions).mean(axis=1)
        errors[questions] = float(np.sqrt(np.square(means - truth).mean()))
    return Outcome(
        f"one answer is off by ${errors[1]:,.2f}. The budget pays for {paid:,}, whose average is off by "
        f"${errors[paid]:,.2f}; one {LARGER} times as large for {LARGER * paid:,}: ${errors[LARGER * paid]:,.2f}",
        [{"questions": questions, "error": error} for questions, error in errors.items()],
    )


def distinguishing(lab: Lab) -> Outcome:
    """Tell two neighbouring data sets apart, for each epsilon, and see how far off the averages of use case 2 are.

    Returns: for each epsilon the error of the averages (the root of the mean square of their relative errors), how
    often the attacker was right, its interval, and the bound of (epsilon, delta)-differential privacy. By chance alone,
    fewer than one of a thousand runs says that a rate is above its bound (Bonferroni).
    """
    business = lab.truth[lab.truth["tier"] == "Business"]
    [victim] = lab.draw("Business users", business, 1).index
    averages = lab.truth["own_average"].clip(0, MAX_AVERAGE).groupby(lab.truth["tier"]).mean()
    rows: list[Row] = []
    for epsilon in EPSILONS:
        with other_policies(lab.room, budgets=math.inf, epsilon=epsilon):
            answers = lab.ask("distinguishing_utility", [None] * UTILITY_DRAWS)
            right = count_told_apart(lab, victim, len(business))
            errors = [average / averages[tier] - 1 for rows_of in answers for tier, average in rows_of]
            low, high = interval(right, 2 * DRAWS, CONFIDENCE)
            error = float(np.sqrt(np.square(errors).mean())) if errors else None
            rows.append(
                {"epsilon": f"{epsilon:g}", "error": error, "right": right / (2 * DRAWS), "low": low, "high": high}
                | {"bound": bound(epsilon)}
            )
    first, last = rows[0], rows[-1]
    # Of so few questions, not even one that is always right is significantly above a bound near 1.
    could_be = [row for row in rows if interval(2 * DRAWS, 2 * DRAWS, CONFIDENCE)[0] > row["bound"]]
    above = sum(row["low"] > row["bound"] for row in could_be)
    return Outcome(
        f"it gets through, and is right in {percent(last['right'])} at epsilon {last['epsilon']}, but in "
        f"{percent(first['right'])} at {first['epsilon']}; guessing would be in 50.00%. "
        f"{above or 'None'} of the {len(could_be)} rates that could be {'is' if above == 1 else 'are'} "
        "significantly above the bound",
        rows,
    )


def count_told_apart(lab: Lab, victim: str, with_person: int) -> int:
    """Ask about either data set, with the victim and without, and count how often the attacker takes the right one."""
    answers = lab.ask("distinguishing", [None, victim] * DRAWS)
    return sum(attackers.is_member(answer, with_person) == (number % 2 == 0) for number, answer in enumerate(answers))


def bound(epsilon: float, delta: float = DELTA) -> float:
    """The highest rate at which a test tells two neighbouring data sets apart, under (epsilon, delta)-privacy.

    Its false positives FP and false negatives FN keep to FP + e^epsilon FN >= 1 - delta and the same with both
    exchanged: Kairouz, Oh and Viswanath, "The Composition Theorem for Differential Privacy" (2015), theorem 2.1.
    """
    return (math.exp(epsilon) + delta) / (1 + math.exp(epsilon))


@contextmanager
def other_policies(room: CleanRoom, budgets: float, epsilon: float | None = None) -> Iterator[None]:
    """Multiply the privacy budgets, and let each question have this epsilon."""
    policies = room.policies
    room.policies = {name: change(policy, budgets, epsilon) for name, policy in policies.items()}
    room.budgets = Budgets(room.policies)
    try:
        yield
    finally:
        room.policies, room.budgets = policies, Budgets(policies)


def change(policy: PrivacyPolicy, budgets: float, epsilon: float | None) -> PrivacyPolicy:
    if not (noise := policy.differential_privacy_policy):
        return policy
    fields = {
        "max_epsilon_per_query": epsilon or noise.max_epsilon_per_query,
        "epsilon_budget": noise.epsilon_budget * budgets,
        "delta_budget": noise.delta_budget * budgets,
    }
    return policy.model_copy(update={"differential_privacy_policy": noise.model_copy(update=fields)})


ATTACKS: dict[str, Callable[[Lab], Outcome]] = {
    each.__name__: each for each in (differencing, single_out, membership, dictionary, averaging, distinguishing)
}
