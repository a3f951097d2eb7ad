"""The report: one file that opens anywhere and says what the run says."""

import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dcr_data_generator.charts import circles
from google.cloud import bigquery

from dcr_data_generator import checks, outcome, report, sql, use_cases, warehouse
from dcr_data_generator.clean_room import kept
from dcr_data_generator.embedded import thelook
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import SCHEMAS
from tests import conftest
from tests.conftest import make_settings

TABLES = {
    **{f"merchant_provider.{name}": schema for name, schema in thelook.SCHEMAS.items()},
    **{f"ewallet_provider.{name}": schema for name, schema in SCHEMAS.items()},
}
DTYPES = conftest.DTYPES | {"FLOAT64": "float64", "BOOLEAN": "boolean", "DATE": "object"}
MARKUP = '</script><script>window.hacked = 1</script><b id="hacked">&amp;<!--{{ 7 * 7 }}\''


@pytest.fixture(scope="module")
def fill_tables(connect: Callable) -> Callable[..., warehouse.Warehouse]:
    """Fill the five tables, in a project of their own, with NULL in columns left out: `fill_tables(users=[{...}])`."""

    def fill(**rows: list[dict]) -> warehouse.Warehouse:
        client = connect()
        client.project = "report-tables"
        for dataset in ("merchant_provider", "ewallet_provider"):
            client.create_dataset(dataset, exists_ok=True)
        for table, schema in TABLES.items():
            given = rows.get(table.split(".")[1], [])
            frame = pd.DataFrame(given, columns=[field.name for field in schema], dtype=object)
            client.load(frame.astype({field.name: DTYPES[field.field_type] for field in schema}), table, schema)
        return client

    return fill


@cache
def javascript() -> str:
    """The JavaScript of all these reports, which takes a second to make."""
    with report.bundling() as bundle:
        return bundle()


def write(client: warehouse.Warehouse, path: Path, verdict: list[checks.Check] | None = None, **knobs: object) -> str:
    """Write the report of what is in the tables, and read it."""
    answers, counts = use_cases.run(client), outcome.count(client)
    report.write(client, make_settings(report=path, **knobs), verdict or [], answers, counts, javascript)
    return path.read_text()


