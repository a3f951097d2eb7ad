"""Tests to run by hand, before a release or after a change to what they are about: `uv run pytest -m soak`."""
