"""The page in NiceGUI: on the left what is asked, on the right what the clean room does."""

import asyncio
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from markupsafe import Markup
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from dcr_data_generator.clean_room.analysis_rules import Answer, CleanRoom, Verdict
from dcr_data_generator.clean_room.play.buttons import Button
from dcr_data_generator.clean_room.play.chart import chart_of, table_of
from dcr_data_generator.clean_room.play.referee import EXPLAIN, PROTECT, Exercise, Referee, read_policy, slid
from dcr_data_generator.clean_room.play.tour import Performed, Step, perform
from dcr_data_generator.clean_room.play.visitor import Asked, Noise, Visitor
from dcr_data_generator.errors import UserError
from dcr_data_generator.output.report import report
from dcr_data_generator.values import plain

FOLDER = Path(__file__).parent
THRESHOLDS, EPSILONS = (1, 200), (0.1, 10.0)
MAX_HISTORY = 20
CLOSED = "it is closed while an exercise is open"
# What a slider sends.
SLID = "(event) => emit(Number(event.target.value))"


class Play(NamedTuple):
    """What all browsers share: the clean room, its named queries, what came first, and how what was asked is saved."""

    room: CleanRoom
    buttons: Mapping[str, Sequence[Button]]
    first_party: str
    notice: str
    save: Callable[[Sequence[Asked]], str]
    steps: Sequence[Step] = ()
    referee: Referee | None = None


def create(play: Play, browser_of: Callable[[Request], str]) -> None:
    """Make the page; `browser_of` tells one browser from another."""
    visitors: dict[str, Visitor] = {}

    @ui.page("/", title="Data clean room")
    def index(request: Request) -> None:
        browser = browser_of(request)
        if browser not in visitors:
            visitors[browser] = Visitor(play.room, play.first_party)
        Page(play, visitors[browser]).build()


def text(tag: str, words: str, classes: str = "") -> TextElement:
    """An element with a text."""
    return TextElement(tag=tag, text=words).classes(classes)


def button(words: str, click: Callable, classes: str = "") -> TextElement:
    """A button."""
    element = text("button", words, classes).props("type=button")
    element.on("click", click)
    return element


