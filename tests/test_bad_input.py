"""What a person can get wrong, end to end: it works as meant, or one line says what to do, and nothing is lost."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dcr_data_generator import main, warehouse
from dcr_data_generator.embedded import engine, thelook
from dcr_data_generator.errors import UserError
from tests.support import emulator
from tests.support.emulator import TABLES
from tests.test_csv_export import (
    DEFAULTS,
    ITEM,
    ITEMS_HEADER,
    ORDER,
    ORDERS_HEADER,
    OTHER_ORDER,
    USER,
    USERS_HEADER,
    item,
    order,
    user,
    write,
)

WINDOW = ("--target-date", "2025-09-13", "--days", "2")
SOURCE = [f"{thelook.DATASET}.{name}" for name in thelook.SCHEMAS]
PROJECT_ALLOWED = (
    "is not allowed: give a project id of 6 to 30 lower-case letters, digits and hyphens, not bigquery-public-data "
    "(DCR_WRITE_PROJECT_ID sets it, too)"
)
DATE_ALLOWED = "is not allowed: give a day as YYYY-MM-DD, from 1970 to 2199 (DCR_TARGET_DATE sets it, too)"
DAYS_ALLOWED = "is not allowed: give a whole number from 1 to 20000 (DCR_DAYS sets it, too)"
LOCATION_ALLOWED = "is not allowed: give a BigQuery location, such as US, EU or us-central1 (DCR_LOCATION sets it, too)"
SEED_ALLOWED = "is not allowed: give a whole number from 0 to 2^63 - 1 (DCR_SEED sets it, too)"


class Case(NamedTuple):
    """What a person gives, and the line that they get."""

    name: str
    line: str
    flags: tuple[str, ...] = ()
    files: dict[str, str | bytes | list[str] | None] = {}  # noqa: RUF012


class Good(NamedTuple):
    """What a person gives, and the rows of orders, order_items, users and transactions that they get."""

    name: str
    rows: tuple[int, int, int, int]
    files: dict[str, str | bytes | list[str]]
    flags: tuple[str, ...] = ()


BAD_FLAGS = [
    Case(
        "a project with capitals",
        f"--write-project-id 'My-Project' {PROJECT_ALLOWED}",
        ("--write-project-id", "My-Project"),
    ),
    Case("a short project", f"--write-project-id 'short' {PROJECT_ALLOWED}", ("--write-project-id", "short")),
    Case(
        "a project with a dataset",
        f"--write-project-id 'my-project.sales' {PROJECT_ALLOWED}",
        ("--write-project-id", "my-project.sales"),
    ),
    Case(
        "a project in back-ticks",
        f"--write-project-id '`my-project`' {PROJECT_ALLOWED}",
        ("--write-project-id", "`my-project`"),
    ),
    Case(
        "a project with a blank",
        f"--write-project-id 'my-project ' {PROJECT_ALLOWED}",
        ("--write-project-id", "my-project "),
    ),
    Case(
        "a project by its number",
        f"--write-project-id '123456789012' {PROJECT_ALLOWED}",
        ("--write-project-id", "123456789012"),
    ),
    Case(
        "the source's own project",
        f"--write-project-id 'bigquery-public-data' {PROJECT_ALLOWED}",
        ("--write-project-id", "bigquery-public-data"),
    ),
    Case("a date of another country", f"--target-date '23.09.2025' {DATE_ALLOWED}", ("--target-date", "23.09.2025")),
    Case("a date that is none", f"--target-date '2025-02-30' {DATE_ALLOWED}", ("--target-date", "2025-02-30")),
    Case("a date without hyphens", f"--target-date '20250923' {DATE_ALLOWED}", ("--target-date", "20250923")),
    Case(
        "a date with a time", f"--target-date '2025-09-23T00:00' {DATE_ALLOWED}", ("--target-date", "2025-09-23T00:00")
    ),
    Case("a word for a date", f"--target-date 'yesterday' {DATE_ALLOWED}", ("--target-date", "yesterday")),
    Case("a date before 1970", f"--target-date '1969-12-31' {DATE_ALLOWED}", ("--target-date", "1969-12-31")),
    Case(
        "a date with a line break", f"--target-date '2025-09-23\\n' {DATE_ALLOWED}", ("--target-date", "2025-09-23\n")
    ),
    Case("no day", f"--days '0' {DAYS_ALLOWED}", ("--days", "0")),
    Case("days that are negative", f"--days '-3' {DAYS_ALLOWED}", ("--days", "-3")),
    Case("half a day", f"--days '0.5' {DAYS_ALLOWED}", ("--days", "0.5")),
    Case("more days than there are", f"--days '20001' {DAYS_ALLOWED}", ("--days", "20001")),
    Case("a location that is a country", f"--location 'Germany' {LOCATION_ALLOWED}", ("--location", "Germany")),
    Case(
        "a location with an underscore", f"--location 'us_central1' {LOCATION_ALLOWED}", ("--location", "us_central1")
    ),
    Case(
        "a location that is a zone", f"--location 'us-central1-a' {LOCATION_ALLOWED}", ("--location", "us-central1-a")
    ),
    Case("a seed that is a word", f"--seed 'random' {SEED_ALLOWED}", ("--seed", "random")),
    Case("a seed that is negative", f"--seed '-1' {SEED_ALLOWED}", ("--seed", "-1")),
    Case("a seed of 2^63", f"--seed '9223372036854775808' {SEED_ALLOWED}", ("--seed", "9223372036854775808")),
    *(
        Case(
            f"--{knob} {value}",
            f"--{knob} '{value}' is not allowed: give {allowed} (DCR_{variable} sets it, too)",
            (f"--{knob}", value),
        )
        for knob, allowed, values in (
            ("match-rate", "a number from 0 to 1", ("50%", "1.01", "-0.1", "nan")),
            ("wallet-payment-rate", "a number from 0 to 1", ("80", "inf", "0,8")),
            ("wallet-only-rate", "a number from 0, below 1", ("1", "-inf", "a fifth")),
            ("timeout", "a whole number from 1 to 86400", ("0", "5m", "86401")),
        )
        for variable in (knob.upper().replace("-", "_"),)
        for value in values
    ),
    Case(
        "a source that is not there",
        "--source 'nowhere' is not allowed: give a folder that exists (DCR_SOURCE sets it, too)",
        ("--source", "nowhere"),
    ),
    Case(
        "a source that is a file",
        "--source '/etc/passwd' is not allowed: give a folder that exists (DCR_SOURCE sets it, too)",
        ("--source", "/etc/passwd"),
    ),
    Case(
        "a data directory below a file",
        "--embedded-dir '/etc/passwd/x' is not allowed: give a folder, or a path where one can be made "
        "(DCR_EMBEDDED_DIR sets it, too)",
        ("--embedded-dir", "/etc/passwd/x"),
    ),
    Case(
        "an export to a file",
        "--export '/etc/passwd' is not allowed: give a folder, or a path where one can be made (DCR_EXPORT "
        "sets it, too)",
        ("--export", "/etc/passwd"),
    ),
    Case(
        "a source and a project",
        "--source {folder} fills the embedded BigQuery and --write-project-id my-project writes elsewhere: "
        "give one of them",
        ("--write-project-id", "my-project", "--source", "{folder}"),
    ),
    Case(
        "a source elsewhere",
        "--location EU is not where bigquery-public-data.thelook_ecommerce is, and BigQuery does not copy "
        "across locations: give --location US",
        ("--location", "EU", "--source", "{folder}"),
    ),
    Case(
        "a window after the data",
        "--target-date 2026-01-01 with --days 1 has no orders: the source has them from 2025-09-12 to 2025-09-13",
        ("--target-date", "2026-01-01", "--source", "{folder}"),
    ),
    Case(
        "a window before the data",
        "--target-date 1970-01-01 with --days 20000 has no orders: the source has them from 2025-09-12 to 2025-09-13",
        ("--target-date", "1970-01-01", "--days", "20000", "--source", "{folder}"),
    ),
    Case(
        "more users than a machine holds",
        # Of 2 orders half hold a wallet: 1 holder. The rate is 1 - 2^-24, so that there are 2^24 - 1 others.
        "--wallet-only-rate 0.9999999403953552 would make up to 16,777,215 users who are no customers, and "
        "10,000,000 are the most: give a lower rate",
        ("--wallet-only-rate", "0.999999940395355224609375", "--source", "{folder}", *WINDOW),
    ),
    Case(
        "a report and none",
        "--report here.html asks for a report and --no-report for none: give one of them",
        ("--report", "here.html", "--no-report"),
    ),
    Case(
        "a flag that is none",
        "unrecognized arguments: --project my-project; --help lists the flags",
        ("--project", "my-project"),
    ),
    Case("a word too many", "unrecognized arguments: my-project; --help lists the flags", ("my-project",)),
]
BAD_FILES = [
    Case(
        "no orders.csv",
        "{folder}/orders.csv is missing: --source needs orders.csv, order_items.csv, users.csv",
        files={"orders": None},
    ),
    Case(
        "no users.csv",
        "{folder}/users.csv is missing: --source needs orders.csv, order_items.csv, users.csv",
        files={"users": None},
    ),
    Case(
        "an empty file",
        "{folder}/order_items.csv is empty: export the table with its header",
        files={"order_items": ""},
    ),
    Case(
        "a header alone",
        "{folder}/users.csv has a header and no rows: export a table that has some",
        files={"users": [USERS_HEADER]},
    ),
    Case(
        "no header",
        "{folder}/orders.csv has no column order_id, user_id, status, gender, created_at, returned_at, "
        "shipped_at, delivered_at, num_of_item; export it comma-separated, in UTF-8, with a header",
        files={"orders": [ORDER, OTHER_ORDER]},
    ),
    Case(
        "UTF-16",
        "{folder}/users.csv has no column id, first_name, last_name, email, age, gender, state, "
        "street_address, postal_code, city, country, latitude, longitude, traffic_source, created_at; export "
        "it comma-separated, in UTF-8, with a header",
        files={"users": "\n".join([USERS_HEADER, USER]).encode("utf-16")},
    ),
    Case(
        "Latin-1",
        "{folder}/users.csv is not a CSV file that can be read (Row #2: CSV conversion error to string: "
        "invalid UTF8 data): export it again, in UTF-8",
        files={"users": "\n".join([USERS_HEADER, user(city="Tarauacá")]).encode("latin-1")},
    ),
    Case(
        "semicolons",
        "{folder}/orders.csv has no column order_id, user_id, status, gender, created_at, returned_at, "
        "shipped_at, delivered_at, num_of_item: its first line has no commas; export it comma-separated, in "
        "UTF-8, with a header",
        files={"orders": "\n".join(DEFAULTS["orders"]).replace(",", ";")},
    ),
    Case(
        "tabs",
        "{folder}/orders.csv has no column order_id, user_id, status, gender, created_at, returned_at, "
        "shipped_at, delivered_at, num_of_item: its first line has no commas; export it comma-separated, in "
        "UTF-8, with a header",
        files={"orders": "\n".join(DEFAULTS["orders"]).replace(",", "\t")},
    ),
    Case(
        "a last line that breaks off",
        "{folder}/orders.csv is not a CSV file that can be read (Row #3: Expected 9 columns, got 5: "
        "12,2,Processing,M,2025-09-13 2): export it again, in UTF-8",
        files={"orders": "\n".join([ORDERS_HEADER, ORDER, OTHER_ORDER[:30]])},
    ),
    Case(
        "a last line that breaks off in quotes",
        '{folder}/users.csv is not a CSV file that can be read (Row #3: Expected 15 columns, got 2: 2,"An): '
        "export it again, in UTF-8",
        files={"users": "\n".join([USERS_HEADER, USER, '2,"An'])},
    ),
    Case(
        "a column too few",
        "{folder}/users.csv has no column created_at; export it comma-separated, in UTF-8, with a header",
        files={"users": [line.rpartition(",")[0] for line in (USERS_HEADER, USER)]},
    ),
    Case(
        "a row with a value too many",
        "{folder}/orders.csv is not a CSV file that can be read (Row #2: Expected 9 columns, got 10: "
        "11,1,Returned,F,2025-09-12 02:16:00.000000 UTC,2025-09-19 05:00:00.000000 UTC,2025-09-13 03:00:0 "
        "...): export it again, in UTF-8",
        files={"orders": [ORDERS_HEADER, ORDER + ",x"]},
    ),
    Case(
        "a text in a number column",
        "{folder}/orders.csv, row 2, column user_id: 'Ana' is not a whole number of 64 bits",
        files={"orders": [ORDERS_HEADER, order(11, user_id="Ana")]},
    ),
    Case(
        "a fraction in a number column",
        "{folder}/users.csv, row 2, column age: '49.5' is not a whole number of 64 bits",
        files={"users": [USERS_HEADER, user(age="49.5")]},
    ),
    Case(
        "a number of more than 64 bits",
        "{folder}/orders.csv, row 2, column order_id: '9223372036854775808' is not a whole number of 64 bits",
        files={"orders": [ORDERS_HEADER, order(2**63)]},
    ),
    Case(
        "an age that nobody has",
        "{folder}/users.csv, row 2, column age: '490' is not an age from 0 to 150",
        files={"users": [USERS_HEADER, user(age="490")]},
    ),
    Case(
        "an age that is negative",
        "{folder}/users.csv, row 2, column age: '-1' is not an age from 0 to 150",
        files={"users": [USERS_HEADER, user(age="-1")]},
    ),
    Case(
        "a date in another format",
        "{folder}/orders.csv, row 2, column created_at: '12/09/2025 02:16' is not a timestamp such as "
        "2025-09-12 02:16:00.000000 UTC",
        files={"orders": [ORDERS_HEADER, order(11, created_at="12/09/2025 02:16")]},
    ),
    Case(
        "a date that is none",
        "{folder}/orders.csv, row 2, column created_at: '2025-02-30 00:00:00 UTC' is not a timestamp such as "
        "2025-09-12 02:16:00.000000 UTC",
        files={"orders": [ORDERS_HEADER, order(11, created_at="2025-02-30 00:00:00 UTC")]},
    ),
    Case(
        "a Unix time",
        "{folder}/orders.csv, row 2, column created_at: '1757643360' is not a timestamp such as 2025-09-12 "
        "02:16:00.000000 UTC",
        files={"orders": [ORDERS_HEADER, order(11, created_at="1757643360")]},
    ),
    Case(
        "an order without a time",
        "{folder}/orders.csv, row 2, column created_at: '' is not a timestamp: it is empty",
        files={"orders": [ORDERS_HEADER, order(11, created_at="")]},
    ),
    Case(
        "an order without a number",
        "{folder}/orders.csv, row 2, column order_id: '' is not a key: it is empty",
        files={"orders": [ORDERS_HEADER, "," + ORDER.partition(",")[2]]},
    ),
    Case(
        "an order's number that is another's",
        "{folder}/orders.csv, row 3, column order_id: '11' is not unique: another row has it too",
        files={"orders": [ORDERS_HEADER, ORDER, ORDER.replace("Returned", "Complete")]},
    ),
    Case(
        "an item's number that is another's",
        "{folder}/order_items.csv, row 3, column id: '21' is not unique: another row has it too",
        files={"order_items": [ITEMS_HEADER, ITEM, item(sale_price="1")]},
    ),
    Case(
        "a price that is no number",
        "{folder}/order_items.csv, row 2, column sale_price: 'NaN' is not a number",
        files={"order_items": [ITEMS_HEADER, item(sale_price="NaN")]},
    ),
    Case(
        "a price without end",
        "{folder}/order_items.csv, row 2, column sale_price: 'Infinity' is not a number",
        files={"order_items": [ITEMS_HEADER, item(sale_price="Infinity")]},
    ),
    Case(
        "a price in another notation",
        "{folder}/order_items.csv, row 2, column sale_price: '24,99' is not a number",
        files={"order_items": [ITEMS_HEADER, item(sale_price='"24,99"')]},
    ),
    Case(
        "a price with its currency",
        "{folder}/order_items.csv, row 2, column sale_price: '$24.99' is not a number",
        files={"order_items": [ITEMS_HEADER, item(sale_price="$24.99")]},
    ),
    Case(
        "a column that stands there twice",
        "{folder}/orders.csv has two columns status: keep one",
        files={"orders": [ORDERS_HEADER + ",status", ORDER + ",Complete"]},
    ),
    Case(
        "a time before the first",
        "{folder}/orders.csv, row 2, column created_at: '0000-01-01 00:00:00 UTC' is not a timestamp "
        "such as 2025-09-12 02:16:00.000000 UTC",
        files={"orders": [ORDERS_HEADER, order(11, user_id="1", created_at="0000-01-01 00:00:00 UTC")]},
    ),
    Case(
        "markup in a number column",
        "{folder}/orders.csv, row 2, column user_id: '[red]1[/red]' is not a whole number of 64 bits",
        files={"orders": [ORDERS_HEADER, order(11, user_id="[red]1[/red]")]},
    ),
]
ALL_QUOTED = [",".join(f'"{value}"' for value in line.split(",")) for line in DEFAULTS["users"]]
GOOD = [
    Good("a good export", (2, 1, 1, 1), {}),
    Good(
        "files of three programs",
        (2, 1, 1, 1),
        {
            "orders": "\n".join(DEFAULTS["orders"]).encode("utf-8-sig"),
            "order_items": "\r\n".join(DEFAULTS["order_items"]),
            "users": [",".join(reversed(line.split(","))) for line in ALL_QUOTED],
        },
    ),
    Good("a byte-order mark", (2, 1, 1, 1), {"orders": "\n".join(DEFAULTS["orders"]).encode("utf-8-sig")}),
    Good("Windows line ends", (2, 1, 1, 1), {name: "\r\n".join([*lines, ""]) for name, lines in DEFAULTS.items()}),
    Good("no last line end", (2, 1, 1, 1), {name: "\n".join(lines) for name, lines in DEFAULTS.items()}),
    Good("every value in quotes", (2, 1, 1, 1), {"users": ALL_QUOTED}),
    Good("line breaks in quotes", (2, 1, 1, 1), {"users": [USERS_HEADER, user(city='"Rio\nde\r\nJaneiro"')]}),
    Good("numbers in text columns", (2, 1, 1, 1), {"users": [USERS_HEADER, user(city="00420", first_name="1e3")]}),
    Good(
        "columns in another order",
        (2, 1, 1, 1),
        {"users": [",".join(reversed(x.split(","))) for x in (USERS_HEADER, USER)]},
    ),
    Good(
        "duplicate rows",
        (2, 1, 1, 1),
        {
            "orders": [ORDERS_HEADER, ORDER, OTHER_ORDER, ORDER],
            "order_items": [ITEMS_HEADER, ITEM, ITEM],
            "users": [USERS_HEADER, USER, USER],
        },
    ),
    Good(
        "records of a user that differ",
        (2, 1, 1, 1),
        {"users": [USERS_HEADER, USER, user(city="Acre", created_at="2020-01-01 00:00:00 UTC")]},
    ),
    Good("orders without users", (2, 1, 0, 0), {"users": [USERS_HEADER, user(id="99")]}),
    Good(
        "an order of nobody",
        (1, 1, 0, 0),
        {
            "orders": [
                ORDERS_HEADER,
                order(11, user_id="1", created_at="2025-09-12 00:00:00 UTC").replace(",1,", ",99,", 1),
            ]
        },
    ),
    Good(
        "items without orders",
        (2, 1, 1, 1),
        {"order_items": [ITEMS_HEADER, ITEM, item(id="22", order_id="99"), item(id="23", order_id="98")]},
    ),
    Good("orders without items", (2, 0, 1, 0), {"order_items": [ITEMS_HEADER, item(order_id="99")]}),
    Good("a price that is missing", (2, 1, 1, 1), {"order_items": [ITEMS_HEADER, item(sale_price="")]}),
    Good(
        "a price that is negative",
        (2, 2, 1, 1),
        {"order_items": [ITEMS_HEADER, ITEM, item(id="22", sale_price="-30.5")]},
    ),
    Good("a price of nothing", (2, 1, 1, 1), {"order_items": [ITEMS_HEADER, item(sale_price="0")]}),
    Good("a user without email", (2, 1, 1, 0), {"users": [USERS_HEADER, user(email="")]}),
    Good("a user without age and city", (2, 1, 1, 1), {"users": [USERS_HEADER, user(age="", city="")]}),
    Good("a minor", (2, 1, 1, 1), {"users": [USERS_HEADER, user(age="0")]}),
    Good(
        "numbers of 64 bits",
        (1, 1, 1, 1),
        {
            "orders": [ORDERS_HEADER, order(2**63 - 1, user_id="1")],
            "order_items": [ITEMS_HEADER, item(order_id=str(2**63 - 1))],
        },
    ),
]


# The test suite has time for these; the soak runs all.
IN_SUITE = {
    "a good export",
    "files of three programs",
    "orders without users",
    "a price that is missing",
    "numbers of 64 bits",
}


@pytest.fixture(autouse=True)
def here(endpoints: engine.Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs on the embedded BigQuery take place on the one of this worker, in a person's clean environment."""
    for name in list(os.environ):
        if name.startswith(emulator.OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DCR_NO_REPORT", "true")
    monkeypatch.setattr(engine, "running", lambda _: nullcontext(endpoints))


def state(endpoints: engine.Endpoints) -> dict[str, tuple[int, str]]:
    """What the source and the five tables hold."""
    return emulator.contents(emulator.connect(endpoints.rest, engine.PROJECT), [*SOURCE, *TABLES])


def delete_everything(endpoints: engine.Endpoints) -> None:
    """Delete the source and the two datasets."""
    client = emulator.connect(endpoints.rest, engine.PROJECT)
    for dataset in (thelook.DATASET, "merchant_provider", "ewallet_provider"):
        client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)


