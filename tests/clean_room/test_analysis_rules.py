"""The clean room's rules: those of the page "Restrict data access using analysis rules" of BigQuery's documentation.

The tables, views, queries, answers and messages of the first part are the page's own.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from dcr_data_generator.clean_room import analysis_rules, policy
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Party, Refused, SharedView, engine
from dcr_data_generator.errors import UserError
from tests.support.rooms import ANALYST, RaisingRoom

EXAM = [
    ("Hansen", "P91", 510),
    ("Wang", "U25", 500),
    ("Wang", "C83", 520),
    ("Wang", "U25", 460),
    ("Hansen", "C83", 420),
    ("Hansen", "C83", 560),
    ("Devi", "U25", 580),
    ("Devi", "P91", 480),
    ("Ivanov", "U25", 490),
    ("Ivanov", "P91", 540),
    ("Silva", "U25", 550),
]
STUDENTS = [("Hansen", 510), ("Wang", 500), ("Devi", 580), ("Ivanov", 490), ("Silva", 550)]
TABLES = {
    "mydataset.ExamTable": {"last_name": "STRING", "test_id": "STRING", "test_score": "INT64"},
    "mydataset.StudentTable": {"last_name": "STRING", "test_score": "INT64"},
}
THRESHOLD = '"aggregation_threshold_policy": {"threshold": 3, "privacy_unit_column": "last_name"}'


def noise(max_epsilon: float, budget: float) -> str:
    """The page's differential privacy policies."""
    return (
        '"differential_privacy_policy": {"privacy_unit_column": "last_name", '
        f'"max_epsilon_per_query": {max_epsilon}, "epsilon_budget": {budget}, '
        '"delta_per_query": 0.01, "delta_budget": 0.1, "max_groups_contributed": 2}'
    )


def joined(condition: str, *columns: str) -> str:
    """A join restriction policy."""
    names = ", ".join(f'"{column}"' for column in columns)
    allowed = f', "join_allowed_columns": [{names}]' if columns else ""
    return f'"join_restriction_policy": {{"join_condition": "{condition}"{allowed}}}'


def new_room(*policies: str) -> RaisingRoom:
    """The page's tables behind the page's ExamView, with these policies."""
    rule = policy.read("mydataset.ExamView", "{" + ", ".join(policies) + "}")
    view = SharedView(rule, "SELECT * FROM mydataset.ExamTable")
    room = RaisingRoom(TABLES, {"mydataset.ExamView": view}, [Party(ANALYST, frozenset())])
    rows = {"mydataset.ExamTable": EXAM, "mydataset.StudentTable": STUDENTS}
    room.fill({table: [dict(zip(TABLES[table], row, strict=True)) for row in rows[table]] for table in rows})
    return room


exam_room = cache(new_room)  # for questions that cost nothing

COUNTED = (
    "SELECT WITH AGGREGATION_THRESHOLD test_id, COUNT(DISTINCT last_name) AS student_count "
    "FROM mydataset.ExamView GROUP BY test_id;"
)
NOISY = (
    "SELECT WITH DIFFERENTIAL_PRIVACY {} test_id, "
    "AVG(test_score, contribution_bounds_per_group => (0, 1000)) AS average_test_score "
    "FROM mydataset.ExamView GROUP BY test_id;"
)
JOINED = "SELECT * FROM mydataset.ExamView INNER JOIN mydataset.StudentTable USING ({});"
JOINED_AND_COUNTED = (
    "SELECT WITH AGGREGATION_THRESHOLD test_id, COUNT(DISTINCT ExamView.last_name) AS student_count "
    "FROM mydataset.ExamView INNER JOIN mydataset.StudentTable USING ({}) GROUP BY test_id"
)


def test_groups_below_the_threshold_are_left_out() -> None:
    reply = exam_room(THRESHOLD).ask(COUNTED)
    assert reply.answer.columns == ["test_id", "student_count"]
    assert sorted(reply.answer.rows) == [("P91", 3), ("U25", 4)]
    assert reply.withheld == ("C83: 2 people, withheld: fewer than 3",)


def test_a_higher_threshold_leaves_out_more() -> None:
    reply = exam_room(THRESHOLD.replace("3", "50")).ask(COUNTED)
    assert reply.answer.rows == []
    assert len(reply.withheld) == 3


def test_differential_privacy_answers_within_its_policy() -> None:
    reply = new_room(noise(1000.0, 10000.1)).ask(NOISY.format(""))
    assert {row[0] for row in reply.answer.rows} <= {"P91", "C83", "U25"}
    # A score is 420 to 580; with so high an epsilon the averages stay near.
    assert all(300 < row[1] < 700 for row in reply.answer.rows)


