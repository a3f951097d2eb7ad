"""Writes the report: one HTML file with all that it needs inside, which opens anywhere, without a network."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import vl_convert
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.checks import Check
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.report import rehearsal
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.terminal import NUMBER, plain
from dcr_data_generator.use_cases import Outcome, UseCase
from dcr_data_generator.warehouse import Warehouse
from dcr_data_generator.whole_file import write_whole

type Row = dict[str, object]

FOLDER = Path(__file__).parent


class Chart(NamedTuple):
    """A chart: its title, its caption, its figures in words, and its Vega-Lite specification with the figures."""

    title: str
    caption: str
    words: str
    spec: dict[str, Any]


def write(
    warehouse: Warehouse, settings: Settings, verdict: Sequence[Check], answers: Sequence[UseCase], outcome: Outcome
) -> None:
    """Write the report of a run to where the settings say; an empty `verdict` means that the checks were skipped.

    Raises:
        UserError: the file cannot be written; the report of an earlier run stays.
    """
    rows, schemas = figures(warehouse.client, settings)
    page = template().render(
        place=warehouse.name,
        settings=settings,
        verdict=sorted(verdict, key=lambda check: not check.violations),
        answers=answers,
        rehearsed=rehearsal.read_rehearsal(rehearsal.path_of(warehouse.client.project, settings.embedded_dir), answers),
        outcome=outcome,
        charts={name: draw(name, rows[name]) for name in rows},
        schemas=schemas,
        javascript=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", r"<\/script"),
    )
    save(page, settings.report)


def figures(client: bigquery.Client, settings: Settings) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """Ask for the rows behind each use case's charts, and for the columns of each table."""
    queries = sql.read_folder("report")
    results = sql.run_all(client, queries, settings)
    rows = {query.name: [drawable(row) for row in result.rows] for query, result in zip(queries, results, strict=True)}
    tables = run_in_parallel(lambda table: client.get_table(f"{client.project}.{table}"), FIVE_TABLES)
    schemas = {
        name: [described(field) for field in table.schema] for name, table in zip(FIVE_TABLES, tables, strict=True)
    }
    return rows, schemas


def draw(name: str, rows: list[Row]) -> list[Chart]:
    """Draw a use case's charts (report/charts/*.json), each with a clause per row in words; none without rows."""
    charts = []
    for path in sorted((FOLDER / "charts").glob(f"{name}*.json")) if rows else []:
        spec = json.loads(path.read_text(encoding="utf-8"))
        texts = spec["usermeta"]
        words = "; ".join(texts["words"].format(**row) for row in rows) + "."
        height = texts["height_per_row"] * len({row[texts["row"]] for row in rows})
        spec |= {"height": height, "data": {"values": rows}}
        charts.append(Chart(texts["title"], texts["caption"], words, spec))
    return charts


def drawable(row: bigquery.Row) -> Row:
    """A row as JSON can have it: where prices are missing or infinite there is no number, and 0 stands for it."""
    return {
        column: value if isinstance(value, str) or (value is not None and math.isfinite(value)) else 0
        for column, value in row.items()
    }


def described(field: bigquery.SchemaField) -> Row:
    """A column of a table as a row of the page; the merchant's columns are not described."""
    required = " REQUIRED" if field.mode == "REQUIRED" else ""
    column = {"column": field.name, "type": field.field_type + required}
    return column | {"meaning": field.description} if field.description else column


def template() -> jinja2.Template:
    """The page, where no text that is put in becomes markup."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["plain"] = plain
    environment.filters["as_rows"] = lambda columns, rows: [dict(zip(columns, row, strict=True)) for row in rows]
    environment.tests["numeric"] = lambda value: re.fullmatch(NUMBER, plain(value))
    environment.tests["wide"] = lambda value: max(map(len, re.split(r"[ _-]", plain(value)))) > 12
    return environment.from_string((FOLDER / "report.html.jinja").read_text(encoding="utf-8"))


def save(page: str, path: Path) -> None:
    """Write the page beside that of an earlier run, and move it over that once it is whole."""
    try:
        with write_whole(path) as file:
            file.write(page.encode(errors="replace"))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): give another --report, or --no-report") from None