class Page(HTMLParser):
    """The tags of a page with their attributes, its texts, and the charts' specifications."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.open, self.text, self.specs = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple]) -> None:
        """Keep a tag; but for the place where a word may break, it ends a word."""
        if tag != "wbr":
            self.text.append(" ")
        self.tags.append((tag, dict(attrs)))
        self.open.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text, or a chart's specification."""
        tag, attributes = self.open[-1] if self.open else ("", {})
        if attributes.get("type") == "application/json" and data.strip():
            self.specs.append(json.loads(data))
        elif tag not in ("script", "style"):
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag, and those inside that need no end."""
        while self.open and self.open.pop()[0] != tag:
            pass

    def words(self) -> str:
        """The text as a person reads it."""
        return " ".join("".join(self.text).split())

    def charts(self) -> list[str]:
        """What the charts say to those who do not see them."""
        return [attributes["aria-label"] for _, attributes in self.tags if attributes.get("class") == "chart"]


def green_and_red() -> list[checks.Check]:
    """A check that holds, and one that does not."""
    row = bigquery.Row(("x@example.com", MARKUP), {"email": 0, "city": 1})
    return [checks.Check("a_holds", "All is well.", 0, []), checks.Check("b_fails", "Nothing is lost.", 1234, [row])]


# What it says.


@pytest.fixture(scope="module")
def verdict(five_tables: Callable) -> list[checks.Check]:
    """What the checks say of the default run."""
    return checks.run(five_tables())


@pytest.fixture(scope="module")
def default_report(five_tables: Callable, verdict: list, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the default run."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write(five_tables(), path, verdict)
    return path


def test_the_report_names_the_run_and_counts_its_tables(default_report: Path, five_tables: Callable) -> None:
    client = five_tables()
    words = Page(default_report.read_text()).words()
    assert client.place in words
    assert "Window 2025-09-23 Seed 42 Match rate 50.00% Wallet payment rate 80.00% Wallet-only rate 20.00%" in words
    for table in TABLES:
        [[rows]] = client.query_and_wait(f"SELECT COUNT(*) FROM {table}")
        assert f"{table} {rows:,} rows" in words


def test_the_report_has_every_question_answer_query_check_and_column(
    default_report: Path, five_tables: Callable
) -> None:
    client = five_tables()
    words = Page(default_report.read_text()).words()
    for answer in use_cases.run(client):
        for said in (answer.question, answer.who_asks, answer.answer, " ".join(answer.query.split())):
            assert said in words
    for check in sql.read_folder("checks"):
        assert f"✓ {' '.join(check.comment)}" in words
    assert f"All {len(sql.read_folder('checks'))} checks of these tables are green." in words
    for table, schema in TABLES.items():
        at = words.rindex(f"{table} column type")
        for field in schema:
            at = words.index(f" {field.name} ", at)


def test_the_overlap_is_in_words_and_to_scale(default_report: Path) -> None:
    page = Page(default_report.read_text())
    [drawing] = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert "565 people known to the merchant only, 565 to both, 141 to the provider only" in drawing["aria-label"]
    assert "Match rate: 50.00% asked for, 50.00% reached (565 of the merchant's 1,130 customers)" in page.words()
    radii = {float(attributes["r"]) for tag, attributes in page.tags if tag == "circle"}
    assert {round(math.pi * radius**2) for radius in radii} == {1130, 706}


@pytest.mark.parametrize(
    ("merchant_only", "both", "provider_only"),
    [(565, 565, 141), (1, 1, 1), (990, 10, 5), (10, 990, 5), (10**6, 40, 10**6), (0, 7, 3), (7, 3, 0), (5, 0, 4)],
)
def test_the_circles_share_the_area_of_the_people_known_to_both(
    merchant_only: int, both: int, provider_only: int
) -> None:
    merchant, provider, distance = circles(merchant_only, both, provider_only)
    # The shared area, as the sum of strips: at each x the lower of the two circles' heights.
    x = np.linspace(distance - provider, merchant, 200_001)
    heights = np.minimum(merchant**2 - x**2, provider**2 - (x - distance) ** 2).clip(0) ** 0.5
    assert 2 * np.trapezoid(heights, x) == pytest.approx(both, rel=1e-3, abs=1e-3)
    assert math.pi * merchant**2 == pytest.approx(merchant_only + both)
    assert math.pi * provider**2 == pytest.approx(provider_only + both)


def small_world() -> dict[str, list[dict]]:
    """Three orders, of which two were paid through the wallet, by a verified and an unverified customer."""
    return {
        "users": [
            {"id": 1, "email": "a@example.com", "age": 24, "country": "Japan"},
            {"id": 2, "email": "b@example.com", "age": 25, "country": None},
            {"id": 3, "email": "c@example.com"},
        ],
        "orders": [
            {"order_id": 10, "user_id": 1, "status": "Complete", "created_at": "2025-09-23 10:00:00"},
            {"order_id": 20, "user_id": 2, "status": "Returned", "created_at": "2025-09-23 11:00:00"},
            {"order_id": 30, "user_id": 1, "status": None, "created_at": "2025-09-23 12:00:00"},
        ],
        "order_items": [
            {"id": 1, "order_id": 10, "sale_price": 4.5},
            {"id": 2, "order_id": 20, "sale_price": 7.0},
            {"id": 3, "order_id": 30, "sale_price": 1.25},
        ],
        "provider_users": [
            {"provider_user_id": 1, "email": "a@example.com", "account_tier": "Free", "is_verified_user": True},
            {"provider_user_id": 2, "email": "b@example.com", "account_tier": None, "is_verified_user": False},
            {"provider_user_id": 3, "email": "z@example.com"},
        ],
        "transactions": [
            {"transaction_id": "t1", "order_id": 10, "provider_user_id": 1, "transaction_amount": 4.5},
            {"transaction_id": "t2", "order_id": 20, "provider_user_id": 2, "transaction_amount": 7.0},
        ],
    }


@pytest.fixture(scope="module")
def small_page(fill_tables: Callable, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the small world, without checks."""
    return Page(write(fill_tables(**small_world()), tmp_path_factory.mktemp("small") / "report.html"))