def test_an_epsilon_out_of_bounds_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        new_room(noise(10.01, 1000.0)).ask(NOISY.format("OPTIONS(epsilon=1e20)"))
    assert str(refusal.value) == "Epsilon is too high: 1e+20, policy for table mydataset.ExamView allows max 10.01"


def test_the_third_query_exceeds_the_budget() -> None:
    room = new_room(noise(10.01, 25.6))
    for _ in range(2):
        room.ask(NOISY.format("OPTIONS(epsilon=10)"))
    with pytest.raises(Refused) as refusal:
        room.ask(NOISY.format("OPTIONS(epsilon=10)"))
    assert str(refusal.value) == "Privacy budget is not sufficient for table 'mydataset.ExamView' in this query."


def test_a_query_that_is_proposed_does_not_keep_the_name_of_another_figure() -> None:
    query = COUNTED.replace("COUNT(DISTINCT last_name) AS student_count", "MAX(test_score) AS highest, COUNT(*) AS n")
    reply = CleanRoom.ask(exam_room(THRESHOLD), query, ANALYST)
    assert reply.allowed == (
        "SELECT WITH AGGREGATION_THRESHOLD test_id, AVG(test_score), COUNT(*) AS n "
        "FROM mydataset.ExamView GROUP BY test_id"
    )


def test_a_query_with_noise_that_is_proposed_has_bounds() -> None:
    room = exam_room(noise(1.0, 3.0))
    for query in ("SELECT AVG(test_score) FROM mydataset.ExamView", "SELECT COUNT(*) FROM mydataset.ExamView"):
        assert "contribution_bounds_per_group" in str(CleanRoom.ask(room, query, ANALYST).allowed)
    repaired = CleanRoom.ask(room, NOISY.format("OPTIONS(epsilon=1e20)"), ANALYST).allowed
    assert repaired == NOISY.format("").replace("  ", " ").removesuffix(";")


def test_a_list_overlap_shows_the_rows_that_overlap() -> None:
    reply = exam_room(joined("JOIN_ANY", "test_score", "last_name")).ask(JOINED.format("test_score"))
    assert reply.answer.columns == ["test_score", "last_name", "test_id", "last_name_1"]
    assert sorted(reply.answer.rows) == [
        (490, "Ivanov", "U25", "Ivanov"),
        (500, "Wang", "U25", "Wang"),
        (510, "Hansen", "P91", "Hansen"),
        (550, "Silva", "U25", "Silva"),
        (580, "Devi", "U25", "Devi"),
    ]


ON_ALL = "Joining must occur on all of the following columns [test_score, last_name] on table mydataset.ExamView."
ON_ANY = (
    "Joining must occur on at least one of the following columns [test_score, test_id] on table mydataset.ExamView."
)
NO_COLUMN = "At least one allowed column must be specified with join_condition = 'JOIN_NOT_REQUIRED'."
RESTRICTED = "Join occurring on a restricted column."


