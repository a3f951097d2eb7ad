"""README.md and docs/: their commands and queries work as they stand there, and what a command made is up to date."""

import importlib.util
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import cogapp
import pytest
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.tables import SCHEMA_FOLDER, SCHEMAS, SOURCE, SOURCE_SCHEMAS
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import docs, emulator, exports, parts, small_shop
from tests.support.docs import ASK, PAGES, README, REHEARSE, ROOT, RUN, VERBOSE

QUICKLY = {"DCR_SKIP_CHECKS": "true"}
EXPORT = f"{RUN} --export exported"
OWN_EXPORT = f"{RUN} --source my_export --target-date 2025-09-30 --days 30"
WEEK = f"{RUN} --target-date 2025-09-23 --days 7 --match-rate 0.4"
SERVE = "uv run dcr serve"
ON_EMULATOR = f"BIGQUERY_EMULATOR_HOST=http://127.0.0.1:9050 {RUN} --write-project-id my-project"
SUFFIX = f"{RUN} --suffix _inference"
KEEP_SNAPSHOT = f"{SUFFIX} --keep-snapshot --match-rate 0.3"
OWN_SHOP = f"{RUN} --write-project-id my-project --source-dataset my-project.my_shop"
CLEAN_ROOM = "uv run dcr"
PUBLISH = f"{CLEAN_ROOM} publish --write-project-id my-project --subscriber user:ann@example.com"
UNPUBLISH = f"{CLEAN_ROOM} unpublish --write-project-id my-project"
MODEL = "uv run dcr model"
NOISE = PUBLISH.replace("publish", "publish --level noise") + " --yes"
TWO_PROJECTS = f"{CLEAN_ROOM} publish --write-project-id the-merchant --provider-project-id the-provider"
SUBSCRIBERS = "--write-project-id my-project --clean-room-project their-project"
TO_SUBSCRIBE = ("subscribe --dataset clean_room", "subscribe --to exchange --dataset partner", "refresh", "unsubscribe")
SUBSCRIBING = {f"{CLEAN_ROOM} {each} {SUBSCRIBERS}" for each in TO_SUBSCRIBE}
EXECUTED = {RUN, REHEARSE, VERBOSE, ASK, EXPORT, OWN_EXPORT, WEEK, ON_EMULATOR, SUFFIX, KEEP_SNAPSHOT, OWN_SHOP}
EXECUTED |= {each + flag for each in (PUBLISH, UNPUBLISH) for flag in ("", " --dry-run")}
EXECUTED |= SUBSCRIBING | {NOISE, TWO_PROJECTS}
# What needs a network, an account or another shell, or takes long.
NOT_EXECUTED = {
    "git clone REPOSITORY dcr_data_generator",
    "cd dcr_data_generator",
    "gcloud services enable analyticshub.googleapis.com",
    "export DCR_SALT=$(openssl rand -hex 32)",
    f"{RUN} --write-project-id my-project",
    f"{CLEAN_ROOM} status --write-project-id my-project",
    f"{CLEAN_ROOM} make --write-project-id the-merchant",
    # tests/test_two_projects.py does
    f"{CLEAN_ROOM} make --write-project-id the-provider --source-dataset the-merchant.merchant_provider "
    "--target-date 2025-09-23",
    "uv sync --no-default-groups",
    "uv lock --check",
    "apt-get install chromium",
    f"{CLEAN_ROOM} attack",  # tests/clean_room does
    f"{CLEAN_ROOM} plan --question 2 --within 10%",
    *("uv run dcr new my_room", "uv run dcr test my_room"),  # tests/clean_room/test_own_room_page.py does
    *("uv run dcr attack --room my_room --victims 10", "uv run dcr plan --room my_room --within 10%"),
    'uv run dcr ask --room my_room --as telco "SELECT * FROM bank.customers"',
    *("uv run dcr ask", "uv run dcr ask mine.sql --as provider --format csv > answer.csv"),  # tests/clean_room does
    f"{REHEARSE} --suffix _inference",  # tests/clean_room does
    SERVE,  # tests/embedded does
    f"{MODEL} --dry-run",  # tests/test_model.py does
    f"{RUN} --write-project-id my-project --days 7",
    f"{MODEL} --write-project-id my-project",
    f"{RUN} --identity-noise 0.18",  # tests/test_identity.py does
    "uv run dcr identity",
    "uv run --group play dcr play",  # tests/clean_room/play does
    "uv run dcr exercise",
    *(f"uv run dcr exercise 1{flag}" for flag in ("", " --hint", " --query mine.sql")),
    f"{REHEARSE} --normalize uid2",
    f"{REHEARSE} --against clean_room --write-project-id my-project --save said.json",  # tests/clean_room does
    "uv run dcr remove",  # tests/test_removal.py does
    "uv run dcr remove --suffix _inference --yes",
}


