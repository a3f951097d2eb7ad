"""The ladder of trust: what a subscriber sees of one question on each rung, what it costs the owner, and for whom."""

from collections.abc import Sequence
from typing import NamedTuple

from dcr_data_generator.clean_room.analysis_rules import Answer, Reply
from dcr_data_generator.values import plain

QUESTION = "2_customer_segmentation"


class Rung(NamedTuple):
    """A rung: how it is published, what it costs the owner in privacy, and who should choose it."""

    name: str
    published: str
    costs: str
    chosen: str


class Seen(NamedTuple):
    """What a subscriber sees on a rung: the answer's rows, and what there is to say of them, with figures and without.

    An answer with noise differs each time, so `sees` names its groups only.
    """

    rung: Rung
    rows: list[dict[str, object]]
    note: str
    sees: str


RUNGS = (
    Rung(
        "A plain exchange",
        "publish --as exchange",
        "Everything: the partner keeps every row, and can single out any person whose email they can hash.",
        "Partners who would send each other the tables anyway.",
    ),
    Rung(
        "Rules",
        "publish",
        "Exact figures of groups; two questions that differ in one person tell something about that person.",
        "Partners who need exact figures and do not try to get around the rules.",
    ),
    Rung(
        "Noise",
        "publish",
        "Little, and a known amount: the noise hides each person, and the budget ends the questions.",
        "Subscribers whom you do not know, and figures of small groups.",
    ),
    Rung(
        "Query templates",
        "publish --templates",
        "Exact answers to the owner's own questions; two lists that differ in one person tell something about them.",
        "Subscribers whose own queries are a risk, or who know no SQL of clean rooms.",
    ),
)


def climb(exchanged: Answer, rules: Reply, noise: Reply, template: Answer, note_on_templates: str) -> list[Seen]:
    """Put on each rung what was seen there of the question."""
    answers = (exchanged, rules.answer, noise.answer, template)
    price = sentence(noise.withheld).removeprefix("the exact figures, withheld: ")
    notes = ("Every row.", sentence(rules.withheld), f"With noise. It costs {price}", note_on_templates)
    seen = []
    for rung, answer, note in zip(RUNGS, answers, notes, strict=True):
        shown = 1 if answer is noise.answer else 2  # of the columns: the group and its figure
        figures = ", ".join(" ".join(map(plain, row[:shown])) for row in answer.rows)
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        seen.append(Seen(rung, rows, note, f"{figures or 'No group'}. {note}"))
    return seen


def sentence(withheld: Sequence[str]) -> str:
    """Say what was withheld."""
    return f"{'; '.join(withheld) or 'Nothing was withheld'}."
