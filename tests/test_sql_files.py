"""The list of the files of SQL: a file that was deleted is noticed before anything is replaced."""

import shutil
from pathlib import Path

import pytest

from dcr_data_generator import sql
from dcr_data_generator.errors import UserError

# A question, a check or an attempt is added as files alone: the list need not have them.
ADDED = ("questions/", "checks/", "clean_room/refused/")


def test_the_list_has_every_file() -> None:
    files = {path.relative_to(sql.FOLDER).with_suffix("").as_posix() for path in sql.FOLDER.rglob("*.sql")}
    listed = sql.FILES.read_text(encoding="utf-8").split()
    assert set(listed) - files == set()
    assert {file for file in files - set(listed) if not file.startswith(ADDED)} == set()
    assert listed == sorted(set(listed))


@pytest.mark.parametrize("file", ["snapshot/orders", "checks/order_id_is_unique", "questions/4_user_enrichment/chart"])
def test_a_file_that_was_deleted_is_named(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(sql.FOLDER, tmp_path / "sql")
    monkeypatch.setattr(sql, "FOLDER", tmp_path / "sql")
    sql.check_all()
    (tmp_path / "sql" / f"{file}.sql").unlink()
    with pytest.raises(UserError) as missing:
        sql.check_all()
    assert str(missing.value) == f"dcr_data_generator/sql/{file}.sql is missing: restore it"
