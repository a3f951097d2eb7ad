"""A person's own export of thelook: what is read as what, and what is refused."""

import csv
import gzip
import io
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcr_data_generator.errors import UserError
from dcr_data_generator.warehouse.embedded import csv_export, thelook
from tests.support.exports import (
    DEFAULTS,
    ITEM,
    ITEMS_HEADER,
    ORDER,
    ORDERS_HEADER,
    OTHER_ORDER,
    THELOOK,
    USER,
    USERS_HEADER,
    item,
    order,
    user,
    write,
)


def listed(values: pd.Series) -> list:
    """The values, with None for a missing one."""
    return [None if pd.isna(value) else value for value in values]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., dict[str, pd.DataFrame]]:
    """Read an export of which some files are given: `read(orders=[ORDERS_HEADER, ...])["orders"]`."""
    return lambda **files: csv_export.read(write(tmp_path, **files), thelook.SCHEMAS)


@pytest.fixture
def refuse(tmp_path: Path) -> Callable[..., str]:
    """Read an export that is to be refused, and return the one line that says why."""

    def run(**files: str | bytes | list[str]) -> str:
        with pytest.raises(UserError) as problem:
            csv_export.read(write(tmp_path, **files), thelook.SCHEMAS)
        line = str(problem.value)
        assert len(line.splitlines()) == 1, line
        [name] = files
        assert str(tmp_path / f"{name}.csv") in line
        return line

    return run


def names_row(line: str, row: int) -> bool:
    """Whether a line names a row."""
    return re.search(rf"\brow #?{row}\b", line, re.IGNORECASE) is not None


# What is read, and as what: the lines of a file, and the values of one of its columns.

CREATED = pd.Timestamp(2025, 9, 12, 2, 16, tz="UTC")
QUOTED_HEADER = ",".join(f'"{name}"' for name in ORDERS_HEADER.split(","))
TWO_CITIES = [USERS_HEADER, user(city='"Rio\rde Janeiro"'), user(city="Acre")]
# A word is a text even where it looks like no value.
WORDS = ["null", "NULL", "NA", "N/A", "NaN", "None", "nan", "true", "-", " ", "São Paulo", "北京", "🏙"]
QUOTED = {'"Paris, Texas"': "Paris, Texas", '"the ""big"" city"': 'the "big" city', '""': ""}
PRICES = {"-5.5": -5.5, "0": 0.0, "": None, "188.0": 188.0, "1e2": 100.0, "1e-400": 0.0}
HUGE = [2**53 + 1, 2**63 - 1, -(2**63)]
READ = {
    "timestamps to the microsecond": (
        "orders",
        DEFAULTS["orders"],
        "created_at",
        [CREATED, pd.Timestamp(2025, 9, 13, 23, 59, 59, 999_999, tz="UTC")],
    ),
    "24.99 in single precision": ("order_items", DEFAULTS["order_items"], "sale_price", [float(np.float32("24.99"))]),
    "a byte order mark": ("orders", "\n".join(DEFAULTS["orders"]).encode("utf-8-sig"), "order_id", [11, 12]),
    "one before quotes": ("orders", f"{QUOTED_HEADER}\n{ORDER}".encode("utf-8-sig"), "order_id", [11]),
    "Windows line ends": (
        "users",
        "\r\n".join([*DEFAULTS["users"], ""]),
        "created_at",
        [pd.Timestamp(2024, 10, 25, 7, 9, tz="UTC")],
    ),
    "a line break in quotes": (
        "users",
        [USERS_HEADER, user(city='"Rio\nde Janeiro"'), user(city="Acre")],
        "city",
        ["Rio\nde Janeiro", "Acre"],
    ),
    "carriage returns alone": ("users", "\r".join(TWO_CITIES), "city", ["Rio\rde Janeiro", "Acre"]),
    "times before carriage returns": (
        "users",
        "\r".join(TWO_CITIES),
        "created_at",
        [pd.Timestamp(2024, 10, 25, 7, 9, tz="UTC")] * 2,
    ),
    "a compressed file": ("orders", gzip.compress(f"{ORDERS_HEADER}\n{order(77)}".encode()), "order_id", [77]),
    "numbers in a text column": (
        "users",
        [USERS_HEADER, user(postal_code="00420"), user(postal_code="1e3")],
        "postal_code",
        ["00420", "1e3"],
    ),
    "several records of a user": ("users", [USERS_HEADER, USER, user(city="Acre")], "id", [1, 1]),
    "huge integers": ("orders", [ORDERS_HEADER, *map(order, HUGE)], "order_id", HUGE),
    "a huge integer beside a decimal point": (
        "orders",
        [ORDERS_HEADER, order(1, user_id=str(2**53 + 1)), order(2, user_id="1.0")],
        "user_id",
        [2**53 + 1, 1],
    ),
    **{
        f"price {text}": ("order_items", [ITEMS_HEADER, item(sale_price=text)], "sale_price", [price])
        for text, price in PRICES.items()
    },
    **{
        f"text {written}": ("users", [USERS_HEADER, user(city=written)], "city", [text])
        for written, text in ({word: word for word in WORDS} | QUOTED).items()
    },
}