@pytest.mark.parametrize(
    ("policies", "query", "reason"),
    [
        ([joined("JOIN_ALL", "test_score", "last_name")], JOINED.format("last_name"), ON_ALL),
        ([THRESHOLD, joined("JOIN_ANY", "test_score", "test_id")], JOINED.format("last_name"), ON_ANY),
        ([THRESHOLD, joined("JOIN_NOT_REQUIRED")], "SELECT * FROM mydataset.ExamView;", NO_COLUMN),
        ([THRESHOLD, joined("JOIN_NOT_REQUIRED", "test_score")], JOINED.format("last_name"), RESTRICTED),
        ([THRESHOLD, joined("JOIN_BLOCKED")], JOINED.format("last_name"), RESTRICTED),
        ([THRESHOLD, joined("JOIN_ALL", "test_score", "last_name")], JOINED.format("last_name"), ON_ALL),
    ],
)
def test_a_join_against_the_policy_is_refused(policies: list[str], query: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        exam_room(*policies).ask(query)
    assert str(refusal.value) == reason


# "To get the preceding query to run": the join that the page gives. It does not repeat that the view's other policy
# asks for the clause.
@pytest.mark.parametrize(
    ("policies", "query"),
    [
        ([THRESHOLD, joined("JOIN_ANY", "test_score", "test_id")], JOINED_AND_COUNTED.format("test_score")),
        ([THRESHOLD, joined("JOIN_NOT_REQUIRED", "test_score")], JOINED_AND_COUNTED.format("test_score")),
        ([THRESHOLD, joined("JOIN_NOT_REQUIRED", "test_score")], COUNTED),
        ([THRESHOLD, joined("JOIN_BLOCKED")], COUNTED),
        (
            [THRESHOLD, joined("JOIN_ALL", "test_score", "last_name")],
            JOINED_AND_COUNTED.format("last_name, test_score"),
        ),
    ],
)
def test_a_join_by_the_policy_is_allowed(policies: list[str], query: str) -> None:
    rows = exam_room(*policies).ask(query).answer.rows
    # Of the rows that match a student's score, U25 has four people's, and P91 one person's.
    assert sorted(rows) == ([("P91", 3), ("U25", 4)] if query == COUNTED else [("U25", 4)])


# What the page says in words.

CLAUSE = "You must use SELECT WITH AGGREGATION_THRESHOLD"
WITH = "SELECT WITH AGGREGATION_THRESHOLD"


@pytest.mark.parametrize(
    ("query", "reason"),
    {
        "a plain select": ("SELECT * FROM mydataset.ExamView", CLAUSE),
        "an aggregate without the clause": ("SELECT COUNT(*) FROM mydataset.ExamView", CLAUSE),
        "a condition on the view": (
            f"{WITH} OPTIONS (threshold = 3, privacy_unit_column = last_name) COUNT(*) FROM mydataset.StudentTable "
            "WHERE EXISTS (SELECT 1 FROM mydataset.ExamView AS e WHERE e.last_name = 'Wang')",
            CLAUSE,
        ),
        "an array of the view": ("SELECT ARRAY(SELECT last_name FROM mydataset.ExamView)", CLAUSE),
        "the clause of another rule": (
            "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, delta = 0.1) COUNT(*) FROM mydataset.ExamView",
            CLAUSE,
        ),
        "a threshold below the view's": (
            f"{WITH} OPTIONS (threshold = 2) COUNT(*) FROM mydataset.ExamView",
            "greater than or equal to the threshold in the view",
        ),
        "another privacy unit": (
            f"{WITH} OPTIONS (privacy_unit_column = test_id) COUNT(*) FROM mydataset.ExamView",
            "privacy unit column in the query must be the one in the view",
        ),
        "the privacy unit in the output": (
            f"{WITH} last_name, COUNT(*) FROM mydataset.ExamView GROUP BY last_name",
            "You cannot GROUP BY privacy unit column when using SELECT WITH AGGREGATION_THRESHOLD",
        ),
        "a value of the privacy unit in the output": (
            f"{WITH} initial, COUNT(*) FROM (SELECT last_name, SUBSTR(last_name, 1, 1) AS initial "
            "FROM mydataset.ExamView) GROUP BY initial",
            "can only be aggregated",
        ),
        "the privacy unit's equal in the output": (
            f"{WITH} s.last_name, COUNT(*) FROM mydataset.ExamView AS e JOIN mydataset.StudentTable AS s "
            "ON e.last_name = s.last_name GROUP BY s.last_name",
            "You cannot GROUP BY privacy unit column",
        ),
        "an aggregate that is one person's": (
            f"{WITH} test_id, MAX(test_score) FROM mydataset.ExamView GROUP BY test_id",
            "MAX is not supported",
        ),
        "such an aggregate in a condition": (
            f"{WITH} test_id, COUNT(*) FROM mydataset.ExamView GROUP BY test_id HAVING MIN(test_score) > 1",
            "MIN is not supported",
        ),
        "a modifier in an aggregate": (
            f"{WITH} AVG(test_score HAVING MAX test_score) FROM mydataset.ExamView",
            "Modifiers in AVG are not supported",
        ),
        "a rollup": (
            f"{WITH} test_id, COUNT(*) FROM mydataset.ExamView GROUP BY ROLLUP (test_id)",
            "ROLLUP, CUBE and GROUPING SETS are not supported",
        ),
        "a cube": (f"{WITH} test_id, COUNT(*) FROM mydataset.ExamView GROUP BY CUBE (test_id)", "CUBE"),
        "grouping sets": (
            f"{WITH} test_id, COUNT(*) FROM mydataset.ExamView GROUP BY GROUPING SETS (test_id, ())",
            "GROUPING SETS",
        ),
        "a maximum below the clause": (
            f"{WITH} AVG(best) FROM (SELECT last_name, MAX(test_score) AS best FROM mydataset.ExamView "
            "GROUP BY last_name)",
            "MAX is not supported",
        ),
        "a maximum in a common table expression below the clause": (
            "WITH each AS (SELECT last_name, MAX(test_score) AS best FROM mydataset.ExamView GROUP BY last_name) "
            f"{WITH} AVG(best) FROM each",
            "MAX is not supported",
        ),
        "a modifier below the clause": (
            f"{WITH} AVG(last) FROM (SELECT last_name, AVG(test_score HAVING MIN test_id) AS last "
            "FROM mydataset.ExamView GROUP BY last_name)",
            "Modifiers in AVG are not supported",
        ),
        "no threshold": (
            f"{WITH} OPTIONS (threshold = NULL) COUNT(*) FROM mydataset.ExamView",
            "must not be NULL",
        ),
        "time travel": (
            f"{WITH} COUNT(*) FROM mydataset.ExamView FOR SYSTEM_TIME AS OF TIMESTAMP '2025-01-01'",
            "Time travel is disabled",
        ),
        "a copy": ("CREATE TABLE mydataset.Copy AS SELECT 1 AS one", "Only a single query"),
        "an export": (
            "EXPORT DATA OPTIONS (uri = 'gs://bucket/*') AS SELECT test_id FROM mydataset.ExamView",
            "Only a single query",
        ),
    }.values(),
)
def test_an_aggregation_threshold_refuses(query: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        exam_room(THRESHOLD).ask(query)


@pytest.mark.parametrize(
    "query",
    [
        f"{WITH} OPTIONS (threshold = 4) test_id, COUNT(DISTINCT last_name) FROM mydataset.ExamView GROUP BY test_id",
        f"{WITH} OPTIONS (threshold = 4, privacy_unit_column = e.last_name) test_id, COUNT(DISTINCT last_name) "
        "FROM `my-project.mydataset.ExamView` AS e GROUP BY test_id",
        f"SELECT * FROM ({WITH} test_id, COUNT(DISTINCT last_name) AS n FROM mydataset.ExamView GROUP BY test_id) "
        "WHERE n > 3",
        f"WITH e AS (SELECT * FROM mydataset.ExamView WHERE test_score > 0) {WITH} OPTIONS (threshold = 4) test_id, "
        "COUNT(DISTINCT last_name) FROM e GROUP BY test_id",
        f"WITH a AS ({WITH} OPTIONS (threshold = 4) test_id, COUNT(DISTINCT last_name) AS n FROM mydataset.ExamView "
        "GROUP BY test_id) SELECT x.test_id, y.n FROM a AS x JOIN a AS y USING (test_id)",
        f"{WITH} OPTIONS (threshold = 4, privacy_unit_column = last_name) test_id, COUNT(DISTINCT last_name) "
        "FROM mydataset.StudentTable JOIN mydataset.ExamView USING (last_name) GROUP BY test_id",
    ],
)
def test_an_aggregation_threshold_allows(query: str) -> None:
    assert exam_room(THRESHOLD).ask(query).answer.rows == [("U25", 4)]


def test_a_threshold_without_an_aggregate_function_is_answered() -> None:
    # As somebody saw it on Google Cloud.
    query = f"{WITH} OPTIONS (threshold = 4) test_id FROM mydataset.ExamView GROUP BY test_id"
    assert exam_room(THRESHOLD).ask(query).answer.rows == [("U25",)]


def test_own_tables_below_the_clause_are_aggregated_with_any_function() -> None:
    query = (
        f"{WITH} best, COUNT(DISTINCT last_name) AS students FROM mydataset.ExamView "
        "JOIN (SELECT MAX(test_score) AS best FROM mydataset.StudentTable) ON TRUE GROUP BY best"
    )
    assert exam_room(THRESHOLD).ask(query).answer.rows == [(580, 5)]


def test_a_supported_aggregate_below_the_clause_is_answered() -> None:
    query = (
        f"{WITH} SUM(exams), COUNT(*) FROM (SELECT last_name, COUNT(DISTINCT test_id) AS exams "
        "FROM mydataset.ExamView GROUP BY last_name)"
    )
    # Hansen, Wang, Devi and Ivanov took two exams each, Silva one.
    assert exam_room(THRESHOLD).ask(query).answer.rows == [(9, 5)]


def test_every_supported_aggregate_function_is_answered() -> None:
    reply = exam_room(THRESHOLD).ask(
        f"{WITH} APPROX_COUNT_DISTINCT(last_name), AVG(test_score), COUNT(*), COUNTIF(test_score > 490), "
        "LOGICAL_AND(test_score > 460), LOGICAL_OR(test_score > 560), SUM(test_score), COVAR_POP(test_score, 1), "
        "COVAR_SAMP(test_score, 1), STDDEV_POP(test_score), STDDEV_SAMP(test_score), VAR_POP(test_score), "
        "VAR_SAMP(test_score) FROM mydataset.ExamView WHERE test_id = 'U25'"
    )
    # Of 500, 460, 580, 490 and 550: the mean is 516, and the squares of the distances from it add up to 9320.
    assert reply.answer.rows == [
        (4, 516.0, 5, 3, False, True, 2580, 0.0, 0.0, *map(pytest.approx, (1864**0.5, 2330**0.5, 1864, 2330)))
    ]


def test_one_person_alone_makes_no_row() -> None:
    reply = exam_room(THRESHOLD).ask(
        f"{WITH} COUNT(DISTINCT last_name) AS people FROM mydataset.ExamView WHERE test_id = 'x'"
    )
    assert reply.answer.rows == []
    reply = exam_room(THRESHOLD).ask(
        f"{WITH} COUNT(DISTINCT last_name) AS number_of_people FROM mydataset.ExamView WHERE last_name = 'Wang'"
    )
    assert reply.answer.rows == []
    assert reply.withheld == ("everyone: 1 person, withheld: fewer than 3",)


GROUPED = (
    f"{WITH} test_id, COUNT(DISTINCT last_name) AS students, SUM(COUNT(*)) OVER () AS exams "
    "FROM mydataset.ExamView GROUP BY test_id"
)
HIDDEN = f"SELECT students FROM ({GROUPED})"


@pytest.mark.parametrize(
    ("query", "rows", "withheld"),
    [
        # The window adds up the groups that are shown: other figures, and the same groups.
        (GROUPED, [("P91", 3, 8), ("U25", 4, 8)], "C83: 2 people, withheld: fewer than 3"),
        (HIDDEN, [(3,), (4,)], "C83: 2 people, withheld: fewer than 3"),
    ],
)
def test_only_groups_that_are_not_shown_are_called_withheld(query: str, rows: list[tuple], withheld: str) -> None:
    reply = exam_room(THRESHOLD).ask(query)
    assert sorted(reply.answer.rows) == rows
    assert reply.withheld == (withheld,)


L, S = "mydataset.ExamView AS e", "mydataset.StudentTable AS s"


@pytest.mark.parametrize("condition", ["JOIN_ANY", "JOIN_ALL"])
@pytest.mark.parametrize(
    "query",
    {
        "no join": "SELECT * FROM mydataset.ExamView",
        "an aggregate": "SELECT COUNT(*) FROM mydataset.ExamView",
        "another column": f"SELECT * FROM {L} JOIN {S} ON e.last_name = s.last_name",
        "a cross join": f"SELECT * FROM {L} CROSS JOIN {S}",
        "a cross join with a filter": f"SELECT * FROM {L}, {S} WHERE e.test_score = s.test_score",
        "a condition that is always true": f"SELECT * FROM {L} JOIN {S} ON e.test_score = s.test_score OR TRUE",
        "an inequality": f"SELECT * FROM {L} JOIN {S} ON e.test_score >= s.test_score",
        "a value": f"SELECT * FROM {L} JOIN {S} ON e.test_score = 490",
        "its own column": f"SELECT * FROM {L} JOIN {S} ON e.test_score = e.test_score",
        "its own column in disguise": f"SELECT * FROM {L} JOIN {S} ON e.test_score = e.test_score + 0 * s.test_score",
        "a left join that keeps its rows": f"SELECT * FROM {L} LEFT JOIN {S} ON e.test_score = s.test_score",
        "a right join that keeps its rows": f"SELECT * FROM {S} RIGHT JOIN {L} ON e.test_score = s.test_score",
        "a full join": f"SELECT * FROM {L} FULL JOIN {S} ON e.test_score = s.test_score",
        "itself": f"SELECT * FROM {L} JOIN mydataset.ExamView AS f ON e.test_score = f.test_score",
        "itself by another name": "WITH e AS (SELECT * FROM mydataset.ExamView) "
        "SELECT * FROM e JOIN e AS f USING (test_score)",
        "a sum before the join": "SELECT * FROM (SELECT test_score, SUM(test_score) OVER () AS total "
        f"FROM mydataset.ExamView) JOIN {S} USING (test_score)",
        "a maximum as the key": "SELECT * FROM (SELECT MAX(test_score) AS test_score FROM mydataset.ExamView) "
        f"JOIN {S} USING (test_score)",
        "a subquery": f"SELECT * FROM {S} WHERE test_score NOT IN (SELECT test_score FROM mydataset.ExamView)",
        "a set operation": f"SELECT last_name FROM mydataset.ExamView EXCEPT DISTINCT SELECT last_name FROM {S}",
        "one more column": f"SELECT * FROM {L} JOIN {S} ON e.test_score = s.test_score AND e.test_id = 'U25'",
    }.values(),
)
def test_a_list_overlap_refuses(query: str, condition: str) -> None:
    with pytest.raises(Refused):
        exam_room(joined(condition, "test_score")).ask(query)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT last_name FROM {L} JOIN {S} USING (test_score, last_name)",
        f"SELECT s.last_name FROM {S} JOIN {L} ON s.test_score = e.test_score AND s.last_name = e.last_name",
        f"SELECT s.last_name FROM {S} JOIN (SELECT * FROM {L} WHERE test_score > 0) AS e USING (test_score, last_name)",
        f"WITH e AS (SELECT * FROM {L}) SELECT s.last_name FROM {S} JOIN e USING (test_score, last_name)",
        f"SELECT last_name FROM {S} JOIN {L} USING (test_score, last_name) JOIN mydataset.ExamView AS f "
        "USING (test_score, last_name)",
        f"FROM {L} |> JOIN {S} USING (test_score, last_name) |> SELECT last_name",
    ],
)
def test_a_list_overlap_allows(query: str) -> None:
    rows = exam_room(joined("JOIN_ALL", "test_score", "last_name")).ask(query).answer.rows
    assert sorted(rows) == [("Devi",), ("Hansen",), ("Ivanov",), ("Silva",), ("Wang",)]


