"""How the embedded BigQuery takes a query and sends its answer: as BigQuery does, where bqemulator does otherwise.

An error is HTTP 400 or 404 for jobs.query and jobs.insert alike; a destination table is written; dry runs count bytes;
old versions of tables are refused, and the present one is not; __TABLES__ is there. Written for bqemulator 1.4.0.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import sqlglot
from bqemulator.api.dependencies import AppContext
from bqemulator.api.routes import jobs, tabledata
from bqemulator.catalog.models import JobMeta
from bqemulator.domain.errors import (
    AlreadyExistsError,
    DomainError,
    InvalidQueryError,
    NotFoundError,
    PermissionDeniedError,
    UnsupportedFeatureError,
)
from bqemulator.jobs import executor
from bqemulator.sql import inner_query
from bqemulator.sql.rewriter.information_schema import _build_patterns
from bqemulator.storage.arrow_bridge import arrow_table_to_bq_rows
from bqemulator.storage.sql_identifiers import quoted_table_ref
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlglot import Expr, exp
from sqlglot.errors import SqlglotError

from dcr_data_generator.warehouse.embedded.resources import ANONYMOUS, bytes_of_columns, job_of, keep_results

# The classes of what goes wrong in the emulator: each is a query that it cannot answer.
FAILURES = (
    duckdb.Error, pa.ArrowException, SqlglotError, ArithmeticError, AttributeError, LookupError, NotImplementedError,
    RecursionError, TypeError, ValueError, AssertionError,
)  # fmt: skip
ERRORS = {"notFound": NotFoundError, "duplicate": AlreadyExistsError, "accessDenied": PermissionDeniedError}
# Of a request to jobs.query, what is the configuration of its query.
# A temporary table that says of which session it is.
OF_SESSION = re.compile(
    r"((?:CREATE\s+(?:OR\s+REPLACE\s+)?)?)(?:TEMP\w*\s+)?((?:TABLE\s+)?)(?<!\w)`?_SESSION`?\.", re.IGNORECASE
)
NAMED = (exp.Alias, exp.Aliases, exp.Column, exp.Dot, exp.Star)
OF_QUERY = (
    "query", "defaultDataset", "useLegacySql", "queryParameters", "parameterMode", "maximumBytesBilled",
    "connectionProperties", "createSession",
)  # fmt: skip
QUOTED_PARAMETER = re.compile(r"@`(\w+)`")  # as the DB-API writes them
LEAST_BILLED, UNIT_BILLED = 10 << 20, 1 << 20
# This program's own queries have that limit, and none of the sizes are summed up for them.
LIMIT_THAT_NOTHING_HERE_REACHES = 1 << 30

take_job, execute = jobs._handle_query_job, executor.execute_query_job
type_in_arrow = executor._resolve_bq_type
expand_information_schema = inner_query.expand_information_schema


class LimitError(DomainError):
    """A query reads more bytes than its job allows."""

    http_status = 400
    bq_reason = "bytesBilledLimitExceeded"
    grpc_status_name = "INVALID_ARGUMENT"


def install(app: FastAPI) -> None:
    """Let the emulator's application take queries in this way."""
    prefix = "/bigquery/v2/projects/{project_id}"
    rows_of_a_job = f"{prefix}/datasets/{ANONYMOUS}/tables/{{table_id}}/data"
    # Before the emulator's own.
    app.router.routes[:0] = [
        APIRoute(f"{prefix}/queries", query, methods=["POST"]),
        APIRoute(rows_of_a_job, list_rows_of_a_job, methods=["GET"]),
    ]
    vars(jobs).update(_handle_query_job=handle_query_job, execute_query_job=execute_query_job)
    vars(inner_query).update(
        rewrite_for_system_time=read_the_present, expand_information_schema=expand_tables_of_tables
    )
    vars(executor).update(_resolve_bq_type=type_of)
    for failure in FAILURES:
        app.add_exception_handler(failure, answer_failure)


def type_of(field: pa.Field, kind: pa.DataType) -> str:
    """BigQuery's name of a type. DuckDB's sum of integers is a HUGEINT, which bqemulator does not know in an array."""
    is_sums = (field.metadata or {}).get(b"bqemu.duckdb_type") == b"HUGEINT[]"
    return "INTEGER" if is_sums else type_in_arrow(field, kind)


