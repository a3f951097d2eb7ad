"""What the clean room's command takes and does; the flags of main say where the data is."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.markup import escape

from dcr_data_generator import shutdown, sql
from dcr_data_generator.clean_room import salt
from dcr_data_generator.errors import UserError
from dcr_data_generator.main import CONSTANTS
from dcr_data_generator.settings import Settings, check_project, load
from dcr_data_generator.terminal import Terminal

if TYPE_CHECKING:
    from google.cloud.bigquery_analyticshub_v1 import AnalyticsHubServiceClient

    from dcr_data_generator.clean_room.room import CleanRoom
    from dcr_data_generator.warehouse import Warehouse

PROGRAM = "python -m dcr_data_generator.clean_room"
FLAGS_OF_MAIN = "Further flags are those of python -m dcr_data_generator.main, such as --write-project-id."


class Flags(argparse.ArgumentParser):
    """Reads the flags; says in one line what is wrong with them."""

    def error(self, message: str) -> NoReturn:
        """Refuse the flags."""
        raise UserError(f"{message}; --help lists the flags")


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, publish or unpublish; returns the exit status: 1 where an attempt gets through, 2 for a problem."""
    terminal = Terminal()
    with shutdown.handle_signals():
        try:
            flags, others = read_flags(sys.argv[1:] if arguments is None else arguments)
            return flags.command(flags, load(CONSTANTS, others), terminal)
        except UserError as problem:
            terminal.problem(str(problem))
            return 2
        except ModuleNotFoundError as error:
            terminal.problem(
                f"the clean room is not installed ({error.name} is missing): run `uv sync --group clean-room`"
            )
            return 2
        except shutdown.TimedOut:
            terminal.problem("BigQuery did not answer in time: run again, or give a longer --timeout")
            return 2
        except shutdown.Stopped as stop:
            terminal.problem(f"stopped by {stop}")
            return stop.status