@pytest.mark.parametrize(("name", "content", "column", "values"), READ.values(), ids=READ)
def test_a_column_is_read_as_it_is_meant(
    name: str, content: bytes | str | list[str], column: str, values: list, read: Callable
) -> None:
    assert listed(read(**{name: content})[name][column]) == values


@pytest.mark.parametrize("name", thelook.SCHEMAS)
def test_the_frames_have_the_columns_of_the_source_in_order(name: str, read: Callable) -> None:
    assert ",".join(read()[name].columns) == DEFAULTS[name][0]


def test_the_frames_have_the_documented_types(read: Callable) -> None:
    types = read()["order_items"].dtypes.astype(str)
    assert [types["id"], types["status"], types["created_at"], types["sale_price"]] == [
        "Int64",
        "str",
        "datetime64[us, UTC]",
        "float64",
    ]


def test_columns_may_stand_in_another_order(read: Callable) -> None:
    lines = [",".join(reversed(line.split(","))) for line in DEFAULTS["users"]]
    assert listed(read(users=lines)["users"].iloc[0]) == listed(read()["users"].iloc[0])


def test_columns_that_thelook_has_not_are_ignored(read: Callable) -> None:
    lines = ["note," + USERS_HEADER + ",user_geom", "x," + USER + ",POINT(-72.87094866 -8.065346116)"]
    assert ",".join(read(users=lines)["users"].columns) == USERS_HEADER


def test_every_value_may_be_in_quotes(read: Callable) -> None:
    lines = [",".join(f'"{value}"' for value in line.split(",")) for line in (USERS_HEADER, USER)]
    assert listed(read(users=lines)["users"].iloc[0]) == listed(read()["users"].iloc[0])


def test_an_empty_field_is_null(read: Callable) -> None:
    record = read(users=[USERS_HEADER, user(city="", age="", latitude="", created_at="")])["users"].iloc[0]
    assert listed(record[["city", "age", "latitude", "created_at"]]) == [None, None, None, None]


@pytest.mark.parametrize("text", ['""', '" "', " "])
def test_a_number_or_a_time_that_is_empty_in_quotes_is_null(text: str, read: Callable) -> None:
    orders = read(orders=[ORDERS_HEADER, order(user_id=text, shipped_at=text), ORDER.replace("11", "12")])["orders"]
    assert listed(orders.loc[0, ["user_id", "shipped_at"]]) == [None, None]
    [price] = listed(read(order_items=[ITEMS_HEADER, item(sale_price=text)])["order_items"]["sale_price"])
    assert price is None


def test_quoting_every_value_changes_nothing_but_empty_texts(read: Callable) -> None:
    plain, quoted = read(), {}
    for name, lines in DEFAULTS.items():
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows(line.split(",") for line in lines)
        quoted[name] = text.getvalue()
    for name, table in read(**quoted).items():
        pd.testing.assert_frame_equal(table, plain[name])