async def answer_failure(_: Request, failure: Exception) -> JSONResponse:
    """Answer 400: a client asks again for ten minutes after a 500."""
    error = as_error(failure)
    return JSONResponse(error.to_bigquery_error(), error.http_status)


def as_error(failure: Exception) -> DomainError:
    reason = next(iter(str(failure).splitlines()), "")
    text = f"the embedded BigQuery cannot answer this query ({type(failure).__name__}: {reason:.300})"
    return InvalidQueryError(text, location="query")


async def execute_query_job(project_id: str, job_id: str, bq_sql: str, *arguments: Any, **options: Any) -> JobMeta:  # noqa: ANN401
    """Run a query as bqemulator does; whatever fails is an invalid query. Raises DomainError."""
    try:
        job = await execute(project_id, job_id, bq_sql, *arguments, **options)
        name_columns(job_id, bq_sql)
        return job
    except UnsupportedFeatureError as error:
        raise InvalidQueryError(error.message, location="query") from None
    except DomainError as error:
        error.message = plain(error.message)
        raise
    except FAILURES as failure:
        raise as_error(failure) from None


def name_columns(job_id: str, text: str) -> None:
    """Call the columns of an answer that have no name f0_, f1_ and so on."""
    tree = tree_of(text)
    if not isinstance(tree, exp.Query) or job_id not in jobs.JOB_RESULTS:
        return
    table, selects = jobs.JOB_RESULTS[job_id], tree.selects
    names, stars = [*table.column_names], [place for place, each in enumerate(selects) if each.is_star]
    unnamed = [place for place, each in enumerate(selects) if not isinstance(each, NAMED) and not each.is_star]
    if not unnamed or len(stars) > 1 or (not stars and len(names) != len(selects)):
        return
    for number, place in enumerate(unnamed):
        names[place if not stars or place < stars[0] else place + len(names) - len(selects)] = f"f{number}_"
    jobs.JOB_RESULTS[job_id] = table.rename_columns(names)
    fields = zip(jobs.JOB_SCHEMAS[job_id], names, strict=True)
    jobs.JOB_SCHEMAS[job_id] = [field | {"name": name} for field, name in fields]


def plain(text: str) -> str:
    """Say what is wrong in BigQuery's words where they are known, without those of DuckDB before it."""
    text = re.sub(r"^Query execution failed: Invalid Input Error: ", "", text)
    if refusal := re.search(r"Could not convert string '(.*?)' to INT128", text):
        return refusal[1]  # of bq_refuse in mends.sql
    if name := re.search(r'Referenced column "([^"]+)" (?:was )?not found', text):
        return f"Unrecognized name: {name[1]}"
    return text


async def query(project_id: str, request: Request, ctx: jobs._Ctx, caller: jobs._Caller) -> dict[str, Any]:
    """Answer jobs.query as jobs.insert and jobs.getQueryResults do together. Raises DomainError."""
    body = await request.json()
    job_id, config = f"bqemu_{uuid4().hex[:12]}", {"query": {name: body[name] for name in OF_QUERY if name in body}}
    job = await handle_query_job(
        project_id, job_id, config, dry_run=body.get("dryRun", False), ctx=ctx, caller=caller, now=ctx.clock.now()
    )
    reference = {"projectId": project_id, "jobId": job_id, "location": "US"}
    response: dict[str, Any] = {"kind": "bigquery#queryResponse", "jobReference": reference, "jobComplete": True}
    if isinstance(job, dict):
        statistics = job["statistics"]["query"]
        del reference["jobId"]
        more = {"totalBytesProcessed": statistics["totalBytesProcessed"], "schema": statistics["schema"]}
        return response | more | {"rows": [], "totalRows": "0", "cacheHit": False}
    ctx.catalog.upsert_job(job)
    if error := job.error_result:
        kind = ERRORS.get(error["reason"], InvalidQueryError)
        raise kind(error["message"], location=error.get("location"))
    table, most = jobs.JOB_RESULTS[job_id], body.get("maxResults", 10_000)
    response |= {
        "totalBytesProcessed": "0",
        "schema": {"fields": jobs.JOB_SCHEMAS.get(job_id, [])},
        "rows": arrow_table_to_bq_rows(table, limit=most),
        "totalRows": str(table.num_rows),
    }
    jobs._attach_query_metadata(response, job)
    if session := job.statistics.get("sessionInfo"):
        response["sessionInfo"] = session
    if table.num_rows > most:
        response["pageToken"] = str(most)
    return response


