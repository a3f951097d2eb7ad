"""Connecting: to the embedded BigQuery past proxies, to Google Cloud with credentials or one line, to nobody."""

from pathlib import Path

import pytest

from tests.support import emulator


def test_a_proxy_of_the_person_s_network_is_no_way_to_the_embedded_bigquery(tmp_path: Path) -> None:
    [port] = emulator.free_ports(1)
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "https_proxy", "HTTPS_PROXY"), f"http://127.0.0.1:{port}")
    status, _, err = emulator.run_here("--embedded-dir", str(tmp_path / "data"), "--skip-checks", **proxies)
    assert (status, err) == (0, "")


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
