"""`dcr attack` and `dcr plan` on a room folder: who is found out, what does not fit, and what is planned."""

import csv
import json
import math
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from dcr_data_generator.clean_room import plan
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.clean_room.lab import Outcome, TooFew
from dcr_data_generator.clean_room.room_folder.attacks import ATTACKS, AttackedView
from dcr_data_generator.clean_room.room_folder.folder import read_room
from dcr_data_generator.commands import group

VICTIMS, SEED = 10, 1
# 100 people. One in ten has two rows, with another kind in each; and everybody has an amount of their own.
VISITS = "person,kind,amount\n" + "".join(
    f"p{number:02},{'long' if number % 3 else 'short'},{number}\n" for number in range(100)
)
VISITS += "".join(f"p{number:02},{'short' if number % 3 else 'long'},{100 + number}\n" for number in range(0, 100, 10))
ROWS = pd.read_csv(StringIO(VISITS))
TRUTH = ROWS.groupby("person")["kind"].agg(frozenset)
UNIT = '"privacy_unit_column": "person"'
THRESHOLD = '"aggregation_threshold_policy": {"threshold": 20, ' + UNIT + "}"
NOISE = (
    '"differential_privacy_policy": {' + UNIT + ', "max_epsilon_per_query": 1, "epsilon_budget": 3, '
    '"delta_per_query": 0.0001, "delta_budget": 0.001, "max_groups_contributed": 1}'
)
JOINS = ', "join_restriction_policy": {{"join_condition": "{}", "join_allowed_columns": {}}}'
EVERY = JOINS.format("JOIN_ALL", '["person"]')
# The views: a policy, and the columns.
VIEWS = {
    "exact": (THRESHOLD, "person, kind"),
    "noisy": (NOISE, "person, kind"),
    "joined": (THRESHOLD + EVERY, "person, kind"),
    "noisy_joined": (NOISE + EVERY, "person, kind"),
    "not_joined": (THRESHOLD + JOINS.format("JOIN_BLOCKED", "[]"), "person, kind"),
    "wide": (THRESHOLD, "person, kind, kind AS b, kind AS c, kind AS d"),
    "joined_twice": (THRESHOLD + JOINS.format("JOIN_ALL", '["person", "amount"]'), "person, kind, amount"),
    "listed": (EVERY.removeprefix(", "), "person, kind"),
    "numbers": (THRESHOLD, "person, amount"),
    "clients": (THRESHOLD.replace("person", "client"), "person AS client, kind"),
}
VIEW = "CREATE VIEW doctor_room.{} OPTIONS (privacy_policy = '{{{}}}') AS SELECT {} FROM doctor.visits;\n"
FILES = {
    "tables/doctor/visits.csv": VISITS,
    # The insurer knows 80 of them, and some others; the school knows five.
    "tables/insurer/members.csv": "person\n" + "".join(f"p{number:02}\n" for number in range(20, 120)),
    "tables/school/pupils.csv": "person\n" + "".join(f"p{number:02}\n" for number in range(5)),
    "tables/office/staff.csv": "person\nx1\nx2\n",
    "views/doctor.sql": "".join(VIEW.format(name, *view) for name, view in VIEWS.items())
    + "CREATE VIEW open_room.visits AS SELECT person, kind FROM doctor.visits;\n",
}


