"""Locks the embedded BigQuery: who may reach it, what its SQL may do, and which files it may reach.

The Storage API's port answers any client on this computer, as the other does. It needs no check against pages: it takes
nothing but gRPC in clear text, which no browser speaks.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any, NoReturn

import duckdb
import sqlglot
from bqemulator.api.dependencies import AppContext
from bqemulator.api.middleware import GzipRequestMiddleware
from bqemulator.config import Settings
from bqemulator.domain.errors import InvalidQueryError, PermissionDeniedError
from bqemulator.server import DuckDBEngine, create_app
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dcr_data_generator.warehouse import hosts
from dcr_data_generator.warehouse.embedded import queries, resources

# What a client of BigQuery posts. Browsers let a page post texts and forms without asking, and neither of these.
JSON, UPLOAD = "application/json", "multipart/related"
NO_PAGES = PermissionDeniedError("this is for clients of BigQuery on this computer, not for pages in a browser")
NO_FILES = PermissionDeniedError("the embedded BigQuery reads and writes no files: upload them, or download the rows")
SETTINGS, MENDS = (Path(__file__).with_name(name) for name in ("guard.sql", "mends.sql"))
# What BigQuery has of DuckDB's statements and table functions. The others are DuckDB's own: many change the engine for
# everybody who uses it, such as PRAGMA enable_profiling.
STATEMENTS = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE", "DROP", "ALTER"}
BEGINNING = re.compile(
    r"(--[^\n]*\n|/\*.*?\*/|[\s(])*((SELECT|WITH|FROM|VALUES|INSERT|UPDATE|DELETE|MERGE|TRUNCATE|"
    r"ALTER\s+(TABLE|VIEW|SCHEMA)|(CREATE|DROP)\s+(OR\s+REPLACE\s+)?(TEMP\w*\s+)?(TABLE|VIEW|SCHEMA))\b|"
    # A function, as the emulator names it after its dataset: any other name may be one of the engine's own.
    r'(CREATE OR REPLACE|DROP) MACRO (TABLE )?(IF EXISTS )?"[^"]+__[^"]+")',
    re.IGNORECASE | re.DOTALL,
)
TABLE_FUNCTIONS = {"unnest", "generate_series", "range"}
# What the emulator itself sends beside them: files are parameters there.
ITS_OWN = re.compile(
    r"PRAGMA table_info\(|DESCRIBE |COPY \S+ FROM \? \(FORMAT \w+(, HEADER)?\)$|"
    r"COPY \S+ FROM \? \(FORMAT CSV, HEADER false, SKIP \d+(, (DELIM|QUOTE|NULLSTR) '([^']|'')*'){3}\)$"
)


class LockedEngine(DuckDBEngine):
    """A DuckDB that does what BigQuery does, and reaches no file but its own and the uploads."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.uploads = str(settings.upload_staging_dir)

    def _load_spatial(self) -> None:
        """Load nothing: the GDAL of DuckDB's extension "spatial" reads every file that a file of its own names."""

    async def start(self) -> None:
        """Start, and lock what no statement can unlock."""
        await super().start()
        # Before the routines that were stored by an earlier run.
        text = SETTINGS.read_text(encoding="utf-8")
        super().execute(MENDS.read_text(encoding="utf-8"))
        super().execute(Template(text).substitute(uploads=self.uploads.replace("'", "''")))

    def execute(self, sql: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        """Run a statement. Raises InvalidQueryError where it is DuckDB's own."""
        if refusal := refusal_of(sql):
            raise InvalidQueryError(refusal)
        return super().execute(sql, parameters)


@lru_cache(1000)
def refusal_of(sql: str) -> str | None:
    """Why a text in DuckDB's SQL is not run: it has a statement or a table function that BigQuery does not have."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error:  # the engine will say what is wrong
        return None
    is_its_own = len(statements) == 1 and ITS_OWN.match(sql)
    # DuckDB writes some statements out, such as PRAGMA database_list, which becomes a SELECT.
    is_known = all(each.type.name in STATEMENTS and BEGINNING.match(each.query) for each in statements)
    if not is_its_own and not (is_known and BEGINNING.match(sql)):
        return f"BigQuery has no such statement: {sql.strip():.60}"
    for name in own_table_functions().findall(sql):
        if calls(sql, name.lower()):
            return f"BigQuery has no table function {name.lower()}"
    return None


@lru_cache(1)
def own_table_functions() -> re.Pattern[str]:
    """Find what may be a call of a table function of DuckDB's own, and of nothing else that has its name."""
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT function_name, function_type FROM duckdb_functions()").fetchall()
    others = {name for name, kind in rows if kind not in ("table", "table_macro", "pragma")}
    names = {name for name, kind in rows if kind in ("table", "table_macro")} - others - TABLE_FUNCTIONS
    return re.compile(rf"\b({'|'.join(map(re.escape, sorted(names)))})\b", re.IGNORECASE)


def calls(sql: str, name: str) -> bool:
    """Whether a statement calls a function of DuckDB's, and does not only have its name otherwise.

    A dataset's own is named with the schema of its dataset, such as "dcr-demo__ewallet_provider".
    """
    tokens = ["", "", *sqlglot.tokenize(sql, read="duckdb"), "", ""]
    texts = [getattr(token, "text", "") for token in tokens]
    kinds = [getattr(token, "token_type", None) for token in tokens]
    return any(
        text.lower() == name
        and kinds[place] != sqlglot.TokenType.STRING
        and texts[place + 1] == "("
        and texts[place + 2] != "?"  # a file of the emulator's own
        and not (texts[place - 1] == "." and "__" in texts[place - 2])
        for place, text in enumerate(texts)
    )


def create_guarded_app(context: AppContext, allowed: Collection[str] = ()) -> FastAPI:
    app = create_app(context)
    # The others count, log and number the requests for nobody, which is a sixth of a small query's time.
    app.user_middleware = [each for each in app.user_middleware if each.cls is GzipRequestMiddleware]
    app.add_middleware(NoPages, allowed=allowed)
    queries.install(app)
    resources.install(app)
    return app


class NoPages:
    """Refuses what a page in the person's browser can send: its SQL would run, even if it cannot read the answer."""

    def __init__(self, app: ASGIApp, allowed: Collection[str] = ()) -> None:
        self.app, self.allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        is_refused = is_of_a_page(scope, self.allowed)
        app = JSONResponse(NO_PAGES.to_bigquery_error(), NO_PAGES.http_status) if is_refused else self.app
        await app(scope, receive, send)


def is_of_a_page(scope: Scope, allowed: Collection[str] = ()) -> bool:
    """Whether a page in a browser can have sent this; `allowed` are the forwarded names of this computer."""
    if scope["type"] != "http":
        return False
    headers = Headers(scope=scope)
    is_foreign = not hosts.is_ours(headers.get("host", ""), allowed)
    says_so = "origin" in headers or "sec-fetch-site" in headers
    is_empty = headers.get("content-length") == "0"
    kind = headers.get("content-type", "").partition(";")[0].lower()
    is_unasked = scope["method"] == "POST" and not is_empty and kind not in (JSON, UPLOAD)
    return is_foreign or says_so or is_unasked


async def refuse_files(*_: object) -> NoReturn:
    """Refuse a job that reads or writes files by their names: the emulator would reach every file of the person."""
    raise NO_FILES
