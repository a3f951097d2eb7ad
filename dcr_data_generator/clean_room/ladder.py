"""The ladder of trust: what a subscriber sees of one question on each rung, what it costs the owner, and for whom."""

from typing import NamedTuple

from dcr_data_generator.clean_room.analysis_rules import Answer, Reply
from dcr_data_generator.values import plain

QUESTION = "2_customer_segmentation"


class Rung(NamedTuple):
    """A rung: how it is published, which questions it answers, what it costs in privacy, and who should choose it."""

    name: str
    published: str
    questions: str
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
        "publish --level exchange",
        "1, 2, 3, 4",
        "Everything: the partner keeps every row, and can single out any person whose email they can hash.",
        "Partners who would send each other the tables anyway.",
    ),
    Rung(
        "Rules",
        "publish --level rules",
        "1, 4; 2 and 3 for groups of 50 people or more",
        "Exact rows of everyone whom the other party knows, and exact figures of groups; two questions that differ in "
        "one person tell something about that person.",
        "Partners who need exact figures and do not try to get around the rules.",
    ),
    Rung(
        "Noise",
        "publish --level noise",
        "2, 3, with noise, until the budget is spent",
        "A known amount. Someone who knows everybody else can tell whether one person is counted in at most 73.2 % of "
        "the cases by one question, in 95.3 % by the budget of one view, and in 99.8 % by the budgets of both; and "
        "whether that person is verified in at most 88.1 % by one question, and in 99.8 % by the budget.",
        "Subscribers whom you do not know, and figures of small groups.",
    ),
    Rung(
        "Query templates",
        "publish --level templates",
        "2, 3, 4, as the owner has worded them",
        "Exact answers to the owner's own questions; two lists that differ in one person tell something about them.",
        "Subscribers whose own queries are a risk, or who know no SQL of clean rooms.",
    ),
)


def climb(exchanged: Answer, rules: Reply, noise: Reply, template: Answer, note_on_templates: str) -> list[Seen]:
    """Put on each rung what was seen there of the question."""
    answers = (exchanged, rules.answer or exchanged, noise.answer or exchanged, template)
    price = "; ".join(map(str, noise.costs))
    notes = ("Every row.", f"{'; '.join(rules.said).rstrip('.')}.", f"With noise. It costs {price}.", note_on_templates)
    seen = []
    for rung, answer, note in zip(RUNGS, answers, notes, strict=True):
        shown = 1 if answer is noise.answer else 2  # of the columns: the group and its figure
        figures = [" ".join(map(plain, row[:shown])) for row in answer.rows]
        if answer is noise.answer:
            figures.sort()  # their order is noise, too
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        seen.append(Seen(rung, rows, note, f"{', '.join(figures) or 'No group'}. {note}"))
    return seen
