"""`dcr demo`: the commands of the story one after another, and one report."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dcr_data_generator import main
from dcr_data_generator.clean_room import attack, rehearse
from dcr_data_generator.commands import demo, group
from tests.support.page import Page

STORY = [(main, "make"), (rehearse, "run"), (attack, "run")]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that are opened in the browser."""
    pages: list[str] = []
    monkeypatch.setattr(demo.webbrowser, "open", pages.append)
    monkeypatch.delenv("DCR_NO_REPORT", raising=False)
    return pages


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch, opened: list[str]) -> Callable[..., tuple[int, list]]:
    """Run the demo with commands that end with these statuses; returns its own, and the settings of those that ran."""

    def run(*flags: str, statuses: tuple[int, ...] = (0, 0, 0)) -> tuple[int, list]:
        ran: list = []
        for (module, name), status in zip(STORY, statuses, strict=True):
            monkeypatch.setattr(module, name, lambda settings, _, status=status: ran.append(settings) or status)
        return group.main(["demo", *flags]), ran

    return run


def test_it_makes_rehearses_and_attacks_in_this_order_and_opens_the_report(
    story: Callable, opened: list[str], capsys: pytest.CaptureFixture
) -> None:
    status, ran = story("--report", "mine.html", "--seed", "7", "--match-rate", "0.4")
    assert status == 0
    assert [type(each).__name__ for each in ran] == ["MakeSettings", "RehearseSettings", "AttackSettings"]
    assert [ran[0].draws.seed, ran[1].rates.match_rate, ran[2].seed] == [7, 0.4, 7]
    assert opened == [Path("mine.html").absolute().as_uri()]
    titles = ["1 of 3: make the tables", "2 of 3: rehearse the clean room", "3 of 3: attack the clean room"]
    assert [line for line in capsys.readouterr().out.splitlines() if line] == titles


def test_quick_leaves_the_attack_out(story: Callable) -> None:
    assert [type(each).__name__ for each in story("--quick")[1]] == ["MakeSettings", "RehearseSettings"]


def test_without_a_report_none_is_opened(story: Callable, opened: list[str]) -> None:
    assert story("--no-report")[0] == 0
    assert opened == []


@pytest.mark.parametrize(("statuses", "ran"), [((1, 0, 0), 1), ((0, 1, 0), 2), ((0, 0, 1), 3)])
def test_it_ends_where_a_command_does_not_end_well_and_opens_nothing(
    statuses: tuple[int, ...], ran: int, story: Callable, opened: list[str]
) -> None:
    status, settings = story(statuses=statuses)
    assert (status, len(settings), opened) == (1, ran, [])


@pytest.mark.slow
def test_the_story_on_the_sample_is_one_report_and_names_what_to_type_next_once(
    tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert group.main(["demo", "--quick"]) == 0
    out = capsys.readouterr().out
    assert [out.count(command) for command in ("uv run dcr serve", "uv run dcr rehearse", "uv run dcr ask")] == [
        0,
        0,
        1,
    ]
    words = Page((tmp_path / "report.html").read_text(encoding="utf-8")).words()
    assert "The ladder of trust" in words
    assert opened == [(tmp_path / "report.html").as_uri()]