def test_the_charts_say_in_words_what_they_show(small_page: Page) -> None:
    page = small_page
    assert [chart.split(".", 1)[0] for chart in page.charts()] == [
        "Orders",
        "Sales in US dollars",
        "Average order value by tier",
        "Customers",
        "Refund rate",
        "Users by country and age",
    ]
    for said in (
        "Complete 1 through the wallet and 0 otherwise; Returned 1 through the wallet and 0 otherwise; "
        "unknown 0 through the wallet and 1 otherwise.",
        "unknown 0.00 through the wallet and 1.25 otherwise.",
        "unknown $7.00 with 1 customers, the middle half of the orders from $7.00 to $7.00; Free $4.50 with",
        "verified 1; unverified 1.",
        "verified 0.0%, 0 of 2 orders; unverified 100.0%, 1 of 1 orders.",
        "Japan <25 1; unknown 25-34 1.",
    ):
        assert any(said in chart for chart in page.charts()), said


def test_the_charts_show_the_rows_of_the_warehouse(small_page: Page) -> None:
    shown = [spec["data"]["values"] for spec in small_page.specs]
    assert [(row["status"], row["part"], row["sales"]) for row in shown[1]] == [
        ("Complete", "through the wallet", 4.5),
        ("Complete", "otherwise", 0),
        ("Returned", "through the wallet", 7),
        ("Returned", "otherwise", 0),
        ("unknown", "through the wallet", 0),
        ("unknown", "otherwise", 1.25),
    ]
    assert [(row["verification"], row["customers"], row["refund_rate"]) for row in shown[4]] == [
        ("verified", 1, 0),
        ("unverified", 1, 1),
    ]


def test_the_spread_is_the_middle_half_of_a_tiers_orders(fill_tables: Callable, tmp_path: Path) -> None:
    world = small_world()
    world["transactions"] = [
        {"transaction_id": f"t{amount}", "order_id": amount, "provider_user_id": 1, "transaction_amount": amount}
        for amount in (1, 2, 3, 4, 90)
    ]
    [said] = [chart for chart in Page(write(fill_tables(**world), tmp_path / "r.html")).charts() if "tier" in chart]
    assert said.endswith("Free $20.00 with 1 customers, the middle half of the orders from $2.00 to $4.00.")


def test_of_many_countries_and_statuses_the_rest_is_put_together(fill_tables: Callable, tmp_path: Path) -> None:
    many = range(1, 15)
    client = fill_tables(
        users=[{"id": n, "email": f"{n}@example.com", "age": 70, "country": f"land {n:02}"} for n in many],
        orders=[{"order_id": n, "user_id": n, "status": f"status {n:02}"} for n in many],
        provider_users=[{"provider_user_id": n, "email": f"{n}@example.com"} for n in many],
    )
    charts = Page(write(client, tmp_path / "report.html")).charts()
    assert (
        "status 10 0 through the wallet and 1 otherwise; all others 0 through the wallet and 4 otherwise." in charts[0]
    )
    assert charts[-1].endswith("land 10 65+ 1; all others 65+ 4.")


# The checks.


def test_a_red_check_comes_first_with_its_violating_rows(wild_report: Path) -> None:
    page = Page(wild_report.read_text())
    words = page.words()
    assert "✗ 1 of 2 checks are red: do not show these tables to anyone." in words
    assert "✗ Nothing is lost. b_fails: 1,234 violating rows email x@example.com, city </script><script>" in words
    assert words.index("Nothing is lost.") < words.index("✓ All is well.")
    assert [tag for tag, attributes in page.tags if attributes.get("class") == "red"] == ["p", "li"]


def test_without_the_checks_the_report_says_that_they_were_left_out(small_page: Page) -> None:
    words = small_page.words()
    assert "The checks were left out: nobody knows whether these tables are right." in words
    assert "green" not in words


# Odd tables.


def test_empty_tables_make_a_report_without_charts(fill_tables: Callable, tmp_path: Path) -> None:
    page = Page(write(fill_tables(), tmp_path / "report.html"))
    assert page.charts() == []
    assert page.words().count("No row answers this question: there is nothing to draw.") == 4
    assert "none reached, for want of customers" in page.words()


def test_without_wallet_holders_the_merchants_orders_are_still_drawn(fill_tables: Callable, tmp_path: Path) -> None:
    page = Page(write(fill_tables(**small_world() | {"provider_users": [], "transactions": []}), tmp_path / "r.html"))
    assert [chart.split(".")[0] for chart in page.charts()] == ["Orders", "Sales in US dollars"]


