"""The talk: its files, and that no sentence is untrue of the data that are there."""

import re
from pathlib import Path

import pytest

from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.clean_room.play import tour, visitor
from dcr_data_generator.clean_room.play.tour import Performed
from dcr_data_generator.clean_room.play.visitor import Visitor
from dcr_data_generator.errors import UserError
from tests.support import live
from tests.support.rooms import fill, own_room, wallets

PARTIES = ("merchant", "provider")
GOOD = """-- step: One
-- sentence: There are {rows} rows - {protected}.
-- look: There.
-- notes: None.
-- shows: answer
-- as: merchant
SELECT 7 AS number
"""


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """A small clean room, in which each of the eight steps can be shown."""
    return live.small_room()


def told(room: CleanRoom) -> list[str]:
    """What the talk says of a room: the sentences, or why a step is left out."""
    browser, told = Visitor(room, "provider"), []
    steps = tour.read(tour.FOLDER, "", PARTIES)
    tour.check(steps, room)
    for step in steps:
        performed = tour.perform(browser, step)
        told.append(performed.sentence if isinstance(performed, Performed) else performed)
    return told


@pytest.mark.slow
def test_each_sentence_has_the_figures_of_the_answers(room: CleanRoom) -> None:
    sentences = told(room)
    said = iter(sentences)
    assert next(said).endswith("this: Business 10.00, Free 10.00, Premium 10.00.")
    assert "the row of every payment, 148 in all;" in next(said)
    assert next(said).endswith("and these have - 148.")
    assert next(said).endswith("this is missing - Business: 33 people, withheld: fewer than 50.")
    assert "refused" in next(said)
    assert re.search(r"other figures - this time Business -?[\d,.]+, Free [\d,.]+, Premium [\d,.]+\.", next(said))
    assert next(said).endswith("this is how many it has paid for here - 3.")
    assert "20 of" in next(said)
    assert not [sentence for sentence in sentences if "{" in sentence or "Left out" in sentence]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("people", "left_out"),
    [
        (
            {},
            {
                "The question",
                "Every row",
                "The withheld group",
                "The refusal",
                "The noise",
                "Everybody in one question",
            },
        ),
        ({"Free": 3}, {"The rule", "The withheld group", "Everybody in one question"}),
        ({"Free": 60, "Premium": 55}, {"The withheld group"}),
    ],
    ids=["nobody", "few people", "no small group"],
)
def test_what_these_data_cannot_show_is_left_out(people: dict[str, int], left_out: set[str]) -> None:
    room = own_room()
    fill(room, **wallets(people))
    sentences = told(room)
    found = {match[1] for sentence in sentences if (match := re.match(r"Left out: ([^.]+)\.", sentence))}
    assert left_out <= found
    for sentence in [sentence for sentence in sentences if not sentence.startswith("Left out")]:
        assert not re.search(r" 0 of|no row|no answer| 0 rows", sentence), sentence


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_left_out_and_not_because_of_the_data(
    room: CleanRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor, "OPEN_SECONDS", 1e-9)
    sentences = told(room)
    long = "There is no open answer: there is no answer within 1e-09 seconds."
    assert [line for line in sentences if line.startswith("Left out")] == [
        f"Left out: {title}. {long}" for title in ("The question", "Every row", "The refusal")
    ]
    monkeypatch.setattr(visitor, "SECONDS", 1e-9)
    assert "Left out: The rule. It is not answered: there is no answer within 1e-09 seconds." in told(room)


@pytest.mark.slow
def test_everybody_in_one_question_is_what_each_of_them_spends() -> None:
    room, people = own_room(), wallets(live.PEOPLE)
    # Each has a second account at the shop, with an order that was not paid through the wallet.
    people["users"] += [user | {"id": user["id"] + 1000} for user in people["users"]]
    orders = [{"order_id": user["id"], "user_id": user["id"]} for user in people["users"]]
    fill(room, **people, orders=orders, order_items=[{"id": 1, "order_id": 1, "sale_price": 10.0}])
    performed = tour.perform(Visitor(room, "merchant"), tour.read(tour.FOLDER, "", PARTIES)[-1])
    assert isinstance(performed, Performed)
    assert performed.asked.reply.answer
    assert [row[1] for row in performed.asked.reply.answer.rows] == [10.0] * 20


def test_a_talk_of_ones_own_is_read_in_the_order_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "2_b.sql").write_text(GOOD.replace("One", "Two"), encoding="utf-8")
    (tmp_path / "1_a.sql").write_text(GOOD, encoding="utf-8")
    steps = tour.read(tmp_path, "", PARTIES)
    assert [step.title for step in steps] == ["One", "Two"]
    assert (steps[0].text, steps[0].again, steps[0].party) == ("SELECT 7 AS number", 1, "merchant")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (GOOD.replace("-- look: There.\n", ""), "no comment `-- look: ...`"),
        (GOOD.replace("answer\n", "nothing\n"), "`-- shows: nothing` is none of open, answer"),
        (GOOD.replace("merchant", "bank"), "`-- as: bank` is none of merchant, provider"),
        (GOOD.replace("{rows}", "{row}"), "{row} is no figure"),
        (GOOD.replace("{rows}", "{rows.x}"), "{rows.x} is no figure"),
        (GOOD.replace("{rows}", "{rows"), "unexpected '{'"),
        (GOOD.replace("-- as", "-- again: often\n-- as"), "invalid literal for int()"),
        (GOOD.replace("-- as", "-- again: 51\n-- as"), "from 1 to 50"),
        ("", "is empty"),
    ],
)
def test_a_wrong_step_is_named_in_one_line(wrong: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "1_wrong.sql").write_text(wrong, encoding="utf-8")
    with pytest.raises(UserError) as error:
        tour.read(tmp_path, "", PARTIES)
    assert "1_wrong.sql" in str(error.value)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_steps_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no step of a talk"):
        tour.read(tmp_path, "", PARTIES)


def test_a_step_that_is_no_query_of_these_tables_is_named(room: CleanRoom, tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text(GOOD.replace("7", "nothing"), encoding="utf-8")
    with pytest.raises(UserError, match="the step 'One' is not a query of these tables: Unrecognized name: nothing"):
        tour.check(tour.read(tmp_path, "", PARTIES), room)
