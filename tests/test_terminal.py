"""What a person sees: harmless, on one line, and numbers to the right."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcr_data_generator import terminal
from dcr_data_generator.terminal import Terminal
from dcr_data_generator.values import plain
from tests.support.page import is_harmless


@settings(deadline=None, max_examples=200)
@given(st.text() | st.text(st.sampled_from("[]/\\red\x1b\n\r\u202e\u2028x ")))
@example("[/]")
@example("\x1b[31m")
def test_whatever_a_string_holds_it_is_shown_harmlessly_and_on_one_line(text: str) -> None:
    shown = terminal.plain(text)
    assert is_harmless(shown)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= terminal.MAX_CHARACTERS


@pytest.mark.parametrize("method", ["line", "error", "warning"])
def test_a_value_in_a_sentence_steers_no_terminal(method: str, capsys: pytest.CaptureFixture) -> None:
    getattr(Terminal(), method)("It is from \x1b]0;title\x07\x1b[31m\u202eChina\x9b.\tYes.")
    out, err = capsys.readouterr()
    assert is_harmless(out + err)
    assert "China" in out + err


def test_a_text_between_colons_is_not_an_emoji(capsys: pytest.CaptureFixture) -> None:
    Terminal().line(":house:")
    Terminal().error(":house:")
    assert capsys.readouterr() == (":house:\n", "error: :house:\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234.50"),
        (7, "7"),
        (None, "None"),
        (datetime(2025, 9, 23, 1, 2, 3, tzinfo=UTC), "2025-09-23 01:02:03"),
    ],
)
def test_a_value_is_written_for_people(value: object, text: str) -> None:
    assert plain(value) == text


def test_a_notice_is_one_line_whatever_it_names(capsys: pytest.CaptureFixture) -> None:
    Terminal().notices(["These are not thelook's: [red]\n" + "x" * 1000])
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("! These are not thelook's: [red] xxx")
    assert len(line) < 520


def test_a_table_has_numbers_to_the_right(capsys: pytest.CaptureFixture) -> None:
    Terminal().table(["name", "amount"], [("a", 1.0), ("b", 1000.0)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == "│ a    │     1.00 │"
    assert lines[4] == "│ b    │ 1,000.00 │"