def test_an_amount_that_is_no_number_breaks_no_chart(fill_tables: Callable, tmp_path: Path) -> None:
    world = small_world()
    world["transactions"] += [
        {"transaction_id": f"t{amount}", "order_id": order_id, "provider_user_id": 1, "transaction_amount": amount}
        for order_id, amount in ((10, None), (20, "NaN"), (30, "Infinity"))
    ]
    page = Page(write(fill_tables(**world), tmp_path / "report.html"))
    assert len(page.specs) == 6  # each was JSON


def wild_world() -> dict[str, list[dict]]:
    """The small world with markup wherever a text can be, and a city without end."""
    world = small_world()
    for table, columns in {
        "users": ("country", "city", "email"),
        "orders": ("status",),
        "provider_users": ("city", "account_tier", "email"),
        "transactions": ("status", "transaction_id"),
    }.items():
        for row in world[table]:
            row.update(dict.fromkeys(columns, MARKUP))
    world["users"][2] |= {"city": "x" * 100_000, "email": "c@example.com", "country": "y" * 100_000}
    world["provider_users"][2] |= {"email": "c@example.com", "city": "x" * 100_000}
    return world


@pytest.fixture(scope="module")
def wild_report(fill_tables: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the wild world, with a check that is red."""
    path = tmp_path_factory.mktemp("wild") / "report.html"
    write(fill_tables(**wild_world()), path, green_and_red())
    return path


def test_text_from_the_data_cannot_become_markup(small_page: Page, wild_report: Path) -> None:
    tame, wild = small_page, Page(wild_report.read_text())
    assert not [attributes for _, attributes in wild.tags if attributes.get("id") == "hacked"]
    scripts = [[attributes for tag, attributes in page.tags if tag == "script"] for page in (tame, wild)]
    assert scripts[0] == scripts[1]
    assert "window.hacked" in wild.words()
    assert MARKUP in {row["status"] for row in wild.specs[0]["data"]["values"]}


# The file.


def test_the_report_needs_nothing_from_outside(default_report: Path) -> None:
    page = Page(default_report.read_text())
    assert not [tag for tag, attributes in page.tags if attributes.keys() & {"src", "href", "srcset", "action", "data"}]
    [policy] = [attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes]
    assert policy.startswith("default-src 'none'")
    style = re.search(r"<style>(.*?)</style>", default_report.read_text(), re.DOTALL)[1]
    assert not re.search(r"@import|url\(", style)


def test_the_report_of_the_default_run_is_below_2_mb(default_report: Path) -> None:
    assert default_report.stat().st_size < 2_000_000


def test_the_same_tables_make_the_same_file(
    default_report: Path, five_tables: Callable, verdict: list, tmp_path: Path
) -> None:
    assert write(five_tables(), tmp_path / "again.html", verdict) == default_report.read_text()


def test_a_report_is_replaced_only_by_a_whole_one(
    fill_tables: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = fill_tables(**small_world()), tmp_path / "report.html"
    path.write_text("the old one")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(UserError, match=r"report\.html cannot be written"):
        write(client, path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"report.html": "the old one"}


def test_altair_is_imported_only_to_write_a_report() -> None:
    code = "import sys; import dcr_data_generator.main, dcr_data_generator.report; print('altair' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60) == "False\n"


# In a browser.


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
    [WINDOWS[0], *(pytest.param(window, marks=pytest.mark.in_soak) for window in WINDOWS[1:3]), WINDOWS[3]],
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


def test_the_answers_of_a_rehearsal_stand_beside_the_open_ones(fill_tables: Callable, tmp_path: Path) -> None:
    client = fill_tables(**small_world())
    [open_answer] = [answer for answer in use_cases.run(client) if answer.name == "3_trust_and_fraud"]
    protected = kept.Answered(
        open_answer.name,
        "3_trust_and_fraud",
        open_answer.columns,
        kept.rows_of(open_answer),
        ["is_verified_user", "protected_customers"],
        [[True, 4711]],
        ["False: 46 customers, withheld: fewer than 50"],
    )
    kept.path_of(client.project, tmp_path).write_text(json.dumps([protected._asdict()]))
    words = Page(write(client, tmp_path / "report.html", embedded_dir=tmp_path)).words()
    assert "The protected answer" in words
    assert "4711" in words
    assert "False: 46 customers, withheld: fewer than 50" in words
    assert words.count("In the clean room") == 1
