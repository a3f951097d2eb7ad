"""Attackers: what each concludes from the answers that a subscriber gets.

Nothing here knows what is true. An attacker asks the questions of sql/clean_room/attacks/ as a subscriber, and knows
besides what the first of an attack's files says.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import product

from dcr_data_generator.people import DOMAINS, FIRST_NAMES, LAST_NAMES

# Asks a file of sql/clean_room/attacks/ once for each value of its @victim; returns the rows of each answer.
type Ask = Callable[[str, Sequence[str | None]], list[list[tuple]]]
# Takes the victims' hashed emails; returns for each what is concluded of their secrets.
type Attacker = Callable[[Ask, Sequence[str]], list[dict[str, object]]]

TIERS = ("Free", "Premium", "Business")


def differencing(ask: Ask, victims: Sequence[str]) -> list[dict[str, object]]:
    """Subtract all people but one from all people. Without noise, those need to be asked about only once."""
    ([everyone],), ([[everyones_spend]],) = ask("differencing", [None]), ask("differencing_spend", [None])
    conclusions = []
    for [others], [[spend]] in zip(ask("differencing", victims), ask("differencing_spend", victims), strict=True):
        verified, *tiers = (one - other for one, other in zip(everyone, others, strict=True))
        tier = TIERS[tiers.index(max(tiers))]
        conclusions.append({"verified": verified > 0, "tier": tier, "spend": dollars(everyones_spend - spend)})
    return conclusions


def differencing_private(ask: Ask, victims: Sequence[str]) -> list[dict[str, object]]:
    """Subtract in the same way, although there is noise; a tier with few people may be missing in an answer."""
    conclusions = []
    names = ("differencing_private", "differencing_tier_private", "differencing_spend_private")
    answers = [ask(name, people) for name in names for people in ([None] * len(victims), victims)]
    for everyone, others, tiers, tiers_of_others, everyones_spend, spend in zip(*answers, strict=True):
        people, other_people = dict(tiers), dict(tiers_of_others)
        tier = max(TIERS, key=lambda tier: people.get(tier, 0) - other_people.get(tier, 0))
        verified, own = figure(everyone) - figure(others) > 0.5, dollars(figure(everyones_spend) - figure(spend))
        conclusions.append({"verified": verified, "tier": tier, "spend": own})
    return conclusions


def single_out(ask: Ask, victims: Sequence[str]) -> list[dict[str, object]]:
    """Read the sum, which is one person's."""
    return [{"spend": dollars(spend)} for [[spend]] in ask("single_out", victims)]


def single_out_private(ask: Ask, victims: Sequence[str]) -> list[dict[str, object]]:
    """Read the sum, although there is noise."""
    return [{"spend": dollars(figure(answer))} for answer in ask("single_out_private", victims)]


def single_out_template(ask: Ask, victims: Sequence[str]) -> list[dict[str, object]]:
    """Call a query template with everyone, and with everyone but one: no condition can be asked, but a list is one."""
    [everyone] = ask("single_out_template", [None])
    totals = {tier: total(average, people) for tier, average, people in everyone}
    answers = ask("single_out_template", victims)
    differences = ([totals[tier] - total(average, people) for tier, average, people in rows] for rows in answers)
    return [{"spend": dollars(sum(each))} for each in differences]


def total(average: float, people: int) -> float:
    """The sum behind an average of payments: times their number, which is that of people or more, it is whole cents."""
    sums = (average * number for number in range(people, 3 * people))
    return next((each for each in sums if abs(100 * each - round(100 * each)) < 1e-4), average * people)


def membership(ask: Ask, victims: Sequence[str]) -> list[dict[str, object]]:
    """Look for each person among the guesses that match."""
    [matches] = ask("membership", [None])
    return [{"customer": (victim,) in matches} for victim in victims]


def membership_threshold(ask: Ask, victims: Sequence[str]) -> list[dict[str, object]]:
    """Ask for a group of one: a customer only if there is an answer."""
    return [{"customer": bool(answer)} for answer in ask("membership_threshold", victims)]


def figure(answer: Sequence[tuple]) -> float:
    """The figure of an answer with noise; without a row, there were too few people for the noise: about none."""
    return answer[0][0] if answer else 0


def dollars(amount: float) -> int:
    """Round an amount to whole dollars, as exactly as cents are added up."""
    return round(round(amount, 2))


def look_up(hashes: Iterable[str]) -> dict[str, str]:
    """Find the emails behind hashes, as far as they are a common first name, a common last name, and a domain."""
    wanted = set(hashes)
    emails = map("".join, product(FIRST_NAMES, LAST_NAMES, DOMAINS))
    pairs = ((hashlib.sha256(email.encode()).hexdigest(), email) for email in emails)
    return {digest: email for digest, email in pairs if digest in wanted}


def is_member(answer: Sequence[tuple], with_person: int) -> bool:
    """Decide between two neighbouring data sets, of which one has one person more: the closer one."""
    return figure(answer) > with_person - 0.5
