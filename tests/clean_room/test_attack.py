"""The attacks: what they conclude about a small world whose truth is written down by rules, and what is said of it."""

import ast
import hashlib
import math
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from dcr_data_generator import sql
from dcr_data_generator.clean_room import attack, attackers, lab, project, trials
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, Refused
from dcr_data_generator.clean_room.attackers import Noise
from dcr_data_generator.clean_room.lab import FOLDER, Lab
from dcr_data_generator.clean_room.settings import ATTACKS
from dcr_data_generator.commands import group as command
from tests.support import attacks as world
from tests.support import worlds
from tests.support.attacks import PAYERS, email, hashed, is_verified, open_lab, tier

ANY_TIER = {"verified": 0.5, "Free": 0.6, "Premium": 0.3, "Business": 0.1}


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    return world.open_room(world.tables())


@pytest.fixture(scope="module")
def first(room: CleanRoom) -> Lab:
    """A lab that has learned what is usual."""
    return open_lab(room, victims=2)


@pytest.fixture
def ours(first: Lab) -> Lab:
    first.room.renew_budgets()
    return first


def numbers(people: pd.DataFrame) -> list[int]:
    """The numbers of people in the small world."""
    all_numbers = {hashed(number): number for number in range(PAYERS)}
    return [all_numbers[each] for each in people.index]


def test_the_attacker_learns_who_pays_and_what_is_usual_of_them(ours: Lab) -> None:
    usual = ours.usual
    assert sorted(numbers(usual)) == [*range(PAYERS)]
    # The minors, and the adults with a refund, are each fewer than 50: theirs is what the others leave of all.
    withheld = [number for number in range(PAYERS) if number % 10 == 0 or number % 3 == 0]
    shown = [number for number in range(PAYERS) if number not in withheld]
    for people in (withheld, shown):
        kinds = usual.loc[map(hashed, people)]
        assert len(kinds.drop_duplicates()) == 1
        assert kinds["verified"].iloc[0] == pytest.approx((sum(map(is_verified, people)) + 0.5) / (len(people) + 1.5))
        free = sum(tier(number) == "Free" for number in people)
        assert kinds["Free"].iloc[0] == pytest.approx((free + 0.5) / (len(people) + 1.5))


def test_errors_tell_verification_and_tier_and_cost_nothing(ours: Lab) -> None:
    outcome = trials.errors(ours)
    assert [finding[:2] for finding in outcome.findings] == [("verified", "2 of 2"), ("tier", "2 of 2")]
    assert outcome.sentence.endswith("no epsilon was spent")
    [number] = numbers(ours.drawn()[:1])
    said = f"verified {is_verified(number)}, tier {tier(number)}"
    assert outcome.example == f"Example: the attacker concludes {said}; the truth is {said}."


def test_where_errors_all_read_the_same_the_attacker_guesses(ours: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "error", lambda *_: "The query failed.")
    pd.testing.assert_frame_equal(attackers.errors(ours, ours.drawn()), attackers.guess(ours.drawn()))


@pytest.mark.slow
def test_one_question_tells_everything_of_everybody_and_nothing_with_noise(ours: Lab) -> None:
    concluded = attackers.everybody(ours, ours.usual)
    people = numbers(concluded)
    assert concluded["verified"].tolist() == [is_verified(number) for number in people]
    assert concluded["tier"].tolist() == [tier(number) for number in people]
    assert ours.ask("everybody_private") == [[]]


@pytest.mark.slow
def test_a_condition_tells_the_withheld_group_and_halving_the_highest_payment(ours: Lab) -> None:
    business = [number + 0.25 for number in range(PAYERS) if tier(number) == "Business"]
    assert len(business) < 50
    [[(people, average)]] = ours.ask("withheld")
    assert (people, average) == (len(business), pytest.approx(sum(business) / len(business)))
    assert attackers.highest(ours) == (129.25, 17)
    assert [finding.defended for finding in trials.withheld(ours).findings[1:]] == [
        "the budget pays for 3 of 17 questions"
    ]


