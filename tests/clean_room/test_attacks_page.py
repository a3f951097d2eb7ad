"""docs/attacks.md: its figures, worked out again from the tables by code that shares nothing with the attacks."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from dcr_data_generator.people import DOMAINS, FIRST_NAMES, LAST_NAMES
from dcr_data_generator.tables import SCHEMAS, SOURCE_SCHEMAS
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support.docs import ROOT

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs/attacks.md").read_text(encoding="utf-8")


def cells(attack: str, secret: str) -> list[str]:
    """The cells of the table of what came out: without the defence, with it, and guessing."""
    name = ""
    for line in PAGE.splitlines():
        row = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(row) == 5:
            name = row[0] or name
            if (name, row[1]) == (attack, secret):
                return row[2:]
    raise AssertionError(f"there is no row of {attack}, {secret}")


def right_of(cell: str) -> tuple[int, int]:
    """The two numbers of a cell such as "30 of 30"."""
    one, other = (int(number.replace(",", "")) for number in cell.split(" of "))
    return one, other


@pytest.fixture(scope="module")
def tables(default_run: Warehouse) -> dict[str, pd.DataFrame]:
    """The five tables of the default run."""
    return {
        name: default_run.read(f"{dataset}.{name}", schema)
        for dataset, schemas in (("merchant_provider", SOURCE_SCHEMAS), ("ewallet_provider", SCHEMAS))
        for name, schema in schemas.items()
    }


@pytest.fixture(scope="module")
def payers(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Those who pay with the wallet: verified, tier, age, refund and average order value at the merchant."""
    users = tables["users"].assign(person=tables["users"]["email"].str.strip().str.lower())
    orders = tables["orders"].merge(users[["id", "person"]], left_on="user_id", right_on="id")
    refunds = orders["status"].isin(["Cancelled", "Returned"]).groupby(orders["person"]).any()
    items = tables["order_items"].merge(users[["id", "person"]], left_on="user_id", right_on="id")
    grouped = items.groupby("person")
    averages = grouped["sale_price"].sum() / grouped["order_id"].nunique()
    wallets = tables["provider_users"].assign(person=tables["provider_users"]["email"].str.strip().str.lower())
    paying = wallets[wallets["provider_user_id"].isin(tables["transactions"]["provider_user_id"])].set_index("person")
    ages = users.groupby("person")["age"].max()
    return paying.assign(
        age=ages.reindex(paying.index), has_refund=refunds.reindex(paying.index), average=averages.reindex(paying.index)
    )


def test_everybody_is_everybody_who_pays(payers: pd.DataFrame) -> None:
    for attack, secret in (
        ("Everybody in one question", "verified"),
        ("Everybody in one question", "tier"),
        ("The whole column", "verified"),
    ):
        assert right_of(cells(attack, secret)[0]) == (len(payers), len(payers))
    assert f"of whom {len(payers)} pay with the wallet" in PAGE


