"""The files of a room folder: text files, and tables in CSV or Parquet, which DuckDB reads.

Every mistake in them ends in a UserError that begins with the file and the line.
"""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from dcr_data_generator.errors import UserError
from dcr_data_generator.values import counted

# DuckDB's type for each of BigQuery's that a table of the engine takes.
TYPES = {
    "STRING": "VARCHAR",
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "BOOL": "BOOLEAN",
    "NUMERIC": "DECIMAL(38,9)",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP",
    "BYTES": "BLOB",
}
OTHER_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "DECIMAL": "NUMERIC"}
# BigQuery's type for those of DuckDB that are not in the list above.
READ_AS = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"), "INT64"),
    "FLOAT": "FLOAT64",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}
QUOTE = '"'
SCHEMA, TABLES = ".schema.json", (".csv", ".parquet")


def path_of(folder: Path, path: Path) -> str:
    """A file's path as messages name it."""
    return path.relative_to(folder).as_posix()


def files_of(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that match a pattern. Raises UserError for a link that leads out of it."""
    paths = sorted(path for path in folder.glob(pattern) if path.is_symlink() or path.is_file())
    for path in paths:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise UserError(f"{path_of(folder, path)}:1: this is a link that leads out of the folder: copy the file")
    return paths


def check_places(folder: Path, read: Collection[str]) -> None:
    """Check that each file is in a place where it is read. Raises UserError for one that is not."""
    are_read = {path for pattern in read for path in folder.glob(pattern)}
    parts = {pattern.partition("/")[0] for pattern in read}
    for path in sorted(path for part in parts for path in (folder / part).rglob("*")):
        name, table = path_of(folder, path), path.name.removesuffix(SCHEMA)
        if path.suffix.lower() in (".csv", ".json", ".parquet", ".sql") and path not in are_read:
            raise UserError(f"{name}:1: this is not read: a room folder has {', '.join(read)}")
        if table != path.name and not any((path.parent / f"{table}{suffix}").exists() for suffix in TABLES):
            raise UserError(f"{name}:1: there is no {table}.csv or .parquet beside it")


def read_text(folder: Path, path: Path) -> str:
    """Read a text file. Raises UserError for one that is empty, or not UTF-8."""
    name = path_of(folder, path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{name}:{line}: this is not UTF-8: save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"{name}:1: this cannot be read ({error.strerror})") from None
    if not text.strip():
        raise UserError(f"{name}:1: the file is empty")
    return text


class Table:
    """A table of a room folder: its columns and their BigQuery types, and its rows.

    Raises:
        UserError: its file or its schema cannot be read.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, path: Path) -> None:
        self.file = path_of(folder, path)
        schema = path.with_suffix(SCHEMA)
        given = read_schema(folder, schema) if schema.is_file() or schema.is_symlink() else None
        read = partial(read_parquet, connection, path) if path.suffix == ".parquet" else None
        read = read or partial(read_csv, connection, self.file, path, read_text(folder, path), given)
        try:
            relation = read()
            kinds = [str(kind) for kind in relation.types]
            self.content = relation.to_arrow_table()  # reads all rows, so that what is wrong shows here
        except duckdb.Error as error:
            place = re.search(r"Line: (\d+)", str(error))
            reasons = [line for line in str(error).splitlines() if line.startswith("Error when converting")]
            reason = (reasons or str(error).splitlines())[0]
            raise UserError(f"{self.file}:{place[1] if place else 1}: {reason}") from None
        inferred = {name: bigquery_type(kind) for name, kind in zip(relation.columns, kinds, strict=True)}
        if path.suffix == ".csv":  # a time of a CSV file is UTC, as BigQuery infers it
            inferred = {name: "TIMESTAMP" if kind == "DATETIME" else kind for name, kind in inferred.items()}
        self.columns: dict[str, str] = given or {}
        if given is None:
            for name, kind in zip(relation.columns, kinds, strict=True):
                if not inferred[name]:
                    raise UserError(f"{self.file}:1: the column {name} has the type {kind}: {SUPPORTED}")
                self.columns[name] = str(inferred[name])
        elif missing := given.keys() - {*relation.columns}:
            raise UserError(f"{self.file}:1: there is no column {min(missing)}, which {schema.name} names")
        elif more := {*relation.columns} - given.keys():
            raise UserError(f"{self.file}:1: {schema.name} does not name the column {min(more)}")

    @property
    def number_of_rows(self) -> int:
        """How many rows it has."""
        return int(self.content.num_rows)

    def rows(self, columns: Sequence[str]) -> Iterable[Sequence[object]]:
        """The rows, in the order of these columns."""
        return zip(*(self.values(column) for column in columns), strict=True)

    def values(self, column: str) -> list[object]:
        """The values of a column; a time without a zone is UTC where BigQuery has an instant."""
        values = self.content.column(column).to_pylist()
        if self.columns[column] != "TIMESTAMP":
            return list(values)
        return [value and value.replace(tzinfo=value.tzinfo or UTC) for value in values]


