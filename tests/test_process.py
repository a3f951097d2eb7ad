"""How a run ends early: signals, deadlines, and temporary files."""

import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError


@pytest.fixture(autouse=True)
def _terminal_that_can_be_closed() -> Iterator[None]:
    """Hear SIGHUP, whatever these tests were started by, such as nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        *(pytest.param(other, marks=pytest.mark.slow) for other in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)),
    ],
)
def test_a_signal_that_comes_where_python_ignores_exceptions_still_stops_the_run(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a finalizer, in a callback of the import system, or in a function of pyarrow's that cannot raise: Python
    # would print what is raised, which is not for a person, and goes on.
    printed = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)

    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(number)

    def go_on() -> None:
        with process.handle_signals():
            finalized = Finalized()
            del finalized
            end = time.monotonic() + 5
            while time.monotonic() < end:
                time.sleep(0.01)

    with pytest.raises((process.Stopped, process.TimedOut)):
        go_on()
    assert printed == []
    assert sys.unraisablehook == printed.append


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_in_one_line_and_leaves_no_temporary_file(
    number: int, status: int, capsys: pytest.CaptureFixture
) -> None:
    folders = []

    def command(terminal: Terminal) -> int:
        folders.append(Path(tempfile.mkdtemp()))
        (folders[0] / "upload").touch()
        signal.raise_signal(number)
        return 0

    assert process.run_safely(command) == status
    assert capsys.readouterr().err == f"error: stopped by {signal.Signals(number).name} (nothing was replaced)\n"
    assert not folders[0].parent.exists()


def test_under_nohup_a_run_goes_on_when_its_terminal_is_closed() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert process.run_safely(lambda terminal: signal.raise_signal(signal.SIGHUP) or 0) == 0


def test_a_step_that_takes_too_long_ends_a_command_in_one_line(capsys: pytest.CaptureFixture) -> None:
    def command(terminal: Terminal) -> int:
        with process.step(terminal, 0.05, "Wait"):
            while True:
                time.monotonic()

    assert process.run_safely(command) == 2
    assert capsys.readouterr().err.startswith("error in the step 'Wait': this took longer than --timeout allows")


def test_what_comes_after_a_step_has_an_end_too(capsys: pytest.CaptureFixture) -> None:
    def command(terminal: Terminal) -> int:
        with process.step(terminal, 0.05, "Wait"):
            pass
        while True:
            time.monotonic()

    assert process.run_safely(command) == 2
    assert capsys.readouterr().err.startswith("error: this took longer than --timeout allows")


def test_what_clears_up_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(process, "CLEARING_SECONDS", 0.01)
    monkeypatch.setattr(process, "REPEAT_SECONDS", 0.02)

    def command(terminal: Terminal) -> int:
        with process.step(terminal, 0.05, "Wait"):
            try:
                while True:
                    time.monotonic()
            finally:  # as the deletion of a temporary dataset where nobody answers
                while True:
                    time.monotonic()

    assert process.run_safely(command) == 2
    assert capsys.readouterr().err.startswith("error in the step 'Wait': this took longer than --timeout allows")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("wrong: do this"), "error: wrong: do this"),
        (
            OSError(5, "It broke", "a.csv"),
            "error: I/O error: It broke (a.csv) (nothing was replaced)",
        ),
        (
            RuntimeError("can't start new thread"),
            "error: no more threads can be started: raise the limit of processes (`ulimit -u`), or of memory "
            "(`ulimit -v`) (nothing was replaced)",
        ),
        (
            MemoryError(),
            "error: there is not enough memory: give fewer --days, or raise the limit (`ulimit -v`) (nothing was "
            "replaced)",
        ),
    ],
)
def test_an_error_ends_a_command_in_one_line(error: Exception, line: str, capsys: pytest.CaptureFixture) -> None:
    def command(terminal: Terminal) -> int:
        raise error

    assert process.run_safely(command) == 2
    assert capsys.readouterr().err == f"{line}\n"


def test_an_unexpected_error_is_one_line_that_says_where_it_came_from(capsys: pytest.CaptureFixture) -> None:
    def command(terminal: Terminal) -> int:
        return {}["datasetReference"]

    assert process.run_safely(command) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: unexpected KeyError ('datasetReference') in ")
    assert "test_process.py, line " in line
    assert line.endswith("(nothing was replaced)")


def test_a_note_of_python_s_on_an_error_is_not_taken_for_what_was_replaced(capsys: pytest.CaptureFixture) -> None:
    def command(terminal: Terminal) -> int:
        class Finder:
            def __set_name__(self, *_: object) -> None:
                signal.raise_signal(signal.SIGTERM)  # as while the enums of a library are imported

        type("Imported", (), {"member": Finder()})
        return 0

    assert process.run_safely(command) == 143
    assert capsys.readouterr().err == "error: stopped by SIGTERM (nothing was replaced)\n"


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left on device")])
def test_a_command_whose_output_cannot_be_written_ends_with_status_2(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    monkeypatch.setattr(process.os, "_exit", ends.append)
    process.exit_with(lambda: (_ for _ in ()).throw(error))
    assert ends == [2]


def test_what_clears_up_after_a_signal_is_not_interrupted_again() -> None:
    cleared_up = []

    def command(terminal: Terminal) -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGALRM)  # the repetition of the stop
            cleared_up.append(True)
        return 0

    assert process.run_safely(command) == 143
    assert cleared_up


def test_another_error_that_python_ignores_is_still_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finalized:
        def __del__(self) -> None:
            raise ValueError

    printed = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: printed.append(unraisable.exc_type))
    with process.handle_signals():
        finalized = Finalized()
        del finalized
    assert printed == [ValueError]


def test_handlers_are_what_they_were_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT), tempfile.gettempdir()
    process.run_safely(lambda terminal: 0)
    assert (signal.getsignal(signal.SIGINT), tempfile.gettempdir()) == before


def test_where_nothing_handles_a_deadline_none_is_set() -> None:
    with process.step(Terminal(), 60, "A step"):
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    with process.handle_signals():
        process.allow(60)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
