"""The README's parts that the program makes: `uv run python -m tests.support.readme` writes them anew."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from dcr_data_generator import sql

README = Path(__file__).parents[2] / "README.md"


def code_blocks(language: str) -> list[str]:
    """The README's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


def shell_commands() -> list[str]:
    """The commands of the README's shell blocks, without their comments."""
    lines = "".join(code_blocks("sh")).splitlines()
    return [re.sub(r"\s+#.*", "", line) for line in lines if line.strip()]


def published(query: sql.Query) -> str:
    """A query of a use case with the project written out and without its comment, as the README shows it."""
    lines = query.text.splitlines()[len(query.comment) :]
    tables = r"\b((?:merchant|ewallet)_provider\.\w+)"
    return re.sub(tables, r"`your-gcp-project.\1`", "\n".join(lines)) + "\n"


def without_times(output: str) -> str:
    """What a run printed, less what differs between two runs: how long its steps took."""
    return re.sub(r"\d+\.\d s\)", "0.0 s)", output)


def printed_by_a_run() -> str:
    """What the default run prints, in an empty data directory called .bigquery."""
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-m", "dcr_data_generator.main"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "PYTHONPATH": str(README.parent)}
        done = subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=100)
    return done.stdout


def fill(blocks: dict[str, list[str]]) -> None:
    """Put new texts into the README's blocks of some languages, in order."""
    text = README.read_text()
    for language, contents in blocks.items():
        waiting = iter(contents)
        pattern = rf"^```{language}\n.*?^```$"
        text = re.sub(
            pattern,
            lambda _, waiting=waiting, language=language: f"```{language}\n{next(waiting)}```",
            text,
            flags=re.MULTILINE | re.DOTALL,
        )
    README.write_text(text)


if __name__ == "__main__":
    fill({"sql": [published(query) for query in sql.read_folder("use_cases")], "text": [printed_by_a_run()]})
