"""The rules: how the provider's two tables are made from the merchant's three, column by column.

`synthesize` is pure: frames in, frames out. All that is random is drawn with draws.py. Shares are exact: of a group,
those with the smallest draws win. sql/provider/ has the same rules in GoogleSQL, and makes the same tables.
"""

from datetime import date

import numpy as np
import pandas as pd

from dcr_data_generator.draws import MAX_INT64, below, draw, pick, places, round_half_up, share, smallest, uuid
from dcr_data_generator.people import find_customers, hash_emails, invent_people
from dcr_data_generator.settings import Draws

# The columns that are read, and the dtypes they are worked with in.
ORDERS = {"order_id": "int64", "user_id": "Int64", "status": "str", "created_at": "datetime64[us, UTC]"}
ORDER_ITEMS = {"order_id": "Int64", "sale_price": "float64"}
USERS = {"id": "int64", "email": "str", "age": "float64", "city": "str", "created_at": "datetime64[us, UTC]"}

ADULT_AGE = 18
# The ages of thelook's adults, for when no holder is one.
ADULT_AGES = pd.Series(range(ADULT_AGE, 71), dtype="float64")
REFUNDS = ["cancelled", "returned"]
TIERS = pd.Series(["Free", "Premium", "Business"], dtype="str")
PREMIUM_SHARE, BUSINESS_SHARE = 0.22, 0.08
# In fifths: 0.6 and 0.4.
SPEND_WEIGHT, DRAW_WEIGHT = 3, 2
VERIFIED, VERIFIED_DESPITE_REFUND, VERIFIED_WALLET_ONLY = 0.94, 0.55, 0.85
MICROS_PER_CENT = 10_000
# The bits of a draw that count in a score; with 24, a billion holders' scores are below 2^63.
SCORE_BITS = 24


