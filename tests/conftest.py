"""How the tests are collected. The fixtures are in tests/support/fixtures.py."""

import gc
import os
import re
from pathlib import Path

import pytest

# The programs that tests start need not compile everything anew, whatever this environment says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """The process that only hands out tests to workers imports none of what they need: that takes two seconds."""
    if config.getoption("dist", "no") == "no" or hasattr(config, "workerinput"):
        config.pluginmanager.import_plugin("tests.support.fixtures")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file whose tests are all left out: scikit-learn alone takes seconds."""
    if collection_path.suffix != ".py":
        return None
    left_out = re.findall(r"not (\w+)", config.getoption("markexpr"))
    text = collection_path.read_text(encoding="utf-8")
    return any(f"\npytestmark = pytest.mark.{marker}\n" in text for marker in left_out) or None


def pytest_collection_finish() -> None:
    """Look for garbage less often: the emulator makes millions of objects, of which most are soon dropped anyway."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
