"""Rehearses the clean room: asks the questions of sql/clean_room as a subscriber, over what a run has made."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

import pandas as pd
from rich.columns import Columns
from rich.markup import escape

from dcr_data_generator import sql
from dcr_data_generator.clean_room import against, ladder, project, salt
from dcr_data_generator.clean_room.analysis_rules import Answer, CleanRoom, NotUnderstood, Refused, Reply, Verdict
from dcr_data_generator.clean_room.ladder import Seen
from dcr_data_generator.clean_room.settings import RehearseSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal, table_of
from dcr_data_generator.errors import UserError
from dcr_data_generator.output.report.report import Attempt, Protected, add_to_report
from dcr_data_generator.values import counted, plain
from dcr_data_generator.verify import use_cases
from dcr_data_generator.verify.use_cases import UseCase
from dcr_data_generator.warehouse.warehouse import Result

MAX_ROWS = 5
MAX_LINES = 2  # of what was withheld of an answer
DRAWS = 20
WHAT_GETS_THROUGH = "docs/attacks.md"


class Rehearsed(NamedTuple):
    """A use case as a subscriber asks it: the open answer, the query, the protected reply, and its noise, if any."""

    use_case: UseCase
    query: sql.Query
    reply: Reply
    noise: pd.DataFrame | None

    @property
    def answer(self) -> Answer:
        """What the rules let through."""
        return self.reply.answer or Answer([], [])


def run(settings: RehearseSettings, terminal: Terminal) -> int:
    """Ask the use cases, and what must be refused.

    Returns: the exit status: 0; 1 where an attempt gets an answer.

    Raises:
        UserError: there are no tables yet, or a query of the use cases is refused.
    """
    if settings.against or settings.save or settings.yes:
        return against.run(settings.place, settings.against, settings.yes, settings.save, terminal)
    place, normalizer, source = settings.place, settings.keys.normalize, settings.source
    step = partial(process.step, terminal, place.timeout)
    queries, calls = (sql.read_questions(file, place.suffix) for file in ("subscriber*", "call"))
    refused = sql.read_folder(project.REFUSED, place.suffix)
    parameters = {**settings.rates.parameters, "scale": source.scale}
    with project.connected(place, terminal, parameters, source.source_dataset) as warehouse:
        terminal.line(f"Rehearsing the clean room on {escape(warehouse.name_and_days)}.")
        with step("Put both parties' tables behind the views") as done:
            secret = salt.given_or_drawn(settings.keys.salt_file, terminal)
            room = project.open_room(warehouse, secret, normalizer)
            terminal.notices(project.estimate_time(warehouse))
            room.prepare_all([query.text for query in [*queries, *calls]])
            done.result = f"emails normalized by {normalizer}, the privacy budgets full"
        with step("Ask the four questions, openly and as a subscriber") as done:
            answers = use_cases.run(warehouse)
            rehearsed = [ask_as_subscriber(room, query, answers, warehouse.run) for query in done.counted(queries)]
            rungs = climb_ladder(room, rehearsed, calls)
            advice = []
            if any(is_withheld_whole(each.reply) for each in rehearsed):
                advice = use_cases.advise(warehouse, answers)
        with step("Try the queries that are refused") as done:
            attempts = [attempt(room, query) for query in done.counted(refused)]
    show_use_cases(terminal, rehearsed)
    show_ladder(terminal, rungs)
    terminal.notices(advice)
    show_attempts(terminal, attempts)
    summarize(terminal, rehearsed, rungs, attempts)
    if not settings.report.no_report:
        seen = {
            "protected": [protected(each, normalizer)._asdict() for each in rehearsed],
            "ladder": [each.rung._asdict() | each._asdict() for each in rungs],
            "attempts": [attempt._asdict() for attempt in attempts],
        }
        project.say_where(terminal, add_to_report(warehouse, place, answers, seen), "the protected answers")
    terminal.next(
        {
            "Ask your own question": f"uv run dcr ask{place.flags}",
            "See what the rules do not stop": f"uv run dcr attack{place.flags}",
        }
    )
    return 1 if any(each.answered for each in attempts) else 0


def ask_as_subscriber(
    room: CleanRoom, query: sql.Query, answers: Sequence[UseCase], run: Callable[[sql.Query], Result]
) -> Rehearsed:
    """Ask a query, which is named for its use case; one with noise is drawn 20 times, and the first answer is paid for.

    `run` runs a query of the open tables.
    """
    use_case = next(use_case for use_case in answers if use_case.name == query.question)
    party = query.comment("as")
    reply, noise = room.ask(query.text, party), None
    if reply.answer is None:
        raise UserError(f"{query.name}.sql is refused: {reply.sentence}")
    if reply.costs:
        # The budget does not pay for so many: they show what else could have come out.
        draws = [reply.answer, *room.evaluate(room.admit(query.text, party), [{}] * (DRAWS - 1))]
        noise = compare(draws, use_case, run(estimated(query)))
    return Rehearsed(use_case, query, reply, noise)


def estimated(query: sql.Query) -> sql.Query:
    """What a query with noise estimates, without its noise."""
    return sql.read(f"{sql.QUESTIONS}/{query.question}/estimated")


def climb_ladder(room: CleanRoom, rehearsed: Sequence[Rehearsed], calls: Sequence[sql.Query]) -> list[Seen]:
    """Call the query templates, which alone are offered then, and put what was seen of one question on the ladder.

    A template is called with all people of the party that asks, so its rows are those of the question under the rules,
    of which no more than the LIMIT of the question are compared.
    """
    asked = {one.query.name: one for one in rehearsed}
    try:
        room.templates_only = True
        answers = {call.name: room.answers(call.text, call.comment("as"), [{}])[0] for call in calls}
    except (Refused, NotUnderstood) as error:
        raise UserError(f"a query template is refused: {error}") from None
    finally:
        room.templates_only = False
    # A plain exchange shares the same views without their rules.
    exchanged = room.open_answer(asked[ladder.QUESTION].query.text)
    same = sum(texts_of(asked[name].answer) <= texts_of(answer) for name, answer in answers.items())
    return ladder.climb(
        exchanged,
        asked[ladder.QUESTION].reply,
        asked[f"{ladder.QUESTION}_private"].reply,
        answers[ladder.QUESTION],
        f"{same} of {len(answers)} templates answer as the rules do.",
    )


def texts_of(answer: Answer) -> set[tuple[str, ...]]:
    """The rows of an answer as they are shown."""
    return {tuple(map(plain, row)) for row in answer.rows}


def compare(draws: Sequence[Answer], use_case: UseCase, estimated: Result) -> pd.DataFrame:
    """Compare the averages in answers with noise with what they estimate, one row per group and column of the answer.

    Returns: open, per person, mean, lowest, highest and standard deviation (float64), and draws (lists of float).
    """
    averages = pd.concat([averages_of(draw.columns, draw.rows) for draw in draws]).groupby(level=[0, 1], sort=False)
    table = averages.agg(["mean", "min", "max", "std"]).set_axis(
        ["mean", "lowest", "highest", "standard deviation"], axis=1
    )
    table.insert(0, "open", averages_of(use_case.columns, [row.values() for row in use_case.rows]))
    table.insert(1, "per person", averages_of(estimated.columns, [row.values() for row in estimated.rows]))
    table["draws"] = averages.agg(list)
    return table


def averages_of(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> pd.Series:
    """Find the averages in an answer: its decimal numbers (float64), by group (the row's texts) and column."""
    frame = pd.DataFrame(rows, columns=columns)
    groups = frame.select_dtypes(["str", "bool"]).astype(str).agg(", ".join, axis=1)
    averages = frame.select_dtypes("float64").set_axis(groups).melt(ignore_index=False)
    return averages.set_index("variable", append=True)["value"]


def protected(rehearsed: Rehearsed, normalizer: str) -> Protected:
    """What the report shows of it."""
    use_case, query, reply, noise = rehearsed
    answer = rehearsed.answer
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows[: use_cases.MAX_ROWS]]
    views = [
        view for view in sql.read_folder("clean_room/views") if re.search(rf"_clean_room\w*\.{view.name}\b", query.text)
    ]
    rules = [f"{view.name}: {view.comment('rule')}" for view in views]
    if "hashed_email" in query.text:
        rules.append(f"Emails are normalized by {normalizer} before they are hashed.")
    return Protected(
        use_case.name,
        query.comment("explanation"),
        query.text,
        rules,
        rows,
        len(answer.rows),
        reply.said,
        [] if noise is None else records_of(noise.drop(columns=["open", "draws"])),
        "" if noise is None else estimated(query).comment("difference"),
        [] if noise is None else records_of(noise[["per person", "draws"]]),
    )