@pytest.fixture(scope="module")
def earlier(endpoints: engine.Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """What an earlier run made, of an export that is not those of the cases."""
    delete_everything(endpoints)
    folder = write(tmp_path_factory.mktemp("earlier"), users=[USERS_HEADER, user(city="Earlier")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "running", lambda _: nullcontext(endpoints))
        for name in [name for name in os.environ if name.startswith(emulator.OURS)]:
            patch.delenv(name)
        patch.setenv("DCR_NO_REPORT", "true")
        flags = ["--match-rate", "1", "--wallet-payment-rate", "1", *WINDOW]
        assert main.main(["--source", str(folder), *flags]) == 0
    yield state(endpoints)
    delete_everything(endpoints)


def run(*flags: str) -> int:
    """Run the program in this process."""
    try:
        return main.main(list(flags))
    except SystemExit as end:  # pragma: no cover - it must not get here
        raise AssertionError(f"the program left by itself with {end.code}") from None


def line_of(err: str) -> str:
    """The one line of standard error, after the word that marks it and the step."""
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1, err
    word, _, line = err.rstrip("\n").partition(": ")
    assert word.startswith("error")
    return line


def write_case(folder: Path, files: dict) -> None:
    """Write a folder with the files that a case is about, and good ones in the place of the others."""
    write(folder, **{name: content for name, content in files.items() if content is not None})
    for name, content in files.items():
        if content is None:
            (folder / f"{name}.csv").unlink()


@pytest.mark.parametrize("case", [*BAD_FLAGS, *BAD_FILES], ids=lambda case: case.name)
def test_what_is_refused_is_refused_in_one_line_and_nothing_is_lost(
    case: Case, earlier: dict, endpoints: engine.Endpoints, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_case(tmp_path, case.files)
    flags = [flag.format(folder=tmp_path) for flag in case.flags] or ["--source", str(tmp_path), *WINDOW]
    assert run(*flags) == 2
    assert line_of(capsys.readouterr().err) == case.line.format(folder=tmp_path)
    assert state(endpoints) == earlier


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=() if case.name in IN_SUITE else pytest.mark.in_soak) for case in GOOD],
)
def test_what_is_odd_and_can_be_meant_works_as_expected(
    case: Good, endpoints: engine.Endpoints, earlier: dict, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_case(tmp_path, case.files)
    rates = ("--match-rate", "1", "--wallet-payment-rate", "1")
    checked = () if case in GOOD[:1] else ("--skip-checks",)
    status = run("--source", str(tmp_path), *WINDOW, *rates, *case.flags, *checked)
    out, err = capsys.readouterr()
    assert err == ""
    assert "✗" not in out
    assert status == 0
    held = state(endpoints)
    assert tuple(held[table][0] for table in (*TABLES[:3], TABLES[4])) == case.rows


# What nobody thought of.

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
    "[/]",
    "'",
    "2025-02-30",
    "0x1",
    "é",
    "🏙",
]


