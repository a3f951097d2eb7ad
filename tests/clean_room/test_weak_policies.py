"""Policies that protect nothing are named."""

import json

import pytest

from dcr_data_generator import sql
from dcr_data_generator.clean_room import views
from dcr_data_generator.clean_room.settings import LEVELS
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.clean_room.weak_policies import weaknesses
from tests.support.publishing import Room

UNIT = {"privacy_unit_column": "person"}
JOIN = {"join_restriction_policy": {"join_condition": "JOIN_ALL", "join_allowed_columns": ["person"]}}
QUERY = "SELECT person, amount FROM shop_provider.payments"


def view(name: str, policy: dict, query: str = QUERY) -> View:
    """A view of somebody's room."""
    options = f"OPTIONS (description = 'A view.', privacy_policy = '{json.dumps(policy)}')"
    return views.parse(sql.Query(name, {}, f"CREATE OR REPLACE VIEW shop_room.{name}\n{options}\nAS {query}", ""))


def noise(epsilon: float, budget: float) -> dict:
    """A policy with noise."""
    fields = {"max_epsilon_per_query": epsilon, "epsilon_budget": budget, "delta_per_query": 1e-5, "delta_budget": 1e-3}
    return {"differential_privacy_policy": UNIT | fields}


def threshold(people: int) -> dict:
    """A policy with a threshold."""
    return {"aggregation_threshold_policy": UNIT | {"threshold": people}}


@pytest.mark.parametrize("level", LEVELS)
def test_no_shipped_level_protects_nothing(level: str, room: Room) -> None:
    for kind in (views.EXCHANGE, views.CLEAN_ROOM):
        assert weaknesses(room.target(kind).views_of(level)) == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (noise(1, 10), None),
        (noise(5, 100), "the epsilon budget of shop_room.spend is 100: above 10"),
        (noise(1, 10.5), "the epsilon budget of shop_room.spend is 10.5: above 10"),
        (threshold(10), None),
        (threshold(9), "the threshold of shop_room.spend is 9: below 10"),
        (threshold(1) | JOIN, "the threshold of shop_room.spend is 1: below 10"),
        (JOIN, None),
    ],
)
def test_a_large_budget_and_a_small_threshold_are_named(policy: dict, words: str | None) -> None:
    sentences = weaknesses([view("spend", policy)])
    assert [words in sentence for sentence in sentences] == ([True] if words else [])


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT person, email FROM shop_provider.people", "email"),
        ("SELECT person, p.first_name, p.last_name AS surname FROM shop_provider.people AS p", "first_name"),
        ("SELECT person, CONCAT(first_name, ' ', last_name) AS full_name FROM shop_provider.people", "full_name"),
        ("WITH a AS (SELECT email FROM x.y) SELECT person FROM a", None),
        ("SELECT TO_HEX(SHA256(LOWER(email))) AS hashed_email, city FROM shop_provider.people", None),
        ("SELECT person, phone FROM shop_provider.people", "phone"),
        ("SELECT person, username, item_count FROM shop_provider.people", None),
    ],
)
def test_a_list_overlap_that_lists_names_is_named(query: str, shown: str | None) -> None:
    sentences = weaknesses([view("people", JOIN, query)])
    assert sentences == (
        [f"shop_room.people is a list overlap that shows {shown}: who guesses a key reads a name"] if shown else []
    )


def test_a_list_overlap_that_shows_all_columns_is_named() -> None:
    sentence = "shop_room.people is a list overlap that shows all columns of what it reads: name those that are shared"
    for query in ("SELECT * FROM shop_provider.people", "SELECT p.* FROM shop_provider.people AS p"):
        assert weaknesses([view("people", JOIN, query)]) == [sentence]
    assert weaknesses([view("people", JOIN, "SELECT person, COUNT(*) AS n FROM a.b GROUP BY person")]) == []


def test_names_behind_a_threshold_are_no_list() -> None:
    assert weaknesses([view("people", threshold(50), "SELECT person, email FROM shop_provider.people")]) == []


@pytest.mark.parametrize(
    ("query", "is_named"),
    [
        (QUERY, True),
        ("SELECT item FROM `shop_provider.payments` AS p JOIN shop_provider.items AS i USING (item)", True),
        ("SELECT item FROM Shop_Provider.Payments", True),
        ("SELECT item FROM `shop_provider`.`payments` AS p", True),
        ("SELECT i.item FROM shop_provider.items AS i, shop_provider.payments AS p WHERE i.item = p.item", True),
        ("SELECT (SELECT MAX(p.item) FROM shop_provider.payments AS p) AS item FROM shop_provider.items AS i", True),
        ("SELECT i.item, i.price FROM shop_provider.items AS i -- not FROM shop_provider.payments", False),
        ("SELECT item FROM shop_provider.items", False),
        ("SELECT k.person FROM shop_provider.items AS i JOIN shop_provider.room_keys AS k USING (item)", False),
    ],
)
@pytest.mark.parametrize("policy", [JOIN, threshold(50)])
def test_an_exact_view_of_the_rows_behind_noise_is_named(policy: dict, query: str, is_named: bool) -> None:
    keys = " JOIN shop_provider.room_keys AS k USING (person)"
    pair = [view("noisy", noise(1, 3), QUERY + keys), view("exact", policy, query)]
    expected = [
        "shop_room.exact shows the rows of shop_provider.payments exactly, which shop_room.noisy hides in noise"
    ]
    assert weaknesses(pair) == (expected if is_named else [])
