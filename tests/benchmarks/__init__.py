"""How fast the program is, beside what it could be: `uv run --group bench python -m tests.benchmarks`."""
