"""Reads the user's own export of thelook_ecommerce: orders.csv, order_items.csv and users.csv in a folder."""

import csv
import hashlib
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from google.cloud.bigquery import SchemaField
from pyarrow import csv as arrow_csv

from dcr_data_generator.errors import UserError
from dcr_data_generator.values import check_regular

KEYS = {"orders": "order_id", "order_items": "id", "users": "id"}
# Raise the number when a file comes to be read otherwise: what an earlier version read is then read again.
READER = b"2"
# Of a file. A gzip file may become so much, or so many times as large: tables become some 3 to 50 times as large.
MAX_BYTES, SOME_BYTES, MAX_RATIO = (2 << 30) - 2, 64 << 20, 300
GZIP = b"\x1f\x8b"
# The first that BigQuery has.
FIRST_TIME = pd.Timestamp("0001-01-01", tz="UTC")
# What stands in a CSV file's place, by its first bytes.
NO_CSV = {
    b"version https://git-lfs": "a Git LFS pointer: run `git lfs pull`",
    b"<": "a web page: download the file itself",
    b"PK\3\4": "a zip or Excel file: unpack it, or save it as CSV",
    b"PAR1": "a Parquet file: export the table as CSV",
}
# Of one order, in US dollars: a float holds the sum of its prices exactly up to here, in millionths.
MAX_SUM = 2**53 / 1e6
EXAMPLES = {
    "INTEGER": "a whole number of 64 bits",
    "FLOAT": "a number",
    "TIMESTAMP": "a timestamp such as 2025-09-12 02:16:00.000000 UTC",
}


def fingerprint(folder: Path) -> str:
    """Tell the content of a folder's three files from any other, as a label's value.

    Raises:
        UserError: a file is missing or cannot be read.
    """
    contents = [content(find(folder, name)) for name in KEYS]
    digest = hashlib.blake2b(b"\0".join([READER, *contents]), digest_size=16)
    return f"csv-{digest.hexdigest()}"


def find(folder: Path, name: str) -> Path:
    """Find a table's file: orders.csv, else the one named like thelook_ecommerce.orders.csv.gz."""
    path = folder / f"{name}.csv"
    if path.exists():
        return path
    pattern = re.compile(rf"([^.].*[._-])?{name}\.csv(\.gz)?", re.IGNORECASE)
    others = sorted(other for other in folder.glob("*") if pattern.fullmatch(other.name))
    if len(others) > 1:
        raise UserError(f"{others[0]} and {others[1]} could both be {name}.csv: remove one of them")
    return others[0] if others else path


def content(path: Path) -> bytes:
    """Read a file whole, uncompressed.

    Raises:
        UserError: it is not a regular file, it is too large, or it cannot be read.
    """
    try:
        check_regular(path)
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
        if data and data.startswith(GZIP):
            data = unpacked(data)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: --source needs {', '.join(f'{each}.csv' for each in KEYS)}") from None
    except (EOFError, zlib.error):
        raise UserError(f"{path} is a gzip file that is damaged: export it again") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): --source needs a file that you may read") from None
    except ValueError as error:
        raise UserError(f"{path} {error}: --source needs a regular file") from None
    if data is None:
        raise UserError(f"{path} is too large: load the tables into BigQuery, and give --source-dataset")
    return data


def unpacked(data: bytes) -> bytes | None:
    """Unpack a gzip file of one part or of several; None where its content is larger than a file may be.

    Raises:
        zlib.error: it is damaged.
        EOFError: its end is missing.
    """
    parts, left = [], MAX_BYTES
    while data:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        parts.append(unpacker.decompress(data, min(left + 1, max(SOME_BYTES, len(data) * MAX_RATIO))))
        left -= len(parts[-1])
        if unpacker.unconsumed_tail:
            return None
        if not unpacker.eof:
            raise EOFError
        data = unpacker.unused_data.lstrip(b"\0")
    return b"".join(parts)


def read(folder: Path, schemas: Mapping[str, Sequence[SchemaField]]) -> dict[str, pd.DataFrame]:
    """Read the three files: the columns of the schemas, in whatever order, and no others.

    Integers are Int64, floats float64, strings str and timestamps datetime64[us, UTC]; an empty field is a missing
    value, and an empty one in quotes is an empty string in a column of strings.

    Raises:
        UserError: a file, a column or a key is missing, a value is not what its column holds, or a key is not unique.
    """
    return {name: read_table(find(folder, name), schemas[name], name) for name in schemas}