def test_a_highest_payment_beyond_the_range_is_found_in_twice_the_range() -> None:
    class Payments:
        def ask(self, _: str, values: Sequence[dict]) -> list[list[tuple]]:
            return [[(int(float(values[0]["victim"]) < 2000.0),)]]

    assert attackers.highest(Payments())[0] == 2000.0  # type: ignore[arg-type]


@pytest.mark.slow
def test_membership_learns_who_is_a_customer_from_a_list_and_from_a_threshold(ours: Lab) -> None:
    outcome = trials.membership(ours)
    assert [finding[:4] for finding in outcome.findings] == [("customer", "2 of 2", "2 of 2", "1 of 2")]
    assert outcome.findings[0].gets_through_defence


@pytest.mark.slow
def test_differences_of_answers_and_of_lists_tell_about_one_person(ours: Lab) -> None:
    victims = ours.usual.loc[[hashed(number) for number in (1, 7, 91, 100)]]
    concluded = attackers.differencing(ours, ours.usual, victims)
    assert concluded["verified"].tolist() == [is_verified(number) for number in (1, 7, 91, 100)]
    assert concluded["tier"].tolist() == [tier(number) for number in (1, 7, 91, 100)]
    ours.room.templates_only = True
    try:
        with pytest.raises(Refused, match="Access Denied"):
            ours.ask("differencing")
        by_lists = attackers.lists(ours, ours.usual, victims)
    finally:
        ours.room.templates_only = False
    assert by_lists["verified"].tolist() == concluded["verified"].tolist()
    # Premium and Business are withheld: who is not Free is of the likelier one.
    assert (by_lists["tier"] == "Free").tolist() == [tier(number) == "Free" for number in (1, 7, 91, 100)]


def test_lists_tell_a_withheld_value_by_elimination() -> None:
    class Template:
        def keep(self, rows: list) -> None:
            """Keep nothing."""

        def ask(self, name: str, _: Sequence[dict]) -> list[list[tuple]]:
            """Of everybody, and without the only victim: whose value is withheld."""
            return [[("Free", 300), ("Premium", 90)]] * 2 if name == "lists_tier" else [[("true", 50)], []]

    victims = pd.DataFrame([ANY_TIER], index=["victim"])
    [concluded] = attackers.lists(Template(), victims, victims).to_dict("records")  # type: ignore[arg-type]
    assert concluded == {"verified": True, "tier": "Business"}


@pytest.mark.slow
def test_random_groups_tell_the_whole_column(ours: Lab) -> None:
    found = attackers.whole_column(ours, ours.usual, "verified", None, (1, 150))
    true = pd.Series([is_verified(number) for number in numbers(ours.usual)], index=ours.usual.index)
    guessed = (attackers.guess(ours.usual)["verified"] == true).mean()
    assert (found[1] == true).mean() < 0.95
    assert guessed < 0.9
    assert (found[150] == true).all()


def test_emails_are_linked_by_what_is_unique_on_both_sides() -> None:
    customers = pd.DataFrame([["a", 20, "x"], ["b", 30, "x"], ["c", 30, "x"], ["d", 40, "y"], ["e", None, "y"]])
    users = pd.DataFrame([["a", 20, "x"], ["b", 30, "x"], ["z", 40, "y"], ["e", None, "y"]])
    frames = [each.set_axis(["email", "age", "city"], axis="columns") for each in (customers, users)]
    pairs = attackers.link(*frames, ["age", "city"])
    assert pairs[["email_x", "email_y"]].to_numpy().tolist() == [["a", "a"], ["d", "z"]]


