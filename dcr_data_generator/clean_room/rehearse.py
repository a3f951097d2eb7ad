"""Rehearses the clean room: asks the questions of sql/clean_room as a subscriber, over what a run has made."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import SchemaField
from pydantic import SecretStr
from rich.columns import Columns
from rich.markup import escape
from rich.table import Table

from dcr_data_generator import shutdown, source, sql, use_cases, warehouse
from dcr_data_generator.clean_room import analysis_rules, ladder, salt, views
from dcr_data_generator.clean_room.analysis_rules import Answer, CleanRoom, NotUnderstood, Refused, Reply
from dcr_data_generator.clean_room.ladder import Seen
from dcr_data_generator.clean_room.settings import LOWER_TRIM, RehearseSettings
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.errors import UserError
from dcr_data_generator.report import Attempt, Protected, add_to_report
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import FIVE_TABLES, MERCHANT, PROVIDER, suffixed
from dcr_data_generator.terminal import Terminal, table_of
from dcr_data_generator.use_cases import UseCase
from dcr_data_generator.values import plain
from dcr_data_generator.warehouse import Warehouse

MAX_ROWS, MAX_ROWS_OF_OWN_QUERY = 5, 50
DRAWS = 20
ESTIMATED = "clean_room/estimated"


class Rehearsed(NamedTuple):
    """A use case as a subscriber asks it: the open answer, the query, the protected reply, and its noise, if any."""

    use_case: UseCase
    query: sql.Query
    reply: Reply
    noise: pd.DataFrame | None


def rehearse(settings: RehearseSettings, terminal: Terminal) -> int:
    """Ask the use cases, and what must be refused; or a person's own query.

    Returns: the exit status: 0; 1 where an attempt gets an answer, or a person's own query is refused.

    Raises:
        UserError: there are no tables yet, a file cannot be read, or a query of the use cases is refused.
    """
    step = partial(shutdown.step, terminal, settings.timeout)
    queries, calls, refused = (
        sql.read_folder(f"clean_room/{folder}", settings.suffix) for folder in ("queries", "calls", "refused")
    )
    with connected(settings, terminal) as place:
        terminal.line(f"Rehearsing the clean room on {escape(place.name)}.")
        with step("Put both parties' tables behind the views") as done:
            done.result = f"emails normalized by {settings.normalize}"
            room = build(place, settings, salt.given_or_drawn(settings.salt_file), settings.normalize)
            if settings.linked_dataset:
                room.link(settings.linked_dataset)
            if not settings.query:
                terminal.notices(estimate_time(place, settings))
            all_queries = [query.text for query in [*queries, *calls, *refused]]
            fill(place, settings, room, [settings.query] if settings.query else all_queries)
        if settings.query:
            return ask(terminal, room, settings.query)
        with step("Ask the four questions, openly and as a subscriber"):
            answers = use_cases.run(place.client, settings)
            rehearsed = [
                ask_as_subscriber(
                    room, query, answers, lambda name: sql.run(place.client, f"{ESTIMATED}/{name}", settings)
                )
                for query in queries
            ]
            rungs = climb_ladder(room, rehearsed, calls)
            advice = []
            if any(is_withheld_whole(one.reply) for one in rehearsed):
                advice = use_cases.advise(place.client, source.at_one_instant(place.client, settings), answers)
    attempts = [attempt(room, query) for query in refused]
    show_use_cases(terminal, rehearsed)
    show_ladder(terminal, rungs)
    terminal.notices(advice)
    show_attempts(terminal, attempts)
    if not settings.no_report:
        seen = {
            "protected": [protected(one, settings)._asdict() for one in rehearsed],
            "ladder": [each.rung._asdict() | each._asdict() for each in rungs],
            "attempts": [attempt._asdict() for attempt in attempts],
        }
        say_where(terminal, add_to_report(place, settings, answers, seen), "the protected answers")
    see_more = f"uv run python -m dcr_data_generator.clean_room attack{settings.place_flags}"
    terminal.line(f"See what the rules do not stop: {escape(see_more)}")
    return 1 if any(each.answered for each in attempts) else 0


@contextmanager
def connected(settings: Settings, terminal: Terminal) -> Iterator[Warehouse]:
    """Start Google's SQL engine, and connect to where a run has made the tables.

    Raises:
        UserError: there are no tables yet, or BigQuery fails.
    """
    if settings.write_project_id is None and not settings.embedded_dir.exists():
        raise UserError(
            f"there is nothing to rehearse with in {settings.embedded_dir}: "
            "run `uv run python -m dcr_data_generator.main` first"
        )
    terminal.line("The first rehearsal on a machine compiles Google's SQL engine, once, which takes about 20 seconds.")
    with shutdown.step(terminal, settings.timeout, "Start Google's SQL engine"):
        analysis_rules.start()
    with warehouse.connect(settings, fill_source=False) as place:
        yield place


def build(
    place: Warehouse,
    settings: Settings,
    secret: SecretStr,
    normalizer: str = LOWER_TRIM,
    more_views: Sequence[View] = (),
    more_tables: Mapping[str, Mapping[str, str]] | None = None,
) -> CleanRoom:
    """Make a clean room in memory, of the views and the five tables without their rows; more tables by their columns.

    Emails are normalized by a rule of sql/identity/normalizers.

    Raises:
        UserError: no run has made the tables yet, or a view is not BigQuery's.
    """
    project, suffix = place.client.project, settings.suffix
    try:
        names = [suffixed(table, suffix) for table in FIVE_TABLES]
        schemas = {name: place.client.get_table(f"{project}.{name}").schema for name in names}
    except NotFound:
        raise UserError(
            f"there is nothing to rehearse with on {place.name}: "
            "run `uv run python -m dcr_data_generator.main` first, with the same flags"
        ) from None
    secrets = {"salt": secret.get_secret_value(), "normalizer": normalizer}
    all_views = [*views.read(suffix, folder=views.KEYS), *views.read(suffix), *more_views]
    try:
        room = CleanRoom(
            {
                **{table: {field.name: field.field_type for field in schema} for table, schema in schemas.items()},
                **(more_tables or {}),
            },
            {suffixed(f"{party}.{salt.SALT_TABLE}", suffix): secrets for party in (MERCHANT, PROVIDER)},
            {view.table: (view.policy, view.query) for view in all_views},
        )
        for template in sql.read_folder("clean_room/templates", suffix):
            room.add_template(template.text)
    except NotUnderstood as error:
        raise UserError(str(error)) from None
    return room


def estimate_time(place: Warehouse, settings: Settings) -> list[str]:
    """Say in a sentence how long a rehearsal takes, if it is more than a minute, and which --days would take one.

    Raises:
        UserError: it would take longer than a step may.
    """
    for found in sql.run(place.client, "rehearsable_days", settings).rows:
        advice = f"main with --target-date {found.last_day} --days {found.days} makes few enough for one minute"
        if not found.days:
            advice = f"those of {found.last_day} alone take more than one, and a smaller --scale of main makes fewer"
        sentence = f"rehearsing {found.orders:,} orders takes about {found.minutes} minutes on two cores: {advice}"
        if found.minutes * 60 > settings.timeout:
            raise UserError(f"{sentence}; --timeout {found.minutes * 60} allows it")
        return [sentence[0].upper() + sentence[1:]]
    return []


def fill(place: Warehouse, settings: Settings, room: CleanRoom, queries: Sequence[str]) -> None:
    """Read the rows behind the views: those columns of the five tables that the views and these queries read."""
    rows = {}
    for table, read in room.columns_read(queries).items():
        if table in [suffixed(each, settings.suffix) for each in FIVE_TABLES]:
            fields = [SchemaField(name, kind) for name, kind in room.tables[table].items()]
            columns = [field for field in fields if field.name in read] or fields[:1]
            rows[table] = place.read_arrow(table, columns).to_pylist()
    room.fill(rows)


def say_where(terminal: Terminal, report: Path | None, what: str) -> None:
    """Say in which report something is now."""
    if report:
        shown = report.relative_to(Path.cwd()) if report.is_relative_to(Path.cwd()) else report
        terminal.line(f"\nThe report has {what} now: {escape(str(shown))}")
    else:
        terminal.line(f"\nThere is no report of these tables to add {what} to: main writes one.")


def ask_as_subscriber(
    room: CleanRoom, query: sql.Query, answers: Sequence[UseCase], estimated: Callable[[str], sql.Result]
) -> Rehearsed:
    """Ask a query, which is named for its use case; one with noise is asked 20 times, and each answer is paid for.

    `estimated` gives what a query with noise estimates, by the query's name.
    """
    use_case = next(use_case for use_case in answers if query.name.startswith(use_case.name))
    try:
        reply, noise = room.ask(query.text), None
        if room.is_noisy(query.text):
            draws = [reply.answer, *room.ask_repeatedly(query.text, DRAWS - 1)]
            noise = compare(draws, use_case, estimated(query.name))
    except (Refused, NotUnderstood) as error:
        raise UserError(f"{query.name}.sql is refused: {error}") from None
    return Rehearsed(use_case, query, reply, noise)


def climb_ladder(room: CleanRoom, rehearsed: Sequence[Rehearsed], calls: Sequence[sql.Query]) -> list[Seen]:
    """Call the query templates, which alone are offered then, and put what was seen of one question on the ladder.

    A template is called with all people of the party that asks, so its rows are those of the question under the rules,
    of which no more than the LIMIT of the question are compared.
    """
    replies = {one.query.name: one.reply for one in rehearsed}
    try:
        room.hides_views = True
        answers = {call.name: room.answer(call.text, [{}])[1][0] for call in calls}
    except (Refused, NotUnderstood) as error:
        raise UserError(f"a query template is refused: {error}") from None
    finally:
        room.hides_views = False
    # A plain exchange shares the same views without their rules.
    question = next(one.query for one in rehearsed if one.query.name == ladder.QUESTION)
    [exchanged] = room.evaluate(room.admit(question.text), threshold=1)
    same = sum(texts_of(replies[name].answer) <= texts_of(answer) for name, answer in answers.items())
    return ladder.climb(
        exchanged,
        replies[ladder.QUESTION],
        replies[f"{ladder.QUESTION}_private"],
        answers[ladder.QUESTION],
        f"{same} of {len(answers)} templates answer as the rules do.",
    )


def texts_of(answer: Answer) -> set[tuple[str, ...]]:
    """The rows of an answer as they are shown."""
    return {tuple(map(plain, row)) for row in answer.rows}


def compare(draws: Sequence[Answer], use_case: UseCase, estimated: sql.Result) -> pd.DataFrame:
    """Compare the averages in answers with noise with what they estimate, one row per group and column of the answer.

    Returns: open, per person, mean, lowest, highest and standard deviation (float64).
    """
    averages = pd.concat([averages_of(draw.columns, draw.rows) for draw in draws]).groupby(level=[0, 1], sort=False)
    table = averages.agg(["mean", "min", "max", "std"]).set_axis(
        ["mean", "lowest", "highest", "standard deviation"], axis=1
    )
    table.insert(0, "open", averages_of(use_case.columns, [row.values() for row in use_case.rows]))
    table.insert(1, "per person", averages_of(estimated.columns, [row.values() for row in estimated.rows]))
    return table


def averages_of(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> pd.Series:
    """Find the averages in an answer: its decimal numbers (float64), by group (the row's texts) and column."""
    frame = pd.DataFrame(rows, columns=columns)
    groups = frame.select_dtypes(["str", "bool"]).astype(str).agg(", ".join, axis=1)
    averages = frame.select_dtypes("float64").set_axis(groups).melt(ignore_index=False)
    return averages.set_index("variable", append=True)["value"]


def protected(rehearsed: Rehearsed, settings: RehearseSettings) -> Protected:
    """What the report shows of it."""
    use_case, query, (answer, withheld), noise = rehearsed
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows[: use_cases.MAX_ROWS]]
    views = [
        view for view in sql.read_folder("clean_room/views") if re.search(rf"_clean_room\w*\.{view.name}\b", query.text)
    ]
    rules = [f"{view.name}: {view.comments['rule']}" for view in views]
    if "hashed_email" in query.text:
        rules.append(f"Emails are normalized by {settings.normalize} before they are hashed.")
    return Protected(
        use_case.name,
        query.comments["explanation"],
        query.text,
        rules,
        rows,
        len(answer.rows),
        withheld,
        [] if noise is None else noise.droplevel(1).drop(columns="open").reset_index(names="group").to_dict("records"),
        "" if noise is None else sql.read(f"{ESTIMATED}/{query.name}").comments["difference"],
    )