def test_join_any_allows_an_outer_join_that_keeps_ones_own_rows_only() -> None:
    query = f"SELECT s.last_name, e.test_id FROM {S} LEFT JOIN {L} ON s.test_score = e.test_score"
    assert len(exam_room(joined("JOIN_ANY", "test_score")).ask(query).answer.rows) == 5
    with pytest.raises(Refused, match="all of the following columns"):
        exam_room(joined("JOIN_ALL", "test_score")).ask(query)


def test_joins_beyond_the_allowed_one_may_use_other_tables_columns() -> None:
    room = exam_room(joined("JOIN_ALL", "test_score"))
    query = f"SELECT COUNT(*) AS n FROM {L} JOIN {S} USING (test_score) JOIN mydataset.StudentTable AS t "
    assert room.ask(query + "ON s.last_name = t.last_name").answer.rows == [(5,)]
    with pytest.raises(Refused, match="restricted"):
        room.ask(query + "ON e.last_name = t.last_name")


ITSELF = (
    f"{WITH} e.test_id, COUNT(DISTINCT e.last_name) FROM {L} JOIN mydataset.ExamView AS f "
    "ON e.last_name = f.last_name{} GROUP BY e.test_id"
)


@pytest.mark.parametrize("condition", ["JOIN_ALL", "JOIN_ANY", "JOIN_NOT_REQUIRED"])
def test_a_view_that_is_not_a_list_overlap_may_be_joined_with_itself_on_the_allowed_column(condition: str) -> None:
    room = exam_room(THRESHOLD, joined(condition, "last_name"))
    assert sorted(room.ask(ITSELF.format("")).answer.rows) == [("P91", 3), ("U25", 4)]
    with pytest.raises(Refused, match="restricted"):
        room.ask(ITSELF.format(" AND e.test_id = f.test_id"))


