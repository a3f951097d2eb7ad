"""What BigQuery said on Google Cloud is what a rehearsal says.

The files of bigquery_said/ are those that `dcr rehearse --against LINKED_DATASET --save FILE` writes; the first is made
of public notes. Put another one beside them.
"""

import json
from pathlib import Path

import pytest

from dcr_data_generator import sql
from dcr_data_generator.clean_room import against
from dcr_data_generator.clean_room.against import Outcome, Said
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from tests.support.rooms import fill, own_room

FILES = sorted((Path(__file__).parent / "bigquery_said").glob("*.json"))


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """The clean room of the package, without rows."""
    room = own_room()
    fill(room)
    room.parameters = ["victim"]
    return room


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_rehearsal_says_what_bigquery_said(file: Path, room: CleanRoom) -> None:
    queries = json.loads(file.read_text(encoding="utf-8"))["queries"]
    room.renew_budgets()
    others = {}
    for each in queries:
        query, said = sql.Query("", {"as": each["as"]}, each["query"], ""), Said(each["sentence"], each["columns"])
        room.templates_only = "-- offered" in query.text or any(name in query.text for name in room.engine.functions)
        rehearsed = against.rehearse(room, query, {"victim": ""})._replace(rows=())
        if against.compare(query, rehearsed, said).outcome is not Outcome.SAME:
            others[query.text] = rehearsed.in_short, said.in_short
    assert others == {}
    assert len(queries) > 0


def test_there_is_something_that_bigquery_said() -> None:
    assert len(FILES) > 0
