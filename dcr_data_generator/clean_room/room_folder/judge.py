"""Tests a room folder: asks its queries, compares the verdicts with those that are expected, and names what is weak."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from rich.markup import escape

from dcr_data_generator.clean_room import compiling
from dcr_data_generator.clean_room.analysis_rules import Reply, Verdict
from dcr_data_generator.clean_room.room_folder.folder import read_room
from dcr_data_generator.clean_room.room_folder.room import Room, RoomQuery
from dcr_data_generator.clean_room.room_folder.sample import MOST_ROWS
from dcr_data_generator.clean_room.room_folder.weak_spots import weak_spots
from dcr_data_generator.clean_room.settings import RoomTestSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Step, Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.output.whole_file import write_whole
from dcr_data_generator.values import counted, quoted


@dataclass(frozen=True)
class Judgement:
    """A query and what became of it: whether it was expected, in a line, and why it was refused, if that surprises."""

    query: RoomQuery
    is_expected: bool
    line: str
    why: Sequence[str] = field(default_factory=list)


def run(settings: RoomTestSettings, terminal: Terminal) -> int:
    """Test a room folder.

    Returns: the exit status: 0; 1 where a query gets another verdict than expected.

    Raises:
        UserError: something in the folder is wrong, or it has no queries.
    """
    step = partial(process.step, terminal, settings.timeout)
    with step("Read the folder") as done:
        folder = folder_of(settings.folder)
        compiling.start(terminal)
        room = read_room(folder, settings.sample)
        if not [*room.allowed, *room.refused]:
            raise UserError(f"{settings.folder} has no allowed/*.sql and no refused/*.sql: there is nothing to test")
        clean_room = room.open()
        tables, views = counted(len(room.tables), "table"), counted(len(room.views), "view")
        done.result = f"{tables}, {views}, the parties {', '.join(room.parties)}"
    terminal.notices(large_tables(room, settings.sample))
    judgements = []
    with terminal.console.status("") as status:
        for query in Step("Ask the queries", status).counted([*room.allowed, *room.refused]):
            clean_room.renew_budgets()  # so that no query depends on those before it
            judgements.append(judge(query, clean_room.ask(query.text, query.party, settings.timeout)))
            show(terminal, judgements[-1])
    spots = weak_spots(room, clean_room)
    for spot in spots:
        terminal.item("[yellow]![/]", escape(str(spot)))
    wrong = [each for each in judgements if not each.is_expected]
    terminal.line(f"{counted(len(judgements), 'query', 'queries')}: {summary(len(judgements), len(wrong), len(spots))}")
    if settings.junit:
        with write_whole(settings.junit) as file:
            file.write(junit(room.name, judgements))
    room_folder, [first, *_] = quoted(str(settings.folder)), [*room.allowed, *room.refused]
    terminal.next(
        {"Test it again": f"uv run dcr test {room_folder}"}
        if wrong
        else {"Ask your own question": f"uv run dcr ask --room {room_folder} --as {quoted(first.party)}"}
    )
    return 1 if wrong else 0


def folder_of(text: str | None) -> Path:
    """The folder that a command is given. Raises UserError where it is given none."""
    if not text:
        raise UserError("give the folder of a clean room: `dcr new FOLDER` writes one to start from")
    return Path(text).expanduser()


def large_tables(room: Room, sample: int | None) -> list[str]:
    """Say which tables take long to load, and what to do."""
    return [
        f"{name} has {rows:,} rows, and loading takes about {rows * 20 // MOST_ROWS} seconds: "
        f"--sample {MOST_ROWS} reads about so many of them, by key"
        for name, rows in room.rows.items()
        if rows > MOST_ROWS and sample is None
    ]


def judge(query: RoomQuery, reply: Reply) -> Judgement:
    """Compare a verdict with the one that is expected."""
    expected = f"expected a refusal by {query.because}" if query.because else "expected an answer"
    if reply.verdict is Verdict.ERROR:
        return Judgement(query, False, f"error: {expected} ({query.file})", [reply.sentence])
    if reply.verdict is Verdict.REFUSED:
        if reply.because == query.because:
            return Judgement(query, True, f"refused: {reply.because} ({query.file})")
        return Judgement(query, False, f"refused: {reply.because}, {expected} ({query.file})", reply.why)
    rows = len(reply.answer.rows) if reply.answer else 0
    said = f"answered: {counted(rows, 'row')}"
    if query.because:
        return Judgement(query, False, f"{said}, {expected} ({query.file})")
    if query.rows not in (None, rows):
        return Judgement(query, False, f"{said}, expected {query.rows:,} ({query.file})", reply.said)
    return Judgement(query, True, f"{said} ({query.file})")


def show(terminal: Terminal, judgement: Judgement) -> None:
    """Print a query's line, and why, if it surprises."""
    terminal.item("[green]✓[/]" if judgement.is_expected else "[red]✗[/]", escape(judgement.line))
    for line in judgement.why:
        terminal.item("   ", escape(line))


def summary(queries: int, wrong: int, spots: int) -> str:
    """Say in a line what came out."""
    verdict = "all as expected" if not wrong else f"{queries - wrong:,} as expected, {wrong:,} not"
    return f"{verdict}; {counted(spots, 'warning')}."


def junit(name: str, judgements: Sequence[Judgement]) -> bytes:
    """What came out, as JUnit's XML."""
    wrong = sum(not each.is_expected for each in judgements)
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(judgements)), failures=str(wrong))
    for each in judgements:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=each.query.file)
        if not each.is_expected:
            ElementTree.SubElement(case, "failure", message=each.line).text = "\n".join(each.why)
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