def test_blanks_around_numbers_and_times_do_not_count(read: Callable) -> None:
    blank = read(orders=[", ".join(ORDERS_HEADER.split(",")), " , ".join([*OTHER_ORDER.split(",")])])["orders"]
    expected = read(orders=[ORDERS_HEADER, OTHER_ORDER])["orders"]
    numbers = [column for column in expected if column not in ("status", "gender")]
    pd.testing.assert_frame_equal(blank[numbers], expected[numbers])


@pytest.mark.parametrize(
    "name", ["orders.csv.gz", "thelook_ecommerce.orders.csv", "bigquery-public-data.thelook_ecommerce.orders.csv.gz"]
)
def test_a_file_is_found_by_its_other_names(name: str, tmp_path: Path) -> None:
    write(tmp_path, orders=[ORDERS_HEADER, order(77)])
    data = (tmp_path / "orders.csv").read_bytes()
    (tmp_path / "orders.csv").unlink()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert listed(csv_export.read(tmp_path, thelook.SCHEMAS)["orders"]["order_id"]) == [77]
    first = csv_export.fingerprint(tmp_path)
    (tmp_path / name).write_bytes(gzip.compress(data.replace(b"77", b"78")))
    assert csv_export.fingerprint(tmp_path) != first


def test_the_file_of_the_plain_name_is_read_before_others(tmp_path: Path) -> None:
    write(tmp_path, orders=[ORDERS_HEADER, order(77)])
    (tmp_path / "old.orders.csv").write_text("nonsense", encoding="utf-8")
    assert listed(csv_export.read(tmp_path, thelook.SCHEMAS)["orders"]["order_id"]) == [77]


def test_a_row_that_stands_there_twice_is_no_reason_to_refuse(read: Callable) -> None:
    orders = read(orders=[ORDERS_HEADER, ORDER, OTHER_ORDER, ORDER])["orders"]
    assert sorted(set(orders["order_id"])) == [11, 12]


@pytest.mark.parametrize(
    "text",
    [
        "2025-09-12 02:16:00 UTC",
        "2025-09-12 02:16:00",
        "2025-09-12T02:16:00Z",
        "2025-09-12 02:16:00+00:00",
        "2025-09-12 04:16:00+02:00",
        "2025-09-12T02:16:00.000000Z",
    ],
)
def test_timestamps_may_be_written_as_iso_8601_has_them(text: str, read: Callable) -> None:
    orders = read(orders=[ORDERS_HEADER, order(1), order(2, created_at=text)])["orders"]
    assert orders["created_at"][1] == pd.Timestamp(2025, 9, 12, 2, 16, tz="UTC")


@pytest.mark.skipif(not THELOOK.is_dir(), reason="the real extract is not here")
@pytest.mark.parametrize(("name", "rows"), [("orders", 495), ("order_items", 507), ("users", 645)])
def test_a_real_export_is_read_as_python_s_csv_module_reads_it(name: str, rows: int) -> None:
    parse = {
        "INTEGER": int,
        "FLOAT": float,
        "STRING": str,
        "TIMESTAMP": lambda text: pd.Timestamp(text.removesuffix(" UTC"), tz="UTC"),
    }
    with (THELOOK / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    table = csv_export.read(THELOOK, thelook.SCHEMAS)[name]
    assert len(table) == len(records) == rows
    for field in thelook.SCHEMAS[name]:
        expected = [parse[field.field_type](text) if (text := record[field.name]) else None for record in records]
        assert listed(table[field.name]) == expected


ENCODINGS = ["utf-8"] * 8 + ["utf-8-sig", "utf-16", "cp1252"]
TEXTS = st.none() | st.text(st.sampled_from("a,\"\n\r ;\t\\'é北🏙\ufeffnull0")) | st.text()


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=6), line_end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_texts_python_s_csv_module_writes_come_back(
    rows: list[tuple[str | None, str | None, str | None]], line_end: str
) -> None:
    columns = ["first_name", "city", "traffic_source"]
    with tempfile.TemporaryDirectory() as name:
        with (Path(name) / "users.csv").open("w", encoding="utf-8", newline="") as file:
            # QUOTE_NOTNULL writes None as an empty field, and an empty text as one in quotes.
            writer = csv.DictWriter(
                file, USERS_HEADER.split(","), restval=None, quoting=csv.QUOTE_NOTNULL, lineterminator=line_end
            )
            writer.writeheader()
            writer.writerows(
                {"id": number} | dict(zip(columns, texts, strict=True)) for number, texts in enumerate(rows, 1)
            )
        users = csv_export.read(Path(name), {"users": thelook.SCHEMAS["users"]})["users"]
    assert list(zip(*(listed(users[column]) for column in columns), strict=True)) == rows