TWICE = (
    f"{WITH} test_id, SUM(test_score * factor) FROM mydataset.ExamView {{}} (SELECT 2 AS factor, 'U25' AS test) {{}} "
    "GROUP BY test_id"
)


@pytest.mark.parametrize(("join", "condition"), [(",", ""), ("CROSS JOIN", ""), ("JOIN", "ON TRUE")])
def test_constants_beside_a_view_whose_join_is_not_required_are_answered(join: str, condition: str) -> None:
    rows = exam_room(THRESHOLD, joined("JOIN_NOT_REQUIRED", "last_name")).ask(TWICE.format(join, condition)).answer.rows
    # Twice 510 + 480 + 540, and twice 500 + 460 + 580 + 490 + 550.
    assert sorted(rows) == [("P91", 3060), ("U25", 5160)]


@pytest.mark.parametrize(
    ("condition", "query"),
    [
        ("JOIN_NOT_REQUIRED", TWICE.format("JOIN", "ON test_id = test")),
        ("JOIN_NOT_REQUIRED", f"{WITH} COUNT(*) FROM mydataset.ExamView CROSS JOIN {S}"),
        ("JOIN_BLOCKED", TWICE.format("CROSS JOIN", "")),
    ],
)
def test_more_than_constants_beside_a_view_is_a_join(condition: str, query: str) -> None:
    columns = [] if condition == "JOIN_BLOCKED" else ["last_name"]
    with pytest.raises(Refused, match="restricted"):
        exam_room(THRESHOLD, joined(condition, *columns)).ask(query)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("OPTIONS (epsilon = 0)", "Epsilon must be greater than 0: 0"),
        ("OPTIONS (epsilon = -1)", "Epsilon must be greater than 0: -1"),
        ("OPTIONS (epsilon = CAST('nan' AS FLOAT64))", "Epsilon must be greater than 0: nan"),
        ("OPTIONS (delta = 0.0)", "Delta must be greater than 0: 0"),
        ("OPTIONS (delta = -0.1)", "Delta must be greater than 0: -0.1"),
        ("OPTIONS (delta = 0.02)", "Delta is too high: 0.02, policy for table mydataset.ExamView allows max 0.01"),
        ("OPTIONS (max_groups_contributed = 3)", "Max groups contributed is too high: 3"),
        ("OPTIONS (max_groups_contributed = NULL)", "Max groups contributed is too high: unlimited"),
        ("OPTIONS (privacy_unit_column = test_id)", "privacy unit column in the query must be the one in the view"),
    ],
)
def test_differential_privacy_refuses(options: str, reason: str) -> None:
    room = new_room(noise(10, 100))
    with pytest.raises(Refused, match=reason):
        room.ask(NOISY.format(options))
    assert room.budgets.spent == {"mydataset.ExamView": (0, 0)}


