"""The report: one file that opens anywhere and says what the run says."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dcr_data_generator import sql, use_cases
from dcr_data_generator.errors import UserError
from dcr_data_generator.report import rehearsal, report
from dcr_data_generator.warehouse import Warehouse
from tests.support.page import Page
from tests.support.settings import make_settings
from tests.support.worlds import MARKUP, TABLES, all_green, fill, green_and_red, small_world, wild_world, write


@pytest.fixture(scope="module")
def place(connect: Callable) -> Warehouse:
    """A project for these tests."""
    return connect("report-tests")


def charts_of(place: Warehouse, **tables: list[dict]) -> list[str]:
    """The charts of these tables, in words; a whole page would take its time."""
    fill(place, **tables)
    rows, _ = report.figures(place.client, make_settings())
    return [f"{chart.title}. {chart.words}" for name in rows for chart in report.draw(name, rows[name])]


# What it says.


@pytest.fixture(scope="module")
def default_report(default_run: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the default run."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write(default_run, path, all_green())
    return path


def test_the_report_names_the_run_and_counts_its_tables(default_report: Path, default_run: Warehouse) -> None:
    client = default_run.client
    words = Page(default_report.read_text(encoding="utf-8")).words()
    assert default_run.name in words
    assert (
        "Orders from 2025-09-23 Seed 42 Match rate 50.00% Wallet payment rate 80.00% Wallet-only rate 20.00%" in words
    )
    for table in TABLES:
        [[rows]] = client.query_and_wait(f"SELECT COUNT(*) FROM {table}")
        assert f"{table} {rows:,} rows" in words


def test_the_report_has_every_question_answer_query_check_and_column(
    default_report: Path, default_run: Warehouse
) -> None:
    client = default_run.client
    words = Page(default_report.read_text(encoding="utf-8")).words()
    for answer in use_cases.run(client, make_settings()):
        for said in (answer.question, answer.who_asks, answer.answer, " ".join(answer.query.split())):
            assert said in words
    for check in sql.read_folder("checks"):
        assert f"✓ {check.comments['check']}" in words
    assert f"All {len(sql.read_folder('checks'))} checks of these tables are green." in words
    for table, schema in TABLES.items():
        at = words.rindex(f"{table} column type")
        for field in schema:
            at = words.index(f" {field.name} ", at)


def test_the_overlap_is_in_words_and_to_scale(default_report: Path) -> None:
    page = Page(default_report.read_text(encoding="utf-8"))
    [bar] = [attributes["aria-label"] for _, attributes in page.tags if attributes.get("class") == "bar"]
    assert "565 people known to the merchant only, 565 to both, 141 to the provider only" in bar
    assert "Match rate: 50.00% (target 50.00%): 565 of the merchant's 1,130 customers hold a wallet." in page.words()
    parts = [attributes["style"] for tag, attributes in page.tags if tag == "span" and "style" in attributes]
    assert [re.search(r"flex-grow: (\d+)", part)[1] for part in parts] == ["565", "565", "141"]


@pytest.fixture(scope="module")
def small_page(place: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the small world, without checks, after a rehearsal of two use cases; one has changed since."""
    folder = tmp_path_factory.mktemp("small")
    fill(place, **small_world())
    answers = {answer.name: answer for answer in use_cases.run(place.client, make_settings())}
    rehearsed = [
        rehearsal.Answered(
            name,
            name,
            answers[name].columns,
            rehearsal.rows_of(answers[name])[changed:],
            ["is_verified_user", "protected_customers"],
            [[True, 4711 + changed]],
            ["False: 46 customers, withheld: fewer than 50"],
        )
        for changed, name in enumerate(["3_trust_and_fraud", "2_customer_segmentation"])
    ]
    rehearsal.save_rehearsal(rehearsed, rehearsal.path_of(place.client.project, folder))
    return Page(write(place, folder / "report.html", embedded_dir=folder))


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
    sales, rates = (small_page.specs[number]["data"]["values"] for number in (1, 4))
    assert [(row["status"], row["wallet_sales"], row["other_sales"]) for row in sales] == [
        ("Complete", 4.5, 0),
        ("Returned", 7, 0),
        ("unknown", 0, 1.25),
    ]
    assert [(row["verification"], row["customers"], row["refund_rate"]) for row in rates] == [
        ("verified", 1, 0),
        ("unverified", 1, 1),
    ]


def test_the_spread_is_the_middle_half_of_a_tiers_orders(place: Warehouse) -> None:
    world = small_world()
    world["transactions"] = [
        {"transaction_id": f"t{amount}", "order_id": amount, "provider_user_id": 1, "transaction_amount": amount}
        for amount in (1, 2, 3, 4, 90)
    ]
    [said] = [chart for chart in charts_of(place, **world) if "tier" in chart]
    assert said.endswith("Free $20.00 with 1 customers, the middle half of the orders from $2.00 to $4.00.")


