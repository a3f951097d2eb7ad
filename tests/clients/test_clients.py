"""Other clients of BigQuery do what their documentation does first: each script in an environment of its own.

    uv run pytest -m soak -n 0 tests/clients

It writes outcomes.tsv, of which the table in docs/reference.md is made.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import emulator
from tests.support.parts import CLIENTS, OUTCOMES

pytestmark = pytest.mark.soak
UV = os.environ.get("UV", "uv")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The address of a run's tables, and the folder with its export."""
    folder = tmp_path_factory.mktemp("clients")
    status, _, err = emulator.run_here("--embedded-dir", str(folder / "data"), "--export", str(folder / "exported"))
    assert status == 0, err
    with emulator.serving("--embedded-dir", "data", cwd=folder) as (_, printed):
        [address] = [word.rstrip(",") for word in printed.split() if word.startswith("http://")]
        yield [address, str(folder / "exported")]


@pytest.mark.parametrize("script", CLIENTS, ids=[each.stem for each in CLIENTS])
def test_a_client_does_what_its_documentation_does(script: Path, served: list[str]) -> None:
    command = [UV, "run", "--quiet", "--python", sys.executable, str(script), *served]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=500, env=emulator.environment()
    )
    outcomes = dict(line.split("\t") for line in result.stdout.splitlines() if "\t" in line)
    version = outcomes.pop("version", "")
    assert outcomes, result.stderr
    kept = [
        line for line in OUTCOMES.read_text(encoding="utf-8").splitlines() if not line.startswith(f"{script.stem}\t")
    ]
    kept += ["\t".join([script.stem, version, f"{datetime.now(UTC):%Y-%m-%d}", *each]) for each in outcomes.items()]
    OUTCOMES.write_text("\n".join(sorted(kept)) + "\n", encoding="utf-8")
    assert {step: outcome for step, outcome in outcomes.items() if outcome != "works"} == {}
