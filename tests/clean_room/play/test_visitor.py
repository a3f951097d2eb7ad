"""What one browser has: the sliders, the budgets, and the answers that follow them."""

import re

import pytest

from dcr_data_generator.clean_room.analysis_rules import Answer, CleanRoom, Verdict
from dcr_data_generator.clean_room.play.visitor import DRAWS, Visitor
from tests.support import live


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """A small clean room; each visitor has policies and budgets of their own in it."""
    return live.small_room()


@pytest.fixture(scope="module")
def texts(room: CleanRoom) -> dict[str, str]:
    """The queries of the buttons, by what the buttons say."""
    return {button.label: button.text for buttons in live.named(room).values() for button in buttons}


@pytest.fixture
def visitor(room: CleanRoom) -> Visitor:
    """Somebody who asks as the merchant."""
    return Visitor(room, "merchant")


SEGMENTS = "2. Do customers of a higher tier spend more?"
NOISE = f"{SEGMENTS} With noise"


def groups(visitor: Visitor, text: str) -> list[str]:
    """The groups of an answer."""
    answer = visitor.ask(text).reply.answer
    assert answer
    return sorted(row[0] for row in answer.rows)


@pytest.mark.parametrize(
    ("threshold", "answered"),
    [(33, ["Business", "Free", "Premium"]), (34, ["Free", "Premium"]), (61, [])],
)
def test_the_same_question_follows_the_threshold(
    threshold: int, answered: list[str], visitor: Visitor, texts: dict[str, str]
) -> None:
    text = visitor.without_options(texts[SEGMENTS])
    assert "threshold" not in text
    visitor.set_policies(threshold, visitor.epsilon)
    assert groups(visitor, text) == answered
    assert f"at least {threshold} different" in visitor.rule_of("ewallet_clean_room.wallet_spend")


def test_a_query_with_a_threshold_of_its_own_below_the_policys_is_refused(
    visitor: Visitor, texts: dict[str, str]
) -> None:
    visitor.set_policies(51, visitor.epsilon)
    assert visitor.ask(texts[SEGMENTS]).reply.verdict is Verdict.REFUSED


def test_a_budget_pays_for_three_questions_and_starts_again(visitor: Visitor, texts: dict[str, str]) -> None:
    visitor.set_policies(50, 0.7)  # three times 0.7 is less than 2.1 for a computer
    text = visitor.without_options(texts[NOISE])
    verdicts = [visitor.ask(text).reply.verdict for _ in range(4)]
    assert verdicts == [*[Verdict.ALLOWED] * 3, Verdict.REFUSED]
    spent = {left.view: left.share for left in visitor.left}
    assert spent == {
        "ewallet_clean_room.wallet_customers_private": 1,
        "ewallet_clean_room.wallet_spend_private": pytest.approx(0, abs=1e-9),
    }
    visitor.start_again()
    assert {left.share for left in visitor.left} == {1}


def test_two_browsers_have_budgets_and_policies_of_their_own(room: CleanRoom, texts: dict[str, str]) -> None:
    first, second = Visitor(room, "merchant"), Visitor(room, "merchant")
    first.set_policies(20, 2.0)
    first.ask(first.without_options(texts[NOISE]))
    assert min(left.share for left in first.left) == pytest.approx(2 / 3)
    assert {left.share for left in second.left} == {1}
    assert groups(second, second.without_options(texts[SEGMENTS])) == ["Free", "Premium"]
    assert (second.threshold, second.epsilon, len(second.asked)) == (50, 1, 1)
    assert room.policies["ewallet_clean_room.wallet_spend"].aggregation_threshold_policy.threshold == 50


@pytest.mark.slow
def test_draws_for_teaching_cost_nothing_and_lie_around_what_the_noise_is_added_to(
    visitor: Visitor, texts: dict[str, str]
) -> None:
    asked = visitor.ask(texts[NOISE])
    left = visitor.left
    noise = visitor.noise(asked)
    assert noise
    assert len(noise.draws) == DRAWS
    assert dict(noise.exact.rows) == {tier: pytest.approx(10, abs=1e-3) for tier in live.PEOPLE}
    assert len({repr(draw.rows) for draw in noise.draws}) > 1
    assert visitor.left == left
    assert visitor.noise(visitor.ask(texts[SEGMENTS])) is None


def test_where_templates_alone_are_offered_the_same_visitor_is_refused_once(
    visitor: Visitor, texts: dict[str, str]
) -> None:
    assert visitor.ask(texts[SEGMENTS], is_template=True).reply.verdict is Verdict.REFUSED
    assert visitor.ask(texts[SEGMENTS]).reply.verdict is Verdict.ALLOWED


def test_the_open_answer_is_every_group_or_says_why_there_is_none(visitor: Visitor, texts: dict[str, str]) -> None:
    opened = visitor.open(texts[SEGMENTS])
    assert isinstance(opened, Answer)
    assert {row[0]: row[2] for row in opened.rows} == live.PEOPLE
    assert "nowhere" in visitor.open(texts[SEGMENTS].replace("account_tier", "nowhere"))


@pytest.mark.slow
def test_each_file_is_a_button_that_does_what_its_heading_says(room: CleanRoom) -> None:
    expected = {live.QUESTIONS: Verdict.ALLOWED, live.TEMPLATES: Verdict.ALLOWED, live.ATTACKS: Verdict.ALLOWED}
    buttons = live.named(room)
    # The tables of the attackers are not in this room: the command adds them.
    room_only = [
        each for kind in expected for each in buttons[kind] if not re.search("own_list|guessed_emails", each.text)
    ]
    assert len(buttons[live.REFUSALS]) == 22
    for button in room_only:
        visitor = Visitor(room, button.party)
        assert visitor.ask(button.text, button.is_template).reply.verdict is Verdict.ALLOWED, button.label