def read_flags(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the clean room's own flags; what is left over are main's.

    Raises:
        UserError: there is no command, or a flag has no value.
    """
    parser = Flags(prog=PROGRAM, description="The clean room between the two parties.", allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="rehearse | publish | unpublish")

    def add(name: str, command: Callable, meaning: str) -> Flags:
        added = commands.add_parser(name, help=meaning, description=meaning, epilog=FLAGS_OF_MAIN, allow_abbrev=False)
        added.set_defaults(command=command)
        return added

    rehearse_flags = add("rehearse", rehearse, "Ask the use cases, and what must not be asked, under the views' rules.")
    rehearse_flags.add_argument("--query", type=Path, metavar="FILE", help="Ask this query instead, as a subscriber.")
    rehearse_flags.add_argument("--salt-file", type=Path, metavar="FILE", help="The salt; without it one is drawn.")

    publish_flags = add("publish", publish, "Create the clean room on Google Cloud, or change what differs.")
    unpublish_flags = add("unpublish", unpublish, "Take away from Google Cloud what publish made.")
    for published in (publish_flags, unpublish_flags):
        published.add_argument("--provider-project-id", metavar="ID", help="The provider's project, if it has its own.")
        published.add_argument("--dry-run", action="store_true", help="Print every call instead of making it.")
    publish_flags.add_argument("--salt-file", type=Path, metavar="FILE", help=f"The salt; else {salt.VARIABLE} has it.")
    publish_flags.add_argument(
        "--subscriber", action="append", default=[], metavar="WHO", help="Who may subscribe: user:... or group:..."
    )
    publish_flags.add_argument("--allow-egress", action="store_true", help="Let subscribers export their results.")
    return parser.parse_known_args(list(arguments))


def rehearse(flags: argparse.Namespace, settings: Settings, terminal: Terminal) -> int:
    """Rehearse: the use cases, the noise and the attempts that must fail, or a query of the person's own."""
    secret = salt.given_or_drawn(flags.salt_file)
    own = read_query(flags.query) if flags.query else None
    if settings.write_project_id is None and not settings.embedded_dir.exists():
        raise UserError(
            f"there is nothing to rehearse with in {settings.embedded_dir}: "
            "run `uv run python -m dcr_data_generator.main` first"
        )
    # Here, so that a wrong flag is told at once: these take their time.
    from dcr_data_generator import use_cases, warehouse
    from dcr_data_generator.clean_room import kept, rehearsal, show

    terminal.time_limit = settings.timeout
    with ExitStack() as stack:
        with terminal.step("Start Google's SQL engine, and connect"):
            started = stack.enter_context(rehearsal.starting(terminal.line))
            client = stack.enter_context(warehouse.connect(settings, fill_source=False))
            started()
        terminal.line(f"Rehearsing the clean room on {escape(client.place)}.")
        with terminal.step("Put both parties' tables behind the views"):
            queries = [own] if own else sql.read_folder(rehearsal.QUERIES)
            attempts = [] if own else sql.read_folder(rehearsal.REFUSED)
            room = rehearsal.build(client, secret, [*queries, *attempts])
        if own:
            return ask(terminal, room, own)
        with terminal.step("Ask the four questions, openly and as a subscriber"):
            rehearsed = rehearsal.rehearse(room, use_cases.run(client), queries)
        show.use_cases(terminal, rehearsed)
        kept.keep(rehearsed, kept.path_of(client.project, settings.embedded_dir))
        tried = [rehearsal.attempt(room, query) for query in attempts]
        show.attempts(terminal, tried)
    return 1 if any(attempt.got_through for attempt in tried) else 0


def publish(flags: argparse.Namespace, settings: Settings, terminal: Terminal) -> int:
    """Publish, or change what differs from what is published."""
    secret = salt.required(flags.salt_file)
    for subscriber in flags.subscriber:
        if not re.fullmatch(r"(user|group|serviceAccount|domain):[^\s:]+", subscriber):
            raise UserError(
                f"--subscriber {subscriber!r} is not allowed: give user:... or group:..., with an email address"
            )
    from dcr_data_generator.clean_room.publication import to_publish

    return take_steps(flags, settings, terminal, lambda plan: to_publish(plan, secret))


def unpublish(flags: argparse.Namespace, settings: Settings, terminal: Terminal) -> int:
    """Take away what publish made."""
    from dcr_data_generator.clean_room.publication import to_unpublish

    return take_steps(flags, settings, terminal, to_unpublish)


def take_steps(flags: argparse.Namespace, settings: Settings, terminal: Terminal, steps: Callable) -> int:
    """Take the steps one after the other, or print them."""
    if settings.write_project_id is None or os.environ.get("BIGQUERY_EMULATOR_HOST"):
        raise UserError(
            "there is sharing on Google Cloud only: give --write-project-id, or rehearse, which runs anywhere"
        )
    from dcr_data_generator.clean_room import shared
    from dcr_data_generator.clean_room.plan import Plan

    provider = provider_project(flags.provider_project_id, settings)
    with ExitStack() as stack:
        clients = cache(lambda project: connect(stack, settings, project))
        plan = Plan(
            projects={"merchant": settings.write_project_id, "ewallet": provider},
            location=settings.location,
            views=shared.read(),
            subscribers=sorted(set(getattr(flags, "subscriber", []))),
            allow_egress=getattr(flags, "allow_egress", False),
            client_of=clients,
            sharing_client=cache(connect_to_sharing),
        )
        for step in steps(plan):
            if flags.dry_run:
                terminal.line(f"  would call {escape(step.call)}")
                continue
            done = step.take()
            mark, outcome = ("[green]✓[/]", done) if done else ("[dim]=[/]", "as it was")
            terminal.line(f"{mark} {escape(step.call)} [dim]({outcome})[/]")
    return 0


def provider_project(given: str | None, settings: Settings) -> str:
    """The provider's project: the merchant's, unless another is given."""
    if given is None:
        return settings.write_project_id
    try:
        return check_project(given)
    except ValueError:
        raise UserError(f"--provider-project-id {given!r} is not allowed: give a project id of your own") from None


def connect(stack: ExitStack, settings: Settings, project: str) -> "Warehouse":
    """Connect to a party's project."""
    from dcr_data_generator import warehouse

    elsewhere = settings.model_copy(update={"write_project_id": project})
    return stack.enter_context(warehouse.connect(elsewhere, fill_source=False))


def connect_to_sharing() -> "AnalyticsHubServiceClient":
    """Connect to the sharing API, with the same credentials as to BigQuery."""
    from google.cloud.bigquery_analyticshub_v1 import AnalyticsHubServiceClient

    return AnalyticsHubServiceClient()


def read_query(file: Path) -> sql.Query:
    """Read a person's own query.

    Raises:
        UserError: the file cannot be read or is empty.
    """
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError):
        raise UserError(f"--query {file} cannot be read: give a text file with one query") from None
    if not text.strip():
        raise UserError(f"--query {file} is empty: write a query into it")
    return sql.Query(file.stem, [], text)


def ask(terminal: Terminal, room: "CleanRoom", query: sql.Query) -> int:
    """Ask a person's own query as a subscriber."""
    from dcr_data_generator.clean_room import show
    from dcr_data_generator.clean_room.googlesql import NotUnderstood
    from dcr_data_generator.clean_room.rules import Refused

    try:
        show.reply(terminal, room.ask(query.text))
    except Refused as reason:
        terminal.line(f"[red]✗[/] refused: {escape(str(reason))}")
        return 1
    except NotUnderstood as error:
        raise UserError(f"{query.name}: {error}") from None
    return 0
