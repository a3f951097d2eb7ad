"""The e-wallet provider, synthesized from the merchant's snapshot: frames in, frames out.

`synthesize` is pure. Every random value is drawn from (seed, what the draw is for, the entity's own key), so that it
depends neither on the order of the rows nor on any other column. Shares are exact: the k smallest draws win.
"""

import hashlib
from datetime import date
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from faker.providers.person.en_US import Provider as Names

BLANKS = " \t\r\n"
ADULT = 18
ADULT_AGES_OF_THELOOK = np.arange(ADULT, 71)
REFUNDS = ["Cancelled", "Returned"]
TIERS = pa.array(["Free", "Premium", "Business"])
SPEND_WEIGHT = 0.6
BUSINESS_SHARE, PREMIUM_SHARE = 0.08, 0.22
VERIFIED, VERIFIED_DESPITE_REFUND, VERIFIED_WALLET_ONLY = 0.94, 0.55, 0.85
MICROS = 1_000_000
NO_ID, MOST_GAPS = np.iinfo("int64").min, 16
TIMESTAMP = "datetime64[us, UTC]"
FIRST_NAMES = pa.array(sorted(name.lower() for name in Names.first_names))
LAST_NAMES = pa.array(sorted(name.lower() for name in Names.last_names))
# RFC 2606, section 3, reserves them: an address there is nobody's.
DOMAINS = pa.array(["@example.com", "@example.net", "@example.org"])
# So often are plain names drawn before a number tells namesakes apart.
PLAIN_ROUNDS = 5


class Knobs(Protocol):
    """What `synthesize` reads of the settings."""

    target_date: date
    seed: int
    match_rate: float
    wallet_payment_rate: float
    wallet_only_rate: float


