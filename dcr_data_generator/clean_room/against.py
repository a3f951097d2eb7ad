"""Compares a rehearsal with Google Cloud: asks a linked dataset the same queries, as its subscriber.

A user with a project sees where BigQuery says something else; --save writes what it said, without any data.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.cloud import bigquery
from rich.markup import escape

from dcr_data_generator import sql
from dcr_data_generator.clean_room import project, salt
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Refused
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal, price_of
from dcr_data_generator.errors import UserError
from dcr_data_generator.output.whole_file import write_whole
from dcr_data_generator.settings import Place
from dcr_data_generator.tables import MERCHANT
from dcr_data_generator.values import counted, on_one_line, plain
from dcr_data_generator.warehouse.explain import message_of, reason_of
from dcr_data_generator.warehouse.warehouse import NO_LIMIT, Warehouse

FOLDERS = ("clean_room/refused", "clean_room/attacks")
# BigQuery's reasons for what is wrong with a query; any other is no answer to it.
ANSWERS = {"invalidQuery", "invalid", "accessDenied", "notFound"}
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
SPENDS = "it would spend a privacy budget, give --yes"
POSITION = re.compile(r" at \[\d+:\d+\]\.?$")


class Outcome(StrEnum):
    """How what BigQuery says compares with the rehearsal."""

    SAME = "as rehearsed"
    WORDS = "other words"
    VERDICT = "other verdict"
    ROWS = "other rows"
    NOT_SENT = "not sent"


class Said(NamedTuple):
    """What was said to a query: the columns and rows of an answer, or else a sentence.

    `is_bigquerys` is whether the sentence is known to be BigQuery's own; `reason` is why a query cannot be sent.
    """

    sentence: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    is_noisy: bool = False
    is_bigquerys: bool = True
    reason: str = ""

    @property
    def in_short(self) -> str:
        """In some words."""
        return self.sentence or f"an answer of {counted(len(self.rows), 'row')} with {', '.join(self.columns)}"


class Compared(NamedTuple):
    """A query, what the rehearsal says, what BigQuery says, and how they compare."""

    query: sql.Query
    rehearsed: Said
    said: Said
    outcome: Outcome

    @property
    def is_bad(self) -> bool:
        """Whether the rehearsal was wrong. Words that it calls its own are not."""
        return self.outcome in (Outcome.VERDICT, Outcome.ROWS) or (
            self.outcome is Outcome.WORDS and self.rehearsed.is_bigquerys
        )


def run(place: Place, linked: str | None, spends: bool, file: Path | None, terminal: Terminal) -> int:
    """Rehearse all queries of the folders, send them to BigQuery, and print how the two compare.

    Args:
        place: where the tables are.
        linked: the linked dataset.
        spends: whether what spends the privacy budgets is sent, too.
        file: where to write what BigQuery said, if anywhere.
        terminal: what the user sees.

    Returns: the exit status: 0; 1 where the rehearsal was wrong.

    Raises:
        UserError: there are no tables, nothing is published, or there is no such linked dataset.
    """
    if linked is None:
        raise UserError("--save and --yes are for what BigQuery says: give --against with a linked dataset, too")
    if place.write_project_id is None:
        raise UserError(f"the linked dataset {linked} is on Google Cloud: give --write-project-id")
    step = partial(process.step, terminal, place.timeout)
    with project.connected(place, terminal) as warehouse:
        terminal.line(f"Comparing a rehearsal with the linked dataset {linked} on {escape(warehouse.name_and_days)}.")
        with step("Rehearse the queries"):
            secret, normalizer = salt.published(warehouse)
            room = project.open_room(warehouse, secret, normalizer)
            room.link(linked)
            quiet, noisy = queries_for(room, names_in(warehouse, linked), place.suffix)
            queries = [*quiet, *noisy]
            room.prepare_all(query.text for query in queries)
            values = {"victim": victim(room, warehouse)}
            rehearsed = [rehearse(room, query, values) for query in queries]
        sent = [pair for pair in zip(queries, rehearsed, strict=True) if not pair[1].reason]
        with step("Ask what they cost, by dry runs"):
            prices = [send(warehouse, query, values, is_dry=True) for query, _ in sent]
            withheld = [] if spends else noisy
            said = [
                refusal._replace(reason="" if refusal.sentence or query not in withheld else SPENDS)
                for (query, _), (refusal, _) in zip(sent, prices, strict=True)
            ]
        sizes = [price for each, (_, price) in zip(said, prices, strict=True) if not each.reason]
        terminal.notices([cost_of(room, sizes, spends)])
        with step("Ask BigQuery"):
            said = [
                each if each.sentence or each.reason else send(warehouse, query, values)[0]
                for (query, _), each in zip(sent, said, strict=True)
            ]
        plainly = partial(in_common, names=room.engine.links, project=warehouse.project, linked=linked)
    compared = [
        compare(query, *(each._replace(sentence=plainly(each.sentence)) for each in (ours, theirs)))
        for (query, ours), theirs in zip(sent, said, strict=True)
        if not theirs.reason
    ]
    unsent = [pair for pair in zip(queries, rehearsed, strict=True) if pair[1].reason]
    unsent += [(query, theirs) for (query, _), theirs in zip(sent, said, strict=True) if theirs.reason]
    show(terminal, compared, unsent)
    if file:
        save(file, compared)
        terminal.line(f"What BigQuery said, without data: {escape(str(file))}. Please open an issue with it.")
    terminal.next({"See what is left of the budgets": f"uv run dcr status{place.flags}"})
    return 1 if any(each.is_bad for each in compared) else 0


def names_in(warehouse: Warehouse, linked: str) -> set[str]:
    """The views and table functions of a linked dataset. Raises UserError where there is none."""
    client, path = warehouse.client, f"{warehouse.project}.{linked}"
    try:
        client.get_dataset(path)
        views = {table.table_id for table in client.list_tables(path)}
        return views | {routine.routine_id for routine in client.list_routines(path)}
    except NotFound:
        raise UserError(f"there is no dataset {path}: run `uv run dcr subscribe --dataset {linked}` first") from None


def queries_for(room: CleanRoom, shared: set[str], suffix: str) -> tuple[list[sql.Query], list[sql.Query]]:
    """The queries of the folders about what is shared, named as in the linked dataset: without and with noise.

    Where query templates are offered, only they can be asked, and a question of one's own is refused.
    """
    files = [*sql.read_questions("subscriber*", suffix), *sql.read_questions("call", suffix)]
    files += [query for folder in FOLDERS for query in sql.read_folder(folder, suffix) if "as" in query.comments]
    templates = {link for link, name in room.engine.links.items() if name in room.engine.functions}
    room.templates_only = bool(shared & {link.partition(".")[2] for link in templates})
    room.parameters = ["victim"]
    quiet: list[sql.Query] = []
    noisy: list[sql.Query] = []
    for query in files:
        text, names = linked_text(query.text, room.engine.links)
        is_own, is_there = "offered" in query.comments, {name.partition(".")[2] for name in names} <= shared
        is_asked = is_own or (is_there and (not names or bool(names & templates)))
        if is_asked if room.templates_only else is_there and not is_own:
            policies = [room.policies[room.engine.links[name]] for name in names - templates]
            has_noise = any(policy.differential_privacy_policy for policy in policies)
            (noisy if has_noise else quiet).append(query._replace(text=text))
    return quiet, noisy


def linked_text(text: str, links: Mapping[str, str]) -> tuple[str, set[str]]:
    """A text that names the views as in the linked dataset, and which of these names it has."""
    names = set()
    for link, name in links.items():
        text, times = re.subn(rf"\b{re.escape(name)}\b", link, text)
        names |= {link} if times else set()
    return text, names


def victim(room: CleanRoom, warehouse: Warehouse) -> str:
    """The key of one of the merchant's customers, for the queries that are about one person."""
    keys = room.rows(warehouse.named(f"{MERCHANT}.clean_room_keys"))
    return min((str(row[-1]) for row in keys), default="")


