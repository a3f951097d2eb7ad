"""Who is one person, and the people that are invented."""

import math
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator import people
from dcr_data_generator.errors import UserError
from dcr_data_generator.people import (
    FIRST_NAMES,
    LAST_NAMES,
    draw_emails,
    find_customers,
    hash_emails,
    invent_people,
)

MORNING = datetime(2025, 9, 23, 8, tzinfo=UTC)
NOBODY = pd.Series([], dtype="uint64")


def hashes_of(*emails: str | None) -> pd.Series:
    """The hashes of some emails."""
    return hash_emails(pd.Series(emails, dtype="str"))


def find(*records: tuple[int, str | None, datetime | None]) -> pd.DataFrame:
    """What `find_customers` finds among records of ID, email and time."""
    users = pd.DataFrame(records, columns=["id", "email", "created_at"])
    users = users.astype({"email": "str", "created_at": "datetime64[us, UTC]"})
    return find_customers(users.assign(person=hash_emails(users["email"])))


def customers_of(*records: tuple[int, str | None, datetime | None]) -> list[int]:
    """The IDs of the records that `find_customers` chooses."""
    return sorted(find(*records)["id"])


@pytest.mark.parametrize("email", [" Ann@Shop.example", "ANN@SHOP.EXAMPLE\t", "\r\nann@shop.example \t"])
def test_emails_that_differ_in_case_and_surrounding_blanks_only_have_one_hash(email: str) -> None:
    assert len(set(hashes_of(email, "ann@shop.example"))) == 1


def test_other_emails_have_other_hashes() -> None:
    emails = ["ann@shop.example", "an n@shop.example", "ann@shop.example\u00a0", "zoë@shop.example", "zoe@shop.example"]
    assert hashes_of(*emails).is_unique


@pytest.mark.parametrize("email", [None, "", " \t\r\n "])
def test_users_without_an_email_are_nobody(email: str | None) -> None:
    assert customers_of((1, email, MORNING), (2, "ann@shop.example", MORNING), (3, email, MORNING)) == [2]


def test_of_a_persons_records_the_most_recent_is_chosen() -> None:
    later = MORNING + timedelta(microseconds=1)
    records = [(1, "a@x.example", MORNING), (2, "A@x.example", later), (3, "a@X.example ", MORNING - timedelta(9))]
    assert customers_of(*records, (4, "b@x.example", MORNING)) == [2, 4]


def test_a_record_of_unknown_time_counts_as_the_oldest() -> None:
    assert customers_of((1, "a@x.example", MORNING), (2, "a@x.example", None)) == [1]


@pytest.mark.parametrize("time", [MORNING, None])
def test_of_records_of_one_time_the_one_with_the_highest_id_is_chosen(time: datetime | None) -> None:
    assert customers_of(*((i, "a@x.example", time) for i in (7, 9, -3))) == [9]


def test_a_persons_key_is_the_smallest_of_their_ids() -> None:
    records = [(7, "a@x.example", MORNING), (-3, "A@x.example", MORNING - timedelta(9)), (9, "a@x.example", None)]
    customers = find(*records, (4, "b@x.example", MORNING))
    assert dict(zip(customers["id"], customers["key"], strict=True)) == {7: -3, 4: 4}


def invent(n: int, taken: pd.Series = NOBODY, seed: int = 42, scale: int = 1) -> pd.DataFrame:
    """Invent n people."""
    return invent_people(n, taken, seed, scale)


def test_many_invented_emails_are_built_as_thelook_does_and_unique() -> None:
    invented = invent(57_000)
    assert len(invented) == 57_000
    assert invented["email"].is_unique
    assert invented["email"].str.fullmatch(r"[a-z]+@example\.(com|net|org)").all()
    # One third, give or take sqrt(1/3 x 2/3 / 57,000) = 0.002.
    assert invented["email"].str.split("@").str[1].value_counts(normalize=True).between(0.32, 0.35).all()


