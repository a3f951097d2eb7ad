"""What a person sees: harmless, on one line, and numbers to the right."""

import shlex
from collections.abc import Callable
from io import StringIO

import pytest
from rich.status import Status

from dcr_data_generator.console.terminal import Output, Step, Terminal
from tests.support.page import is_harmless

COLUMNS = 40
COMMAND = "uv run dcr publish --write-project-id my-project --subscriber user:ann@example.com --dry-run"
QUERY = "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = hashed_email) account_tier"


@pytest.fixture
def narrow() -> Terminal:
    """A narrow terminal, without colours."""
    terminal = Terminal()
    terminal.console = Output(file=StringIO(), force_terminal=True, width=COLUMNS, color_system=None, highlight=False)
    return terminal


def lines_of(terminal: Terminal) -> list[str]:
    """What was printed."""
    assert isinstance(terminal.console.file, StringIO)
    return terminal.console.file.getvalue().splitlines()


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


@pytest.mark.parametrize(
    ("printed", "text", "begins"),
    [
        (lambda terminal: terminal.line(f"  {QUERY}"), QUERY, "  "),
        (lambda terminal: terminal.item("✓", QUERY, "(8.3 s)"), f"✓ {QUERY}", "  "),
        (lambda terminal: terminal.code(QUERY, " "), QUERY, "   "),
        (lambda terminal: terminal.next({"Publish it": COMMAND}), f"Publish it: {COMMAND}", "  "),
    ],
)
def test_nothing_breaks_in_the_middle_of_a_word(
    narrow: Terminal, printed: Callable[[Terminal], None], text: str, begins: str
) -> None:
    printed(narrow)
    lines = lines_of(narrow)
    assert max(map(len, lines)) <= COLUMNS
    words = " ".join(lines).replace(" (8.3 s)", "").replace("\\", "").split()
    assert words == text.split()
    assert all(line.startswith(begins) for line in lines[1:])


def test_a_command_that_is_too_long_for_the_terminal_can_be_pasted_into_a_shell(narrow: Terminal) -> None:
    narrow.next({"Publish it": COMMAND})
    _, pasted = "\n".join(lines_of(narrow)).split(":\n", 1)
    assert pasted.count("\\\n") > 1
    assert shlex.split(pasted.replace("\\\n", "")) == shlex.split(COMMAND)


def test_a_step_that_counts_is_one_line_whose_bar_takes_the_room_that_is_left(narrow: Terminal) -> None:
    status = Status("", console=narrow.console)
    for item in Step("Check the result", status).counted(["a", "b", "c", "d"], "checks"):
        if item == "b":
            narrow.console.print(status.renderable)
    narrow.console.print(status.renderable)
    # A spinner, the title, a bar of three, and the counts: 40 in all.
    assert [line[1:] for line in lines_of(narrow)] == [
        " Check the result ... ╸   1 of 4 checks",
        " Check the result ... ━━━ 4 of 4 checks",
    ]
