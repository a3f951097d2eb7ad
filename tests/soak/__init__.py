"""What takes too long for the test suite: `uv run python -m tests.soak`, which ends by itself within 10 minutes."""