# "AVG, COUNT, SUM and PERCENTILE_CONT": the page on differential privacy clauses.


@pytest.mark.parametrize("call", ["AVG(test_score)", "COUNT(test_score)", "COUNT(*)", "SUM(test_score)"])
def test_differential_privacy_has_four_functions(call: str) -> None:
    reply = new_room(noise(10, 100)).ask(f"SELECT WITH DIFFERENTIAL_PRIVACY {call} FROM mydataset.ExamView")
    assert len(reply.answer.columns) == 1


@pytest.mark.parametrize(
    "call", ["VAR_POP(test_score)", "STDDEV_POP(test_score)", "MAX(test_score)", "APPROX_COUNT_DISTINCT(test_id)"]
)
def test_differential_privacy_has_no_other_function(call: str) -> None:
    name = call.split("(")[0]
    with pytest.raises(Refused, match=f"^Aggregate function {name} is not supported in SELECT WITH DIFFERENTIAL_PRI"):
        new_room(noise(10, 100)).ask(f"SELECT WITH DIFFERENTIAL_PRIVACY {call} FROM mydataset.ExamView")


def test_an_open_answer_has_a_rounded_figure_without_its_bounds() -> None:
    figure = "ROUND(AVG(test_score, contribution_bounds_per_group => (0, 1000)), 1) AS average"
    room = new_room(noise(10, 20))
    answer = room.open_answer(f"SELECT WITH DIFFERENTIAL_PRIVACY {figure} FROM mydataset.ExamView")
    assert answer.rows == [(round(sum(score for *_, score in EXAM) / len(EXAM), 1),)]