def test_of_many_countries_and_statuses_the_rest_is_put_together(place: Warehouse) -> None:
    many = range(1, 15)
    charts = charts_of(
        place,
        users=[{"id": n, "email": f"{n}@example.com", "age": 70, "country": f"land {n:02}"} for n in many],
        orders=[{"order_id": n, "user_id": n, "status": f"status {n:02}"} for n in many],
        provider_users=[{"provider_user_id": n, "email": f"{n}@example.com"} for n in many],
    )
    assert (
        "status 10 0 through the wallet and 1 otherwise; all others 0 through the wallet and 4 otherwise." in charts[0]
    )
    assert charts[-1].endswith("land 10 65+ 1; all others 65+ 4.")


# The checks.


def test_a_red_check_comes_first_with_its_violating_rows(wild_report: Path) -> None:
    page = Page(wild_report.read_text(encoding="utf-8"))
    words = page.words()
    assert "✗ 1 of 2 checks are red: do not show these tables to anyone." in words
    assert "✗ Nothing is lost. b_fails: 1,234 violating rows email x@example.com, city </script><script>" in words
    assert words.index("Nothing is lost.") < words.index("✓ All is well.")
    assert [tag for tag, attributes in page.tags if attributes.get("class") == "red"] == ["p", "li"]


def test_without_the_checks_the_report_says_that_they_were_skipped(small_page: Page) -> None:
    words = small_page.words()
    assert "The checks were skipped: nothing was verified." in words
    assert "green" not in words


# Odd tables.


def test_empty_tables_make_a_report_without_charts(place: Warehouse, tmp_path: Path) -> None:
    fill(place)
    page = Page(write(place, tmp_path / "report.html"))
    assert page.charts() == []
    assert page.words().count("There are no rows to draw.") == 4
    assert "Match rate: none: none of the merchant's users has an email." in page.words()


def test_without_wallet_holders_the_merchants_orders_are_still_drawn(place: Warehouse) -> None:
    charts = charts_of(place, **small_world() | {"provider_users": [], "transactions": []})
    assert [chart.split(".")[0] for chart in charts] == ["Orders", "Sales in US dollars"]


def test_an_amount_that_is_not_a_number_breaks_no_chart(place: Warehouse) -> None:
    world = small_world()
    world["transactions"] += [
        {"transaction_id": f"t{amount}", "order_id": order_id, "provider_user_id": 1, "transaction_amount": amount}
        for order_id, amount in ((10, None), (20, "NaN"), (30, "Infinity"))
    ]
    fill(place, **world)
    rows, _ = report.figures(place.client, make_settings())
    charts = [chart for name in rows for chart in report.draw(name, rows[name])]
    assert len(charts) == 6
    json.dumps(charts, allow_nan=False)  # a browser reads no NaN


@pytest.fixture(scope="module")
def wild_report(place: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the wild world, with a check that is red."""
    path = tmp_path_factory.mktemp("wild") / "report.html"
    fill(place, **wild_world())
    write(place, path, green_and_red())
    return path


def test_text_from_the_data_cannot_become_markup(small_page: Page, wild_report: Path) -> None:
    tame, wild = small_page, Page(wild_report.read_text(encoding="utf-8"))
    assert not [attributes for _, attributes in wild.tags if attributes.get("id") == "hacked"]
    scripts = [[attributes for tag, attributes in page.tags if tag == "script"] for page in (tame, wild)]
    assert scripts[0] == scripts[1]
    assert "window.hacked" in wild.words()
    assert MARKUP in {row["status"] for row in wild.specs[0]["data"]["values"]}


# The file.


def test_the_report_needs_nothing_from_outside(default_report: Path) -> None:
    page = Page(default_report.read_text(encoding="utf-8"))
    assert not [tag for tag, attributes in page.tags if attributes.keys() & {"src", "href", "srcset", "action", "data"}]
    [policy] = [attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes]
    assert policy.startswith("default-src 'none'")
    style = re.search(r"<style>(.*?)</style>", default_report.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert not re.search(r"@import|url\(", style)


def test_the_report_of_the_default_run_is_below_2_mb(default_report: Path) -> None:
    assert default_report.stat().st_size < 2_000_000


def test_the_same_tables_make_the_same_file(default_report: Path, default_run: Warehouse, tmp_path: Path) -> None:
    assert write(default_run, tmp_path / "again.html", all_green()) == default_report.read_text(encoding="utf-8")


def test_a_report_is_replaced_only_by_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("the old one", encoding="utf-8")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UserError, match=r"report\.html cannot be written \(No space left on device\)"):
        report.save("the new one", path)
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["the old one"]


def test_the_answers_of_a_rehearsal_stand_beside_the_open_ones(small_page: Page) -> None:
    words = small_page.words()
    assert "The protected answer" in words
    assert "4711" in words
    assert "False: 46 customers, withheld: fewer than 50" in words


def test_an_answer_that_has_changed_since_the_rehearsal_is_left_out(small_page: Page) -> None:
    assert small_page.words().count("In the clean room") == 1
    assert "4712" not in small_page.words()
