"""Connects to an emulator of BigQuery, without credentials; the embedded BigQuery is one, too."""

import re
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from requests import Response

from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.google_cloud import client_defaults
from dcr_data_generator.warehouse.session import CONNECT_SECONDS, Session
from dcr_data_generator.warehouse.warehouse import Warehouse


class EmulatorClient(bigquery.Client):
    """A client for what bqemulator 1.4 does not take: multipart uploads, and tables at the time of a parameter."""

    def query(self, query: str, *arguments: Any, **options: Any) -> bigquery.QueryJob:  # noqa: ANN401
        """Run a query. bqemulator 1.4 takes no parameter for the time of a table, and nobody changes its source."""
        return super().query(query.replace(" FOR SYSTEM_TIME AS OF @source_time", ""), *arguments, **options)

    def load_table_from_file(self, *arguments: Any, **options: Any) -> bigquery.LoadJob:  # noqa: ANN401
        """Load a file. An upload of unknown size is not multipart but resumable."""
        return super().load_table_from_file(*arguments, **options | {"size": None})


def client_of(
    url: str,
    project: str,
    defaults: Mapping[str, Any],
    timeout: float = 300,
    explain: Callable[[str], str | None] = lambda error: None,
) -> EmulatorClient:
    """Make a client of an emulator at a URL, without credentials, and without the proxies of the user's network.

    Where `explain` finds a cause in the server's answer to a request that failed, a UserError says it: Google's client
    would repeat the request in vain.
    """

    def raise_explained(response: Response, **_: object) -> None:
        if response.status_code >= 500 and (explanation := explain(response.text)):
            raise UserError(explanation)

    session = Session(AnonymousCredentials(), None, timeout)
    session.trust_env = False
    session.hooks["response"].append(raise_explained)
    options = {"api_endpoint": url}
    return EmulatorClient(project, AnonymousCredentials(), _http=session, client_options=options, **defaults)


def connect(place: Place, address: str) -> Warehouse:
    """Connect to the emulator at BIGQUERY_EMULATOR_HOST; its source becomes the sample where it has none.

    Raises:
        UserError: no BigQuery answers there.
    """
    url = url_of(address)
    try:
        parts = urlsplit(url)
        socket.create_connection((parts.hostname, parts.port or 80), timeout=CONNECT_SECONDS).close()
    except (OSError, ValueError):
        raise UserError(
            f"no emulator answers at BIGQUERY_EMULATOR_HOST={address}: start one there, or unset the variable"
        ) from None
    client = client_of(url, str(place.write_project_id), client_defaults(place.location), place.timeout)
    check_is_bigquery(client, url)
    return Warehouse(
        client,
        None,
        place,
        name=f"the BigQuery emulator at {url}, project {place.write_project_id}",
        how_to_query=f"any BigQuery client with BIGQUERY_EMULATOR_HOST={url}",
        missing_source=partial(thelook.unfinished_source, client),
    )


def url_of(address: str) -> str:
    """The URL of an emulator at an address, as people copy it.

    One that listens on all addresses of this computer is on its own, too.
    """
    address = address.strip()
    url = address if "://" in address else f"http://{address}"
    for everywhere, here in {"0.0.0.0": "127.0.0.1", r"\[::\]": "[::1]"}.items():
        url = re.sub(rf"(?<=://){everywhere}(?=[:/]|$)", here, url)
    return re.sub(r"(/bigquery/v2)?/*$", "", url)


def check_is_bigquery(client: bigquery.Client, url: str) -> None:
    """Check that a service answers as BigQuery does, and not with something else."""
    try:
        list(client.list_datasets(max_results=1))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise UserError(
            f"what answers at BIGQUERY_EMULATOR_HOST={url} is not BigQuery: set another, or unset it"
        ) from None
