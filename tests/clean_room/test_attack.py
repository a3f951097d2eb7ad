"""The attacks: what they conclude about parties whose truth was written down by hand, and what is said of it."""

import ast
import hashlib
import math
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pytest

from dcr_data_generator import people, sql, warehouse
from dcr_data_generator.clean_room import __main__ as command
from dcr_data_generator.clean_room import attack, attackers, views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, Refused
from dcr_data_generator.clean_room.attack import Lab
from dcr_data_generator.clean_room.settings import ATTACKS, AttackSettings
from dcr_data_generator.embedded import thelook
from dcr_data_generator.main import CONSTANTS
from dcr_data_generator.settings import options_of, run_command
from dcr_data_generator.tables import SCHEMAS
from dcr_data_generator.warehouse import Warehouse
from tests.support import worlds

SALT = "a salt that nobody prints"
TIERS = ("Free", "Premium", "Business")
# Of 60 people: person n is verified if n is no multiple of 3, has the tier n % 3, and has paid n + 0.25 dollars.
PEOPLE = 60


def hashed(number: int) -> str:
    return hashlib.sha256(f"{SALT}person{number}@example.com".encode()).hexdigest()


def make_settings(*arguments: str) -> AttackSettings:
    from rich_click import RichCommand

    kind = RichCommand(name="attack", params=options_of(AttackSettings, CONSTANTS), callback=AttackSettings)
    settings: AttackSettings = run_command(kind, "attack", ["--victims", "12", *arguments])
    return settings


def parties(emails: list[str]) -> dict[str, list[dict]]:
    """What both parties know of people with these emails, of whom the last ten hold no wallet."""
    holders = range(len(emails) - 10)
    return {
        "users": [{"id": number, "email": email} for number, email in enumerate(emails)],
        "provider_users": [
            {"provider_user_id": number, "email": emails[number].upper(), "account_tier": TIERS[number % 3]}
            | {"is_verified_user": number % 3 != 0}
            for number in holders
        ],
        "transactions": [
            {"transaction_id": f"{number}", "order_id": number, "provider_user_id": number}
            | {"transaction_amount": number + 0.25}
            for number in holders
        ],
    }


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """A clean room of the 60 people, all customers, and of ten more customers who hold no wallet."""
    columns = {
        f"{dataset}.{name}": {field.name: field.field_type for field in schema}
        for dataset, schemas in (("merchant_provider", thelook.SCHEMAS), ("ewallet_provider", SCHEMAS))
        for name, schema in schemas.items()
    } | {attack.GUESSES: {"email": "STRING"}}
    secret = {"salt": SALT, "normalizer": "lower_trim"}
    secrets = {f"{party}.clean_room_salt": secret for party in ("merchant_provider", "ewallet_provider")}
    all_views = [
        view for folder in (views.KEYS, views.VIEWS, f"{attack.FOLDER}/views") for view in views.read(folder=folder)
    ]
    room = CleanRoom(columns, secrets, {view.table: (view.policy, view.query) for view in all_views})
    for template in sql.read_folder("clean_room/templates"):
        room.add_template(template.text)
    names = {"users": "merchant_provider", "provider_users": "ewallet_provider", "transactions": "ewallet_provider"}
    emails = [f"person{number}@example.com" for number in range(PEOPLE + 10)]
    room.fill({f"{names[name]}.{name}": rows for name, rows in parties(emails).items()})
    room.engine.parameters = ["victim"]
    return room


@pytest.fixture
def lab(room: CleanRoom) -> Lab:
    """The room, with what is true of the 60 people, of ten customers without a wallet, and of ten wallet-only users."""
    emails = [f"person{number}@example.com" for number in range(PEOPLE + 20)]
    truth = pd.DataFrame(
        {
            "email": emails,
            "customer": [number < PEOPLE + 10 for number in range(PEOPLE + 20)],
            "verified": [number % 3 != 0 for number in range(PEOPLE)] + [None] * 10 + [True] * 10,
            "tier": [TIERS[number % 3] for number in range(PEOPLE)] + [None] * 10 + ["Free"] * 10,
            "spend": pd.Series([*range(PEOPLE), *[None] * 20], dtype="Int64").array,
            "own_average": [*(number + 0.25 for number in range(PEOPLE)), *[math.nan] * 20],
        },
        index=[hashed(number) for number in range(PEOPLE + 20)],
    )
    return Lab(room, truth, make_settings())


@pytest.mark.parametrize("number", [0, 1, 2, 59])
def test_differencing_learns_verification_tier_and_spend(lab: Lab, number: int) -> None:
    [concluded] = attackers.differencing(lab.ask, [hashed(number)])
    assert concluded == {"verified": number % 3 != 0, "tier": TIERS[number % 3], "spend": number}


