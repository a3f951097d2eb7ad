"""The options: where their values come from, which are allowed, and how the others are refused."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcr_data_generator import main
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import MakeSettings, Window
from dcr_data_generator.warehouse import connect as warehouse
from tests.support.settings import make_settings

# The table of the design.
DEFAULTS = {
    "write_project_id": None,
    "target_date": None,
    "days": 1,
    "location": "US",
    "seed": 42,
    "match_rate": 0.5,
    "wallet_payment_rate": 0.8,
    "wallet_only_rate": 0.2,
    "identity_noise": 0,
    "engine": "pandas",
}
# Two allowed values of every option, as text and as its settings hold them.
ALLOWED = {
    "write_project_id": [("abcdef", "abcdef"), ("example.com:my-project-2", "example.com:my-project-2")],
    "target_date": [("1970-01-01", date(1970, 1, 1)), ("2024-02-29", date(2024, 2, 29))],
    "days": [("7", 7), ("20000", 20_000)],
    "scale": [("2", 2), ("1000000", 1_000_000)],
    "location": [("eu", "eu"), ("northamerica-northeast1", "northamerica-northeast1")],
    "seed": [("0", 0), ("9223372036854775807", 2**63 - 1)],
    "match_rate": [("0", 0.0), ("1e-3", 0.001)],
    "wallet_payment_rate": [("0.25", 0.25), ("1", 1.0)],
    "wallet_only_rate": [("0", 0.0), ("0.999", 0.999)],
    "identity_noise": [("0.18", 0.18), ("1", 1.0)],
    "engine": [("pandas", "pandas"), ("bigquery", "bigquery")],
    "source": [("one", Path("one")), (".", Path())],
    "embedded_dir": [("one", Path("one")), ("not/there/yet", Path("not/there/yet"))],
    "export": [("one", Path("one")), ("not/there/yet", Path("not/there/yet"))],
    "report": [("a_file", Path("a_file")), ("new.html", Path("new.html"))],
    "timeout": [("1", 1), ("86400", 86_400)],
    "suffix": [("_b", "_b"), ("2", "2")],
    "source_dataset": [("my-shop.shop", "my-shop.shop"), ("example.com:my-shop.a_b", "example.com:my-shop.a_b")],
    "max_bytes_billed": [("1", 1), ("1099511627776", 1 << 40)],
}
SWITCHES = ["keep-snapshot", "skip-checks", "no-report", "open", "verbose", "quiet", "traceback"]
REFUSED = {
    "--write-project-id": (
        ["short", "a" * 31, "My-Project", "my_project", "my.project", "my-project-", "bigquery-public-data"],
        "is not a project ID of 6 to 30 lower-case letters",
    ),
    "--target-date": (
        ["2025-9-23", "20250923", "23.09.2025", "2025-02-29", "1969-12-31", "2200-01-01", "٢٠٢٥-٠٩-٢٣", "today"],
        "is not a date as YYYY-MM-DD, from 1970 to 2199",
    ),
    "--days": (["0", "-1", "20001", "1.5", "one", "1,000", "None", "1\n2", "[bold]1[/bold]"], "from 1 to 20,000"),
    "--scale": (["0", "1000001", "0.5"], "is not a whole number from 1 to 1,000,000"),
    "--location": (["Europe", "us_central1", "us central1", "us-central", "1"], "is not a BigQuery location"),
    "--seed": (["-1", "1.5", "abc", "nan"], "is not a whole number of 0 or more"),
    "--match-rate": (
        ["-0.01", "1.01", "50%", "0,5", "nan", "inf", "-inf"],
        "is not a share from 0 to 1, such as 0.5",
    ),
    "--wallet-payment-rate": (["-0.01", "1.01", "80", "nan"], "is not a share from 0 to 1, such as 0.5"),
    "--wallet-only-rate": (["-0.01", "1", "nan", "inf"], "is not a share from 0 to below 1, such as 0.2"),
    "--identity-noise": (["-0.01", "1.01", "off", "nan"], "is not a share from 0 to 1, such as 0.5"),
    "--engine": (["duckdb", "Pandas"], "is not one of 'pandas', 'bigquery'"),
    "--source": (
        ["no_such_folder", "a_file", "a_file/below", "x\0y", "~no-such-person/x", "x" * 5000],
        "is not a folder that exists",
    ),
    "--embedded-dir": (
        ["a_file", "a_file/below", "~no-such-person", "x" * 5000],
        "is not a folder that can be written",
    ),
    "--export": (["a_file", "a_file/below", "circle/x"], "is not a folder that can be written"),
    "--report": (["one", "a_file/below", "pipe", "~no-such-person/x.html"], "is not a file that can be written"),
    "--suffix": (["-b", "b c", "x" * 47, "ä"], "is not up to 46 letters, digits and underscores"),
    "--source-dataset": (["shop", "my-shop.shop.orders", "My-shop.shop"], "is not the name of a dataset"),
    "--max-bytes-billed": (["0", "1.5", "many"], "is not a whole number of 1 or more"),
    "--timeout": (["0", "86401", "soon"], "is not a whole number from 1 to 86,400"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with the folder `one`, the file `a_file` and a `pipe`, no DCR_ variable, and no warehouse."""
    (tmp_path / "one").mkdir()
    (tmp_path / "a_file").touch()
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith("DCR_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(warehouse, "connect", lambda *_: pytest.fail("a refused value must not start an engine"))


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Run main() with arguments that it has to refuse; returns the line that says so."""

    def run(*arguments: str) -> str:
        status = main.main(list(arguments))
        out, err = capsys.readouterr()
        assert (status, out) == (2, "")
        [line] = err.splitlines()
        assert line.startswith("error: ")
        return line

    return run


def flag_of(name: str) -> str:
    """The flag of an option."""
    return "--" + name.replace("_", "-")


def value_of(settings: MakeSettings, name: str) -> object:
    """The value of an option, in whichever part it is."""
    return next(getattr(part, name) for part in vars(settings).values() if hasattr(part, name))


def test_the_constants_are_those_of_the_design() -> None:
    assert {name: getattr(main, name.upper()) for name in DEFAULTS} == DEFAULTS == main.CONSTANTS


@pytest.mark.parametrize("name", ALLOWED)
def test_a_flag_beats_the_environment_which_beats_the_constant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (one, one_value), (other, other_value) = ALLOWED[name]
    constants = {"write_project_id": "my-project"} if name == "source_dataset" else {}
    constants[name] = one
    assert value_of(make_settings(**constants), name) == one_value
    assert value_of(make_settings(flag_of(name), other, **constants), name) == other_value
    monkeypatch.setenv(f"DCR_{name.upper()}", other)
    assert value_of(make_settings(**constants), name) == other_value
    assert value_of(make_settings(f"{flag_of(name)}={one}", **constants), name) == one_value


def test_a_flag_beats_even_a_bad_variable_and_an_empty_one_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_DAYS", "soon")
    monkeypatch.setenv("DCR_SEED", "")
    settings = make_settings("--days", "3")
    assert (settings.snapshot.days, settings.draws.seed) == (3, 42)


def test_the_word_none_takes_back_a_project_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_WRITE_PROJECT_ID", "my-project")
    assert make_settings("--write-project-id", "None").place.write_project_id is None


def test_a_path_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert make_settings("--source", "~/one").snapshot.source == tmp_path / "one"


@pytest.mark.parametrize("flag", ["--embedded-dir", "--export"])
def test_reading_the_settings_creates_no_folder(flag: str, tmp_path: Path) -> None:
    make_settings(flag, "not/there/yet")
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize(
    ("target_date", "days", "first_date"), [("2025-09-23", 1, "2025-09-23"), ("2024-03-01", 30, "2024-02-01")]
)
def test_the_first_date_lies_a_day_less_than_the_length_back(target_date: str, days: int, first_date: str) -> None:
    # 2024 is a leap year: 30 days that end on 1 March began on 1 February, with 29 days of it.
    assert Window(date.fromisoformat(target_date), days).first_date == date.fromisoformat(first_date)


# Refusals.


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        (flag, value)
        for flag, (values, _) in REFUSED.items()
        for value in [*values, *([] if flag == "--suffix" else [""])]
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(flag: str, value: str, refusal: Callable) -> None:
    line = refusal(f"{flag}={value}")
    assert f"'{flag}'" in line
    assert re.search(REFUSED[flag][1], line)
    assert line.endswith("; --help lists the options")
    assert len(line) < 400


VALUES = ["0", "1", "-1", "0.5", "1e309", "nan", "None", "[]", "US", "2025-09-23", "a"]


def test_a_snapshot_is_kept_or_scaled(refusal: Callable) -> None:
    assert "give --keep-snapshot or --scale 2, not both" in refusal("--keep-snapshot", "--scale", "2")


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([*REFUSED, "--x"]), st.sampled_from(VALUES) | st.text()), max_size=3))
def test_whatever_the_flags_they_are_settings_or_refused(flags: list[tuple[str, str]]) -> None:
    with suppress(UserError):
        draws = make_settings(*(f"{flag}={value}" for flag, value in flags)).draws
        assert all(0 <= rate <= 1 for rate in (draws.match_rate, draws.wallet_payment_rate, draws.wallet_only_rate))


@pytest.mark.parametrize("flag", [flag_of(name) for name in ALLOWED])
def test_a_flag_without_its_value_is_refused(flag: str, refusal: Callable) -> None:
    assert flag in refusal(flag)


@pytest.mark.parametrize("arguments", [["--dayz", "3"], ["--target_date", "2025-09-23"], ["-d", "3"]])
def test_an_unknown_flag_is_refused_by_its_name(arguments: list[str], refusal: Callable) -> None:
    assert arguments[0].lstrip("-")[:3] in refusal(*arguments)


def test_a_flag_that_is_nearly_right_gets_the_right_one(refusal: Callable) -> None:
    assert "Did you mean '--days'" in refusal("--dayz", "3")


def test_a_bad_variable_is_refused_by_its_name(refusal: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCR_MATCH_RATE", "half")
    line = refusal()
    assert line.startswith("error: Invalid value for DCR_MATCH_RATE: ")
    assert "--match-rate" not in line


def test_a_bad_constant_is_refused_by_its_name() -> None:
    with pytest.raises(UserError, match=r"^Invalid value for DAYS in main\.py: ") as error:
        make_settings(days="soon")
    assert "--days" not in str(error.value)


@pytest.mark.parametrize("in_environment", [False, True])
def test_a_source_folder_and_a_project_contradict_each_other(
    in_environment: bool, refusal: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = ["--write-project-id", "my-project"]
    if in_environment:
        monkeypatch.setenv("DCR_WRITE_PROJECT_ID", project.pop())
        project = []
    line = refusal("--source", "one", *project)
    assert "the source one is for the embedded BigQuery, and the project my-project is elsewhere" in line


@pytest.mark.parametrize(
    ("flags", "needed"),
    [
        ("", ""),
        ("--embedded-dir elsewhere", " --embedded-dir elsewhere"),
        ("--embedded-dir one --suffix _b --days 3", " --embedded-dir one --suffix _b"),
        ("--write-project-id my-project --embedded-dir one", " --write-project-id my-project"),
        (
            "--write-project-id my-project --location EU --source-dataset p-p.shop --days 3",
            " --write-project-id my-project --location EU --source-dataset p-p.shop",
        ),
    ],
)
def test_the_next_command_gets_the_flags_that_it_needs(flags: str, needed: str) -> None:
    settings = make_settings(*flags.split())
    assert settings.place.flags + settings.snapshot.flags == needed
    assert make_settings("--embedded-dir", "a b").place.flags == " --embedded-dir 'a b'"


def test_a_source_dataset_needs_a_project(refusal: Callable) -> None:
    assert "the embedded BigQuery has no source dataset my-shop.shop" in refusal("--source-dataset", "my-shop.shop")


# --help


@pytest.fixture
def help_text(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> str:
    """What --help prints, on one line and without frames."""
    monkeypatch.setenv("COLUMNS", "140")
    assert main.main(["--help"]) == 0
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_help_has_groups_an_example_and_every_flag_with_its_default_and_no_variables(help_text: str) -> None:
    positions = [help_text.index(f"─ {panel} ─") for panel in ("Where", "Snapshot", "Provider", "Output")]
    assert positions == sorted(positions)
    assert "Example: dcr make --target-date 2025-09-23 --days 7" in help_text
    flags = {flag_of(name) for name in ALLOWED} | {f"--{name}" for name in SWITCHES}
    assert set(re.findall(r"--[a-z-]+", help_text)) == flags | {"--help", "--version"}
    assert "DCR_" not in help_text
    for name, default in DEFAULTS.items():
        if default is not None:
            assert re.search(rf"{flag_of(name)} [^]]*\[default: {default}\]", help_text)


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "dcr_data_generator.main"],
        [sys.executable, main.__file__],
        [sys.executable, "-m", "dcr_data_generator", "make"],
        [str(Path(sys.executable).with_name("dcr")), "make"],
    ],
)
def test_help_comes_from_every_way_to_start_the_program(command: list[str]) -> None:
    run = subprocess.run([*command, "--help"], capture_output=True, text=True, encoding="utf-8", check=False)
    assert (run.returncode, "--match-rate" in run.stdout) == (0, True), run.stderr
