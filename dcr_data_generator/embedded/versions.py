"""Keeps no old versions of tables: the emulator would copy each table that a load or a statement has changed."""

from typing import Any

from bqemulator.versioning.snapshots import SnapshotManager


class NoOldVersions(SnapshotManager):
    """Copies no table. Nobody could read the copies: they would be kept for 0 days."""

    def capture(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Copy nothing."""
