"""Files that have no end, no beginning, or a size of another order than they seem to have: refused in one line."""

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dcr_data_generator.clean_room.settings import parse_salt_file
from dcr_data_generator.errors import UserError
from dcr_data_generator.output import whole_file
from dcr_data_generator.values import parse_text_file
from dcr_data_generator.warehouse.embedded import csv_export, engine, thelook
from tests.support import exports


def bomb(path: Path) -> None:
    """Write a gzip file of 100 KB that becomes 100 MB."""
    path.write_bytes(gzip.compress(bytes(100 << 20)))


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "empty device": lambda path: path.symlink_to("/dev/null"),
}


@pytest.fixture(params=KINDS)
def special(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of one of the kinds."""
    KINDS[request.param](tmp_path / "special")
    return tmp_path / "special"


def test_an_export_is_read_from_regular_files_alone(special: Path, tmp_path: Path) -> None:
    exports.write(tmp_path)
    (tmp_path / "users.csv").unlink()
    special.rename(tmp_path / "users.csv")
    for read in (csv_export.fingerprint, lambda folder: csv_export.read(folder, thelook.SCHEMAS)):
        with pytest.raises(UserError, match=r"users\.csv is a device or a pipe: --source needs a regular file"):
            read(tmp_path)


def test_a_text_file_is_a_regular_one(special: Path) -> None:
    with pytest.raises(ValueError, match="is a device or a pipe"):
        parse_text_file(str(special))
    with pytest.raises(ValueError, match="the file is a device or a pipe: give the name of a file, not the salt"):
        parse_salt_file(str(special))


def test_a_text_file_without_end_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match="has more than 16 MiB"):
        parse_text_file(str(large))


def test_a_special_file_is_not_ours_to_replace(special: Path) -> None:
    assert whole_file.is_ours(special, b"PAR1") is False


def test_a_pipe_among_the_data_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / engine.MARKER)
    with pytest.raises(UserError, match=r"made_by\.txt is a device or a pipe: give another --embedded-dir"):
        engine.prepare(tmp_path)


def test_a_gzip_file_that_becomes_huge_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    exports.write(tmp_path)
    bomb(tmp_path / "orders.csv")
    with pytest.raises(UserError, match=r"orders\.csv is too large"):
        csv_export.fingerprint(tmp_path)


def test_a_file_that_is_too_large_for_memory_is_not_read(tmp_path: Path) -> None:
    exports.write(tmp_path)
    with (tmp_path / "orders.csv").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match=r"orders\.csv is too large"):
        csv_export.fingerprint(tmp_path)


def test_a_gzip_file_of_several_parts_is_read_as_one(tmp_path: Path) -> None:
    exports.write(tmp_path)
    path = tmp_path / "orders.csv"
    data = path.read_bytes()
    path.write_bytes(gzip.compress(data[:50]) + gzip.compress(data[50:]) + b"\0" * 512)
    assert csv_export.content(path) == data


def test_further_columns_are_ignored_whatever_they_hold_and_rows_may_be_long(tmp_path: Path) -> None:
    expected = csv_export.read(exports.write(tmp_path), thelook.SCHEMAS)["users"]
    header, *lines = (tmp_path / "users.csv").read_bytes().splitlines()
    names = b"".join(b",further_%d" % number for number in range(1200))
    # Several MiB, what is not UTF-8, and 1,200 columns.
    more = b',"' + b"long, " * (1 << 20) + b'",' + b"\xff\xfe" * 10 + b",1" * 1198
    (tmp_path / "users.csv").write_bytes(b"\n".join([header + names, *(line + more for line in lines)]))
    pd.testing.assert_frame_equal(csv_export.read(tmp_path, thelook.SCHEMAS)["users"], expected)


def test_what_a_killed_run_left_beside_a_file_is_removed_after_an_hour(tmp_path: Path) -> None:
    left = [tmp_path / f".{digit * 16}.unfinished" for digit in "ab"]
    others = [tmp_path / ".theirs.unfinished", tmp_path / "a.unfinished"]
    for path in (*left, *others):
        path.touch()
    for path in (left[0], *others):
        then = time.time() - whole_file.OLD_SECONDS - 60
        os.utime(path, (then, then))
    with whole_file.write_whole(tmp_path / "report.html"):
        pass
    assert {*tmp_path.iterdir()} == {left[1], *others, tmp_path / "report.html"}
