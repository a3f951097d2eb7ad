"""A command that only reads leaves nothing in a folder that has no data."""

from pathlib import Path

import pytest

from dcr_data_generator.commands import group
from tests.support import emulator

FLAGS = {
    "rehearse": ["--no-report"],
    "attack": ["--no-report"],
    "identity": ["--no-report"],
    "ask": ["SELECT 1"],
    "remove": ["--yes"],
    "serve": [],
}


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_without_data_gets_none(name: str, is_there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    if is_there:
        folder.mkdir()
        (folder / "own.txt").touch()
    before = {*tmp_path.rglob("*")}
    status, out, err = emulator.run_here(name, *FLAGS[name], "--embedded-dir", str(folder), command=group.main)
    assert {*tmp_path.rglob("*")} == before
    if name == "remove":
        assert (status, err) == (0, "")
        assert out.startswith("There was nothing to delete.\nMake the tables again: uv run dcr make ")
    else:
        assert (status, out) == (2, "")
        assert any(words in emulator.only_line(err) for words in ("nothing to rehearse", "no emails", "no tables"))
