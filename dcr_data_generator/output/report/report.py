"""Writes the report: one HTML file with all that it needs inside, which opens anywhere, without a network."""

import hashlib
import importlib.metadata
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from google.cloud import bigquery
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import SqlLexer

from dcr_data_generator import sql
from dcr_data_generator.errors import UserError
from dcr_data_generator.output.whole_file import is_ours, write_whole
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import MakeSettings, Place
from dcr_data_generator.tables import FIVE_TABLES
from dcr_data_generator.values import NUMBER, PACKAGE, counted, plain, printable
from dcr_data_generator.verify.checks import Check
from dcr_data_generator.verify.use_cases import Outcome, UseCase
from dcr_data_generator.warehouse.warehouse import Warehouse

type Row = dict[str, object]

# The page, its style and its script.
FOLDER, TEMPLATES = Path(__file__).parent, ("report.html.jinja", "report.css", "report.js")
# What other commands add to the report of a run, and what tells that its tables are the same as those before.
ADDED = ("protected", "ladder", "attempts", "attacks", "plan", "asked", "identity", "figures", "findings")
TOLD_BY = ("version", "rules", "draws", "answers", "outcome", "rows", "schemas")
# A line that says which group a threshold withheld.
WITHHELD = re.compile(r"(.*): ([\d,]+) (?:person|people), withheld: fewer than ([\d,]+)")
# Identifies a file as our report.
MARK = b"<title>Data clean room: a merchant and an e-wallet provider</title>"


class Protected(NamedTuple):
    """A use case as a subscriber asks it: the query, the rules of its views, the first rows, and what was withheld.

    `draws` has how the noise varies, one row per group, `dots` the drawn values and what they estimate, and
    `difference` what they are compared with; without noise all three are empty.
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
    dots: Sequence[Row] = ()


class Attempt(NamedTuple):
    """What a subscriber must not get: what came out, and whether that was an answer.

    `why` has the rule that refuses it, and a query that is allowed; `party` is who asks, and `query` the SQL.
    """

    sentence: str
    outcome: str
    answered: bool
    party: str = ""
    query: str = ""
    why: Sequence[str] = ()


class Asking(NamedTuple):
    """What was asked on the live page: who asked what, the verdict, what there is to say of it, and the first rows."""

    party: str
    query: str
    verdict: str
    said: list[str]
    rows: list[Row]
    total: int


def check_path(path: Path, embedded_dir: Path) -> None:
    """Check that the report replaces nothing but a report.

    Raises:
        UserError: another file is there, or it would be among the data of the embedded BigQuery.
    """
    if path.resolve().is_relative_to(embedded_dir.resolve()):
        raise UserError(f"{path} is among the data of the embedded BigQuery: give another --report")
    if not is_ours(path, MARK):
        raise UserError(f"{path} is not a report of this program, and stays: give another --report")


def write(
    warehouse: Warehouse,
    settings: MakeSettings,
    verdict: Sequence[Check],
    answers: Sequence[UseCase],
    outcome: Outcome,
) -> None:
    """Write the report of a run to where the settings say; an empty `verdict` means that the checks were skipped.

    What it says is saved, too, for a rehearsal to write it again. What was added to a report of the same
    tables stays.

    Raises:
        UserError: a file cannot be written; the report of an earlier run stays.
    """
    rows, schemas = figures(warehouse)
    path = settings.report.report
    contents = {
        "version": version(),
        "program": importlib.metadata.version(PACKAGE),
        "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "command": command_of(warehouse, settings),
        "rules": digest_of((sql.FOLDER / "clean_room").rglob("*.sql")),
        "draws": vars(settings.draws),
        "path": path.absolute(),
        "place": warehouse.name,
        "is_chosen": bool(warehouse.window and warehouse.window.is_chosen),
        "settings": {**vars(settings.place), **vars(settings.snapshot), **vars(settings.draws)},
        "verdict": [check._asdict() for check in sorted(verdict, key=lambda check: not check.violations)],
        "answers": [answer._asdict() for answer in answers],
        "outcome": outcome._asdict(),
        "rows": rows,
        "schemas": schemas,
    }
    written = json.loads(json.dumps(contents, default=as_json))
    earlier = saved(contents_of(warehouse, settings.place))
    is_same = all(earlier.get(name) == written[name] for name in TOLD_BY) and is_drawable(earlier)
    added = {name: earlier.get(name, []) if is_same else [] for name in ADDED}
    write_contents(warehouse, settings.place, path, written | added)


def command_of(warehouse: Warehouse, settings: MakeSettings) -> str:
    """The command that makes the same tables again, as long as the source has the same rows."""
    days = warehouse.window.flags if warehouse.window else ""
    return f"uv run dcr make{settings.place.flags}{settings.snapshot.run_flags}{days}{settings.draws.flags}"


def write_contents(warehouse: Warehouse, place: Place, path: Path, contents: dict[str, Any]) -> None:
    """Draw the page, and save what it says."""
    save(page(contents), path)
    warehouse.changes.has_replaced(path)
    save(json.dumps(contents), contents_of(warehouse, place))


def version() -> str:
    """A digest of the page's templates: what another version of them saved may not fit."""
    return digest_of(FOLDER / name for name in TEMPLATES)


