"""The formulas of the noise: compared with the engine, and with what follows from the definitions."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from dcr_data_generator.clean_room import laplace
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from tests.support.rooms import fill, own_room, wallets

DELTA = 0.0001
BUDGETS = ("epsilon_budget", "delta_budget")


def test_a_group_appears_half_of_the_time_at_the_size_of_the_literature() -> None:
    # 1 + ln(1 / (2 delta)) / epsilon: a group of one is shown with probability delta.
    assert laplace.threshold(1, DELTA) == pytest.approx(9.517, abs=1e-3)
    assert laplace.threshold(0.5, DELTA) == pytest.approx(18.03, abs=1e-2)
    assert 1 - laplace.share_withheld(1, 0.5, DELTA) == pytest.approx(DELTA)
    assert laplace.share_withheld(18, 0.5, DELTA) == pytest.approx(0.5, abs=0.01)


def test_the_bound_is_that_of_the_literature() -> None:
    assert laplace.bound(0, 0) == 0.5
    assert laplace.bound(math.log(3), 0) == pytest.approx(0.75)
    assert laplace.bound(0, 0.1) == pytest.approx(0.55)
    assert laplace.bound(3, 0) == pytest.approx(1 / (1 + math.exp(-3)))
    assert laplace.bound(6, 0) == pytest.approx(0.9975, abs=1e-4)  # two views with a budget of 3 each
    assert laplace.bound(50, 0.5) == 1


def test_a_secret_of_somebody_who_is_counted_has_twice_the_epsilon() -> None:
    assert laplace.bound_of_a_secret(math.log(2), 0) == pytest.approx(0.8)
    assert laplace.bound_of_a_secret(math.log(2), 0.1) == pytest.approx((4 + 0.3) / 5)
    # Two answers per question, and no attack above the bound of all.
    for epsilon, questions in ((0.5, 3), (1.0, 1), (1.0, 3), (3.0, 1)):
        chance = laplace.best_chance(epsilon, 2 * questions)
        assert laplace.best_chance(epsilon, questions) < chance < laplace.bound_of_a_secret(questions * epsilon, 0)


def test_the_likelihoods_of_all_answers_add_up_to_one_and_fall_by_epsilon() -> None:
    each = [laplace.likelihood(answer, 30, 0.7, DELTA) for answer in range(-100, 161)]
    assert sum(each) == pytest.approx(1)
    assert each[140] / each[139] == pytest.approx(math.exp(-0.7))
    assert laplace.likelihood(None, 1, 1, DELTA) == pytest.approx(1 - DELTA)


def rounded(epsilon: float, people: int, reach: int = 40) -> list[float]:
    """The distribution of a rounded count around so many people, by adding up the density in small steps."""
    steps = (np.arange(1000) + 0.5) / 1000
    return [
        float((epsilon / 2 * np.exp(-epsilon * np.abs(answer - 0.5 + steps - people))).mean())
        for answer in range(-reach, reach + 2)
    ]


@pytest.mark.parametrize(("epsilon", "questions"), [(1.0, 1), (1.0, 2), (2.0, 1), (0.5, 2)])
def test_the_best_chance_is_that_of_taking_the_likelier_case_of_all_answers(epsilon: float, questions: int) -> None:
    absent, present = rounded(epsilon, 0), rounded(epsilon, 1)
    pairs = zip(
        map(math.prod, itertools.product(absent, repeat=questions)),
        map(math.prod, itertools.product(present, repeat=questions)),
        strict=True,
    )
    assert laplace.best_chance(epsilon, questions) == pytest.approx(sum(map(max, pairs)) / 2, abs=2e-4)


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 3.0])
def test_the_best_chance_is_below_the_bound_and_grows_with_the_questions(epsilon: float) -> None:
    chances = [laplace.best_chance(epsilon, questions) for questions in range(7)]
    assert chances[0] == 0.5
    assert chances[1] == pytest.approx(1 - math.exp(-epsilon / 2) / 2)
    assert all(chance < laplace.bound(epsilon * number, 0) for number, chance in enumerate(chances[1:], 1))
    # An even number of questions is not worse than one question less.
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(chances))


@pytest.mark.parametrize("variance", [0.5, 3.0])
def test_the_least_squares_are_those_of_the_other_form_of_the_same_estimate(variance: float) -> None:
    generator = np.random.default_rng(1)
    members = generator.integers(0, 2, (12, 30, 3)).astype("float64")
    prior = generator.dirichlet([2, 2, 2], 30)
    answers = generator.uniform(5, 15, 12)
    # By precisions instead of covariances (the matrix inversion lemma), of all values but the last, which the others
    # leave: an answer is what all have of the last one, and the differences to it.
    free = prior[:, :2]
    design = (members[:, :, :2] - members[:, :, 2:]).reshape(12, 60)
    covariance = np.zeros((60, 60))
    for person, each in enumerate(free):
        place = slice(2 * person, 2 * person + 2)
        covariance[place, place] = np.diag(each) - np.outer(each, each)
    precision = np.linalg.inv(covariance)
    expected = np.linalg.solve(
        design.T @ design / variance + precision,
        design.T @ (answers - members[:, :, 2].sum(axis=1)) / variance + precision @ free.ravel(),
    ).reshape(30, 2)
    found = laplace.reconstruct(answers, members, prior, variance)
    assert found[:, :2] == pytest.approx(expected, abs=1e-6)
    assert found.sum(axis=1) == pytest.approx(1)


def test_enough_exact_sums_tell_every_bit() -> None:
    generator = np.random.default_rng(1)
    bits = generator.integers(0, 2, 40)
    members = np.zeros((45, 40, 2))
    members[:, :, 1] = generator.integers(0, 2, (45, 40))
    found = laplace.reconstruct(members[:, :, 1] @ bits, members, np.full((40, 2), 0.5), 0.0)
    assert (found.argmax(axis=1) == bits).all()


@pytest.mark.slow
def test_more_epsilon_finds_more_of_a_column_and_none_is_a_guess() -> None:
    chances = [laplace.column_chance(400, epsilon, 6, DELTA) for epsilon in (0.1, 1.0, 10.0)]
    assert 0.5 < chances[0] < laplace.best_chance(0.1, 12)
    assert chances[0] < chances[1] < chances[2] <= 1
    assert laplace.column_chance(400, 1.0, 0, DELTA) == pytest.approx(0.5, abs=0.02)


# Compared with the engine.


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """A room of 40 people, who paid 10 dollars each."""
    room = own_room()
    fill(room, **wallets({"Free": 40}))
    return room


def draws(room: CleanRoom, function: str, count: int) -> Sequence[float]:
    """Answers with an epsilon of 1."""
    text = f"""
        SELECT WITH DIFFERENTIAL_PRIVACY
          OPTIONS (epsilon = 1, delta = 0.0001, max_groups_contributed = 1, privacy_unit_column = hashed_email)
          {function} AS figure
        FROM ewallet_clean_room.wallet_spend_private"""
    policies = {
        name: policy.model_copy(
            update={
                "differential_privacy_policy": noise.model_copy(update={"epsilon_budget": 1e6, "delta_budget": 1e6})
            }
        )
        for name, policy in room.policies.items()
        if (noise := policy.differential_privacy_policy)
    }
    with room.other_policies(policies):
        return [row[0] for answer in room.answers(text, "merchant", [{}] * count) for row in answer.rows]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        # The mean distance of Laplace noise is its scale: 1 / epsilon where COUNT(*) has all of it, and
        # 500 / (epsilon / 2) where the sum has one half.
        ("COUNT(*, contribution_bounds_per_group => (0, 1))", 1.0),
        ("SUM(transaction_amount, contribution_bounds_per_group => (0, 500))", 1000.0),
        ("AVG(transaction_amount, contribution_bounds_per_group => (0, 500))", None),
    ],
)
def test_the_noise_of_the_engine_is_as_large(room: CleanRoom, function: str, expected: float | None) -> None:
    truth = {"C": 40, "S": 400, "A": 10}[function[0]]
    distances = np.abs(np.array(draws(room, function, 300)) - truth)
    if expected is None:
        expected = float(np.abs(laplace.average_errors(40, 10.0, (0.0, 500.0), 0.5)).mean())
    # Of 300 answers, the standard deviation of the mean distance is 6 %, and for the average a little more.
    assert distances.mean() == pytest.approx(expected, rel=0.3)