def write(folder: Path, files: Mapping[str, str]) -> str:
    """Write a room folder; returns its path."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> CleanRoom:
    """A room of four parties."""
    return read_room(Path(write(tmp_path_factory.mktemp("room"), FILES))).open()


@pytest.fixture(scope="module")
def attack(room: CleanRoom) -> Callable[..., Outcome]:
    """Carry out an attack on a view."""
    attacked: dict[tuple[str, str], AttackedView] = {}

    def attack(name: str, view: str, party: str = "insurer") -> Outcome:
        if (view, party) not in attacked:
            attacked[view, party] = AttackedView(room, f"doctor_room.{view}", party, VICTIMS, seed=SEED)
        return attacked[view, party].carry_out(name)

    return attack


def right(outcome: Outcome) -> tuple[int, int]:
    """Of the only secret: how many are right, of how many."""
    [finding] = outcome.findings
    assert finding.secret == "kind"
    found, people = finding.without.split(" of ")
    return int(found), int(people)


# Who is attacked.


def test_the_victims_are_people_of_the_view_whom_the_other_party_knows(room: CleanRoom) -> None:
    attacked = AttackedView(room, "doctor_room.exact", "insurer", VICTIMS, seed=SEED)
    known = pd.read_csv(StringIO(FILES["tables/insurer/members.csv"]))["person"]
    assert attacked.known == sorted({*known} & {*ROWS["person"]})
    assert len({*attacked.victims}) == VICTIMS
    assert {*attacked.victims} <= {*attacked.known}
    assert AttackedView(room, "doctor_room.exact", "insurer", VICTIMS, seed=SEED).victims == attacked.victims
    assert AttackedView(room, "doctor_room.exact", "insurer", VICTIMS, seed=7).victims != attacked.victims


def test_a_guess_is_what_most_people_have(room: CleanRoom, attack: Callable[..., Outcome]) -> None:
    victims = AttackedView(room, "doctor_room.exact", "insurer", VICTIMS, seed=SEED).victims
    # 60 of 100 have long alone, 30 short alone, and 10 both.
    assert TRUTH.value_counts().tolist() == [60, 30, 10]
    guessed = sum(TRUTH[victim] == {"long"} for victim in victims)
    assert guessed < VICTIMS
    assert attack("differencing", "exact").findings[0].guessing == f"{guessed} of {VICTIMS}"


# Who is found out.


@pytest.mark.parametrize("view", ["exact", pytest.param("joined", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ATTACKS)
def test_a_threshold_is_beaten_of_everybody(name: str, view: str, attack: Callable[..., Outcome]) -> None:
    outcome = attack(name, view)
    assert right(outcome) == (VICTIMS, VICTIMS)
    assert outcome.findings[0].gets_through
    assert outcome.sentence == f"it gets through: kind {VICTIMS} of {VICTIMS}"


@pytest.mark.parametrize("view", ["noisy", pytest.param("noisy_joined", marks=pytest.mark.slow)])
def test_errors_get_through_noise_and_spend_nothing(view: str, attack: Callable[..., Outcome]) -> None:
    outcome = attack("errors", view)
    assert right(outcome) == (VICTIMS, VICTIMS)
    assert outcome.sentence.endswith("; epsilon 0 of 3 was spent")


@pytest.mark.parametrize("view", ["noisy", "noisy_joined"])
@pytest.mark.parametrize(("name", "spent"), [("everybody", 1), ("differencing", 3)])
@pytest.mark.slow
def test_the_other_attacks_are_hardly_better_than_a_guess_under_noise(
    name: str, spent: int, view: str, attack: Callable[..., Outcome]
) -> None:
    outcome = attack(name, view)
    found, people = right(outcome)
    guessed = int(outcome.findings[0].guessing.split()[0])
    # Three questions are about two people; in one question, no group is shown, but by chance.
    assert abs(found - guessed) <= 2
    assert people == VICTIMS
    assert outcome.sentence.endswith(f"; epsilon {spent} of 3 was spent")


@pytest.mark.slow
def test_errors_spend_nothing_where_too_few_people_are_shown(attack: Callable[..., Outcome]) -> None:
    # Five people are left out of an answer with noise, which is an answer, too.
    outcome = attack("errors", "noisy_joined", "school")
    assert right(outcome) == (5, 5)
    assert outcome.sentence.endswith("; epsilon 0 of 3 was spent")


def test_a_victim_with_two_rows_is_found_out_with_both_values(room: CleanRoom) -> None:
    attacked = AttackedView(room, "doctor_room.exact", "insurer", VICTIMS, seed=SEED)
    attacked.victims = ["p20", "p90"]  # the number of one is no multiple of 3
    assert {*TRUTH[attacked.victims]} == {frozenset({"long", "short"})}
    for name in ATTACKS:
        assert right(attacked.carry_out(name)) == (2, 2)


# What does not fit.


@pytest.mark.slow
def test_a_view_that_may_not_be_joined_is_asked_alone(attack: Callable[..., Outcome]) -> None:
    assert attack("everybody", "not_joined") == Outcome("refused: Join occurring on a restricted column.")
    assert right(attack("errors", "not_joined")) == (VICTIMS, VICTIMS)
    assert right(attack("differencing", "not_joined")) == (VICTIMS, VICTIMS)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_refusal_is_said_in_the_names_of_the_folder(name: str, attack: Callable[..., Outcome]) -> None:
    assert attack(name, "joined_twice").sentence == (
        "refused: Joining must occur on all of the following columns [person, amount] on table "
        "doctor_room.joined_twice."
    )


@pytest.mark.slow
def test_a_list_of_fewer_people_than_the_threshold_is_not_shown(attack: Callable[..., Outcome]) -> None:
    sentence = "not shown: of people whom the attacker knows, it needs 20, and there are 5"
    assert attack("everybody", "exact", "school").sentence == sentence
    sentence = "not shown: all people but one are fewer than the threshold of 20"
    assert attack("differencing", "joined", "school").sentence == sentence
    # Without a join, the others are all people of the view.
    assert right(attack("differencing", "exact", "school")) == (5, 5)
    assert right(attack("errors", "joined", "school")) == (5, 5)


def test_the_first_three_columns_are_attacked(room: CleanRoom) -> None:
    attacked = AttackedView(room, "doctor_room.wide", "insurer", VICTIMS, seed=SEED)
    assert (attacked.secrets, attacked.further) == (["kind", "b", "c"], ["d"])


@pytest.mark.parametrize(
    ("view", "party", "sentence"),
    [
        ("doctor_room.listed", "insurer", "it shows the rows of those who match, and needs no attack"),
        ("open_room.visits", "insurer", "it shows every row, and needs no attack"),
        ("doctor_room.numbers", "insurer", "beside its keys, it has no column with 2 to 10 different values"),
        ("doctor_room.clients", "insurer", "the insurer has no column client with somebody who is in it"),
        ("doctor_room.exact", "office", "the office has no column person with somebody who is in it"),
    ],
)
def test_what_does_not_fit_is_said(view: str, party: str, sentence: str, room: CleanRoom) -> None:
    with pytest.raises(TooFew) as reason:
        AttackedView(room, view, party, VICTIMS, seed=SEED)
    assert str(reason.value) == sentence


# The command.

SMALL = {name: text for name, text in FILES.items() if "school" not in name and "office" not in name} | {
    "views/doctor.sql": "".join(VIEW.format(name, *VIEWS[name]) for name in ("exact", "listed", "noisy")),
    "views/both.sql": "CREATE VIEW doctor_room.both AS SELECT v.kind FROM doctor.visits AS v JOIN insurer.members AS m "
    "ON v.person = m.person",
    "room.toml": '[parties]\ndoctor = ["doctor", "doctor_room"]\ninsurer = ["insurer"]',
}
QUERY = (
    "-- as: insurer\nSELECT WITH DIFFERENTIAL_PRIVACY kind, {} FROM doctor_room.noisy GROUP BY kind".format
)  # of a figure
COUNT, AVERAGE = (
    "COUNT(*, contribution_bounds_per_group => (0, 1)) AS people",
    "AVG(amount, contribution_bounds_per_group => (10, 90)) AS average_amount",
)
PLANNED = SMALL | {
    "views/doctor.sql": VIEW.format("noisy", NOISE, "person, kind, amount")
    + VIEW.format("twice", NOISE.replace('_contributed": 1', '_contributed": 2'), "person, kind"),
    "allowed/average.sql": QUERY(f"{AVERAGE}, {COUNT}"),
    "allowed/count.sql": QUERY(COUNT),
    "allowed/rounded.sql": QUERY(f"ROUND({AVERAGE.split(' AS ')[0]}, 1) AS average_amount"),
    "allowed/two.sql": QUERY(COUNT).replace("noisy", "twice"),
    "allowed/own.sql": "-- as: insurer\nSELECT COUNT(*) AS n FROM insurer.members",
}


def test_the_command_shows_a_table_and_a_line_for_what_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write(tmp_path, SMALL)
    assert group.main(["attack", "--room", folder, "--victims", "4", "--only", "everybody", "--verbose"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        "! doctor_room.listed is not attacked by the insurer: it shows the rows of those who match, and needs no attack"
    ) in out
    assert "! doctor_room.both is not attacked: it has rows of every party" in out
    assert "SELECT WITH AGGREGATION_THRESHOLD\n  l.label,\n  l.value," in out
    assert "SELECT WITH DIFFERENTIAL_PRIVACY\n  l.label,\n  l.value," in out
    rows = [[cell.strip() for cell in line.strip("│\n").split("│")] for line in out.splitlines() if line[:1] == "│"]
    assert [row[:5] for row in rows][:1] == [
        ["Everybody in one question", "doctor_room.exact", "insurer", "kind", "4 of 4"]
    ]
    assert [row[1] for row in rows] == ["doctor_room.exact", "doctor_room.noisy"]
    assert out.splitlines()[-1] == f"Choose an epsilon: uv run dcr plan --room {folder}"


@pytest.mark.parametrize(
    ("arguments", "files", "sentence"),
    [
        (["attack", "--only", "counting"], {}, "--only counting goes without --room: on a folder there are errors, "),
        (["attack"], {"tables/insurer/members.csv": "person\na,b\n"}, "tables/insurer/members.csv:2: 2 values, where "),
        (["plan"], {"views/more.sql": "\nSELECT 1"}, "views/more.sql:2: this is not CREATE VIEW"),
        (["plan"], {"allowed/average.sql": "-- as: insurer\nSELECT 1 AS one"}, "no query with noise in allowed/ beg"),
        (["plan", "--question", "rounded"], {}, "allowed/rounded.sql:1: a plan needs one SELECT WITH DIFFERENTIAL_PRI"),
    ],
)
def test_a_mistake_ends_in_one_line(
    arguments: list[str], files: dict[str, str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    if sentence.startswith("no query"):
        arguments = [*arguments, "--question", "average"]
    assert group.main([*arguments, "--room", write(tmp_path, PLANNED | files)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_a_folder_without_an_answer_with_noise_has_nothing_to_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert group.main(["plan", "--room", write(tmp_path, SMALL)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("has no allowed/*.sql that is answered with noise: there is nothing to plan")


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., dict]:
    """Plan a query of a folder; returns the plan."""
    monkeypatch.setattr(plan, "EPSILONS", (3.0,))
    folder = write(tmp_path, PLANNED)

    def planned(*arguments: str) -> dict:
        assert group.main(["plan", "--room", folder, "--format", "json", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    return planned


def test_the_people_and_averages_of_groups_are_those_of_the_table(planned: Callable[..., dict]) -> None:
    # Who has rows of both kinds counts in one of them.
    several = {*TRUTH[TRUTH.map(len) > 1].index}
    people = ROWS.groupby("kind")["person"].nunique()
    own = ROWS["amount"].groupby([ROWS["kind"], ROWS["person"]]).mean().clip(10, 90)
    low, high = (own.groupby("kind").agg(func) for func in ("min", "max"))
    made = planned()
    assert made["question"] == "allowed/average.sql."
    assert made["view"] == "doctor_room.noisy"
    assert {each["name"]: each["people"] for each in made["groups"]} == people.to_dict()
    for each in made["groups"]:
        alone = own[each["name"]].drop([*several & {*own[each["name"]].index}])
        size, name = people[each["name"]] - len(alone), each["name"]
        bounds = [(alone.sum() + size * value[name]) / people[name] for value in (low, high)]
        assert bounds[0] <= each["average"] <= bounds[1]
        assert each["figures"] == 2


def test_a_figure_of_two_has_a_third_of_epsilon(planned: Callable[..., dict]) -> None:
    made = planned("--question", "av")
    [row] = made["rows"]
    for each in made["groups"]:
        # The sum has half of the third, of a scale of half of the bounds' difference.
        by_hand = math.log(20) * 40 / (1 / 2) / each["people"] / each["average"]
        assert by_hand * 0.9 < row["errors"][each["name"]] < by_hand * 1.2


def test_a_count_alone_has_all_of_epsilon(planned: Callable[..., dict]) -> None:
    made = planned("--question", "count", "--within", "50%")
    [row] = made["rows"]
    for each in made["groups"]:
        assert each["average"] is None
        assert row["errors"][each["name"]] == pytest.approx(math.log(20) / 3 / each["people"])
    assert made["advice"].startswith("Epsilon ")


def test_a_person_in_two_groups_has_half_of_epsilon_and_delta_in_each(planned: Callable[..., dict]) -> None:
    made = planned("--question", "two")
    [row] = made["rows"]
    for each in made["groups"]:
        assert each["groups"] == 2
        assert row["errors"][each["name"]] == pytest.approx(2 * math.log(20) / 3 / each["people"])
        # The engine leaves a group out where Laplace noise of this scale takes its people below this number.
        scale, limit = 2 / 3, 1 - math.log(2 * 0.00005) * 2 / 3
        assert row["left_out"][each["name"]] == pytest.approx(math.exp((limit - each["people"]) / scale) / 2)


def test_no_days_are_advised_for_a_folder(planned: Callable[..., dict]) -> None:
    advice = planned("--within", "1%")["advice"]
    assert advice.startswith("No epsilon up to 3 is within 1.00% of every group's figure")
    assert "--days" not in advice


def test_a_plan_is_printed_as_csv(planned: Callable[..., dict], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert group.main(["plan", "--room", str(tmp_path), "--question", "count", "--format", "csv"]) == 0
    [header, row] = csv.reader(capsys.readouterr().out.splitlines())
    assert row[:2] == ["3.0", "1"]
    assert header[:2] == ["epsilon", "questions"]
