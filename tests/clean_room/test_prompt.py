"""The prompt of `dcr ask`."""

import signal
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from dcr_data_generator.clean_room import ask
from dcr_data_generator.clean_room.analysis_rules import Reply, Verdict
from dcr_data_generator.console.terminal import Terminal


def test_ctrl_c_stops_a_query_or_drops_what_is_typed_and_the_prompt_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def interrupted_once(text: str, party: str, _: float) -> Reply:
        asked.append(text)
        if len(asked) == 1:
            signal.raise_signal(signal.SIGINT)
        return Reply(party=party, verdict=Verdict.ALLOWED)

    typed = iter(["SELECT 1;", "SELECT", "Ctrl-C", "SELECT 2;"])

    def line(*_: object) -> str:
        text = next(typed, None)
        if text is None:
            raise EOFError
        if text == "Ctrl-C":
            signal.raise_signal(signal.SIGINT)
        return text

    monkeypatch.setattr(ask.Asking, "line", line)
    before = signal.getsignal(signal.SIGINT)
    room: Any = SimpleNamespace(ask=interrupted_once, parties={"merchant": None})
    place: Any = SimpleNamespace(timeout=20, flags="")
    asking = ask.Asking(room, Terminal(), Console(), "table", place, None, [], "merchant")
    assert asking.prompt("merchant") == 0
    assert asked == ["SELECT 1;", "SELECT 2;"]
    assert signal.getsignal(signal.SIGINT) is before
