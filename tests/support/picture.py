"""The README's picture of the report: `uv run --group browser python -m tests.support.picture` takes it again.

It needs Chromium, as Debian packages it: `apt-get install chromium`.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import docs

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURE = docs.ROOT / "docs" / "report.png"


@contextmanager
def browser() -> Iterator["Browser"]:
    """Start Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # For the tests of what a page of somebody else can do.
        names = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[names])
        yield chromium
        chromium.close()


def take(report: Path, picture: Path) -> None:
    """Take a picture of a report's first screen: all of its header."""
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, offline=True)
        page.goto(report.as_uri())
        header = page.locator("header").bounding_box()
        top = {"x": 0, "y": 0, "width": 1280, "height": header["y"] + header["height"] + 30}
        page.screenshot(path=picture, full_page=True, clip=top)


def report_of_a_run(folder: Path) -> Path:
    """Run and rehearse in a folder, where the data directory is called .bigquery, and find the report."""
    for command in (docs.RUN, docs.REHEARSE):
        status, _, err = docs.run(command, folder, DCR_NO_REPORT="")
        assert status == 0, err
    return folder / "report.html"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        take(report_of_a_run(Path(folder)), PICTURE)
