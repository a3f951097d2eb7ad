"""Who is one person, and the people we invent.

A person is an email, compared without case and surrounding blanks. Its hash is the person's key: a number is compared
and drawn from faster than a text.
"""

import numpy as np
import pandas as pd
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator.draws import draw, pick

BLANKS = " \t\r\n"
FIRST_NAMES = pd.Series(sorted(name.lower() for name in Names.first_names), dtype="str")
LAST_NAMES = pd.Series(sorted(name.lower() for name in Names.last_names), dtype="str")
# RFC 2606, section 3, reserves them: no address there is anyone's.
DOMAINS = pd.Series(["@example.com", "@example.net", "@example.org"], dtype="str")
# The attempts with plain names, before a number tells namesakes apart.
PLAIN_ATTEMPTS = 5


def email_key(emails: pd.Series) -> pd.Series:
    """Hash emails (str) to keys (uint64). In a million people, two share a key once in 40 million times."""
    plain = emails.str.strip(BLANKS).str.lower().fillna("")
    return pd.util.hash_pandas_object(plain, index=False, categorize=False)


NO_EMAIL = email_key(pd.Series([""], dtype="str"))[0]


def find_customers(users: pd.DataFrame) -> pd.DataFrame:
    """Find the people among the users; one without an email is nobody.

    Args:
        users: id (integer), key (uint64, of the email), created_at (datetime64), and more.

    Returns: of each person the most recent record, with its columns; of several at one time, that of the highest id.
    """
    users = users[users["key"] != NO_EMAIL]
    has_several = users["key"].duplicated(keep=False)
    oldest_first = users[has_several].sort_values(["created_at", "id"], na_position="first")
    return pd.concat([users[~has_several], oldest_first.drop_duplicates("key", keep="last")])


def invent_people(n: int, taken: pd.Series, seed: int) -> pd.DataFrame:
    """Invent n people with emails as thelook builds them, whose keys (uint64) are not taken.

    Returns: email (str) and key (uint64), unique.
    """
    people = pd.DataFrame({"email": pd.Series(dtype="str"), "key": pd.Series(dtype="uint64")})
    attempt = 0
    while len(people) < n:
        emails = invent_emails(n, attempt, seed)
        people = pd.concat([people, pd.DataFrame({"email": emails, "key": email_key(emails)})])
        people = people.drop_duplicates("key")
        people = people[~people["key"].isin(taken)].head(n)
        attempt += 1
    return people


def invent_emails(n: int, attempt: int, seed: int) -> pd.Series:
    """Invent n emails (str): first name, last name, and after some attempts a number, at a domain."""

    def part(purpose: str, names: pd.Series) -> pd.Series:
        return pick(names, draw(seed, f"{purpose} {attempt}", np.arange(n)))

    number = "" if attempt < PLAIN_ATTEMPTS else str(attempt)
    return part("first name", FIRST_NAMES) + part("last name", LAST_NAMES) + number + part("domain", DOMAINS)
