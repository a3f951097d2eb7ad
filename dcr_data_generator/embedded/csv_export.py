"""Reads a person's own export of thelook_ecommerce: orders.csv, order_items.csv and users.csv in a folder."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from google.cloud.bigquery import SchemaField
from pyarrow import csv

from dcr_data_generator.problem import Problem

KEYS = {"orders": "order_id", "order_items": "id", "users": "id"}
# The users' id is no key: thelook has several records of some users.
UNIQUE = {"orders": "order_id", "order_items": "id"}
EXAMPLES = {
    "INTEGER": "a whole number",
    "FLOAT": "a number",
    "TIMESTAMP": "a timestamp such as 2025-09-12 02:16:00.000000 UTC",
}


def fingerprint(folder: Path) -> str:
    """Tell the content of a folder's three files from any other, as a label's value.

    Raises:
        Problem: a file is missing or cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in KEYS:
        digest.update(content(folder, name) + b"\0")
    return f"csv-{digest.hexdigest()}"


def content(folder: Path, name: str) -> bytes:
    """Read a file whole."""
    path = folder / f"{name}.csv"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Problem(f"{path} is missing: --source needs {', '.join(f'{each}.csv' for each in KEYS)}") from None
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror}): --source needs a file that you may read") from None


def read(folder: Path, schemas: Mapping[str, Sequence[SchemaField]]) -> dict[str, pd.DataFrame]:
    """Read the three files: the columns of the schemas, in whatever order, and no others.

    Integers are Int64, floats float64, strings str and timestamps datetime64[us, UTC]; an empty field is a missing
    value, and an empty one in quotes is an empty string.

    Raises:
        Problem: a file, a column or a key is missing, a value is not what its column holds, or a key is not unique.
    """
    return {name: read_table(folder / f"{name}.csv", content(folder, name), schemas[name], name) for name in schemas}


def read_table(path: Path, data: bytes, schema: Sequence[SchemaField], name: str) -> pd.DataFrame:
    """Read one file."""
    texts = read_texts(path, data, [field.name for field in schema])
    table = pd.DataFrame({field.name: convert(path, texts[field.name], field.field_type) for field in schema})
    refuse(path, table[KEYS[name]].isna(), texts[KEYS[name]], "a key: it is empty")
    if unique := UNIQUE.get(name):
        table = table.drop_duplicates()
        refuse(path, table[unique].duplicated(), texts[unique].loc[table.index], "unique: another row has it too")
    if name == "orders":
        refuse(path, table["created_at"].isna(), texts["created_at"], "a timestamp: it is empty")
    if name == "users":
        refuse(path, ~table["age"].fillna(0).between(0, 150), texts["age"], "an age from 0 to 150")
    return table.reset_index(drop=True)


def read_texts(path: Path, data: bytes, columns: list[str]) -> pd.DataFrame:
    """Read the columns as text (str)."""
    if not data.strip():
        raise Problem(f"{path} is empty: export the table with its header")
    header = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("latin-1")
    names = [column.strip().strip('"').strip() for column in header.split(",")]
    if missing := [column for column in columns if column not in names]:
        hint = ": its first line has no commas" if len(names) == 1 else ""
        raise Problem(
            f"{path} has no column {', '.join(missing)}{hint}; export it comma-separated, in UTF-8, with a header"
        )
    if twice := [column for column in columns if names.count(column) > 1]:
        raise Problem(f"{path} has two columns {twice[0]}: keep one")
    try:
        table = csv.read_csv(
            pa.py_buffer(data),
            read_options=csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                include_columns=columns,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        reason = re.sub(r"^CSV parse error: |^In CSV column #\d+: ", "", str(error).splitlines()[0])
        raise Problem(f"{path} is not a CSV file that can be read ({reason}): export it again, in UTF-8") from None
    if not table.num_rows:
        raise Problem(f"{path} has a header and no rows: export a table that has some")
    return table.to_pandas()


def convert(path: Path, texts: pd.Series, kind: str) -> pd.Series:
    """Convert a column of text to the type of its column."""
    if kind == "STRING":
        return texts.astype("str")
    if kind == "TIMESTAMP":
        values = pd.to_datetime(
            texts.str.removesuffix(" UTC").where(texts.str.match(r"\d{4}-\d{2}-\d{2}([ T]|$)")),
            format="ISO8601",
            utc=True,
            errors="coerce",
        ).astype("datetime64[us, UTC]")
    else:
        values = pd.to_numeric(texts, errors="coerce", dtype_backend="numpy_nullable")
        values = values.where(values.abs() < float("inf"))
    if kind == "INTEGER":
        values = values.where(values == values.round()).astype("Int64")
    refuse(path, values.isna() & texts.notna(), texts, EXAMPLES[kind])
    return values.astype("float64") if kind == "FLOAT" else values


def refuse(path: Path, wrong: pd.Series, texts: pd.Series, allowed: str) -> None:
    """Name the first row that is wrong, counted as a spreadsheet does: the header is row 1."""
    if wrong.any():
        row = wrong.idxmax()
        value = "" if pd.isna(texts[row]) else f"{texts[row]:.60}"
        raise Problem(f"{path}, row {row + 2}, column {texts.name}: {value!r} is not {allowed}")