SUPPORTED = f"the types are {', '.join(TYPES)}"


def bigquery_type(kind: str) -> str | None:
    """BigQuery's type for one of DuckDB's; None for one that the engine's tables do not take."""
    if kind.startswith("DECIMAL"):
        return "NUMERIC"
    known = {name: each for each, name in TYPES.items() if each != "TIMESTAMP"} | READ_AS
    return known.get(kind)


def read_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    return connection.read_parquet(str(path))


def read_csv(
    connection: duckdb.DuckDBPyConnection, file: str, path: Path, text: str, schema: Mapping[str, str] | None
) -> duckdb.DuckDBPyRelation:
    """Read a CSV file: a header, an empty field is NULL, and a quoted empty one ''; with a schema nothing is inferred.

    Raises:
        UserError: a line has more or fewer values than the header, or two columns have one name.
    """
    lines = csv.reader(io.StringIO(text, newline=""))
    header, line = next(lines), lines.line_num + 1
    for row in lines:
        if row and len(row) != len(header):
            runs_on = f", to line {lines.line_num}, as a quote runs on" if line < lines.line_num else ""
            values = f"{counted(len(row), 'value')}{runs_on}"
            raise UserError(f"{file}:{line}: {values}, where the header has {len(header)}")
        line = lines.line_num + 1
    if len({name.lower() for name in header}) < len(header):
        raise UserError(f"{file}:1: two columns have the same name")
    options: dict[str, Any] = {
        "sep": ",",
        "quotechar": QUOTE,
        "escapechar": QUOTE,
        "header": True,
        "allow_quoted_nulls": False,
    }
    if schema is None:
        return connection.read_csv(str(path), sample_size=-1, **options)
    columns: dict[str, Any] = {name: TYPES[schema.get(name, "STRING")] for name in header}
    return connection.read_csv(str(path), columns=columns, auto_detect=False, **options)


def read_schema(folder: Path, path: Path) -> dict[str, str]:
    """Read a schema in BigQuery's own format: a list of fields with a name and a type, and perhaps a mode."""
    [path] = files_of(folder, path_of(folder, path))
    file, text = path_of(folder, path), read_text(folder, path)
    try:
        fields = json.loads(text)
        named = [(str(each["name"]), str(each["type"]).upper(), str(each.get("mode", "")).upper()) for each in fields]
    except json.JSONDecodeError as error:
        raise UserError(f"{file}:{error.lineno}: this is not JSON: {error.msg}") from None
    except (AttributeError, KeyError, TypeError):
        raise UserError(f'{file}:1: this is not a list of fields such as {{"name": "id", "type": "INT64"}}') from None
    schema = {}
    for name, kind, mode in named:
        schema[name] = OTHER_NAMES.get(kind, kind)
        if schema[name] not in TYPES or mode == "REPEATED":
            found = re.search(rf'"name"\s*:\s*"{re.escape(name)}"', text)
            line = text[: found.start()].count("\n") + 1 if found else 1
            raise UserError(f"{file}:{line}: the column {name} has the type {f'{mode} {kind}'.strip()}: {SUPPORTED}")
    return schema
