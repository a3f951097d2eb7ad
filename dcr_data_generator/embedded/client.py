"""A BigQuery client of the embedded BigQuery, or of an emulator."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from requests import Response

from dcr_data_generator.embedded import engine
from dcr_data_generator.embedded.engine import Endpoints
from dcr_data_generator.errors import BIGQUERY_ERRORS, UserError, explain
from dcr_data_generator.session import Session


class EmulatorClient(bigquery.Client):
    """A client for what bqemulator 1.4 does not take: multipart uploads, and tables at the time of a parameter."""

    def query(self, query: str, *arguments: Any, **options: Any) -> bigquery.QueryJob:  # noqa: ANN401
        """Run a query. bqemulator 1.4 takes no parameter for the time of a table, and nobody changes its source."""
        return super().query(query.replace(" FOR SYSTEM_TIME AS OF @source_time", ""), *arguments, **options)

    def load_table_from_file(self, *arguments: Any, **options: Any) -> bigquery.LoadJob:  # noqa: ANN401
        """Load a file. An upload of unknown size is not multipart but resumable."""
        return super().load_table_from_file(*arguments, **options | {"size": None})


@contextmanager
def connected(
    directory: Path, defaults: Mapping[str, Any], port: int = 0
) -> Iterator[tuple[EmulatorClient, Endpoints]]:
    """Run the embedded BigQuery and connect to it.

    Raises:
        UserError: it cannot start, or an error of BigQuery ended the block.
    """
    with engine.running(directory, port) as endpoints:
        try:
            yield connect(endpoints.rest, engine.PROJECT, defaults, directory), endpoints
        except BIGQUERY_ERRORS as error:
            raise UserError(engine.explain(directory, str(error)) or explain(error, engine.PROJECT)) from None


def connect(
    url: str, project: str, defaults: Mapping[str, Any], directory: Path | None = None, timeout: float = 300
) -> EmulatorClient:
    """Connect to an emulator at a URL, without credentials, and without the proxies of the person's network.

    Where its data directory is known, a request that fails for a cause found there raises a UserError.
    """
    session = Session(AnonymousCredentials(), project, timeout)
    session.trust_env = False
    if directory:
        session.hooks["response"].append(partial(raise_explained, directory))
    options = {"api_endpoint": url}
    return EmulatorClient(project, AnonymousCredentials(), _http=session, client_options=options, **defaults)


def raise_explained(directory: Path, response: Response, **_: object) -> None:
    """Raise an error of the server that its directory explains: Google's client would repeat the request in vain."""
    if response.status_code >= 500 and (explanation := engine.explain(directory, response.text)):
        raise UserError(explanation)


def connect_to_storage(address: str) -> BigQueryReadClient:
    """Connect to the Storage API of the embedded BigQuery, which has no TLS."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
    channel = grpc.insecure_channel(address, options=options)
    return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