def test_singling_out_learns_the_spend(lab: Lab) -> None:
    assert attackers.single_out(lab.ask, [hashed(7), hashed(33)]) == [{"spend": 7}, {"spend": 33}]


def test_a_template_tells_the_spend_of_one_by_two_lists_and_nothing_of_a_tier_that_is_withheld() -> None:
    # 51 people of Free have 53 payments of 590.85 dollars in all, one of them of 70.30; Business has too few people.
    others, everyone = 520.55 / 52, 590.85 / 53
    answers = {None: [("Free", everyone, 51)], "free": [("Free", others, 50)], "business": [("Free", everyone, 51)]}
    ask = lambda _, victims: [answers[victim] for victim in victims]  # noqa: E731
    assert attackers.single_out_template(ask, ["free", "business"]) == [{"spend": 70}, {"spend": 0}]


def test_where_only_templates_are_offered_the_list_is_the_condition(lab: Lab) -> None:
    lab.room.hides_views = True
    with pytest.raises(Refused, match="Access Denied"):
        lab.ask("single_out", [hashed(7)])
    [answer] = lab.ask("single_out_template", [None])
    assert answer == []  # no tier has 50 people
    lab.room.hides_views = False


def test_membership_learns_who_is_a_customer_from_a_list_and_not_from_a_threshold(lab: Lab) -> None:
    numbers = [3, 65, 70, 71]  # the last two are none
    lab.room.engine.fill(attack.GUESSES, [[f"person{number}@example.com"] for number in numbers])
    victims = [hashed(number) for number in numbers]
    customers = [each["customer"] for each in attackers.membership(lab.ask, victims)]
    assert customers == [True, True, False, False]
    assert [each["customer"] for each in attackers.membership_threshold(lab.ask, victims)] == [False] * 4


def test_a_dictionary_finds_common_names_and_only_without_the_salt() -> None:
    emails = ["aaronadams@example.com", "zoewolfe@example.org", "nobody.has.this@example.com"]
    plain = [hashlib.sha256(email.encode()).hexdigest() for email in emails]
    salted = [hashlib.sha256((SALT + email).encode()).hexdigest() for email in emails]
    assert attackers.look_up([*plain, *salted]) == {plain[0]: emails[0], plain[1]: emails[1]}


def test_each_attack_is_counted_against_the_truth(lab: Lab) -> None:
    differencing, single_out = outcomes = attack.differencing(lab), attack.single_out(lab)
    for outcome in outcomes:
        assert all(row["right"] == 1 and row["victims"] == 12 for row in outcome.rows)
        assert "it gets through. Right of 12 people: " in outcome.sentence
        assert all(f"{row['secret']} 12, with the defence " in outcome.sentence for row in outcome.rows)
        # Of the spend: noise of a scale of 100 dollars is within 10 in a tenth of the cases.
        assert outcome.rows[-1]["defended"] < 0.6
    # No tier has enough people, so he concludes nothing spent, which is close enough to the smallest spends.
    small = sum(attack.payers(lab)[1]["spend"] <= 10)
    assert single_out.sentence.endswith(f"; with query templates only, {small} of 12, by the list that he passes")
    [number] = [number for number in range(PEOPLE) if hashed(number) == attack.payers(lab)[1].index[0]]
    assert single_out.example == f"Of the first of them he concludes: spend {number}. True is: spend {number}."
    verified, tier, spend = differencing.rows
    assert [verified["guess"], tier["guess"], spend["guess"]] == pytest.approx(
        [40 / 60, 20 / 60, 21 / 60]
    )  # of 0 to 59 dollars, 21 are within 10 of 30
    [member] = attack.membership(lab).rows
    assert (member["right"], member["defended"], member["guess"]) == (1, 0.5, 0.5)


def test_a_wrong_conclusion_is_not_counted_as_right(lab: Lab) -> None:
    wrong = lambda _, victims: [{"verified": None, "tier": "Gold"} for _ in victims]  # noqa: E731
    rows = attack.compare(lab, lab.truth[:PEOPLE], lab.truth[:12], wrong, wrong).rows
    assert [row["right"] for row in rows] == [0, 0]


def test_averaging_ends_with_the_budget_and_a_larger_one_comes_closer(lab: Lab) -> None:
    with attack.other_policies(lab.room, budgets=0.1):  # 10 for questions of 5
        outcome = attack.averaging(lab)
    errors = {row["questions"]: row["error"] for row in outcome.rows}
    assert "The budget pays for 2," in outcome.sentence
    assert max(errors) == 200
    # By the square root of 100, but for chance: a mean of 200 squares, and one of two.
    assert errors[1] / errors[100] > 3