def test_how_well_people_are_hidden_is_counted_per_view(ours: Lab) -> None:
    rows = {row["view"].split(".")[1]: row for row in trials.linkage(ours).rows}
    customers, spend, wallets = rows["customers"], rows["wallet_spend"], rows["wallet_customers"]
    groups: dict[tuple, int] = {}
    for user in world.tables()["users"]:
        key = (user["age"], user["gender"], user["country"])
        groups[key] = groups.get(key, 0) + 1
    assert (customers["k"], customers["alone"]) == (min(groups.values()), list(groups.values()).count(1))
    assert customers["l"] == "none"
    assert (spend["k"], spend["alone"], spend["l"]) == (1, PAYERS, 1)  # each amount is paid once
    seen = {(tier(number), is_verified(number)) for number in [*range(PAYERS), *range(140, 150)]}
    assert (wallets["k"], wallets["l"]) == (PAYERS + 10, len(seen))


@pytest.mark.slow
def test_a_dictionary_finds_common_names_and_phones_and_only_without_the_salt() -> None:
    emails = ["aaronadams@example.com", "zoewolfe@example.org", "nobody.has.this@example.com"]
    plain = [hashlib.sha256(each.encode()).hexdigest() for each in emails]
    salted = [hashlib.sha256((world.SALT + each).encode()).hexdigest() for each in emails]
    names = ["aaron", "zoe"], ["adams", "wolfe"], ["@example.com", "@example.org"]
    assert attackers.look_up([*plain, *salted], map("".join, product(*names))) == dict(
        zip(plain[:2], emails, strict=False)
    )
    every_name = set(attackers.emails())
    assert {*emails[:2]} <= every_name
    assert "nobody.has.this@example.com" not in every_name


def test_the_identity_labs_phone_numbers_are_all_tried() -> None:
    # The ranges of docs/identity.md: 599 area codes with 100 numbers each, and those of four other countries.
    every = set(attackers.phone_numbers())
    assert len(every) == 599 * 100 + 1_000 + 1_000 + 9_000 + 9_000
    assert {"+12015550100", "+17995550199", "+447700900000", "+493023125999", "+33639981000", "+61255509999"} <= every


@pytest.mark.slow
def test_phones_need_the_identity_lab_and_are_all_found() -> None:
    keys = {"merchant_provider.identity_keys": {"user_id": "INTEGER", "email": "STRING", "phone": "STRING"}}
    phones = [{"user_id": number, "phone": f"+447700900{number:03}"} for number in range(5)]
    room = world.open_room({"identity_keys": [*phones, {"user_id": 9}]}, keys)
    [finding] = trials.phones(open_lab(room)).findings
    assert finding[:4] == ("phone", "5 of 5", "0 of 5", "0 of 5")


def test_what_an_attack_needs_is_said(ours: Lab) -> None:
    assert attack.carry_out(ours, trials.phones).sentence == (
        "not shown: it needs the phone numbers of the identity lab: `dcr make` with --identity-noise 0.18"
    )
    few = Lab(ours.room, world.SALT, victims=400, days=3)
    assert attack.carry_out(few, trials.differencing).sentence == (
        f"not shown: of customers who pay with the wallet, it needs 400, and there are {PAYERS}; --days 10 has them, "
        "if they come as often"
    )


@pytest.mark.slow
@pytest.mark.parametrize("people", [0, 1])
def test_with_few_people_an_attack_says_what_it_needs_or_is_no_better_than_a_guess(people: int) -> None:
    lab = open_lab(world.open_room({name: rows[:people] for name, rows in world.tables().items()}))
    said = {attack.carry_out(lab, each).sentence.partition(":")[0] for each in trials.ATTACKS.values()}
    assert said == ({"not shown", "it is no better than a guess"} if people else {"not shown"})


@pytest.mark.slow
def test_figures_of_payments_need_amounts_and_relative_errors_need_averages_above_0() -> None:
    tables, said = world.tables(), []
    for amount, each in ((None, trials.withheld), (0.0, trials.distinguishing)):
        payments = [row | {"transaction_amount": amount} for row in tables["transactions"]]
        said.append(attack.carry_out(open_lab(world.open_room(tables | {"transactions": payments})), each))
    assert said[0].sentence == "not shown: it needs a price: no payment of a Business user has an amount"
    assert [*said[1].rows[0]] == ["epsilon", "right", "low", "high", "best", "bound"]


