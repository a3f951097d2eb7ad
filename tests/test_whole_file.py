"""Files that replace an earlier one only once they are complete."""

import stat
from pathlib import Path

import pytest

from dcr_data_generator.output import whole_file


def test_a_file_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with whole_file.write_whole(path) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {"report.html": "old"}


def test_what_other_threads_still_write_is_removed_at_the_end(tmp_path: Path) -> None:
    with whole_file.write_whole(tmp_path / "report.html"):
        assert len([*tmp_path.iterdir()]) == 1
        whole_file.remove_unfinished()
        assert not [*tmp_path.iterdir()]
        (tmp_path / next(iter(whole_file.unfinished_files)).name).touch()


def test_no_link_and_no_file_of_a_person_is_written_to_on_the_way_to_a_whole_file(tmp_path: Path) -> None:
    path, precious = tmp_path / "report.html", tmp_path / "precious"
    precious.write_text("precious", encoding="utf-8")
    (tmp_path / "report.unfinished").symlink_to(precious)
    (tmp_path / "report.html.unfinished").symlink_to(precious)
    with whole_file.write_whole(path) as file:
        file.write(b"whole")
    assert (path.read_text(encoding="utf-8"), precious.read_text(encoding="utf-8")) == ("whole", "precious")
    assert len([*tmp_path.iterdir()]) == 4


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_keeps_the_mode_of_the_one_that_it_replaces(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.touch()
    path.chmod(mode)
    with whole_file.write_whole(path) as file:
        # Nobody else reads it while it is written, either.
        assert stat.S_IMODE(Path(file.name).stat().st_mode) == mode
    assert stat.S_IMODE(path.stat().st_mode) == mode