def test_an_answer_without_a_row_is_that_of_nobody(lab: Lab) -> None:
    def nothing(_: str, victims: list) -> list[list[tuple]]:
        return [[] for _ in victims]

    assert attackers.differencing_private(nothing, ["a"]) == [{"verified": False, "tier": "Free", "spend": 0}]
    assert attackers.single_out_private(nothing, ["a"]) == [{"spend": 0}]
    assert not attackers.is_member([], 1)


def test_averages_that_are_left_out_are_not_shown(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(self: Lab, name: str, victims: tuple | list = (None,)) -> list[list[tuple]]:
        return [[]] * len(victims) if len(victims) > 1 else asked(self, name, victims)

    asked = Lab.ask
    monkeypatch.setattr(Lab, "ask", ask)
    sentence = attack.carry_out(lab, attack.averaging).sentence
    assert sentence == "not shown: it needs more Business users who pay than 20: answers are left out"


def test_a_question_above_the_policy_is_said_to_be_refused(lab: Lab) -> None:
    with attack.other_policies(lab.room, budgets=1, epsilon=1):
        assert attack.carry_out(lab, attack.averaging).sentence.startswith("refused: Epsilon is too high: 5")


EPSILONS = (0.5, 1.5, 3.0)


def rates_above_their_bounds(lab: Lab) -> list[float]:
    """The epsilons at which the attacker is right more often than by any chance under the bound."""
    above = []
    for epsilon in EPSILONS:
        with attack.other_policies(lab.room, budgets=math.inf, epsilon=epsilon):
            right = attack.count_told_apart(lab, hashed(2), PEOPLE // 3)
        above += [epsilon] if attack.interval(right, 2 * attack.DRAWS, 0.99999)[0] > attack.bound(epsilon) else []
    return above


def test_no_test_tells_neighbouring_data_sets_apart_better_than_epsilon_allows(lab: Lab) -> None:
    assert rates_above_their_bounds(lab) == []


def test_without_noise_the_bound_is_broken(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_noise(text: str, defaults: dict, instead: dict) -> str:
        return with_options(text, defaults, instead | {"epsilon": 1e20})

    with_options = lab.room.engine.with_options
    monkeypatch.setattr(lab.room.engine, "with_options", without_noise)
    assert rates_above_their_bounds(lab) == list(EPSILONS)


def test_the_attacker_is_right_as_often_as_with_laplace_noise(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack, "DRAWS", 500)
    with attack.other_policies(lab.room, budgets=math.inf, epsilon=2.0):
        right = attack.count_told_apart(lab, hashed(2), PEOPLE // 3) / 1_000
    # 1 - e^-1 / 2, and four standard deviations of such a rate; with geometric noise it would be the bound, 0.88.
    assert right == pytest.approx(0.816, abs=0.049)


@pytest.mark.parametrize(("right", "number"), [(1, "5"), (0.75, "3"), (0, "None")])
def test_only_rates_that_could_be_above_the_bound_are_counted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, right: float, number: str
) -> None:
    monkeypatch.setattr(attack, "count_told_apart", lambda *_: 400 * right)
    monkeypatch.setattr(attack, "UTILITY_DRAWS", 1)
    outcome = attack.distinguishing(lab)
    assert outcome.sentence.endswith(f". {number} of the 5 rates that could be are significantly above the bound")
    # The bound at 5 is 0.9933; of 400 right answers of 400, the interval begins at 0.97.
    assert [row["epsilon"] for row in outcome.rows] == ["0.1", "0.2", "0.5", "1", "2", "5", "10"]
    assert [row["bound"] for row in outcome.rows][3] == pytest.approx(0.7311, abs=1e-4)


def test_the_bound_and_the_interval_are_those_of_the_literature() -> None:
    assert attack.bound(0, delta=0) == 0.5
    assert attack.bound(math.log(3), delta=0) == pytest.approx(0.75)
    assert attack.bound(0, delta=0.1) == pytest.approx(0.55)
    assert attack.interval(10, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert attack.interval(30, 30) == pytest.approx((0.8865, 1), abs=1e-4)


def test_an_attacker_gets_no_more_than_a_subscriber(lab: Lab) -> None:
    text = Path(attackers.__file__).read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    assert {node.module for node in nodes if isinstance(node, ast.ImportFrom)} == {
        "collections.abc",
        "itertools",
        "dcr_data_generator.people",
    }
    assert [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names] == ["hashlib"]
    # Of the parties' own tables, the questions read the attacker's alone; both parties know the salt.
    for query in sql.read_folder(attack.FOLDER):
        if not query.name.startswith(("truth", "dictionary")):
            attacker = "ewallet" if query.name.startswith("membership") else "merchant"
            read = re.findall(r"\b(\w+)_provider\.(\w+)", query.text)
            assert {party for party, table in read if table != "clean_room_salt"} <= {attacker}
    with pytest.raises(Refused, match="Access Denied"):
        lab.ask("truth")
    with pytest.raises(Refused, match="budget"):
        lab.ask("averaging", [None] * 21)


def test_victims_are_drawn_by_the_seed(lab: Lab) -> None:
    drawn = lab.draw("people", lab.truth, 12)
    assert drawn.index.tolist() == lab.draw("people", lab.truth.sample(frac=1), 12).index.tolist()
    other = lab._replace(settings=make_settings("--seed", "7"))
    assert drawn.index.tolist() != other.draw("people", lab.truth, 12).index.tolist()


def test_what_a_small_snapshot_cannot_show_is_said(lab: Lab) -> None:
    few = lab._replace(truth=lab.truth[:40], days=3)
    sentences = [attack.carry_out(few, attack.ATTACKS[name]).sentence for name in ("differencing", "membership")]
    assert sentences == [
        "not shown: of customers who pay with the wallet, it needs 51, and there are 40; --days 4 has them, "
        "if they come as often",
        "not shown: of customers without a wallet, it needs 6, and there are 0",
    ]


def test_an_attack_that_the_rules_refuse_says_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attackers, "single_out", lambda ask, _: ask("truth"))
    assert attack.carry_out(lab, attack.single_out).sentence.startswith("refused: Access Denied")


def test_every_attack_has_its_files(lab: Lab) -> None:
    assert list(attack.ATTACKS) == list(ATTACKS)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer draws."""
    for name, value in {"DRAWS": 2, "UTILITY_DRAWS": 2, "EPSILONS": (0.5, 5.0), "LARGER": 2}.items():
        monkeypatch.setattr(attack, name, value)


def test_the_command_shows_each_attack_in_a_line_and_adds_it_to_the_report(
    connect: Callable, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    place, report = connect("attack-tests"), tmp_path / "report.html"
    firsts, lasts = people.FIRST_NAMES[: PEOPLE + 10], people.LAST_NAMES[: PEOPLE + 10]
    monkeypatch.setattr(attackers, "FIRST_NAMES", firsts)
    monkeypatch.setattr(attackers, "LAST_NAMES", lasts)
    emails = [f"{first}{last}@example.com" for first, last in zip(firsts, lasts, strict=True)]
    worlds.fill(place, **parties(emails), orders=[{"order_id": 1, "user_id": 1, "created_at": "2025-09-23 12:00:00"}])
    worlds.write(place, report)
    monkeypatch.setattr(warehouse, "connect", lambda *_, **__: nullcontext(place))
    monkeypatch.delenv("DCR_NO_REPORT")
    monkeypatch.delenv("DCR_SALT", raising=False)
    assert command.main(["attack", "--victims", "4", "--embedded-dir", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    titles = [
        "Differencing: it gets through. Right of 4 people: verified 4, with the defence",
        "Singling out",
        "Membership:",
    ]
    titles += [
        "Dictionary: it gets through. Right of 4 people: email 4, with the defence 0 (a guess gets 0.00%)",
        "Averaging",
        "Membership under",
    ]
    assert all(f"✓ {title}" in out for title in titles)
    text = report.read_text(encoding="utf-8")
    assert "What a clean room does not stop" in text
    assert all(f"<h3>{title.partition(':')[0]}" in text for title in titles)


def test_what_is_true_is_what_the_tables_say(default_run: Warehouse) -> None:
    truth = attack.read_truth(default_run.client, make_settings(), attack.salt.SecretStr(SALT))
    users = default_run.read("ewallet_provider.provider_users", SCHEMAS["provider_users"])
    payments = default_run.read("ewallet_provider.transactions", SCHEMAS["transactions"])
    assert truth["verified"].eq(True).sum() == users["is_verified_user"].sum()
    assert truth["tier"].value_counts().to_dict() == users["account_tier"].value_counts().to_dict()
    assert truth["spend"].notna().sum() == payments["provider_user_id"].nunique()
    assert truth["customer"].sum() == 1130
    first = users.iloc[0]
    assert (
        truth.loc[hashlib.sha256((SALT + first["email"].lower()).encode()).hexdigest(), "tier"] == first["account_tier"]
    )