@settings(deadline=None, max_examples=5)
@given(prices=st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=50))
def test_every_finite_price_is_read_to_the_last_bit(prices: list[float]) -> None:
    lines = [ITEMS_HEADER] + [item(id=str(number), sale_price=repr(price)) for number, price in enumerate(prices)]
    with tempfile.TemporaryDirectory() as name:
        folder = write(Path(name), order_items=lines)
        assert listed(csv_export.read(folder, thelook.SCHEMAS)["order_items"]["sale_price"]) == prices


# What nobody thought of: cut out and put in, anywhere.
ODD = [
    "",
    '"',
    ",",
    "\n",
    "\r",
    "\r\n",
    ";",
    "\0",
    "\ufeff",
    "NaN",
    "-1",
    "1e9",
    "2025-02-30",
    "0x1",
    "é",
    "🏙",
    "x" * 200_000,
]
EDITS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), st.sampled_from(ODD)), max_size=3)


@settings(deadline=None, max_examples=15)
@given(name=st.sampled_from(["orders", "order_items", "users"]), edits=EDITS, encoding=st.sampled_from(ENCODINGS))
@example("orders", [(89, 1, "\r"), (231, 1, "\r"), (285, 1, "\r")], "utf-8")  # line ends of the old Macintosh
@example("orders", [(0, 0, "\r")], "utf-8")
def test_whatever_a_file_holds_it_is_read_or_refused_in_one_line(
    name: str, edits: list[tuple[int, int, str]], encoding: str
) -> None:
    content = "\n".join([*DEFAULTS[name], ""])
    for start, length, text in edits:
        content = content[:start] + text + content[start + length :]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), **{name: content.encode(encoding, "replace")})
        refusal = ""
        try:
            csv_export.read(Path(folder), thelook.SCHEMAS)
        except UserError as error:
            refusal = str(error)
        assert len(refusal.splitlines()) <= 1
        assert len(refusal) < 1_000


# What is refused.


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_missing_file_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / f"{name}.csv").unlink()
    with pytest.raises(UserError) as problem:
        csv_export.read(tmp_path, thelook.SCHEMAS)
    assert str(tmp_path / f"{name}.csv") in str(problem.value)
    assert "\n" not in str(problem.value)


def test_two_files_for_one_table_are_refused_by_their_names(tmp_path: Path) -> None:
    data = (write(tmp_path) / "orders.csv").read_bytes()
    (tmp_path / "orders.csv").unlink()
    (tmp_path / "a.orders.csv").write_bytes(data)
    (tmp_path / "b.orders.csv").write_bytes(data)
    with pytest.raises(UserError, match=r"a\.orders\.csv.*b\.orders\.csv"):
        csv_export.read(tmp_path, thelook.SCHEMAS)


