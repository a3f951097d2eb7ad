"""A command of the clean room that ends early says what it has changed."""

import signal
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import BadRequest

from dcr_data_generator.clean_room.publish import publish
from dcr_data_generator.clean_room.publish.calls import Call
from dcr_data_generator.clean_room.settings import Calls
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.warehouse import connect

NOTHING, CREATED = Call("a.get one", lambda: None, ""), Call("b.create two", lambda: "created", "")


def stop() -> None:
    """As Ctrl-C in the midst of a call."""
    signal.raise_signal(signal.SIGINT)


def fail() -> None:
    """As a call that is denied."""
    raise UserError("denied: ask for a role")


@pytest.mark.parametrize(
    ("calls", "line"),
    [
        ([NOTHING, Call("c.get three", stop, "")], "stopped by SIGINT (nothing was changed)"),
        ([NOTHING, Call("c.create three", stop, "")], "stopped by SIGINT (perhaps changed by c.create three)"),
        ([CREATED, Call("c.get three", fail, "")], "denied: ask for a role (changed by 1 call, b.create two)"),
        (
            [CREATED] * 16 + [Call("c.create three", lambda: "created", ""), NOTHING, Call("d.patch four", fail, "")],
            "denied: ask for a role (changed by 17 calls, the last of them c.create three; perhaps changed by d.patch "
            "four)",
        ),
    ],
)
def test_calls_that_end_early_are_told_from_those_that_were_made(
    calls: list[Call], line: str, capsys: pytest.CaptureFixture
) -> None:
    def command(terminal: Terminal) -> int:
        return publish.carry_out(calls, Calls(dry_run=False), terminal)

    assert process.run_safely(command) == (130 if "SIGINT" in line else 2)
    assert capsys.readouterr().err == f"error: {line}\n"


def test_an_error_of_bigquery_s_keeps_what_is_noted_on_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def command(terminal: Terminal) -> int:
        with connect.connect(Place(location="US")):
            return publish.carry_out([CREATED, Call("c.patch three", break_down, "")], Calls(dry_run=False), terminal)

    def break_down() -> None:
        raise BadRequest("oops")  # is not sent again, which takes minutes

    monkeypatch.setattr(connect, "place_of", lambda place: nullcontext(SimpleNamespace(changes="")))
    assert process.run_safely(command) == 2
    assert capsys.readouterr().err.endswith(" (changed by 1 call, b.create two; perhaps changed by c.patch three)\n")


@pytest.mark.parametrize(
    ("text", "only_reads"),
    [
        ("bigquery.tables.get my-project.merchant_provider.users", True),
        ("analyticshub.listings.list exchange and other, what noise takes away from subscribers", True),
        ("analyticshub.dataExchanges.listSubscriptions exchange", True),
        ("analyticshub.dataExchanges.listSubscriptions exchange, subscriptions.revoke of all others", False),
        ("analyticshub.dataExchanges.setIamPolicy exchange.get it", False),
    ],
)
def test_what_only_reads_is_told_from_what_changes(text: str, only_reads: bool) -> None:
    assert Call(text, lambda: None, "").only_reads == only_reads