def records_of(noise: pd.DataFrame) -> list[dict]:
    """The rows of a comparison, each with its group."""
    return noise.droplevel(1).reset_index(names="group").to_dict("records")


def show_use_cases(terminal: Terminal, rehearsed: Sequence[Rehearsed]) -> None:
    """Print what was withheld of each use case; with --verbose the answers, too, and the noise."""
    for use_case, asked in groupby(rehearsed, key=lambda one: one.use_case):
        terminal.line(f"\n[bold]{escape(use_case.question)}[/] {escape(use_case.who_asks)}")
        for one in asked:
            if terminal.verbose:
                show_answers(terminal, one)
            show_withheld(terminal, one.reply, None if terminal.verbose else MAX_LINES)


def show_answers(terminal: Terminal, one: Rehearsed) -> None:
    """Print the open answer beside the protected one, and the noise."""
    use_case = one.use_case
    open_rows = [row.values() for row in use_case.rows[:MAX_ROWS]]
    open_table = table_of(use_case.columns, open_rows, title_of("open", len(open_rows), use_case.total))
    rows = one.answer.rows[:MAX_ROWS]
    title = title_of(f"protected, asked as the {one.reply.party}", len(rows), len(one.answer.rows))
    terminal.line(f"[dim]{escape(one.query.comment('explanation'))}[/]")
    terminal.console.print(Columns([open_table, table_of(one.answer.columns, rows, title)]))
    if one.noise is not None:
        draws = one.noise.drop(columns="draws").droplevel(1).reset_index(names="group")  # of one column
        terminal.console.print(table_of([*draws], draws.to_numpy().tolist(), f"{DRAWS} draws of the noise"))
        terminal.line(estimated(one.query).comment("difference"))


