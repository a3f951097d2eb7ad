"""The attacks: each lets an attacker of attackers.py ask, without a defence and with one, and counts who is right."""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import numpy as np
import pandas as pd

from dcr_data_generator.clean_room import attackers, laplace
from dcr_data_generator.clean_room.analysis_rules import NotUnderstood, Refused
from dcr_data_generator.clean_room.lab import Finding, Lab, Outcome, Row, TooFew, compare, count, interval, sha256
from dcr_data_generator.people import hash_emails, invent_people
from dcr_data_generator.values import percent, plain

CUSTOMERS, SPEND = (f"ewallet_clean_room.{name}_private" for name in ("wallet_customers", "wallet_spend"))
VIEWS = {"verified": CUSTOMERS, "tier": SPEND}  # with noise, that tell a secret
MAX_AVERAGE = 500  # US dollars, as the questions say
STEPS = (1, 2, 3, 5, 10, 15, 20, 30, 40, 64)  # after how many questions about the whole column
LARGER_BUDGETS = (5, 20)  # of epsilon
LARGER = 100  # questions, of which averages are made
MEANS = 10_000
DRAWS = 20  # of a figure with noise
EPSILONS = (1.0, 2.0, 5.0, 10.0)
TESTS = 4_000  # of which half are about either of two neighbouring data sets
# What the owner of a view wants to protect; of its other columns, all but keys and numbers may be known to the other
# party, and identify a person together.
SENSITIVE = ("account_tier", "is_verified_user")
KEYS = ("hashed_email", "order_id", "transaction_id")


def errors(lab: Lab) -> Outcome:
    """Attack people who pay with the wallet; where nothing can fail, an attacker has to guess."""
    victims = lab.drawn()
    spent = lab.room.budgets.spent
    concluded, guessed = attackers.errors(lab, victims), attackers.guess(victims)
    findings = compare(lab.truth, concluded, guessed, guessed, is_sample=False)
    is_free = lab.room.budgets.spent == spent
    return in_words(findings, "no epsilon was spent" if is_free else "", example(lab, concluded))


def everybody(lab: Lab) -> Outcome:
    """Attack all who pay with the wallet, in one question; with noise by whatever else the budget pays for."""
    concluded, guessed = attackers.everybody(lab, lab.usual), attackers.guess(lab.usual)
    defended = pd.DataFrame({secret: [*column_with_noise(lab, secret).values()][-1] for secret in VIEWS})
    with lab.other_budgets(1):
        [groups] = lab.ask("everybody_private")
    findings = compare(lab.truth, concluded, defended, guessed, is_sample=False)
    return in_words(findings, f"with noise {len(groups):,} of {len(lab.usual):,} groups are shown")


def withheld(lab: Lab) -> Outcome:
    """Ask for the figures of the Business users, and for the highest payment."""
    if not (rows := lab.ask("withheld")[0]):
        raise TooFew("it needs more customers who pay with the wallet: all is withheld")
    [(people, average)] = rows
    if people and average is None:
        raise TooFew("it needs a price: no payment of a Business user has an amount")
    highest, questions = attackers.highest(lab)
    with lab.other_budgets(math.inf):
        answers = np.array([row for rows in lab.ask("withheld_private", [{}] * LARGER) for row in rows])
    if not people or not len(answers):
        raise TooFew(f"it needs more Business users who pay than {people:,}")
    true = lab.truth.loc[lab.truth["tier"] == "Business", "own_average"].clip(0, MAX_AVERAGE).mean()
    # The attacker averages as many answers as the budget pays for.
    paid = lab.offered(SPEND).questions
    means = answers[np.random.default_rng(lab.seed).integers(len(answers), size=(MEANS, paid))].mean(axis=1)
    errors = np.quantile(np.abs(means - (people, true)), 0.95, axis=0)
    noisy = f"within {errors[0]:,.0f} people and ${errors[1]:,.0f} in 95% of the cases, with the whole budget"
    return Outcome(
        f"it gets through: the figures of Business users in one question, the highest payment in {questions}",
        [
            Finding("Business users, and their average", f"{people:,}, ${average:,.2f}", noisy, "-", True, False),
            Finding(
                "the highest payment",
                f"${highest:,.2f}",
                f"the budget pays for {paid} of {questions} questions",
                "-",
                True,
                False,
            ),
        ],
    )


