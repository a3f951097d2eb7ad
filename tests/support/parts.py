"""The parts of README.md and docs/ that a program makes.

They stand in the pages after the call that makes them. This command makes them all again:

    uv run python -m cogapp -r -p "from tests.support import parts" README.md docs/*.md
"""

import ast
import os
import re
import subprocess
import tempfile
import tomllib
from functools import cache
from importlib.metadata import distribution, distributions
from pathlib import Path

import click
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from dcr_data_generator import people, sql
from dcr_data_generator.clean_room import views as clean_room_views
from dcr_data_generator.clean_room.ladder import RUNGS
from dcr_data_generator.clean_room.play import referee, tour
from dcr_data_generator.clean_room.settings import ATTACKS, PARTY_NAMES
from dcr_data_generator.commands import group, serve
from dcr_data_generator.main import CONSTANTS
from dcr_data_generator.tables import SOURCE_SCHEMAS
from dcr_data_generator.warehouse.embedded import engine
from tests.support import docs
from tests.support.docs import ROOT

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
# What a person's phone numbers are, by how they differ.
WRITTEN_PHONES = {
    "same": "`+12125550100` and `1 (212) 555-0100`",
    "another": "`+12125550100` and `+13105550199`",
    "none at the provider": "`+12125550100` and none",
    "none at the merchant": "none and `+12125550100`",
}
PACKAGE = ROOT / "dcr_data_generator"
CLIENTS = sorted((ROOT / "tests/clients").glob("with_*.py"))
OUTCOMES = ROOT / "tests/clients/outcomes.tsv"


@cache
def outputs() -> dict[str, str]:
    """What the commands print whose output the pages show."""
    with tempfile.TemporaryDirectory() as folder:
        return {command: docs.print_one(command, Path(folder)) for command in docs.PRINTED}


def printed(command: str) -> str:
    """What a command prints."""
    return outputs()[command]


def unless_only_times_differ(new: str, previous: str) -> str:
    """What a command prints now; what it printed before, if that differs only in how long each step took."""
    old, now = (re.sub(r"\d+\.\d s\b", "0.0 s", text) for text in (previous, new))
    return previous if old == now else new


def text_block(text: str) -> str:
    """A block of plain text."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return f"```text\n{lines}\n```\n"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [header, ["---"] * len(header), *rows])


def run(previous: str) -> str:
    """What a run prints."""
    return unless_only_times_differ(text_block(printed(docs.RUN)), previous)


def rehearsal(previous: str) -> str:
    """What a rehearsal prints."""
    return unless_only_times_differ(text_block(printed(docs.REHEARSE)), previous)


def attempts() -> str:
    """What a rehearsal prints of the attempts, without their SQL."""
    shown = printed(docs.VERBOSE).partition("Queries that are refused\n")[2].partition("\n\nSummary")[0]
    return text_block("\n".join(line for line in shown.splitlines() if not line.startswith("      ")))


def attacks() -> str:
    """What each attack's file says of it."""
    files = [sql.read(f"clean_room/attacks/{name}") for name in ATTACKS]
    names = ("attack", "wants", "knows", "does", "defence")
    return table(
        ["attack", "wants", "knows", "does", "the defence"], [[file.comments[name] for name in names] for file in files]
    )


def query() -> str:
    """What asking an own query prints."""
    return text_block(printed(docs.ASK))


def ladder() -> str:
    """What a subscriber sees of the second question on each rung, what it costs the owner, and who should choose it."""
    rows = [
        [each.name, f"`{each.published}`", each.questions, seen, each.costs, each.chosen]
        for each, seen in zip(RUNGS, seen_on_rungs(), strict=True)
    ]
    header = [
        "rung",
        "published by",
        "questions",
        "what a subscriber sees of question 2",
        "what it costs the owner",
        "for",
    ]
    return table(header, rows)


def rungs() -> str:
    """Which questions each rung answers, what a subscriber sees of the second one, and what that costs the owner."""
    rows = [
        [f"`{each.published}`", each.questions, seen, each.costs]
        for each, seen in zip(RUNGS, seen_on_rungs(), strict=True)
    ]
    return table(["level", "questions", "what a subscriber sees of question 2", "what it costs the owner"], rows)


def seen_on_rungs() -> list[str]:
    """What the rehearsal has printed of the rungs."""
    lines = printed(docs.REHEARSE).partition("the ladder of trust:\n")[2].splitlines()
    return [line.strip().removeprefix(f"{each.name}: ") for line, each in zip(lines, RUNGS, strict=False)]


def questions() -> str:
    """The four questions, and their queries with the project written out."""
    return "\n".join(
        f"**{number}. {query.comments['question']}** {query.comments['asks']} Join key: {query.comments['key']}\n\n"
        f"```sql\n{published(query)}```\n"
        for number, query in enumerate(sql.read_questions("open"), start=1)
    )


def published(query: sql.Query) -> str:
    """A query without its comments, and with the project written out."""
    statement = "\n".join(line for line in query.text.splitlines() if not line.startswith("-- "))
    return re.sub(r"\b((?:merchant|ewallet)_provider\.\w+)", r"`your-gcp-project.\1`", statement) + "\n"


def knobs() -> str:
    """The constants of main.py."""
    options = {str(option.name): option for option in group.make.params}
    rows = [
        [f"`{name.upper()}`", f"`{options[name].opts[-1]}`", f"`{default}`", options[name].help]
        for name, default in CONSTANTS.items()
    ]
    return table(["constant in main.py", "flag", "default", "meaning"], rows)


def options() -> str:
    """The options of `make`."""
    return table(["flag", "default", "meaning"], [row_of(option) for option in group.make.params])


