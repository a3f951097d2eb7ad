"""Prints the benchmarks as one Markdown table, which the README shows."""

import io
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
from pyarrow import parquet

from dcr_data_generator.synthesis import synthesize
from tests.benchmarks import live, measure, merchant, row_by_row, whole_run
from tests.support.settings import make_settings

DRAWS, TARGET_DATE = make_settings().draws, date(2025, 9, 30)
# TPC-H has so many orders at scale factor 1 (TPC-H specification, section 4.2.5).
ORDERS_OF_TPCH = 1_500_000


def write(tables: tuple[pd.DataFrame, ...]) -> None:
    """Write tables to Parquet in memory."""
    for table in tables:
        table.to_parquet(io.BytesIO(), index=False)


def machine() -> str:
    """The machine, as the table's caption."""
    model = [line.split(":")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} cores ({model[0].strip()}), {memory} GiB, Python {platform.python_version()}"


def synthesis(orders: int) -> Iterator[tuple[str, str, str]]:
    """The synthesis against the row-by-row generator, and at a million orders against the floor and tpchgen-cli."""
    frames = merchant.make(orders)
    million = orders == 1_000_000
    ours, rows = measure.side_by_side(
        lambda: synthesize(*frames, DRAWS, TARGET_DATE), lambda: row_by_row.generate(*frames, DRAWS, TARGET_DATE)
    )
    speed = f"{orders / statistics.median(ours):,.0f} against {orders / statistics.median(rows):,.0f} orders a second"
    target = "at least 15 times" if million else ""
    yield (
        f"`synthesize`, {orders:,} orders, against row by row",
        f"{measure.ratio(rows, ours):.1f} times: {speed}",
        target,
    )
    if not million:
        return
    made = synthesize(*frames, DRAWS, TARGET_DATE)
    ours, floor = measure.side_by_side(lambda: synthesize(*frames, DRAWS, TARGET_DATE), lambda: write(made))
    took = f"{statistics.median(ours):.2f} s against {statistics.median(floor):.2f} s"
    yield (
        "`synthesize` against writing its output to Parquet",
        f"{measure.ratio(ours, floor):.1f} times: {took}",
        "at most 4",
    )
    count = sum(len(table) for table in made)
    ours, tpch = measure.side_by_side(
        lambda: write(synthesize(*frames, DRAWS, TARGET_DATE)), lambda: run_tpchgen(count)
    )
    speed = f"{count / statistics.median(ours):,.0f} against {count / statistics.median(tpch):,.0f} rows a second"
    yield (
        "rows out, Parquet included, against `tpchgen-cli`",
        f"{measure.ratio(tpch, ours):.2f} times: {speed}",
        "at least 1",
    )


