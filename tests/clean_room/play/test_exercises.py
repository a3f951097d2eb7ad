"""The exercises: model solutions are right, and wrong ones wrong, the nearly right included."""

from pathlib import Path

import pytest

from dcr_data_generator.clean_room import exercise as command
from dcr_data_generator.clean_room.play import referee
from dcr_data_generator.clean_room.play.referee import EXPLAIN, GET, PROTECT, Referee
from dcr_data_generator.commands import group
from tests.support import emulator, live

SOLUTIONS = Path(__file__).parents[2] / "solutions"
EXERCISES = {exercise.number: exercise for exercise in referee.read()}
SUBMISSIONS = sorted(SOLUTIONS.glob("*/*"))


@pytest.fixture(scope="module")
def judge() -> Referee:
    """The referee of a small clean room, whose victim is one of its people."""
    room = live.small_room()
    return Referee(room, live.victim(room))


@pytest.mark.slow
@pytest.mark.parametrize("path", SUBMISSIONS, ids=lambda path: f"{path.parent.name[:2]}_{path.stem}")
def test_a_submission_is_judged(path: Path, judge: Referee) -> None:
    exercise = EXERCISES[int(path.parent.name[:2])]
    judged = judge.judge(exercise, path.read_text(encoding="utf-8"))
    assert judged.is_right == path.name.startswith("right_"), judged.why
    assert (judged.why == exercise.comments["because"]) == judged.is_right
    assert judged.why


def test_each_exercise_has_right_and_wrong_submissions() -> None:
    for exercise in EXERCISES.values():
        if exercise.comments["kind"] != EXPLAIN:
            assert (exercise.solution is None) == (exercise.comments["kind"] == PROTECT)
            [folder] = SOLUTIONS.glob(f"{exercise.number:02}_*")
            names = [path.name for path in folder.iterdir()]
            assert sum(name.startswith("right_") for name in names) + (exercise.solution is not None) >= 2
            assert sum(name.startswith("wrong_") for name in names) >= 3
    kinds = [exercise.comments["kind"] for exercise in EXERCISES.values()]
    assert [kinds.count(kind) for kind in (GET, PROTECT, EXPLAIN)] == [4, 3, 3]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "words"), [(8, "MAX is not supported"), (9, "Joining must occur on all"), (10, "privacy unit")]
)
def test_the_right_reason_is_what_the_room_says(number: int, words: str, judge: Referee) -> None:
    exercise = EXERCISES[number]
    reply = judge.room.judge(exercise.query, exercise.comments["as"])
    assert words in reply.sentence
    rights = [
        choice for choice in ("1", "2 ", "3\n", "4", "0", "5", "", "two") if judge.judge(exercise, choice).is_right
    ]
    assert [choice.strip() for choice in rights] == [exercise.comments["right"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (live.PEOPLE, {}),
        ({}, {1: "no answer can be right (No row came out)", 2: "no customer of the shop pays with the wallet"}),
        ({"Free": 3}, {4: "withheld: fewer than 50", 5: "withheld: fewer than 50", 6: "too few people"}),
        ({"Free": 60, "Business": 60}, {1: "what it begins with is right already"}),
        ({"Free": 60}, {1: "This is not the figure"}),
    ],
    ids=["enough", "nobody", "few people", "no small group", "no Business users"],
)
def test_an_exercise_that_the_data_cannot_show_is_left_out(people: dict[str, int], expected: dict[int, str]) -> None:
    room = live.small_room(people)
    judge = Referee(room, live.victim(room))
    obstacles = {number: said for number, each in EXERCISES.items() if (said := judge.obstacle(each))}
    for number, words in expected.items():
        assert words in obstacles.pop(number)
    # Nothing of few people is answered, and of nobody there is nothing.
    assert [*obstacles] == {0: [3, 4, 5, 6, 7], 3: [1, 2, 3]}.get(sum(people.values()), [])


@pytest.mark.slow
def test_the_room_is_as_it_was_after_a_judgment(judge: Referee) -> None:
    before = dict(judge.room.policies), judge.room.budgets.spent
    for path in SUBMISSIONS:
        if path.parent.name[:2] in ("05", "06"):
            judge.judge(EXERCISES[int(path.parent.name[:2])], path.read_text(encoding="utf-8"))
    assert (judge.room.policies, judge.room.budgets.spent) == before


def test_a_terminal_lists_shows_and_hints_without_any_tables(tmp_path: Path) -> None:
    place = "--embedded-dir", str(tmp_path / "none")
    status, out, err = emulator.run_here("exercise", *place, command=group.main)
    assert (status, err) == (0, "")
    assert [line.strip() for line in out.splitlines() if line.startswith("  ")] == [
        each.title for each in EXERCISES.values()
    ]
    for exercise in EXERCISES.values():
        status, out, err = emulator.run_here("exercise", str(exercise.number), *place, command=group.main)
        assert (status, err) == (0, "")
        assert exercise.query in out
        assert f"uv run dcr exercise {exercise.number} --query {command.SUBMIT[exercise.comments['kind']]}" in out
        assert exercise.comments["hint"] not in " ".join(out.split())
        assert exercise.comments["because"] not in " ".join(out.split())
        _, out, _ = emulator.run_here("exercise", str(exercise.number), "--hint", *place, command=group.main)
        assert exercise.comments["hint"] in " ".join(out.split())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["11"], "there is no exercise '11': there are 1 to 10"),
        (["one"], "there is no exercise 'one'"),
        (["--hint"], "give the number of the exercise"),
        (["1", "--query", "none.sql"], "give a query, or a file with one"),
        (["1", "--query", " "], "the query is empty"),
        (["1", "--query", "SELECT 1"], "there are no tables"),
    ],
)
def test_what_is_wrong_is_one_line(flags: list[str], words: str, tmp_path: Path) -> None:
    place = "--embedded-dir", str(tmp_path / "none")
    status, out, err = emulator.run_here("exercise", *flags, *place, command=group.main)
    assert (status, out) == (2, "")
    assert words in emulator.only_line(err)