@pytest.mark.slow
def test_a_wallet_that_knows_no_customer_gets_no_answer_about_a_guess() -> None:
    lab = open_lab(world.open_room(world.tables() | {"provider_users": [], "transactions": []}))
    [finding] = trials.membership(lab).findings
    assert finding[:4] == ("customer", "3 of 3", "1 of 3", "2 of 3")


def test_an_attack_that_the_rules_refuse_says_so(ours: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attackers, "errors", lambda *_: ours.room.answers(ours.read("truth").text, "merchant", [{}]))
    assert attack.carry_out(ours, trials.errors).sentence.startswith("refused: Access Denied")


class Noisy:
    """Answers the questions of `counting` with given numbers."""

    def __init__(self, *answers: dict[str, int]) -> None:
        self.answers = answers

    def keep(self, rows: list, name: str = "own_list") -> None:
        """Keep nothing."""

    def ask(self, name: str, values: Sequence[dict]) -> list[list[tuple]]:
        """Answer."""
        assert len(values) == len(self.answers)
        return [[*answer.items()] for answer in self.answers]


def laplace_bin(answer: int, people: int, epsilon: float) -> float:
    """The probability of a rounded answer, by adding up the density in small steps."""
    steps = [answer - people - 0.5 + (number + 0.5) / 2000 for number in range(2000)]
    return sum(epsilon / 2 * math.exp(-epsilon * abs(each)) for each in steps) / 2000


LIKELIHOODS = {difference: laplace_bin(difference, 0, 1.0) for difference in range(-1, 3)}


@pytest.mark.parametrize(
    ("secret", "values"), [("verified", (True, False)), pytest.param("tier", world.TIERS, marks=pytest.mark.slow)]
)
def test_the_best_attacker_concludes_what_is_likelier_by_bayes(secret: str, values: tuple) -> None:
    groups = [f"0/{value}".replace("T", "t").replace("Fa", "fa") for value in values]
    # A victim, and 20 others for each value's group; the numbers of two questions.
    usual = pd.DataFrame([ANY_TIER | {"verified": 0.8}] * (1 + 20 * len(values)))
    prior = {True: 0.8, False: 0.2, **{each: ANY_TIER[each] for each in world.TIERS}}
    for numbers in product((20, 21, 22), repeat=2 * len(values)):
        answers = [dict(zip(groups, some, strict=True)) for some in (numbers[::2], numbers[1::2])]
        noisy = Noisy(*answers)
        [concluded] = attackers.counting(noisy, usual, usual[:1], secret, Noise(1.0, 0.0001, 2))  # type: ignore[arg-type]
        chances = [
            prior[value]
            * math.prod(LIKELIHOODS[answer[each] - 20 - (each == group)] for answer in answers for each in groups)
            for value, group in zip(values, groups, strict=True)
        ]
        assert chances[values.index(concluded)] == pytest.approx(max(chances))


def test_a_group_that_is_left_out_speaks_for_one_person_less() -> None:
    usual = pd.DataFrame([ANY_TIER] * 19)
    noise = Noise(1.0, 0.0001, 3)
    for shown, verified in (("0/true", True), ("0/false", False)):
        noisy = Noisy(*[{shown: 10}] * 3)
        [concluded] = attackers.counting(noisy, usual, usual[:1], "verified", noise)  # type: ignore[arg-type]
        assert concluded == verified


