"""The knobs: where their values come from, which are taken, and how the others are refused."""

import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from dcr_data_generator import main, warehouse
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import load

# The table of the design: constant, flag, default.
DEFAULTS = {
    "WRITE_PROJECT_ID": ("--write-project-id", None),
    "TARGET_DATE": ("--target-date", "2025-09-23"),
    "DAYS": ("--days", 1),
    "LOCATION": ("--location", "US"),
    "SEED": ("--seed", 42),
    "MATCH_RATE": ("--match-rate", 0.5),
    "WALLET_PAYMENT_RATE": ("--wallet-payment-rate", 0.8),
    "WALLET_ONLY_RATE": ("--wallet-only-rate", 0.2),
}
FLAGS = [flag for flag, _ in DEFAULTS.values()] + ["--source", "--embedded-dir", "--export"]
# Words that say what is allowed.
ALLOWED = {
    "--write-project-id": "project id of 6 to 30 lower-case letters, digits and hyphens",
    "--target-date": "YYYY-MM-DD",
    "--days": "a whole number from 1 to 20000",
    "--location": "a BigQuery location",
    "--seed": "a whole number from 0 to 2^63 - 1",
    "--match-rate": "a number from 0 to 1",
    "--wallet-payment-rate": "a number from 0 to 1",
    "--wallet-only-rate": "a number from 0",
    "--source": "a folder",
    "--embedded-dir": "a folder",
    "--export": "a folder",
}
# Two good values of every knob, as text and as Settings hold them; neither is the default.
GOOD = {
    "write_project_id": [("my-project", "my-project"), ("your-project", "your-project")],
    "target_date": [("2025-01-31", date(2025, 1, 31)), ("2024-02-29", date(2024, 2, 29))],
    "days": [("7", 7), ("30", 30)],
    "location": [("EU", "EU"), ("us-central1", "us-central1")],
    "seed": [("7", 7), ("8", 8)],
    "match_rate": [("0.25", 0.25), ("0.75", 0.75)],
    "wallet_payment_rate": [("0.25", 0.25), ("0.75", 0.75)],
    "wallet_only_rate": [("0.25", 0.25), ("0.75", 0.75)],
    "source": [("one", Path("one")), ("two", Path("two"))],
    "embedded_dir": [("one", Path("one")), ("two", Path("two"))],
    "export": [("one", Path("one")), ("two", Path("two"))],
}
BAD = [
    ("--write-project-id", "short"),
    ("--write-project-id", "a" * 31),
    ("--write-project-id", "My-Project"),
    ("--write-project-id", "my_project"),
    ("--write-project-id", "my project"),
    ("--write-project-id", "my.project"),
    ("--write-project-id", "my-project-"),
    ("--write-project-id", "1-project"),
    ("--write-project-id", "projekt-grün"),
    ("--write-project-id", "my-project.dataset"),
    ("--write-project-id", "bigquery-public-data"),
    ("--target-date", "2025-9-23"),
    ("--target-date", "20250923"),
    ("--target-date", "23.09.2025"),
    ("--target-date", "09/23/2025"),
    ("--target-date", "2025-09-31"),
    ("--target-date", "2025-02-29"),
    ("--target-date", "2025-13-01"),
    ("--target-date", "0000-01-01"),
    ("--target-date", "1969-12-31"),
    ("--target-date", "2200-01-01"),
    ("--target-date", "2025-09-23T00:00:00"),
    ("--target-date", "1758585600"),
    ("--target-date", "٢٠٢٥-٠٩-٢٣"),
    ("--target-date", "today"),
    ("--target-date", "None"),
    ("--days", "0"),
    ("--days", "-1"),
    ("--days", "20001"),
    ("--days", "1.5"),
    ("--days", "1e2"),
    ("--days", "one"),
    ("--days", "nan"),
    ("--days", "inf"),
    ("--days", "1,000"),
    ("--days", "[1]"),
    ("--days", "None"),
    ("--days", "true"),
    ("--location", "Europe"),
    ("--location", "us_central1"),
    ("--location", "us central1"),
    ("--location", "us-central"),
    ("--location", "1"),
    ("--location", "None"),
    ("--seed", "-1"),
    ("--seed", "9223372036854775808"),
    ("--seed", "1.5"),
    ("--seed", "abc"),
    ("--seed", "nan"),
    ("--match-rate", "-0.01"),
    ("--match-rate", "1.01"),
    ("--match-rate", "50%"),
    ("--match-rate", "0,5"),
    ("--match-rate", "half"),
    ("--match-rate", "nan"),
    ("--match-rate", "inf"),
    ("--match-rate", "-inf"),
    ("--match-rate", "{}"),
    ("--wallet-payment-rate", "-0.01"),
    ("--wallet-payment-rate", "1.01"),
    ("--wallet-payment-rate", "80"),
    ("--wallet-payment-rate", "nan"),
    ("--wallet-payment-rate", "inf"),
    ("--wallet-only-rate", "-0.01"),
    ("--wallet-only-rate", "1"),
    ("--wallet-only-rate", "1.01"),
    ("--wallet-only-rate", "nan"),
    ("--wallet-only-rate", "inf"),
    ("--source", "no_such_folder"),
    ("--source", "a_file"),
    ("--source", "a_file/below"),
    ("--embedded-dir", "a_file"),
    ("--embedded-dir", "a_file/below"),
    ("--export", "a_file"),
    ("--export", "a_file/below"),
]
BOUNDARIES = [
    ("write_project_id", "abcdef", "abcdef"),
    ("write_project_id", "a" * 30, "a" * 30),
    ("write_project_id", "my-project-2", "my-project-2"),
    ("write_project_id", "example.com:my-project", "example.com:my-project"),
    ("target_date", "1970-01-01", date(1970, 1, 1)),
    ("target_date", "2199-12-31", date(2199, 12, 31)),
    ("target_date", "2024-02-29", date(2024, 2, 29)),
    ("days", "1", 1),
    ("days", "20000", 20_000),
    ("location", "us", "us"),
    ("location", "eu", "eu"),
    ("location", "northamerica-northeast1", "northamerica-northeast1"),
    ("location", "europe-west12", "europe-west12"),
    ("location", "me-central2", "me-central2"),
    ("seed", "0", 0),
    ("seed", "9223372036854775807", 2**63 - 1),
    ("match_rate", "0", 0.0),
    ("match_rate", "1", 1.0),
    ("match_rate", "1e-3", 0.001),
    ("wallet_payment_rate", "0", 0.0),
    ("wallet_payment_rate", "1", 1.0),
    ("wallet_only_rate", "0", 0.0),
    ("wallet_only_rate", "0.999", 0.999),
    ("source", ".", Path()),
    ("embedded_dir", "one", Path("one")),
    ("embedded_dir", "not/there/yet", Path("not/there/yet")),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with the folders `one` and `two` and the file `a_file`, no DCR_ variable, and no engine."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "a_file").touch()
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith("DCR_"):
            monkeypatch.delenv(name)

    def connect(*_: object) -> None:
        raise AssertionError("a refused value must not start an engine")

    monkeypatch.setattr(warehouse, "connect", connect)


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Run main() with flags it has to refuse, and return the line that says so: `refuse("--days", "0")`."""

    def run(*flags: str) -> str:
        status = main.main(list(flags))
        out, err = capsys.readouterr()
        assert (status, out) == (2, "")
        assert "Traceback" not in err
        assert err.endswith("\n")
        assert len(err.splitlines()) == 1, err
        return err

    return run


@pytest.fixture
def help_text(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> str:
    """What --help prints, with blanks for its line breaks."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as end:
        main.main(["--help"])
    assert not end.value.code
    return " ".join(capsys.readouterr().out.split())


def flag_of(knob: str) -> str:
    """The flag of a knob."""
    return "--" + knob.replace("_", "-")


@pytest.mark.parametrize("knob", GOOD)
def test_a_flag_beats_the_environment(knob: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (environment, _), (flag, value) = GOOD[knob]
    monkeypatch.setenv(f"DCR_{knob.upper()}", environment)
    assert getattr(load(main.CONSTANTS, [flag_of(knob), flag]), knob) == value


@pytest.mark.parametrize("knob", GOOD)
def test_the_environment_beats_the_constant(knob: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (constant, _), (environment, value) = GOOD[knob]
    constants = {**main.CONSTANTS, knob: constant}
    monkeypatch.setenv(f"DCR_{knob.upper()}", environment)
    assert getattr(load(constants, []), knob) == value


@pytest.mark.parametrize("knob", GOOD)
def test_a_flag_beats_the_constant(knob: str) -> None:
    (constant, _), (flag, value) = GOOD[knob]
    constants = {**main.CONSTANTS, knob: constant}
    assert getattr(load(constants, [flag_of(knob), flag]), knob) == value


@pytest.mark.parametrize("knob", GOOD)
def test_the_constant_counts_where_nothing_else_is_said(knob: str) -> None:
    [(constant, value), _] = GOOD[knob]
    constants = {**main.CONSTANTS, knob: constant}
    assert getattr(load(constants, []), knob) == value


def test_a_flag_beats_even_a_bad_value_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_DAYS", "soon")
    assert load(main.CONSTANTS, ["--days", "3"]).days == 3


def test_a_flag_takes_its_value_after_an_equals_sign_too() -> None:
    assert load(main.CONSTANTS, ["--days=3"]).days == 3


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_DAYS", "")
    assert load(main.CONSTANTS, []).days == 1


@pytest.mark.parametrize("constant", DEFAULTS)
def test_the_constants_are_those_of_the_design(constant: str) -> None:
    _, default = DEFAULTS[constant]
    assert getattr(main, constant) == default
    assert main.CONSTANTS[constant.lower()] == default


def test_every_constant_is_a_knob_of_the_design() -> None:
    assert sorted(main.CONSTANTS) == sorted(name.lower() for name in DEFAULTS)


def test_without_flags_there_is_no_source_folder() -> None:
    assert load(main.CONSTANTS, []).source is None


def test_without_flags_the_embedded_data_is_in_dot_bigquery() -> None:
    assert load(main.CONSTANTS, []).embedded_dir == Path(".bigquery")


@pytest.mark.parametrize("flag", FLAGS)
def test_help_names_the_flag(flag: str, help_text: str) -> None:
    assert re.search(rf"(?<!\S){flag} \w+ [A-Z]", help_text)


def test_help_names_no_other_flag(help_text: str) -> None:
    assert set(re.findall(r"--[a-z-]+", help_text)) == {
        *FLAGS,
        "--skip-checks",
        "--timeout",
        "--report",
        "--no-report",
        "--help",
    }


@pytest.mark.parametrize(
    ("flag", "default"),
    [*DEFAULTS.values(), ("--source", None), ("--embedded-dir", ".bigquery"), ("--export", None)],
)
def test_help_shows_the_default(flag: str, default: object, help_text: str) -> None:
    after_flag = help_text.rpartition(f"{flag} ")[2]
    assert re.search(r"\(default: ([^)]*)\)", after_flag)[1] == str(default)


def test_help_shows_a_constant_that_was_edited(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setitem(main.CONSTANTS, "write_project_id", "my-project")
    with pytest.raises(SystemExit):
        main.main(["--help"])
    assert "(default: my-project)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("flag", "value"), BAD)
def test_a_bad_value_is_refused_with_what_is_allowed(flag: str, value: str, refuse: Callable) -> None:
    line = refuse(f"{flag}={value}")
    assert f"{flag} " in line
    assert value in line
    assert ALLOWED[flag] in line


@pytest.mark.parametrize("flag", FLAGS)
def test_an_empty_value_is_refused(flag: str, refuse: Callable) -> None:
    line = refuse(flag, "")
    assert f"{flag} ''" in line
    assert ALLOWED[flag] in line


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_without_its_value_is_refused(flag: str, refuse: Callable) -> None:
    assert flag in refuse(flag)


@pytest.mark.parametrize(("flag", "value"), [("--days", "-1"), ("--seed", "-1"), ("--match-rate", "-0.5")])
def test_a_negative_number_after_a_blank_is_refused_with_what_is_allowed(
    flag: str, value: str, refuse: Callable
) -> None:
    line = refuse(flag, value)
    assert value in line
    assert ALLOWED[flag] in line


@pytest.mark.parametrize(
    "flags",
    [
        ["--dayz", "3"],
        ["--day", "3"],
        ["--target_date", "2025-09-23"],
        ["--DAYS", "3"],
        ["-d", "3"],
        ["--no-days"],
        ["--first-date", "2025-09-23"],
    ],
)
def test_an_unknown_flag_is_refused_by_its_name(flags: list[str], refuse: Callable) -> None:
    line = refuse(*flags)
    assert flags[0] in line
    assert "--help" in line


@pytest.mark.parametrize("arguments", [["my-project"], ["--days", "3", "4"]])
def test_a_value_without_a_flag_is_refused(arguments: list[str], refuse: Callable) -> None:
    assert arguments[-1] in refuse(*arguments)


def test_a_source_folder_and_a_project_contradict_each_other(refuse: Callable) -> None:
    line = refuse("--source", "one", "--write-project-id", "my-project")
    assert "--source one" in line
    assert "--write-project-id my-project" in line


def test_a_source_folder_and_a_project_of_the_environment_contradict_each_other(
    refuse: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DCR_WRITE_PROJECT_ID", "my-project")
    line = refuse("--source", "one")
    assert "--source one" in line
    assert "--write-project-id my-project" in line


def test_a_bad_variable_is_refused_by_its_name(refuse: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_MATCH_RATE", "half")
    line = refuse()
    assert "DCR_MATCH_RATE" in line
    assert "'half'" in line
    assert ALLOWED["--match-rate"] in line


def test_a_bad_constant_is_refused_like_a_bad_flag(refuse: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main.CONSTANTS, "days", "soon")
    line = refuse()
    assert "--days 'soon'" in line
    assert ALLOWED["--days"] in line


def test_a_value_with_a_line_break_is_refused_in_one_line(refuse: Callable) -> None:
    assert "--days" in refuse("--days", "1\n2")


def test_a_value_with_markup_is_shown_as_it_is(refuse: Callable) -> None:
    assert "[bold]1[/bold]" in refuse("--days", "[bold]1[/bold]")


def test_a_very_long_value_is_not_shown_whole(refuse: Callable) -> None:
    assert len(refuse("--write-project-id", "x" * 10_000)) < 400


@pytest.mark.parametrize(("knob", "text", "value"), BOUNDARIES)
def test_a_value_at_the_boundary_is_taken(knob: str, text: str, value: object) -> None:
    assert getattr(load(main.CONSTANTS, [flag_of(knob), text]), knob) == value


def test_the_word_none_takes_back_a_project_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_WRITE_PROJECT_ID", "my-project")
    assert load(main.CONSTANTS, ["--write-project-id", "None"]).write_project_id is None


def test_one_day_is_the_target_date_alone() -> None:
    assert load(main.CONSTANTS, ["--target-date", "2025-09-23", "--days", "1"]).first_date == date(2025, 9, 23)


def test_the_first_date_lies_a_day_less_than_the_length_back() -> None:
    # 2024 is a leap year: 30 days that end on 1 March began on 1 February with 29 days of it.
    assert load(main.CONSTANTS, ["--target-date", "2024-03-01", "--days", "30"]).first_date == date(2024, 2, 1)


def test_without_flags_the_result_is_checked() -> None:
    assert load(main.CONSTANTS, []).skip_checks is False


def test_skip_checks_needs_no_value() -> None:
    assert load(main.CONSTANTS, ["--skip-checks"]).skip_checks is True


def test_the_environment_can_skip_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_SKIP_CHECKS", "true")
    assert load(main.CONSTANTS, []).skip_checks is True


def test_skip_checks_with_a_value_is_refused(refuse: Callable) -> None:
    assert "--skip-checks" in refuse("--skip-checks=perhaps")


def test_a_bad_variable_for_skip_checks_is_refused_by_its_name(
    refuse: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DCR_SKIP_CHECKS", "perhaps")
    line = refuse()
    assert "DCR_SKIP_CHECKS" in line
    assert "'perhaps'" in line


@pytest.mark.parametrize("flag", ["--embedded-dir", "--export"])
def test_making_settings_makes_no_folder(flag: str, tmp_path: Path) -> None:
    load(main.CONSTANTS, [flag, "not/there/yet"])
    assert not (tmp_path / "not").exists()


def test_load_raises_a_problem_of_one_line() -> None:
    with pytest.raises(UserError) as problem:
        load(main.CONSTANTS, ["--days", "0"])
    assert "\n" not in str(problem.value)
