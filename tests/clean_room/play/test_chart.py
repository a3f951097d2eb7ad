"""The protected answer beside the open one: bars, what was withheld, and the dots of noise."""

from decimal import Decimal

import pytest

from dcr_data_generator.clean_room.analysis_rules import Answer, Reply, Verdict
from dcr_data_generator.clean_room.play.chart import Bar, chart_of, table_of
from dcr_data_generator.clean_room.play.visitor import Noise

COLUMNS = ["tier", "people", "average"]
OPEN = Answer(COLUMNS, [("Business", 33, 240.0), ("Free", 60, 60.0), (None, 2, None)])


def reply(*rows: tuple, withheld: tuple[str, ...] = ()) -> Reply:
    """An allowed reply with these rows."""
    return Reply(party="merchant", verdict=Verdict.ALLOWED, answer=Answer(COLUMNS, [*rows]), withheld=withheld)


def test_a_withheld_group_keeps_its_open_bar_and_says_why() -> None:
    chart = chart_of(OPEN, reply(OPEN.rows[1], withheld=("Business: 33 people, withheld: fewer than 50",)))
    assert chart
    assert chart.measure == "average"
    assert chart.bars == [
        Bar("Business", 240, None, "33 people, withheld: fewer than 50", [], None),
        Bar("Free", 60, 60, "", [], None),
        Bar("NULL", None, None, "not in the answer", [], None),
    ]


def test_noise_widens_the_scale_to_all_that_came_out_and_a_scale_has_zero() -> None:
    draws = [Answer(COLUMNS, [("Free", 60, -20.0)]), Answer(COLUMNS, [("Free", 60, 300.0), ("Business", 33, 1.0)])]
    chart = chart_of(OPEN, reply(("Free", 60, 70.0)), Noise(draws, Answer(COLUMNS, [("Free", 60, 55.0)])))
    assert chart
    assert [bar.draws for bar in chart.bars] == [[1], [-20, 300], []]
    assert [bar.exact for bar in chart.bars] == [None, 55, None]
    assert (chart.low, chart.high) == (-20, 300)
    assert [chart.place(value) for value in (-20, 0, 140, 300)] == [0, 0.0625, 0.5, 1]


def test_a_figure_without_groups_is_of_everyone_and_a_decimal_is_a_number() -> None:
    answer = Answer(["total"], [(Decimal("12.5"),)])
    chart = chart_of(answer, Reply(party="merchant", verdict=Verdict.ALLOWED, answer=answer))
    assert chart
    assert [(bar.group, bar.open, bar.protected) for bar in chart.bars] == [("everyone", 12.5, 12.5)]


@pytest.mark.parametrize(
    "opened",
    [
        Answer(COLUMNS, []),
        Answer(["verified"], [(True,), (False,)]),
        Answer(COLUMNS, [("a", 1, 1.0), ("a", 1, 2.0)]),
        Answer(COLUMNS, [(str(number), 1, 1.0) for number in range(13)]),
        Answer(["other"], [("a",)]),
    ],
    ids=["no row", "no number", "a list", "many groups", "other columns"],
)
def test_what_is_no_list_of_groups_with_figures_is_no_chart(opened: Answer) -> None:
    assert chart_of(opened, Reply(party="merchant", verdict=Verdict.ALLOWED, answer=Answer(opened.columns, []))) is None


def test_a_refused_query_has_no_chart() -> None:
    assert chart_of(OPEN, Reply(party="merchant", verdict=Verdict.REFUSED)) is None


def test_a_table_marks_the_rows_that_the_protected_answer_does_not_have() -> None:
    rows = [(number, number / 3) for number in range(70)]
    table = table_of(Answer(["a", "b"], rows), Answer(["a", "b"], rows[::2]))
    assert (len(table.rows), table.total) == (50, 70)
    assert table.rows[1] == ["1", "0.33"]
    assert table.missing == [False, True] * 25
    assert not any(table_of(Answer(["a", "b"], rows)).missing)
