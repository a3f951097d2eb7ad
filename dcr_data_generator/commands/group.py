"""The command `dcr`: one group of commands, each of which is imported when it runs.

So `--help` is instant, and Ctrl-C ends a command in one line while it is still being imported.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import Any

import click
from rich_click import RichCommandPanel, RichGroup

from dcr_data_generator.clean_room.settings import (
    AskSettings,
    AttackSettings,
    ExerciseSettings,
    NewSettings,
    PlanSettings,
    PlaySettings,
    PublishSettings,
    RehearseSettings,
    RoomTestSettings,
    StatusSettings,
    SubscribeSettings,
    UnpublishSettings,
    UnsubscribeSettings,
)
from dcr_data_generator.commands.settings import (
    DemoSettings,
    IdentitySettings,
    ModelSettings,
    RemoveSettings,
    ServeSettings,
)
from dcr_data_generator.console import options, process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.main import CONSTANTS
from dcr_data_generator.main import command as make

# The commands by the panels of the help: what runs, its settings, and its help text.
COMMANDS: dict[str, dict[str, tuple[str, type, str]]] = {
    "Make": {
        "remove": (
            "commands.remove:run",
            RemoveSettings,
            "Delete the tables of a run, and the two datasets if nothing else is in them.",
        ),
        "serve": ("commands.serve:run", ServeSettings, "Serve the tables to any BigQuery client, until Ctrl-C."),
        "identity": (
            "commands.identity:run",
            IdentitySettings,
            "Compare whom the two parties find by their emails, and by phone numbers, with who they are.",
        ),
    },
    "Try the clean room, here": {
        "demo": (
            "commands.demo:run",
            DemoSettings,
            "Make the tables, rehearse the clean room and attack it, into one report, which opens at the end.",
        ),
        "play": (
            "clean_room.play.play:run",
            PlaySettings,
            "Open a page on which an audience asks the clean room, and sees what it answers.",
        ),
        "exercise": (
            "clean_room.exercise:run",
            ExerciseSettings,
            "Show an exercise, or judge what you submit: N is its number, and without it all are listed.",
        ),
        "ask": (
            "clean_room.ask:run",
            AskSettings,
            "Ask one query as a party of the clean room: QUERY is the SQL, a file with it, or - for standard input. "
            "Without it, a prompt stays open.",
        ),
        "rehearse": (
            "clean_room.rehearse:run",
            RehearseSettings,
            "Ask the four questions, and what must be refused, as a subscriber would.",
        ),
        "attack": (
            "clean_room.attack:run",
            AttackSettings,
            "Attack the clean room with permitted questions, and count who is right.",
        ),
        "plan": (
            "clean_room.plan:run",
            PlanSettings,
            "Plan a privacy budget: what each epsilon costs in accuracy, and what it gives away.",
        ),
        "test": (
            "clean_room.room_folder.judge:run",
            RoomTestSettings,
            "Test a clean room of your own: FOLDER has its tables, views, and queries that are allowed or refused.",
        ),
        "new": (
            "clean_room.room_folder.new:run",
            NewSettings,
            "Write an example of a clean room to a new FOLDER: a bank and a telco, with one mistake to find.",
        ),
    },
    "On Google Cloud": {
        "publish": (
            "clean_room.publish.publish:publish",
            PublishSettings,
            "Share a level of the clean room, or change what differs.",
        ),
        "unpublish": ("clean_room.publish.publish:unpublish", UnpublishSettings, "Delete what publish created."),
        "status": (
            "clean_room.publish.status:run",
            StatusSettings,
            "Show levels, listings, subscriptions, and what is left of the privacy budgets.",
        ),
        "subscribe": (
            "clean_room.subscribe:subscribe",
            SubscribeSettings,
            "Create a linked dataset with the clean room's views, as a subscriber.",
        ),
        "refresh": (
            "clean_room.subscribe:refresh",
            UnsubscribeSettings,
            "Take over views that the publisher has added or removed.",
        ),
        "unsubscribe": (
            "clean_room.subscribe:unsubscribe",
            UnsubscribeSettings,
            "Delete the subscription and its linked dataset.",
        ),
        "model": (
            "commands.model:run",
            ModelSettings,
            "Train a model on both parties' tables: which customers would be Premium or Business in the wallet.",
        ),
    },
}
# Former names of commands, and what does the same now.
FORMER = {"main": "make", "clean_room": "rehearse", "embedded": "serve"}


class Commands(RichGroup):
    """A group that names the nearest command where one is unknown."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first argument."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            nearest = FORMER.get(name) or next(iter(get_close_matches(name, self.commands, n=1, cutoff=0.5)), None)
            hint = f": did you mean `dcr {nearest}`?" if nearest else ""
            raise click.UsageError(f"there is no command {name!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


def later(place: str) -> Callable[[Any, Terminal], int]:
    """A function of a module of the package, such as commands.serve:run, which is imported when it is called.

    From then on the command's --timeout counts, which each step begins again.
    """
    module, function = place.split(":")

    def run(settings: Any, terminal: Terminal) -> int:  # noqa: ANN401
        command = getattr(import_module(f"dcr_data_generator.{module}"), function)
        process.allow(options.timeout_of(settings))
        return int(command(settings, terminal))

    return run


@click.pass_context
def show_help(context: click.Context) -> int:
    """Print the help where no command is given."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 0


group = Commands(
    name="dcr",
    help="Make the two sides of a BigQuery data clean room, and try the clean room itself.",
    invoke_without_command=True,
    callback=show_help,
    context_settings=options.CONTEXT,
)
group = options.with_version(group)
group.add_command(make)
for title, commands in COMMANDS.items():
    first = ["make"] if title == "Make" else []
    group.add_panel(RichCommandPanel(title, commands=[*first, *commands]))
    for name, (place, settings, text) in commands.items():
        group.add_command(options.command(name, text, settings, later(place), CONSTANTS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `dcr`; returns the exit status, as main.main does."""
    return process.run_safely(partial(options.execute, group, "dcr", arguments))


def run_and_exit() -> None:
    """Run `dcr` as a program."""
    process.exit_with(main)
