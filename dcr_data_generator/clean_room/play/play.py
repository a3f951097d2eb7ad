"""Serves the live page on this computer, over the tables that a run has made."""

import importlib.util
import socket
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from google.api_core.exceptions import NotFound
from rich.markup import escape

from dcr_data_generator import main
from dcr_data_generator.clean_room import compiling, lab, project, salt, views
from dcr_data_generator.clean_room.analysis_rules import Answer, CleanRoom, Verdict
from dcr_data_generator.clean_room.attackers import PADDING, TIERS
from dcr_data_generator.clean_room.play import buttons, tour
from dcr_data_generator.clean_room.play.referee import Referee
from dcr_data_generator.clean_room.play.visitor import Asked
from dcr_data_generator.clean_room.settings import MERCHANT_PARTY, PARTY_NAMES, Keys, PlaySettings, RoomFolder
from dcr_data_generator.console import options, process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.output.report.report import Asking, add_to_report
from dcr_data_generator.parallel import WAIT_SECONDS
from dcr_data_generator.settings import Place
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.verify import use_cases
from dcr_data_generator.warehouse import hosts
from dcr_data_generator.warehouse.warehouse import Warehouse

if TYPE_CHECKING:  # it needs NiceGUI
    from dcr_data_generator.clean_room.play import page

PORT = 9060
NO_REPORT = "A clean room in a folder has no report to put this into."
MADE = "There were no tables, so the default five were made."
MAX_GUESSES = 40  # of each party's emails, for the attacks of a wallet that guesses


def run(settings: PlaySettings, terminal: Terminal) -> int:
    """Serve the page until a signal ends it; where there are no tables, make the default five first.

    Returns: the exit status that shells know for the signal, such as 130 for Ctrl-C; that of `make` where it is not 0.

    Raises:
        UserError: NiceGUI is not installed, the port is taken, or there are no tables on Google Cloud.
    """
    place = settings.place
    if not importlib.util.find_spec("nicegui"):
        raise UserError(f"the page needs NiceGUI: run `uv run --group play dcr play{place.flags}`")
    hosts.warn(settings.allow_host, terminal.warning, "and has the token asks the clean room, too")
    with listen(settings.port) as listener:
        show = partial(serve, listener, settings.allow_host, settings.open, terminal)
        if settings.room.room:
            return show(play_of_folder(settings.room, settings.as_, settings.tour, place.timeout, terminal))
        steps = tour.read(settings.tour or tour.FOLDER, place.suffix, PARTY_NAMES)
        if settings.as_ not in (None, *PARTY_NAMES):
            raise UserError(f"no party is called {settings.as_!r}: the parties are {', '.join(PARTY_NAMES)}")
        of_tables = partial(play_of_tables, place, settings.keys, settings.as_ or MERCHANT_PARTY, terminal, steps)
        if place.may_have_tables:
            with project.connected(place, terminal) as warehouse:
                if place.write_project_id or has_tables(warehouse):
                    return show(of_tables(warehouse))
        terminal.line("There are no tables yet: the default five are made first.")
        if status := make(place, terminal):
            return status
        with project.connected(place, terminal) as warehouse:
            return show(of_tables(warehouse, MADE))


def has_tables(warehouse: Warehouse) -> bool:
    """Whether a run has made all five tables."""
    with suppress(NotFound):
        return all(warehouse.client.get_table(warehouse.path(table)) for table in FIVE_TABLES)
    return False


def make(place: Place, terminal: Terminal) -> int:
    """Make the default five tables, as `dcr make` does; returns its exit status."""
    flags = ["--embedded-dir", str(place.embedded_dir), *(["--suffix", place.suffix] if place.suffix else [])]
    flags += ["--quiet"] if terminal.console.quiet else []
    return options.execute(main.command, "dcr make", flags, terminal)


@contextmanager
def listen(port: int | None) -> Iterator[socket.socket]:
    """Listen on a port of this computer; without one, on the usual port, or on any other where that is taken.

    Raises:
        UserError: the port that was given is taken.
    """
    try:
        listener = socket.create_server((hosts.LOCALHOST, PORT if port is None else port))
    except OSError as error:
        if port is not None:
            raise UserError(f"port {port} cannot be used ({error.strerror}): give another --port") from None
        listener = socket.create_server((hosts.LOCALHOST, 0))
    with listener:
        yield listener


def play_of_tables(
    place: Place,
    keys: Keys,
    party: str,
    terminal: Terminal,
    steps: Sequence[tour.Step],
    warehouse: Warehouse,
    notice: str = "",
) -> "page.Play":
    """Put the tables of a run behind the views."""
    from dcr_data_generator.clean_room.play import page

    with process.step(terminal, place.timeout, "Put both parties' tables behind the views") as done:
        room, victim = open_room(place, keys, terminal, warehouse)
        tour.check(steps, room)
        done.result = warehouse.name
    named = buttons.read(place.suffix, victim)
    referee = Referee(room, victim, place.suffix)
    return page.Play(room, named, party, notice, partial(save, warehouse, place), steps, referee)


