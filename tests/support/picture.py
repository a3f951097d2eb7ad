"""A browser for the tests, and the pages' pictures of the report and of the live page.

`uv run --group browser --group play python -m tests.support.picture` takes them again.
It needs Chromium, as Debian packages it: `apt-get install chromium`.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import docs, emulator

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# In milliseconds; what a browser waits longer for does not come.
LONGEST_WAIT = 60_000
REPORT, LIVE_PAGE = docs.ROOT / "docs/report.png", docs.ROOT / "docs/play.png"
QUESTION = "2. Do customers of a higher tier spend more?"


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


def violations(page: "Page", part: str | None = None) -> list[str]:
    """What axe-core has against a page, or a part of it, by a selector."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, part).response["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in found for node in violation["nodes"]]


def take(report: Path, picture: Path) -> None:
    """Take a picture of a report's first screen: all of its header."""
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, offline=True)
        page.goto(report.as_uri())
        header = page.locator("header").bounding_box()
        top = {"x": 0, "y": 0, "width": 1280, "height": header["y"] + header["height"] + 30}
        page.screenshot(path=picture, full_page=True, clip=top)


def take_live_page(folder: Path, picture: Path) -> None:
    """Take a picture of the live page over the tables in a folder, after a question of which a group is withheld."""
    [port] = emulator.free_ports(1)
    with emulator.start_program("play", "--port", str(port), module="dcr_data_generator", cwd=folder) as process:
        address = next(found[0] for line in process.stdout if (found := re.findall(r"http://\S+", line)))
        with browser() as chromium:
            page = chromium.new_page(viewport={"width": 1280, "height": 830})
            page.goto(address)
            page.get_by_role("button", name=QUESTION, exact=True).click()
            page.get_by_text("Protected: 2 rows").wait_for(timeout=LONGEST_WAIT)
            page.screenshot(path=picture)
        process.terminate()


def report_of_a_run(folder: Path) -> Path:
    """Run and rehearse in a folder, where the data directory is called .bigquery, and find the report."""
    for command in (docs.RUN, docs.REHEARSE):
        status, _, err = docs.run(command, folder, DCR_NO_REPORT="")
        assert status == 0, err
    return folder / "report.html"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        take(report_of_a_run(Path(folder)), REPORT)
        take_live_page(Path(folder), LIVE_PAGE)
