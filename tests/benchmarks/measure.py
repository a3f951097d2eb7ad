"""Measures: times side by side, and the time and memory of a process of its own."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 5


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def side_by_side(*functions: Callable[[], object], runs: int = RUNS) -> list[list[float]]:
    """Call the functions in turn, so often; returns each one's times. A first round is not counted."""
    for function in functions[1:] or functions:
        function()
    rounds = [[seconds(function) for function in functions] for _ in range(runs)]
    return [list(times) for times in zip(*rounds, strict=True)]


def ratio(over: list[float], under: list[float]) -> float:
    """The median of the ratios, pair by pair."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def in_a_process_of_its_own(module: str, *arguments: object) -> dict:
    """Run a module of this folder, which prints what it measured as JSON, and add its peak of memory in bytes."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, arguments)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def peak_memory() -> int:
    """The most memory that this process has had, in bytes."""
    # Not getrusage's: that one a process has from who started it.
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
