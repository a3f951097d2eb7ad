"""All changes to the packages that the embedded BigQuery is made of. Written for bqemulator 1.4.0 and sqlglot 30.

Those of its SQL are in mends.py, and those of how it takes queries in queries.py.
"""

from collections.abc import Collection, Hashable
from datetime import UTC, datetime
from functools import lru_cache, partial, wraps
from typing import Any

import sqlglot
from bqemulator import server
from bqemulator.api.routes import jobs, tabledata
from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository
from bqemulator.sql.translator import SQLTranslator
from bqemulator.versioning.snapshots import SnapshotManager
from sqlglot import Expr

from dcr_data_generator.warehouse.embedded import guard, mends

parse = lru_cache(256)(sqlglot.parse_one)


def apply(allowed: Collection[str] = ()) -> None:
    """Change every emulator that this process starts; `allowed` are the forwarded names of this computer."""
    vars(server).update(
        DuckDBEngine=guard.LockedEngine,
        create_app=partial(guard.create_guarded_app, allowed=allowed),
        SnapshotManager=NoOldVersions,
        DuckDBCatalogRepository=NoOldJobs,
    )
    # Uploads come another way.
    vars(jobs).update(execute_load_job=guard.refuse_files, execute_extract_job=guard.refuse_files)
    vars(sqlglot).update(parse_one=parse_once)
    SQLTranslator.translate = mends.translate  # type: ignore[method-assign, assignment]
    for route in tabledata.router.routes:
        if vars(route).get("endpoint") is tabledata.list_tabledata:
            vars(route).update(endpoint=list_alone)


@wraps(tabledata.list_tabledata)
async def list_alone(*arguments: Any, **named: Any) -> dict[str, Any]:  # noqa: ANN401
    """List rows of a table in the thread in which everything else runs.

    The emulator lists them in a thread of their own, and the one connection to DuckDB then gives the rows of one
    statement to another.
    """
    return tabledata.list_tabledata(*arguments, **named)


def parse_once(sql: str, **options: Hashable) -> Expr:
    """Parse a statement as sqlglot's `parse_one` does; returns a tree of its own for each caller, who may change it.

    The emulator parses a statement some 17 times for each query, which is a tenth of a run's time.
    """
    return parse(sql, **options).copy()


class NoOldVersions(SnapshotManager):
    """Copies no table that is changed: the copies would be kept for 0 days. It knows when a table was changed last."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **named)
        self.changes: dict[tuple[str, ...], datetime] = {}
        self.start = datetime.now(UTC)

    def capture(self, *table: Any, **_: Any) -> None:  # noqa: ANN401
        """Copy nothing."""
        self.changes[table] = datetime.now(UTC)

    def is_as_at(self, time: datetime, *table: str) -> bool:
        """Whether a table is as it was at a time: nothing is known of the time before this process."""
        found = self._catalog.get_table(*table)
        created = max(self.start, found.creation_time) if found else self.start
        return time >= max(created, self.changes.get(table, created))


class NoOldJobs(DuckDBCatalogRepository):
    """Knows the jobs of this process only. Writing one down took longer than most queries."""

    def _write_job(self, *_: Any) -> None:  # noqa: ANN401
        """Write nothing."""
