"""The command line: which commands and options there are, what each takes, and what is refused in one line."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import is_dataclass
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from dcr_data_generator import main, sql
from dcr_data_generator.commands import group
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from tests.support import emulator, tables
from tests.support.emulator import ROOT

PLACE = "write-project-id location suffix timeout "
KEYS = "salt-file normalize "
SCREEN = "quiet traceback"
# What each command takes.
OPTIONS = {
    "make": PLACE
    + "embedded-dir source-dataset scale source keep-snapshot target-date days max-bytes-billed match-rate seed engine "
    + "wallet-payment-rate wallet-only-rate identity-noise skip-checks export no-report report open verbose "
    + SCREEN,
    "demo": PLACE
    + "embedded-dir source-dataset scale source keep-snapshot target-date days max-bytes-billed match-rate seed engine "
    + "wallet-payment-rate wallet-only-rate identity-noise skip-checks export no-report report verbose quick "
    + KEYS
    + SCREEN,
    "remove": PLACE + "embedded-dir yes " + SCREEN,
    "serve": "embedded-dir suffix allow-host " + SCREEN,
    "identity": PLACE + "embedded-dir no-report " + SCREEN,
    "ask": PLACE + "embedded-dir room sample as linked-dataset format verbose " + KEYS + SCREEN,
    "exercise": PLACE + "embedded-dir query hint " + KEYS + SCREEN,
    "play": PLACE + "embedded-dir room sample as tour port allow-host open " + KEYS + SCREEN,
    "rehearse": PLACE
    + "embedded-dir source-dataset scale match-rate wallet-payment-rate against save yes no-report verbose "
    + KEYS
    + SCREEN,
    "attack": PLACE + "embedded-dir room sample only victims seed no-report verbose " + SCREEN,
    "test": "sample junit timeout " + SCREEN,
    "new": SCREEN,
    "plan": PLACE + "embedded-dir room sample question within format no-report " + SCREEN,
    "publish": PLACE + "provider-project-id yes dry-run level subscriber allow-egress log-subscribers " + KEYS + SCREEN,
    "unpublish": PLACE + "provider-project-id yes dry-run " + SCREEN,
    "status": PLACE + "provider-project-id " + SCREEN,
    "subscribe": PLACE + "clean-room-project to dry-run dataset " + SCREEN,
    "refresh": PLACE + "clean-room-project to dry-run " + SCREEN,
    "unsubscribe": PLACE + "clean-room-project to dry-run " + SCREEN,
    "model": PLACE + "dry-run " + SCREEN,
}
# The variable that an option needs, too.
NEEDS = {"source-dataset": ("DCR_WRITE_PROJECT_ID", "my-project"), "sample": ("DCR_ROOM", ".")}
# A text for each option that has a value, and the value; it is not the default.
VALUES: dict[str, tuple[str, object]] = {
    "write-project-id": ("my-project", "my-project"),
    "question": ("3", "3"),
    "within": ("10%", 0.1),
    "location": ("EU", "EU"),
    "suffix": ("_b", "_b"),
    "timeout": ("7", 7),
    "embedded-dir": ("elsewhere", Path("elsewhere")),
    "source-dataset": ("my-shop.shop", "my-shop.shop"),
    "scale": ("3", 3),
    "source": (".", Path()),
    "target-date": ("2024-02-29", date(2024, 2, 29)),
    "days": ("9", 9),
    "max-bytes-billed": ("1024", 1024),
    "match-rate": ("0.1", 0.1),
    "wallet-payment-rate": ("0.2", 0.2),
    "wallet-only-rate": ("0.3", 0.3),
    "identity-noise": ("0.4", 0.4),
    "seed": ("1", 1),
    "engine": ("bigquery", "bigquery"),
    "export": ("exported", Path("exported")),
    "report": ("mine.html", Path("mine.html")),
    "format": ("csv", "csv"),
    "level": ("noise", "noise"),
    "linked-dataset": ("linked", "linked"),
    "against": ("linked", "linked"),
    "save": ("said.json", Path("said.json")),
    "salt-file": ("file.txt", Path("file.txt")),
    "normalize": ("uid2", "uid2"),
    "tour": (".", Path()),
    "query": ("SELECT 1", "SELECT 1"),
    "port": ("9061", 9061),
    "room": (".", Path()),
    "sample": ("9", 9),
    "junit": ("junit.xml", Path("junit.xml")),
    "allow-host": ("me.example.dev", ("me.example.dev",)),
    "only": ("membership", "membership"),
    "victims": ("5", 5),
    "provider-project-id": ("their-project", "their-project"),
    "as": ("provider", "provider"),
    "subscriber": ("user:x@example.com", ("user:x@example.com",)),
    "clean-room-project": ("their-project", "their-project"),
    "to": ("exchange", "exchange"),
    "dataset": ("another", "another"),
}
# The constants of main.py, and how a user might edit them.
EDITED = {
    "write-project-id": ("None", '"my-project"'),
    "target-date": ("None", '"2024-02-29"'),
    "days": ("1", "9"),
    "location": ('"US"', '"EU"'),
    "seed": ("42", "1"),
    "match-rate": ("0.5", "0.1"),
    "wallet-payment-rate": ("0.8", "0.3"),
    "wallet-only-rate": ("0.2", "0.4"),
    "identity-noise": ("0", "0.6"),
    "engine": ('"pandas"', '"bigquery"'),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with a file, and no DCR_ variable but what subscribe cannot do without."""
    (tmp_path / "file.txt").write_text("SELECT 7", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in os.environ:
        if name.startswith("DCR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DCR_DATASET", "linked")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list:
    """The settings with which a command would run."""
    settings: list = []

    def take(each: object, *_: object) -> int:
        settings.append(each)
        return 0

    module = SimpleNamespace(**dict.fromkeys(["run", *OPTIONS], take))
    monkeypatch.setattr(group, "import_module", lambda _: module)
    monkeypatch.setattr(main, "run", take)
    monkeypatch.setattr(main.webbrowser, "open", lambda _: True)
    return settings


@pytest.fixture
def dcr(capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    """Run `dcr`: `dcr("attack", "--seed", "7")`."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = group.main(arguments)
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def refusal(dcr: Callable, taken: list) -> Callable[..., str]:
    """Run `dcr` with arguments that it has to refuse; returns the line that says so."""

    def run(*arguments: str) -> str:
        status, out, err = dcr(*arguments)
        assert (status, out, taken) == (2, "", [])
        return emulator.only_line(err)

    return run


def value_of(settings: object, option: str) -> object:
    """The value of an option in a command's settings, or in a part of them."""
    parts = [settings]
    for part in parts:
        parts += filter(is_dataclass, vars(part).values())
    values = {name.rstrip("_"): value for part in parts for name, value in vars(part).items()}
    return values[option.replace("-", "_")]


# The group.


def test_dcr_alone_prints_the_help_which_names_every_command(dcr: Callable) -> None:
    status, out, err = dcr()
    assert (status, err) == (0, "")
    assert dcr("-h") == dcr("--help") == (0, out, "")
    assert set(re.findall(r"^│ ([a-z]+) ", out, flags=re.MULTILINE)) == set(OPTIONS)


def test_the_version_is_that_of_the_package(dcr: Callable) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert dcr("--version") == (0, f"dcr, version {project['version']}\n", "")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("publsh", "publish"),
        ("rehears", "rehearse"),
        ("removal", "remove"),
        ("main", "make"),
        ("clean_room", "rehearse"),
        ("embedded", "serve"),
    ],
)
def test_an_unknown_or_former_command_names_the_nearest(name: str, nearest: str, refusal: Callable) -> None:
    assert (
        refusal(name) == f"error: there is no command '{name}': did you mean `dcr {nearest}`; --help lists the options"
    )


