"""What takes too long for the test suite: `uv run python -m tests.soak`, in two parts of at most 10 minutes each."""
