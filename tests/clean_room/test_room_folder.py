"""Room folders: what they are read as, what is wrong with them, and what `dcr test` says of them."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from dcr_data_generator.clean_room import ask
from dcr_data_generator.clean_room.analysis_rules import Verdict
from dcr_data_generator.clean_room.room_folder.folder import read_room
from dcr_data_generator.clean_room.room_folder.weak_spots import weak_spots
from dcr_data_generator.commands import group
from dcr_data_generator.console import process
from dcr_data_generator.errors import UserError

ROOMS = sorted(path for path in (Path(__file__).parent / "rooms").iterdir() if path.is_dir())
VIEW = "CREATE VIEW bank_room.spend OPTIONS (privacy_policy = '{}') AS SELECT {} FROM bank.spend"
UNIT = '"privacy_unit_column": "person"'
NOISE = UNIT + ', "max_epsilon_per_query": 1, "delta_per_query": 0.0001, "delta_budget": 0.001'
THRESHOLD = '{"aggregation_threshold_policy": {"threshold": 10, ' + UNIT + "}}"
LIST = '{"join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["person"]}}'
PEOPLE = "".join(f"p{number},{number % 2},{number}\n" for number in range(12))
FILES = {
    "tables/bank/spend.csv": "person,kind,amount\n" + PEOPLE,
    "tables/telco/calls.csv": "person\np1\np2\n",
    "views/spend.sql": VIEW.format(THRESHOLD, "person, kind"),
    "allowed/kinds.sql": "-- as: telco\nSELECT WITH AGGREGATION_THRESHOLD COUNT(*) AS n FROM bank_room.spend",
}
type Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a small room folder, with other files and without those that are None; returns it."""

    def write(files: dict[str, str | bytes | None] | None = None) -> Path:
        for name, content in (FILES | (files or {})).items():
            if content is not None:
                path = tmp_path / "room" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / "room"

    return write


@pytest.mark.parametrize("folder", ROOMS, ids=lambda folder: folder.name)
@pytest.mark.slow
def test_a_room_after_an_example_of_bigquerys_page_is_judged_as_the_page_says(folder: Path) -> None:
    room = read_room(folder)
    clean_room = room.open()
    assert [*room.allowed, *room.refused]
    for query in [*room.allowed, *room.refused]:
        clean_room.renew_budgets()
        reply = clean_room.ask(query.text, query.party)
        assert (reply.verdict is Verdict.ALLOWED, reply.because) == (query.because is None, query.because), reply.why
        assert reply.answer is None or len(reply.answer.rows) == (query.rows or len(reply.answer.rows))


# The command.


def test_a_new_room_has_one_mistake_which_dcr_test_finds(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder, report = tmp_path / "mine", tmp_path / "junit.xml"
    assert group.main(["new", str(folder)]) == 0
    assert group.main(["test", str(folder), "--junit", str(report)]) == 1
    printed = capsys.readouterr().out
    assert "✗ answered: 6 rows, expected a refusal by threshold (refused/small_groups.sql)" in printed
    assert "! views/bank.sql:7: the threshold of bank_room.balances is 2" in printed
    assert "7 queries: 6 as expected, 1 not; 1 warning." in printed
    [suite] = [ElementTree.fromstring(report.read_text(encoding="utf-8"))]
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert (suite.get("tests"), failed) == ("7", ["refused/small_groups.sql"])
    view = folder / "views/bank.sql"
    view.write_text(view.read_text(encoding="utf-8").replace('"threshold": 2,', '"threshold": 20,'), encoding="utf-8")
    assert group.main(["test", str(folder)]) == 0
    assert "7 queries: all as expected; 0 warnings." in capsys.readouterr().out


def test_a_new_room_is_not_written_over_anything(write: Write, capsys: pytest.CaptureFixture) -> None:
    assert group.main(["new", str(write())]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("allowed/x.sql", "SELECT * FROM bank_room.spend", "✗ refused: clause, expected an answer (allowed/x.sql)"),
        ("refused/x.sql", "SELECT 1 AS one", "✗ answered: 1 row, expected a refusal by access (refused/x.sql)"),
        ("refused/x.sql", "SELECT * FROM bank_room.spend", "✗ refused: clause, expected a refusal by access"),
        ("refused/x.sql", "SELECT x FROM telco.calls", "✗ error: expected a refusal by access (refused/x.sql)"),
        ("allowed/x.sql", "SELECT person FROM telco.calls", "✗ answered: 2 rows, expected 3 (allowed/x.sql)"),
    ],
)
def test_another_verdict_than_expected_is_a_failure(
    file: str, text: str, line: str, write: Write, capsys: pytest.CaptureFixture
) -> None:
    folder = write({file: f"-- as: telco\n-- because: access\n-- rows: 3\n{text}"})
    assert group.main(["test", str(folder)]) == 1
    assert line in capsys.readouterr().out


