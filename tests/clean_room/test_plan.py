"""The plan of a privacy budget: its figures, its advice, and how it is printed."""

import json
import math
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from dcr_data_generator import values
from dcr_data_generator.clean_room import plan, project, views
from dcr_data_generator.clean_room.plan import Group
from dcr_data_generator.commands import group as command
from tests.support import worlds

LARGE, SMALL = Group("Free", 300, 60.0), Group("Business", 30, 200.0)
COUNTED = Group("verified", 400, None)
DELTA = 0.0001
NOISE = {view.table: view.policy.differential_privacy_policy for view in views.read() if view.has_noise}


def test_an_epsilon_costs_what_the_formulas_say() -> None:
    noise = NOISE["ewallet_clean_room.wallet_customers_private"]
    assert noise
    rows = {epsilon: plan.row_of([COUNTED], noise, epsilon) for epsilon in (0.1, 1.0, 2.0, 3.0, 5.0)}
    # Epsilon 3 and delta 0.0006 in all, of which each question takes 0.0001.
    assert {epsilon: row["questions"] for epsilon, row in rows.items()} == {0.1: 6, 1.0: 3, 2.0: 1, 3.0: 1, 5.0: 0}
    # A secret of a person who is counted has twice the epsilon of the questions, and two answers of each.
    assert rows[1.0]["at_most"] == pytest.approx(0.9975, abs=1e-4)
    assert rows[2.0]["one_person"] == pytest.approx(0.8296, abs=1e-4)
    assert rows[5.0]["one_person"] == 0.5
    # 95 % of the noise is within ln(20) of its scale.
    assert rows[2.0]["errors"]["verified"] == pytest.approx(math.log(20) / 2 / 400)


def test_the_error_of_an_average_falls_with_epsilon_and_with_the_people() -> None:
    errors = [plan.error_of(SMALL, epsilon) for epsilon in (1.0, 2.0, 4.0)]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)
    # At an epsilon of 4: a sum of a scale of 250 / 1, over 30 people; and their number, of a scale of 1.
    by_hand = math.log(20) * 250 / 30 / 200
    assert by_hand < errors[2] < 1.1 * by_hand
    assert plan.error_of(SMALL._replace(people=300), 4.0) == pytest.approx(errors[2] / 10, rel=0.1)
    assert plan.error_of(SMALL._replace(average=0.0), 4.0) == math.inf


@pytest.mark.parametrize(
    ("groups", "within", "expected"),
    [
        # ln(20) / epsilon / 400 <= 5 %: 0.15 is enough, and tenths are tried.
        ([COUNTED], 0.05, "Epsilon 0.2 is the smallest that is within 5.00% of every group's figure"),
        ([COUNTED, Group("not verified", 12, None)], 0.2, "Epsilon 1.3 is the smallest that is within 20.00%"),
        ([LARGE, SMALL], 0.1, "No epsilon up to 3 is within 10.00%"),
    ],
)
def test_the_smallest_epsilon_that_is_good_enough_is_named(groups: list[Group], within: float, expected: str) -> None:
    assert plan.advise(groups, DELTA, within, 1).startswith(expected)


def test_where_none_is_good_enough_the_days_are_named_that_would_do() -> None:
    sentence = plan.advise([LARGE, SMALL], DELTA, 0.1, 2)
    error = plan.error_of(SMALL, plan.MOST)
    assert f"at 3, Business, 30 people, is off by up to {values.percent(error)}." in sentence
    [days] = [int(word) for word in sentence.partition("--days ")[2].split()[:1]]
    assert plan.is_good([each._replace(people=each.people * days // 2) for each in (LARGE, SMALL)], 3.0, DELTA, 0.1)
    fewer = [each._replace(people=each.people * (days - 1) // 2) for each in (LARGE, SMALL)]
    assert not plan.is_good(fewer, 3.0, DELTA, 0.1)
    assert plan.advise([Group("Business", 1, 0.001)], DELTA, 0.1, 1).endswith("Nor would it be with --days 365.")


def test_without_a_goal_nothing_is_advised() -> None:
    assert plan.advise([LARGE], DELTA, None, 1) == ""


@pytest.mark.parametrize("text", ["10", "0%", "100%", "-5%", "much", "nan%"])
def test_a_goal_is_a_percentage(text: str) -> None:
    with pytest.raises(ValueError, match="is not a percentage, such as 10%"):
        values.parse_percent(text)


@pytest.mark.slow
def test_the_command_prints_a_table_or_json_and_adds_lines_to_the_report(
    connect: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    place, report = connect("plan-tests"), tmp_path / "report.html"
    worlds.fill(place, **worlds.small_world())
    worlds.write(place, report)
    monkeypatch.setattr(project, "connect", lambda *_: nullcontext(place))
    monkeypatch.setattr(project, "check_place", lambda _: None)
    monkeypatch.setattr(plan, "EPSILONS", (1.0, 5.0))
    monkeypatch.delenv("DCR_NO_REPORT")
    flags = ["plan", "--embedded-dir", str(tmp_path)]
    assert command.main([*flags, "--question", "3", "--format", "json", "--no-report"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(each["name"], each["people"]) for each in printed["groups"]] == [("not verified", 1), ("verified", 1)]
    assert [row["epsilon"] for row in printed["rows"]] == [1.0, 5.0]
    assert command.main([*flags, "--question", "3", "--format", "csv", "--no-report"]) == 0
    header, first, _ = capsys.readouterr().out.splitlines()
    assert header.startswith("epsilon,questions,")
    assert first.startswith("1.0,3,")
    assert command.main([*flags, "--within", "10%"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "No epsilon up to 3 is within 10.00% of every group's figure in 95 % of the answers" in out
    assert all(assumption.split(":")[0] + ":" in out for assumption in plan.ASSUMPTIONS)
    text = report.read_text(encoding="utf-8")
    assert '<section id="plan">' in text
    assert '<svg class="lines"' in text
    place.client.query_and_wait("DELETE FROM ewallet_provider.transactions WHERE TRUE")
    assert command.main(flags) == 2
    assert "the answer to question 2 has nobody: make tables with a larger --match-rate" in capsys.readouterr().err
