"""The report in a browser, and pages that attack: `uv run --group browser pytest tests/soak/test_browser.py`."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from dcr_data_generator import sql, warehouse
from dcr_data_generator.clean_room import __main__ as command
from dcr_data_generator.embedded import engine
from dcr_data_generator.warehouse import Warehouse
from tests.support import worlds


@pytest.fixture(scope="module")
def default_report(default_run: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the default run, after a rehearsal."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    worlds.write(default_run, path, worlds.all_green())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "connect", lambda *_, **__: nullcontext(default_run))
        patch.delenv("DCR_NO_REPORT", raising=False)
        assert command.main(["rehearse", "--embedded-dir", str(path.parent)]) == 0
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


WIDE, LAPTOP, NARROW = 1440, 1280, 390
WINDOWS = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]
QUERIES = "clean_room/queries"
WIDTHS = [(WIDE, "light"), (LAPTOP, "light"), (NARROW, "light")]


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
        return page, troubles

    yield open_file
    context.close()


def violations(page: Any) -> list[str]:  # noqa: ANN401
    """What axe-core has against a page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in found for node in violation["nodes"]]


@pytest.mark.parametrize("show", WINDOWS, indirect=True, ids=str)
def test_the_report_opens_without_a_network_and_everybody_can_read_it(show: Callable, default_report: Path) -> None:
    page, troubles = show(default_report)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.locator("summary").evaluate_all("summaries => summaries.forEach(summary => summary.click())")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert troubles == []


@pytest.mark.parametrize("show", WIDTHS[:2], indirect=True, ids=str)
def test_the_first_screen_has_the_answers_the_overlap_the_verdict_and_the_contents(
    show: Callable, default_report: Path
) -> None:
    page, _ = show(default_report)
    for text in (
        "35 checks of these tables passed",
        "22 attempts",
        "36.73%",
        "$48.85 to $183.68",
        "422 of 565",
        "565 of 706",
    ):
        assert is_on_first_screen(page.get_by_text(text).first), text
    assert page.locator("nav a").count() == 9
    assert is_on_first_screen(page.locator("nav"))
    assert is_on_first_screen(page.locator(".keys"))


def is_on_first_screen(element: Any) -> bool:  # noqa: ANN401
    """Whether a person sees all of an element before they scroll."""
    box = element.bounding_box()
    return bool(box["y"] + box["height"] <= 900)


@pytest.mark.parametrize("show", [WIDTHS[0], WIDTHS[2]], indirect=True, ids=str)
def test_every_mark_has_a_tooltip_that_fits_on_the_screen(show: Callable, default_report: Path) -> None:
    page, troubles = show(default_report)
    marks = page.locator(".mark")
    assert marks.count() == 3 + 2 * 10 + 6 + 2 * 2 + 10 * 6
    untold = marks.evaluate_all("marks => marks.filter(mark => !mark.closest('[data-tip]')).length")
    assert untold == 0
    for bar in page.locator("[data-tip]").all():
        bar.hover()
        shown = bar.evaluate("bar => getComputedStyle(bar, '::after').content")
        assert shown == f'"{bar.get_attribute("data-tip")}"'
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.mouse.move(0, 0)
    assert page.locator("[data-tip]").first.evaluate("bar => getComputedStyle(bar, '::after').content") == "none"
    assert troubles == []