def test_ask_asks_a_room_folder_as_one_of_its_parties(write: Write, capsys: pytest.CaptureFixture) -> None:
    folder = str(write())
    query = "-- as: telco\nSELECT WITH AGGREGATION_THRESHOLD COUNT(*) AS n FROM bank_room.spend"
    assert group.main(["ask", "--room", folder, "--format", "csv", query]) == 0
    assert capsys.readouterr().out == "n\n12\n"
    assert group.main(["ask", "--room", folder, "--as", "telco", "SELECT * FROM bank.spend"]) == 1
    assert group.main(["ask", "--room", folder, "--as", "merchant", query]) == 2
    assert "no party is called 'merchant': give --as bank or telco" in capsys.readouterr().err


def test_a_prompt_waits_as_long_as_the_user_thinks(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []
    monkeypatch.setattr(ask, "query_of", lambda _: None)
    monkeypatch.setattr(ask.Asking, "prompt", lambda *_: limits.append(process.Limit.seconds) or 0)
    assert group.main(["ask", "--room", str(write()), "--as", "telco"]) == 0
    assert limits == [0]


# What is wrong with a folder.

BAD = "SELECT\n  nothing\nFROM bank.spend"


@pytest.mark.parametrize(
    ("files", "sentence"),
    {
        "a missing column": (
            {"views/spend.sql": f"CREATE VIEW bank_room.spend AS\n{BAD}"},
            "views/spend.sql:3: the query of bank_room.spend is not BigQuery's: Unrecognized name: nothing",
        ),
        "a column of the policy that is missing": (
            {"views/spend.sql": VIEW.format(THRESHOLD, "kind")},
            "views/spend.sql:1: the privacy_policy of bank_room.spend names a column that it does not have: person",
        ),
        "two policies": (
            {"views/spend.sql": VIEW.format(f"{THRESHOLD}',\nprivacy_policy = '{LIST}", "person")},
            "views/spend.sql:2: bank_room.spend has two privacy policies",
        ),
        "a policy of two kinds": (
            {
                "views/spend.sql": VIEW.format(
                    THRESHOLD[:-1] + ', "differential_privacy_policy": {' + NOISE + ', "epsilon_budget": 3}}', "person"
                )
            },
            "views/spend.sql:1: the privacy_policy of bank_room.spend is not BigQuery's",
        ),
        "a view twice": (
            {"views/more.sql": VIEW.format(THRESHOLD, "person")},
            "views/spend.sql:1: bank_room.spend is created already in views/more.sql:1",
        ),
        "a view twice, in another case": (
            {"views/x.sql": VIEW.format(THRESHOLD, "person").replace("bank_room.spend", "BANK_ROOM.spend")},
            "views/x.sql:1: bank_room.spend is created already in views/spend.sql:1",
        ),
        "a table that is not there": (
            {"views/spend.sql": "CREATE VIEW bank_room.spend AS\nSELECT * FROM bank.money"},
            "views/spend.sql:2: there is no table and no view bank.money",
        ),
        "a view with an array": (
            {"views/spend.sql": "CREATE VIEW bank_room.spend AS SELECT [amount] AS amounts FROM bank.spend"},
            "the query of bank_room.spend has a column of a type that is not supported here: amounts",
        ),
        "another statement": ({"views/spend.sql": "\nSELECT 1"}, "views/spend.sql:2: this is not CREATE VIEW"),
        "a syntax error": ({"views/spend.sql": "CREATE VIEW\nAS"}, "views/spend.sql:2: Syntax error"),
        "no view": ({"views/spend.sql": None}, "has no views/*.sql"),
        "no table": ({"tables/bank/spend.csv": None, "tables/telco/calls.csv": None}, "has no tables/"),
        "a table in no dataset": ({"tables/calls.csv": "person\np1\n"}, "tables/calls.csv:1: this is not read"),
        "a query in a folder of its own": (
            {"allowed/more/q.sql": "SELECT 1"},
            "allowed/more/q.sql:1: this is not read",
        ),
        "a schema of no table": (
            {"tables/telco/call.schema.json": "[]"},
            "tables/telco/call.schema.json:1: there is no call.csv or .parquet beside it",
        ),
        "a quote that is not closed": (
            {"tables/bank/spend.csv": 'person,kind\na,1\n"b,2\nc,3\n'},
            "tables/bank/spend.csv:3: 1 value, to line 4, as a quote runs on, where the header has 2",
        ),
        "an empty table": ({"tables/bank/spend.csv": ""}, "tables/bank/spend.csv:1: the file is empty"),
        "an empty query": ({"allowed/kinds.sql": " \n"}, "allowed/kinds.sql:1: the file is empty"),
        "another encoding": (
            {"tables/bank/spend.csv": "person\nAnn\nJosé\n".encode("latin-1")},
            "tables/bank/spend.csv:3: this is not UTF-8",
        ),
        "a short line": (
            {"tables/bank/spend.csv": "person,kind\na,1\nb\n"},
            "tables/bank/spend.csv:3: 1 value, where the header has 2",
        ),
        "a value of another type": (
            {
                "tables/telco/calls.csv": "person\n1\nx\n",
                "tables/telco/calls.schema.json": '[{"name": "person", "type": "INT64"}]',
            },
            'tables/telco/calls.csv:3: Error when converting column "person". Could not convert string "x"',
        ),
        "an unknown type": (
            {"tables/telco/calls.schema.json": '[\n{"name": "person", "type": "GEOGRAPHY"}]'},
            "tables/telco/calls.schema.json:2: the column person has the type GEOGRAPHY: the types are STRING",
        ),
        "a repeated column": (
            {"tables/telco/calls.schema.json": '[{"name": "person", "type": "STRING", "mode": "REPEATED"}]'},
            "tables/telco/calls.schema.json:1: the column person has the type REPEATED STRING",
        ),
        "a schema that is not JSON": (
            {"tables/telco/calls.schema.json": "[\n{"},
            "tables/telco/calls.schema.json:2: this is not JSON",
        ),
        "a column that the schema does not name": (
            {"tables/telco/calls.schema.json": '[{"name": "email", "type": "STRING"}]'},
            "tables/telco/calls.csv:1: there is no column email, which calls.schema.json names",
        ),
        "a table twice": (
            {"tables/telco/calls.parquet": b"PAR1"},
            "tables/telco/calls.parquet:1: telco.calls is there already, in tables/telco/calls.csv",
        ),
        "a table that is not Parquet": ({"tables/telco/more.parquet": b"PAR1"}, "tables/telco/more.parquet:1: "),
        "nobody who asks": (
            {"allowed/kinds.sql": "SELECT 1"},
            "allowed/kinds.sql:1: the query does not say who asks: begin with `-- as: PARTY`, one of bank, telco",
        ),
        "an unknown party": ({"allowed/kinds.sql": "-- as: shop\nSELECT 1"}, "allowed/kinds.sql:1: there is no party"),
        "an unknown rule": (
            {"refused/x.sql": "-- as: bank\n-- because: magic\nSELECT 1"},
            "refused/x.sql:2: there is no rule 'magic': begin with `-- because: RULE`, one of access, single-query",
        ),
        "no number of rows": ({"allowed/kinds.sql": "-- as: bank\n-- rows: many\nSELECT 1"}, "allowed/kinds.sql:2: "),
        "a room.toml that is not TOML": ({"room.toml": "[parties]\nbank = ["}, "room.toml:2: "),
        "a room.toml without parties": ({"room.toml": "bank = 1"}, "room.toml:1: this has no [parties]"),
        "an unknown dataset": (
            {"room.toml": '[parties]\nbank = ["bank", "bank_room"]\ntelco = ["phone"]'},
            "room.toml:3: telco has the dataset phone, which has no table and no view",
        ),
        "a dataset of nobody": (
            {"room.toml": '[parties]\nbank = ["bank", "bank_room"]'},
            "room.toml:1: the dataset telco belongs to no party",
        ),
        "a view of two parties' tables": (
            {"views/spend.sql": "CREATE VIEW room.both AS SELECT b.person FROM bank.spend AS b, telco.calls"},
            "views/spend.sql:1: room.both reads the tables of bank, telco: say in room.toml whose dataset it is in",
        ),
        "no queries": ({"allowed/kinds.sql": None}, "has no allowed/*.sql and no refused/*.sql"),
    }.values(),
)
def test_a_mistake_in_a_folder_ends_in_one_line_with_the_file_and_the_line(
    files: dict, sentence: str, write: Write, capsys: pytest.CaptureFixture
) -> None:
    assert group.main(["test", str(write(files))]) == 2
    errors = capsys.readouterr().err
    assert sentence in errors
    assert len(errors.splitlines()) == 1


def test_a_link_out_of_the_folder_is_not_followed(write: Write, tmp_path: Path) -> None:
    folder = write()
    (tmp_path / "secret.csv").write_text("person\nann\n", encoding="utf-8")
    (folder / "tables/bank/secret.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(UserError, match=r"^tables/bank/secret\.csv:1: this is a link that leads out of the folder"):
        read_room(folder)


# What a folder is read as.


def test_an_empty_field_is_null_and_a_quoted_one_is_empty(write: Write) -> None:
    files = {"tables/telco/calls.csv": 'person,since\n"",2025-01-02\n,\n'}
    room = read_room(write(files)).open()
    assert room.rows("telco.calls")[0][0] == ""
    assert room.rows("telco.calls")[1] == (None, None)
    assert room.tables["telco.calls"] == {"person": "STRING", "since": "DATE"}


def test_with_a_schema_nothing_is_inferred(write: Write) -> None:
    types = {"person": "STRING", "zip": "STRING", "called_at": "TIMESTAMP"}
    fields = json.dumps([{"name": name, "type": kind} for name, kind in types.items()])
    csv = "zip,person,called_at\n007,p1,2025-01-02 03:04:05 UTC\n"
    room = read_room(write({"tables/telco/calls.csv": csv, "tables/telco/calls.schema.json": fields})).open()
    answer = room.ask("SELECT zip, person, called_at FROM telco.calls", "telco").answer
    assert answer
    assert [str(value) for value in answer.rows[0]] == ["007", "p1", "2025-01-02 03:04:05+00:00"]


def test_parquet_has_its_own_types(write: Write) -> None:
    folder = write({"tables/telco/calls.csv": None})
    (folder / "tables/telco").mkdir()
    relation = duckdb.from_csv_auto(str(folder / "tables/bank/spend.csv"))
    relation.select(duckdb.ColumnExpression("person"), duckdb.ColumnExpression("amount")).write_parquet(
        str(folder / "tables/telco/calls.parquet")
    )
    room = read_room(folder)
    assert room.tables["telco.calls"] == {"person": "STRING", "amount": "INT64"}
    assert len(room.open().rows("telco.calls")) == 12


def test_views_are_read_as_they_run_on_bigquery(write: Write) -> None:
    views = (
        f"CREATE OR REPLACE VIEW `my-project.bank_room.spend`\nOPTIONS (privacy_policy = '''{THRESHOLD}''')\n"
        "AS (SELECT person, kind FROM `my-project`.bank.spend);\n"
        'CREATE VIEW IF NOT EXISTS bank_room.kinds OPTIONS (description = "of; spend") AS SELECT kind FROM bank.spend;'
    )
    room = read_room(write({"views/spend.sql": views}))
    assert [(view.name, view.policy.privacy_unit_column, view.line) for view in room.views] == [
        ("bank_room.spend", "person", 1),
        ("bank_room.kinds", None, 4),
    ]
    assert room.open().rows("bank_room.kinds")[1] == (1,)


def test_a_view_may_be_written_before_the_one_that_it_reads(write: Write) -> None:
    views = {"views/a.sql": "CREATE VIEW bank_room.first AS SELECT person FROM bank_room.spend"}
    assert [view.name for view in read_room(write(views)).views] == ["bank_room.spend", "bank_room.first"]


def test_without_a_room_toml_a_dataset_of_tables_is_a_party_with_its_views(write: Write) -> None:
    assert read_room(write()).parties == {
        "bank": frozenset({"bank", "bank_room"}),
        "telco": frozenset({"telco"}),
    }


def test_a_room_toml_names_the_parties(write: Write) -> None:
    parties = '[parties]\nlender = ["bank", "bank_room"]\ncarrier = ["telco"]'
    room = read_room(write({"room.toml": parties, "allowed/kinds.sql": "-- as: carrier\nSELECT 1"}))
    assert [*room.parties] == ["lender", "carrier"]
    assert room.open().ask("SELECT * FROM bank.spend", "carrier").because == "access"


def test_a_view_beside_the_tables_is_shared_and_the_tables_are_not(write: Write) -> None:
    view = VIEW.format(THRESHOLD, "person").replace("bank_room.spend", "bank.shared")
    room = read_room(write({"views/spend.sql": view, "allowed/kinds.sql": None})).open()
    query = "SELECT WITH AGGREGATION_THRESHOLD COUNT(*) AS n FROM `x.bank.shared`"
    assert room.ask(query, "telco").verdict is Verdict.ALLOWED
    assert room.ask("SELECT * FROM bank.spend", "telco").because == "access"


def test_a_sample_has_the_same_people_in_all_tables(write: Write) -> None:
    people = "".join(f"p{number},1,1\n" for number in range(2000))
    calls = "".join(f"p{number}\n" for number in range(0, 2000, 2))
    folder = write(
        {"tables/bank/spend.csv": "person,kind,amount\n" + people, "tables/telco/calls.csv": "person\n" + calls}
    )
    room = read_room(folder, sample=200).open()
    spend = {person for person, *_ in room.rows("bank.spend")}
    called = {person for (person,) in room.rows("telco.calls")}
    assert 100 < len(spend) < 300
    assert called == {f"p{number}" for number in range(0, 2000, 2)} & spend


# What is weak about a room.


@pytest.mark.parametrize(
    ("policy", "columns", "sentence"),
    [
        (THRESHOLD, "person, kind", None),
        (THRESHOLD.replace("10", "9"), "person, kind", "the threshold of bank_room.spend is 9: below 10"),
        (THRESHOLD.replace("10", "13"), "person", "it has 12 different values of person, and the threshold is 13"),
        ('{"differential_privacy_policy": {' + NOISE + ', "epsilon_budget": 10}}', "person", None),
        ('{"differential_privacy_policy": {' + NOISE + ', "epsilon_budget": 11}}', "person", "the epsilon budget of"),
        (LIST, "person, kind", None),
        (LIST, "person, kind AS street_address", "shows street_address"),
        (LIST, "person, kind AS contact_email", "shows contact_email"),
        (LIST, "person, kind AS birth_date", "shows birth_date"),
        (LIST, "person, kind AS phone", "shows phone"),
        (LIST, "* EXCEPT (amount)", "shows all columns (SELECT *)"),
        (LIST, "person, (SELECT COUNT(*) FROM bank.spend) AS everyone", None),
        (LIST, "person, amount", "shows 12 of 12 rows that no other is like, by amount (k-anonymity 1)"),
        (
            LIST,
            "CONCAT('x', person) AS person, kind",
            "no query of bank_room.spend can show a row: it must be joined on",
        ),
    ],
)
def test_a_weak_policy_is_named_with_its_line(policy: str, columns: str, sentence: str | None, write: Write) -> None:
    room = read_room(write({"views/spend.sql": VIEW.format(policy, columns), "allowed/kinds.sql": None}))
    spots = [str(spot) for spot in weak_spots(room, room.open())]
    assert len(spots) == (1 if sentence else 0), spots
    assert all(sentence and spot.startswith("views/spend.sql:1: ") and sentence in spot for spot in spots)


@pytest.mark.parametrize(("table", "is_said"), [("bank.spend", True), ("telco.calls", False)])
def test_an_exact_view_of_a_noisy_views_rows_is_named(table: str, is_said: bool, write: Write) -> None:
    noisy = VIEW.format('{"differential_privacy_policy": {' + NOISE + ', "epsilon_budget": 3}}', "person")
    exact = VIEW.format(THRESHOLD, "person").replace("bank_room.spend", "exact_room.s")
    many = "person\n" + "".join(f"p{number}\n" for number in range(12))
    files = {
        "views/spend.sql": noisy,
        "views/x.sql": exact.replace("bank.spend", table),
        "tables/telco/calls.csv": many,
    }
    room = read_room(write(files | {"allowed/kinds.sql": None}))
    sentence = (
        "views/x.sql:1: exact_room.s answers exactly about the rows of bank.spend, which bank_room.spend hides in noise"
    )
    assert [str(spot) for spot in weak_spots(room, room.open())] == ([sentence] if is_said else [])


def test_a_folder_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a folder: `dcr new"):
        read_room(tmp_path / "nothing")


@pytest.mark.slow
def test_a_hundred_thousand_rows_load(write: Write) -> None:
    rows = "".join(f"p{number},{number % 7},{number}\n" for number in range(100_001))
    room = read_room(write({"tables/bank/spend.csv": "person,kind,amount\n" + rows}))
    answer = room.open().ask(FILES["allowed/kinds.sql"], "telco").answer
    assert answer
    assert answer.rows == [(100_001,)]
