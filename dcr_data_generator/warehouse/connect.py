"""Connects to a BigQuery: the embedded one, an emulator, or Google Cloud. Only this module knows which one it is."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dcr_data_generator.errors import CauseNote, ChangesNote, UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.tables import SOURCE
from dcr_data_generator.warehouse import emulator, google_cloud, patches, session
from dcr_data_generator.warehouse.explain import BIGQUERY_ERRORS, explain
from dcr_data_generator.warehouse.warehouse import Warehouse


@contextmanager
def connect(
    place: Place, parameters: Mapping[str, object] | None = None, source_dataset: str = SOURCE
) -> Iterator[Warehouse]:
    """Connect to where the settings say. The embedded BigQuery runs as long as the connection.

    Raises:
        UserError: there are no credentials for Google Cloud, the embedded BigQuery cannot start, or BigQuery fails.
            Like every error that ends the block, it has a note on what was changed.
    """
    # More threads than pooled connections is normal here.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    patches.apply()
    warehouse = None
    try:
        with place_of(place) as warehouse:
            warehouse.parameters, warehouse.source_dataset = parameters or {}, source_dataset
            yield warehouse
    except BaseException as error:
        if isinstance(error, BIGQUERY_ERRORS):
            notes, error = getattr(error, "__notes__", []), UserError(explain(error, cloud_project(place)))
            for note in notes:
                error.add_note(note)
        if cause := session.cause_of_waiting():
            error.add_note(CauseNote(cause))
        if warehouse and (changes := str(warehouse.changes)):
            error.add_note(ChangesNote(changes))
        raise error from None


def cloud_project(place: Place) -> str | None:
    """The project on Google Cloud; None where this is an emulator."""
    return None if os.environ.get("BIGQUERY_EMULATOR_HOST") else place.write_project_id


@contextmanager
def place_of(place: Place) -> Iterator[Warehouse]:
    address = os.environ.get("BIGQUERY_EMULATOR_HOST")
    if place.write_project_id is None:
        # The embedded BigQuery is an optional group of packages, and slow to import.
        from dcr_data_generator.warehouse.embedded import client

        with client.connected(place) as warehouse:
            yield warehouse
    else:
        yield emulator.connect(place, address) if address else google_cloud.connect(place)
