"""--timeout holds for every command, from its first request to its last."""

import time

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud import bigquery_analyticshub_v1 as sharing

from dcr_data_generator.commands import group
from dcr_data_generator.console import process
from dcr_data_generator.warehouse import connect, google_cloud
from dcr_data_generator.warehouse.session import Session
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator
from tests.support.services import silent
from tests.support.sharing import connected_to

COMMANDS = {
    name: place
    for commands in group.COMMANDS.values()
    for name, (place, *_) in commands.items()
    if "timeout" in {each.name for each in group.group.commands[name].params}
}
FLAGS = {"publish": ["--subscriber", "user:ann@example.com"], "subscribe": ["--dataset", "linked"]}


@pytest.fixture(autouse=True)
def short_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of a deadline takes a tenth."""
    set_deadline = process.set_deadline
    monkeypatch.setattr(process, "set_deadline", lambda seconds: set_deadline(seconds / 10))


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.slow
def test_a_command_without_end_ends_at_its_timeout(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def for_ever(*_: object) -> None:
        while True:
            time.monotonic()

    module, function = COMMANDS[name].split(":")
    monkeypatch.setattr(f"dcr_data_generator.{module}.{function}", for_ever)
    status, out, err = emulator.run_here(name, *FLAGS.get(name, []), "--timeout", "1", command=group.main)
    assert (status, out) == (2, "")
    assert emulator.only_line(err).startswith("error: this took longer than --timeout allows: run again")


@pytest.mark.parametrize("name", ["publish", "unpublish", "subscribe", "refresh", "unsubscribe"])
def test_a_silent_service_is_given_up_in_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect_to_silence(place: object) -> Warehouse:
        session = Session(AnonymousCredentials(), "some-project", place.timeout)
        options = {"api_endpoint": f"http://{address}"}
        client = bigquery.Client("some-project", AnonymousCredentials(), _http=session, client_options=options)
        return Warehouse(client, None, place, "silence", "nothing")

    monkeypatch.setattr(connect.google_cloud, "connect", connect_to_silence)
    assert google_cloud.connect is connect_to_silence
    start = time.monotonic()
    with silent() as address, connected_to(address) as client:
        monkeypatch.setattr(sharing, "AnalyticsHubServiceClient", lambda: client)
        flags = ["--write-project-id", "some-project", "--timeout", "1", *FLAGS.get(name, [])]
        status, out, err = emulator.run_here(name, *flags, command=group.main, DCR_SALT="sixteen-or-more-characters")
    assert (status, out) == (2, "")
    assert "longer than --timeout allows" in emulator.only_line(err)
    assert time.monotonic() - start < 30
