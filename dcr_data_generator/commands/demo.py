"""The whole story by one command: makes the tables, rehearses the clean room and attacks it, all in one report."""

import webbrowser
from collections.abc import Callable
from functools import partial

from dcr_data_generator import main
from dcr_data_generator.clean_room import attack, rehearse
from dcr_data_generator.clean_room.settings import AttackSettings, RehearseSettings, RoomFolder
from dcr_data_generator.commands.settings import DemoSettings
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.settings import MakeSettings, Report


def run(settings: DemoSettings, terminal: Terminal) -> int:
    """Run one command after another, and open their report.

    Returns: the exit status: 0; otherwise that of the first command that did not end well, which is the last one.

    Raises:
        UserError: as the commands do.
    """
    parts = parts_of(settings)
    for number, (title, command) in enumerate(parts.items(), start=1):
        terminal.line(f"{'\n' if number > 1 else ''}[bold]{number} of {len(parts)}: {title}[/]")
        terminal.goes_on = number < len(parts)
        if status := command(terminal):
            return status
    if not settings.report.no_report:
        webbrowser.open(settings.report.report.absolute().as_uri())
    return 0


def parts_of(settings: DemoSettings) -> dict[str, Callable[[Terminal], int]]:
    """The commands of the demo, by their titles."""
    place, snapshot, draws, screen = settings.place, settings.snapshot, settings.draws, settings.screen
    file = settings.report
    made = MakeSettings(
        place=place,
        snapshot=snapshot,
        draws=draws,
        result=settings.result,
        report=Report(report=file.report, no_report=file.no_report, open=False),
        screen=screen,
    )
    rehearsed = RehearseSettings(
        place=place, source=snapshot, rates=draws, keys=settings.keys, report=file, screen=screen
    )
    parts: dict[str, Callable[[Terminal], int]] = {
        "make the tables": partial(main.make, made),
        "rehearse the clean room": partial(rehearse.run, rehearsed),
    }
    if not settings.quick:
        attacked = AttackSettings(place=place, room=RoomFolder(), seed=draws.seed, report=file, screen=screen)
        parts["attack the clean room"] = partial(attack.run, attacked)
    return parts