def rehearse(room: CleanRoom, query: sql.Query, values: Mapping[str, str]) -> Said:
    """What the rehearsal says to a query."""
    party, own = query.comment("as"), values if "@victim" in query.text else {}
    try:
        [answer] = room.answers(query.text, party, [own])
        return Said("", answer.columns, answer.rows, room.is_noisy(query.text, party))
    except Refused as refusal:
        reason = "this project has both parties' tables" if refusal.table else ""
        return Said(str(refusal), is_bigquerys=refusal.is_bigquerys, reason=reason)
    except NotUnderstood as error:
        missing = re.search(r"Table not found: (\S+)", str(error))
        return Said(str(error), reason="it reads what only the attack lab has" if missing else "")


def send(warehouse: Warehouse, query: sql.Query, values: Mapping[str, str], is_dry: bool = False) -> tuple[Said, int]:
    """Send a query to BigQuery, or a dry run of it: what it says, and how many bytes it reads."""
    config = bigquery.QueryJobConfig(
        query_parameters=warehouse.query_parameters(query, values), dry_run=is_dry, use_query_cache=False
    )
    if is_dry:  # the limit would hold for it, too
        config.maximum_bytes_billed = NO_LIMIT
    try:
        job = warehouse.client.query(query.text, config, retry=warehouse.retry, job_retry=warehouse.job_retry)
        if is_dry:
            return Said(), job.total_bytes_processed or 0
        rows = job.result(retry=warehouse.retry, job_retry=warehouse.job_retry)
        return Said("", [field.name for field in rows.schema], [row.values() for row in rows]), 0
    except (BadRequest, Forbidden, NotFound) as error:
        if reason_of(error) not in ANSWERS:
            raise
        return Said(on_one_line(message_of(error))), 0


