"""The data directory: names of folders, who may read it, and file systems without locks."""

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from google.cloud import bigquery

from dcr_data_generator import main
from dcr_data_generator.errors import UserError
from dcr_data_generator.warehouse import emulator as clients
from dcr_data_generator.warehouse import google_cloud
from dcr_data_generator.warehouse.embedded import engine
from dcr_data_generator.warehouse.modes import as_private_as
from tests.support import emulator, exports, tables

SEVEN = [bigquery.SchemaField("seven", "INTEGER")]


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """New files can be read by everybody, whatever this environment says."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def load_seven(directory: Path) -> list[int]:
    """Load a table into a data directory, and read it."""
    with engine.running(directory) as endpoints:
        client = clients.client_of(endpoints.rest, "some-project", google_cloud.client_defaults("US"))
        client.create_dataset("mine", exists_ok=True)
        tables.load(client, tables.frame_of(SEVEN, [{"seven": 7}]), "mine.sevens", SEVEN)
        return [row.seven for row in client.query("SELECT seven FROM mine.sevens").result()]


def test_a_folder_may_have_any_name_that_duckdb_can_open(tmp_path: Path) -> None:
    directory = tmp_path / 'Ann\'s "work"; a=b `c`\n#%&$[*]' / "data"
    assert load_seven(directory) == [7]
    assert load_seven(directory) == [7]


def test_a_folder_that_duckdb_cannot_open_is_named_with_its_character(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot work in .*/what\?, because of its '\?': give another --embedded-dir"):
        load_seven(tmp_path / "what?")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("character", ["'", '"', ";", "`", "=", "\n", "?"])
def test_a_folder_of_temporary_files_that_cannot_be_used_is_named_with_its_character(
    character: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / f"a{character}b"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(UserError) as refused:
        load_seven(tmp_path / "data")
    assert str(refused.value).endswith(f"because of its {character!r}: set TMPDIR to another folder")


@pytest.mark.parametrize(
    ("error", "explanation"),
    [
        ('lock on file "a": Conflicting lock is held in python3.12 (PID 42).', "another command uses "),
        ('lock on file "a": Conflicting lock is held in PID 0. See also', "cannot be locked: it is on a network share"),
    ],
)
def test_a_lock_of_nobody_s_is_not_taken_for_another_run(error: str, explanation: str, tmp_path: Path) -> None:
    assert explanation in str(engine.explain(tmp_path, f"IO Error: Could not set {error}"))


@pytest.mark.parametrize(
    ("kind", "limit", "line"),
    [
        ("RLIMIT_AS", 1 << 20, "limited to 1 MiB, and a run needs 3,072: raise the limit (`ulimit -v`)"),
        ("RLIMIT_AS", (3072 << 20) - 1, "limited to 3,071 MiB"),
        ("RLIMIT_AS", 3072 << 20, None),
        ("RLIMIT_NOFILE", 20, "may open 20 files, and a run needs 128: raise the limit (`ulimit -n`)"),
        ("RLIMIT_NOFILE", 128, None),
    ],
)
def test_a_limit_that_would_end_the_process_is_named(
    kind: str, limit: int, line: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {getattr(engine.resource, kind): limit}
    monkeypatch.setattr(
        engine.resource, "getrlimit", lambda kind: (limits.get(kind, engine.resource.RLIM_INFINITY),) * 2
    )
    with pytest.raises(UserError, match=re.escape(line)) if line else nullcontext():
        engine.check_limits()


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize(("mode", "readers"), [(0o600, 0), pytest.param(0o640, stat.S_IRGRP, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_what_is_written_is_as_private_as_what_it_is_made_of(mode: int, readers: int, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    exports.write(source)
    source.chmod(0o755)
    for file in source.iterdir():
        file.chmod(mode)
    # What everybody may read.
    load_seven(tmp_path / "data")
    for name in ("report.html", "exported/merchant_provider/orders.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    flags = (
        "--target-date",
        "2025-09-13",
        "--days",
        "2",
        "--source",
        str(source),
        "--embedded-dir",
        str(tmp_path / "data"),
        "--export",
        str(tmp_path / "exported"),
    )
    status, _, err = emulator.run_here(
        *flags, "--report", str(tmp_path / "report.html"), "--skip-checks", DCR_NO_REPORT="", command=main.main
    )
    assert (status, err) == (0, "")
    written = [path for path in tmp_path.rglob("*") if path.is_file() and source not in path.parents]
    assert {path.suffix for path in written} >= {".duckdb", ".parquet", ".html", ".json"}
    private = [path for path in written if path.name != engine.MARKER]
    assert {path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH) for path in private} == {readers}


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.slow
def test_data_that_are_private_stay_so_in_later_runs(tmp_path: Path) -> None:
    with as_private_as([]):
        os.umask(0o077)
        load_seven(tmp_path)
    with engine.running(tmp_path):
        (tmp_path / "written_meanwhile").touch()
    assert stat.S_IMODE((tmp_path / "written_meanwhile").stat().st_mode) == 0o600