class Page:
    """One window of a browser."""

    def __init__(self, play: Play, visitor: Visitor) -> None:
        self.play, self.visitor, self.client = play, visitor, ui.context.client
        self.templates: Any = report.environment(FOLDER).get_template("answer.html.jinja").module
        self.last: Asked | None = None
        self.step, self.is_walking = -1, False
        self.exercise: Exercise | None = None
        self.submissions = 0

    def build(self) -> None:
        """Lay the page out."""
        ui.add_css((report.FOLDER / "report.css").read_text(encoding="utf-8"))
        ui.add_css((FOLDER / "play.css").read_text(encoding="utf-8"))
        ui.add_body_html(f"<script>{(FOLDER / 'play.js').read_text(encoding='utf-8')}</script>")
        ui.on("link", self.follow_link)
        ui.on("tour", self.press)
        with ui.element("div").classes("play"):
            with ui.element("div").classes("ask"):
                text("h1", "Data clean room")
                if self.play.notice:
                    text("p", self.play.notice, "notice")
                self.build_parties()
                self.build_editor()
            with ui.element("div").classes("named-queries"):
                self.build_buttons()
                self.build_views()
            with ui.element("div").classes("see").props('tabindex=0 role=region aria-label="What the clean room does"'):
                self.tour = ui.element("section").classes("tour").props('aria-live=polite aria-label="The talk"')
                self.task = ui.element("section").classes("tour").props('aria-live=polite aria-label="The exercise"')
                with ui.element("section").classes("controls card").props('aria-label="Policies and budgets"'):
                    self.build_sliders()
                    self.budgets = ui.element("div").classes("budgets")
                with ui.element("section").props('aria-live=polite aria-label="The reply"'):
                    self.result = ui.element("div").classes("result")
        self.show_policies()
        with self.result:
            text("p", "Choose a question, or type one, and press Ctrl-Enter.", "hint")

    def build_parties(self) -> None:
        """Who asks."""
        with ui.element("div").classes("parties").props('role=group aria-label="Who asks"'):
            self.parties = {
                name: button(f"The {name}", partial(self.set_party, name), f"party party{number}")
                for number, name in enumerate(self.play.room.parties, 1)
            }
        self.set_party(self.visitor.party)

    def set_party(self, name: str) -> None:
        """Let another party ask."""
        self.visitor.party = name
        for each, element in self.parties.items():
            element.props(f"aria-pressed={'true' if each == name else 'false'}")

    def build_editor(self) -> None:
        """The editor, and what is done with what stands in it."""
        self.editor = ui.codemirror(
            self.visitor.text, language="SQL", line_wrapping=True, keymap={"Mod-Enter": self.ask}
        ).classes("editor")
        with ui.element("div").classes("actions"):
            button("Ask", self.ask, "main").props('title="Ctrl-Enter"')
            if self.play.steps:
                button("Tour", partial(self.walk, 1)).props('title="The talk, step by step"')
            button("Copy link", self.copy_link)
            button("Save", self.save).props('title="Put what was asked into the report"')
        with ui.element("details").classes("history"):
            text("summary", "History")
            self.history = ui.element("div").classes("list")
        self.show_history()

    def build_buttons(self) -> None:
        """The named queries."""
        for kind, buttons in self.play.buttons.items():
            with ui.element("details").props("open" if kind == next(iter(self.play.buttons)) else ""):
                text("summary", kind)
                with ui.element("div").classes("list"):
                    for each in buttons:
                        button(each.label, partial(self.take, each), f"named party{self.number_of(each.party)}")

        if self.play.referee:
            with ui.element("details").classes("exercises"):
                text("summary", "Exercises")
                with ui.element("div").classes("list"):
                    for exercise in self.play.referee.exercises:
                        element = button(exercise.title, partial(self.open_exercise, exercise), "named")
                        element.props(f"data-exercise={exercise.number}")

    def build_views(self) -> None:
        """The views, with their columns and rules."""
        with ui.element("details"):
            text("summary", "Views that may be asked")
            self.rules = {}
            for view in self.play.room.policies:
                with ui.element("div").classes("view"):
                    text("h2", view)
                    text("p", ", ".join(self.play.room.column_names(view)), "columns-of")
                    self.rules[view] = text("p", "", "small")

    def build_sliders(self) -> None:
        """The threshold and the epsilon of the policies."""
        with ui.element("div").classes("sliders"):
            if self.visitor.threshold is not None:
                self.threshold = self.slider("threshold", "Threshold, in people", THRESHOLDS, 1, self.set_threshold)
            if self.visitor.epsilon is not None:
                self.epsilon = self.slider("epsilon", "Epsilon of one question", EPSILONS, 0.1, self.set_epsilon)

    def slider(
        self, mark: str, name: str, bounds: tuple[float, float], step: float, change: Callable
    ) -> tuple[TextElement, ui.element]:
        """A slider, which the answer follows when it is let go; returns its figure and itself."""
        with ui.element("label"):
            text("span", name)
            figure = text("span", "", "figure")
            slider = ui.element("input").props(f"type=range min={bounds[0]} max={bounds[1]} step={step}")
        slider.mark(mark)
        slider.on("input", lambda event: figure.set_text(f"{event.args:g}"), js_handler=SLID)
        slider.on("change", lambda event: change(event.args), js_handler=SLID)
        return figure, slider

    async def set_threshold(self, value: float) -> None:
        """Give the policies another threshold, and ask the same again."""
        await self.set_policies(within(value, THRESHOLDS, self.visitor.threshold), self.visitor.epsilon)

    async def set_epsilon(self, value: float) -> None:
        """Give the policies another epsilon, and ask the same again."""
        await self.set_policies(self.visitor.threshold, within(value, EPSILONS, self.visitor.epsilon))

    async def set_policies(self, threshold: float | None, epsilon: float | None) -> None:
        """Change the policies, and ask the same again, by the options that the policies have."""
        if self.exercise and self.exercise.comments["kind"] == PROTECT:
            await self.slide(threshold, epsilon)
            return
        self.visitor.set_policies(None if threshold is None else round(threshold), epsilon)
        self.show_policies()
        if self.last:
            self.editor.set_value(await asyncio.to_thread(self.visitor.without_options, self.last.text))
            await self.ask()

    async def slide(self, threshold: float | None, epsilon: float | None) -> None:
        """Put the sliders' numbers into the policy that is to protect, and submit it if that changes it."""
        before = self.visitor.threshold, self.visitor.epsilon
        moved = [new if new != old else None for new, old in zip((threshold, epsilon), before, strict=True)]
        text = slid(self.editor.value, *moved)
        is_another = text != self.editor.value
        self.try_policy(text)
        if is_another:
            self.editor.set_value(text)
            await self.submit()

    def try_policy(self, text: str) -> None:
        """Show the policy that is to protect on the sliders and in the budgets, if it is one."""
        if self.exercise and self.play.referee:
            view = self.play.referee.view_of(self.exercise)
            with suppress(UserError):
                self.visitor.try_policy(view, read_policy(view, text))
        self.show_policies()

    def show_policies(self) -> None:
        """Show the sliders and the views' rules as the policies are, and the budgets."""
        self.show_budgets()
        for view, rule in self.rules.items():
            rule.set_text(self.visitor.rule_of(view))
        for name in ("threshold", "epsilon"):
            if (value := getattr(self.visitor, name)) is not None:
                figure, slider = getattr(self, name)
                figure.set_text(f"{value:g}")
                slider.props(f"value={value}")

    async def take(self, chosen: Button) -> None:
        """Put a named query into the editor, and ask it as its party."""
        self.set_party(chosen.party)
        self.editor.set_value(chosen.text)
        await self.ask(about=chosen.about, is_template=chosen.is_template)

    async def ask(self, _: object = None, about: Mapping[str, str] | None = None, is_template: bool = False) -> None:
        """Ask what stands in the editor, and show what the clean room does."""
        query = self.visitor.text = self.editor.value
        if not query.strip():
            return
        if self.exercise and self.exercise.comments["kind"] == PROTECT and not is_query(query):
            await self.submit()
            return
        self.result.clear()
        with self.result:
            text("p", "Asking ...", "hint")
        if self.exercise and self.play.referee:
            query = self.play.referee.filled(query)
        asked = await asyncio.to_thread(self.visitor.ask, query, is_template)
        self.show(asked, about or {})
        self.show_budgets()
        self.show_history()
        if self.exercise:
            self.show_answers(asked, CLOSED)  # nor the noise, which tells what it is added to
        else:
            await self.show_both(asked, await asyncio.to_thread(self.visitor.open, query))

    async def show_both(self, asked: Asked, opened: Answer | str) -> None:
        """Show both answers, and then the noise of the protected one."""
        self.show_answers(asked, opened)
        if noise := await asyncio.to_thread(self.visitor.noise, asked):
            self.show_answers(asked, opened, noise)

    def show(self, asked: Asked, about: Mapping[str, str]) -> None:
        """Show the verdict."""
        self.last = asked
        self.result.clear()
        self.client.run_javascript("showReply()")  # the button that asked may be gone
        with self.result:
            self.html(self.templates.verdict(asked))
            if allowed := asked.reply.allowed:
                with ui.element("div").classes("allowed"):
                    text("p", "This would be allowed:")
                    text("code", allowed)
                    button("Take it", partial(self.take, Button("", asked.party, allowed, {}, asked.is_template)))
            for name, words in about.items():
                text("p", f"{name.capitalize()}: {words}" if name else words, "about")
            self.answers = ui.element("div")

    def show_answers(self, asked: Asked, opened: Answer | str, noise: Noise | None = None) -> None:
        """Show the protected answer beside the open one."""
        if asked is not self.last or self.answers.is_deleted:
            return
        answer = asked.reply.answer
        drawn = None if isinstance(opened, str) else chart_of(opened, asked.reply, noise)
        open_table = None if isinstance(opened, str) else table_of(opened, answer if asked.reply.is_counted else None)
        protected_table = None if answer is None else table_of(answer)
        self.answers.clear()
        with self.answers:
            number = len(self.visitor.asked)
            self.html(self.templates.answers(number, asked, opened, drawn, open_table, protected_table, noise))

    def html(self, markup: Markup) -> None:
        """Put what a template has drawn, which escapes all texts, on the page."""
        ui.html(str(markup), sanitize=False)

    def show_budgets(self) -> None:
        """Show what is left of the budgets."""
        self.budgets.clear()
        with self.budgets:
            for left in self.visitor.left:
                words = f"{left.epsilon:g} of {left.epsilon_budget:g} epsilon left"
                with ui.element("div").classes("budget"):
                    text("span", left.view.replace(".", ".\N{ZERO WIDTH SPACE}"), "small")
                    text("strong", words)
                    with ui.element("div").classes("track").props(f'role=img aria-label="{left.view}: {words}"'):
                        ui.element("span").classes("fill").style(f"--from: 0; --to: {left.share}")
            if self.visitor.left:
                button("Start again", self.start_again)

    def start_again(self) -> None:
        """Start all budgets full."""
        self.visitor.start_again()
        self.show_budgets()

    def show_history(self) -> None:
        """Show what was asked, the last first."""
        self.history.clear()
        with self.history:
            for asked in reversed(self.visitor.asked[-MAX_HISTORY:]):
                mark = "✓" if asked.reply.verdict is Verdict.ALLOWED else "✗"
                self.history_button(mark, asked)

    def history_button(self, mark: str, asked: Asked) -> None:
        """A button that asks again what was asked."""
        again = Button("", asked.party, asked.text, {}, asked.is_template)
        button(f"{mark} {asked.party}: {plain(asked.text)}", partial(self.take, again), "named")

    def copy_link(self) -> None:
        """Copy the address of the page with the question, the party and the sliders in its fragment."""
        values = {
            "as": self.visitor.party,
            "threshold": self.visitor.threshold,
            "epsilon": self.visitor.epsilon,
            "query": self.editor.value,
        }
        fragment = urlencode({name: value for name, value in values.items() if value is not None})
        ui.run_javascript(f"copyLink({json.dumps(fragment)})")

    def follow_link(self, event: Any) -> None:  # noqa: ANN401 - NiceGUI's
        """Take over what a copied link says. It asks nothing: who opened it does."""
        link: Mapping[str, str] = event.args
        if link.get("as") in self.play.room.parties:
            self.set_party(link["as"])
        threshold = within(link.get("threshold"), THRESHOLDS, self.visitor.threshold)
        epsilon = within(link.get("epsilon"), EPSILONS, self.visitor.epsilon)
        if (threshold, epsilon) != (self.visitor.threshold, self.visitor.epsilon):
            self.visitor.set_policies(None if threshold is None else round(threshold), epsilon)
            self.show_policies()
        if query := link.get("query"):
            self.editor.set_value(query)

    async def press(self, event: Any) -> None:  # noqa: ANN401 - NiceGUI's
        """Walk through the talk by a key: Enter, Backspace, or ? for the notes."""
        if self.step >= 0 and event.args in ("next", "back"):
            await self.walk(1 if event.args == "next" else -1)
        elif self.step >= 0:
            self.notes.set_visibility(not self.notes.visible)

    async def walk(self, by: int) -> None:
        """Go to the next step of the talk that these data can show, or to the one before."""
        if self.is_walking:
            return
        self.close_exercise()
        self.is_walking, number = True, self.step + by
        left_out: list[str] = []
        performed: Performed | str = ""
        while 0 <= number < len(self.play.steps):
            performed = await asyncio.to_thread(perform, self.visitor, self.play.steps[number])
            if isinstance(performed, Performed):
                break
            left_out.append(performed)
            number += by
        self.is_walking = False  # the noise, which comes later, keeps nobody from the next step
        if isinstance(performed, Performed):
            self.step = number
            await self.show_step(performed, left_out)
        elif by > 0:
            self.end_tour(left_out)

    async def show_step(self, performed: Performed, left_out: Sequence[str]) -> None:
        """Show a step, and its answers."""
        step = performed.step
        self.tour.clear()
        with self.tour, ui.element("div").classes("card"):
            for line in left_out:
                text("p", line, "small")
            text("h2", f"{self.step + 1} of {len(self.play.steps)}: {step.title}")
            text("p", performed.sentence, "say")
            text("p", f"Look: {step.look}", "look")
            self.notes = text("p", step.notes, "notes")
            self.notes.set_visibility(False)
            with ui.element("div").classes("actions"):
                button("Next", partial(self.walk, 1), "main").props('title="Enter"')
                button("Back", partial(self.walk, -1)).props('title="Backspace"')
                button("Notes", lambda: self.notes.set_visibility(not self.notes.visible)).props('title="?"')
                button("End", self.end_tour)
        self.set_party(step.party)
        self.visitor.text = step.text
        self.editor.set_value(step.text)
        self.show(performed.asked, {})
        self.client.run_javascript("showStep()")
        self.show_policies()
        self.show_history()
        await self.show_both(performed.asked, performed.opened)

    def end_tour(self, left_out: Sequence[str] = ()) -> None:
        """Close the talk."""
        self.step = -1
        self.tour.clear()
        with self.tour:
            for line in left_out:
                text("p", line, "small")

    async def open_exercise(self, exercise: Exercise) -> None:
        """Show an exercise, if these data can; the open answer is closed as long."""
        self.close_exercise()
        self.visitor.reset()
        self.show_policies()
        self.exercise, self.last, self.submissions = exercise, None, 0
        self.end_tour()
        self.result.clear()
        with self.task:
            text("p", "Opening ...", "hint")
        assert self.play.referee
        obstacle = await asyncio.to_thread(self.play.referee.obstacle, exercise)
        if self.exercise is not exercise:
            return
        self.task.clear()
        with self.task, ui.element("div").classes("card"):
            text("h2", exercise.title)
            if obstacle:
                text("p", f"These data cannot show this exercise: {obstacle}.", "say")
                button("Close", self.close_exercise)
            else:
                self.show_exercise(exercise)

    def show_exercise(self, exercise: Exercise) -> None:
        """Show what is to be done, with what the exercise begins with in the editor."""
        comments = exercise.comments
        self.set_party(comments["as"])
        self.editor.set_value(comments["start"] if comments["kind"] == PROTECT else exercise.query)
        text("p", comments["task"], "say")
        if comments["kind"] == PROTECT:
            self.try_policy(comments["start"])
            text("p", "The query that is to fail; the editor has the policy, and the sliders change it.", "small")
            text("pre", exercise.query).props("tabindex=0")
        for number, choice in enumerate(exercise.options, 1):
            button(f"{number}. {choice}", partial(self.submit, str(number)), "named")
        hint = text("p", comments["hint"], "notes")
        hint.set_visibility(False)
        self.judged = ui.element("div")
        with ui.element("div").classes("actions"):
            if comments["kind"] != EXPLAIN:
                button("Submit", self.submit, "main")
            button("Hint", partial(hint.set_visibility, True))
            button("Close", self.close_exercise)

    async def submit(self, submission: str | None = None) -> None:
        """Let the referee judge what stands in the editor, or a choice."""
        referee, exercise = self.play.referee, self.exercise
        assert referee
        assert exercise
        judged = await asyncio.to_thread(referee.judge, exercise, submission or self.editor.value)
        if self.exercise is not exercise:
            return
        self.submissions += 1
        self.judged.clear()
        with self.judged:
            text(
                "p",
                "✓ Right" if judged.is_right else "✗ Wrong",
                f"verdict {'allowed' if judged.is_right else 'refused'}",
            )
            text("p", judged.why, "look")
            cost = f" The last one cost {judged.cost}." if judged.cost else ""
            text("p", f"Submitted {self.submissions} time{'s' if self.submissions > 1 else ''}.{cost}", "small")
        if judged.is_right:
            self.client.run_javascript(f"solve({exercise.number})")

    def close_exercise(self) -> None:
        """Close the exercise, open the open answer again, and have the policies as they are shared."""
        if self.exercise:
            self.exercise = None
            self.visitor.reset()
            self.show_policies()
        self.task.clear()

    async def save(self) -> None:
        """Put what was asked into the report."""
        ui.notify(await asyncio.to_thread(self.play.save, self.visitor.asked), type="info")

    def number_of(self, party: str) -> int:
        """The number of a party, which gives it its colour."""
        return [*self.play.room.parties].index(party) + 1


def is_query(submission: str) -> bool:
    """Whether a submission is a query, and not the policy that is asked for."""
    return re.match(r"\s*(SELECT|WITH|\()", submission, re.IGNORECASE) is not None


def within(value: object, bounds: tuple[float, float], otherwise: float | None) -> float | None:
    """A number of a page within its bounds; otherwise what it was before."""
    try:
        number = float(str(value))
    except ValueError:
        return otherwise
    if otherwise is None or not math.isfinite(number):
        return otherwise
    return min(max(number, bounds[0]), bounds[1])
