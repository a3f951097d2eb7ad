"""The parts of README.md and docs/ that a program makes: `uv run python -m tests.support.docs` writes them again.

Such a part stands between a comment that names its command and `<!-- end -->`.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import MISSING, fields
from importlib.metadata import distribution, distributions
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from dcr_data_generator import people, sql
from dcr_data_generator.clean_room import __main__ as clean_room
from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.ladder import RUNGS
from dcr_data_generator.clean_room.settings import PublishSettings, RehearseSettings, SubscribeSettings
from dcr_data_generator.embedded import engine, serve
from dcr_data_generator.main import CONSTANTS
from dcr_data_generator.settings import ENVIRONMENT_PREFIX, Settings
from dcr_data_generator.tables import DESCRIPTIONS, PROVIDER, SCHEMAS
from tests.support import emulator
from tests.support.emulator import ROOT

README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
RUN = "uv run python -m dcr_data_generator.main"
REHEARSE = "uv run python -m dcr_data_generator.clean_room rehearse"
ASK = f"{REHEARSE} --query mine.sql"
PRINTED = {RUN: "run.txt", REHEARSE: "rehearsal.txt", ASK: "query.txt"}
SALT = "a salt that nobody prints"
PART = re.compile(
    r"(<!-- made by: uv run (?:--group bench )?python -m tests\.support\.docs ([a-z-]+) -->\n)(.*?)(<!-- end -->)",
    re.DOTALL,
)
# What each kind of noise makes of an email.
WRITTEN = {
    "tag": "annlee+wallet@example.net",
    "dots": "a.nnlee@example.net",
    "second address": "annlee.17@second.example.com",
    "typo": "annlee@example,com",
    "blank inside": "annlee @example.com",
    "blanks": "annlee@example.com ",
    "case": "ANNLEE@EXAMPLE.COM",
}
SHOWN = 3  # of the checks, and of the attempts
CLEAN_ROOM = ROOT / "docs" / "clean-room.md"
PACKAGE = ROOT / "dcr_data_generator"


def code_blocks(page: Path, language: str) -> list[str]:
    """A page's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def shell_commands() -> list[str]:
    """The commands in the shell blocks of all pages, without their comments."""
    lines = "".join(block for page in PAGES for block in code_blocks(page, "sh")).splitlines()
    return [re.sub(r"\s+#.*", "", line) for line in lines if line.strip()]


def run(command: str, folder: Path, **variables: str) -> tuple[int, str, str]:
    """Run a command of a page in a folder; returns exit status, standard output and standard error."""
    assignments, words = [], command.split()
    while "=" in words[0]:
        assignments.append(words.pop(0).split("=", 1))
    mains = {"dcr_data_generator.main": emulator.main.main, "dcr_data_generator.clean_room": clean_room.main}
    assert words[:4] == ["uv", "run", "python", "-m"], command
    with chdir(folder):
        return emulator.run_here(*words[5:], command=mains[words[4]], **dict(assignments) | variables)


def print_one(command: str, folder: Path, **variables: str) -> str:
    """Run a command whose output a page shows, in the folder of those before it; returns, and saves, its output."""
    (folder / "mine.sql").write_text(code_blocks(CLEAN_ROOM, "sql")[0], encoding="utf-8")
    status, printed, err = run(command, folder, DCR_NO_REPORT="", **variables)
    assert (status, err) == (0, ""), err
    (folder / PRINTED[command]).write_text(printed, encoding="utf-8")
    return printed


def without_times(output: str) -> str:
    """What was printed, without how long each step took."""
    return re.sub(r"\d+\.\d s\b", "0.0 s", output)


# How each part is made, from what the commands print.

Printed = Mapping[str, str]


def text_block(text: str) -> str:
    """A block of plain text."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return f"```text\n{lines}\n```\n"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [header, ["---"] * len(header), *rows])


def without_rows(output: str) -> str:
    """What was printed, without tables, and with the first of the checks or attempts only."""
    lines, shown = [], 0
    for line in output.splitlines():
        if line.startswith(("  ✓", "    ")):
            shown += line.startswith("  ✓")
            if shown > SHOWN:
                if lines[-1] != "  ...":
                    lines.append("  ...")
                continue
        if not re.match(r"[┏┃┡│└]|the first \d|open\b|protected\b|20 draws ", line):
            lines.append(line)
    return "\n".join(lines)


def run_part(printed: Printed) -> str:
    """What a run prints."""
    return text_block(printed[RUN])


def rehearsal_part(printed: Printed) -> str:
    """What a rehearsal prints, without tables."""
    return text_block(without_rows(printed[REHEARSE]))


def attempts_part(printed: Printed) -> str:
    """What a rehearsal prints of the attempts."""
    return text_block(
        printed[REHEARSE].partition("What a subscriber tries, and does not get\n")[2].partition("\n\n")[0]
    )


def attacks_part(_: Printed) -> str:
    """What each attack's file says of it."""
    files = [file for file in sql.read_folder("clean_room/attacks") if "attack" in file.comments]
    names = ("attack", "wants", "knows", "does", "defence")
    return table(
        ["attack", "wants", "knows", "does", "the defence"], [[file.comments[name] for name in names] for file in files]
    )


