"""Plans a privacy budget: what each epsilon costs in accuracy, and what it gives away."""

import json
import math
from collections.abc import Sequence
from functools import partial
from itertools import batched
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape

from dcr_data_generator import sql
from dcr_data_generator.clean_room import laplace, project, views
from dcr_data_generator.clean_room.lab import paid
from dcr_data_generator.clean_room.policy import DifferentialPrivacy
from dcr_data_generator.clean_room.settings import PLANNED, PlanSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.output.report.report import add_to_report
from dcr_data_generator.parallel import Counted
from dcr_data_generator.tables import suffixed
from dcr_data_generator.values import counted, percent, quoted
from dcr_data_generator.verify import use_cases
from dcr_data_generator.warehouse.warehouse import Warehouse

EPSILONS = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
BOUNDS = (0.0, 500.0)  # US dollars, as the questions say
MOST = 3.0  # the largest total epsilon that is recommended
MOST_LEFT_OUT = 0.05  # of the answers
MOST_DAYS = 365
CHANCES = ("one person", "at most", "everybody")
ASSUMPTIONS = (  # three of what it costs, and three of what it gives away
    "±: how far off 95 % of the answers are at most, by the noise alone. A query with an average spends half of "
    "its epsilon on the number of people; with n figures, each has epsilon / (n + 1).",
    "Left out: how many of the answers do not have the group, because the noisy number of its people is too small.",
    "Questions: how many the view's budget pays for, in epsilon and in delta.",
    "One person: how often the best attacker is right about one person's secret, such as verified or not. The attacker "
    "knows everybody else, holds both cases for equally likely at first, and spends this view's budget; each question "
    "counts the person in one of two groups, and no query can fail. A second view of the same people has its own "
    "budget, which adds to it.",
    "At most: no attack on this view is right more often about such a secret, by the epsilon and delta of these "
    "questions together. They count twice, once for each case.",
    "Everybody: how often an attacker is right about each person, by least squares on counts of random groups, with "
    "both cases equally likely at first; guessing is right in 50 %.",
)


class Group(NamedTuple):
    """A group of an answer: its name, its people, and the average that is estimated; without one it is their number.

    `bounds` are those of a person's average, `figures` is how many the query asks for, and in so many
    `groups` a person counts.
    """

    name: str
    people: int
    average: float | None
    bounds: tuple[float, float] = BOUNDS
    figures: int = 1
    groups: int = 1

    @property
    def share(self) -> float:
        """The share of epsilon that a figure has, and so has the number of people; COUNT(*) alone has all of it."""
        return (1 if self.average is None and self.figures == 1 else 1 / (self.figures + 1)) / self.groups


def run(settings: PlanSettings, terminal: Terminal) -> int:
    """Print a plan of a question, and which epsilon is good enough.

    Returns: the exit status, 0.

    Raises:
        UserError: there are no tables yet, something in the folder is wrong, or the question cannot be planned.
    """
    place, answers = settings.place, terminal.console
    if settings.format != "table":
        terminal.console = terminal.errors
        terminal.console.quiet = settings.screen.quiet
    if settings.room.room:
        from dcr_data_generator.clean_room.room_folder import plans  # with DuckDB, which only they need

        print_plan(plans.make(settings, terminal), settings.format, answers, terminal)
        path = quoted(str(settings.room.room))
        terminal.next({"See what the attackers get": f"uv run dcr attack --room {path}"})
        return 0
    question = settings.question or PLANNED[0]
    if question not in PLANNED:
        raise UserError(f"--question {question} has no answer with noise: these have one: {', '.join(PLANNED)}")
    with project.found(place) as warehouse:
        with process.step(terminal, place.timeout, "Count the people of each group") as done:
            counted = partial(done.counted, what="epsilons")
            plan = make(warehouse, question, settings.within, counted)
            use = [] if settings.report.no_report else use_cases.run(warehouse)
        print_plan(plan, settings.format, answers, terminal)
        if not settings.report.no_report:
            project.say_where(
                terminal, add_to_report(warehouse, place, use, {"plan": [plan | {"lines": lines_of(plan)}]}), "the plan"
            )
        terminal.next({"See what the attackers get": f"uv run dcr attack{place.flags}"})
    return 0


def make(warehouse: Warehouse, question: str, within: float | None, counted: Counted = iter) -> dict:
    """Make a plan of a question; see `plan_of`."""
    suffix = warehouse.settings.suffix
    [query] = [each for each in sql.read_questions("planned", suffix) if each.name.startswith(question)]
    [view] = [each for each in views.read(suffix) if each.table == suffixed(query.comment("view"), suffix)]
    noise = view.policy.differential_privacy_policy
    assert noise
    groups = [Group(*row.values()) for row in warehouse.run(query.file).rows]
    if not groups:
        raise UserError(
            f"the answer to question {question} has nobody: make tables with a larger --match-rate, or more --days"
        )
    title = sql.read(f"{sql.QUESTIONS}/{query.name}/open").comment("question")
    window = warehouse.window
    return plan_of(title, view.table, noise, groups, within, window.days if window else 1, counted)


def plan_of(
    question: str,
    view: str,
    noise: DifferentialPrivacy,
    groups: Sequence[Group],
    within: float | None,
    days: int | None,
    counted: Counted = iter,
) -> dict:
    """Make a plan of a question on a view with noise; without days, none are advised.

    Returns: question, view, groups, rows (one per epsilon), assumptions, and advice, empty without `--within`.
    """
    groups = sorted(groups, key=by_size)
    return {
        "question": question,
        "view": view,
        "groups": [group._asdict() for group in groups],
        "rows": [row_of(groups, noise, epsilon) for epsilon in counted(EPSILONS)],
        "assumptions": [*ASSUMPTIONS],
        "advice": advise(groups, noise.delta_per_query, within, days),
    }