def read_table(path: Path, schema: Sequence[SchemaField], name: str) -> pd.DataFrame:
    texts = read_texts(path, [field.name for field in schema])
    table = pd.DataFrame({field.name: convert(path, texts[field.name], field.field_type) for field in schema})
    key = KEYS[name]
    refuse(path, table[key].isna(), texts[key], "a key: it is empty")
    if name != "users":  # thelook has several records of some users
        table = table.drop_duplicates()
        refuse(path, table[key].duplicated(), texts[key].loc[table.index], "unique: another row has it too")
    if name == "orders":
        refuse(path, table["created_at"].isna(), texts["created_at"], "a timestamp: it is empty")
    if name == "users":
        refuse(path, ~table["age"].fillna(0).between(0, 150), texts["age"], "an age from 0 to 150")
    if name == "order_items":
        sums = table["sale_price"].abs().groupby(table["order_id"]).cumsum()
        refuse(path, sums > MAX_SUM, texts["sale_price"], "a price whose order adds up to the cent")
    return table.reset_index(drop=True)


def read_texts(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read the columns as text (str). The index has the rows' numbers, as a spreadsheet counts: the header is row 1."""
    data = content(path)
    start = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise UserError(f"{path} is empty: export the table with its header")
    for first_bytes, kind in NO_CSV.items():
        if start.startswith(first_bytes):
            raise UserError(f"{path} is {kind}")
    names = header(data)
    if missing := [column for column in columns if column not in names]:
        hint = ": its first line has no commas" if len(names) == 1 else ""
        raise UserError(
            f"{path} has no column {', '.join(missing)}{hint}; export it comma-separated, in UTF-8, with a header"
        )
    if twice := [column for column in columns if names.count(column) > 1]:
        raise UserError(f"{path} has two columns {twice[0]}: keep one")
    # Further columns are not looked at, whatever they hold.
    numbers = [f"f{names.index(column)}" for column in columns]
    try:
        rows = arrow_csv.read_csv(
            pa.py_buffer(data + b"\n"),  # Arrow takes no header whose line has no end
            # The errors have the number of the row only where one thread reads. A row may be as long as the file.
            read_options=arrow_csv.ReadOptions(
                autogenerate_column_names=True, use_threads=False, block_size=len(data) + 1
            ),
            # An empty line counts as a row, and is dropped below.
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=numbers,
                column_types=dict.fromkeys(numbers, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        ).to_pandas()
    except pa.ArrowInvalid as error:
        reason = re.sub(r"^CSV parse error: |^In CSV column #\d+: ", "", str(error).splitlines()[0])
        raise UserError(
            f"{path} is not a CSV file that can be read ({reason:.200}): export it again, comma-separated, in UTF-8"
        ) from None
    texts = rows.set_axis(columns, axis=1).set_axis(rows.index + 1)[1:].dropna(how="all")
    if texts.empty:
        raise UserError(f"{path} has a header and no rows: export a table that has some")
    return texts


def header(data: bytes) -> list[str]:
    """The names of a file's columns; of a first line that is no header, what can be read."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", errors="replace", newline="")
    with suppress(csv.Error):
        return [name.strip(' "') for name in next(csv.reader(text), [])]
    return []


def convert(path: Path, texts: pd.Series, kind: str) -> pd.Series:
    if kind == "STRING":
        return texts.astype("str")
    texts = texts.str.strip().replace("", None)
    if kind == "TIMESTAMP":
        values = pd.to_datetime(
            texts.str.removesuffix(" UTC").where(texts.str.match(r"\d{4}-\d{2}-\d{2}([ T]|$)")),
            format="ISO8601",
            utc=True,
            errors="coerce",
        ).astype("datetime64[us, UTC]")
        values = values.where(values >= FIRST_TIME)
    elif kind == "INTEGER":
        values = integers(texts)
    else:
        values = pd.to_numeric(texts, errors="coerce").astype("float64")
        values = values.where(values.abs() < float("inf"))
    refuse(path, values.isna() & texts.notna(), texts, EXAMPLES[kind])
    return values


def integers(texts: pd.Series) -> pd.Series:
    """Read whole numbers (Int64) to the last digit, 29 as well as 29.0, and what is none as missing."""
    digits = texts.str.replace(r"\.0*$", "", regex=True)
    decimals = pa.array(digits.where(digits.str.fullmatch(r"[+-]?[0-9]{1,30}"))).cast(pa.decimal128(38))
    fits = pc.and_(pc.greater_equal(decimals, Decimal(-(2**63))), pc.less(decimals, Decimal(2**63)))
    whole = pc.if_else(fits, decimals, None).cast(pa.int64())
    return whole.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get).set_axis(texts.index)


def refuse(path: Path, wrong: pd.Series, texts: pd.Series, allowed: str) -> None:
    """Name the first row that is wrong."""
    if wrong.any():
        row = wrong.idxmax()
        value = "" if pd.isna(texts[row]) else f"{texts[row]:.60}"
        raise UserError(f"{path}, row {row}, column {texts.name}: {value!r} is not {allowed}")
