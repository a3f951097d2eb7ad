"""Keyed draws, against published numbers and against what can be counted by hand."""

import hashlib
import uuid

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcr_data_generator import draws

GAMMA = 0x9E3779B97F4A7C15


def test_draws_are_those_of_splitmix64() -> None:
    # The first outputs of SplitMix64 with seed 1234567, as rosettacode.org publishes them.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    salt = int.from_bytes(hashlib.sha256(b"42 payment").digest()[:8], "big")
    # SplitMix64 mixes seed + GAMMA, seed + 2 x GAMMA, ...; a draw mixes salt + key x GAMMA.
    first_key = (1234567 - salt) * pow(GAMMA, -1, 2**64)
    keys = np.array([(first_key + i) % 2**64 for i in range(1, 5)], dtype="uint64")
    assert draws.draw(42, "payment", keys.view("int64")).view("uint64").tolist() == published


@pytest.mark.parametrize("dtype", ["int64", "Int64", "int64[pyarrow]"])
def test_a_key_draws_the_same_number_in_every_place_and_dtype(dtype: str) -> None:
    keys = pd.Series([7, -1, 2**63 - 1], dtype=dtype)
    expected = draws.draw(1, "x", np.array([7, -1, 2**63 - 1]))
    assert draws.draw(1, "x", keys).tolist() == expected.tolist()
    assert draws.draw(1, "x", keys[::-1]).tolist() == expected[::-1].tolist()


def test_another_seed_and_another_purpose_draw_other_numbers() -> None:
    keys = np.arange(1000)
    numbers = [draws.draw(seed, purpose, keys) for seed, purpose in ((1, "x"), (2, "x"), (1, "y"))]
    assert len(np.unique(numbers)) == 3000


def test_draws_below_a_limit_are_uniform() -> None:
    numbers = draws.below(draws.draw(42, "x", np.arange(100_000)), 10)
    # 10,000 of each, give or take sqrt(100,000 x 0.1 x 0.9) = 95.
    assert np.abs(np.bincount(numbers, minlength=10) - 10_000).max() < 400


def test_draws_below_a_limit_are_the_remainders_of_their_63_lowest_bits() -> None:
    numbers = np.array([0, 11, 2**63 - 1, -(2**63), -1])
    # 2^63 - 1 is 807 modulo 1000; the sign of a draw is its highest bit.
    assert draws.below(numbers, 1000).tolist() == [0, 11, 807, 0, 807]


def test_places_follow_the_first_rank_and_where_that_is_a_tie_the_next() -> None:
    assert draws.places(np.array([5, 3, 5, 3]), np.array([1, 9, 0, 8])).tolist() == [4, 2, 3, 1]


@pytest.mark.parametrize(
    ("part", "population", "count"),
    [(0.5, 4, 2), (0.5, 5, 3), (0.3, 7, 2), (0.25, 10, 3), (0.01, 49, 0), (0.01, 50, 1), (0, 7, 0), (1, 7, 7)],
)
def test_shares_round_half_up(part: float, population: int, count: int) -> None:
    assert draws.share(part, population) == count


@given(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True), st.data())
def test_smallest_marks_exactly_the_k_smallest(numbers: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(numbers)))
    marked = draws.smallest(np.array(numbers, dtype="int64"), k)
    assert {number for number, mark in zip(numbers, marked, strict=True) if mark} == set(sorted(numbers)[:k])


def test_values_are_picked_as_often_as_they_occur_and_missing_ones_never() -> None:
    # Of three draws one is Oslo, and two are Rome.
    values = pd.Series(["Rome", None, "Oslo", "Rome", None], dtype="str")
    picked = draws.pick(values, np.array([0, 3, 4, 5]))
    assert picked.to_list() == ["Oslo", "Oslo", "Rome", "Rome"]
    assert picked.dtype == "str"


def test_labels_are_picked_as_often_as_they_weigh() -> None:
    picked = draws.pick_by_weight(pd.Series({"Oslo": 1, "Rome": 2}), np.array([0, 1, 2, 3, 2**63 - 1]))
    # 2^63 - 1 is 1 modulo 3.
    assert picked.to_list() == ["Oslo", "Rome", "Rome", "Oslo", "Rome"]


@pytest.mark.parametrize("values", [[], [None, None]])
def test_from_no_values_missing_ones_are_picked(values: list[None]) -> None:
    picked = draws.pick(pd.Series(values, dtype="str"), np.array([1, 2, 3]))
    assert picked.isna().to_list() == [True] * 3
    assert picked.dtype == "str"


def test_uuids_are_unique_and_random() -> None:
    texts = draws.uuid(42, "x", pd.Series(range(2000)))
    uuids = [uuid.UUID(text) for text in texts]
    assert [str(each) for each in uuids] == texts.to_list()
    assert len(set(uuids)) == 2000
    assert {(each.version, each.variant) for each in uuids} == {(4, uuid.RFC_4122)}
    # Each of the 122 free bits is set in half of them, give or take sqrt(0.25 / 2000) = 0.011.
    bits = [sum(each.int >> bit & 1 for each in uuids) / 2000 for bit in range(128)]
    assert sum(0.44 < share < 0.56 for share in bits) == 122
    # The two halves are unrelated.
    free = (*range(12), *range(16, 62))
    alike = [sum(~(each.int >> bit ^ each.int >> bit + 64) & 1 for each in uuids) / 2000 for bit in free]
    assert all(0.44 < share < 0.56 for share in alike)


@pytest.mark.parametrize("size", [0, 1])
def test_there_are_as_many_uuids_as_keys(size: int) -> None:
    uuids = draws.uuid(42, "x", pd.Series(range(size)))
    assert (len(uuids), uuids.dtype) == (size, "str")