def test_a_percentile_with_noise_cannot_be_evaluated_here() -> None:
    query = "SELECT WITH DIFFERENTIAL_PRIVACY {} PERCENTILE_CONT(test_score, 0.5) FROM mydataset.ExamView"
    room = new_room(noise(10, 100))
    with pytest.raises(NotUnderstood, match="cannot be evaluated here: Unsupported built-in function: percentile_cont"):
        room.ask(query.format(""))
    with pytest.raises(Refused, match="Epsilon is too high"):
        room.ask(query.format("OPTIONS (epsilon = 11)"))


def test_a_budget_for_three_questions_pays_for_three() -> None:
    # As floats, three times 0.1 is more than 0.3.
    room = new_room(noise(0.1, 0.3))
    assert len(room.answers(NOISY.format(""), ANALYST, [{}] * 3)) == 3
    with pytest.raises(Refused, match="budget"):
        room.ask(NOISY.format(""))


@pytest.mark.slow
def test_twenty_questions_fit_into_a_budget_of_twenty_beside_one_that_fails() -> None:
    room = new_room(noise(1, 20).replace('"delta_budget": 0.1', '"delta_budget": 0.2'))
    with pytest.raises(NotUnderstood, match="division by zero"):
        room.ask(NOISY.format("").replace("AVG(test_score,", "AVG(1 / (test_score - test_score),"))
    for _ in range(20):
        room.ask(NOISY.format(""))
    with pytest.raises(Refused, match="budget"):
        room.ask(NOISY.format(""))


def test_questions_that_are_refused_for_the_budget_cost_neither_budget_nor_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = new_room(noise(1, 3))
    with monkeypatch.context() as patch:
        patch.setattr(room, "evaluate", lambda *_: pytest.fail("they are evaluated"))
        with pytest.raises(Refused, match="budget"):
            room.answers(NOISY.format(""), ANALYST, [{}] * 4)
    assert len(room.answers(NOISY.format(""), ANALYST, [{}] * 3)) == 3


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("SELECT last_name FROM mydataset.StudentTable WHERE test_score > 500", {"last_name", "test_score"}),
        ("SELECT LAST_NAME FROM mydataset.StudentTable", {"last_name"}),
        ("SELECT COUNT(*) FROM mydataset.StudentTable", set()),
        ("SELECT * FROM mydataset.StudentTable", {"last_name", "test_score"}),
        ("SELECT * EXCEPT (test_score) FROM mydataset.StudentTable", {"last_name"}),
        ("SELECT TO_JSON_STRING(s) FROM mydataset.StudentTable AS s", {"last_name", "test_score"}),
        ("WITH s AS (SELECT * FROM x.mydataset.StudentTable) SELECT last_name FROM s", {"last_name", "test_score"}),
        ("SELECT 500 IN (SELECT test_score FROM mydataset.StudentTable) AS anybody", {"test_score"}),
        ("SELECT test_id FROM mydataset.ExamView", None),
    ],
)
def test_the_columns_that_a_query_reads_are_found(query: str, columns: set[str] | None) -> None:
    room = exam_room(THRESHOLD)
    views = {"mydataset.ExamTable": {"last_name", "test_id", "test_score"}}
    read = room.columns_read(room.engine.plain_names(query))
    if columns is None:
        assert read == views | {"mydataset.ExamView": {"test_id"}}
    else:
        assert read == {"mydataset.StudentTable": columns}


