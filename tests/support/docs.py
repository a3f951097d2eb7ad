"""The commands of README.md and docs/, run as they stand there."""

import re
from contextlib import chdir
from pathlib import Path

from dcr_data_generator.commands import group
from tests.support import emulator
from tests.support.emulator import ROOT

README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
RUN = "uv run python -m dcr_data_generator.main"
REHEARSE = "uv run dcr rehearse"
VERBOSE = f"{REHEARSE} --verbose"
ASK = "uv run dcr ask mine.sql"
PRINTED = {RUN: "run.txt", REHEARSE: "rehearsal.txt", VERBOSE: "verbose.txt", ASK: "query.txt"}
SALT = "a salt that nobody prints"
CLEAN_ROOM = ROOT / "docs" / "clean-room.md"


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
    main, flags = emulator.main.main, words[5:]
    if words[2] == "dcr":
        main, flags = group.main, words[3:]
    else:
        assert words[:5] == RUN.split(), command
    with chdir(folder):
        return emulator.run_here(*flags, command=main, **dict(assignments) | variables)


def print_one(command: str, folder: Path, **variables: str) -> str:
    """Run a command whose output a page shows, in the folder of those before it; returns, and saves, its output."""
    (folder / "mine.sql").write_text(code_blocks(CLEAN_ROOM, "sql")[0], encoding="utf-8")
    status, printed, err = run(command, folder, DCR_NO_REPORT="", **variables)
    if command == ASK:  # whose answer alone is on standard output; a terminal shows it below the first line
        first, _, more = "".join(err.partition("Asked as")[1:]).partition("\n")
        printed, err = f"{first}\n{printed}{more}", ""
    assert (status, err) == (0, ""), err
    (folder / PRINTED[command]).write_text(printed, encoding="utf-8")
    return printed
