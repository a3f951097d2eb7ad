"""Who is one person, and the people we invent.

A person is an email, compared without case and surrounding blanks. pandas compares its hash, since a number is compared
faster than a text. What is drawn for a person is drawn from a key: the smallest of their user IDs, or for those we
invent a negative number.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator.draws import below, draw, pick_by_weight
from dcr_data_generator.errors import UserError

BLANKS = " \t\r\n"


def weights_of(*names: Mapping[str, float]) -> dict[str, int]:
    """Add up how often each name is given, in billionths, by its lower case."""
    weights = Counter[str]()
    for each in names:
        weights.update({name.lower(): round(weight * 10**9) for name, weight in each.items()})
    return dict(sorted(weights.items()))


# How often Faker gives each name, and thelook with it: a first name to as many women as men.
FIRST_NAMES = weights_of(Names.first_names_female, Names.first_names_male)
LAST_NAMES = weights_of(Names.last_names)
# RFC 2606, section 3, reserves them: no address there is anyone's.
DOMAINS = ["@example.com", "@example.net", "@example.org"]
# How many names are drawn for each wallet-only user: twice as many again until enough of them are free.
NAMES_PER_USER = (2, 4, 8, 16, 32)
# How an email differs that a person gave a second company, and how many of 36 such emails differ so. Tags and dots come
# first: they are for example.net only, which stands in for gmail.com.
KINDS = {"tag": 8, "dots": 6, "second address": 2, "typo": 1, "blank inside": 1, "blanks": 8, "case": 10}

# How the phone number of a holder differs at the two parties, and how many of 20 holders' numbers differ so. As many of
# the others have none.
PHONE_KINDS = {"same": 15, "another": 2, "none at the provider": 1, "none at the merchant": 2}


def repeated(shares: Mapping[str, int]) -> list[str]:
    """Each kind as often as it occurs."""
    return [kind for kind, times in shares.items() for _ in range(times)]


# What the SQL of the identity lab may name as @parameters.
NOISE = {"kinds": repeated(KINDS), "phone_kinds": repeated(PHONE_KINDS)}


def name_parameters() -> dict[str, object]:
    """What the SQL of step 2 may name as @parameters."""
    first: dict[str, object] = {"first_names": [*FIRST_NAMES], "first_name_weights": [*FIRST_NAMES.values()]}
    last: dict[str, object] = {"last_names": [*LAST_NAMES], "last_name_weights": [*LAST_NAMES.values()]}
    return {**first, **last, "domains": DOMAINS}


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


def invent_people(n: int, taken: pd.Series, seed: int, scale: int) -> pd.DataFrame:
    """Invent n people: the first n of the emails that the seed draws whose hashes (uint64) are not taken.

    Returns: email (str), person (uint64, the hash) and key (int64, negative), all unique.

    Raises:
        UserError: there are not so many names.
    """
    for names_per_user in NAMES_PER_USER:
        keys = -1 - np.arange(names_per_user * (n + 100))
        emails = draw_emails(keys, seed, scale)
        people = pd.DataFrame({"email": emails, "person": hash_emails(emails), "key": keys})
        people = people[~people["person"].isin(taken)].drop_duplicates("person")[:n]
        if len(people) == n:
            return people.reset_index(drop=True)
    raise too_few_names(n)


def too_few_names(n: int) -> UserError:
    """The error where almost all emails are taken, most of them by the merchant."""
    return UserError(f"there are too few names for {n:,} wallet-only users: give a lower --wallet-only-rate")


def draw_emails(keys: np.ndarray, seed: int, scale: int) -> pd.Series:
    """Draw an email (str) for each key (int64): names, as often as they are given, and a domain.

    Where the merchant is a copy of so many, its emails have six digits after the names, and so have these.
    """
    first_name, last_name = (
        pick_by_weight(pd.Series(weights), draw(seed, purpose, keys))
        for purpose, weights in (("first name", FIRST_NAMES), ("last name", LAST_NAMES))
    )
    domain = pd.Series(DOMAINS, dtype="str").take(below(draw(seed, "domain", keys), len(DOMAINS)))
    copy = pd.Series(below(draw(seed, "copy", keys), scale)).astype("str").str.zfill(6) if scale > 1 else ""
    return first_name + last_name + copy + domain.reset_index(drop=True)
