"""The noise of BigQuery's differential privacy, as formulas: how large it is, what it hides, and what it gives away.

The reference engine's noise is Laplace noise, and counts are rounded. Sources: C. Dwork and A. Roth, "The Algorithmic
Foundations of Differential Privacy" (2014); "Query syntax" in BigQuery's documentation, option epsilon, for how epsilon
is divided; R. J. Wilson et al., "Differentially Private SQL with Bounded User Contribution" (2020), for the threshold.
tests/clean_room/test_laplace.py compares them with the engine.
"""

import math
from collections import defaultdict

import numpy as np

DRAWS = 20_000  # of a simulated error
MOST_SIMULATED = 500  # people: the groups of more are not larger
PEOPLE_SIMULATED = 8_000  # in all


def threshold(epsilon: float, delta: float) -> float:
    """The noisy number of people above which a group is shown, where that number has this epsilon.

    A group of one person is shown with probability delta. One person counts in one group.
    """
    return 1 - math.log(2 * delta) / epsilon


def below(value: float, scale: float) -> float:
    """The probability that Laplace noise of a scale is below a value."""
    return math.exp(value / scale) / 2 if value < 0 else 1 - math.exp(-value / scale) / 2


def share_withheld(people: int, epsilon: float, delta: float) -> float:
    """The probability that a group of so many people is left out of an answer, by the epsilon of their number."""
    return below(threshold(epsilon, delta) - people, 1 / epsilon)


def likelihood(answer: int | None, people: int, epsilon: float, delta: float) -> float:
    """The probability of an answer to COUNT(*), or of none, if there are so many people.

    COUNT(*) that counts each person once, alone in its query, has the whole epsilon here: its noisy number is also the
    one that decides whether the group is shown.
    """
    if answer is None:
        return share_withheld(people, epsilon, delta)
    return below(answer - people + 0.5, 1 / epsilon) - below(answer - people - 0.5, 1 / epsilon)


def bound(epsilon: float, delta: float) -> float:
    """The highest rate at which a test tells two neighbouring data sets apart, under (epsilon, delta)-privacy.

    The two are equally likely before. False positives FP and false negatives FN keep to FP + e^epsilon FN >= 1 - delta
    and the same with both exchanged: P. Kairouz, S. Oh and P. Viswanath, "The Composition Theorem for Differential
    Privacy" (2015), theorem 2.1.
    """
    return min((math.exp(epsilon) + delta) / (1 + math.exp(epsilon)), 1.0)


def bound_of_a_secret(epsilon: float, delta: float) -> float:
    """The highest rate at which a test tells which of two equally likely values a person has who is counted.

    Other than in `bound`, both data sets have this person: each differs in one person from the one without. So the
    epsilon counts twice: C. Dwork and A. Roth (2014), theorem 2.2, on the privacy of groups.
    """
    return bound(2 * epsilon, (1 + math.exp(epsilon)) * delta)


def best_chance(epsilon: float, answers: int) -> float:
    """How often the best test is right about whether one person is counted, by so many answers to COUNT(*).

    A secret with two values is told by two answers per question: the person is counted in one group or in another.

    The two cases are equally likely before. The test adds up the logarithms of the likelihood ratios of the answers,
    and takes the likelier case (Neyman and Pearson); by symmetry it is right as often in both. An answer beside the
    middle of the two numbers says less than those farther away, because counts are rounded: there are four cases.
    """
    nearest = math.exp(-epsilon / 2)
    near = math.log(2 / (nearest * (1 + nearest)))
    # Where the person is counted: the probability of each case, by how often epsilon and `near` go into the logarithm.
    cases = {
        (1, 0): nearest / 2,
        (0, 1): 1 - nearest,
        (0, -1): (nearest - nearest**3) / 2,
        (-1, 0): nearest**3 / 2,
    }
    sums = {(0, 0): 1.0}
    for _ in range(answers):
        longer: dict[tuple[int, int], float] = defaultdict(float)
        for (far, beside), probability in sums.items():
            for (more, more_beside), times in cases.items():
                longer[far + more, beside + more_beside] += probability * times
        sums = longer
    ratios = {key: key[0] * epsilon + key[1] * near for key in sums}
    return sum(
        each * (1.0 if ratios[key] > 1e-9 else 0.5 if ratios[key] > -1e-9 else 0.0) for key, each in sums.items()
    )


