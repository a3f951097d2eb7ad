"""The files of sql/ say what is expected of their queries, as those of a room folder do."""

import pytest

from dcr_data_generator import sql
from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL
from dcr_data_generator.clean_room.project import PARTIES, REFUSED
from dcr_data_generator.clean_room.room_folder import statements
from tests.support.rooms import fill, own_room

REFUSALS = [query for query in sql.read_folder(REFUSED) if "because" in query.comments]


@pytest.fixture(scope="module")
def room() -> CleanRoom:
    """The package's clean room, with nobody in it."""
    room = own_room()
    fill(room)
    return room


@pytest.mark.parametrize("query", REFUSALS, ids=lambda query: query.name)
def test_a_query_is_refused_by_the_rule_that_its_file_names(query: sql.Query, room: CleanRoom) -> None:
    expected = statements.parse_query(query.file, query.text, PARTIES, is_refused=True)
    assert expected.because
    assert room.ask(expected.text, expected.party).because == expected.because


def test_zetasql_reads_the_views_as_the_regular_expression_of_publish_does() -> None:
    for folder in (views.KEYS, views.VIEWS):
        for view, file in zip(views.read(folder=folder), sql.read_folder(folder), strict=True):
            [parsed] = statements.parse_views(GoogleSQL(), file.file, file.text)
            assert (parsed.name, parsed.policy, parsed.rule) == (view.table, view.policy, view.rule)
            assert parsed.query.split() == view.query.split()
