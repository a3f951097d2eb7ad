"""Rehearses the clean room: asks the questions of sql/clean_room as a subscriber, over what a run has made."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import pandas as pd
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import SchemaField
from pydantic import SecretStr

from dcr_data_generator import sql, warehouse
from dcr_data_generator.clean_room import googlesql, views
from dcr_data_generator.clean_room.googlesql import NotUnderstood
from dcr_data_generator.clean_room.room import CleanRoom, Reply
from dcr_data_generator.clean_room.rules import Refused
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.use_cases import UseCase

QUERIES, REFUSED = "clean_room/queries", "clean_room/refused"
DRAWS = 20
# If the engine takes so many seconds to start, it must be compiling.
PATIENCE = 4
WHY_SO_LONG = (
    "This is the first rehearsal on this machine: Google's SQL engine, 28 MB of WebAssembly, is being compiled, which "
    "takes about 20 seconds. Later rehearsals load what was compiled."
)


class Noise(NamedTuple):
    """A group of an answer with noise: its name, the column, the truth, and what each draw gave (none: left out)."""

    group: str
    column: str
    truth: float
    draws: list[float]


class Rehearsed(NamedTuple):
    """A use case as a subscriber asks it: the open answer, the query, the protected answer, and the noise in it."""

    open: UseCase
    query: sql.Query
    reply: Reply
    noise: list[Noise]


class Attempt(NamedTuple):
    """An attempt that must fail: the query, why nothing came out, and whether something did."""

    query: sql.Query
    reason: str
    got_through: bool


@contextmanager
def starting(tell: Callable[[str], None]) -> Iterator[Callable[[], object]]:
    """Start Google's SQL engine while the block runs, and tell why if it takes long; yields what waits for it."""
    timer = threading.Timer(PATIENCE, tell, [WHY_SO_LONG])
    timer.daemon = True
    timer.start()
    with ThreadPoolExecutor(1) as thread:
        engine = thread.submit(googlesql.start)
        engine.add_done_callback(lambda _: timer.cancel())
        yield engine.result


def build(client: warehouse.Warehouse, salt: SecretStr, queries: Sequence[sql.Query]) -> CleanRoom:
    """Put the tables of both parties and the views over them into a clean room in memory.

    Only the columns are read that the views and these queries read.

    Raises:
        UserError: no run has made the tables yet.
    """
    schemas = find_tables(client)
    room = CleanRoom(
        {table: googlesql.kinds(schema) for table, schema in schemas.items()},
        sql.read_folder(views.FOLDER),
        salt,
    )
    wanted = {
        table: [field for field in schemas[table] if field.name in columns]
        for table, columns in room.columns_read(queries).items()
    }
    frames = dict(zip(wanted, client.read(wanted), strict=True))
    room.fill({table: rows(frame, schemas[table]) for table, frame in frames.items()})
    return room


def find_tables(client: warehouse.Warehouse) -> dict[str, Sequence[SchemaField]]:
    """Find the schemas of the five tables."""
    try:
        return {table: client.get_table(f"{client.project}.{table}").schema for table in FIVE_TABLES}
    except NotFound:
        raise UserError(
            f"there is nothing to rehearse with in {client.place}: "
            "run `uv run python -m dcr_data_generator.main` first, with the same flags"
        ) from None


def rows(frame: pd.DataFrame, schema: Sequence[SchemaField]) -> Iterator[tuple]:
    """Give the rows of a frame as tuples with a value for each column of a schema; one that was not read is None."""
    nothing = [None] * len(frame)
    columns = [
        frame[field.name].astype(object).where(frame[field.name].notna(), None).tolist()
        if field.name in frame
        else nothing
        for field in schema
    ]
    return zip(*columns, strict=True)


def rehearse(room: CleanRoom, open_answers: Sequence[UseCase], queries: Sequence[sql.Query]) -> list[Rehearsed]:
    """Ask the use cases as a subscriber; a query is named for its use case.

    Raises:
        UserError: a rule does not allow one of the queries.
    """
    rehearsed = []
    for query in queries:
        use_case = next(use_case for use_case in open_answers if query.name.startswith(use_case.name))
        try:
            reply = room.ask(query.text)
            noise = draw(room, query, reply, use_case) if is_noisy(room, query) else []
        except (Refused, NotUnderstood) as error:
            raise UserError(f"{query.name}.sql is refused: {error}") from None
        rehearsed.append(Rehearsed(use_case, query, reply, noise))
    return rehearsed


def is_noisy(room: CleanRoom, query: sql.Query) -> bool:
    """Whether a query is answered with noise."""
    return any(clause.keyword == "DIFFERENTIAL_PRIVACY" for clause in room.engine.clauses(query.text))


def draw(room: CleanRoom, query: sql.Query, first: Reply, truth: UseCase) -> list[Noise]:
    """Ask a question with noise until there are 20 answers, and compare them with the truth; each is paid for."""
    questions = [room.admit(query.text) for _ in range(DRAWS - 1)]
    answers = [first.answer, *room.draw(questions[0], len(questions))]
    drawn = [groups(answer.columns, answer.rows) for answer in answers]
    return [
        Noise(group, column, value, [answer[group, column] for answer in drawn if (group, column) in answer])
        for (group, column), value in groups(truth.columns, [row.values() for row in truth.rows]).items()
        if any((group, column) in answer for answer in drawn)
    ]


def groups(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Mapping[tuple[str, str], float]:
    """Find an answer's averages by group and column: a decimal number is an average, a text names the group."""
    found = {}
    for row in rows:
        name = ", ".join(str(value) for value in row if isinstance(value, str | bool))
        found |= {(name, column): value for column, value in zip(columns, row, strict=True) if isinstance(value, float)}
    return found


def attempt(room: CleanRoom, query: sql.Query) -> Attempt:
    """Try what must fail: a rule refuses it, BigQuery does not understand it, or no row comes out of it."""
    try:
        reply = room.ask(query.text)
    except (Refused, NotUnderstood) as error:
        return Attempt(query, str(error), False)
    if reply.answer.rows:
        return Attempt(query, f"{len(reply.answer.rows):,} rows came out", True)
    return Attempt(query, "No row came out: " + ("; ".join(reply.withheld) or "there was none"), False)