def test_findings_are_red_where_they_are_above_a_guess_by_more_than_chance() -> None:
    cases = {(30, 30, 22): (True, True), (30, 22, 22): (True, False), (30, 25, 22): (True, False)}
    cases |= {(22, 22, 22): (False, False), (30, 29, 22): (True, True)}
    for (right, defended, guessed), red in cases.items():
        finding = lab.count("tier", 30, right, defended, guessed, is_sample=True)
        assert (finding.gets_through, finding.gets_through_defence) == red, finding
    exact = lab.count("who is who", 500, 10, 0, 0, is_sample=False)
    assert (exact.gets_through, exact.gets_through_defence) == (True, False)
    assert "right_low" not in (exact.figures or {})


def test_the_interval_is_that_of_the_literature() -> None:
    assert lab.interval(10, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert lab.interval(30, 30) == pytest.approx((0.8865, 1), abs=1e-4)


def test_an_attacker_gets_no_more_than_a_subscriber(ours: Lab) -> None:
    nodes = list(ast.walk(ast.parse(Path(attackers.__file__).read_text(encoding="utf-8"))))
    ours_imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and "dcr" in (node.module or "")}
    assert ours_imported == {"dcr_data_generator.clean_room.laplace", "dcr_data_generator.people"}
    # Of the parties' own tables, the questions read the attacker's alone; both parties know the salt.
    for query in sql.read_folder(FOLDER):
        if not query.name.startswith(("truth", "dictionary", "linkage")):
            attacker = "ewallet" if query.name.startswith("membership") else "merchant"
            read = re.findall(r"\b(\w+)_provider\.(\w+)", query.text)
            assert {party for party, table in read if table != "clean_room_salt"} <= {attacker}, query.name
    with pytest.raises(Refused, match="Access Denied"):
        ours.room.answers(ours.read("truth").text, "merchant", [{}])
    with pytest.raises(Refused, match="budget"):
        ours.ask("averaging", [{}] * 4)


def test_victims_are_drawn_by_the_seed(ours: Lab) -> None:
    people = ours.truth[ours.truth["has_wallet"]]
    drawn = ours.draw("people", people, 12).index.tolist()
    assert drawn == ours.draw("people", people.sample(frac=1), 12).index.tolist()
    assert drawn != Lab(ours.room, world.SALT, seed=7).draw("people", people, 12).index.tolist()


def test_what_is_true_is_what_the_tables_say(ours: Lab) -> None:
    truth = ours.truth
    assert truth["customer"].sum() == world.CUSTOMERS
    assert truth["has_wallet"].sum() == PAYERS + 10
    assert truth.loc[hashed(91)].to_dict() == {
        **{"email": email(91), "customer": True, "has_wallet": True},
        **{"verified": is_verified(91), "tier": tier(91), "own_average": 91.25},
    }


def test_every_attack_has_its_files_and_each_file_belongs_to_one(ours: Lab) -> None:
    assert list(trials.ATTACKS) == list(ATTACKS)
    for name in ATTACKS:
        file = ours.read(name)
        assert all(file.comment(each) for each in ("attack", "wants", "knows", "does", "defence", "as"))
    shared = ("own_people", "payers", "prior", "truth", "truth_phones")
    files = [query.name for query in sql.read_folder(FOLDER) if query.name not in shared]
    belonging = [name for each in ATTACKS for name in attack.queries_of(ours, each)]
    assert sorted(belonging) == sorted(files)


# What takes more time.


@pytest.mark.slow
def test_no_figure_with_the_defence_is_below_its_guess_by_more_than_chance(room: CleanRoom) -> None:
    totals: dict[str, list[int]] = {}
    for seed in range(5):
        made = open_lab(room, 18, seed)
        concluded, guessed = trials.counted(made), attackers.guess(made.drawn())
        assert len(concluded.dropna()) == 18
        for secret in attackers.SECRETS:
            true = made.truth.loc[concluded.index, secret]
            rights = [int((each[secret] == true).sum()) for each in (concluded, guessed)]
            totals[secret] = [one + other for one, other in zip(totals.get(secret, [0, 0]), rights, strict=True)]
    # Of 90, three standard deviations of what a defence could take away by chance.
    assert all(defended >= guessed - 3 * math.sqrt(90 * 0.25 / 4) for defended, guessed in totals.values())


