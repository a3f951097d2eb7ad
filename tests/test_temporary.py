"""Temporary files: what killed runs leave is removed, what others use stays, and a full disk is named."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dcr_data_generator.console import process, temporary
from tests.support import emulator, exports

HOLD = """
import sys
from dcr_data_generator.console import temporary
with temporary.folder() as name:
    open(f"{name}/half.parquet", "w").close()
    print(name, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_run() -> Iterator[tuple[subprocess.Popen, Path]]:
    """Another process that has a folder for temporary files, and a file in it."""
    environment = emulator.environment(TMPDIR=tempfile.gettempdir())
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD], env=environment, text=True, **pipes) as run:
        try:
            yield run, Path(run.stdout.readline().strip())
        finally:
            run.kill()


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of every program."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_run_has_left_is_removed_by_the_next(parent: Path) -> None:
    with another_run() as (run, folder):
        assert [path.name for path in parent.iterdir()] == [folder.name]
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert (folder / "half.parquet").exists()
    with temporary.folder() as own:
        assert [*parent.iterdir()] == [Path(own)]
    assert not [*parent.iterdir()]


def test_what_another_run_uses_and_what_others_have_stays(parent: Path) -> None:
    (parent / "dcr_data_generator_is_starting").mkdir()
    (parent / "dcr_data_generator_file").touch()
    (parent / "elsewhere").mkdir()
    (parent / "elsewhere" / temporary.MARKER).touch()
    (parent / "dcr_data_generator_link").symlink_to(parent / "elsewhere")
    before = {path.name for path in parent.rglob("*")}
    with another_run() as (_, folder):
        with temporary.folder():
            pass
        assert (folder / "half.parquet").exists()
        assert before <= {path.name for path in parent.rglob("*")}


def test_what_an_earlier_version_has_left_is_removed_after_a_day(parent: Path) -> None:
    for name, age in (("new", 0), ("old", temporary.OLD_SECONDS + 60)):
        folder = parent / f"dcr_data_generator_{name}"
        folder.mkdir()
        then = folder.stat().st_mtime - age
        os.utime(folder, (then, then))
    with temporary.folder():
        pass
    assert [path.name for path in parent.iterdir()] == ["dcr_data_generator_new"]


def test_a_folder_without_space_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def no_folder() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/full', '/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", no_folder)
    monkeypatch.setenv("TMPDIR", "/full")
    assert process.run_safely(lambda terminal: 0) == 2
    line = emulator.only_line(capsys.readouterr().err)
    assert line.startswith("error: no temporary file can be written in /full: free some space, or set TMPDIR")


@pytest.mark.parametrize("is_missed", [False, True])
def test_a_folder_that_fills_up_is_named_with_what_to_do(
    is_missed: bool, parent: Path, capsys: pytest.CaptureFixture
) -> None:
    def command(_: object) -> int:
        try:
            raise OSError(28, "Error writing bytes to file")  # as pyarrow raises it, which removes the file
        finally:
            if is_missed:  # as Google's client does
                (parent / "upload.parquet").unlink()

    assert process.run_safely(command) == 2
    line = emulator.only_line(capsys.readouterr().err)
    assert line.startswith(f"error: no temporary file can be written in {parent}/dcr_data_generator_")
    assert "set TMPDIR to another folder" in line


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        pytest.param(
            ("make", "--embedded-dir", "data"),
            "error: nobody reads the output: the command ends early (",
            marks=pytest.mark.slow,
        ),
        (("make", "--help"), ""),
    ],
)
def test_a_closed_output_is_an_error_and_no_red_check(flags: tuple[str, ...], line: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dcr_data_generator", *flags]
    reader, writer = os.pipe()
    os.close(reader)
    pipes = {"stdout": writer, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=emulator.environment(), cwd=tmp_path, **pipes) as run:
        _, err = run.communicate(timeout=emulator.LONGEST_RUN)
    os.close(writer)
    assert run.returncode == 2
    assert err.decode().startswith(line)
    assert len(err.splitlines()) == bool(line)


def test_an_output_that_cannot_be_written_is_not_taken_for_temporary_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dcr_data_generator", "--help"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=emulator.environment(), cwd=tmp_path, check=False
        )
    assert done.returncode == 2
    assert emulator.only_line(done.stderr.decode()).startswith("error: the output cannot be written (No space left on")


@pytest.mark.slow
def test_warnings_of_libraries_end_no_run(tmp_path: Path) -> None:
    flags = ("--embedded-dir", str(tmp_path / "data"), "--skip-checks", "--source", str(exports.write(tmp_path)))
    status, _, err = emulator.run_program(*flags, "--target-date", "2025-09-13", "--days", "2", PYTHONWARNINGS="error")
    assert (status, err) == (0, "")