def synthesize(
    orders: pd.DataFrame, order_items: pd.DataFrame, users: pd.DataFrame, settings: Knobs
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the provider's two tables from the merchant's three.

    Args:
        orders: order_id (integer, unique), user_id (integer), status (string), created_at (timestamp, UTC).
        order_items: order_id (integer), sale_price (float, US dollars).
        users: id (integer, unique), email (string), age (integer, years), city (string), created_at (timestamp, UTC).
        settings: the target date, the seed and the three rates.

    In the three frames every value but the unique ids may be missing, and further columns are left alone.

    Returns:
        provider_users: provider_user_id (int64, 1 to n), email (str), date_of_birth (date32[pyarrow]), city (str),
            account_tier (str), is_verified_user (bool), sorted by provider_user_id.
        transactions: transaction_id (str), order_id (int64), provider_user_id (int64), transaction_amount (float64,
            US dollars), transaction_timestamp (datetime64[us, UTC]), status (str), sorted by time, then order.
    """
    seed = settings.seed
    keys, latest_record, customer_of_user = find_customers(users)
    is_holder = smallest(draw(seed, "wallet", keys), share(settings.match_rate, len(keys)))
    holders = pd.DataFrame({"age": ages_of(users)[latest_record[is_holder]], "key": keys[is_holder]})
    holder_of_customer = np.append(np.where(is_holder, np.cumsum(is_holder) - 1, -1), -1)
    orders = find_orders(orders, order_items, pd.Series(holder_of_customer[customer_of_user], index=users["id"]))
    wallet_only = invent_people(keys, holders["age"], users["city"], settings)

    people = pd.concat([holders, wallet_only[["age", "key"]]], ignore_index=True)
    by_lot = draw(seed, "provider_user_id", people["key"]).argsort()
    provider_user_id = np.empty(len(people), dtype="int64")
    provider_user_id[by_lot] = np.arange(1, len(people) + 1)
    birthdays = draw(seed, "birthday", people["key"])
    tiers = np.append(holder_tiers(holders, orders, seed), wallet_only_tiers(wallet_only, seed))
    verified = np.append(verified_holders(holders, orders, seed), verified_wallet_only(wallet_only, seed))
    # Texts are moved about once only: at millions of people that is what takes the time.
    known = pd.concat([users[["email", "city"]].astype("str"), wallet_only[["email", "city"]]], ignore_index=True)
    known = known.take(np.append(latest_record[is_holder], np.arange(len(users), len(known)))[by_lot])
    provider_users = pd.DataFrame(
        {
            "provider_user_id": provider_user_id[by_lot],
            "email": known["email"].array,
            "date_of_birth": birth_dates(people["age"].to_numpy()[by_lot], settings.target_date, birthdays[by_lot]),
            "city": known["city"].array,
            "account_tier": pd.Series(TIERS.take(pa.array(tiers[by_lot])), dtype="str"),
            "is_verified_user": verified[by_lot],
        }
    )
    return provider_users, pay_orders(orders, provider_user_id, settings)


def draw(seed: int, purpose: str, keys: pd.Series | np.ndarray) -> np.ndarray:
    """Draw a uniform uint64 for each key (uint64): the same for the same seed, purpose and key, wherever it stands.

    The mixing function is SplitMix64's (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
    2014). It is a bijection: two keys never draw the same number, so that "the k smallest" is never a tie.
    """
    salt = hashlib.blake2b(f"{seed} {purpose}".encode(), digest_size=8).digest()
    mixed = np.asarray(keys).astype("uint64") * np.uint64(0x9E3779B97F4A7C15) + np.frombuffer(salt, "<u8")
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def fraction(draws: np.ndarray) -> np.ndarray:
    """Turn uint64 draws into float64 in [0, 1)."""
    return (draws >> np.uint64(11)) * 2.0**-53


def share(part: float, population: int) -> int:
    """How many of a population a share makes: rounded half up."""
    return int(np.floor(part * population + 0.5))


def smallest(draws: np.ndarray, k: int) -> np.ndarray:
    """Mark the k smallest draws (bool)."""
    marked = np.zeros(len(draws), dtype=bool)
    if k:
        marked[np.argpartition(draws, k - 1)[:k]] = True
    return marked


def rows_of(ids: pd.Series | pd.Index, wanted: pd.Series) -> np.ndarray:
    """Find the row of each wanted id (integer, may be missing), -1 where there is none."""
    ids = pd.to_numeric(ids).to_numpy("int64")
    missing = pd.to_numeric(wanted).isna().to_numpy()
    wanted = pd.to_numeric(wanted).astype("Int64").to_numpy("int64", na_value=NO_ID)
    if not len(ids):
        return np.full(len(wanted), -1)
    low, high = int(ids.min()), int(ids.max())
    if high - low > max(MOST_GAPS * len(ids), 1 << 20):
        return np.where(missing, -1, pd.Index(ids).get_indexer(wanted))
    # Ids that lie close together: a table of them is a dozen times faster than hashing, and its last entry is nobody's.
    rows = np.full(high - low + 2, -1)
    rows[ids - low] = np.arange(len(ids))
    return rows[np.where((wanted >= low) & (wanted <= high) & ~missing, wanted - low, -1)]


def pick(values: pd.Series, draws: np.ndarray) -> pd.Series:
    """Pick one of the values for each draw, each as often as it occurs; missing ones are never picked."""
    frequency = values.value_counts().sort_index()
    if frequency.empty:
        return pd.Series(index=range(len(draws)), dtype=values.dtype)
    upper = frequency.cumsum().to_numpy()
    chosen = np.searchsorted(upper, fraction(draws) * upper[-1], side="right")
    return pd.Series(frequency.index.take(chosen))


def email_keys(emails: pd.Series) -> np.ndarray:
    """Hash emails (str), without case and surrounding blanks, to uint64; a million clash once in 10^7 times."""
    names = emails.str.strip(BLANKS).str.lower()
    # Hashing wants Python's strings: made a few at a time, they stay in the processor's cache.
    parts = [names.iloc[start : start + 30_000] for start in range(0, max(len(names), 1), 30_000)]
    hashes = [pd.util.hash_array(part.to_numpy(dtype=object, na_value=""), categorize=False) for part in parts]
    return np.concatenate(hashes)


NO_EMAIL = email_keys(pd.Series([""], dtype="str"))[0]


def find_customers(users: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the people among the users: those who share an email are one.

    Returns:
        For each person the key (uint64) and the row of the most recent record; for each user the person, -1 for nobody.
    """
    all_keys = email_keys(users["email"].astype("str"))
    has_email = all_keys != NO_EMAIL
    customer_of_user = np.full(len(users), -1)
    keys, customer_of_user[has_email] = np.unique(all_keys[has_email], return_inverse=True)

    latest = np.empty(len(keys), dtype="int64")
    latest[customer_of_user[has_email]] = np.flatnonzero(has_email)
    # Of several records the last one stays; a missing time is the smallest integer.
    shared = np.flatnonzero(has_email & (np.bincount(customer_of_user + 1) > 1)[customer_of_user + 1])
    created_at = pd.to_datetime(users["created_at"].iloc[shared], utc=True).to_numpy("M8[us]").astype("int64")
    oldest_first = shared[np.lexsort((users["id"].iloc[shared], created_at))]
    latest[customer_of_user[oldest_first]] = oldest_first
    return keys, latest, customer_of_user


def ages_of(users: pd.DataFrame) -> np.ndarray:
    """Take the users' ages (float64, years)."""
    return pd.to_numeric(users["age"]).to_numpy("float64", na_value=np.nan)


