"""What a person sees: harmless, on one line, and numbers to the right."""

import pytest

from dcr_data_generator.terminal import Terminal
from tests.support.page import is_harmless


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
