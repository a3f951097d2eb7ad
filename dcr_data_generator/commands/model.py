"""Trains a model on both parties' tables, on Google Cloud."""

import os
from functools import partial

from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.commands.settings import ModelSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.tables import MODEL, suffixed
from dcr_data_generator.warehouse.connect import connect


def run(settings: ModelSettings, terminal: Terminal) -> int:
    """Run the statements of sql/model/ one after the other, and show what they answer, or only print them."""
    place, queries = Place(**vars(settings.place)), sql.read_folder("model", settings.place.suffix)
    if settings.calls.dry_run:
        terminal.code(";\n\n".join(query.text.strip() for query in queries))
        terminal.line()
        project = "" if place.write_project_id else " --write-project-id PROJECT"
        terminal.next({"Train the model": f"uv run dcr model{project}{place.flags}"})
        return 0
    if place.write_project_id is None or os.environ.get("BIGQUERY_EMULATOR_HOST"):
        raise UserError("models are trained on Google Cloud only: give --write-project-id, or --dry-run")
    step = partial(process.step, terminal, place.timeout)
    with connect(place) as warehouse:
        dataset = bigquery.Dataset(warehouse.path(MODEL))
        dataset.location = place.location
        with warehouse.changes.changing(suffixed(MODEL, place.suffix)):
            warehouse.client.create_dataset(dataset, exists_ok=True)
            for query in queries:
                with step(query.comment("step")):
                    result = warehouse.run(query)
                if result.rows:
                    terminal.table(result.columns, [row.values() for row in result.rows])
    terminal.next({"Rehearse the clean room": f"uv run dcr rehearse{place.flags}"})
    return 0
