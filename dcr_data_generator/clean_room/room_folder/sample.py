"""A sample of a room's rows, by key: the rows of the same people in all tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b

from dcr_data_generator.clean_room.room_folder.room import RoomView

# Measured on two cores: the engine takes about so many rows of ten columns in 20 seconds.
MOST_ROWS = 100_000


class Sample:
    """Which rows of the tables are read: all, or a share of the keys.

    A table's key is its first column that a policy names; otherwise the column that most tables have. A table without
    the key is read whole.

    Args:
        tables: the columns of each.
        views: with the policies that name keys.
        rows: the number of rows of each table.
        size: about how many rows of the largest table are read; None reads all.
    """

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, str]],
        views: Sequence[RoomView],
        rows: Mapping[str, int],
        size: int | None,
    ) -> None:
        self.share = 1.0 if size is None else min(1.0, size / max(1, *rows.values()))
        named = {column for view in views for column in view.policy.columns}
        count = {name.lower(): 0 for columns in tables.values() for name in columns}
        for columns in tables.values():
            for column in columns:
                count[column.lower()] += 1
        self.keys = {
            table: max(columns, key=lambda column: (column.lower() in named, count[column.lower()]))
            for table, columns in tables.items()
        }
        self.keys = {table: key for table, key in self.keys.items() if key.lower() in named or count[key.lower()] > 1}

    def rows(
        self, table: str, columns: Sequence[str], read: Callable[[Sequence[str]], Iterable[Sequence[object]]]
    ) -> Iterable[Sequence[object]]:
        """The rows of a table that are in the sample, in the order of these columns."""
        if self.share == 1.0 or table not in self.keys:
            return read(columns)
        rows = read([self.keys[table], *columns])
        return [row[1:] for row in rows if place_of(row[0]) < self.share]


def place_of(key: object) -> float:
    """A number from 0 to 1 that is the same for the same key."""
    return int.from_bytes(blake2b(str(key).encode(), digest_size=8).digest()) / 2**64
