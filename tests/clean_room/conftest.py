"""Fixtures: a clean room to publish, and commands that reach it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import cache
from types import SimpleNamespace

import pytest
from google.cloud import bigquery

from dcr_data_generator.clean_room.publish import publish
from dcr_data_generator.commands import group as command
from dcr_data_generator.settings import Place
from dcr_data_generator.warehouse import connect as warehouse
from tests.support.publishing import (
    EXCHANGED,
    FEW,
    FUNCTIONS,
    MERCHANT,
    PROVIDER,
    SALT,
    SOURCES,
    VIEWS,
    Room,
    create_dataset,
    know_policies,
)
from tests.support.sharing import SharingService, asked_by, serving


@pytest.fixture
def bodies() -> dict[str, str]:
    """The bodies of the table functions, by name."""
    return {}


@pytest.fixture
def client_of(connect: Callable, bodies: dict[str, str]) -> Iterator[Callable[[str], bigquery.Client]]:
    """The clients of two projects with each party's own tables and nothing of a clean room, made at their first use."""

    @cache
    def client_of(project: str) -> bigquery.Client:
        client = connect(project).client

        def delete_table(name: str) -> None:
            # bqemulator 1.4 answers tables.delete of a view with an internal error, for which the client waits.
            if client.get_table(name).table_type == "VIEW":
                bigquery.Client.query(client, f"DROP VIEW {name.partition('.')[2]}").result()
            else:
                bigquery.Client.delete_table(client, name)

        def create_dataset_as_google_cloud(dataset: bigquery.Dataset) -> bigquery.Dataset:
            # The reference of Dataset: one that is created without `access` gets a default, with the project's owners.
            owners = bigquery.AccessEntry("OWNER", "specialGroup", "projectOwners")
            dataset.access_entries = [*dataset.access_entries] or [owners]
            return bigquery.Client.create_dataset(client, dataset)

        client.delete_table, client.create_dataset = delete_table, create_dataset_as_google_cloud
        know_policies(client, bodies)
        [path] = [path for path in SOURCES if path.startswith(f"{project}.")]
        create_dataset(client, path)
        for table, columns in SOURCES[path].items():
            fields = [bigquery.SchemaField(*column.split()) for column in columns.split(", ")]
            client.create_table(bigquery.Table(f"{path}.{table}", fields))
        return client

    yield client_of
    if client_of.cache_info().currsize:
        for path in [*FUNCTIONS, *SOURCES, *VIEWS, *EXCHANGED]:
            client_of(path.split(".")[0]).delete_dataset(path, delete_contents=True, not_found_ok=True)


@pytest.fixture
def room(client_of: Callable, bodies: dict[str, str]) -> Iterator[Room]:
    """A clean room that is not published yet."""
    service = SharingService()
    with serving(service) as client:
        yield Room(client_of, bodies, service, client)


@pytest.fixture
def few(room: Room) -> Room:
    """The same with two of the views, where that is enough."""
    room.keep_views(*FEW)
    return room


@pytest.fixture
def run(room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Run a command against the clients of the tests; returns what it prints, which never has the salt."""

    def connect(place: Place) -> nullcontext:
        if place.write_project_id not in (MERCHANT, PROVIDER):  # a subscriber, who asks BigQuery who they are
            return nullcontext(SimpleNamespace(client=asked_by(room.service)))
        return nullcontext(SimpleNamespace(client=room.client_of(place.write_project_id)))

    def run(arguments: Sequence[str]) -> str:
        assert command.main(arguments) == 0
        output = capsys.readouterr().out
        assert SALT.get_secret_value() not in output
        return output

    monkeypatch.setenv("DCR_SALT", SALT.get_secret_value())
    monkeypatch.setattr(warehouse, "connect", connect)
    monkeypatch.setattr(publish.sharing, "AnalyticsHubServiceClient", lambda: room.sharing_client)
    return run