def show_ladder(terminal: Terminal, rungs: Sequence[Seen]) -> None:
    """Print what a subscriber sees of one question on each rung."""
    terminal.line("\n[bold]Do customers of a higher tier spend more?[/] On each rung of the ladder of trust:")
    for each in rungs:
        terminal.item(f"  {each.rung.name}:", escape(each.sees))


def show_withheld(terminal: Terminal, reply: Reply, most: int | None = None) -> None:
    """Print what the rules withheld."""
    lines = reply.said
    # One more line takes no more room than the words for it.
    is_cut = most and len(lines) > most + 1
    shown = [*lines[:most], f"and {counted(len(lines) - most, 'more line')}"] if most and is_cut else lines
    for line in shown:
        terminal.item("  [yellow]•[/]", escape(line))
    if is_withheld_whole(reply):
        terminal.line("  [yellow]The whole answer is withheld: no group has enough people.[/]")


def is_withheld_whole(reply: Reply) -> bool:
    """Whether the threshold left nothing of an answer."""
    return not (reply.answer and reply.answer.rows) and any("fewer than" in line for line in reply.withheld)


def title_of(kind: str, shown: int, total: int) -> str:
    """The title of a table, which says when it does not show all rows."""
    return kind if shown == total else f"{kind}, the first {shown} of {total:,} rows"


def attempt(room: CleanRoom, query: sql.Query) -> Attempt:
    """Try what must fail."""
    sentence, party = query.comment("attempt"), query.comment("as")
    room.templates_only = "offered" in query.comments
    try:
        reply = room.ask(query.text, party)
    finally:
        room.templates_only = False
    tried = Attempt(sentence, "", answered=False, party=party, query=query.text)
    if reply.verdict is not Verdict.ALLOWED:
        sentence, *why = reply.why
        return tried._replace(outcome=sentence, why=why)
    rows = len(reply.answer.rows) if reply.answer else 0
    if rows:
        return tried._replace(outcome=f"{query.name}: {counted(rows, 'row')} came out", answered=True)
    return tried._replace(outcome="No row came out: " + ("; ".join(reply.withheld) or "there was none"))


def show_attempts(terminal: Terminal, attempts: Sequence[Attempt]) -> None:
    """Print the attempts that got an answer; with --verbose all, with their SQL."""
    if terminal.verbose:
        terminal.line("\n[bold]Queries that are refused[/]")
    for each in attempts:
        if each.answered or terminal.verbose:
            mark = "[red]✗ answered:[/]" if each.answered else "[green]refused:[/]"
            terminal.item(f"  {mark}", f"{escape(each.sentence)} Asked as the {each.party}.")
            for line in (each.outcome, *each.why):
                terminal.item("   ", f"[yellow]{escape(plain(line, 1000))}[/]")
            terminal.code(without_comments(each.query), "      ")


def without_comments(query: str) -> str:
    """A query without the comments of its file."""
    return "\n".join(line for line in query.splitlines() if not line.startswith("-- "))


def summarize(
    terminal: Terminal, rehearsed: Sequence[Rehearsed], rungs: Sequence[Seen], attempts: Sequence[Attempt]
) -> None:
    """Print in some lines what came out."""
    questions = len({one.use_case.name for one in rehearsed})
    withheld = len({one.use_case.name for one in rehearsed if one.reply.withheld or one.reply.costs})
    were = "question was" if questions == 1 else "questions were"
    of_them = "" if withheld == questions else f"of {withheld} of them "
    kept_back = f"{of_them}something was withheld" if withheld else "nothing was withheld"
    refused = sum(not each.answered for each in attempts)
    noisy = [one for one in rehearsed if one.noise is not None]
    terminal.line("\n[bold]Summary[/]")
    terminal.line(f"  {questions} {were} answered under the rules; {kept_back}.")
    for one in noisy:
        for cost in one.reply.costs:
            terminal.line(f"  With noise, one answer costs epsilon {cost.epsilon:g} of {cost.epsilon_budget:g}.")
    terminal.line(f"  {escape(rungs[-1].note)}")
    more = "" if terminal.verbose else " --verbose shows each, with its SQL."
    mark = "" if refused == len(attempts) else "[red]✗[/] "
    terminal.line(f"  {mark}Queries that are refused: {refused} of {len(attempts)}.{more}")
    terminal.line(f"  What gets through all the same: {escape(WHAT_GETS_THROUGH)}")
