"""Keyed random numbers: the same for the same seed, purpose and key, whatever else is drawn.

A key is the entity's own: a person's email as a number, an order's ID. So a draw depends neither on the order of the
rows nor on other columns.
"""

import hashlib
import math

import numpy as np
import pandas as pd
import pyarrow as pa


def draw(seed: int, purpose: str, keys: pd.Series | np.ndarray) -> np.ndarray:
    """Draw a uniform number (uint64) for each key (integer, none missing).

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
    """Turn draws (uint64) into fractions (float64) from 0 up to, but not including, 1."""
    # A float64 has 53 bits.
    return (draws >> np.uint64(11)) * 2.0**-53


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


def pick(values: pd.Series, draws: np.ndarray) -> pd.Series:
    """Pick a value for each draw (uint64), each value as often as it occurs. Missing values are never picked.

    Returns: as many values as draws, numbered from 0, in the dtype of `values`; all missing if there are none to pick.
    """
    frequency = values.value_counts().sort_index()
    if frequency.empty:
        return pd.Series(index=range(len(draws)), dtype=values.dtype)
    upper = frequency.cumsum().to_numpy()
    chosen = np.searchsorted(upper, fraction(draws) * upper[-1], side="right")
    return pd.Series(frequency.index.take(chosen))


def uuid(seed: int, purpose: str, keys: pd.Series) -> pd.Series:
    """Draw a random UUID (str; RFC 9562, version 4) for each key (integer, none missing), numbered from 0."""
    high, low = (draw(seed, f"{purpose} {half}", keys) for half in ("high", "low"))
    # Four bits are the version and two the variant.
    high = high & np.uint64(0xFFFFFFFFFFFF0FFF) | np.uint64(0x4000)
    low = low & np.uint64(0x3FFFFFFFFFFFFFFF) | np.uint64(0x8000000000000000)
    digits = np.column_stack([high, low]).astype(">u8").tobytes().hex().encode()
    text = pd.Series(pa.array(np.frombuffer(digits, "S32")).cast("large_string"), dtype="str").str
    return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
