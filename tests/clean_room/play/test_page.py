"""The live page, by NiceGUI's own simulation of a user: `uv run --group play pytest -m slow tests/clean_room/play`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from tests.support import live

pytest.importorskip("nicegui", reason="`uv run --group play pytest -m slow` tests the live page")

from nicegui import ui
from nicegui.testing import User, user_simulation
from nicegui.testing.user_interaction import UserInteraction

from dcr_data_generator.clean_room.play import page

pytestmark = pytest.mark.slow

SOLUTIONS = Path(__file__).parents[2] / "solutions"
TENTHS = 600  # of a second; what takes longer does not come
SEGMENTS = "2. Do customers of a higher tier spend more?"


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """A small clean room."""
    return live.small_room()


@pytest.fixture
def simulate(room: CleanRoom) -> Iterator[Callable]:
    """Let a scenario use the page as one browser."""
    modules = dict(sys.modules)

    def simulate_page(scenario: Callable[[User], Awaitable[None]], **more: Any) -> None:  # noqa: ANN401
        async def run() -> None:
            async with user_simulation() as user:
                page.create(live.play(room, **more), lambda _: "a browser")
                await user.open("/")
                await scenario(user)

        asyncio.run(run())

    yield simulate_page
    sys.modules.update(modules)  # from which NiceGUI takes the module of the page, and all its parents


async def asked(user: User, label: str) -> None:
    """Click a named query, and wait for both answers."""
    user.find(kind=page.TextElement, content=label).click()
    await user.should_see("The protected answer", retries=TENTHS)


def send_link(user: User, link: dict[str, str]) -> None:
    """Send what the page's script reads in the address."""
    assert user.client
    UserInteraction(user, {user.client.layout}, None).trigger("link", link)


def editor(user: User) -> ui.codemirror:
    """The editor."""
    [element] = user.find(ui.codemirror).elements
    return element