def by_size(group: Group) -> tuple[int, str]:
    """The order of groups: the largest first."""
    return -group.people, group.name


def row_of(groups: Sequence[Group], noise: DifferentialPrivacy, epsilon: float) -> dict:
    """What an epsilon per question costs, and what it gives away; without a question, nothing."""
    delta = noise.delta_per_query
    questions = paid(noise.model_copy(update={"max_epsilon_per_query": epsilon}))
    everybody = sum(group.people for group in groups)
    return {
        "epsilon": epsilon,
        "questions": questions,
        "errors": {group.name: error_of(group, epsilon) for group in groups},
        "left_out": {group.name: left_out(group, epsilon, delta) for group in groups},
        "one_person": laplace.best_chance(epsilon, 2 * questions),
        "at_most": laplace.bound_of_a_secret(questions * epsilon, questions * delta),
        "everybody": laplace.column_chance(everybody, epsilon, questions, delta),
    }


def error_of(group: Group, epsilon: float) -> float:
    """The relative error that 95 % of the answers keep to."""
    if group.average is None:
        return laplace.count_error(epsilon * group.share) / group.people
    errors = laplace.average_errors(group.people, group.average, group.bounds, epsilon * group.share)
    return float(np.quantile(np.abs(errors), 0.95)) / abs(group.average) if group.average else math.inf


def left_out(group: Group, epsilon: float, delta: float) -> float:
    """The share of the answers that do not have a group."""
    return laplace.share_withheld(group.people, epsilon * group.share, delta / group.groups)


def is_good(groups: Sequence[Group], epsilon: float, delta: float, within: float) -> bool:
    """Whether each group is shown almost always, and 95 % of the answers are within so much."""
    return all(left_out(each, epsilon, delta) <= MOST_LEFT_OUT and error_of(each, epsilon) <= within for each in groups)


def advise(groups: Sequence[Group], delta: float, within: float | None, days: int | None) -> str:
    """Name the smallest epsilon that is good enough; if none is, the days with which the largest would be, if any."""
    if within is None:
        return ""
    goal = f"within {percent(within)} of every group's figure in 95 % of the answers"
    for tenths in range(1, round(10 * MOST) + 1):
        if is_good(groups, tenths / 10, delta, within):
            return f"Epsilon {tenths / 10:g} is the smallest that is {goal}."
    worst = max(groups, key=lambda group: error_of(group, MOST))
    sentence = (
        f"No epsilon up to {MOST:g} is {goal}: at {MOST:g}, {worst.name}, "
        f"{counted(worst.people, 'person', 'people')}, is off by up to {percent(error_of(worst, MOST))}."
    )
    if days is None:
        return sentence
    for more in range(days + 1, MOST_DAYS + 1):
        larger = [group._replace(people=round(group.people * more / days)) for group in groups]
        if is_good(larger, MOST, delta, within):
            return f"{sentence} With --days {more} of make it would be, if people come as often."
    return f"{sentence} Nor would it be with --days {MOST_DAYS}."


def print_plan(plan: dict, how: str, answers: Console, terminal: Terminal) -> None:
    """Print a plan as a table, or as JSON or CSV among the answers."""
    if how == "table":
        show(terminal, plan)
        return
    answers.quiet = False
    answers.print(json.dumps(plan) if how == "json" else as_csv(plan), markup=False, soft_wrap=True)


def show(terminal: Terminal, plan: dict) -> None:
    """Print a plan."""
    names = [group["name"] for group in plan["groups"]]
    people = ", ".join(f"{group['name']} {group['people']:,}" for group in plan["groups"])
    terminal.line(
        f"[bold]{escape(plan['question'])}[/] With noise, on {escape(plan['view'])}. People: {escape(people)}."
    )
    costs, gives_away = [], []
    for row in plan["rows"]:
        begins = [f"{row['epsilon']:g}", f"{row['questions']}" if row["questions"] else "-"]
        costs.append([*begins, *(error_in_words(row["errors"][name], row["left_out"][name]) for name in names)])
        chances = (percent(row[name]) if row["questions"] else "-" for name in ("one_person", "at_most", "everybody"))
        gives_away.append([*begins, *chances])
    tables = {"What it costs in accuracy:": (names, costs), "What it gives away:": (CHANCES, gives_away)}
    for (title, (columns, rows)), assumptions in zip(tables.items(), batched(plan["assumptions"], 3), strict=True):
        terminal.line(f"\n[bold]{title}[/]")
        terminal.table(["epsilon", "questions", *columns], rows)
        for assumption in assumptions:
            terminal.line(f"[dim]{escape(assumption)}[/]")
    terminal.line()
    if plan["advice"]:
        terminal.line(escape(plan["advice"]))


def lines_of(plan: dict) -> list[dict]:
    """The figures of a plan's lines over epsilon, in the report."""
    return [
        {"epsilon": f"{row['epsilon']:g}", "one person": row["one_person"] if row["questions"] else None}
        | {f"{name} error": error for name, error in row["errors"].items()}
        for row in plan["rows"]
    ]


def as_csv(plan: dict) -> str:
    """The rows of a plan as CSV."""
    flat = pd.json_normalize(plan["rows"], sep=" ")
    return str(flat.to_csv(index=False, lineterminator="\n")).rstrip()


def error_in_words(error: float, share: float) -> str:
    """An error, and the share of the answers without the group where it is not small."""
    if share >= 0.995:
        return "left out"
    words = f"± {error:.0%}" if error < 10 else "± 1,000% or more"
    return f"{words}, left out {share:.0%}" if share >= 0.005 else words
