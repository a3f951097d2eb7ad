"""Connecting: to the embedded BigQuery past proxies, to Google Cloud with credentials or one line, to nobody."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from google.cloud import bigquery

from dcr_data_generator.warehouse import session
from tests.support import emulator, tables

SEVEN = [bigquery.SchemaField("seven", "INTEGER")]


def test_a_proxy_of_the_person_s_network_is_no_way_to_the_embedded_bigquery(
    connect: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    [port] = emulator.free_ports(1)
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        for variable in (name, name.upper()):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
    for variable in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(variable, raising=False)
    place = connect("proxy-tests")
    place.client.create_dataset("proxies", retry=None)
    tables.load(place.client, tables.frame_of(SEVEN, [{"seven": 7}]), "proxies.mine", SEVEN)
    assert place.read_arrow("proxies.mine", SEVEN).to_pydict() == {"seven": [7]}


@pytest.mark.parametrize("content", [None, "[]", "nonsense", '{"type": "impersonated_service_account"}'])
def test_credentials_that_are_none_end_in_one_line_that_names_the_variable(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.mkdir() if content is None else file.write_text(content, encoding="utf-8")
    nowhere = {"NO_GCE_CHECK": "true", "HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path)}
    status, _, err = emulator.run_here(
        "--write-project-id", "some-project", GOOGLE_APPLICATION_CREDENTIALS=str(file), **nowhere
    )
    assert status == 2
    assert "GOOGLE_APPLICATION_CREDENTIALS" in emulator.only_line(err)


def test_without_credentials_google_cloud_ends_in_one_line(tmp_path: Path) -> None:
    # NO_GCE_CHECK keeps google-auth from asking the network whether this is a machine of Google Cloud's.
    nowhere = {"NO_GCE_CHECK": "true", "HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path)}
    status, out, err = emulator.run_here("--write-project-id", "some-project", **nowhere)
    assert (status, out) == (2, "")
    assert "gcloud auth application-default login" in emulator.only_line(err)


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "http://127.0.0.1:{port}", "nonsense:port"])
def test_nobody_at_the_emulators_address_is_one_line(address: str) -> None:
    [port] = emulator.free_ports(1)
    host = address.format(port=port)
    status, _, err = emulator.run_here("--write-project-id", "some-project", BIGQUERY_EMULATOR_HOST=host)
    assert status == 2
    assert f"BIGQUERY_EMULATOR_HOST={host}" in emulator.only_line(err)


class Service(BaseHTTPRequestHandler):
    """A service that is no BigQuery: it answers every request with the same status and content."""

    status, content = 200, b""

    def do_GET(self) -> None:
        """Answer, or reset the connection."""
        if not self.status:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(**answer: object) -> Iterator[str]:
    """Serve on 127.0.0.1; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Service,), answer))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def run_on(address: str) -> str:
    """Run the program on what answers there; returns its only line."""
    status, _, err = emulator.run_here("--write-project-id", "some-project", BIGQUERY_EMULATOR_HOST=address)
    assert status == 2
    return emulator.only_line(err)


@pytest.mark.parametrize("content", [b"", b"null", b"[1]", b"<!DOCTYPE html><p>It works", b"\xff"])
def test_a_service_that_is_not_bigquery_is_named_in_one_line(content: bytes) -> None:
    with serving(content=content) as address:
        assert f"what answers at BIGQUERY_EMULATOR_HOST=http://{address} is not BigQuery" in run_on(address)


@pytest.mark.parametrize("content", [b'{"kind": "bigquery#datasetList"}', b'{"a": {"b": []}}'])
def test_an_answer_without_what_the_client_expects_is_one_line(content: bytes) -> None:
    with serving(content=content) as address:
        assert "an answer cannot be read, KeyError ('Resource lacks required identity information" in run_on(address)


@pytest.mark.parametrize(
    ("status", "cause"),
    [(500, "BigQuery reports INTERNAL: GET http"), (0, "there is no connection to BigQuery (ConnectionError)")],
)
@pytest.mark.usefixtures("impatient")
def test_failures_alone_end_a_run_early_with_their_cause(
    status: int, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_SECONDS", 0.1)
    with serving(status=status, content=b"oops") as address:
        assert cause in run_on(address)
