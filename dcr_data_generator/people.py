"""Who is one person, and the people we invent.

A person is an email, compared without case and surrounding blanks. pandas compares its hash, since a number is compared
faster than a text. What is drawn for a person is drawn from a key: the smallest of their user IDs, or for those we
invent a negative number.
"""

import numpy as np
import pandas as pd
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator.draws import scramble

BLANKS = " \t\r\n"


def unambiguous(first_names: set[str], last_names: set[str]) -> set[str]:
    """Leave out last names so that no two pairs of names make one text, as leon sparks and leons parks would."""
    tails = {name[i:] for name in first_names for i in range(1, len(name)) if name[:i] in first_names}
    return {
        name
        for name in last_names
        if not any(name.removeprefix(tail) in last_names for tail in tails if name.startswith(tail))
    }


FIRST_NAMES = sorted(name.lower() for name in Names.first_names)
LAST_NAMES = sorted(unambiguous(set(FIRST_NAMES), {name.lower() for name in Names.last_names}))
# RFC 2606, section 3, reserves them: no address there is anyone's.
DOMAINS = ["@example.com", "@example.net", "@example.org"]
# How an email differs that a person gave a second company, and how many of 36 such emails differ so. Tags and dots come
# first: they are for example.net only, which stands in for gmail.com.
KINDS = {"tag": 8, "dots": 6, "second address": 2, "typo": 1, "blank inside": 1, "blanks": 8, "case": 10}


def hash_emails(emails: pd.Series) -> pd.Series:
    """Hash emails (str) to numbers (uint64). In a million people, two share one once in 40 million times."""
    plain = emails.str.strip(BLANKS).str.lower().fillna("")
    return pd.util.hash_pandas_object(plain, index=False, categorize=False)


NO_EMAIL = hash_emails(pd.Series([""], dtype="str"))[0]


def find_customers(users: pd.DataFrame) -> pd.DataFrame:
    """Find the people among the users; one without an email is nobody.

    Args:
        users: id (int64), person (uint64, the hash of the email), created_at (datetime64), and more.

    Returns: of each person the most recent record, with its columns; of several at one time, that of the highest id.
        And key (int64): the smallest id of all the person's records.
    """
    users = users[users["person"] != NO_EMAIL]
    has_several = users["person"].duplicated(keep=False)
    one_record, several = users[~has_several], users[has_several]
    latest = several.sort_values(["created_at", "id"], na_position="first").drop_duplicates("person", keep="last")
    smallest_ids = several.groupby("person")["id"].min()
    keys = pd.concat([one_record["id"], latest["person"].map(smallest_ids).astype("int64")])
    return pd.concat([one_record, latest]).assign(key=keys)


def invent_people(n: int, taken: pd.Series, seed: int) -> pd.DataFrame:
    """Invent n people with emails as thelook builds them, whose hashes (uint64) are not taken.

    Returns: email (str), person (uint64, the hash) and key (int64, -1, -2, ...), unique.
    """
    people = pd.DataFrame({"email": [], "person": [], "key": []}).astype(
        {"email": "str", "person": "uint64", "key": "int64"}
    )
    start = 0
    while missing := n - len(people):
        numbers = np.arange(start, start + missing)
        emails = invent_emails(numbers, seed)
        more = pd.DataFrame({"email": emails, "person": hash_emails(emails), "key": -1 - numbers})
        people = pd.concat([people, more[~more["person"].isin(taken)]], ignore_index=True)
        start += missing
    return people


def invent_emails(numbers: np.ndarray, seed: int) -> pd.Series:
    """Make the emails (str) of some numbers (int64, 0 or more): first name, last name, and a domain.

    All combinations come, in an order that the seed shuffles, before they come again with a 1 after the names, a 2, ...
    A Feistel network shuffles them: each step moves one half by a hash of the other, which can be undone, so that no
    two numbers make one email.
    """
    firsts, lasts = len(FIRST_NAMES), len(LAST_NAMES) * len(DOMAINS)
    again, combination = np.divmod(numbers, firsts * lasts)
    first, last = np.divmod(combination, lasts)
    first = (first + scramble(seed, "first name", last + again * lasts)) % firsts
    last = (last + scramble(seed, "last name", first + again * firsts)) % lasts
    first = (first + scramble(seed, "first name again", last + again * lasts)) % firsts
    suffix = pd.Series(again, dtype="str").where(again > 0, "")
    last, domain = np.divmod(last, len(DOMAINS))
    parts = ((FIRST_NAMES, first), (LAST_NAMES, last), (DOMAINS, domain))
    first_name, last_name, at_domain = (
        pd.Series(names, dtype="str").take(at).reset_index(drop=True) for names, at in parts
    )
    return first_name + last_name + suffix + at_domain