def run_tpchgen(rows: int) -> None:
    """Have tpchgen-cli write as many rows of orders."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            shutil.which("tpchgen-cli"),
            "parquet",
            "-s",
            str(rows / ORDERS_OF_TPCH),
            "-T",
            "orders",
            "-o",
            folder,
        ]
        subprocess.run(command, check=True, capture_output=True)
        written = parquet.read_metadata(Path(folder) / "orders.parquet").num_rows
    assert abs(written - rows) < rows / 100, written


def growth() -> Iterator[tuple[str, str, str]]:
    """Time and memory at 100 thousand, 1 million and 5 million orders, each in a process of its own."""
    measured = {orders: measure.in_a_process_of_its_own("growth", orders) for orders in (100_000, 1_000_000, 5_000_000)}
    micros = {orders: statistics.median(each["times"]) / orders * 1e6 for orders, each in measured.items()}
    gib = {orders: each["peak"] / (1 << 30) for orders, each in measured.items()}
    for orders in measured:
        last = orders == 5_000_000
        result = f"{micros[orders]:.2f} microseconds an order, peak {gib[orders]:.1f} GiB"
        more = f"; {micros[orders] / micros[100_000]:.2f} times the time of 100,000" if last else ""
        yield f"`synthesize`, {orders:,} orders", result + more, "at most 1.3 times, 4 GiB" if last else ""


def scaled() -> Iterator[tuple[str, str, str]]:
    """Whole runs of both engines on scaled samples, checks included, each once in a process of its own."""
    for engine in ("pandas", "bigquery"):
        per_order: dict[int, float] = {}
        for orders in (100_000, 1_000_000, 5_000_000, 20_000_000):
            measured = measure.in_a_process_of_its_own("scaled", engine, orders)
            per_order[orders] = measured["took"] / orders * 1e6
            result = f"{per_order[orders]:.1f} microseconds an order, peak {measured['peak'] / (1 << 30):.1f} GiB"
            target = ""
            if orders == 20_000_000:
                result += f"; {per_order[orders] / per_order[1_000_000]:.2f} times the time of 1,000,000"
                target = "at most 1.5 times, 6 GiB" if engine == "bigquery" else ""
            yield f"the whole run, {orders:,} orders, engine {engine}", result, target


def default_runs() -> Iterator[tuple[str, str, str]]:
    """The default run on the embedded engine, its report included."""
    with whole_run.filled_directory() as directory:
        runs = [whole_run.run(directory) for _ in range(measure.RUNS)]
        yield "the default run, 1,150 orders", describe(runs), "at most 6 s"


def whole_runs() -> Iterator[tuple[str, str, str]]:
    """The run over a slow line, and at a million orders."""
    with whole_run.filled_directory() as directory:
        lines = [whole_run.run_over_a_slow_line(directory) for _ in range(measure.RUNS)]
        line = sorted(lines)[len(lines) // 2]
        slow = f"{line.took:.1f} s; its {line.requests} requests one after the other {line.one_after_another:.1f} s"
        chain = f"{line.waves_of_jobs} of its {line.jobs} jobs one after another"
        yield "the default run, 300 ms added to every request", f"{slow}; {chain}", "at most 10 jobs in a row"
    with whole_run.filled_directory(whole_run.source(1_000_000)) as directory:
        runs = [whole_run.run(directory, "--target-date", "2025-09-24", "--days", "30") for _ in range(measure.RUNS)]
        yield "the whole run, 1,000,000 orders", describe(runs), "at most 30 s"


def one_email() -> Iterator[tuple[str, str, str]]:
    """A shop whose users all have one email, as an anonymized export has them, against one with an email for each."""
    times: dict[int, tuple[float, float]] = {}
    for emails in (12_000, 1):
        with whole_run.filled_directory(whole_run.shop(emails)) as directory:
            took, _ = whole_run.run(directory, "--target-date", "2025-09-24", "--days", "30")
            times[emails] = took, whole_run.rehearse(directory)
    for number, name in enumerate(("the whole run", "a rehearsal")):
        one, many = times[1][number], times[12_000][number]
        result = f"{one / many:.2f} times the time of 12,000 emails: {one:.1f} s against {many:.1f} s"
        yield f"{name}, 60,000 orders of 12,000 users with one email", result, "at most 1.2 times"


def live_page() -> Iterator[tuple[str, str, str]]:
    """The live page over the default tables: until it is ready, and how long it takes to answer."""
    with whole_run.filled_directory() as directory:
        whole_run.run(directory)
        ready = [live.start(directory) for _ in range(measure.RUNS)]
        yield "`dcr play`, until the page is ready", f"{statistics.median(ready):.1f} s", "at most 8 s"
        refusals, questions = live.ask_all(directory)
        yield "the slowest refusal", f"{max(refusals.values()):.2f} s", "at most 0.2 s"
        yield "the slowest of the questions, with its open answer", f"{max(questions.values()):.2f} s", "at most 2 s"


def describe(runs: list[tuple[float, dict[str, float]]]) -> str:
    """The median in all, and that run's steps."""
    took, steps = sorted(runs, key=lambda run: run[0])[len(runs) // 2]
    return f"{took:.1f} s: " + ", ".join(
        f"{title.split(':')[0].lower()} {seconds:.1f}" for title, seconds in steps.items()
    )


def main() -> None:
    """Print the table as it comes about."""
    print(f"On {machine()}; medians of {measure.RUNS}, side by side.\n\n| what | measured | target |\n|---|---|---|")
    parts = {
        "synthesis": lambda: (row for orders in (100_000, 1_000_000) for row in synthesis(orders)),
        "growth": growth,
        "scaled": scaled,
        "default": default_runs,
        "runs": whole_runs,
        "email": one_email,
        "play": live_page,
    }
    for part in sys.argv[1:] or parts:
        for row in parts[part]():
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
