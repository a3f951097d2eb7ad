"""Keyed random numbers: the same for the same seed, purpose and key, whatever else is drawn.

A key is the entity's own: a person's user ID, an order's ID. So a draw depends neither on the order of the rows nor on
other columns. All is integer arithmetic, which sql/provider/ does alike, bit for bit.
"""

import hashlib
import math

import numpy as np
import pandas as pd
import pyarrow as pa

MAX_INT64 = 2**63 - 1


def draw(seed: int, purpose: str, keys: pd.Series | np.ndarray) -> np.ndarray:
    """Draw a uniform number of 64 bits (int64) for each key (integer, none missing).

    The mixing function is SplitMix64's (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
    2014). It is a bijection: two keys never draw the same number, so that "the k smallest" is never a tie.
    """
    mixed = np.asarray(keys).astype("int64").view("uint64") * np.uint64(0x9E3779B97F4A7C15) + np.uint64(
        salt(seed, purpose)
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))).view("int64")


def salt(seed: int, purpose: str) -> int:
    """What tells the draws of a seed and purpose from those of another: 64 bits."""
    return int.from_bytes(hashlib.sha256(f"{seed} {purpose}".encode()).digest()[:8])


def below(draws: np.ndarray, limit: int | np.ndarray) -> np.ndarray:
    """Turn draws (int64) into integers (int64) from 0 up to, but not including, the limit."""
    return (draws & MAX_INT64) % limit


def round_half_up(number: float) -> int:
    """Round to the nearest integer, halves up."""
    return math.floor(number + 0.5)


def share(part: float, population: int) -> int:
    """How many of a population a share (0 to 1) makes, rounded half up."""
    return round_half_up(part * population)


def smallest(ranks: np.ndarray, k: int) -> np.ndarray:
    """Mark the k smallest (bool) of some draws or scores."""
    marked = np.zeros(len(ranks), dtype=bool)
    if k:
        marked[np.argpartition(ranks, k - 1)[:k]] = True
    return marked


def places(*ranks: np.ndarray) -> np.ndarray:
    """Number the rows from 1 by their ranks (int64): by the first, and where that is a tie by the next."""
    numbers = np.empty(len(ranks[0]), dtype="int64")
    numbers[np.lexsort(ranks[::-1])] = np.arange(1, len(numbers) + 1)
    return numbers


def pick(values: pd.Series, draws: np.ndarray) -> pd.Series:
    """Pick a value for each draw (int64), each value as often as it occurs. Missing values are never picked.

    Returns: as many values as draws, numbered from 0, in the dtype of `values`; all missing if there are none to pick.
    """
    frequency = values.value_counts().sort_index()
    if frequency.empty:
        return pd.Series(index=range(len(draws)), dtype=values.dtype)
    return pick_by_weight(frequency, draws)


def pick_by_weight(weights: pd.Series, draws: np.ndarray) -> pd.Series:
    """Pick a label of some weights (integer) for each draw (int64), each as often as it weighs, numbered from 0."""
    upper = weights.cumsum().to_numpy()
    chosen = np.searchsorted(upper, below(draws, upper[-1]), side="right")
    return pd.Series(weights.index.take(chosen))


def uuid(seed: int, purpose: str, keys: pd.Series) -> pd.Series:
    """Draw a random UUID (str; RFC 9562, version 4) for each key (integer, none missing), numbered from 0."""
    high, low = (draw(seed, f"{purpose} {half}", keys).view("uint64") for half in ("high", "low"))
    # Four bits are the version and two the variant.
    high = high & np.uint64(0xFFFFFFFFFFFF0FFF) | np.uint64(0x4000)
    low = low & np.uint64(0x3FFFFFFFFFFFFFFF) | np.uint64(0x8000000000000000)
    digits = np.column_stack([high, low]).astype(">u8").tobytes().hex().encode()
    characters = np.insert(np.frombuffer(digits, "u1").reshape(-1, 32), [8, 12, 16, 20], ord("-"), axis=1)
    return pd.Series(pa.array(np.frombuffer(characters.tobytes(), "S36")).cast("large_string"), dtype="str")