def test_bars_are_as_long_as_their_values(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    for chart in page.locator(".chart").all():
        bars = chart.locator(".bar:not(:has(.range))").evaluate_all(
            "bars => bars.map(bar => [bar.lastChild.textContent, bar.firstChild.getBoundingClientRect().width])"
        )
        values = [float(re.sub(r"[^\d.]", "", text)) for text, _ in bars]
        unit = max(width for _, width in bars) / max(values)
        assert [width for _, width in bars] == pytest.approx([value * unit for value in values], abs=1)


def test_a_colour_is_that_of_the_merchant_of_both_or_of_the_provider(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    colours = page.locator(".mark:not(td)").evaluate_all(
        "marks => marks.map(mark => [mark.classList[1], getComputedStyle(mark).backgroundColor])"
    )
    assert {(party, colour) for party, colour in colours} == {
        ("merchant", "rgb(0, 114, 178)"),
        ("both", "rgb(0, 158, 115)"),
        ("provider", "rgb(213, 94, 0)"),
    }


@pytest.mark.parametrize("show", WIDTHS, indirect=True, ids=str)
def test_the_open_and_the_protected_answer_stand_side_by_side(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    pairs = page.locator(".pair")
    assert [pairs.nth(number).locator("h3").all_inner_texts() for number in range(pairs.count())] == [
        ["The open answer", "The protected answer"],
        ["The open answer", "The protected answer", "The protected answer, with noise"],
        ["The open answer", "The protected answer"],
        ["The open answer", "The protected answer"],
    ]
    for pair in pairs.all():
        boxes = [table.bounding_box() for table in pair.locator(":scope > div > .scroll").all()]
        tops, lefts = {round(box["y"]) for box in boxes}, {round(box["x"]) for box in boxes}
        beside = page.viewport_size["width"] > NARROW
        assert (len(tops), len(lefts)) == ((1, len(boxes)) if beside else (len(boxes), 1))


# The texts of which a part stands on another line than the rest: whole cells, and elsewhere words.
BROKEN = """() => {
  const broken = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("script, .unseen")) continue;
    const cell = node.parentElement.closest("td:not(.prose)");
    for (const word of node.textContent.matchAll(cell ? /\\S.*\\S|\\S/g : /[^\\s-]+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = [...range.getClientRects()].filter(line => line.width > 0).map(line => Math.round(line.top));
      if (new Set(lines).size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("show", WIDTHS, indirect=True, ids=str)
def test_no_word_timestamp_email_or_hash_breaks_in_the_middle(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    page.locator("summary").evaluate_all("summaries => summaries.forEach(summary => summary.click())")
    assert page.evaluate(BROKEN) == []
    page.add_style_tag(content="td { white-space: normal !important; width: 1px; }")
    assert "2025-09-23 00:02:35" in page.evaluate(BROKEN)  # it finds what is broken


def test_at_1280_pixels_every_row_of_an_answer_is_seen_as_a_whole(chromium: Any, default_report: Path) -> None:  # noqa: ANN401
    page = chromium.new_page(viewport={"width": LAPTOP, "height": 900})
    page.goto(default_report.as_uri())
    wider = page.locator(".scroll").evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length")
    assert wider == 0


def test_a_query_is_copied_as_it_stands_in_its_file(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    page.locator("summary").get_by_text("The open query").nth(1).click()
    page.get_by_role("button").first.click()
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


def test_printed_the_queries_are_unfolded_and_the_summary_is_a_page(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details[open]").count() == len(sql.read_folder("use_cases") + sql.read_folder(QUERIES))
    breaks = page.locator("section").evaluate_all("all => all.map(one => getComputedStyle(one).breakBefore)")
    assert breaks == ["auto", "page", *["auto"] * 7]
    cut = page.locator("figure").evaluate_all("all => all.map(one => getComputedStyle(one).breakInside)")
    assert set(cut) == {"avoid"}
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_report_of_the_default_run_is_printed_on_at_most_8_pages(
    paper: str, show: Callable, default_report: Path
) -> None:
    page, _ = show(default_report)
    pages = re.findall(rb"/Type /Page\b", page.pdf(format=paper))
    assert 1 < len(pages) <= 8


# A page's ways to send a query, and what it can read of the answers.
ATTACK = """async ([url, query]) => {
  const body = JSON.stringify({query, useLegacySql: false}), method = "POST", mode = "no-cors";
  const asJson = {headers: {"Content-Type": "application/json"}};
  const answers = [];
  for (const options of [{mode}, {mode, referrerPolicy: "no-referrer"}, {mode, body: new Blob([body])}, asJson]) {
    const sent = fetch(`${url}/queries`, {method, body, ...options});
    answers.push(await sent.then(answer => answer.text()).catch(() => ""));
  }
  answers.push(await fetch(`${url}/datasets`).then(answer => answer.text()).catch(() => ""));
  document.body.innerHTML = "<iframe name=frame></iframe><form method=post enctype=text/plain target=frame><input>";
  const form = document.forms[0], [name, value] = body.replace("{", '{"a": "=", ').split("=");
  form.action = `${url}/queries`;
  [form[0].name, form[0].value] = [name, value];
  const loaded = new Promise(resolve => document.querySelector("iframe").addEventListener("load", resolve));
  form.submit();
  await loaded;
  return answers.join("");
}"""


@pytest.mark.parametrize("rebinds", [False, True], ids=["another origin", "DNS rebinding"])
def test_a_page_of_somebody_else_cannot_query_the_embedded_bigquery(
    rebinds: bool,
    chromium: Any,  # noqa: ANN401
    endpoints: engine.Endpoints,
    connect: Callable,
) -> None:
    client = connect("attacked").client
    client.create_dataset("mine", exists_ok=True)
    # Its name means this computer, for this browser.
    page, origin = chromium.new_page(), endpoints.rest.replace("127.0.0.1", "evil.example")
    page.goto(f"{origin}/")
    url = f"{origin if rebinds else endpoints.rest}/bigquery/v2/projects/attacked"
    read = page.evaluate(ATTACK, [url, "CREATE TABLE mine.hacked AS SELECT 1"])
    assert [*client.list_tables("mine")] == []
    # All that a page can read is that it is refused, and only what has its own name.
    assert read.count('"code":403') == (5 if rebinds else 0)
    assert "mine" not in read
