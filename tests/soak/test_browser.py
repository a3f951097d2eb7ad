"""The report in a browser: `uv run --group browser pytest tests/soak/test_browser.py`."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dcr_data_generator import sql
from dcr_data_generator.warehouse import Warehouse
from tests.support import worlds


@pytest.fixture(scope="module")
def default_report(default_run: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the default run."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    worlds.write(default_run, path, worlds.all_green())
    return path


@pytest.fixture(scope="module")
def wild_report(connect: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the wild world, with a check that is red."""
    path, place = tmp_path_factory.mktemp("wild") / "report.html", connect("wild-world")
    worlds.fill(place, **worlds.wild_world())
    worlds.write(place, path, worlds.green_and_red())
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium; without it, or what drives it, a test says how to get it and is skipped."""
    pytest.importorskip("playwright", reason="`uv run --group browser pytest` opens the report in a browser")
    pytest.importorskip(
        "axe_playwright_python", reason="`uv run --group browser pytest` checks who can read the report"
    )
    if not shutil.which("chromium"):
        pytest.skip("`apt-get install chromium` gets the browser that opens the report")
    from tests.support.picture import browser

    with browser() as chromium:
        yield chromium


WIDE, NARROW = 1440, 390
WINDOWS = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]


@pytest.fixture
def show(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Callable]:  # noqa: ANN401
    """Open a file without a network, in a window of some width and mode; returns the page and its troubles."""
    width, scheme = getattr(request, "param", WINDOWS[0])
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    def open_file(path: Path) -> tuple[Any, list[str]]:
        page, troubles = context.new_page(), []
        page.on("request", lambda request: troubles.append(request.url) if request.url != path.as_uri() else None)
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(path.as_uri())
        charts = page.locator(".chart")
        for number in range(charts.count()):
            charts.nth(number).locator("svg").wait_for(timeout=5_000)
        return page, troubles

    yield open_file
    context.close()


def violations(page: Any) -> list[str]:  # noqa: ANN401
    """What axe-core has against a page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in found for node in violation["nodes"]]


@pytest.mark.parametrize(
    "show",
    WINDOWS,
    indirect=True,
    ids=str,
)
def test_the_report_opens_without_a_network_and_everybody_can_read_it(show: Callable, default_report: Path) -> None:
    page, troubles = show(default_report)
    assert page.locator(".chart").count() == 6
    marks = page.locator(".chart").evaluate_all(
        "charts => charts.map(chart => [...chart.querySelectorAll('svg .mark-rect path')]"
        ".filter(path => path.getBoundingClientRect().width * path.getBoundingClientRect().height > 9).length)"
    )
    assert marks[:5] == [10, 10, 3 + 6, 2, 2]  # the third has bars, and the ends of their lines
    assert marks[5] > 20
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.locator("summary").evaluate_all("summaries => summaries.forEach(summary => summary.click())")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert troubles == []


def test_a_query_is_copied_as_it_stands_in_its_file(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    page.locator("summary").nth(1).click()
    page.get_by_role("button").nth(0).click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == sql.read_folder("use_cases")[1].text


@pytest.mark.parametrize("show", [WINDOWS[0], WINDOWS[3]], indirect=True, ids=str)
def test_markup_in_the_data_is_shown_and_not_run(show: Callable, wild_report: Path) -> None:
    page, troubles = show(wild_report)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#hacked").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert violations(page) == []
    assert troubles == []


def test_printed_the_queries_are_unfolded_and_every_use_case_begins_a_page(
    show: Callable, default_report: Path
) -> None:
    page, _ = show(default_report)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details[open]").count() == 4
    breaks = page.locator("section").evaluate_all("all => all.map(one => getComputedStyle(one).breakBefore)")
    assert breaks == ["auto", "auto", *["page"] * 6]
    cut = page.locator("figure").evaluate_all("all => all.map(one => getComputedStyle(one).breakInside)")
    assert set(cut) == {"avoid"}
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
