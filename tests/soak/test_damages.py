"""Every damage of a data directory: a run works, or names the directory to be removed."""

import shutil
from pathlib import Path

import pytest

from tests.support import emulator
from tests.support.damages import DAMAGES

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_data_directory_works_or_is_named_to_be_removed(damage: str, filled: Path, tmp_path: Path) -> None:
    directory = tmp_path / "data"
    shutil.copytree(filled, directory)
    DAMAGES[damage](directory)
    status, _, err = emulator.run_here("--embedded-dir", str(directory), "--skip-checks")
    assert status in (0, 2)
    assert len(err.splitlines()) == (1 if status else 0), err
    assert not status or (str(directory) in err and "remove" in err)
