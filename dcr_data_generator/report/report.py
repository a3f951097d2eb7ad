"""Writes the report: one HTML file with all that it needs inside, which opens anywhere, without a network."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from google.cloud import bigquery
from markupsafe import Markup

from dcr_data_generator import sql
from dcr_data_generator.checks import Check
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import FIVE_TABLES, named
from dcr_data_generator.use_cases import Outcome, UseCase
from dcr_data_generator.values import NUMBER, plain, printable
from dcr_data_generator.warehouse import Warehouse
from dcr_data_generator.whole_file import is_ours, write_whole

type Row = dict[str, object]

TEMPLATE = Path(__file__).with_name("report.html.jinja")
# By its title a report is told from another file.
MARK = b"<title>Data clean room: a merchant and an e-wallet provider</title>"


class Protected(NamedTuple):
    """A use case as a subscriber asks it: the query, the rules of its views, the first rows, and what was withheld.

    `draws` has how the noise varies, one row per group, and `difference` what it is compared with; without noise both
    are empty.
    """

    use_case: str
    explanation: str
    query: str
    rules: list[str]
    rows: list[Row]
    total: int
    withheld: list[str]
    draws: list[Row]
    difference: str


class Attempt(NamedTuple):
    """What a subscriber must not get, what came out, and whether that was an answer."""

    sentence: str
    outcome: str
    answered: bool


def check_path(settings: Settings) -> None:
    """Check that the report, if one is wanted, replaces nothing but a report.

    Raises:
        UserError: another file is there, or it would be among the data of the embedded BigQuery.
    """
    if settings.no_report:
        return
    if settings.report.resolve().is_relative_to(settings.embedded_dir.resolve()):
        raise UserError(f"{settings.report} is among the data of the embedded BigQuery: give another --report")
    if not is_ours(settings.report, MARK):
        raise UserError(f"{settings.report} is not a report of this program, and stays: give another --report")


def write(
    warehouse: Warehouse, settings: Settings, verdict: Sequence[Check], answers: Sequence[UseCase], outcome: Outcome
) -> None:
    """Write the report of a run to where the settings say; an empty `verdict` means that the checks were skipped.

    What it says is saved, too, for a rehearsal to write it again.

    Raises:
        UserError: a file cannot be written; the report of an earlier run stays.
    """
    rows, schemas = figures(warehouse.client, settings)
    contents = {
        "template": TEMPLATE.read_text(encoding="utf-8"),
        "path": settings.report.absolute(),
        "place": warehouse.name,
        "settings": asdict(settings),
        "verdict": [check._asdict() for check in sorted(verdict, key=lambda check: not check.violations)],
        "answers": [answer._asdict() for answer in answers],
        "outcome": outcome._asdict(),
        "rows": rows,
        "schemas": schemas,
        "protected": [],
        "ladder": [],
        "attempts": [],
        "attacks": [],
        "identity": [],
        "figures": [],
        "findings": [],
    }
    text = json.dumps(contents, default=as_json)
    save(page(json.loads(text)), settings.report)
    save(text, contents_of(warehouse, settings))


def add_to_report(
    warehouse: Warehouse, settings: Settings, answers: Sequence[UseCase], seen: Mapping[str, object]
) -> Path | None:
    """Write the report of a run again, with what was seen of its clean room: protected and attempts, or attacks.

    Returns: where it is; None where this version of the program has written no report of these answers.

    Raises:
        UserError: it cannot be written, and stays as it is.
    """
    try:
        contents = json.loads(contents_of(warehouse, settings).read_text(encoding="utf-8"))
        is_of_these = [answer["answer"] for answer in contents["answers"]] == [answer.answer for answer in answers]
        is_of_this_version = contents["template"] == TEMPLATE.read_text(encoding="utf-8")
        report = Path(contents["path"])
    except (OSError, ValueError, LookupError, TypeError):  # there is none, or it is damaged
        return None
    if not (is_of_these and is_of_this_version and is_ours(report, MARK)):
        return None
    text = json.dumps(contents | seen, default=as_json)
    save(page(json.loads(text)), report)
    save(text, contents_of(warehouse, settings))
    return report


def contents_of(warehouse: Warehouse, settings: Settings) -> Path:
    """Where the contents of a project's report are saved."""
    return settings.embedded_dir / f"answers_{warehouse.client.project}{settings.suffix}.json"


def as_json(value: object) -> object:
    """Write what JSON does not have."""
    return dict(value.items()) if isinstance(value, bigquery.Row) else plain(value, 1000)


def figures(client: bigquery.Client, settings: Settings) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """Ask for the rows behind each use case's charts, and for the columns of each table."""
    queries = sql.read_folder("report")
    results = sql.run_all(client, queries, settings)
    rows = {query.name: [drawable(row) for row in result.rows] for query, result in zip(queries, results, strict=True)}
    names = [named(table, settings) for table in FIVE_TABLES]
    tables = run_in_parallel(lambda table: client.get_table(f"{client.project}.{table}"), names)
    schemas = {name: [described(field) for field in table.schema] for name, table in zip(names, tables, strict=True)}
    return rows, schemas


def drawable(row: bigquery.Row) -> Row:
    """A row of a chart: None where there is no number, because prices are missing or infinite."""
    return {
        column: None if isinstance(value, float) and not math.isfinite(value) else value
        for column, value in row.items()
    }


def described(field: bigquery.SchemaField) -> Row:
    """A column of a table as a row of the page; the merchant's columns are not described."""
    required = " NOT NULL" if field.mode == "REQUIRED" else ""
    column = {"column": field.name, "type": field.to_standard_sql().to_api_repr()["type"]["typeKind"] + required}
    return column | {"meaning": field.description} if field.description else column


def page(contents: dict[str, Any]) -> str:
    """Draw the page, where no text that is put in becomes markup, or has a control character."""
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters["plain"] = plain
    environment.filters["written"] = lambda value, number: number.format(value)
    environment.tests["numeric"] = lambda value: re.fullmatch(NUMBER, plain(value))
    environment.tests["code"] = lambda value: re.fullmatch("[0-9a-f-]{32,}", str(value))
    return environment.from_string(contents["template"]).render(contents)


def save(text: str, path: Path) -> None:
    """Write a file beside that of an earlier run, and move it over that once it is whole."""
    try:
        with write_whole(path) as file:
            file.write(text.encode(errors="replace"))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): put that right, or give --no-report") from None