def membership(lab: Lab) -> Outcome:
    """Attack guessed emails of which every second is a customer's."""
    without_wallet = lab.truth[lab.truth["customer"] & ~lab.truth["has_wallet"]]
    members = lab.draw("customers without a wallet", without_wallet, lab.victims - lab.victims // 2)
    strangers = invent_people(lab.victims // 2, hash_emails(lab.truth["email"]), lab.seed, 1)["email"]
    emails = [*members["email"], *strangers]
    truth = pd.DataFrame({"customer": [True] * len(members) + [False] * len(strangers)}, index=emails)
    hashes = [*members.index, *sha256(lab.salt + strangers)]
    attacked, defended = attackers.membership(lab, emails, hashes), attackers.membership_padded(lab, emails)
    right, with_defence = (int((truth["customer"] == each).sum()) for each in (attacked, defended))
    return in_words([count("customer", len(truth), right, with_defence, len(members), is_sample=False)])


def dictionary(lab: Lab) -> Outcome:
    """Attack the hashes of all customers, without and with the salt."""
    emails = lab.truth.loc[lab.truth["customer"], "email"]
    return reverse(lab, "email", emails, ("dictionary", "dictionary_salted"), attackers.emails())


def phones(lab: Lab) -> Outcome:
    """Attack the hashes of all phone numbers, if the snapshot has some."""
    try:
        [numbers] = pd.DataFrame(lab.open_rows("truth_phones")).T.to_numpy()
    except NotUnderstood:
        raise TooFew("it needs the phone numbers of the identity lab: `dcr make` with --identity-noise 0.18") from None
    return reverse(lab, "phone", pd.Series(numbers), ("phones", "phones_salted"), attackers.phone_numbers())


def reverse(lab: Lab, secret: str, texts: pd.Series, names: Sequence[str], candidates: Iterable[str]) -> Outcome:
    """Look up hashes of texts, without and with the salt."""
    hashes = [{digest for (digest,) in lab.open_rows(name)} for name in names]
    found = attackers.look_up(set.union(*hashes), candidates)
    plain, salted = (len({found[digest] for digest in each if digest in found} & {*texts}) for each in hashes)
    return in_words([count(secret, texts.nunique(), plain, salted, 0, is_sample=False)])


def linkage(lab: Lab) -> Outcome:
    """Link customers and users by age and city; and see how many people are alone in the columns of each view."""
    columns = ["email", "age", "city"]
    customers, users = (pd.DataFrame(lab.open_rows(name), columns=columns) for name in ("linkage", "linkage_users"))
    pairs = attackers.link(customers, users, ["age", "city"])
    right = int((pairs["email_x"] == pairs["email_y"]).sum())
    both = int(customers["email"].isin(users["email"]).sum())
    finding = count("who is who", both, right, 0, 0, is_sample=False)
    shown = [view for view in lab.room.policies if "_private" not in view and "counted" not in view]
    rows = [anonymity(lab, view) for view in shown if lab.room.rows(view)]
    outcome = in_words([finding], f"{right:,} of {len(pairs):,} pairs are right")
    return outcome._replace(rows=rows)


def anonymity(lab: Lab, view: str) -> Row:
    """How well the people of a view are hidden among others, if its columns are known but for the sensitive ones.

    L. Sweeney, "k-Anonymity: A Model for Protecting Privacy" (2002); A. Machanavajjhala et al., "l-Diversity: Privacy
    Beyond k-Anonymity" (2006): the fewest rows that are equal in these columns, and the fewest different sensitive
    values among them.
    """
    names = lab.room.column_names(view)
    rows = pd.DataFrame(lab.room.rows(view), columns=names)
    known = [name for name in names if name not in (*KEYS, *SENSITIVE)]
    sensitive = [name for name in names if name in SENSITIVE]
    groups = rows.groupby(known, dropna=False) if known else rows.groupby(lambda _: 0)
    sizes = groups.size()
    diversity = groups.apply(lambda group: len(group[sensitive].drop_duplicates())).min() if sensitive else None
    return {
        "view": view,
        "columns": ", ".join(known) or "none",
        "people": len(rows),
        "k": int(sizes.min()),
        "alone": int((sizes == 1).sum()),
        "sensitive": ", ".join(sensitive) or "none",
        "l": "none" if diversity is None else int(diversity),
    }


def differencing(lab: Lab) -> Outcome:
    """Attack people who pay with the wallet; with noise by the best attacker."""
    victims = lab.drawn()
    concluded, guessed = attackers.differencing(lab, lab.usual, victims), attackers.guess(victims)
    findings = compare(lab.truth, concluded, counted(lab), guessed, is_sample=False)
    return in_words(findings, f"with {1 + len(victims)} questions", example(lab, concluded))


def lists(lab: Lab) -> Outcome:
    """Attack people who pay with the wallet where only query templates are offered."""
    victims = lab.drawn()
    lab.room.templates_only = True
    try:
        concluded = attackers.lists(lab, lab.usual, victims)
    finally:
        lab.room.templates_only = False
    findings = compare(lab.truth, concluded, counted(lab), attackers.guess(victims), is_sample=False)
    return in_words(findings, "without any view")


def whole_column(lab: Lab) -> Outcome:
    """Attack all who pay with the wallet, exactly, and with noise for the budget and for larger ones."""
    true = lab.truth.loc[lab.usual.index, "verified"]
    guessed = attackers.guess(lab.usual)[["verified"]]
    exact, own = attackers.whole_column(lab, lab.usual, "verified", None, STEPS), column_with_noise(lab, "verified")
    curves = {"exact": exact, f"epsilon {lab.noise_of(CUSTOMERS).epsilon_budget:g} in all": own}
    for budget in LARGER_BUDGETS:
        curves[f"epsilon {budget:g} in all"] = column_with_noise(lab, "verified", budget)
    rates = {
        name: {step: float((each == true).mean()) for step, each in curve.items()} for name, curve in curves.items()
    }
    rows = [{"questions": step} | {name: curve.get(step) for name, curve in rates.items()} for step in STEPS]
    findings = compare(
        lab.truth, exact[STEPS[-1]].to_frame("verified"), own[max(own)].to_frame("verified"), guessed, is_sample=False
    )
    steps = ", ".join(f"{step} questions {percent(rates['exact'][step])}" for step in (10, 20, 30) if step in exact)
    larger = ", ".join(f"{name} {percent([*curve.values()][-1])}" for name, curve in [*rates.items()][2:])
    return in_words(findings, f"{steps}, {STEPS[-1]} all of this; with noise, {larger}")._replace(rows=rows)


def column_with_noise(lab: Lab, secret: str, budget: float | None = None) -> dict[int, pd.Series]:
    """Attack a whole column with noise, for the view's budget or another one; see `attackers.whole_column`."""
    with lab.other_budgets(times(lab, secret, budget)):
        noise = lab.offered(VIEWS[secret])
        steps = [step for step in STEPS if step < noise.questions] + [noise.questions]
        return attackers.whole_column(lab, lab.usual, secret, noise.epsilon, steps)


def times(lab: Lab, secret: str, budget: float | None) -> float:
    """How many times as large as that of the view a budget of epsilon is; without one it is the view's own."""
    return budget / lab.noise_of(VIEWS[secret]).epsilon_budget if budget else 1


def counting(lab: Lab) -> Outcome:
    """Attack people who pay with the wallet by the best attacker: with a budget of 20, and with the views' own."""
    guessed, budget = attackers.guess(lab.drawn()), max(LARGER_BUDGETS)
    larger, own = counted(lab, budget), counted(lab)
    at_once = ", ".join(
        f"{attackers.victims_at_once(lab.usual, secret, lab.offered(view)):,} ({secret})"
        for secret, view in VIEWS.items()
    )
    findings = compare(lab.truth, larger, own, guessed, is_sample=True)
    return in_words(
        findings, f"without the defence is epsilon {budget:g} in all; a budget pays for this many people: {at_once}"
    )


def counted(lab: Lab, budget: float | None = None) -> pd.DataFrame:
    """What the best attacker concludes of the victims under noise: for the views' budgets, or another one.

    A budget pays for groups of so many victims; where there are more victims, the others have a fresh budget.
    """
    if budget not in lab.counted:
        concluded: dict[str, list[pd.Series]] = {}
        victims = lab.drawn()
        for secret, view in VIEWS.items():
            size = attackers.victims_at_once(lab.usual, secret, lab.offered(view))
            for start in range(0, len(victims), size):
                with lab.other_budgets(times(lab, secret, budget)):
                    some, noise = victims[start : start + size], lab.offered(view)
                    concluded.setdefault(secret, []).append(attackers.counting(lab, lab.usual, some, secret, noise))
        lab.counted[budget] = pd.DataFrame({secret: pd.concat(found) for secret, found in concluded.items()})
    return lab.counted[budget]


def averaging(lab: Lab) -> Outcome:
    """Ask until the budget is spent, and then with a budget a hundred times as large.

    Returns: for so many questions, the error of their average: the root of its mean square over at least ten such
    averages, in US dollars.
    """
    people = lab.truth[(lab.truth["tier"] == "Business") & lab.truth["own_average"].notna()]
    lab.draw("Business users who pay", people, 1)
    truth = people["own_average"].clip(0, MAX_AVERAGE).mean()
    lab.room.renew_budgets()
    lab.ask("averaging")
    paid = 1
    with suppress(Refused):
        while lab.ask("averaging"):
            paid += 1
    with lab.other_budgets(LARGER):
        answers = np.array([row for rows in lab.ask("averaging", [{}] * LARGER) for row in rows]).ravel()
    if len(answers) < LARGER // 2:
        raise TooFew(f"it needs more Business users who pay than {len(people):,}: answers are left out")
    errors = {}
    for questions in sorted({1, 2, 5, 10, paid}):
        if 10 * questions <= len(answers):
            means = answers[: len(answers) // questions * questions].reshape(-1, questions).mean(axis=1)
            errors[questions] = float(np.sqrt(np.square(means - truth).mean()))
    first, last = errors[1], max(errors)
    return Outcome(
        f"one answer is off by ${first:,.2f}. The budget pays for {paid:,}, whose average is off by "
        f"${errors[paid]:,.2f}; {last:,} would be off by ${errors[last]:,.2f}",
        [
            Finding(
                "the exact average",
                f"off by ${errors[last]:,.2f} after {last:,} questions",
                f"off by ${errors[paid]:,.2f}",
                "-",
                True,
                False,
            )
        ],
        [{"questions": questions, "error": error} for questions, error in errors.items()],
    )


def distinguishing(lab: Lab) -> Outcome:
    """Tell two neighbouring data sets apart, for each epsilon, and see how far off the averages by tier are.

    Returns: for each epsilon how often the attacker was right, the 95 % interval, the rate of the best test, and the
    bound; and for each tier the error of its average (the root of the mean square, relative), and how often it was left
    out.
    """
    usual = lab.usual
    victim = lab.draw("customers who pay with the wallet", lab.truth.loc[usual.index], 1).index[0]
    others = [*usual.index.drop(victim)]
    averages = lab.truth["own_average"].clip(0, MAX_AVERAGE).groupby(lab.truth["tier"]).mean()
    averages = averages[averages > 0]  # the errors are relative
    noise = lab.noise_of(CUSTOMERS)
    own_epsilon, delta = noise.max_epsilon_per_query, noise.delta_per_query
    rows: list[Row] = []
    for epsilon in sorted({*EPSILONS, own_epsilon}):
        # Of so many others, an answer that is left out is closer to their number, too.
        size = math.ceil(laplace.threshold(epsilon, delta) - 0.5)
        if len(others) < size:
            raise lab.too_few("customers who pay with the wallet", size + 1, len(usual))
        members = [(email, False, "") for email in others[:size]] + [(victim, True, "")]
        lab.keep([[f"{number}", *member] for number in range(TESTS // 2) for member in members])
        with lab.other_budgets(math.inf, epsilon, max_groups_contributed=None):
            answers = [
                dict(rows) for rows in lab.ask("distinguishing_draws", [{"victim": each} for each in ("counted", None)])
            ]
        right = sum(
            attackers.is_member(answer.get(f"{number}"), size + 1) == is_counted
            for answer, is_counted in zip(answers, (True, False), strict=True)
            for number in range(TESTS // 2)
        )
        with lab.other_budgets(math.inf, epsilon):
            shown = [row for each in lab.ask("distinguishing_utility", [{}] * DRAWS) for row in each]
        low, high = interval(right, TESTS)
        row: Row = {"epsilon": f"{epsilon:g}", "right": right / TESTS, "low": low, "high": high}
        row |= {"best": laplace.best_chance(epsilon, 1), "bound": laplace.bound(epsilon, delta)}
        for tier, average in averages.items():
            errors = np.array([value / average - 1 for name, value in shown if name == tier])
            row |= {f"{tier} error": float(np.sqrt(np.square(errors).mean())) if len(errors) else None}
            row |= {f"{tier} left out": 1 - len(errors) / DRAWS}
        rows.append(row)
    [own] = [row for row in rows if row["epsilon"] == f"{own_epsilon:g}"]
    above = sum(row["low"] > row["bound"] for row in rows)
    words = (
        f"{percent(own['right'])} of {TESTS:,} tests at epsilon {own['epsilon']} (95% interval {percent(own['low'])} "
        f"to {percent(own['high'])})"
    )
    last = rows[-1]
    return Outcome(
        f"right in {words}, where the best test is in {percent(own['best'])} and the bound {percent(own['bound'])}. "
        f"{above or 'None'} of the {len(rows)} rates {'is' if above == 1 else 'are'} significantly above its bound",
        [
            Finding(
                "counted or not, by one question",
                f"{percent(last['right'])} at epsilon {last['epsilon']}",
                f"{percent(own['right'])} at epsilon {own['epsilon']}",
                "50.00%",
                True,
                False,
            )
        ],
        rows,
    )


def in_words(findings: Sequence[Finding], more: str = "", example: str = "") -> Outcome:
    """Say what came of an attack; the table has the rest."""
    secrets = ", ".join(f"{each.secret} {each.without}" for each in findings)
    start = "it gets through" if any(each.gets_through for each in findings) else "it is no better than a guess"
    return Outcome(f"{start}: {secrets}{more and f'; {more}'}", findings, example=example)


def example(lab: Lab, concluded: pd.DataFrame) -> str:
    """Say what was concluded of the first victim, and what is true."""
    said, true = (
        ", ".join(f"{secret} {plain(value)}" for secret, value in each.items())
        for each in (concluded.iloc[0], lab.truth.loc[concluded.index[0], concluded.columns])
    )
    return f"Example: the attacker concludes {said}; the truth is {true}."


ATTACKS: dict[str, Callable[[Lab], Outcome]] = {
    each.__name__: each
    for each in (
        *(errors, everybody, withheld, membership, dictionary, phones, linkage),  # one question, or one for each victim
        *(differencing, lists, whole_column),
        *(counting, averaging, distinguishing),
    )
}
