"""Locks the embedded BigQuery: who may reach it, and which files its SQL may reach.

The Storage API's port needs no check: it takes nothing but gRPC in clear text, which no browser speaks.
"""

from pathlib import Path
from string import Template
from typing import NoReturn

from bqemulator import server
from bqemulator.api.dependencies import AppContext
from bqemulator.api.middleware import GzipRequestMiddleware
from bqemulator.api.routes import jobs
from bqemulator.config import Settings
from bqemulator.domain.errors import PermissionDeniedError
from bqemulator.server import DuckDBEngine, create_app
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS = "127.0.0.1", "localhost"
# What a client of BigQuery posts. Browsers let a page post texts and forms without asking, and neither of these.
JSON, UPLOAD = "application/json", "multipart/related"
NO_PAGES = PermissionDeniedError("this is for clients of BigQuery on this computer, not for pages in a browser")
NO_FILES = PermissionDeniedError("the embedded BigQuery reads and writes no files: upload them, or download the rows")
SETTINGS = Path(__file__).with_name("lock.sql")


def lock() -> None:
    """Lock every emulator that this process starts."""
    vars(server).update(DuckDBEngine=LockedEngine, create_app=create_guarded_app)
    # Uploads come another way.
    vars(jobs).update(execute_load_job=refuse_files, execute_extract_job=refuse_files)


class LockedEngine(DuckDBEngine):
    """A DuckDB that reaches no file but its own and the uploads."""

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
        self.execute(Template(text).substitute(uploads=self.uploads.replace("'", "''")))


def create_guarded_app(context: AppContext) -> FastAPI:
    app = create_app(context)
    # The others count, log and number the requests for nobody, which is a sixth of a small query's time.
    app.user_middleware = [each for each in app.user_middleware if each.cls is GzipRequestMiddleware]
    app.add_middleware(NoPages)
    return app


class NoPages:
    """Refuses what a page in the person's browser can send: its SQL would run, even if it cannot read the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        app = JSONResponse(NO_PAGES.to_bigquery_error(), NO_PAGES.http_status) if is_of_a_page(scope) else self.app
        await app(scope, receive, send)


def is_of_a_page(scope: Scope) -> bool:
    """Whether a page in a browser can have sent this."""
    if scope["type"] != "http":
        return False
    headers = Headers(scope=scope)
    # A page whose own name comes to mean this computer (DNS rebinding) has that name for the host.
    is_foreign = headers.get("host", "").partition(":")[0] not in HOSTS
    says_so = "origin" in headers or "sec-fetch-site" in headers
    is_empty = headers.get("content-length") == "0"
    kind = headers.get("content-type", "").partition(";")[0].lower()
    is_unasked = scope["method"] == "POST" and not is_empty and kind not in (JSON, UPLOAD)
    return is_foreign or says_so or is_unasked


async def refuse_files(*_: object) -> NoReturn:
    """Refuse a job that reads or writes files by their names: the emulator would reach every file of the person."""
    raise NO_FILES