@pytest.fixture(scope="module")
def kinds(payers: pd.DataFrame) -> pd.Series:
    """Who is alike: minors; adults with a refund or without, in equal parts of at least 55 by what they spend."""
    kinds = pd.Series("minor", index=payers.index)
    for has_refund in (False, True):
        alike = payers[(payers["age"] >= 18) & (payers["has_refund"] == has_refund)].sort_values("average")
        part = np.array_split(np.arange(len(alike)), len(alike) // 55)
        for number, places in enumerate(part):
            kinds[alike.index[places]] = f"{has_refund} {number}"
    return kinds


def test_a_guess_is_what_is_most_usual_among_those_who_are_alike(payers: pd.DataFrame, kinds: pd.Series) -> None:
    for secret, column in (("verified", "is_verified_user"), ("tier", "account_tier")):
        usual = payers.groupby(kinds)[column].agg(lambda each: each.value_counts().index[0])
        right = int((kinds.map(usual) == payers[column]).sum())
        # How ties and ends of the parts are cut may move a few people.
        assert right_of(cells("Everybody in one question", secret)[2])[0] == pytest.approx(right, abs=4)


def test_the_withheld_group_and_the_highest_payment(tables: dict[str, pd.DataFrame]) -> None:
    payments = tables["transactions"].merge(tables["provider_users"], on="provider_user_id")
    business = payments[payments["account_tier"] == "Business"]
    people, average = business["provider_user_id"].nunique(), business["transaction_amount"].mean()
    assert (
        cells("The withheld group, by a condition", "Business users, and their average")[0]
        == f"{people}, ${average:.2f}"
    )
    assert cells("The withheld group, by a condition", "the highest payment")[0] == (
        f"${payments['transaction_amount'].max():.2f}"
    )
    assert 2**16 < 100 * payments["transaction_amount"].max() < 2**17  # cents, so 17 questions halve the range


def test_the_dictionary_has_each_customers_email(tables: dict[str, pd.DataFrame]) -> None:
    emails = tables["users"]["email"].dropna().str.strip().str.lower().unique()
    found = [
        email
        for email in emails
        if f"@{email.partition('@')[2]}" in DOMAINS
        and any(
            email.partition("@")[0][:place] in FIRST_NAMES and email.partition("@")[0][place:] in LAST_NAMES
            for place in range(1, len(email.partition("@")[0]))
        )
    ]
    assert right_of(cells("Dictionary", "email")[0]) == (len(found), len(emails))


def test_linkage_by_age_and_city(tables: dict[str, pd.DataFrame]) -> None:
    last_day = pd.Timestamp(tables["orders"]["created_at"].max()).date()
    users = tables["users"].assign(person=tables["users"]["email"].str.strip().str.lower()).dropna(subset="person")
    customers = users.groupby("person")[["age", "city"]].max().reset_index()
    wallets = tables["provider_users"]
    born = pd.to_datetime(wallets["date_of_birth"])
    had_birthday = (born.dt.month < last_day.month) | (
        (born.dt.month == last_day.month) & (born.dt.day <= last_day.day)
    )
    ages = last_day.year - born.dt.year - (~had_birthday).astype(int)
    known = pd.DataFrame({"person": wallets["email"].str.strip().str.lower(), "age": ages, "city": wallets["city"]})
    places: dict[tuple, list[list[str]]] = {}
    for side, frame in enumerate((customers, known.dropna())):
        for person, age, city in frame[["person", "age", "city"]].itertuples(index=False):
            places.setdefault((int(age), city), [[], []])[side].append(person)
    pairs = [(own[0], other[0]) for own, other in places.values() if len(own) == len(other) == 1]
    right = sum(one == other for one, other in pairs)
    both = len({*customers["person"]} & {*known["person"]})
    assert f"{len(pairs)} pairs, of which {right} are\nright, almost half of the overlap of {both}" in PAGE
    assert right_of(cells("Linkage without emails", "who is who")[0]) == (right, both)
    columns = users[users["email"].str.strip() != ""]
    alone = (columns.groupby(["age", "gender", "country"], dropna=False).size() == 1).sum()
    assert f"Of the merchant's {len(columns):,} rows, {alone} are alone in age, gender and country" in PAGE


def laplace_counts(generator: np.random.Generator, truth: np.ndarray, epsilon: float) -> np.ndarray:
    return np.round(truth + generator.laplace(0, 1 / epsilon, truth.shape))


SECRETS = {"verified": ("is_verified_user", [True, False]), "tier": ("account_tier", ["Free", "Premium", "Business"])}


@pytest.fixture(scope="module")
def secrets(payers: pd.DataFrame, kinds: pd.Series) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each secret: the place of each person's value, and the share of each value among those who are alike."""
    found = {}
    for secret, (column, values) in SECRETS.items():
        shares = pd.crosstab(kinds, payers[column].astype(object)).reindex(columns=values).fillna(0) + 0.5
        prior = shares.div(shares.sum(axis="columns"), axis="index").loc[kinds].to_numpy()
        found[secret] = payers[column].map(values.index).to_numpy(), prior
    return found


def by_bayes(true: np.ndarray, prior: np.ndarray, questions: int) -> float:
    """How often the likeliest value is right, if each person is in one group of 10 others per value; of 40 draws."""
    generator = np.random.default_rng(1)
    truth = np.arange(prior.shape[1]) == true[:, None]
    near = math.log(2 / (math.exp(-0.5) * (1 + math.exp(-0.5))))
    rates = []
    for _ in range(40):
        odds = np.log(prior)
        for _ in range(questions):
            answers = laplace_counts(generator, truth.astype(float), 1.0)
            odds = odds + np.select([answers >= 2, answers == 1, answers == 0], [1.0, near, -near], -1.0)
        rates.append((odds.argmax(axis=1) == true).mean())
    return float(np.mean(rates))


@pytest.mark.parametrize(
    ("attack", "questions", "column"),
    [
        *[(attack, 3, 1) for attack in ("Differencing", "Differencing by lists", "Counting against the noise")],
        ("Counting against the noise", 20, 0),
    ],
)
@pytest.mark.parametrize("secret", SECRETS)
def test_the_best_attacker_against_noise_is_as_often_right_as_bayes_says(
    secrets: dict, attack: str, questions: int, column: int, secret: str
) -> None:
    right, people = right_of(cells(attack, secret)[column])
    rate = by_bayes(*secrets[secret], questions)
    assert right / people == pytest.approx(rate, abs=4 * math.sqrt(rate * (1 - rate) / people) + 0.02)


def random_groups(true: np.ndarray, prior: np.ndarray, questions: int, size: int, epsilon: float | None) -> float:
    """How often a whole column is right: by precisions, the other form of least squares, with groups drawn by numpy.

    With noise each value of a person has a group of its own; exactly, those of the first value are counted.
    """
    generator = np.random.default_rng(questions)
    people, values = prior.shape
    free = prior[:, :-1]
    design, answers = [], []
    for _ in range(questions):
        groups = generator.integers(people // size, size=prior.shape)
        if epsilon is None:
            groups[:, 1:] = -1
        there = np.arange(people // size)[:, None, None] == groups
        counts = there[:, np.arange(people), true].sum(axis=1).astype(float)
        if epsilon is not None:
            counts = laplace_counts(generator, counts, epsilon)
        shown = counts > 9.517 if epsilon else (there.sum(axis=(1, 2)) >= 50)
        design.append((there[..., :-1] - there[..., -1:].astype(float)).reshape(len(there), -1)[shown])
        answers.append((counts - there[..., -1].sum(axis=1))[shown])
    blocks = [np.linalg.inv(np.diag(each) - np.outer(each, each)) for each in free]
    precision = np.zeros((free.size, free.size))
    for person, block in enumerate(blocks):
        place = slice(person * (values - 1), (person + 1) * (values - 1))
        precision[place, place] = block
    weight = 1e6 if epsilon is None else 1 / (2 / epsilon**2 + 1 / 12)
    lines, seen = np.concatenate(design), np.concatenate(answers)
    found = np.linalg.solve(
        weight * lines.T @ lines + precision, weight * lines.T @ seen + precision @ free.ravel()
    ).reshape(free.shape)
    return float((np.column_stack([found, 1 - found.sum(axis=1)]).argmax(axis=1) == true).mean())


def test_random_groups_with_noise_tell_as_much(secrets: dict) -> None:
    for attack, secret in (
        ("Everybody in one question", "verified"),
        ("The whole column", "verified"),
        ("Everybody in one question", "tier"),
    ):
        right, people = right_of(cells(attack, secret)[1])
        assert right / people == pytest.approx(random_groups(*secrets[secret], 3, 15, 1.0), abs=0.04)
    assert "of 3\nthe attacker is right about 88 to 91 %, a guess about 86 %; with 20, about 95 to 98 %" in PAGE
    assert 0.86 <= random_groups(*secrets["verified"], 3, 15, 1.0) <= 0.93
    assert 0.94 <= random_groups(*secrets["verified"], 20, 15, 1.0) <= 0.99


def test_the_curve_of_the_whole_column(secrets: dict) -> None:
    [questions, rates] = re.findall(r"^\| (?:questions|right of all, exactly) \| (.*) \|$", PAGE, re.MULTILINE)
    curve = {
        int(number): int(rate.removesuffix(" %")) / 100
        for number, rate in zip(questions.split(" | "), rates.split(" | "), strict=True)
    }
    assert curve == {
        number: pytest.approx(random_groups(*secrets["verified"], number, 62, None), abs=0.025) for number in curve
    }


def test_the_whole_budget_tells_so_much_of_the_withheld_group(payers: pd.DataFrame) -> None:
    cell = cells("The withheld group, by a condition", "Business users, and their average")[1]
    [[people, dollars]] = (map(int, each) for each in re.findall(r"within (\d+) people and \$(\d+) in 95%", cell))
    generator = np.random.default_rng(3)
    business = int((payers["account_tier"] == "Business").sum())
    # Two aggregates and the number of people share an epsilon of 1. Counts are rounded; three answers are averaged.
    counts, sums, sizes = (generator.laplace(0, 3 * scale, (100_000, 3)) for scale in (1, 250, 2))
    assert people == pytest.approx(np.quantile(np.abs(np.round(counts).mean(axis=1)), 0.95), abs=2.5)
    average = 216.2777
    answers = np.clip(250 + (business * (average - 250) + 2 * sums) / np.maximum(business + sizes, 1), 0, 500)
    by_hand = float(np.quantile(np.abs(answers.mean(axis=1) - average), 0.95))
    assert dollars == pytest.approx(by_hand, rel=0.4)


def test_the_identity_labs_numbers_are_counted() -> None:
    # 599 area codes of 100 numbers, two ranges of three digits, and 90 hundreds in each of two more.
    assert f"has {599 * 100 + 2 * 1_000 + 2 * 90 * 100:,} possible ones" in PAGE


def test_the_figures_of_noise_follow_from_the_formulas() -> None:
    def both(epsilon: float) -> str:
        return f"{math.exp(epsilon) / (1 + math.exp(epsilon)):.2%}"

    assert f"a total of 6, and {both(6)} instead of {both(3)}" in PAGE.replace("99.75 %", "99.75%").replace(
        "95.26 %", "95.26%"
    )
    assert f"{100 * (1 - math.exp(-0.5) / 2):.2f} % at an\n  epsilon of 1, where the bound is 73.11 %" in PAGE
    assert both(1) == "73.11%"
    # A secret has twice the epsilon, for (1 + e^epsilon) times the delta.
    doubled = [(math.exp(2 * e) + (1 + math.exp(e)) * e / 10_000) / (1 + math.exp(2 * e)) for e in (1, 3)]
    assert (
        "in at most {:.2f} % of the cases, and a\nbudget of 3 in {:.2f} %".format(*(100 * each for each in doubled))
        in PAGE
    )
    # Two counts of an epsilon of 1, each around the true number and one more: the likelier case, of all pairs.
    answers = [(near, far) for near in range(-30, 31) for far in range(-30, 31)]

    def rounded(distance: int) -> float:
        return 1 - math.exp(-0.5) if distance == 0 else math.exp(-abs(distance)) * math.sinh(0.5)

    one = sum(max(rounded(a) * rounded(b + 1), rounded(a + 1) * rounded(b)) for a, b in answers) / 2
    assert (
        f"right in {100 * one:.2f} % of the cases at an epsilon of 1: all 17 together in {100 * one**17:.1f} %" in PAGE
    )
    assert "scale of 1,000 at an epsilon of 1" in PAGE  # 500 / (1 / 2)
    assert round(math.log(1 / (2 * 0.0001)), 1) == 8.5
    assert "1 + 8.5 / (epsilon / 2) people" in PAGE


@pytest.mark.parametrize(("epsilon", "questions"), [(0.5, 6), (1.0, 3), (2.0, 1), (3.0, 1)])
def test_the_table_of_the_planner_is_right(payers: pd.DataFrame, epsilon: float, questions: int) -> None:
    [row] = re.findall(rf"^\| {epsilon:g} \| {questions} \| (.*) \| (.*) % \| (.*) % \|$", PAGE, re.MULTILINE)
    error, one_person, at_most = row
    generator = np.random.default_rng(2)
    # The noise of the sum around the middle of 0 and 500, and of the number: a quarter of epsilon each.
    own = payers[payers["account_tier"] == "Business"]
    assert f"Business, {len(own)} people" in PAGE
    sums, counts = (generator.laplace(0, scale / (epsilon / 4), 400_000) for scale in (250, 1))
    average = 216.2777
    noisy = np.clip(250 + (35 * (average - 250) + sums) / np.maximum(35 + counts, 1), 0, 500)
    by_hand = np.quantile(np.abs(noisy - average), 0.95) / average
    assert float(re.findall(r"± (\d+) %", error)[0]) == pytest.approx(100 * by_hand, abs=1.5)
    is_verified = generator.random(400_000) < 0.5
    odds = np.zeros(400_000)
    near = math.log(2 / (math.exp(-epsilon / 2) * (1 + math.exp(-epsilon / 2))))
    for _ in range(questions):
        # The verified are in the first of two groups.
        for sign, group in ((1, is_verified), (-1, ~is_verified)):
            answers = laplace_counts(generator, group.astype(float), epsilon)
            odds += sign * np.select([answers >= 2, answers == 1, answers == 0], [epsilon, near, -near], -epsilon)
    right = np.where(np.abs(odds) < 1e-9, 0.5, (odds > 0) == is_verified).mean()
    assert float(one_person) == pytest.approx(100 * right, abs=0.3)
    total, delta = 2 * epsilon * questions, (1 + math.exp(epsilon * questions)) * 0.0001 * questions
    assert float(at_most) == pytest.approx(100 * (math.exp(total) + delta) / (1 + math.exp(total)), abs=0.006)
