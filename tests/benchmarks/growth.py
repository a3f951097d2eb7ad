"""Synthesizes for so many orders and prints the time and the peak of memory, input frames included."""

import json
import sys
from datetime import date

from dcr_data_generator.synthesis import synthesize
from tests.benchmarks import measure, merchant
from tests.support.settings import make_settings

if __name__ == "__main__":
    frames = merchant.make(int(sys.argv[1]))
    draws = make_settings().draws
    [times] = measure.side_by_side(lambda: synthesize(*frames, draws, date(2025, 9, 30)))
    print(json.dumps({"times": times, "peak": measure.peak_memory()}))