def more_options() -> str:
    """The options that other commands have besides, and which they are."""
    own = {(option.opts[-1], option.help) for option in group.make.params}
    commands: dict[tuple[str, str], list[str]] = {}
    rows = {}
    for name, command in group.group.commands.items():
        for option in command.params:
            if isinstance(option, click.Argument):
                continue
            key = (option.opts[-1], str(option.help))
            if key not in own:
                commands.setdefault(key, []).append(f"`{name}`")
                rows[key] = row_of(option)
    header = ["flag", "of", "default", "meaning"]
    return table(header, [[row[0], ", ".join(commands[key]), *row[1:]] for key, row in rows.items()])


def row_of(option: click.Option) -> list[str]:
    """The flag of an option, its default, and what it means."""
    default = "off" if option.is_flag else f"`{option.default}`"
    shown = {None: "none", (): "none", "": "none"}.get(option.default, default)
    return [f"`{option.opts[-1]}`", "required" if option.required else shown, str(option.help)]


def talk() -> str:
    """The steps of the talk: what to say, where to look, and notes."""
    steps = tour.read(tour.FOLDER, "", PARTY_NAMES)
    rows = [
        [str(number), step.title, said(step.sentence), step.look, step.notes] for number, step in enumerate(steps, 1)
    ]
    return table(["", "step", "what to say", "where to look", "notes"], rows)


def said(sentence: str) -> str:
    """A sentence of the talk, whose figures come from the answers."""
    return re.sub(r"\{\w+\}", "(figures)", sentence)


def exercises() -> str:
    """The exercises: what is to be done, and what each teaches."""
    rows = [
        [each.title, each.comments["kind"], each.comments["task"], each.comments["because"], each.comments["source"]]
        for each in referee.read()
    ]
    return table(["exercise", "kind", "task", "what it teaches", "who says it"], rows)


def schemas() -> str:
    """The columns of the merchant's tables."""
    return table(
        ["table", "columns"],
        [
            [f"`{name}`", ", ".join(f"{f.name} {f.field_type}" for f in schema)]
            for name, schema in SOURCE_SCHEMAS.items()
        ],
    )


def checks() -> str:
    """The checks."""
    rows = [
        [f"[{query.name}](../dcr_data_generator/sql/checks/{query.name}.sql)", query.comments["check"]]
        for query in sql.read_folder("checks")
    ]
    return table(["check", "what it makes sure of"], rows)


def views() -> str:
    """The views, and the rule of each."""
    rows = []
    for view, file in zip(clean_room_views.read(), sql.read_folder("clean_room/views"), strict=True):
        purpose = file.comments["purpose"].split(". ")[0].removesuffix(".")
        name = f"{view.dataset}.{view.name}"
        link = f"[`{name}`](../dcr_data_generator/sql/clean_room/views/{view.name}.sql)"
        level = "noise" if view.has_noise else "rules"
        rows.append([link, level, f"{purpose}.", file.comments["rule"]])
    return table(["view", "level", "what it shares", "analysis rule"], rows)


def example() -> str:
    """The program that `serve` prints."""
    return f"```python\n{serve.example(f'http://{engine.LOCALHOST}:{serve.PORT}')}```\n"


def clients() -> str:
    """What other clients did, by the last outcome of each script: what works, with which setting, and what does not."""
    lines = [line.split("\t") for line in OUTCOMES.read_text(encoding="utf-8").splitlines()]
    rows = []
    for script in CLIENTS:
        about, _, setting = str(ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))).partition("\n\n")
        found = [line for line in lines if line[0] == script.stem]
        works = ", ".join(step for *_, step, outcome in found if outcome == "works")
        fails = "; ".join(f"{step}: {escaped(outcome)}" for *_, step, outcome in found if outcome != "works")
        name = f"[{about.partition(':')[0]}](../tests/clients/{script.name})"
        said = setting.removeprefix("Setting: ").replace("\n", " ")
        rows.append([name, f"{found[0][1]}, {found[0][2]}", works, said, fails])
    return table(["client", "version and date", "works", "setting", "does not"], rows)


def escaped(text: str) -> str:
    """A text in a cell of a table."""
    return text.replace("|", "\\|")


def kinds() -> str:
    """How emails differ, and how many."""
    whole = sum(people.KINDS.values())
    rows = [[kind, f"{times} of {whole}", f"`{WRITTEN[kind]}`"] for kind, times in people.KINDS.items()]
    return table(["kind", "share", "for example"], rows)


def phone_kinds() -> str:
    """How phone numbers differ, and how many."""
    whole = sum(people.PHONE_KINDS.values())
    rows = [[kind, f"{times} of {whole}", WRITTEN_PHONES[kind]] for kind, times in people.PHONE_KINDS.items()]
    return table(["kind", "share", "for example, at the merchant and at the provider"], rows)


def layout() -> str:
    """The modules, and what each says that it is for."""
    rows = []
    for path in sorted(PACKAGE.rglob("*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = path.relative_to(PACKAGE)
        if docstring and (name.name != "__init__.py" or name.parent.name):
            rows.append([f"`{name}`", docstring.partition("\n\n")[0].replace("\n", " ")])
    return table(["module", "what it is for"], rows)


def size(previous: str) -> str:
    """How much `uv run` downloads, and how much disk that takes; what was said before, if it is about that.

    It differs between operating systems.
    """
    said, sizes = [int(number) for number in re.findall(r"about (\d+) MB", previous)], download_size()
    if len(said) == len(sizes) and all(abs(old - new) < new / 4 for old, new in zip(said, sizes, strict=True)):
        return previous
    return (
        f"`uv run` downloads about {round(sizes[0], -1)} MB of packages the first time, and Python 3.12 if you do not "
        f"have it;\nthe packages take about {round(sizes[1], -1)} MB of disk.\n"
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
