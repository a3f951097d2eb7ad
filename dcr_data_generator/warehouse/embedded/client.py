"""Connects to the embedded BigQuery, which runs as long as the connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import grpc
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.warehouse import emulator
from dcr_data_generator.warehouse.embedded import engine, thelook
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.explain import BIGQUERY_ERRORS, explain
from dcr_data_generator.warehouse.google_cloud import client_defaults
from dcr_data_generator.warehouse.warehouse import Warehouse


@contextmanager
def connected(place: Place) -> Iterator[Warehouse]:
    """Run the embedded BigQuery, and connect to it.

    Raises:
        UserError: it cannot start, or an error of BigQuery ended the block.
    """
    with engine.running(place.embedded_dir) as endpoints, explained(place.embedded_dir):
        yield warehouse_at(endpoints, place)


@contextmanager
def explained(directory: Path) -> Iterator[None]:
    """Explain an error of BigQuery that ends the block, by the state of the directory if that is its cause."""
    try:
        yield
    except BIGQUERY_ERRORS as error:
        raise UserError(engine.explain(directory, str(error)) or explain(error, None)) from None


def warehouse_at(endpoints: Endpoints, place: Place) -> Warehouse:
    """Connect to an embedded BigQuery that is running."""
    directory, defaults = place.embedded_dir, client_defaults(place.location)
    client = emulator.client_of(
        endpoints.rest, engine.PROJECT, defaults, place.timeout, explain=partial(engine.explain, directory)
    )
    return Warehouse(
        client,
        connect_to_storage(endpoints.storage),
        place,
        name=f"the embedded BigQuery in {directory}, project {client.project}",
        how_to_query=f"uv run dcr serve{place.flags}",
        missing_source=partial(thelook.missing_source, client),
    )


def connect_to_storage(address: str) -> BigQueryReadClient:
    """Connect to the Storage API of the embedded BigQuery, which has no TLS."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
    channel = grpc.insecure_channel(address, options=options)
    return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
