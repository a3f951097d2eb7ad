"""The command that serves the live page: what it needs, and what it makes first."""

import importlib.util
import signal
import socket
from pathlib import Path

import pytest

from dcr_data_generator.clean_room.analysis_rules import Verdict
from dcr_data_generator.clean_room.play import play
from dcr_data_generator.clean_room.play.visitor import Visitor
from dcr_data_generator.clean_room.settings import Keys, RoomFolder
from dcr_data_generator.commands import group
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.warehouse.embedded import guard
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator


def test_without_nicegui_one_line_names_the_command_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    directory = tmp_path / "my data"
    status, out, err = emulator.run_here("play", "--embedded-dir", str(directory), command=group.main)
    assert (status, out) == (2, "")
    assert f"run `uv run --group play dcr play --embedded-dir '{directory}'`" in emulator.only_line(err)
    assert not directory.exists()


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        flags = "play", "--port", port, "--embedded-dir", str(tmp_path / "data")
        status, _, err = emulator.run_here(*flags, command=group.main)
    assert status == 2
    assert f"port {port} cannot be used" in emulator.only_line(err)


@pytest.mark.parametrize("flags", [["play"], ["serve"]])
@pytest.mark.parametrize("host", ["http://me.example.dev", "me.example.dev:443", "me", "*", ""])
def test_what_is_no_host_is_refused(flags: list[str], host: str) -> None:
    status, _, err = emulator.run_here(*flags, "--allow-host", host, command=group.main)
    assert status == 2
    assert "the name of a host without a port" in emulator.only_line(err)


def test_a_forwarded_name_reaches_the_embedded_bigquery_only_where_it_is_allowed() -> None:
    scope = {"type": "http", "method": "GET", "headers": [(b"host", b"me.example.dev")]}
    assert guard.is_of_a_page(scope)
    assert not guard.is_of_a_page(scope, ["me.example.dev"])
    assert guard.is_of_a_page(
        scope | {"headers": [*scope["headers"], (b"sec-fetch-site", b"none")]}, ["me.example.dev"]
    )


@pytest.mark.slow
def test_nothing_that_is_asked_reads_from_bigquery(default_run: Warehouse) -> None:
    room, victim = play.open_room(default_run.settings, Keys(), Terminal(), default_run)

    def load(name: str, _: object) -> list:
        raise AssertionError(f"{name} was read")

    room.load = load
    for button in [button for buttons in play.buttons.read("", victim).values() for button in buttons]:
        asked = Visitor(room, button.party).ask(button.text, button.is_template)
        is_mistake = "date_of_birth" in button.text or "1 / 0" in button.text  # the latter is an attack
        assert asked.reply.verdict in (Verdict.ALLOWED, Verdict.REFUSED) or is_mistake, button.label
    assert len(victim) == 64


@pytest.mark.slow
def test_a_room_folder_has_its_parties_and_its_queries_on_the_page(tmp_path: Path) -> None:
    pytest.importorskip("nicegui", reason="`uv run --group play pytest -m slow` tests the live page")
    assert group.main(["new", str(tmp_path / "room")]) == 0
    made = play.play_of_folder(RoomFolder(room=tmp_path / "room"), None, None, 60, Terminal())
    assert list(made.room.parties) == ["bank", "telco"]
    assert made.first_party == "bank"
    verdicts = {
        kind: {Visitor(made.room, button.party).ask(button.text).reply.verdict for button in buttons}
        for kind, buttons in made.buttons.items()
    }
    assert verdicts["Allowed"] == {Verdict.ALLOWED}
    assert Verdict.REFUSED in verdicts["Refused"]
    assert made.save([]) == play.NO_REPORT


@pytest.mark.slow
def test_where_there_are_no_tables_the_default_five_are_made_first(tmp_path: Path) -> None:
    pytest.importorskip("nicegui", reason="`uv run --group play pytest -m slow` tests the live page")
    [port] = emulator.free_ports(1)
    with emulator.start_program("play", "--port", str(port), module="dcr_data_generator", cwd=tmp_path) as process:
        lines = []
        while "token=" not in "".join(lines[-1:]):
            lines.append(process.stdout.readline())
            assert lines[-1], f"{lines}{process.stderr.read()}"
        process.send_signal(signal.SIGINT)
        assert emulator.end_of(process)[0] == 130
    printed = "".join(lines)
    assert printed.startswith("There are no tables yet: the default five are made first.")
    assert "36 checks passed" in printed
