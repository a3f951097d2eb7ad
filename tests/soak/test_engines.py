"""Both engines of step 2 make the same tables: many seeds, sizes of buckets, snapshots, and odd merchants.

    uv run pytest -m soak tests/soak/test_engines.py

This takes about a quarter of an hour. THELOOK=folder adds your own export of thelook, all of its days.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from dcr_data_generator import snapshot
from dcr_data_generator.verify import ownership, source
from dcr_data_generator.warehouse.embedded import csv_export, thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import engines
from tests.support.engines import FEW_BUCKETS, GREATEST, LEAST, MANY_BUCKETS, TIME, Row, assert_engines_agree
from tests.support.settings import make_settings, on, window_of

pytestmark = pytest.mark.soak

SEEDS = [0, 1, 2, 3, 7, 42, 2**31, 2**63 - 1, 2**64 + 1, 10**30]
SIZES = [{}, FEW_BUCKETS, MANY_BUCKETS, {2**52: 2**56, 4096: 7, 65_536: 1_000, 65_535: 999, 2**20: 10**7}]
# Each seed with one of the sizes: with ten seeds, a size comes twice or three times.
SEEDS_AND_SIZES = list(zip(SEEDS, itertools.cycle(SIZES), strict=False))
RATES = {"match_rate": 0.5, "wallet_payment_rate": 0.35, "wallet_only_rate": 0.9}


def days_of(export: Path) -> Row:
    """The settings for all days of an export."""
    times = csv_export.read(export, thelook.SCHEMAS)["orders"]["created_at"]
    first, last = times.min().date(), times.max().date()
    return {"source": export, "target_date": last, "days": (last - first).days + 1}


@pytest.fixture(scope="module", params=["a day", "30 days", "an export"])
def window(request: pytest.FixtureRequest, connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with a snapshot."""
    if request.param == "an export" and "THELOOK" not in os.environ:
        pytest.skip("THELOOK names no export of thelook")
    knobs: Row = {"30 days": {"days": 30, "target_date": "2025-09-24"}}.get(request.param, {})
    if request.param == "an export":
        knobs = days_of(Path(os.environ["THELOOK"]))
    settings = make_settings(**knobs)
    place = on(connect(f"engines-{request.param.replace(' ', '-')}"), **knobs)
    if content := thelook.missing_source(place.client, settings.snapshot.source):
        thelook.load(place.client, content)
    source.check(place, settings.snapshot, settings.draws, settings.result.engine)
    ownership.create_datasets(place)
    snapshot.take(place, window_of(settings))
    return place


@pytest.mark.parametrize(("seed", "sizes"), SEEDS_AND_SIZES)
def test_of_a_snapshot_both_engines_make_the_same_tables(
    seed: int, sizes: Mapping[int, int], window: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.resize_buckets(monkeypatch, sizes)
    assert len(assert_engines_agree(window, seed=seed)["provider_users"]) > 100


@pytest.fixture(scope="module")
def odd(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with the snapshot of an odd merchant."""
    place = connect("engines-odd")
    engines.fill_merchant(place, *engines.odd_merchant())
    return place


@pytest.mark.parametrize(("seed", "sizes"), SEEDS_AND_SIZES)
def test_of_an_odd_merchant_and_few_names_both_engines_make_the_same_tables(
    seed: int, sizes: Mapping[int, int], odd: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.use_few_names(monkeypatch)
    engines.resize_buckets(monkeypatch, sizes)
    assert_engines_agree(odd, seed=seed, **RATES)


# Odd merchants

IDS = st.sampled_from([LEAST, LEAST + 1, -2, -1, 0, 1, 2, GREATEST - 1, GREATEST]) | st.integers(LEAST, GREATEST)
TEXTS = st.sampled_from(["Paris", "null", "", "São Paulo", "東京"]) | st.text(
    st.characters(exclude_categories=["C"]), max_size=3
)
EMAILS = st.builds("{}@{}".format, st.sampled_from("abcdef"), st.sampled_from(["shop.example", "example.com"])) | (
    st.sampled_from(["ann@shop.example", " ANN@shop.example\r\n", "Zoë@shop.example", " \t", "", None])
)
TIMES = st.sampled_from([TIME, datetime(1, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)])
STATUSES = st.sampled_from(["Complete", "Cancelled", "returned", "", "never heard of"])
# Few prices, so that there are ties; single-precision noise, halves of a millionth and of a cent, and large sums.
PRICES = st.sampled_from([10.0, 24.989999771118164, 0.0, -3.337, 0.0000005, 0.005, 1.115, 1e8]) | st.floats(-1e6, 1e6)
USERS = st.fixed_dictionaries(
    {"id": IDS, "email": EMAILS}, optional={"age": st.integers(0, 150), "city": TEXTS, "created_at": TIMES}
)


@st.composite
def merchants(draw: st.DrawFn) -> tuple[list[Row], list[Row], list[Row]]:
    """Orders, items and users; most orders are of users, and most items of orders."""
    users = draw(st.lists(USERS, min_size=8, max_size=12, unique_by=lambda user: user["id"]))
    buyers = st.sampled_from([user["id"] for user in users]) | IDS
    order = st.fixed_dictionaries(
        {"order_id": IDS, "user_id": buyers}, optional={"status": STATUSES, "created_at": TIMES}
    )
    orders = draw(st.lists(order, min_size=8, max_size=12, unique_by=lambda order: order["order_id"]))
    bought = st.sampled_from([order["order_id"] for order in orders]) | IDS | st.none()
    item = st.fixed_dictionaries({"order_id": bought}, optional={"sale_price": PRICES})
    return orders, draw(st.lists(item, min_size=8, max_size=20)), users


KNOBS = st.fixed_dictionaries(
    {
        "seed": st.sampled_from(SEEDS),
        "match_rate": st.sampled_from([1, 0.9, 0.7, 0.5]),
        "wallet_payment_rate": st.sampled_from([1, 0.8, 0.35]),
        "wallet_only_rate": st.sampled_from([0.5, 0.2, 0.9, 0]),
        "target_date": st.sampled_from(["2024-02-29", "2025-03-01", "2025-12-31"]),
    }
)


@pytest.fixture(scope="module")
def few_names() -> Iterator[None]:
    """Leave few names."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        engines.use_few_names(monkeypatch)
        yield


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(merchants(), KNOBS, st.sampled_from(SIZES))
def test_of_any_merchant_both_engines_make_the_same_tables(
    connect: Callable[[str], Warehouse],
    few_names: None,
    merchant: tuple[list[Row], list[Row], list[Row]],
    knobs: Row,
    sizes: Mapping[int, int],
) -> None:
    place = connect("engines-any")
    engines.fill_merchant(place, *merchant)
    with pytest.MonkeyPatch.context() as monkeypatch:
        engines.resize_buckets(monkeypatch, sizes)
        assert_engines_agree(place, **knobs)