def query_part(printed: Printed) -> str:
    """What the rehearsal of an own query prints."""
    return text_block(printed[ASK].partition("behind the views")[2].partition("\n")[2])


def ladder_part(printed: Printed) -> str:
    """What a subscriber sees of the second question on each rung, what it costs the owner, and who should choose it."""
    rows = [
        [each.name, f"`{each.published}`", seen, each.costs, each.chosen]
        for each, seen in zip(RUNGS, seen_on_rungs(printed), strict=True)
    ]
    return table(["rung", "published by", "what a subscriber sees", "what it costs the owner", "for"], rows)


def rungs_part(printed: Printed) -> str:
    """What a subscriber sees of the second question on each rung."""
    rows = [[each.name, seen] for each, seen in zip(RUNGS, seen_on_rungs(printed), strict=True)]
    return table(["rung", "what a subscriber sees"], rows)


def seen_on_rungs(printed: Printed) -> list[str]:
    """What the rehearsal has printed of the rungs."""
    lines = printed[REHEARSE].partition("the ladder of trust:\n")[2].splitlines()
    return [line.strip().removeprefix(f"{each.name}: ") for line, each in zip(lines, RUNGS, strict=False)]


def questions_part(_: Printed) -> str:
    """The four questions, and their queries with the project written out."""
    return "\n".join(
        f"**{number}. {query.comments['question']}** {query.comments['asks']} Join key: {query.comments['key']}\n\n"
        f"```sql\n{published(query)}```\n"
        for number, query in enumerate(sql.read_folder("use_cases"), start=1)
    )


def published(query: sql.Query) -> str:
    """A query without its comments, and with the project written out."""
    statement = "\n".join(line for line in query.text.splitlines() if not line.startswith("-- "))
    return re.sub(r"\b((?:merchant|ewallet)_provider\.\w+)", r"`your-gcp-project.\1`", statement) + "\n"


def knobs_part(_: Printed) -> str:
    """The constants of main.py."""
    options = {field.name: field for field in fields(Settings)}
    rows = [
        [f"`{name.upper()}`", flag_of(name), f"`{default}`", options[name].metadata["help"]]
        for name, default in CONSTANTS.items()
    ]
    return table(["constant in main.py", "flag", "default", "meaning"], rows)


def options_part(_: Printed) -> str:
    """The options of main."""
    return options_table(Settings)


def clean_room_options_part(_: Printed) -> str:
    """The options that only the clean room's commands have."""
    return options_table(RehearseSettings, PublishSettings, SubscribeSettings)


def options_table(*settings: type[Settings]) -> str:
    """The options of some settings; of several, those that Settings lacks."""
    common = {field.name for field in fields(Settings)} if settings[0] is not Settings else set()
    every = [field for each in settings for field in fields(each)]
    # --as means one thing to publish and another to subscribe.
    options = {each.metadata["help"]: each for each in every if each.metadata and each.name not in common}
    rows = []
    for field in options.values():
        name = field.name
        default = CONSTANTS.get(name, None if field.default is MISSING else field.default)
        shown = {None: "none", False: "off", (): "none", "": "none"}.get(default, f"`{default}`")  # type: ignore[call-overload]
        variable = f"`{ENVIRONMENT_PREFIX}{name.rstrip('_').upper()}`"
        rows.append([flag_of(name), variable, shown, field.metadata["help"]])
    return table(["flag", "environment", "default", "meaning"], rows)


def flag_of(name: str) -> str:
    """The flag of a setting."""
    return f"`--{name.rstrip('_').replace('_', '-')}`"


def schemas_part(_: Printed) -> str:
    """The columns of the provider's tables."""
    return "\n".join(
        f"**`{PROVIDER}.{name}`**: {DESCRIPTIONS[name]}\n\n"
        + table(
            ["column", "type", "mode", "meaning"],
            [[f"`{field.name}`", field.field_type, field.mode, field.description] for field in schema],
        )
        for name, schema in SCHEMAS.items()
    )


