"""The whole run, by its steps: on the embedded engine, and with a slow line between the client and an emulator."""

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from dcr_data_generator.commands import group
from dcr_data_generator.warehouse.connect import connect
from dcr_data_generator.warehouse.embedded import sample, thelook
from tests.benchmarks import merchant
from tests.support import emulator
from tests.support.proxy import Proxy
from tests.support.settings import make_settings

LATENCY = 0.3  # seconds


@contextmanager
def filled_directory(frames: dict[str, pd.DataFrame] | None = None) -> Iterator[Path]:
    """Make a data directory whose source is these tables, all in September 2025, or the sample."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "bigquery"
        with connect(make_settings(embedded_dir=directory, timeout=600).place) as place:
            # Under the label of the sample, so that a run leaves it as it is.
            thelook.load(place.client, thelook.Content(sample.VERSION, frames or sample.generate()))
        yield directory


def source(orders: int) -> dict[str, pd.DataFrame]:
    """A source of that size; the columns that the merchant lacks are those of the sample, over and over."""
    frames = dict(zip(("orders", "order_items", "users"), merchant.make(orders), strict=True))
    small = sample.generate()
    frames["order_items"]["id"] = np.arange(1, len(frames["order_items"]) + 1)
    return {name: fill_up(frame, small[name]) for name, frame in frames.items()}


def shop(emails: int) -> dict[str, pd.DataFrame]:
    """A source of 60,000 orders and 12,000 users with so many emails: an anonymized export has one for all."""
    frames = source(60_000)
    for name in ("orders", "order_items"):
        frames[name]["user_id"] = frames[name]["user_id"] % 12_000 + 1
    users = frames["users"][:12_000]
    numbers = (users["id"] % emails).astype("str")
    return frames | {"users": users.assign(email="customer" + numbers + "@shop.example")}


def fill_up(frame: pd.DataFrame, small: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that only the small frame has."""
    rows = np.resize(np.arange(len(small)), len(frame))
    lacking = small.drop(columns=[name for name in small if name in frame])
    return pd.concat([frame, lacking.take(rows).reset_index(drop=True)], axis=1)


def rehearse(directory: Path) -> float:
    """Rehearse the clean room of what a run has made; returns how long it took."""
    start = time.perf_counter()
    status, _, errors = emulator.run_here("rehearse", "--embedded-dir", str(directory), command=group.main)
    assert status == 0, errors
    return time.perf_counter() - start


def run(directory: Path, *flags: str, **environment: str) -> tuple[float, dict[str, float]]:
    """Run the program; returns how long it took in all, and each of its steps."""
    start = time.perf_counter()
    report = {"DCR_NO_REPORT": "", "DCR_REPORT": str(directory.with_name("report.html"))}
    status, output, errors = emulator.run_program("--embedded-dir", str(directory), *flags, **report | environment)
    took = time.perf_counter() - start
    assert status == 0, errors
    return took, {title: float(seconds) for title, seconds in re.findall(r"^✓ (.*) \((.*) s\)$", output, re.MULTILINE)}


class Line(NamedTuple):
    """A run over a slow line: its time, that of its requests one after the other, and how many waited for another."""

    took: float
    one_after_another: float
    requests: int
    jobs: int
    waves_of_jobs: int


def run_over_a_slow_line(directory: Path) -> Line:
    """Run the program against an emulator, with the latency added to every request."""
    with emulator.running(directory) as url, Proxy(url, latency=LATENCY) as proxy:
        took, _ = run(directory, "--write-project-id", "slow-line", BIGQUERY_EMULATOR_HOST=proxy.url)
        each = [request.end - request.start for request in proxy.requests]
        jobs = [request for request in proxy.requests if request.inserts]
    return Line(took, sum(each), len(each), len(jobs), waves([(job.start, job.end) for job in jobs]))


def waves(spans: list[tuple[float, float]]) -> int:
    """The most jobs that followed one another, each begun only after the one before had been answered."""
    count, last_end = 0, float("-inf")
    for start, end in sorted(spans, key=lambda span: span[1]):
        if start >= last_end:
            count, last_end = count + 1, end
    return count