@pytest.mark.slow
def test_a_larger_budget_tells_more(ours: Lab) -> None:
    victims = ours.usual[:5]
    true = [is_verified(number) for number in numbers(victims)]
    with ours.other_budgets(40 / 3):
        concluded = attackers.counting(ours, ours.usual, victims, "verified", Noise(1.0, 0.0001, 40))
    assert concluded.tolist() == true


@pytest.mark.slow
def test_a_larger_budget_tells_a_whole_column_with_noise(ours: Lab) -> None:
    for secret, rule in (("verified", is_verified), ("tier", tier)):
        true = pd.Series([rule(number) for number in numbers(ours.usual)], index=ours.usual.index)
        found = trials.column_with_noise(ours, secret, 120)
        assert (found[1] == true).mean() < 0.95
        assert (found[120] == true).mean() > 0.95


@pytest.mark.slow
def test_averaging_ends_with_the_budget_and_more_answers_come_closer(ours: Lab) -> None:
    with ours.other_budgets(1, 1.0):
        outcome = trials.averaging(ours)
    errors = {row["questions"]: row["error"] for row in outcome.rows}
    assert "The budget pays for 3," in outcome.sentence
    assert {1, 2, 3, 5} <= errors.keys()  # of 100 answers, or somewhat fewer, at least ten averages each
    assert errors[1] / errors[5] > 1.2


@pytest.mark.slow
def test_neighbouring_data_sets_are_told_apart_as_often_as_with_laplace_noise(
    ours: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "TESTS", 1_000)
    monkeypatch.setattr(trials, "DRAWS", 2)
    monkeypatch.setattr(trials, "EPSILONS", (2.0,))
    rows = {row["epsilon"]: row for row in trials.distinguishing(ours).rows}
    # 1 - e^(-epsilon / 2) / 2, and four standard deviations of such a rate; with geometric noise it would be the bound.
    assert rows["2"]["right"] == pytest.approx(0.816, abs=0.049)
    assert rows["1"]["right"] == pytest.approx(0.697, abs=0.058)
    assert [rows[each]["bound"] for each in ("1", "2")] == pytest.approx([0.7311, 0.8808], abs=1e-4)


@pytest.mark.slow
def test_without_noise_a_rate_is_above_its_bound(ours: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_noise(text: str, options: dict) -> str:
        return with_options(text, {place: each | {"epsilon": 1e20} for place, each in options.items()})

    with_options = ours.room.engine.with_options
    monkeypatch.setattr(ours.room.engine, "with_options", without_noise)
    for name, value in {"TESTS": 200, "DRAWS": 1, "EPSILONS": (1.0,)}.items():
        monkeypatch.setattr(trials, name, value)
    assert "1 of the 1 rates is significantly above its bound" in trials.distinguishing(ours).sentence


@pytest.mark.slow
def test_the_command_prints_a_table_and_adds_it_to_the_report(
    connect: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    place, report = connect("attack-tests"), tmp_path / "report.html"
    worlds.fill(place, **worlds.small_world())
    worlds.write(place, report)
    monkeypatch.setattr(project, "connect", lambda *_: nullcontext(place))
    monkeypatch.setattr(project, "check_place", lambda _: None)
    monkeypatch.delenv("DCR_NO_REPORT")
    monkeypatch.delenv("DCR_SALT", raising=False)
    assert command.main(["attack", "--only", "dictionary", "--embedded-dir", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    # Of the three customers, none has two names: a@example.com.
    assert "✓ Dictionary: it is no better than a guess: email 0 of 3" in out
    [header] = [line for line in out.splitlines() if "without the defence" in line]
    assert [cell.strip() for cell in header.strip("┃").split("┃")] == [*attack.HEADER]
    text = report.read_text(encoding="utf-8")
    assert all(words in text for words in ("What the attackers get", "<h3>Dictionary</h3>", "0 of 3"))