def digest_of(paths: Iterable[Path]) -> str:
    """A digest of files."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(paths))).hexdigest()


def saved(path: Path) -> dict[str, Any]:
    """What an earlier run saved of its report; nothing where there is none, or it is damaged."""
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return contents if isinstance(contents, dict) else {}


def is_drawable(contents: dict[str, Any]) -> bool:
    """Whether contents that were saved have the shape of a report's."""
    try:
        page(contents)
    except (jinja2.TemplateError, AttributeError, LookupError, TypeError, ValueError):
        return False
    return True


def add_to_report(
    warehouse: Warehouse, place: Place, answers: Sequence[UseCase], seen: Mapping[str, object]
) -> Path | None:
    """Write the report of a run again, with what was seen of its clean room: protected and attempts, or attacks.

    Returns: where it is; None where this version of the program has written no report of these answers.

    Raises:
        UserError: it cannot be written, and stays as it is.
    """
    contents = saved(contents_of(warehouse, place))
    try:
        is_of_these = [answer["answer"] for answer in contents["answers"]] == [answer.answer for answer in answers]
        is_of_this_version = contents["version"] == version()
        report = Path(contents["path"])
    except (LookupError, TypeError):  # there is none, or it is damaged
        return None
    if not (is_of_these and is_of_this_version and is_drawable(contents) and is_ours(report, MARK)):
        return None
    write_contents(warehouse, place, report, contents | json.loads(json.dumps(seen, default=as_json)))
    return report


def contents_of(warehouse: Warehouse, place: Place) -> Path:
    """Where the contents of a project's report are saved."""
    return place.embedded_dir / f"answers_{warehouse.project}{place.suffix}.json"


def as_json(value: object) -> object:
    """Write what JSON does not have."""
    return dict(value.items()) if isinstance(value, bigquery.Row) else plain(value, 1000)


def figures(warehouse: Warehouse) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """Ask for the rows behind each use case's charts, and for the columns of each table."""
    queries = sql.read_questions("chart")
    results = warehouse.run_all(queries)
    rows = {query.name: [drawable(row) for row in result.rows] for query, result in zip(queries, results, strict=True)}
    names = [warehouse.named(table) for table in FIVE_TABLES]
    tables = run_in_parallel(lambda table: warehouse.client.get_table(f"{warehouse.project}.{table}"), names)
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
    """Draw the page."""
    templates = environment(FOLDER)
    templates.filters |= {"highlighted": highlighted, "groups_withheld": groups_withheld}
    templates.filters["written"] = lambda value, number: number.format(value)
    templates.tests["numeric"] = lambda value: re.fullmatch(NUMBER, plain(value))
    templates.tests["code"] = lambda value: re.fullmatch("[0-9a-f-]{32,}", str(value))
    return templates.get_template(TEMPLATES[0]).render(contents)


@cache
def environment(folder: Path) -> jinja2.Environment:
    """Draws the templates of a folder, where no text that is put in becomes markup, or has a control character."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    templates.filters |= {"plain": plain, "counted": counted}
    templates.globals["zip"] = zip
    return templates


def highlighted(query: str) -> Markup:
    """Mark the keywords, texts and comments of a query, which stays what it is."""
    lexer = SqlLexer(stripnl=False, ensurenl=False)
    return Markup(highlight(printable(query), lexer, HtmlFormatter(nowrap=True)))


def groups_withheld(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The groups that a threshold withheld, and why, such as ("Business", "35 < 50, withheld")."""
    matches = filter(None, map(WITHHELD.fullmatch, lines))
    return [(match[1], f"{match[2]} < {match[3]}, withheld") for match in matches]


def save(text: str, path: Path) -> None:
    """Write a file beside that of an earlier run, and move it over that once it is whole."""
    try:
        with write_whole(path) as file:
            file.write(text.encode(errors="replace"))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): put that right, or give --no-report") from None
