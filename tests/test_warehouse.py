"""Connecting: to the embedded BigQuery past proxies, to Google Cloud with credentials or one line, to nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import bigquery

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
