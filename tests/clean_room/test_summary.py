"""The lines that end a rehearsal, for every outcome."""

from types import SimpleNamespace

import pytest

from dcr_data_generator.clean_room import rehearse
from dcr_data_generator.console.terminal import Terminal


def rehearsed(question: str, *withheld: str) -> SimpleNamespace:
    """Make a question as a subscriber asked it, and what was withheld of its answer."""
    return SimpleNamespace(
        use_case=SimpleNamespace(name=question), reply=SimpleNamespace(withheld=withheld, costs=()), noise=None
    )


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        ([rehearsed("1_a"), rehearsed("2_b")], "2 questions were answered under the rules; nothing was withheld."),
        ([rehearsed("1_a", "a group"), rehearsed("2_b")], "the rules; of 1 of them something was withheld."),
        # A question that is asked of two views is one question.
        (
            [rehearsed("1_a", "a group"), rehearsed("1_a", "two")],
            "1 question was answered under the rules; something was withheld.",
        ),
    ],
)
def test_questions_of_which_something_was_withheld_are_counted_once(
    seen: list[SimpleNamespace], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearse.summarize(Terminal(), seen, [SimpleNamespace(note="")], [])
    assert sentence in capsys.readouterr().out