def show_use_cases(terminal: Terminal, rehearsed: Sequence[Rehearsed]) -> None:
    """Print each use case: the open answer beside the protected one, what was withheld, and the noise."""
    for use_case, asked in groupby(rehearsed, key=lambda one: one.use_case):
        terminal.line(f"\n[bold]{escape(use_case.question)}[/] {escape(use_case.who_asks)}")
        open_rows = [row.values() for row in use_case.rows[:MAX_ROWS]]
        open_table = table_of(use_case.columns, open_rows, title_of("open", len(open_rows), use_case.total))
        for one in asked:
            terminal.line(f"[dim]{escape(one.query.comments['explanation'])}[/]")
            terminal.console.print(Columns([open_table, protected_table(one.reply.answer, MAX_ROWS)]))
            show_withheld(terminal, one.reply)
            if one.noise is not None:
                draws = one.noise.droplevel(1).reset_index(names="group")  # of one column
                terminal.console.print(table_of([*draws], draws.to_numpy().tolist(), f"{DRAWS} draws of the noise"))
                terminal.line(sql.read(f"{ESTIMATED}/{one.query.name}").comments["difference"])


def show_ladder(terminal: Terminal, rungs: Sequence[Seen]) -> None:
    """Print what a subscriber sees of one question on each rung."""
    terminal.line("\n[bold]Do customers of a higher tier spend more?[/] On each rung of the ladder of trust:")
    for each in rungs:
        terminal.item(f"  {each.rung.name}:", escape(each.sees))