NO_ROWS = r"header.*no rows|no rows.*header"
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 10485760\n"
REFUSED_FILES = {
    LFS_POINTER: "git lfs pull",
    "\r\n<!DOCTYPE html>\n<html><title>a,b</title></html>": "web page",
    b"\xef\xbb\xbf<HTML>\n</HTML>": "web page",
    b"PK\x03\x04\x14\x00\x08\x08\n\x00xl/workbook.xml": "Excel",
    b"PAR1\x15\x04\n\x15PAR1": "Parquet",
    gzip.compress(LFS_POINTER.encode(), mtime=0): "git lfs pull",
    gzip.compress(b"order_id,user_id\n" * 100, mtime=0)[:-12]: "gzip file that is damaged",
    b"\x1f\x8b\x08\x00nonsense": "gzip file that is damaged",
    **dict.fromkeys(["", "\n", "\r\n\r\n", "  "], "empty"),
    **dict.fromkeys([ORDERS_HEADER, ORDERS_HEADER + "\n", ORDERS_HEADER + "\r\n"], NO_ROWS),
    f"{ORDER}\n{OTHER_ORDER}": "order_id.*header|header.*order_id",
    "\n".join(line.rpartition(",")[0] for line in DEFAULTS["orders"]): r"no column num_of_item\b",
    f"{ORDERS_HEADER},status\n{ORDER},Complete": "two columns status",
    **{"\n".join(DEFAULTS["orders"]).replace(",", delimiter): "comma" for delimiter in ";\t|"},
    **{"\n".join(DEFAULTS["orders"]).encode(name): "UTF-8" for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")},
}


@pytest.mark.parametrize(("content", "reason"), REFUSED_FILES.items(), ids=[*map(str, range(len(REFUSED_FILES)))])
def test_a_file_that_is_no_csv_of_thelook_is_refused_for_what_it_is(
    content: bytes | str, reason: str, refuse: Callable
) -> None:
    assert re.search(reason, refuse(orders=content))


def test_latin_1_is_refused_with_its_row_and_the_encoding_wanted(refuse: Callable) -> None:
    line = refuse(users="\n".join([USERS_HEADER, user(), user(city="Tarauacá")]).encode("latin-1"))
    assert "UTF-8" in line
    assert names_row(line, 3)


BAD_ROWS = {
    "a last line that breaks off": (3, "orders", "\n".join([ORDERS_HEADER, ORDER, OTHER_ORDER[:20]])),
    "one that breaks off in quotes": (3, "users", "\n".join([USERS_HEADER, USER, '2,"An'])),
    "too few values": (3, "orders", [ORDERS_HEADER, ORDER, "13,2", OTHER_ORDER]),
    "too many values": (3, "orders", [ORDERS_HEADER, ORDER, OTHER_ORDER + ",x"]),
    "after a copied row": (
        5,
        "orders",
        [ORDERS_HEADER, ORDER, ORDER, OTHER_ORDER, ORDER.replace("Returned", "Complete")],
    ),
    "after blank lines, which count as in a spreadsheet": (
        5,
        "orders",
        [ORDERS_HEADER, ORDER, "", "", order(12, user_id="x")],
    ),
    "after a line break in quotes": (3, "users", [USERS_HEADER, user(city='"a\nb"'), user(age="x")]),
    "in a compressed file": (
        4,
        "orders",
        gzip.compress("\r".join([ORDERS_HEADER, ORDER, "", order(12, user_id="x")]).encode()),
    ),
}


@pytest.mark.parametrize(("row", "name", "content"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_row_that_is_wrong_is_refused_by_its_number(
    row: int, name: str, content: str | bytes | list[str], refuse: Callable
) -> None:
    assert names_row(refuse(**{name: content}), row)


def test_a_line_that_is_no_csv_is_not_shown_whole(refuse: Callable) -> None:
    assert len(refuse(orders=[ORDERS_HEADER, "x" * 100_000])) < 1_000


BAD_NUMBERS = ["abc", "null", "NaN", "inf", "-Infinity", "1e309", "12,5", "1 000", "$5", "0x10", "1_000", "true", "٣"]


@pytest.mark.parametrize("text", [*BAD_NUMBERS, "1.5", "9223372036854775808", "-9223372036854775809", "1e30"])
def test_what_is_no_64_bit_integer_is_refused_with_row_and_column(text: str, refuse: Callable) -> None:
    line = refuse(orders=[ORDERS_HEADER, order(11), order(12, user_id=f'"{text}"')])
    assert names_row(line, 3)
    assert "column user_id" in line
    assert repr(text) in line


@pytest.mark.parametrize("text", BAD_NUMBERS)
def test_what_is_no_finite_price_is_refused_with_row_and_column(text: str, refuse: Callable) -> None:
    line = refuse(order_items=[ITEMS_HEADER, ITEM, item(id="22", sale_price=f'"{text}"')])
    assert names_row(line, 3)
    assert "column sale_price" in line
    assert repr(text) in line


def test_prices_whose_sum_a_float_cannot_hold_to_the_cent_are_refused_with_the_row_that_is_too_much(
    refuse: Callable, read: Callable
) -> None:
    # In millionths, as they are added up: 2 ** 53 is 9,007,199,254.74 dollars.
    lines = [ITEMS_HEADER, item(id="1", sale_price="-9e9"), item(id="2", order_id="12", sale_price="9e9")]
    assert len(read(order_items=lines)["order_items"]) == 2
    line = refuse(order_items=[*lines, item(id="3", sale_price="7199255")])
    assert names_row(line, 4)
    assert "column sale_price: '7199255' is not" in line
    assert names_row(refuse(order_items=[*lines, item(id="3", order_id="13", sale_price="1e300")]), 4)


@pytest.mark.parametrize(
    "text",
    [
        "12/09/2025 02:16",
        "12.09.2025",
        "Sep 12 2025",
        "20250912",
        "1757643360",
        "2025-09-31 00:00:00.000000 UTC",
        "2025-13-01 00:00:00.000000 UTC",
        "2025-09-12 25:00:00.000000 UTC",
        "2025-09-12 02:16:00 PST",
        "45912.09",
        "yesterday",
        "null",
    ],
)
def test_another_date_format_is_refused_with_row_and_column(text: str, refuse: Callable) -> None:
    line = refuse(orders=[ORDERS_HEADER, ORDER, order(12, created_at=text)])
    assert names_row(line, 3)
    assert "column created_at" in line
    assert repr(text) in line


@pytest.mark.parametrize(("name", "key", "line"), [("orders", "order_id", ORDER), ("order_items", "id", ITEM)])
def test_an_id_of_two_different_rows_is_refused_with_the_second_row(
    name: str, key: str, line: str, refuse: Callable
) -> None:
    problem = refuse(**{name: [DEFAULTS[name][0], line, line.replace("Returned", "Complete")]})
    assert names_row(problem, 3)
    assert f"column {key}" in problem


def test_the_number_of_a_row_is_right_far_down_a_large_file(refuse: Callable) -> None:
    # More than a megabyte: readers work block by block.
    lines = [ORDERS_HEADER, *(order(number) for number in range(1, 30_001)), order(30_001, num_of_item="x")]
    assert names_row(refuse(orders=lines), 30_002)


@pytest.mark.parametrize("empty", ["", '""', '" "'])
@pytest.mark.parametrize(
    ("name", "key"), [("orders", "order_id"), ("order_items", "id"), ("users", "id"), ("orders", "created_at")]
)
def test_a_row_without_its_key_is_refused_with_row_and_column(
    name: str, key: str, empty: str, refuse: Callable
) -> None:
    header, first = DEFAULTS[name][:2]
    values = [
        empty if column == key else value for column, value in zip(header.split(","), first.split(","), strict=True)
    ]
    if key == "created_at":
        values[0] = "99"
    line = refuse(**{name: [header, first, ",".join(values)]})
    assert names_row(line, 3)
    assert f"column {key}" in line


def test_a_value_with_a_line_break_is_refused_in_one_line(refuse: Callable) -> None:
    line = refuse(orders=[ORDERS_HEADER, order(11, num_of_item='"1\n2"')])
    assert names_row(line, 2)
    assert "column num_of_item" in line


def test_rows_that_move_from_one_file_to_another_are_another_content(tmp_path: Path) -> None:
    before = csv_export.fingerprint(write(tmp_path, orders="ab", order_items="c"))
    assert csv_export.fingerprint(write(tmp_path, orders="a", order_items="bc")) != before