@st.composite
def exports(draw: st.DrawFn) -> dict[str, bytes]:
    """An export with something wrong in one of its files, or in several."""
    files = {}
    for name, lines in DEFAULTS.items():
        content = "\n".join([*lines, ""])
        for _ in range(draw(st.integers(0, 3))):
            start = draw(st.integers(0, len(content)))
            end = draw(st.integers(start, min(start + 12, len(content))))
            content = content[:start] + draw(st.sampled_from(ODD) | st.text(max_size=5)) + content[end:]
        encoding = draw(st.sampled_from(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "cp1252"]))
        files[name] = content.encode(encoding, "replace")
    return files


@settings(
    deadline=None,
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=exports())
@example(files={"orders": "\r".join([*DEFAULTS["orders"], ""]).encode()})  # line ends of the old Macintosh
@example(files={"orders": "\n".join(["\r" + ORDERS_HEADER, ORDER]).encode()})
@example(files={"orders": "\n".join(["x" * 200_000 + "," + ORDERS_HEADER, "," + ORDER]).encode()})
@example(files={"users": "\n".join([USERS_HEADER, user(city="x" * 200_000), user(age="x")]).encode()})
def test_whatever_an_export_holds_a_run_works_or_ends_in_one_line_with_nothing_replaced(
    files: dict[str, bytes],
    earlier: dict,
    endpoints: engine.Endpoints,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    before = state(endpoints)
    write(tmp_path, **files)
    status = run("--source", str(tmp_path), *WINDOW, "--match-rate", "1", "--skip-checks")
    out, err = capsys.readouterr()
    if status == 0:
        assert err == ""
        assert "✗" not in out
        return
    assert status == 2
    assert line_of(err)
    assert state(endpoints) == before


FLAGS = [
    "--write-project-id",
    "--target-date",
    "--days",
    "--location",
    "--seed",
    "--match-rate",
    "--wallet-payment-rate",
    "--wallet-only-rate",
    "--timeout",
    "--source",
    "--embedded-dir",
    "--export",
    "--skip-checks",
    "--x",
]
VALUES = st.sampled_from(
    ["0", "1", "-1", "0.5", "1e309", "nan", "None", "null", "[]", "{}", "US", "EU", "2025-09-23", "a"]
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flags=st.lists(st.tuples(st.sampled_from(FLAGS), VALUES | st.text(max_size=12)), max_size=3))
def test_whatever_the_flags_a_run_begins_or_ends_in_one_line(
    flags: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def begin(_: object) -> None:
        raise UserError("it begins")

    monkeypatch.setattr(warehouse, "connect", begin)
    status = main.main([f"{flag}={value}" for flag, value in flags])
    out, err = capsys.readouterr()
    assert status == 2
    assert "✓" not in out
    assert line_of(err)