def play_of_folder(
    place: RoomFolder, party: str | None, talk: Path | None, timeout: int, terminal: Terminal
) -> "page.Play":
    """Read a clean room of the user's own. Its talk is the one that the user gives, and it has no report."""
    from dcr_data_generator.clean_room.play import page
    from dcr_data_generator.clean_room.room_folder import folder, judge  # with DuckDB, which only they need

    path, sample = place.room, place.sample
    assert path
    with process.step(terminal, timeout, "Read the folder") as done:
        compiling.start(terminal)
        read = folder.read_room(path, sample)
        room = read.open()
        read_everything(room)
        steps = tour.read(talk, "", list(read.parties)) if talk else []
        tour.check(steps, room)
        done.result = f"the parties {', '.join(read.parties)}"
    terminal.notices(judge.large_tables(read, sample))
    first = read.party(party or next(iter(read.parties)))
    return page.Play(room, buttons.of_room(read), first, f"The clean room of {path}.", lambda _: NO_REPORT, steps)


def serve(listener: socket.socket, allowed: Sequence[str], opens: bool, terminal: Terminal, play: "page.Play") -> int:
    """Serve the page. Returns the exit status."""
    from dcr_data_generator.clean_room.play import server

    process.allow(0)  # the audience may take its time
    try:
        with server.serving(play, listener, allowed, terminal.warning) as addresses:
            for address in addresses:
                terminal.line(f"The page: {escape(address)}")
            terminal.line("Nothing that is asked there leaves this computer. End it with Ctrl-C.")
            if opens:
                webbrowser.open(addresses[0])
            while not threading.Event().wait(WAIT_SECONDS):
                continue
    except process.Stopped as stop:
        return stop.status
    return 0


def open_room(place: Place, keys: Keys, terminal: Terminal, warehouse: Warehouse) -> tuple[CleanRoom, str]:
    """Open the clean room with all its rows, so that nothing that is asked reaches BigQuery; and choose a victim.

    Returns: the room, and the hashed email of a customer who pays with the wallet, if there is one.
    """
    suffix = place.suffix
    secret = salt.given_or_drawn(keys.salt_file, terminal)
    more_views = views.read(suffix, folder=f"{lab.FOLDER}/views")
    own = {warehouse.named(name): columns for name, columns in lab.OWN_TABLES.values()}
    room = project.open_room(warehouse, secret, keys.normalize, more_views, own)
    read_everything(room)
    emails = [
        row[room.column_names(table).index("email")]
        for table in map(warehouse.named, ("merchant_provider.users", "ewallet_provider.provider_users"))
        for row in room.rows(table)[:MAX_GUESSES]
    ]
    payers = {row[0] for row in room.rows(warehouse.named("ewallet_clean_room.wallet_spend"))}
    customers = {row[0] for row in room.rows(warehouse.named("merchant_clean_room.customers"))}
    known = sorted(payers & customers)
    victim = next(iter(known), "")
    # As an attacker writes it about one person: the others are those among whom this person is counted, some of them in
    # the group of each value that a secret can have.
    values = [*TIERS, "true", "false"]
    own_list = [
        [victim, email, email == victim, values[number % len(values)]]
        for number, email in enumerate(known[: PADDING + 1])
    ]
    room.set_rows(warehouse.named(lab.OWN_TABLES["own_list"][0]), own_list)
    guesses = [[email, False] for email in dict.fromkeys(emails) if email]
    room.set_rows(warehouse.named(lab.OWN_TABLES["guessed_emails"][0]), guesses)
    return room, victim


def read_everything(room: CleanRoom) -> None:
    """Read all rows, and evaluate all views."""
    with room.lock:
        everything = [*room.tables.items(), *room.secrets.items(), *room.columns.items()]
        room.read({name: set(columns) for name, columns in everything})


def save(warehouse: Warehouse, place: Place, asked: Sequence[Asked]) -> str:
    """Put what was asked into the report, in a section of its own; returns what became of it, in a sentence."""
    if not asked:
        return "Nothing was asked yet."
    questions = [asking(each)._asdict() for each in asked]
    try:
        path = add_to_report(warehouse, place, use_cases.run(warehouse), {"asked": questions})
    except UserError as error:
        return f"Not saved: {error}."
    return f"The report has it now: {path}" if path else "There is no report of these tables: `dcr make` writes one."


def asking(asked: Asked) -> Asking:
    """What the report shows of a question."""
    reply = asked.reply
    answer = reply.answer or Answer([], [])
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows[: use_cases.MAX_ROWS]]
    said = reply.said if reply.verdict is Verdict.ALLOWED else reply.why
    return Asking(asked.party, asked.text, reply.verdict, said, rows, len(answer.rows))
