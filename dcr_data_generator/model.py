"""Trains a model on both parties' tables, on Google Cloud: `uv run python -m dcr_data_generator.model`."""

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from dcr_data_generator import shutdown

if TYPE_CHECKING:
    from dcr_data_generator.clean_room.settings import SharingSettings
    from dcr_data_generator.terminal import Terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the model, evaluate it, and predict; returns the exit status: 0, or 2 for an error."""

    def command(terminal: "Terminal") -> int:
        from rich_click import RichCommand

        from dcr_data_generator.clean_room.settings import PANEL, SharingSettings
        from dcr_data_generator.main import CONSTANTS
        from dcr_data_generator.settings import options_of, run_command

        params = options_of(SharingSettings, CONSTANTS, ("Where", PANEL))
        text = "Train a model on both parties' tables: which customers would be Premium or Business in the wallet."
        model = RichCommand(name="model", params=params, callback=SharingSettings, help=text)
        return run(run_command(model, "python -m dcr_data_generator.model", arguments), terminal)

    return shutdown.run_safely(command)


def run(settings: "SharingSettings", terminal: "Terminal") -> int:
    """Run the statements of sql/model/ one after the other, and show what they answer, or only print them."""
    from google.cloud import bigquery
    from rich.markup import escape

    from dcr_data_generator import sql, warehouse
    from dcr_data_generator.errors import UserError
    from dcr_data_generator.tables import MODEL, named

    queries = sql.read_folder("model")
    if settings.dry_run:
        terminal.line(escape(";\n\n".join(named(query.text, settings).strip() for query in queries)))
        return 0
    if settings.write_project_id is None or os.environ.get("BIGQUERY_EMULATOR_HOST"):
        raise UserError("models are trained on Google Cloud only: give --write-project-id, or --dry-run")
    terminal.consequence = lambda: f"{named(MODEL, settings)} is perhaps replaced, and nothing else"
    step = partial(shutdown.step, terminal, settings.timeout)
    with warehouse.connect(settings, fill_source=False) as place:
        dataset = bigquery.Dataset(named(f"{place.client.project}.{MODEL}", settings))
        dataset.location = settings.location
        place.client.create_dataset(dataset, exists_ok=True)
        for query in queries:
            with step(query.comments["step"]):
                result = sql.run(place.client, query, settings)
            if result.rows:
                terminal.table(result.columns, [row.values() for row in result.rows])
    return 0


if __name__ == "__main__":
    shutdown.exit_with(main)