def find_orders(orders: pd.DataFrame, order_items: pd.DataFrame, holder_of_user: pd.Series) -> pd.DataFrame:
    """Find the holders' orders and add up their items.

    Returns: the orders' order_id, status, created_at, and holder (row of the holder), items (number), amount (float64).
    """
    holder = np.append(holder_of_user.to_numpy(), -1)[rows_of(holder_of_user.index, orders["user_id"])]
    orders = orders.loc[holder >= 0, ["order_id", "status", "created_at"]].assign(holder=holder[holder >= 0])
    place = rows_of(orders["order_id"], order_items["order_id"])
    prices = pd.to_numeric(order_items["sale_price"]).to_numpy("float64", na_value=np.nan)[place >= 0]
    place = place[place >= 0]
    # Whole millionths add up exactly, in whatever order the items stand.
    micros = np.bincount(place, np.rint(np.nan_to_num(prices) * MICROS), minlength=len(orders))
    priced = np.bincount(place, ~np.isnan(prices), minlength=len(orders)) > 0
    return orders.assign(
        items=np.bincount(place, minlength=len(orders)),
        amount=np.where(priced, np.floor(micros / (MICROS / 100) + 0.5) / 100, np.nan),
    )


def invent_people(taken: np.ndarray, ages: pd.Series, cities: pd.Series, settings: Knobs) -> pd.DataFrame:
    """Invent the users whom the merchant does not know: email (str), city (str), age (float64), key (uint64)."""
    rate, seed = settings.wallet_only_rate, settings.seed
    emails, keys = invent_emails(int(np.floor(len(ages) * rate / (1 - rate) + 0.5)), taken, seed)
    ages = ages[ages >= ADULT]
    if ages.empty:
        ages = pd.Series(ADULT_AGES_OF_THELOOK, dtype="float64")
    return pd.DataFrame(
        {
            "email": emails,
            "city": pick(cities.astype("str"), draw(seed, "city", keys)),
            "age": pick(ages, draw(seed, "age", keys)),
            "key": keys,
        }
    )


def invent_emails(n: int, taken: np.ndarray, seed: int) -> tuple[pd.Series, np.ndarray]:
    """Invent n emails (str) as thelook builds them, with their keys: unique, and none of them taken."""
    emails, keys = pd.Series(dtype="str"), np.empty(0, dtype="uint64")
    number, attempt = np.arange(n), 0
    while len(emails) < n:
        parts = [
            names.take(pa.array((fraction(draw(seed, f"{part} {attempt}", number)) * len(names)).astype("int64")))
            for part, names in (("first name", FIRST_NAMES), ("last name", LAST_NAMES), ("domain", DOMAINS))
        ]
        parts.insert(2, "" if attempt < PLAIN_ROUNDS else str(attempt))
        emails = pd.concat([emails, pd.Series(pc.binary_join_element_wise(*parts, ""), dtype="str")])
        keys = np.append(keys, email_keys(emails.iloc[len(keys) :]))
        first = ~pd.Series(keys).duplicated().to_numpy()
        emails, keys = emails[first], keys[first]
        known = pd.Index(keys).get_indexer(taken)
        is_new = np.full(len(keys), True)
        is_new[known[known >= 0]] = False
        emails, keys = emails[is_new][:n], keys[is_new][:n]
        attempt += 1
    return emails.reset_index(drop=True), keys


def birth_dates(ages: np.ndarray, target_date: date, draws: np.ndarray) -> pd.Series:
    """Draw a birth date (date32[pyarrow]) for each age (years), so that it is reached exactly on the target date."""
    known = ~np.isnan(ages)
    years = ages[known].astype("int64")

    def birthday(age: np.ndarray) -> np.ndarray:
        """The birth date of who turns `age` on the target date; the last of its month where that is shorter."""
        month = ((target_date.year - age - 1970) * 12 + target_date.month - 1).astype("M8[M]")
        last_day = (month + np.timedelta64(1, "M")).astype("M8[D]") - np.timedelta64(1, "D")
        return np.minimum(month.astype("M8[D]") + np.timedelta64(target_date.day - 1, "D"), last_day)

    latest, too_old = birthday(years), birthday(years + 1)
    days = (latest - too_old).astype("int64")
    born = np.full(len(ages), np.datetime64("NaT", "D"))
    born[known] = latest - (fraction(draws[known]) * days).astype("m8[D]")
    return pd.Series(pa.array(born), dtype=pd.ArrowDtype(pa.date32()))


