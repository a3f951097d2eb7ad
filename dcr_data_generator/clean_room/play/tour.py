"""The talk: steps that are asked live, each a file with a sentence whose figures are filled in from the answers.

A step that the data cannot show says so and is left out, so no sentence is untrue of the data that are there.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from dcr_data_generator import sql
from dcr_data_generator.clean_room.analysis_rules import Answer, CleanRoom, Verdict
from dcr_data_generator.clean_room.play.buttons import shown
from dcr_data_generator.clean_room.play.chart import MAX_GROUPS, text_of
from dcr_data_generator.clean_room.play.visitor import Asked, Visitor
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import suffixed
from dcr_data_generator.values import parse_text_file

FOLDER = sql.FOLDER / "tour"
COMMENTS = ("step", "sentence", "look", "notes", "shows", "as")


class Step(NamedTuple):
    """A step: its title, the sentence to say, where to look, notes, what it shows, who asks what, and how often."""

    title: str
    sentence: str
    look: str
    notes: str
    shows: str
    party: str
    text: str
    again: int


class Performed(NamedTuple):
    """A step that was asked: the sentence with its figures, and the last reply beside the open answer."""

    step: Step
    sentence: str
    asked: Asked
    opened: Answer | str


def rows_of(opened: Answer | str | None) -> int:
    """How many rows an answer has; 0 without an answer."""
    return len(opened.rows) if isinstance(opened, Answer) else 0


# What a step can show, by the last reply, the open answer, and how many answers came before; and what to say otherwise.
SHOWS: dict[str, tuple[Callable[[Asked, Answer | str, int], bool], str]] = {
    "open": (lambda _, opened, __: rows_of(opened) > 0, "the open answer has no row"),
    "answer": (lambda asked, _, __: rows_of(asked.reply.answer) > 0, "no row is answered"),
    "refused": (
        lambda asked, opened, _: asked.reply.verdict is Verdict.REFUSED and rows_of(opened) > 0,
        "nothing is refused that has rows",
    ),
    "withheld": (
        lambda asked, _, __: bool(asked.reply.withheld) and rows_of(asked.reply.answer) > 0,
        "no group is withheld while others are answered",
    ),
    "noise": (
        lambda asked, _, __: bool(asked.reply.costs) and rows_of(asked.reply.answer) > 0,
        "no group is answered with noise",
    ),
    "budget": (
        lambda asked, _, answered: asked.reply.verdict is Verdict.REFUSED and answered > 0,
        "the budget does not end after some answers",
    ),
}
FIGURES = ("open", "protected", "open_rows", "rows", "withheld", "answered")


def read(folder: Path, suffix: str, parties: Collection[str]) -> list[Step]:
    """Read the steps of a folder, in the order of their names.

    Raises:
        UserError: there is none, or a file is not a step.
    """
    paths = sorted(folder.glob("*.sql"))
    if not paths:
        raise UserError(f"{folder} has no step of a talk, which is a file such as 1_the_question.sql")
    return [read_step(path, suffix, parties) for path in paths]


def read_step(path: Path, suffix: str, parties: Collection[str]) -> Step:
    """Read a step. Raises UserError where the file is none."""
    try:
        text = suffixed(parse_text_file(str(path)), suffix)
        comments = sql.comments_of(text)
        if missing := [name for name in COMMENTS if name not in comments]:
            raise ValueError(f"it has no comment `-- {missing[0]}: ...` in its first lines")
        if comments["shows"] not in SHOWS:
            raise ValueError(f"`-- shows: {comments['shows']}` is none of {', '.join(SHOWS)}")
        if comments["as"] not in parties:
            raise ValueError(f"`-- as: {comments['as']}` is none of {', '.join(parties)}")
        for _, name, _, _ in Formatter().parse(comments["sentence"]):
            if name not in (None, *FIGURES):
                raise ValueError(f"{{{name}}} is no figure of a sentence: {', '.join(FIGURES)} are")
        again = int(comments.get("again", "1"))
        if not 1 <= again <= 50:
            raise ValueError("`-- again: ...` is not from 1 to 50")
    except ValueError as error:
        raise UserError(f"{path} is not a step of a talk: {error}") from None
    title, sentence, look, notes, shows, party = (comments[name] for name in COMMENTS)
    return Step(title, sentence, look, notes, shows, party, shown(text), again)


def check(steps: Collection[Step], room: CleanRoom) -> None:
    """Check that each step is a query of these tables. Raises UserError, which names the step."""
    for step in steps:
        reply = room.judge(step.text, step.party)
        if reply.verdict is Verdict.ERROR:
            raise UserError(f"the step {step.title!r} is not a query of these tables: {reply.sentence}")


def perform(visitor: Visitor, step: Step) -> Performed | str:
    """Ask a step, with the policies as they are shared and full budgets; or say why these data cannot show it."""
    visitor.reset()
    visitor.party = step.party
    asked, answered = visitor.ask(step.text), 0
    while asked.reply.verdict is Verdict.ALLOWED:
        answered += 1
        if answered == step.again:
            break
        asked = visitor.ask(step.text)
    opened = visitor.open(step.text)
    is_shown, otherwise = SHOWS[step.shows]
    if not is_shown(asked, opened, answered):
        return f"Left out: {step.title}. {why_not(step, asked, opened) or f'With these data, {otherwise}.'}"
    figures = {
        "open": in_words(opened),
        "protected": in_words(asked.reply.answer),
        "open_rows": f"{rows_of(opened):,}",
        "rows": f"{rows_of(asked.reply.answer):,}",
        "withheld": "; ".join(asked.reply.withheld),
        "answered": f"{answered:,}",
    }
    return Performed(step, step.sentence.format(**figures), asked, opened)


def why_not(step: Step, asked: Asked, opened: Answer | str) -> str:
    """Why there is no answer to show, such as the time that it takes; empty where it is because of the data."""
    if asked.reply.verdict is Verdict.ERROR:
        return f"It is not answered: {asked.reply.sentence}."
    if step.shows in ("open", "refused") and isinstance(opened, str):
        return f"There is no open answer: {opened}."
    return ""


def in_words(answer: Answer | str | None) -> str:
    """The rows of an answer in words, as many as a chart has."""
    if not isinstance(answer, Answer):
        return "no answer"
    rows = [" ".join(map(text_of, row)) for row in answer.rows[:MAX_GROUPS]]
    return ", ".join([*rows, *(["..."] if len(answer.rows) > MAX_GROUPS else [])]) or "no row"