def show_withheld(terminal: Terminal, reply: Reply) -> None:
    """Print what the rules withheld."""
    for line in reply.withheld or ["Nothing was withheld."]:
        terminal.item("  [yellow]•[/]", escape(line))
    if is_withheld_whole(reply):
        terminal.line("  [yellow]The whole answer is withheld: no group has enough people.[/]")


def is_withheld_whole(reply: Reply) -> bool:
    """Whether the threshold left nothing of an answer."""
    return not reply.answer.rows and any("fewer than" in line for line in reply.withheld)


def protected_table(answer: Answer, max_rows: int) -> Table:
    """Draw the first rows of a protected answer."""
    rows = answer.rows[:max_rows]
    return table_of(answer.columns, rows, title_of("protected", len(rows), len(answer.rows)))


def title_of(kind: str, shown: int, total: int) -> str:
    """The title of a table, which says when it does not show all rows."""
    return kind if shown == total else f"{kind}, the first {shown} of {total:,} rows"


def attempt(room: CleanRoom, query: sql.Query) -> Attempt:
    """Try what must fail."""
    sentence = query.comments["attempt"]
    room.hides_views = "offered" in query.comments
    try:
        reply = room.ask(query.text)
    except (Refused, NotUnderstood) as error:
        return Attempt(sentence, str(error), answered=False)
    finally:
        room.hides_views = False
    if reply.answer.rows:
        return Attempt(sentence, f"{query.name}: {len(reply.answer.rows):,} rows came out", answered=True)
    return Attempt(sentence, "No row came out: " + ("; ".join(reply.withheld) or "there was none"), answered=False)


def show_attempts(terminal: Terminal, attempts: Sequence[Attempt]) -> None:
    """Print what was tried, and what came out."""
    terminal.line("\n[bold]What a subscriber tries, and does not get[/]")
    for each in attempts:
        mark, colour = ("✗", "red") if each.answered else ("✓", "green")
        terminal.item(f"  [{colour}]{mark}[/]", escape(each.sentence))
        terminal.item("   ", f"[yellow]{escape(plain(each.outcome, 200))}[/]")


def ask(terminal: Terminal, room: CleanRoom, query: str) -> int:
    """Ask a person's own query as a subscriber."""
    try:
        reply = room.ask(query)
    except Refused as reason:
        terminal.line(f"[red]✗[/] refused: {escape(str(reason))}")
        return 1
    except NotUnderstood as error:
        raise UserError(f"--query: {error}") from None
    terminal.console.print(protected_table(reply.answer, MAX_ROWS_OF_OWN_QUERY))
    show_withheld(terminal, reply)
    return 0
