"""Who is one person, and the people that are invented."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator.people import PLAIN_ATTEMPTS, email_key, find_customers, invent_people

MORNING = datetime(2025, 9, 23, 8, tzinfo=UTC)
NOBODY = pd.Series([], dtype="uint64")


def keys_of(*emails: str | None) -> pd.Series:
    """The keys of some emails."""
    return email_key(pd.Series(emails, dtype="str"))


def customers_of(*records: tuple[int, str | None, datetime | None]) -> list[int]:
    """The IDs of the records that `find_customers` chooses among records of ID, email and time."""
    users = pd.DataFrame(records, columns=["id", "email", "created_at"])
    users = users.astype({"email": "str", "created_at": "datetime64[us, UTC]"})
    return sorted(find_customers(users.assign(key=email_key(users["email"])))["id"])


@pytest.mark.parametrize("email", [" Ann@Shop.example", "ANN@SHOP.EXAMPLE\t", "\r\nann@shop.example \t"])
def test_emails_that_differ_in_case_and_surrounding_blanks_only_have_one_key(email: str) -> None:
    assert len(set(keys_of(email, "ann@shop.example"))) == 1


def test_other_emails_have_other_keys() -> None:
    emails = ["ann@shop.example", "an n@shop.example", "ann@shop.example\u00a0", "zoë@shop.example", "zoe@shop.example"]
    assert keys_of(*emails).is_unique


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


def test_many_invented_emails_are_built_as_thelook_does_and_unique() -> None:
    people = invent_people(57_000, NOBODY, seed=42)
    assert len(people) == 57_000
    assert people["email"].is_unique
    assert people["email"].str.fullmatch(r"[a-z]+@example\.(com|net|org)").all()
    # One third, give or take sqrt(1/3 x 2/3 / 57,000) = 0.002.
    assert people["email"].str.split("@").str[1].value_counts(normalize=True).between(0.32, 0.35).all()


def test_invented_people_have_the_keys_of_their_emails() -> None:
    people = invent_people(50, NOBODY, seed=42)
    assert people["key"].to_list() == email_key(people["email"]).to_list()


def test_invented_emails_are_a_first_and_a_last_name() -> None:
    firsts, lasts = ({name.lower() for name in names} for names in (Names.first_names, Names.last_names))
    for email in invent_people(100, NOBODY, seed=42)["email"]:
        name = email.split("@")[0]
        assert any(name[:i] in firsts and name[i:] in lasts for i in range(len(name))), email


def test_a_number_tells_namesakes_apart_when_the_plain_names_are_used_up() -> None:
    taken = NOBODY
    for _ in range(PLAIN_ATTEMPTS):
        taken = pd.concat([taken, invent_people(2, taken, seed=42)["key"]])
    people = invent_people(2, taken, seed=42)
    assert people["email"].str.fullmatch(r"[a-z]+[0-9]+@example\.(com|net|org)").all()


def test_an_email_that_is_taken_is_not_invented() -> None:
    taken = invent_people(200, NOBODY, seed=42)
    people = invent_people(200, taken["key"], seed=42)
    assert len(people) == 200
    assert not set(people["email"]) & set(taken["email"])


def test_other_seeds_invent_other_people() -> None:
    emails = pd.concat([invent_people(50, NOBODY, seed)["email"] for seed in (1, 2)])
    assert emails.nunique() > 98
