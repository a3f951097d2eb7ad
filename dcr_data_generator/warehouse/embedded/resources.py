"""What the embedded BigQuery says of its tables, and how it loads them: as BigQuery does, where bqemulator does not.

A table has its rows, bytes and location, and a view its query; a Parquet file brings its schema and is loaded by the
names of its columns; a CSV file has the header that its job says. Written for bqemulator 1.4.0.
"""

import re
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from bqemulator.api.dependencies import AppContext
from bqemulator.api.routes import datasets, jobs, tables, upload
from bqemulator.catalog import ddl_sync
from bqemulator.jobs import executor
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.storage.sql_identifiers import quoted_schema, quoted_table_ref
from bqemulator.storage.type_map import duckdb_type_to_bq_field
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from sqlglot import Expr, TokenType, exp, tokenize

BYTES = {"INTEGER": 8, "INT64": 8, "FLOAT": 8, "FLOAT64": 8, "TIMESTAMP": 8, "DATE": 8, "DATETIME": 8, "TIME": 8}
BYTES |= {"BOOLEAN": 1, "BOOL": 1, "NUMERIC": 16, "BIGNUMERIC": 32, "INTERVAL": 16}
ANONYMOUS = "_bqemu_anonymous"  # the dataset of what jobs answer, and of a session's tables
LOCATION = {"location": "US"}
SIZES = ("numBytes", "numActiveLogicalBytes", "numTotalLogicalBytes")
MEDIA = (*upload._PERMITTED_MEDIA_CONTENT_TYPES, "*/*")  # as Google's client uploads a small file

create_destination, load_file = executor._maybe_create_load_destination, executor._load_path_into_target
find_view = ddl_sync._detect_plain_create_view


def install(app: FastAPI) -> None:
    """Let the emulator's application answer in this way."""
    path = "/bigquery/v2/projects/{project_id}/datasets/{dataset_id}/tables/{table_id}"
    # Before the emulator's own.
    app.router.routes[:0] = [
        APIRoute("/bigquery/v2/projects/{project_id}/datasets", list_datasets, methods=["GET"]),
        APIRoute(path, get_table, methods=["GET"]),
        APIRoute(path.removesuffix("/{table_id}"), insert_table, methods=["POST"]),
    ]
    vars(upload).update(_PERMITTED_MEDIA_CONTENT_TYPES=MEDIA)
    vars(executor).update(_maybe_create_load_destination=create_loaded_table, _load_path_into_target=load)
    vars(ddl_sync).update(_detect_plain_create_view=view_as_written)


async def get_table(project_id: str, dataset_id: str, table_id: str, ctx: jobs._Ctx) -> dict[str, Any]:
    """Say what a table is. Raises NotFoundError."""
    body = tables.get_table(project_id, dataset_id, table_id, ctx) | LOCATION
    table = ctx.catalog.get_table(project_id, dataset_id, table_id)
    if table is None:  # of a job
        return body
    if table.view_query:
        return body | {"view": {"query": table.view_query, "useLegacySql": False}}
    place = quoted_table_ref(project_id, dataset_id, table_id)
    [(rows,)] = ctx.engine.execute(f"SELECT COUNT(*) FROM {place}").fetchall()
    size = str(bytes_of_columns(table.schema_.fields, place, ctx.engine))
    return body | {"numRows": str(rows)} | dict.fromkeys(SIZES, size)


async def insert_table(project_id: str, dataset_id: str, request: Request, ctx: jobs._Ctx) -> dict[str, Any]:
    """Create a table or a view. Raises DomainError."""
    body = await request.json()
    table_id = body["tableReference"]["tableId"]
    text = body.get("view", {}).get("query")
    if not text or ctx.catalog.get_table(project_id, dataset_id, table_id):
        await tables.insert_table(project_id, dataset_id, request, ctx)
    else:
        statement = f"CREATE VIEW `{project_id}`.`{dataset_id}`.`{table_id}` AS {text}"
        await jobs.execute_query_job(project_id, f"bqemu_{uuid4().hex[:12]}", statement, None, ctx)
        if view := ctx.catalog.get_table(project_id, dataset_id, table_id):
            told = {"description": body.get("description"), "labels": body.get("labels", {})}
            ctx.catalog.update_table(view.model_copy(update=told))
    return await get_table(project_id, dataset_id, table_id, ctx)


def view_as_written(text: str) -> tuple[exp.Table | None, Expr | None]:
    """The view that a statement creates, and its query letter for letter, where the emulator writes its own."""
    view, query = find_view(text)
    depth = 0
    for token in tokenize(text, read="bigquery") if query else ():
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if token.token_type == TokenType.ALIAS and depth == 0:
            return view, exp.var(text[token.end + 1 :].strip().removesuffix(";").rstrip())
    return view, query


