"""Who is one person, and the people that are invented."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator.people import (
    DOMAINS,
    FIRST_NAMES,
    LAST_NAMES,
    find_customers,
    hash_emails,
    invent_emails,
    invent_people,
)

MORNING = datetime(2025, 9, 23, 8, tzinfo=UTC)
COMBINATIONS = len(FIRST_NAMES) * len(LAST_NAMES) * len(DOMAINS)
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


def test_many_invented_emails_are_built_as_thelook_does_and_unique() -> None:
    people = invent_people(57_000, NOBODY, seed=42)
    assert len(people) == 57_000
    assert people["email"].is_unique
    assert people["email"].str.fullmatch(r"[a-z]+@example\.(com|net|org)").all()
    # One third, give or take sqrt(1/3 x 2/3 / 57,000) = 0.002.
    assert people["email"].str.split("@").str[1].value_counts(normalize=True).between(0.32, 0.35).all()


def test_invented_people_have_the_hashes_of_their_emails_and_negative_keys() -> None:
    people = invent_people(50, NOBODY, seed=42)
    assert people["person"].to_list() == hash_emails(people["email"]).to_list()
    assert people["key"].to_list() == list(range(-1, -51, -1))


@pytest.mark.parametrize("seed", [0, 42])
def test_all_combinations_of_names_come_once_before_a_number_tells_namesakes_apart(seed: int) -> None:
    emails = invent_emails(np.arange(COMBINATIONS + 1000), seed)
    assert emails.is_unique
    assert emails[:COMBINATIONS].str.fullmatch(r"[a-z]+@example\.(com|net|org)").all()
    assert emails[COMBINATIONS:].str.fullmatch(r"[a-z]+1@example\.(com|net|org)").all()


@pytest.mark.parametrize("seed", range(2))
def test_a_few_invented_people_share_no_name_more_often_than_chance_has_it(seed: int) -> None:
    emails = invent_emails(np.arange(2000), seed)
    first_names = [max((name for name in FIRST_NAMES if email.startswith(name)), key=len) for email in emails]
    counts = pd.Series(first_names).value_counts()
    # 2.9 of each of 690 names, give or take 1.7: about 650 of them occur, and none 14 times.
    assert counts.size > 600
    assert counts.max() < 14


def test_invented_emails_are_a_first_and_a_last_name() -> None:
    firsts, lasts = ({name.lower() for name in names} for names in (Names.first_names, Names.last_names))
    for email in invent_people(100, NOBODY, seed=42)["email"]:
        name = email.split("@")[0]
        assert any(name[:i] in firsts and name[i:] in lasts for i in range(len(name))), email


def test_an_email_that_is_taken_is_not_invented() -> None:
    taken = invent_people(200, NOBODY, seed=42)
    people = invent_people(200, taken["person"], seed=42)
    assert len(people) == 200
    assert not set(people["email"]) & set(taken["email"])


def test_other_seeds_invent_other_people() -> None:
    emails = pd.concat([invent_people(50, NOBODY, seed)["email"] for seed in (1, 2)])
    assert emails.nunique() > 98
