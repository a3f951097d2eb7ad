"""Writes the report: one HTML file with all that it needs inside, which opens anywhere, without a network."""

import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import jinja2
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.checks import Check
from dcr_data_generator.clean_room import kept
from dcr_data_generator.errors import UserError
from dcr_data_generator.outcome import Outcome
from dcr_data_generator.settings import Settings
from dcr_data_generator.terminal import NUMBER, plain
from dcr_data_generator.use_cases import UseCase
from dcr_data_generator.whole_file import written_whole

type Row = dict[str, object]

TEMPLATE = Path(__file__).with_name("report.html.jinja")
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


@contextmanager
def bundling() -> Iterator[Callable[[], str]]:
    """Have the JavaScript made that draws charts; yields what waits for it.

    It takes a second, which another process can spend while the run goes on: in this one all threads would wait.
    """
    process = subprocess.Popen([sys.executable, "-c", BUNDLE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def bundle() -> str:
        made, _ = process.communicate()
        if process.returncode:
            raise UserError("vl-convert cannot make the report's JavaScript: run `uv sync`, or give --no-report")
        return made.decode().replace("</script", r"<\/script")

    try:
        yield bundle
    finally:
        process.kill()
        process.wait()


def write(
    client: bigquery.Client,
    settings: Settings,
    verdict: Sequence[Check],
    answers: Sequence[UseCase],
    outcome: Outcome,
    javascript: Callable[[], str],
) -> None:
    """Write the report of a run to where the settings say; without checks in `verdict` it says that they were left out.

    Raises:
        UserError: the file cannot be written; the one of an earlier run stays.
    """
    # Altair takes half a second to import: only who wants a report waits for it.
    from dcr_data_generator.charts import circles, draw

    rows, schemas = figures(client, outcome)
    page = template().render(
        place=client.place,
        settings=settings,
        verdict=sorted(verdict, key=lambda check: not check.violations),
        answers=answers,
        rehearsed=kept.read(kept.path_of(client.project, settings.embedded_dir), answers),
        outcome=outcome,
        circles=circles(*outcome[1:]),
        charts={name: draw(name, rows[name]) for name in rows},
        schemas=schemas,
        javascript=javascript(),
    )
    save(page, settings.report)


def figures(client: bigquery.Client, outcome: Outcome) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """Ask the warehouse for the rows behind each use case's charts, and for the columns of each table."""
    queries = sql.read_folder("report")
    results = client.run_at_once(*queries)
    rows = {query.name: [drawable(row) for row in result.rows] for query, result in zip(queries, results, strict=True)}
    schemas = {table: [described(field) for field in client.get_table(table).schema] for table in outcome.row_counts}
    return rows, schemas


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
    options = {"trim_blocks": True, "lstrip_blocks": True, "undefined": jinja2.StrictUndefined}
    environment = jinja2.Environment(autoescape=True, **options)
    environment.filters["plain"] = plain
    environment.filters["as_rows"] = lambda columns, rows: [dict(zip(columns, row, strict=True)) for row in rows]
    environment.tests["numeric"] = lambda value: re.fullmatch(NUMBER, plain(value))
    environment.tests["wide"] = lambda value: max(map(len, re.split(r"[ _-]", plain(value)))) > 12
    return environment.from_string(TEMPLATE.read_text())


def save(page: str, path: Path) -> None:
    """Write the page beside that of an earlier run, and move it over that once it is whole."""
    try:
        with written_whole(path) as file:
            file.write(page.encode(errors="replace"))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): give another --report, or --no-report") from None