def synthesize(
    orders: pd.DataFrame,
    order_items: pd.DataFrame,
    users: pd.DataFrame,
    draws: Draws,
    target_date: date,
    scale: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the provider's two tables from the merchant's three.

    Every value but the unique IDs may be missing. Further columns are ignored.

    Args:
        orders: order_id (integer, unique), user_id (integer), status (string), created_at (timestamp, UTC).
        order_items: order_id (integer), sale_price (float, US dollars).
        users: id (integer, unique), email (string), age (integer, years), city (string), created_at (timestamp, UTC).
        draws: the seed and the three rates.
        target_date: the day on which a holder is as old as the merchant says.
        scale: how often the merchant's snapshot is repeated; its emails have six digits then.

    Returns:
        provider_users: provider_user_id (int64, 1 to n), email (str), date_of_birth (date32[pyarrow]), city (str),
            account_tier (str), is_verified_user (bool), sorted by provider_user_id.
        transactions: transaction_id (str), order_id (int64), provider_user_id (int64), transaction_amount (float64,
            US dollars), transaction_timestamp (datetime64[us, UTC]), status (str), sorted by time, then order.
    """
    seed = draws.seed
    orders, order_items, users = read(orders, ORDERS), read(order_items, ORDER_ITEMS), read(users, USERS)
    users["person"] = hash_emails(users["email"])

    people = find_people(users, draws, scale)
    people["provider_user_id"] = provider_user_id(people, seed)
    orders = find_orders(orders, order_items, users, people)
    payments = find_payments(orders, draws)
    provider_users = pd.DataFrame(
        {
            "provider_user_id": people["provider_user_id"],
            "email": email(people),
            "date_of_birth": date_of_birth(people, target_date, seed),
            "city": city(people, users, seed),
            "account_tier": account_tier(people, orders, seed),
            "is_verified_user": is_verified_user(people, orders, seed),
        }
    )
    transactions = pd.DataFrame(
        {
            "transaction_id": transaction_id(payments, seed),
            "order_id": order_id(payments),
            "provider_user_id": payer_id(payments),
            "transaction_amount": transaction_amount(payments),
            "transaction_timestamp": transaction_timestamp(payments),
            "status": status(payments),
        }
    )
    return provider_users.sort_values("provider_user_id", ignore_index=True), transactions


def read(frame: pd.DataFrame, dtypes: dict[str, str]) -> pd.DataFrame:
    """Take some columns in their dtypes, with rows numbered from 0."""
    return frame[list(dtypes)].astype(dtypes).reset_index(drop=True)


# Who is in provider_users, and which orders are in transactions


def find_people(users: pd.DataFrame, rates: Draws, scale: int) -> pd.DataFrame:
    """Find the rows of provider_users: wallet holders and wallet-only users.

    The holders are that share of the customers which match_rate says. The wallet-only users, whom we invent, are so
    many that they make up the share wallet_only_rate of the table.

    Returns: email (str), city (str) and age (float64), as in the merchant's most recent record of a holder; person
    (uint64), the hash of the email; key (int64), of which is drawn; is_wallet_only (bool). Wallet-only users have
    neither city nor age yet.
    """
    customers = find_customers(users)
    draws = draw(rates.seed, "wallet", customers["key"])
    is_holder = smallest(draws, share(rates.match_rate, len(customers)))
    holders = customers.loc[is_holder, ["email", "city", "age", "person", "key"]]
    rate = rates.wallet_only_rate
    n = round_half_up(len(holders) * rate / (1 - rate))
    wallet_only = invent_people(n, customers["person"], rates.seed, scale)
    return pd.concat([holders.assign(is_wallet_only=False), wallet_only.assign(is_wallet_only=True)], ignore_index=True)


def find_orders(
    orders: pd.DataFrame, order_items: pd.DataFrame, users: pd.DataFrame, people: pd.DataFrame
) -> pd.DataFrame:
    """Find the holders' orders and add up their items.

    Returns: order_id, status and created_at of the order; provider_user_id (int64) of the holder; has_items (bool);
    cents (float64, missing if no item has a price).
    """
    payers = users[["id", "person"]].merge(people[["person", "provider_user_id"]], on="person")
    orders = orders.merge(payers, left_on="user_id", right_on="id")
    # thelook's prices are whole cents with noise. Whole millionths add up exactly, in whatever order the items stand.
    micros = np.floor(order_items["sale_price"] * (100 * MICROS_PER_CENT) + 0.5)
    micros_of_order = micros.groupby(order_items["order_id"]).sum(min_count=1)
    return orders.assign(
        has_items=orders["order_id"].isin(micros_of_order.index),
        cents=np.floor(orders["order_id"].map(micros_of_order) / MICROS_PER_CENT + 0.5),
    )


def find_payments(orders: pd.DataFrame, rates: Draws) -> pd.DataFrame:
    """Find the rows of transactions: of the holders' orders that have items, the share wallet_payment_rate.

    Returns: those orders, with their columns, sorted by time, then order. Those of unknown time come last.
    """
    orders = orders[orders["has_items"]]
    draws = draw(rates.seed, "payment", orders["order_id"])
    payments = orders[smallest(draws, share(rates.wallet_payment_rate, len(orders)))]
    return payments.sort_values(["created_at", "order_id"], ignore_index=True)


# The columns of provider_users


def provider_user_id(people: pd.DataFrame, seed: int) -> pd.Series:
    """1 to n (int64) by draw, which tells nothing about the merchant's IDs or about who is wallet-only."""
    draws = draw(seed, "provider_user_id", people["key"])
    # A merchant may have users with negative IDs, like the keys of wallet-only users.
    return pd.Series(places(draws, people["is_wallet_only"].to_numpy().astype("int64")))


def email(people: pd.DataFrame) -> pd.Series:
    """The holder's email as the merchant's most recent record has it, or an invented one: the join key (str)."""
    return people["email"]


def date_of_birth(people: pd.DataFrame, target_date: date, seed: int) -> pd.Series:
    """A day (date32[pyarrow]) that makes the person's age exact on the target date; missing if the age is unknown.

    Holders are as old as the merchant says; wallet-only users are as old as the adult holders are, by draw.
    """
    adult_ages = people["age"][people["age"] >= ADULT_AGE]
    age = people["age"].copy()
    keys = people.loc[people["is_wallet_only"], "key"]
    age[keys.index] = pick(ADULT_AGES if adult_ages.empty else adult_ages, draw(seed, "age", keys)).array
    age = age.dropna().astype("int64")
    latest, day_before_earliest = birthday(age, target_date), birthday(age + 1, target_date)
    days = (latest - day_before_earliest).astype("int64")
    days_earlier = below(draw(seed, "birthday", people["key"][age.index]), days)
    born = pd.Series(latest - days_earlier.astype("m8[D]"), index=age.index)
    return born.reindex(people.index).astype("date32[pyarrow]")


def birthday(age: pd.Series, target_date: date) -> np.ndarray:
    """The latest birth date (datetime64[D]) of those who are of that age (int64, years) on the target date.

    For 29 February this is 28 February in a year that has no other.
    """
    day, month = np.timedelta64(1, "D"), np.timedelta64(1, "M")
    birth_month = np.datetime64(target_date, "M") - 12 * age.to_numpy() * month
    last_day = (birth_month + month).astype("M8[D]") - day
    return np.minimum(birth_month.astype("M8[D]") + (target_date.day - 1) * day, last_day)


def city(people: pd.DataFrame, users: pd.DataFrame, seed: int) -> pd.Series:
    """The holder's city as the merchant's most recent record has it (str).

    For wallet-only users one of the merchant's cities, each as often as it occurs.
    """
    keys = people.loc[people["is_wallet_only"], "key"]
    cities = people["city"].copy()
    cities[keys.index] = pick(users["city"], draw(seed, "city", keys)).array
    return cities


def account_tier(people: pd.DataFrame, orders: pd.DataFrame, seed: int) -> pd.Series:
    """Business for the highest scores, Premium for the next, Free for the rest (str), in exact shares.

    A holder's score is the weighted sum of a percentile and a draw. The percentile is that of the average value of the
    holder's orders that have items, paid or not, in whole cents; those with the same average share a place, and without
    any it is the lowest. Where scores are equal, the higher draw wins. Holders under 18 or of unknown age rank below
    all adults. Wallet-only users are ranked by draw.
    """
    draws = draw(seed, "account_tier", people["key"])
    is_wallet_only = people["is_wallet_only"].to_numpy()
    average_order = np.floor(orders.groupby("provider_user_id")["cents"].mean())
    place = people.loc[~is_wallet_only, "provider_user_id"].map(average_order).rank(na_option="top")
    # All times five, twice the number of holders, and 2^SCORE_BITS: an integer.
    spend = SPEND_WEIGHT * (2 * place.to_numpy()).astype("int64") << SCORE_BITS
    luck = DRAW_WEIGHT * 2 * len(place) * ((draws[~is_wallet_only] & MAX_INT64) >> (63 - SCORE_BITS))
    is_minor = ~(people.loc[~is_wallet_only, "age"] >= ADULT_AGE).to_numpy()
    tiers = np.zeros(len(people), dtype="int64")
    tiers[~is_wallet_only] = tiers_by_rank(places(is_minor, -(spend + luck), -draws[~is_wallet_only]))
    tiers[is_wallet_only] = tiers_by_rank(draws[is_wallet_only])
    return TIERS.take(tiers).reset_index(drop=True)


def tiers_by_rank(ranks: np.ndarray) -> np.ndarray:
    """Number the tiers (int64) of a group: the lowest ranks are Business (2), the next Premium (1), the rest Free."""
    business, premium = share(BUSINESS_SHARE, len(ranks)), share(PREMIUM_SHARE, len(ranks))
    return smallest(ranks, business).astype("int64") + smallest(ranks, business + premium)


def is_verified_user(people: pd.DataFrame, orders: pd.DataFrame, seed: int) -> pd.Series:
    """Whether the provider has verified who the user is (bool), in exact shares of three groups.

    The groups are the adult holders without a refund among their orders, those with one, of whom fewer are verified,
    and the wallet-only users. Nobody under 18 or of unknown age is verified.
    """
    draws = draw(seed, "is_verified_user", people["key"])
    refunds = orders.loc[orders["status"].str.lower().isin(REFUNDS), "provider_user_id"]
    has_refund = people["provider_user_id"].isin(refunds)
    is_adult_holder = people["age"] >= ADULT_AGE
    verified = pd.Series(False, index=people.index)
    for group, part in (
        (is_adult_holder & ~has_refund, VERIFIED),
        (is_adult_holder & has_refund, VERIFIED_DESPITE_REFUND),
        (people["is_wallet_only"], VERIFIED_WALLET_ONLY),
    ):
        verified[group] = smallest(draws[group], share(part, group.sum()))
    return verified


# The columns of transactions


def transaction_id(payments: pd.DataFrame, seed: int) -> pd.Series:
    """A random UUID, the provider's own (str)."""
    return uuid(seed, "transaction_id", payments["order_id"])


def order_id(payments: pd.DataFrame) -> pd.Series:
    """The merchant's ID of the order: the join key (int64)."""
    return payments["order_id"]


def payer_id(payments: pd.DataFrame) -> pd.Series:
    """The provider_user_id of the holder whose order it is (int64)."""
    return payments["provider_user_id"]


def transaction_amount(payments: pd.DataFrame) -> pd.Series:
    """The sum of the order's sale prices, in US dollars, rounded to cents (float64); missing if all prices are."""
    return payments["cents"] / 100


def transaction_timestamp(payments: pd.DataFrame) -> pd.Series:
    """When the order was created (datetime64[us, UTC])."""
    return payments["created_at"]


def status(payments: pd.DataFrame) -> pd.Series:
    """The order's status, whatever it is (str)."""
    return payments["status"]