def checks_part(_: Printed) -> str:
    """The checks."""
    rows = [
        [f"[{query.name}](../dcr_data_generator/sql/checks/{query.name}.sql)", query.comments["check"]]
        for query in sql.read_folder("checks")
    ]
    return table(["check", "what it makes sure of"], rows)


def views_part(_: Printed) -> str:
    """The views, and the rule of each."""
    rows = []
    for view, file in zip(views.read(), sql.read_folder("clean_room/views"), strict=True):
        purpose = file.comments["purpose"].split(". ")[0].removesuffix(".")
        name = f"{view.dataset}.{view.name}"
        link = f"[`{name}`](../dcr_data_generator/sql/clean_room/views/{view.name}.sql)"
        rows.append([link, f"{purpose}.", file.comments["rule"]])
    return table(["view", "what it shares", "analysis rule"], rows)


def example_part(_: Printed) -> str:
    """The program that `serve` prints."""
    return f"```python\n{serve.example(f'http://{engine.LOCALHOST}:{serve.PORT}')}```\n"


def kinds_part(_: Printed) -> str:
    """How emails differ, and how many."""
    whole = sum(people.KINDS.values())
    rows = [[kind, f"{times} of {whole}", f"`{WRITTEN[kind]}`"] for kind, times in people.KINDS.items()]
    return table(["kind", "share", "for example"], rows)


def layout_part(_: Printed) -> str:
    """The modules, and what each says that it is for."""
    rows = []
    for path in sorted(PACKAGE.rglob("*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = path.relative_to(PACKAGE)
        if docstring and (name.name != "__init__.py" or name.parent.name):
            rows.append([f"`{name}`", docstring.partition("\n\n")[0].replace("\n", " ")])
    return table(["module", "what it is for"], rows)


def size_part(_: Printed) -> str:
    """How much `uv run` downloads, and how much disk that takes."""
    megabytes, disk = download_size()
    return (
        f"`uv run` downloads about {round(megabytes, -1)} MB of packages the first time, and Python 3.12 if you do not "
        f"have it;\nthe packages take about {round(disk, -1)} MB of disk.\n"
    )


def download_size() -> tuple[int, int]:
    """The megabytes of the wheels in uv.lock that a plain `uv run` installs here, and of their files once installed."""
    export = [os.environ.get("UV", "uv"), "export", "--frozen", "--quiet", "--no-hashes", "--no-emit-project"]
    text = subprocess.run(export, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    installed = {canonicalize_name(each.metadata["Name"]) for each in distributions()}
    wanted = set(re.findall(r"^([\w.-]+)(?:\[.*?\])?==", text, re.MULTILINE)) & installed
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    rank = {tag: number for number, tag in reversed([*enumerate(sys_tags())])}
    download = disk = 0
    for package in lock["package"]:
        if package["name"] in wanted:
            sizes = []
            for wheel in package["wheels"]:
                tags = parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
                sizes += [(rank[tag], wheel["size"]) for tag in tags if tag in rank]
            download += min(sizes)[1]
            # Each line ends in the size of a file.
            record = distribution(package["name"]).read_text("RECORD") or ""
            disk += sum(map(int, re.findall(r",(\d+)$", record, re.MULTILINE)))
    return download // 10**6, disk // 10**6


PARTS: dict[str, Callable[[Printed], str]] = {
    "run": run_part,
    "questions": questions_part,
    "knobs": knobs_part,
    "size": size_part,
    "options": options_part,
    "clean-room-options": clean_room_options_part,
    "schemas": schemas_part,
    "checks": checks_part,
    "views": views_part,
    "rehearsal": rehearsal_part,
    "ladder": ladder_part,
    "rungs": rungs_part,
    "attempts": attempts_part,
    "attacks": attacks_part,
    "query": query_part,
    "example": example_part,
    "kinds": kinds_part,
    "layout": layout_part,
}


def write(page: Path, names: list[str], printed: Printed, with_times: bool) -> None:
    """Write the parts of a page again. Without `with_times`, one that differs in nothing but times stays as it is."""

    def part(match: re.Match[str]) -> str:
        begin, name, old, end = match.groups()
        new = PARTS[name](printed) if name in names else old
        is_same = not with_times and without_times(new) == without_times(old)
        return begin + (old if is_same else new) + end

    page.write_text(PART.sub(part, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    names = sys.argv[1:] or list(PARTS)
    needs_runs = {"run", "rehearsal", "ladder", "rungs", "attempts", "query"} & set(names)
    with tempfile.TemporaryDirectory() as folder:
        outputs = {each: print_one(each, Path(folder)) for each in PRINTED} if needs_runs else {}
    for each in PAGES:
        write(each, names, outputs, with_times=bool(sys.argv[1:]))