def bytes_of_columns(fields: Iterable[Any], table: str, engine: DuckDBEngine) -> int:
    """8 bytes for a number or a time, 2 and its own for a text; none for a NULL."""
    sizes = []
    for field in fields:
        column = exp.to_identifier(field.name, quoted=True).sql("duckdb")
        if field.type in BYTES and field.mode != "REPEATED":
            sizes.append(f"COUNT({column}) * {BYTES[field.type]}")
        else:
            sizes.append(f"COALESCE(SUM(strlen(CAST({column} AS VARCHAR)) + 2), 0)")
    if not sizes:
        return 0
    [(size,)] = engine.execute(f"SELECT {' + '.join(sizes)} FROM {table}").fetchall()
    return int(size)


def job_of(table_id: str) -> str | None:
    """The job whose own destination a table is."""
    return next((each for each in jobs.JOB_RESULTS if f"anon{each.replace('-', '')}" == table_id), None)


def ensure_anonymous(project_id: str, ctx: AppContext) -> None:
    """Create the hidden dataset of what jobs answer."""
    ddl_sync._ensure_dataset(project_id, ANONYMOUS, ctx)
    ctx.engine.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted_schema(project_id, ANONYMOUS)}")


def keep_results(text: str, project_id: str, ctx: AppContext) -> None:
    """Make tables of the destinations of jobs that a statement names."""
    ensure_anonymous(project_id, ctx)
    for table_id in set(re.findall(r"\banon\w+", text)):
        if (job_id := job_of(table_id)) and ctx.catalog.get_table(project_id, ANONYMOUS, table_id) is None:
            statement = f"CREATE TABLE {quoted_table_ref(project_id, ANONYMOUS, table_id)} AS SELECT * FROM {table_id}"
            ctx.engine.connection.register(table_id, jobs.JOB_RESULTS[job_id])
            ctx.engine.execute(statement)
            ctx.engine.connection.unregister(table_id)
            place = f"`{project_id}`.`{ANONYMOUS}`.`{table_id}`"
            ddl_sync.sync_created_table(f"CREATE TABLE {place} AS SELECT 1", project_id, ctx)


async def list_datasets(project_id: str, ctx: jobs._Ctx, maxResults: int = 1000) -> dict[str, Any]:  # noqa: N803
    """List the datasets that are not hidden."""
    body = datasets.list_datasets(project_id, ctx, maxResults + 1)
    shown = [each for each in body["datasets"] if each["datasetReference"]["datasetId"] != ANONYMOUS]
    return body | {"datasets": shown[:maxResults], "totalItems": len(shown)}


def create_loaded_table(*, load_config: dict[str, Any], ctx: AppContext, **options: Any) -> None:  # noqa: ANN401
    """Create the table of a load job, with the schema of its Parquet file if the job has none."""
    if options["dest_dataset"] == ANONYMOUS:
        ensure_anonymous(options["dest_project"], ctx)
    if load_config.get("sourceFormat", "").upper() == "PARQUET" and not load_config.get("schema"):
        path = executor._resolve_uri(load_config["sourceUris"][0], ctx)
        columns = ctx.engine.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
        fields = [duckdb_type_to_bq_field(name, kind) for name, kind, *_ in columns]
        load_config = load_config | {"schema": {"fields": fields}}
    create_destination(load_config=load_config, ctx=ctx, **options)


def load(path: str, job: Any, ctx: AppContext) -> None:  # noqa: ANN401
    """Load a file: Parquet by the names of its columns, CSV with the options of its job."""
    if job.source_format == "PARQUET":
        ctx.engine.execute(f"INSERT INTO {job.target_ref} BY NAME SELECT * FROM read_parquet(?)", [path])
    elif job.source_format == "CSV" and not job.raw_config.get("autodetect"):
        asked = job.raw_config
        texts = {"DELIM": asked.get("fieldDelimiter", ","), "QUOTE": asked.get("quote", '"')}
        texts["NULLSTR"] = asked.get("nullMarker", "")
        words = "".join(f", {name} {exp.Literal.string(text).sql('duckdb')}" for name, text in texts.items())
        skipped = int(asked.get("skipLeadingRows") or 0)
        ctx.engine.execute(f"COPY {job.target_ref} FROM ? (FORMAT CSV, HEADER false, SKIP {skipped}{words})", [path])
    else:
        load_file(path, job, ctx)
