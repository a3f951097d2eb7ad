"""The live page: how long it takes to start, and to answer its named queries."""

import time
from pathlib import Path

from dcr_data_generator.clean_room import project
from dcr_data_generator.clean_room.analysis_rules import Verdict
from dcr_data_generator.clean_room.play import buttons, play
from dcr_data_generator.clean_room.play.visitor import Visitor
from dcr_data_generator.clean_room.settings import Keys
from dcr_data_generator.console.terminal import Terminal
from tests.benchmarks.measure import seconds
from tests.support import emulator
from tests.support.settings import make_settings


def start(directory: Path) -> float:
    """How long the command takes until it prints the address of the page."""
    begin = time.perf_counter()
    flags = "play", "--embedded-dir", str(directory)
    with emulator.start_program(*flags, module="dcr_data_generator", cwd=directory.parent) as process:
        while "token=" not in (line := process.stdout.readline()):
            assert line, process.stderr.read()
        took = time.perf_counter() - begin
        process.terminate()
    return took


def ask_all(directory: Path) -> tuple[dict[str, float], dict[str, float]]:
    """How long the refusals take, and the questions with their open answers, by the words of their buttons."""
    place, terminal = make_settings(embedded_dir=directory).place, Terminal()
    with project.connected(place, terminal) as warehouse:
        room, victim = play.open_room(place, Keys(), terminal, warehouse)
        queries = buttons.read("", victim)
        refusals, questions = {}, {}
        for button in queries["Refusals"]:
            visitor = Visitor(room, button.party)
            took = seconds(lambda visitor=visitor, button=button: visitor.ask(button.text, button.is_template))
            if visitor.asked[0].reply.verdict is Verdict.REFUSED:
                refusals[button.label] = took
        for button in queries["Questions"]:
            visitor = Visitor(room, button.party)
            questions[button.label] = seconds(
                lambda visitor=visitor, button=button: (visitor.ask(button.text), visitor.open(button.text))
            )
    return refusals, questions