def test_a_question_is_put_into_the_editor_and_answered(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        await asked(user, SEGMENTS)
        await user.should_see("✓ Allowed")
        await user.should_see("Business: 33 people, withheld: fewer than 50")
        await user.should_see("hatched")
        assert editor(user).value.startswith("SELECT WITH AGGREGATION_THRESHOLD")
        await user.should_see("✓ merchant: SELECT WITH")

    simulate(scenario)


def test_a_refusal_says_why_and_a_click_takes_the_query_that_is_allowed(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        await asked(user, "An aggregate that is one person's value: the highest payment.")
        await user.should_see("✗ Refused")
        await user.should_see("Aggregate function MAX is not supported")
        await user.should_see("ewallet_clean_room.wallet_spend: Aggregation threshold.")
        await user.should_see("Nothing.")
        user.find("Take it").click()
        await user.should_see("✓ Allowed", retries=TENTHS)
        assert "AVG(transaction_amount)" in editor(user).value

    simulate(scenario)


def test_a_query_is_asked_as_its_party_and_a_typed_one_as_the_party_that_is_chosen(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        await asked(user, "4. Who are our users, as the merchant knows them?")
        await user.should_see("The provider asked.")
        user.find("The merchant").click()
        user.find("Ask").click()
        await user.should_see("The merchant asked.", retries=TENTHS)
        await user.should_see("✗ Refused")
        editor(user).value = "SELECT nothing"
        user.find("Ask").click()
        await user.should_see("! Error", retries=TENTHS)
        await user.should_see("Unrecognized name: nothing")

    simulate(scenario)


def test_the_answer_follows_the_sliders_by_the_options_of_the_policies(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        await asked(user, SEGMENTS)
        user.find(marker="threshold").trigger("change", 33)
        await user.should_not_see("withheld: fewer than", retries=TENTHS)
        await user.should_see("Protected: 3 rows", retries=TENTHS)
        assert "threshold" not in editor(user).value
        await user.should_see("at least 33 different values")
        user.find(marker="threshold").trigger("change", 61)
        await user.should_see("Protected: 0 rows", retries=TENTHS)

    simulate(scenario)


def test_the_budget_empties_with_each_answer_and_starts_again(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        await user.should_see("3 of 3 epsilon left")
        await asked(user, f"{SEGMENTS} With noise")
        await user.should_see("2 of 3 epsilon left")
        await user.should_see("10 more draws of the noise, for teaching, outside the", retries=TENTHS)
        user.find(marker="epsilon").trigger("change", 2)
        await user.should_see("4 of 6 epsilon left", retries=TENTHS)
        for said in ("2 of 6 epsilon left", "0 of 6 epsilon left", "Privacy budget is not sufficient"):
            user.find("Ask").click()
            await user.should_see(said, retries=TENTHS)
        await user.should_see("0 of 6 epsilon left")
        user.find("Start again").click()
        await user.should_not_see("0 of 6 epsilon left")

    simulate(scenario)


def test_a_link_fills_the_page_and_asks_nothing(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        link = {"as": "provider", "threshold": "20", "epsilon": "1e9", "query": "SELECT 1"}
        send_link(user, link)
        assert editor(user).value == "SELECT 1"
        await user.should_see("at least 20 different values")
        await user.should_see("30 of 30 epsilon left")  # the slider ends at 10
        await user.should_not_see("asked.")
        for wrong in ({"as": "nobody", "threshold": "many", "epsilon": "nan"}, {}):
            send_link(user, wrong)
        await user.should_see("at least 20 different values")
        user.find("Ask").click()
        await user.should_see("The provider asked.", retries=TENTHS)

    simulate(scenario)


def test_what_was_asked_is_saved_and_is_still_there_after_a_reload(simulate: Callable) -> None:
    saved: list[list[str]] = []

    def save(questions: Any) -> str:  # noqa: ANN401
        saved.append([each.text for each in questions])
        return "The report has it now."

    async def scenario(user: User) -> None:
        await asked(user, f"{SEGMENTS} With noise")
        text = editor(user).value
        user.find("Save").click()
        await user.should_see("The report has it now.", retries=TENTHS)
        assert saved == [[text]]
        await user.open("/")
        assert editor(user).value == text
        await user.should_see("2 of 3 epsilon left")
        await user.should_see("✓ merchant: SELECT WITH DIFFERENTIAL_PRIVACY")

    simulate(scenario, save=save)


def test_markup_in_a_query_and_in_an_answer_is_shown_and_not_run(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        editor(user).value = "SELECT '<b id=hacked>' AS `<i>`, `</td><script>hacked()</script>`"
        user.find("Ask").click()
        await user.should_see("&lt;/td&gt;&lt;script&gt;", retries=TENTHS)
        await user.should_not_see(kind=ui.html, content="<script>hacked")
        editor(user).value = "SELECT '<b id=hacked>' AS a"
        user.find("Ask").click()
        await user.should_see("&lt;b id=hacked&gt;", retries=TENTHS)
        await user.should_not_see(kind=ui.html, content="<b id=hacked>")

    simulate(scenario)


def test_an_exercise_is_judged_on_the_page_and_closes_the_open_answer(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        user.find("1. The withheld average").click()
        await user.should_see("What do Business users spend per payment", retries=TENTHS)
        await asked(user, "Ask")
        await user.should_see("it is closed while an exercise is open")
        await user.should_not_see(kind=ui.html, content="hatched")
        user.find("Submit").click()
        await user.should_see("✗ Wrong", retries=TENTHS)
        await user.should_see("No row came out. everyone: 33 people, withheld: fewer than 50")
        editor(user).value = (SOLUTIONS / "01_the_withheld_average/right_two_sums.sql").read_text(encoding="utf-8")
        user.find("Submit").click()
        await user.should_see("✓ Right", retries=TENTHS)
        await user.should_see("Submitted 2 times.")
        user.find("Close").click()
        await asked(user, SEGMENTS)
        await user.should_see(kind=ui.html, content="hatched", retries=TENTHS)

    simulate(scenario)


def test_the_sliders_change_the_policy_that_is_to_protect(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        user.find("5. A group of one").click()
        await user.should_see("Somebody has set a threshold of 1", retries=TENTHS)
        await user.should_see("at least 1 different values")
        for threshold, said in (
            (50, "✓ Right"),
            (1, "The attack still gets an answer"),
            (200, "is to be answered is not"),
        ):
            user.find(marker="threshold").trigger("change", threshold)
            await user.should_see(said, retries=TENTHS)
            assert f'"threshold": {threshold},' in editor(user).value
        user.find(marker="epsilon").trigger("change", 2)
        await user.should_see("Submitted 3 times.")
        user.find("Ask").click()  # there is no query to ask
        await user.should_see("Submitted 4 times.", retries=TENTHS)
        user.find("Close").click()
        await user.should_see("Groups have at least 50 people")

    simulate(scenario)


def test_an_exercise_that_these_data_cannot_show_says_so(
    simulate: Callable, room: CleanRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(user: User) -> None:
        user.find("1. The withheld average").click()
        await user.should_see("These data cannot show this exercise: too few people.", retries=TENTHS)
        await user.should_not_see("Submit")

    monkeypatch.setattr(page.Referee, "obstacle", lambda *_: "too few people")
    simulate(scenario)


def test_a_reason_is_chosen_by_a_click(simulate: Callable) -> None:
    async def scenario(user: User) -> None:
        user.find("8. Why not the highest?").click()
        await user.should_see("3. The budget is spent.", retries=TENTHS)
        user.find("3. The budget is spent.").click()
        await user.should_see("That is not what refuses it.", retries=TENTHS)
        user.find("2. MAX returns one person's value.").click()
        await user.should_see("✓ Right", retries=TENTHS)

    simulate(scenario)
