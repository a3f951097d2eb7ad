"""The report in a browser, and pages that attack: `uv run --group browser pytest -m slow tests/report`."""

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from dcr_data_generator import sql
from dcr_data_generator.clean_room import project
from dcr_data_generator.commands import group
from dcr_data_generator.settings import EMBEDDED_DATA
from dcr_data_generator.warehouse.embedded import engine
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import worlds
from tests.support.picture import violations

pytest.importorskip("playwright", reason="`uv run --group browser pytest` opens the report in a browser")

from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def default_report(default_run: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the default run, after a rehearsal."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    worlds.write(default_run, path, worlds.all_green())
    (path.parent / EMBEDDED_DATA).touch()  # without data there are no tables
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "connect", lambda *_, **__: nullcontext(default_run))
        patch.delenv("DCR_NO_REPORT", raising=False)
        assert group.main(["rehearse", "--embedded-dir", str(path.parent)]) == 0
    return path


@pytest.fixture(scope="module")
def wild_report(connect: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the wild world, with a check that is red."""
    path, place = tmp_path_factory.mktemp("wild") / "report.html", connect("wild-world")
    worlds.fill(place, **worlds.wild_world())
    worlds.write(place, path, worlds.green_and_red())
    return path


WIDE, LAPTOP, NARROW = 1440, 1280, 390
WINDOWS = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]
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
        "36 checks of these tables passed",
        "22 queries that break a rule",
        "41.96%",
        "$57.00 to $240.05",
        "413 of 542",
        "542 of 678",
    ):
        assert is_on_first_screen(page.get_by_text(text).first), text
    assert is_on_first_screen(page.locator(".keys"))


@pytest.mark.parametrize("show", WIDTHS, indirect=True, ids=str)
def test_the_contents_stay_in_view_and_have_the_words_of_the_headings(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert page.locator("nav").bounding_box()["y"] == 0
    links = [link.inner_text() for link in page.locator("nav a").all()]
    assert links == [heading.inner_text().strip() for heading in page.locator("section h2").all()]
    assert len(links) == 9


def test_a_link_of_the_contents_leads_to_its_heading_which_the_contents_do_not_hide(
    show: Callable, default_report: Path
) -> None:
    page, _ = show(default_report)
    page.locator("nav a").get_by_text("The ladder of trust").click()
    heading, contents = page.locator("#ladder h2").bounding_box(), page.locator("nav").bounding_box()
    assert contents["height"] <= heading["y"] < 300
    assert page.locator("#ladder .anchor").get_attribute("href") == "#ladder"


def test_a_table_is_saved_as_csv(show: Callable, default_report: Path) -> None:
    page, troubles = show(default_report)
    with page.expect_download() as saved:
        page.locator("section").nth(2).locator("button.csv").first.click()
    assert saved.value.suggested_filename == "Open, 3 rows.csv"
    assert saved.value.path().read_bytes().decode().split("\r\n")[:2] == [
        '"account_tier","average_order_value","number_of_customers"',
        '"Business","240.05","35"',
    ]
    assert troubles == []


def test_a_withheld_group_is_a_hatched_bar_and_each_draw_of_the_noise_a_dot(
    show: Callable, default_report: Path
) -> None:
    page, _ = show(default_report)
    bars = page.locator(".bar:has(.withheld)")
    assert bars.all_inner_texts() == ["35 < 50, withheld"]
    assert "repeating-linear-gradient" in bars.locator(".mark").evaluate(
        "mark => getComputedStyle(mark).backgroundImage"
    )
    assert [group.locator(".dot").count() for group in page.locator(".dots").all()] == [20, 20, 20]


def test_no_query_is_cut_on_a_laptop(chromium: Any, default_report: Path) -> None:  # noqa: ANN401
    page = chromium.new_page(viewport={"width": LAPTOP, "height": 900})
    page.goto(default_report.as_uri())
    page.locator("summary").evaluate_all("summaries => summaries.forEach(summary => summary.click())")
    queries = page.locator("pre")
    assert queries.count() > 25
    assert queries.evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length") == 0


def is_on_first_screen(element: Any) -> bool:  # noqa: ANN401
    """Whether a person sees all of an element before they scroll."""
    box = element.bounding_box()
    return bool(box["y"] + box["height"] <= 900)


@pytest.mark.parametrize("show", [WIDTHS[0], WIDTHS[2]], indirect=True, ids=str)
def test_every_mark_has_a_tooltip_that_fits_on_the_screen(show: Callable, default_report: Path) -> None:
    page, troubles = show(default_report)
    marks = page.locator(".mark")
    assert marks.count() == 3 + 2 * 10 + 6 + 3 + 2 * 2 + 10 * 6
    untold = marks.evaluate_all("marks => marks.filter(mark => !mark.closest('[data-tip]')).length")
    assert untold == 0
    for bar in page.locator("[data-tip]").all():
        bar.hover()
        expect(bar).to_have_css("content", f'"{bar.get_attribute("data-tip")}"', pseudo="after")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.mouse.move(0, 0)
    expect(page.locator("[data-tip]").first).to_have_css("content", "none", pseudo="after")
    assert troubles == []


def test_bars_are_as_long_as_their_values(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    for chart in page.locator(".chart:has(.bar)").all():
        bars = chart.locator(".bar:not(:has(.range, .withheld))").evaluate_all(
            "bars => bars.map(bar => [bar.lastChild.textContent, bar.firstChild.getBoundingClientRect().width])"
        )
        values = [float(re.sub(r"[^\d.]", "", text)) for text, _ in bars]
        unit = max(width for _, width in bars) / max(values)
        assert [width for _, width in bars] == pytest.approx([value * unit for value in values], abs=1)


def test_a_colour_is_that_of_the_merchant_of_both_or_of_the_provider(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    colours = page.locator(".mark:not(td, .withheld)").evaluate_all(
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
        ["The open answer", "The protected answer", "The protected answer, with noise"],
        ["The open answer", "The protected answer"],
    ]
    # In the two others both answers have the same rows: one table is enough.
    assert page.locator(".badge").all_inner_texts() == ["✓ The protected answer has the same rows."] * 2
    for pair in pairs.all():
        boxes = [table.bounding_box() for table in pair.locator(":scope > div > .table > .scroll").all()]
        tops, lefts = {round(box["y"]) for box in boxes}, {round(box["x"]) for box in boxes}
        beside = page.viewport_size["width"] > NARROW
        assert (len(tops), len(lefts)) == ((1, len(boxes)) if beside else (len(boxes), 1))


# The texts of which a part stands on another line than the rest: whole cells, and elsewhere words and options.
BROKEN = """() => {
  const broken = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("script, .unseen")) continue;
    const cell = node.parentElement.closest("td:not(.prose)");
    for (const word of node.textContent.matchAll(cell ? /\\S.*\\S|\\S/g : /--[\\w-]+|[^\\s-]+/g)) {
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
    assert "2025-09-23 00:03:10" in page.evaluate(BROKEN)  # it finds what is broken


def test_at_1280_pixels_every_row_of_an_answer_is_seen_as_a_whole(chromium: Any, default_report: Path) -> None:  # noqa: ANN401
    page = chromium.new_page(viewport={"width": LAPTOP, "height": 900})
    page.goto(default_report.as_uri())
    wider = page.locator(".scroll").evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length")
    assert wider == 0


def test_a_query_is_copied_as_it_stands_in_its_file(show: Callable, default_report: Path) -> None:
    page, _ = show(default_report)
    page.locator("summary").get_by_text("The open query").nth(1).click()
    page.locator("details[open] button").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == sql.read_questions("open")[1].text


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
    queries, appendices = sql.read_questions("open") + sql.read_questions("subscriber*"), 2
    assert page.locator("details[open]").count() == len(queries) + appendices
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