def count_error(epsilon: float, confidence: float = 0.95) -> float:
    """How far COUNT(*) with this epsilon is off at most, in this share of the answers: in people."""
    return -math.log(1 - confidence) / epsilon


def average_errors(people: int, average: float, bounds: tuple[float, float], epsilon: float) -> np.ndarray:
    """How far AVG over people with this epsilon is off: draws (float64), in the unit of the average.

    It adds noise to the sum of what each person's average differs from the middle of the bounds, with one half of its
    epsilon, and to the number of people, with the other: N. Li et al., "Differential Privacy: From Theory to Practice"
    (2016), algorithm 2.4, as Google's library has it.
    """
    low, high = bounds
    middle, half = (low + high) / 2, (high - low) / 2
    generator = np.random.default_rng(0)
    sums = people * (average - middle) + generator.laplace(0, half / (epsilon / 2), DRAWS)
    counts = np.maximum(people + generator.laplace(0, 1 / (epsilon / 2), DRAWS), 1)
    return np.clip(middle + sums / counts, low, high) - average


def reconstruct(answers: np.ndarray, members: np.ndarray, prior: np.ndarray, variance: float) -> np.ndarray:
    """Find a secret of each person from counts of random groups: the least squares estimate of each.

    I. Dinur and K. Nissim, "Revealing Information while Preserving Privacy" (2003), with what is known before: of all
    linear estimates the one whose square error is smallest, if the values have their prior, independently of others.

    Args:
        answers: how many people a group has, one per group (float64).
        members: by group, person and value of the secret: 1 where a person with this value is in the group (float64).
        prior: by person and value, the probability of the value (float64). Those of a person add up to 1.
        variance: of the noise of an answer; 0 is exact.

    Returns: by person and value, the estimated probability (float64).
    """
    weighted = members * prior
    means = weighted.sum(axis=2)
    flat = (len(members), prior.size)
    covariance = weighted.reshape(flat) @ members.reshape(flat).T - means @ means.T
    gain = np.linalg.solve(covariance + (variance + 1e-9) * np.eye(len(members)), answers - means.sum(axis=1))
    differences = (gain @ members.reshape(flat)).reshape(prior.shape) - (gain @ means)[:, None]
    return prior * (1 + differences)


def count_variance(epsilon: float) -> float:
    """The variance of a rounded count with this epsilon."""
    return 2 / epsilon**2 + 1 / 12


def column_chance(people: int, epsilon: float, questions: int, delta: float) -> float:
    """How often `reconstruct` finds a bit that as many have as not, by so many questions with noise: simulated.

    Each question counts people in random groups, which are as small as the threshold lets them be. A person with the
    bit is in another one than without it.
    """
    people = min(people, MOST_SIMULATED)
    size = math.ceil(threshold(epsilon, delta) + 3 / epsilon)
    groups = max(people // size, 1)
    prior = np.full((people, 2), 0.5)
    rates = []
    for seed in range(-(-PEOPLE_SIMULATED // people)):
        generator = np.random.default_rng(seed)
        bits = generator.permutation(people) % 2
        answers, members = [np.empty(0)], [np.empty((0, people, 2))]
        for _ in range(questions):
            placed = np.arange(groups)[:, None, None] == generator.integers(groups, size=(people, 2))
            there = placed[:, np.arange(people), bits].sum(axis=1)
            counts = np.round(there + generator.laplace(0, 1 / epsilon, groups))
            is_shown = counts >= threshold(epsilon, delta)
            answers.append(counts[is_shown])
            members.append(placed[is_shown].astype("float64"))
        found = reconstruct(np.concatenate(answers), np.concatenate(members), prior, count_variance(epsilon))
        rates.append(float((found.argmax(axis=1) == bits).mean()))
    return sum(rates) / len(rates)