def test_invented_people_have_the_hashes_of_their_emails_and_negative_keys() -> None:
    invented = invent(50)
    assert invented["person"].to_list() == hash_emails(invented["email"]).to_list()
    assert invented["key"].is_unique
    assert (invented["key"] < 0).all()


def test_invented_emails_are_a_first_and_a_last_name() -> None:
    firsts, lasts = ({name.lower() for name in names} for names in (Names.first_names, Names.last_names))
    for email in invent(100)["email"]:
        name = email.split("@")[0]
        assert any(name[:i] in firsts and name[i:] in lasts for i in range(len(name))), email


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("jennifer.*", [Names.first_names_female, Names.first_names_male]),
        ("michael.*", [Names.first_names_female, Names.first_names_male]),
        ("tracy.*", [Names.first_names_female, Names.first_names_male]),
        (".*smith", [Names.last_names]),
        (".*rodriguez", [Names.last_names]),
        (".*oneal", [Names.last_names]),
    ],
)
def test_names_are_as_frequent_as_faker_has_them(pattern: str, names: list[dict[str, float]]) -> None:
    emails = draw_emails(np.arange(200_000), seed=42, scale=1)
    expected = sum(
        weight for each in names for name, weight in each.items() if re.fullmatch(pattern, name.lower())
    ) / len(names)
    share = emails.str.fullmatch(f"{pattern}@.*").mean()
    assert abs(share - expected) < 4 * math.sqrt(expected / 200_000)


def test_each_of_fakers_names_is_given() -> None:
    assert set(LAST_NAMES) == {name.lower() for name in Names.last_names}
    assert set(FIRST_NAMES) == {name.lower() for name in Names.first_names}


@pytest.fixture
def twelve_emails(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Leave two first names, one of them rare, and two last names."""
    monkeypatch.setattr(people, "FIRST_NAMES", {"ann": 30, "bo": 1})
    monkeypatch.setattr(people, "LAST_NAMES", {"kim": 2, "lee": 1})
    return {f"{name}@example.{end}" for name in ("annkim", "annlee", "bokim", "bolee") for end in ("com", "net", "org")}


@pytest.mark.parametrize("seed", range(5))
def test_names_are_drawn_until_each_person_has_one_that_nobody_has(seed: int, twelve_emails: set[str]) -> None:
    assert set(invent(12, seed=seed)["email"]) == twelve_emails


def test_more_people_than_names_are_an_error(twelve_emails: set[str]) -> None:
    with pytest.raises(UserError, match="there are too few names for 13 wallet-only users: give a lower --wallet-only"):
        invent(len(twelve_emails) + 1)


def test_an_email_that_is_taken_is_passed_over() -> None:
    everybody = invent(200)
    taken = everybody[::3]
    others = everybody.drop(taken.index)
    invented = invent(200, taken["person"])
    assert len(invented) == 200
    assert invented["email"].to_list()[: len(others)] == others["email"].to_list()
    assert invented["key"].to_list()[: len(others)] == others["key"].to_list()
    assert not set(invented["email"]) & set(taken["email"])


def test_more_invented_people_are_the_same_and_others() -> None:
    pd.testing.assert_frame_equal(invent(1000)[:50], invent(50))


def test_beside_copies_of_a_merchant_emails_have_the_digits_of_a_copy() -> None:
    emails = invent(3000, scale=12)["email"]
    assert emails.is_unique
    digits = emails.str.extract(r"^[a-z]+([0-9]{6})@example\.(?:com|net|org)$")[0]
    # 250 of each, give or take 15.
    assert digits.astype("int64").value_counts().sort_index().between(180, 320).to_dict() == dict.fromkeys(
        range(12), True
    )


def test_other_seeds_invent_other_people() -> None:
    emails = pd.concat([invent(50, seed=seed)["email"] for seed in (1, 2)])
    assert emails.nunique() > 98
