"""The addresses of an emulator, as people copy them."""

import pytest

from dcr_data_generator.warehouse.emulator import url_of


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:9050", "http://127.0.0.1:9050"),
        ("http://localhost:9050/", "http://localhost:9050"),
        ("https://bigquery.example:443//", "https://bigquery.example:443"),
        ("http://0.0.0.0:9050", "http://127.0.0.1:9050"),
        ("0.0.0.0:9050/", "http://127.0.0.1:9050"),
        ("http://[::]:9050", "http://[::1]:9050"),
        ("http://10.0.0.0:9050", "http://10.0.0.0:9050"),
        (" http://127.0.0.1:9050\n", "http://127.0.0.1:9050"),
        ("http://127.0.0.1:9050/bigquery/v2/", "http://127.0.0.1:9050"),
    ],
)
def test_an_address_is_taken_as_people_copy_it(address: str, url: str) -> None:
    assert url_of(address) == url
