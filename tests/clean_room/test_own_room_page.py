"""docs/your-own-room.md: its commands and outputs, as they stand there, and the names of the rules."""

import re
import shlex
from pathlib import Path

import pytest

from dcr_data_generator.clean_room.analysis_rules.reply import Because
from dcr_data_generator.commands import group
from tests.support import docs

PAGE = docs.ROOT / "docs/your-own-room.md"


@pytest.mark.slow
def test_the_page_says_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = "".join(docs.code_blocks(PAGE, "sh")).splitlines()
    new, test, ask, attack, plan = (shlex.split(line, comments=True)[3:] for line in lines)
    before, after, attacked, planned = (block.splitlines() for block in docs.code_blocks(PAGE, "text"))
    assert group.main(new) == 0
    capsys.readouterr()
    assert group.main(test) == 1
    assert capsys.readouterr().out.splitlines()[1:] == before
    assert group.main(ask) == 1
    view = tmp_path / "my_room/views/bank.sql"
    fixed = view.read_text(encoding="utf-8").splitlines()
    fixed[7 - 1] = fixed[7 - 1].replace("2", "20")
    view.write_text("\n".join(fixed), encoding="utf-8")
    capsys.readouterr()
    for command, output in ((test, after), (attack, attacked), (plan, planned)):
        assert group.main(command) == 0
        assert set(output) <= set(capsys.readouterr().out.splitlines())


def test_the_reference_lists_the_rules() -> None:
    text = (docs.ROOT / "docs/reference.md").read_text(encoding="utf-8")
    section = text.split("## The rules that refuse a query")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([\w-]+)`", section, re.MULTILINE) == [*Because]