@pytest.mark.parametrize(
    "page",
    [
        # These two show what a rehearsal prints, which takes longest.
        pytest.param(page, marks=pytest.mark.slow if page in (README, docs.CLEAN_ROOM) else ())
        for page in PAGES
    ],
    ids=lambda page: page.name,
)
def test_what_a_program_makes_of_a_page_is_up_to_date(
    page: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def printed(command: str) -> str:
        return (request.getfixturevalue("first_rehearsal") / docs.PRINTED[command]).read_text(encoding="utf-8")

    monkeypatch.setattr(parts, "printed", printed)
    status = cogapp.Cog().main(["cog", "--check", "--diff", "-p", "from tests.support import parts", str(page)])
    assert status == 0, capsys.readouterr().out


def test_every_command_is_executed_here_or_known() -> None:
    commands = set(docs.shell_commands())
    tools = {command for command in commands if is_tool_of_ours(command)}
    assert commands - tools == EXECUTED | NOT_EXECUTED


def is_tool_of_ours(command: str) -> bool:
    """Whether a command runs a tool of the development groups, or a module of tests/, on paths that exist."""
    words = re.sub(r"^uv run (--group \w+ )*", "", command).split()
    if words[:2] == ["python", "-m"] and words[2].startswith("tests."):
        assert importlib.util.find_spec(words[2]), command
        names = [word for word in words[3:] if not word.isdigit()]
        assert set(names) <= {"synthesis", "growth", "scaled", "default", "runs"}, command
        return True
    if words[:3] == ["python", "-m", "cogapp"]:
        return True
    if words[0] in ("pytest", "mypy", "ruff", "lint-imports", "deptry"):
        paths = [word for word in words[1:] if "/" in word]
        assert all((ROOT / path).exists() for path in paths), command
        return shutil.which(words[0], path=Path(sys.executable).parent) is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            assert path.exists(), target
            assert not anchor or anchor in headings(path), target


def headings(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_promise_names_a_test_that_exists() -> None:
    page = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`(test_\w+)`", page))
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) > 30
    assert [name for name in names if not any(f"def {name}(" in text for text in tests)] == []


def test_every_page_is_listed_on_the_page_of_pages_which_the_readme_names() -> None:
    index = ROOT / "docs/README.md"
    text = index.read_text(encoding="utf-8")
    assert [page.name for page in PAGES[1:] if page != index and f"]({page.name})" not in text] == []
    assert "](docs/README.md)" in README.read_text(encoding="utf-8")


def test_the_readme_describes_the_columns_of_the_providers_tables() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ([A-Z0-9]+) \| (.*?) \| .* \|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    schemas = [json.loads((SCHEMA_FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in SCHEMAS]
    assert rows == [(each["name"], each["type"], each["description"]) for schema in schemas for each in schema]


def test_the_default_of_a_number_is_a_number_in_the_reference() -> None:
    rows = re.findall(
        r"^\| `--identity-noise` \| (.*?) \|", (ROOT / "docs/reference.md").read_text("utf-8"), re.MULTILINE
    )
    assert rows == ["`0`"]


def test_the_readme_has_at_most_260_lines() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 260


# The commands, after those of which the pages show the output.


def test_a_run_writes_the_report(first_run: Path) -> None:
    assert (first_run / "report.html").stat().st_size < 2_000_000


@pytest.mark.slow
def test_an_own_export_is_taken(tmp_path: Path) -> None:
    (tmp_path / "my_export").mkdir()
    exports.write(tmp_path / "my_export")
    status, out, err = docs.run(OWN_EXPORT, tmp_path, **QUICKLY)
    assert (status, err) == (0, "")
    assert "  merchant_provider  orders 2 · " in out


@pytest.mark.parametrize("command", [PUBLISH, UNPUBLISH, NOISE, TWO_PROJECTS, *sorted(SUBSCRIBING)])
def test_what_is_done_on_google_cloud_is_printed_in_a_dry_run(command: str, tmp_path: Path) -> None:
    status, out, err = docs.run(f"{command} --dry-run", tmp_path, DCR_SALT=docs.SALT)
    assert (status, err) == (0, "")
    assert "\n  would " in out
    assert "\nNothing was changed.\n" in out


def test_the_data_is_asked_from_python(default_run: Warehouse, endpoints: Endpoints) -> None:
    [script] = [block for page in PAGES for block in docs.code_blocks(page, "python")]
    script = script.replace("http://127.0.0.1:9050", endpoints.rest).replace("dcr-demo", default_run.client.project)
    with redirect_stdout(StringIO()) as out:
        exec(compile(script, "the page", "exec"), {})
    assert {line.split()[1] for line in out.getvalue().splitlines()[1:]} == {"Free", "Premium", "Business"}


def test_every_query_runs_as_it_stands(default_run: Warehouse) -> None:
    queries = [query for page in PAGES for query in docs.code_blocks(page, "sql")]
    # The one of the clean room is asked by a rehearsal.
    open_queries = [query for query in queries if "your-gcp-project" in query]
    assert len(open_queries) == len(sql.read_questions("open")) == len(queries) - 1
    for query in open_queries:
        rows = default_run.client.query(query.replace("your-gcp-project", default_run.client.project)).result()
        assert rows.total_rows


@pytest.fixture(scope="module")
def client(connect: Callable[[str], Warehouse]) -> bigquery.Client:
    """A client of an emulator whose source is a small shop."""
    client = connect("my-project").client
    small_shop.fill(client)
    return client


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(ON_EMULATOR, "project my-project", marks=pytest.mark.slow),
        pytest.param(WEEK, "Match rate: 40.00%", marks=pytest.mark.slow),
        pytest.param(EXPORT, "✓ Export", marks=pytest.mark.slow),
        (SUFFIX, "  merchant_provider_inference  orders 20 "),
        pytest.param(KEEP_SNAPSHOT, "Match rate: 30.00%", marks=pytest.mark.slow),
        (OWN_SHOP, "orders 20 "),
    ],
)
def test_the_program_runs_against_an_emulator(
    command: str, words: str, client: bigquery.Client, endpoints: Endpoints, tmp_path: Path
) -> None:
    variables = {"BIGQUERY_EMULATOR_HOST": endpoints.rest, "DCR_WRITE_PROJECT_ID": "my-project"} | QUICKLY
    if command == OWN_SHOP:
        client.create_dataset("my_shop")
        for name in SOURCE_SCHEMAS:
            client.query_and_wait(f"CREATE TABLE my_shop.{name} AS SELECT *, 1 AS mine FROM `{SOURCE}.{name}`")
    if command == KEEP_SNAPSHOT:  # of a run before it
        docs.run(SUFFIX, tmp_path, **variables)
    status, out, err = docs.run(command.replace("http://127.0.0.1:9050", endpoints.rest), tmp_path, **variables)
    assert (status, err) == (0, "")
    assert words in out
    files = {path.relative_to(tmp_path / "exported") for path in (tmp_path / "exported").rglob("*.*")}
    tables = emulator.TABLES if command == EXPORT else []
    assert files == {Path(f"{table.replace('.', '/')}.parquet") for table in tables}


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "docs/changelog.md").read_text(encoding="utf-8")
    assert re.findall("^## (.*)$", changelog, re.MULTILINE)[0] == project["version"]
