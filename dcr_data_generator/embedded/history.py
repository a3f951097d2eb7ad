"""Keeps no history: the emulator would copy each table that is changed, and write down each job for later runs."""

from typing import Any

from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository
from bqemulator.versioning.snapshots import SnapshotManager


class NoOldVersions(SnapshotManager):
    """Copies no table. Nobody could read the copies: they would be kept for 0 days."""

    def capture(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Copy nothing."""


class NoOldJobs(DuckDBCatalogRepository):
    """Knows the jobs of this process only. Writing one down took longer than most queries."""

    def _write_job(self, *_: Any) -> None:  # noqa: ANN401
        """Write nothing."""