def cost_of(room: CleanRoom, sizes: Sequence[int], is_spent: bool) -> str:
    """Say what the queries cost: what BigQuery bills, and what of the privacy budgets that all subscribers share."""
    text = f"They read at most {sum(sizes) / (1 << 20):,.0f} MiB: {price_of(sum(sizes))}."
    spent = [f"epsilon {float(epsilon):g} of {view}" for view, (epsilon, _) in room.budgets.spent.items() if epsilon]
    if not spent:
        return text
    budgets = f"Of the privacy budgets, which all subscribers share: {', '.join(spent)}"
    return f"{text} {budgets}." if is_spent else f"{text} {budgets}, with --yes only: those queries are not sent."


def in_common(sentence: str, names: Mapping[str, str], project: str, linked: str) -> str:
    """A sentence with the usual names of the views, and without names of the subscriber's own."""
    text = re.sub(rf"(?<![\w-]){re.escape(project)}[.:]", "", POSITION.sub("", sentence))
    for link, name in names.items():
        text = re.sub(rf"\b{re.escape(link)}\b", name, text)
    for own, instead in ((project, "PROJECT"), (linked, "LINKED_DATASET")):
        text = re.sub(rf"(?<![\w-]){re.escape(own)}(?![\w-])", instead, text)
    return EMAIL.sub("EMAIL", text)


def compare(query: sql.Query, rehearsed: Said, said: Said) -> Compared:
    """Compare what the rehearsal says with what BigQuery says. Rows with noise are never the same."""
    is_same_answer = [*rehearsed.columns] == [*said.columns] and (
        rehearsed.is_noisy or texts_of(rehearsed.rows) == texts_of(said.rows)
    )
    outcome = Outcome.SAME
    if bool(rehearsed.sentence) != bool(said.sentence):
        outcome = Outcome.VERDICT
    elif words_of(rehearsed.sentence) != words_of(said.sentence):
        outcome = Outcome.WORDS
    elif not is_same_answer:
        outcome = Outcome.ROWS
    return Compared(query, rehearsed, said, outcome)


def words_of(sentence: str) -> str:
    """The words of a sentence, without quotation marks and the full stop at its end."""
    return re.sub(r"[`'\"]", "", sentence).rstrip(". ")


def texts_of(rows: Sequence[Sequence[object]]) -> Counter[tuple[str, ...]]:
    """Rows in texts, in whatever order; decimal numbers to nine digits, as sums depend on the order of the rows."""
    return Counter(
        tuple(f"{value:.9g}" if isinstance(value, float) else plain(value, 1000) for value in row) for row in rows
    )


def show(terminal: Terminal, compared: Sequence[Compared], unsent: Sequence[tuple[sql.Query, Said]]) -> None:
    """Print each query and how it compares; where it does not, what was rehearsed and what BigQuery said."""
    rows = [[each.query.file, each.outcome.value] for each in compared]
    rows += [[query.file, f"{Outcome.NOT_SENT}: {ours.reason}"] for query, ours in unsent]
    terminal.table(["query", "BigQuery"], rows)
    for each in compared:
        if each.outcome is not Outcome.SAME:
            own = "" if each.rehearsed.is_bigquerys else " (our words)"
            terminal.item("[red]✗[/]" if each.is_bad else "[yellow]![/]", escape(f"{each.query.file}: {each.outcome}"))
            terminal.item("   rehearsed:", escape(plain(each.rehearsed.in_short, 1000) + own))
            terminal.item("   BigQuery: ", escape(plain(each.said.in_short, 1000)))
    same = sum(each.outcome is Outcome.SAME for each in compared)
    terminal.line(f"As rehearsed: {same} of {len(compared)} queries.")


def save(path: Path, compared: Sequence[Compared]) -> None:
    """Write what BigQuery said to each query, without rows. Raises UserError where the file cannot be written."""
    queries = [
        {
            "file": each.query.file,
            "as": each.query.comment("as"),
            "query": sql.read(each.query.file).text,
            "outcome": each.outcome.value,
            "answered": not each.said.sentence,
            "sentence": each.said.sentence,
            "columns": [*each.said.columns],
        }
        for each in compared
    ]
    content = {"day": f"{datetime.now(UTC):%Y-%m-%d}", "queries": queries}
    try:
        with write_whole(path) as file:
            file.write(json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): give another --save") from None