async def handle_query_job(
    project_id: str,
    job_id: str,
    config: dict[str, Any],
    *,
    dry_run: bool,
    ctx: AppContext,
    **options: Any,  # noqa: ANN401
) -> JobMeta | dict[str, Any]:
    """Take a query job as bqemulator does, after its limit and its destination. Raises DomainError."""
    asked = config["query"]
    text = jobs._apply_default_dataset(asked.get("query", ""), asked, request_project_id=project_id)
    limit = int(asked.get("maximumBytesBilled") or LIMIT_THAT_NOTHING_HERE_REACHES)
    size = bytes_of(text, project_id, ctx) if dry_run or limit < LIMIT_THAT_NOTHING_HERE_REACHES else 0
    billed = max(LEAST_BILLED, -(-size // UNIT_BILLED) * UNIT_BILLED) if size else 0
    if billed > limit and not dry_run:
        message = f"Query exceeded limit for bytes billed: {limit}. {billed} or higher required."
        raise LimitError(message)
    if not text.strip():
        raise InvalidQueryError("Empty query", location="query")
    text = OF_SESSION.sub(rf"\1\2`{ANONYMOUS}`.", text)
    if ANONYMOUS in text:
        keep_results(text, project_id, ctx)
    text = QUOTED_PARAMETER.sub(r"@\1", text)
    try:
        written = text if dry_run else into_destination(text, asked, project_id, ctx)
    except (NotFoundError, AlreadyExistsError) as error:
        result = jobs._domain_error_to_error_result(error)
        return jobs._failed_job_meta(project_id, job_id, "QUERY", config, result, ctx.clock.now())
    job = await take_job(
        project_id, job_id, {**config, "query": asked | {"query": written}}, dry_run=dry_run, ctx=ctx, **options
    )
    if isinstance(job, dict):
        job["configuration"] = config
        job["statistics"]["totalBytesProcessed"] = str(size)
        job["statistics"]["query"]["totalBytesProcessed"] = str(size)
    elif not job.error_result and written != text:
        target = asked["destinationTable"]
        place = name_of(target, project_id)
        columns = await execute(project_id, job_id, f"SELECT * FROM {place}", None, ctx)
        job = job.model_copy(update={"statistics": columns.statistics})
    return job


def name_of(target: Mapping[str, str], project_id: str) -> str:
    return f"`{target.get('projectId') or project_id}`.`{target['datasetId']}`.`{target['tableId']}`"


def into_destination(text: str, asked: Mapping[str, Any], project_id: str, ctx: AppContext) -> str:
    """Write the answer of a query into its destination table, if it has one; returns the statement that does it.

    Raises:
        NotFoundError: the dataset of the destination is not there.
        AlreadyExistsError: the table is there, has rows, and is not to be replaced.
    """
    target = asked.get("destinationTable")
    if not target or not target.get("tableId") or jobs.classify_statement_type(text) != "SELECT":
        return text
    project, dataset, table = target.get("projectId") or project_id, target["datasetId"], target["tableId"]
    if ctx.catalog.get_dataset(project, dataset) is None:
        raise NotFoundError(f"Not found: Dataset {project}:{dataset}", location="US")
    found = ctx.catalog.get_table(project, dataset, table)
    disposition = asked.get("writeDisposition") or "WRITE_EMPTY"
    if found and disposition == "WRITE_EMPTY":
        [(rows,)] = ctx.engine.execute(f"SELECT COUNT(*) FROM {quoted_table_ref(project, dataset, table)}").fetchall()
        if rows:
            raise AlreadyExistsError(f"Already Exists: Table {project}:{dataset}.{table}")
    body = text.strip().rstrip(";")
    if found and disposition == "WRITE_APPEND":
        return f"INSERT INTO {name_of(target, project_id)} {body}"
    return f"CREATE OR REPLACE TABLE {name_of(target, project_id)} AS {body}"


async def list_rows_of_a_job(
    project_id: str,
    table_id: str,
    ctx: jobs._Ctx,
    startIndex: int = 0,  # noqa: N803
    pageToken: int = 0,  # noqa: N803
    maxResults: int = 10_000,  # noqa: N803
) -> dict[str, Any]:
    """List the rows of a job's own destination, which is no table here."""
    job_id = job_of(table_id)
    if job_id is None:
        return tabledata.list_tabledata(
            project_id, ANONYMOUS, table_id, ctx, maxResults, startIndex, str(pageToken or "") or None, None
        )
    table, start = jobs.JOB_RESULTS[job_id], pageToken or startIndex
    rows = arrow_table_to_bq_rows(table, start, maxResults)
    response = {"kind": "bigquery#tableDataList", "totalRows": str(table.num_rows), "rows": rows}
    return response | ({"pageToken": str(start + maxResults)} if start + maxResults < table.num_rows else {})


def tree_of(text: str) -> Expr | None:
    try:
        return sqlglot.parse_one(text, read="bigquery")
    except SqlglotError:
        return None


def read_the_present(text: str, project_id: str, versions: Any, *_: object) -> str:  # noqa: ANN401
    """Leave out FOR SYSTEM_TIME AS OF a time since which a table is as it is.

    Raises:
        InvalidQueryError: the time is in the past, of which nothing is kept.
    """
    if "SYSTEM_TIME" not in text.upper() or (tree := tree_of(text)) is None:
        return text
    for table in tree.find_all(exp.Table):
        version = table.args.get("version")
        if not version:
            continue
        if not is_now(version.expression):
            time = time_of(version.expression)
            if not time or not versions.is_as_at(time, table.catalog or project_id, table.db, table.name):
                raise InvalidQueryError(
                    "the embedded BigQuery keeps no old versions of a table, and BigQuery does: FOR SYSTEM_TIME AS OF "
                    "takes CURRENT_TIMESTAMP() here, or a time since which the table was not changed",
                    location="query",
                )
        table.set("version", None)
    return tree.sql("bigquery")


def is_now(node: Expr) -> bool:
    return isinstance(node, exp.CurrentTimestamp)


def time_of(node: Expr) -> datetime | None:
    """The time of TIMESTAMP '2025-09-23 12:00:00+00'; None of another expression."""
    literal = node.this if isinstance(node, (exp.Cast, exp.Timestamp)) else node
    try:
        time = datetime.fromisoformat(literal.name)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def expand_tables_of_tables(text: str, project_id: str, catalog: Any) -> str:  # noqa: ANN401
    """Put rows in the place of __TABLES__ and INFORMATION_SCHEMA: of what bqemulator does not know, and of the rest."""
    for view, (patterns, rows_of) in VIEWS.items():
        for pattern in patterns if view in text.upper() else ():
            text = pattern.sub(partial(written_out, rows_of, project_id, catalog), text)
    return expand_information_schema(text, project_id, catalog)


def written_out(rows_of: Callable[..., exp.Query], project_id: str, catalog: Any, found: re.Match[str]) -> str:  # noqa: ANN401
    rows = rows_of(found.groupdict().get("project") or project_id, found["dataset"], catalog)
    return f"({rows.sql('bigquery')})"


def tables_of(project: str, dataset: str, catalog: Any) -> exp.Query:  # noqa: ANN401
    """Select what __TABLES__ has. Raises NotFoundError where there is no such dataset."""
    if catalog.get_dataset(project, dataset) is None:
        raise NotFoundError(f"Not found: Dataset {project}:{dataset}", location="US")
    found = []
    for table in catalog.list_tables(project, dataset):
        times = [int(each.timestamp() * 1000) for each in (table.creation_time, table.last_modified_time)]
        kind = 2 if table.table_type == "VIEW" else 1
        rows = size = 0
        if kind == 1:
            place = quoted_table_ref(project, dataset, table.table_id)
            [(rows,)] = catalog._engine.execute(f"SELECT COUNT(*) FROM {place}").fetchall()
            size = bytes_of_columns(table.schema_.fields, place, catalog._engine)
        found.append([project, dataset, table.table_id, *times, rows, size, kind])
    return select_rows(OF_TABLES, found)


def field_paths_of(project: str, dataset: str, catalog: Any) -> exp.Query:  # noqa: ANN401
    """What INFORMATION_SCHEMA.COLUMN_FIELD_PATHS has."""
    columns = []
    for table in catalog.list_tables(project, dataset):
        paths = [(field, field.name, field.name) for field in table.schema_.fields]
        while paths:
            field, column, path = paths.pop(0)
            kind = TYPES.get(field.type, field.type)
            kind = f"ARRAY<{kind}>" if field.mode == "REPEATED" else kind
            columns.append([project, dataset, table.table_id, column, path, kind, field.description])
            paths += [(each, column, f"{path}.{each.name}") for each in field.fields]
    return select_rows(OF_FIELD_PATHS, columns)


def materialized_views_of(*_: object) -> exp.Query:
    """What INFORMATION_SCHEMA.MATERIALIZED_VIEWS has: nothing is kept of one here."""
    return select_rows(OF_MATERIALIZED_VIEWS, [])


def select_rows(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> exp.Query:
    """Select rows; a column is a number if its name says so."""

    def typed(value: Any, name: str) -> Expr:  # noqa: ANN401
        kind = "BIGINT" if name in NUMBERS else "TEXT"
        return exp.alias_(exp.cast(exp.convert(value), kind) if value is None else exp.convert(value), name)

    selects = [exp.select(*map(typed, row, names)) for row in rows or [[None] * len(names)]]
    if not rows:
        return selects[0].where(exp.false())
    return exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]


OF_TABLES = (
    "project_id", "dataset_id", "table_id", "creation_time", "last_modified_time", "row_count", "size_bytes", "type",
)  # fmt: skip
NUMBERS = {"creation_time", "last_modified_time", "row_count", "size_bytes", "type"}
OF_TABLE = ("table_catalog", "table_schema", "table_name")
OF_FIELD_PATHS = (*OF_TABLE, "column_name", "field_path", "data_type", "description")
OF_MATERIALIZED_VIEWS = (*OF_TABLE, "last_refresh_time", "refresh_watermark", "last_refresh_status")
TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
VIEWS: dict[str, tuple[Sequence[re.Pattern[str]], Callable[..., exp.Query]]] = {
    "COLUMN_FIELD_PATHS": (_build_patterns("COLUMN_FIELD_PATHS")[:2], field_paths_of),
    "MATERIALIZED_VIEWS": (_build_patterns("MATERIALIZED_VIEWS")[:2], materialized_views_of),
    "__TABLES__": (
        [re.compile(r"(?:`?(?P<project>[\w-]+)`?\.)?`?(?P<dataset>\w+)`?\.`?__TABLES__`?", re.IGNORECASE)],
        tables_of,
    ),
}


def bytes_of(text: str, project_id: str, ctx: AppContext) -> int:
    """The bytes of the columns that a query names, in all tables that it reads; see docs/how-fast.md."""
    tree = tree_of(text)
    if tree is None:
        return 0
    names = {column.name.lower() for column in tree.find_all(exp.Column) if not isinstance(column.parent, exp.Star)}
    names |= {each.name.lower() for each in tree.find_all(exp.Identifier) if isinstance(each.parent, exp.Join)}
    stars = [each for each in tree.find_all(exp.Star) if not isinstance(each.parent, exp.Count)]
    is_all = any(not each.args.get("except_") for each in stars)
    excepted = {name.name.lower() for each in stars for name in each.args.get("except_") or ()}
    total = 0
    for project, dataset, table in {(each.catalog, each.db, each.name) for each in tree.find_all(exp.Table) if each.db}:
        found = ctx.catalog.get_table(project or project_id, dataset, table)
        if found is None:
            continue
        if found.view_query:
            total += bytes_of(found.view_query, project_id, ctx)
            continue
        fields = [
            field
            for field in found.schema_.fields
            if is_all or field.name.lower() in names or (stars and field.name.lower() not in excepted)
        ]
        total += bytes_of_columns(fields, quoted_table_ref(project or project_id, dataset, table), ctx.engine)
    return total