def holder_tiers(holders: pd.DataFrame, orders: pd.DataFrame, seed: int) -> np.ndarray:
    """Give the holders their account tiers (int8), which follow what they spend an order."""
    priced = orders["amount"].notna().to_numpy()
    holder, cents = orders["holder"].to_numpy()[priced], np.rint(orders["amount"].to_numpy()[priced] * 100)
    count = np.bincount(holder, minlength=len(holders))
    average = np.bincount(holder, cents, minlength=len(holders)) / np.where(count > 0, count, np.nan)
    spend = pd.Series(average).rank(pct=True, na_option="top").to_numpy()
    score = SPEND_WEIGHT * spend + (1 - SPEND_WEIGHT) * fraction(draw(seed, "account_tier", holders["key"]))
    return tiers_by(-score)


def wallet_only_tiers(wallet_only: pd.DataFrame, seed: int) -> np.ndarray:
    """Give those without an order their account tiers (int8), by draw."""
    return tiers_by(draw(seed, "account_tier", wallet_only["key"]))


def tiers_by(rank: np.ndarray) -> np.ndarray:
    """Make the lowest ranks Business, the next Premium and the rest Free, in exact shares: 2, 1 and 0 (int8)."""
    business, premium = share(BUSINESS_SHARE, len(rank)), share(PREMIUM_SHARE, len(rank))
    return smallest(rank, business).astype("int8") + smallest(rank, business + premium)


def verified_holders(holders: pd.DataFrame, orders: pd.DataFrame, seed: int) -> np.ndarray:
    """Mark the verified holders (bool): fewer among those with a refund, none among minors."""
    draws = draw(seed, "is_verified_user", holders["key"])
    adult = (holders["age"] >= ADULT).to_numpy()
    refund = holders.index.isin(orders.loc[orders["status"].isin(REFUNDS), "holder"])
    verified = np.zeros(len(holders), dtype=bool)
    for group, part in ((adult & ~refund, VERIFIED), (adult & refund, VERIFIED_DESPITE_REFUND)):
        verified[group] = smallest(draws[group], share(part, group.sum()))
    return verified


def verified_wallet_only(wallet_only: pd.DataFrame, seed: int) -> np.ndarray:
    """Mark the verified among the wallet-only users (bool), who are all adults."""
    draws = draw(seed, "is_verified_user", wallet_only["key"])
    return smallest(draws, share(VERIFIED_WALLET_ONLY, len(wallet_only)))


def pay_orders(orders: pd.DataFrame, provider_user_id: np.ndarray, settings: Knobs) -> pd.DataFrame:
    """Make the transactions: the given share of the holders' orders that have items."""
    rows = np.flatnonzero(orders["items"] > 0)
    draws = draw(settings.seed, "payment", orders["order_id"].to_numpy()[rows])
    rows = rows[smallest(draws, share(settings.wallet_payment_rate, len(rows)))]
    created_at = pd.to_datetime(orders["created_at"], utc=True).astype(TIMESTAMP)
    order_ids, times = orders["order_id"].to_numpy(), created_at.to_numpy("M8[us]")
    by_time = rows[np.lexsort((order_ids[rows], times[rows]))]  # a missing time comes last
    orders = orders.assign(created_at=created_at).take(by_time).reset_index(drop=True)
    return pd.DataFrame(
        {
            "transaction_id": uuids(settings.seed, orders["order_id"]),
            "order_id": orders["order_id"].astype("int64"),
            "provider_user_id": provider_user_id[orders["holder"]],
            "transaction_amount": orders["amount"],
            "transaction_timestamp": orders["created_at"],
            "status": orders["status"].astype("str"),
        }
    )


def uuids(seed: int, keys: pd.Series) -> pd.Series:
    """Draw a random UUID (str; RFC 9562, version 4) for each key."""
    halves = np.column_stack([draw(seed, f"transaction_id {half}", keys) for half in ("high", "low")])
    halves[:, 0] = halves[:, 0] & np.uint64(0xFFFFFFFFFFFF0FFF) | np.uint64(0x4000)
    halves[:, 1] = halves[:, 1] & np.uint64(0x3FFFFFFFFFFFFFFF) | np.uint64(0x8000000000000000)
    digits = np.frombuffer(halves.astype(">u8").tobytes().hex().encode(), dtype="S1").reshape(-1, 32)
    text = np.full((len(keys), 36), b"-", dtype="S1")
    text[:, np.delete(np.arange(36), [8, 13, 18, 23])] = digits
    offsets = np.arange(0, text.size + 1, 36, dtype="int64")
    array = pa.LargeStringArray.from_buffers(len(keys), pa.py_buffer(offsets), pa.py_buffer(text))
    return pd.Series(array, dtype="str")
