"""Runs the program with an engine on a scaled sample and prints how long it took and the peak of memory."""

import json
import sys
import tempfile

from dcr_data_generator import main
from tests.benchmarks import measure

ORDERS_OF_THE_DAY = 1104


def run(engine: str, orders: int) -> None:
    """Run with checks and without a report, on about so many orders."""
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--embedded-dir", folder, "--engine", engine, "--scale", str(round(orders / ORDERS_OF_THE_DAY))]
        status = main.main([*flags, "--no-report", "--quiet", "--timeout", "86400"])
    assert status == 0, status


if __name__ == "__main__":
    took = measure.seconds(lambda: run(sys.argv[1], int(sys.argv[2])))
    print(json.dumps({"took": took, "peak": measure.peak_memory()}))