def test_a_question_refused_costs_nothing() -> None:
    room = new_room(noise(1, 1.5))
    for _ in range(3):
        with pytest.raises(Refused, match="Epsilon"):
            room.ask(NOISY.format("OPTIONS (epsilon = 2)"))
    room.ask(NOISY.format("OPTIONS (epsilon = 1)"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "at least one part"),
        ('{"aggregation_threshold_policy": {"threshold": 0, "privacy_unit_column": "a"}}', "greater than 0"),
        ('{"aggregation_threshold_policy": {"threshold": 3}}', "required"),
        ("{" + THRESHOLD + ", " + noise(1, 2) + "}", "one of"),
        ("{" + noise(2, 1) + "}", "larger"),
        ("{" + joined("JOIN_BLOCKED") + "}", "list overlap"),
        ("{" + joined("JOIN_ALL") + "}", "join_allowed_columns"),
        ("{" + joined("JOIN_SOME", "a") + "}", "JOIN_ALL"),
        ('{"row_policy": {}}', "row_policy"),
        ("{", "JSON"),
    ],
)
def test_a_policy_that_bigquery_would_not_take_is_a_problem(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        policy.read("mydataset.ExamView", text)


def test_a_policy_that_names_no_column_of_the_view_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="names a column that it does not have: score"):
        exam_room(joined("JOIN_ALL", "score"))


# What is not understood.


@pytest.mark.parametrize(
    "query",
    {
        "a recursive query": "WITH RECURSIVE r AS (SELECT last_name FROM mydataset.ExamView UNION ALL "
        "SELECT last_name FROM r WHERE FALSE) SELECT * FROM r",
        "arrays": f"SELECT * FROM {L} JOIN UNNEST([e.test_score]) AS s ON e.test_score = s",
        "a pivot": f"SELECT * FROM {L} PIVOT(SUM(test_score) FOR test_id IN ('U25'))",
        "an unpivot": "SELECT * FROM mydataset.ExamView UNPIVOT(v FOR n IN (last_name, test_id))",
        "a sample": "SELECT * FROM mydataset.ExamView TABLESAMPLE SYSTEM (50 PERCENT)",
        "an unknown column": f"{WITH} COUNT(*), MAX(no_such_column) FROM mydataset.ExamView",
    }.values(),
)
def test_what_cannot_be_judged_is_not_answered(query: str) -> None:
    with pytest.raises(NotUnderstood) as error:
        exam_room(THRESHOLD).ask(query)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC 1", 'Syntax error: Unexpected identifier "SELEC" [at 1:1]'),
        ("SELECT *\nFROM mydataset.ExamView, WHERE", "Syntax error: Unexpected keyword WHERE [at 2:26]"),
        ("SELECT 1 FROM mydataset.Exams", "Table not found: mydataset.Exams; the views are mydataset.ExamView"),
    ],
)
def test_a_mistake_in_a_query_is_easy_to_find(query: str, message: str) -> None:
    with pytest.raises(NotUnderstood) as error:
        exam_room(THRESHOLD).ask(query)
    assert str(error.value) == message


def test_several_values_of_a_parameter_are_answered_in_their_order_and_from_the_rows_of_today() -> None:
    google_sql = engine.GoogleSQL()
    google_sql.parameters = ["victim"]
    google_sql.add_table("parties.people", {"name": engine.kind_of("STRING")})
    for names in (["Ann", "Bob"], ["Ann", "Bob", "Eve"]):
        google_sql.fill("parties.people", [[name] for name in names])
        answers = google_sql.evaluate(
            google_sql.plain_names("SELECT @victim, COUNT(*) FROM parties.people WHERE name != @victim"),
            [{"victim": name} for name in (*names, "Zoe", "Zed", "Zac")],
        )
        others = [len(names) - 1] * len(names) + [len(names)] * 3
        assert [answer.rows for answer in answers] == [
            [pair] for pair in zip((*names, "Zoe", "Zed", "Zac"), others, strict=True)
        ]


def test_the_analysis_rules_know_nothing_of_the_tables_that_they_are_applied_to() -> None:
    for file in Path(analysis_rules.__file__).parent.glob("*.py"):
        modules = re.findall(r"^from (dcr_data_generator[\w.]*) import", file.read_text(encoding="utf-8"), re.MULTILINE)
        for module in modules:
            assert module.startswith("dcr_data_generator.clean_room.analysis_rules") or module.endswith(
                (".policy", ".errors", ".parallel")
            )