def test_an_unknown_command_that_is_like_none_is_one_line(refusal: Callable) -> None:
    assert refusal("xyz") == "error: there is no command 'xyz'; --help lists the options"


@pytest.mark.parametrize("flags", [["--remove"], ["--remove", "--yes"]])
def test_the_former_flag_remove_names_the_command(flags: list[str], refusal: Callable) -> None:
    assert "`dcr remove`" in refusal("make", *flags)
    status, _, err = emulator.run_here(*flags)
    assert (status, "`dcr remove`" in emulator.only_line(err)) == (2, True)


def test_help_imports_nothing_slow() -> None:
    slow = ["pandas", "numpy", "pyarrow", "google.cloud", "google.auth", "grpc", "zetasql", "duckdb", "bqemulator"]
    code = f"""
import sys
from dcr_data_generator.commands import group
for name in {[*OPTIONS]}:
    group.main([name, "-h"])
group.main(["-h"])
print([name for name in {slow} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("dcr re", ["remove", "rehearse", "refresh"]),
        ("dcr attack --v", ["--victims", "--verbose"]),
        ("dcr publish --ma", []),
        ("dcr attack --only d", ["dictionary", "differencing", "distinguishing"]),
    ],
)
def test_a_shell_completes_commands_options_and_choices(words: str, completions: list[str]) -> None:
    dcr = Path(sys.executable).with_name("dcr")
    variables = {"_DCR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run([dcr], env=emulator.environment(**variables), capture_output=True, text=True, check=False)
    assert sorted(done.stdout.split()) == sorted(f"plain,{each}" for each in completions)


# The options.


@pytest.mark.parametrize("name", OPTIONS)
def test_help_shows_every_option_that_a_command_takes(name: str, dcr: Callable) -> None:
    status, out, err = dcr(name, "--help")
    assert (status, err) == (0, "")
    assert dcr(name, "-h") == (0, out, "")
    assert {*re.findall(r"--([a-z-]+)", out)} - {"help", "version"} == {*OPTIONS[name].split()}


def test_help_of_attack_names_the_attacks(dcr: Callable) -> None:
    [line] = [line for line in dcr("attack", "--help")[1].splitlines() if "--only" in line]
    for attack in ("errors", "everybody", "differencing", "whole_column", "counting", "distinguishing"):
        assert attack in line


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_another_command_is_refused(name: str, refusal: Callable) -> None:
    others = {option for options in OPTIONS.values() for option in options.split()} - {*OPTIONS[name].split()}
    for option in others:
        arguments = [f"--{option}", *VALUES.get(option, [])[:1]]
        line = refusal(name, *arguments)
        assert line.startswith(f"error: No such option '--{option}'"), arguments
        assert line.endswith("; --help lists the options")


@pytest.mark.parametrize("name", [*OPTIONS, "main"])
def test_each_option_has_a_variable(name: str, taken: list, monkeypatch: pytest.MonkeyPatch) -> None:
    run = partial(main.main, []) if name == "main" else partial(group.main, [name])
    for option in OPTIONS["make" if name == "main" else name].split():
        text, value = VALUES.get(option, ("true", True))
        with monkeypatch.context() as patch:
            if option in NEEDS:
                patch.setenv(*NEEDS[option])
            patch.setenv(f"DCR_{option.replace('-', '_').upper()}", text)
            assert run() == 0, option
        assert value_of(taken.pop(), option) == value, option


@pytest.mark.parametrize("name", OPTIONS)
def test_q_is_quiet(name: str, taken: list, dcr: Callable) -> None:
    assert dcr(name, "-q") == (0, "", "")
    assert value_of(taken[0], "quiet") is True


@pytest.mark.parametrize("name", ["make", "attack"])
def test_v_is_verbose(name: str, taken: list, dcr: Callable) -> None:
    assert dcr(name, "-v") == (0, "", "")
    assert value_of(taken[0], "verbose") is True


def test_a_constant_that_is_edited_holds_for_every_command_with_that_option(tmp_path: Path) -> None:
    copy = tmp_path / "dcr_data_generator"
    shutil.copytree(ROOT / "dcr_data_generator", copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / "main.py").read_text(encoding="utf-8")
    for option, (old, new) in EDITED.items():
        line = f"\n{option.replace('-', '_').upper()} = "
        assert f"{line}{old}\n" in text
        text = text.replace(f"{line}{old}\n", f"{line}{new}\n")
    (copy / "main.py").write_text(text, encoding="utf-8")
    code = f"from dcr_data_generator.commands import group\nfor each in {[*OPTIONS]}: group.main([each, '-h'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    helps = re.split(r"Usage: dcr ([a-z]+)", done.stdout)
    for name, shown in zip(helps[1::2], helps[2::2], strict=True):
        for option in {*OPTIONS[name].split()} & {*EDITED}:
            default = EDITED[option][1].strip('"')
            assert re.search(rf"--{option} [^]]*\[default: {default}\]", shown), (name, option)


# What goes wrong.


@pytest.mark.parametrize("arguments", [["publish", "sesame"], ["publish", "open", "sesame"], ["make", "sesame"]])
def test_a_stray_argument_is_not_echoed_for_it_may_be_a_secret(arguments: list[str], refusal: Callable) -> None:
    line = refusal(*arguments)
    assert "unexpected extra argument" in line
    assert not re.search("open|sesame", line)


@pytest.mark.parametrize("flags", [[], ["--traceback"]])
def test_an_unforeseen_fault_is_one_line_and_has_a_traceback_where_that_is_wanted(
    flags: list[str], dcr: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "run", lambda *_: {}["seven"])
    status, out, err = dcr("make", *flags)
    first, *rest = err.splitlines()
    assert (status, out) == (2, "")
    assert first.startswith("error: unexpected KeyError ('seven') in ")
    assert rest[:1] == ["Traceback (most recent call last):"] * len(flags)
    assert rest[-1:] == ["KeyError: 'seven'"] * len(flags)


# Files of SQL that a user has edited.


@pytest.fixture
def run_with(
    connect: Callable, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., str]:
    """Run `make` on a small source, with a file of SQL changed; returns the line that names it."""
    client, noon = connect("edited-sql").client, "2025-09-23 12:00:00 UTC"
    tables.fill_source(
        client,
        orders=[{"order_id": 1, "user_id": 1, "status": "Complete", "created_at": noon}],
        order_items=[{"id": 1, "order_id": 1, "sale_price": 9.5}],
        users=[{"id": 1, "email": "a@shop.example", "age": 30, "city": "Rome", "created_at": noon}],
    )
    copy = tmp_path / "sql"
    shutil.copytree(sql.FOLDER, copy)
    monkeypatch.setattr(sql, "FOLDER", copy)

    def run(file: str, old: bytes, new: bytes) -> str:
        path = copy / f"{file}.sql"
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new, 1))
        flags = ("--write-project-id", client.project)
        status, _, err = emulator.run_here(*flags, BIGQUERY_EMULATOR_HOST=endpoints.rest)
        assert status == 2
        line = emulator.only_line(err)
        assert f"dcr_data_generator/sql/{file}.sql" in line
        return line

    return run


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("checks/order_id_is_unique", b"-- check: ", b"-- ", "has no comment `-- check: ...` in its first lines"),
        (
            "questions/4_user_enrichment/open",
            b"-- asks: ",
            b"-- ask: ",
            "has no comment `-- asks: ...` in its first lines",
        ),
        ("provider/holders", b"SELECT", b"SELECT '\xff',", "cannot be read"),
    ],
)
def test_a_file_that_lacks_its_comment_or_cannot_be_read_is_named_before_anything_is_replaced(
    file: str, old: bytes, new: bytes, reason: str, run_with: Callable
) -> None:
    line = run_with(file, old, new)
    assert reason in line
    assert line.endswith("(nothing was replaced)")


@pytest.mark.parametrize(
    ("file", "replaced"),
    [
        ("snapshot/users", emulator.TABLES[:2]),
        pytest.param("checks/order_id_is_unique", emulator.TABLES, marks=pytest.mark.slow),
        pytest.param("questions/3_trust_and_fraud/open", emulator.TABLES, marks=pytest.mark.slow),
    ],
)
def test_a_file_with_a_typing_error_is_named_and_what_was_replaced(
    file: str, replaced: list[str], run_with: Callable
) -> None:
    line = run_with(file, b"SELECT", b"SELEC")
    assert sorted(re.search(r"\(replaced: ([^;)]*)", line)[1].split(", ")) == sorted(replaced)
