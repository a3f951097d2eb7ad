"""The report: one file that opens anywhere and says what the run says."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dcr_data_generator import sql
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.output import files
from dcr_data_generator.output.report import report
from dcr_data_generator.output.report.report import Attempt, Protected
from dcr_data_generator.settings import Window
from dcr_data_generator.values import plain, printable
from dcr_data_generator.verify import use_cases
from dcr_data_generator.verify.checks import Check
from dcr_data_generator.verify.use_cases import UseCase
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support.docs import ROOT
from tests.support.page import Page, is_harmless
from tests.support.settings import make_settings
from tests.support.worlds import MARKUP, TABLES, all_green, fill, green_and_red, small_world, wild_world, write


@pytest.fixture(scope="module")
def place(connect: Callable) -> Warehouse:
    """A project for these tests."""
    return connect("report-tests")


@pytest.fixture
def tooltips(place: Warehouse, tmp_path: Path) -> Callable[..., list[str]]:
    """What the marks of the charts of some tables say."""

    def of_report(**tables: list[dict]) -> list[str]:
        fill(place, **tables)
        return Page(write(place, tmp_path / "report.html")).tooltips()

    return of_report


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
    days = "Orders from 2025-09-23, the last whole day of the source"
    assert f"{days} Seed 42 Match rate 50.00% Wallet payment rate 80.00% Wallet-only rate 20.00%" in words
    for table in TABLES:
        [[rows]] = client.query_and_wait(f"SELECT COUNT(*) FROM {table}")
        assert f"{table} {rows:,} rows" in words


def test_only_a_day_that_the_source_has_told_is_called_its_last(place: Warehouse, tmp_path: Path) -> None:
    fill(place, orders=[{"order_id": 1, "user_id": 1, "created_at": "2025-09-20 12:00:00 UTC"}])
    path, kept = tmp_path / "report.html", replace(place, window=Window(date(2025, 9, 20), 1))
    settings = make_settings("--keep-snapshot", report=path, embedded_dir=tmp_path)
    report.write(kept, settings, [], use_cases.run(kept), use_cases.count(kept))
    assert "Orders from 2025-09-20 Seed" in Page(path.read_text(encoding="utf-8")).words()


def test_the_report_has_every_question_answer_query_check_and_column(
    default_report: Path, default_run: Warehouse
) -> None:
    words = Page(default_report.read_text(encoding="utf-8")).words()
    for answer in use_cases.run(default_run):
        for said in (answer.question, answer.who_asks, answer.answer, " ".join(answer.query.split())):
            assert said in words
    for check in sql.read_folder("checks"):
        assert f"✓ {check.comments['check']}" in words
    assert f"✓ {len(sql.read_folder('checks'))} checks of these tables passed." in words
    for table, schema in TABLES.items():
        at = words.rindex(f"{table} column type")
        for field in schema:
            at = words.index(f" {field.name} ", at)


def test_the_summary_has_the_figure_of_each_answer(default_report: Path) -> None:
    page = default_report.read_text(encoding="utf-8")
    # By hand, from what the README shows of a run.
    assert re.findall(r'<p class="figure">(.*)</p>', page) == [
        "41.96%",
        "$57.00 to $240.05",
        "413 of 542",
        "542 of 678",
    ]


def test_a_columns_type_has_one_name_which_is_bigquerys(default_report: Path) -> None:
    page = Page(default_report.read_text(encoding="utf-8"))
    columns = page.words().partition("Each looks for rows")[2].partition("Made on")[0]
    names = set(re.findall(r"\b[A-Z]{2,}\d*\b", columns)) - {"ID", "IDS", "UUID", "US"}
    assert names == {"INT64", "STRING", "TIMESTAMP", "FLOAT64", "DATE", "BOOL", "NOT", "NULL"}


def test_the_overlap_is_in_words_and_to_scale(default_report: Path) -> None:
    page = Page(default_report.read_text(encoding="utf-8"))
    words = page.words()
    assert "Match rate 50.00% (target 50.00%): 542 of the merchant's 1,084 customers hold a wallet." in words
    assert "542 people known to the merchant only 542 to both parties 136 to the provider only" in words
    parts = [attributes["style"] for _, attributes in page.tags if attributes.get("style", "").startswith("flex")]
    assert parts == ["flex: 542", "flex: 542", "flex: 136"]


@pytest.fixture(scope="module")
def small_report(place: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page, list[UseCase]]:
    """The report of the small world, without checks: where it is, its page as a run writes it, and the answers."""
    fill(place, **small_world())
    path = tmp_path_factory.mktemp("small") / "my report.html"
    return path, Page(write(place, path)), use_cases.run(place)


@pytest.fixture
def small_page(small_report: tuple[Path, Page, list[UseCase]]) -> Page:
    """The page of the small world, as a run writes it."""
    return small_report[1]


def test_every_mark_says_what_it_shows(small_page: Page) -> None:
    assert small_page.tooltips()[:25] == [
        "1 person known to the merchant only",
        "2 to both parties",
        "1 to the provider only",
        "Complete, through the wallet: 1",
        "Complete, otherwise: 0",
        "Returned, through the wallet: 1",
        "Returned, otherwise: 0",
        "unknown, through the wallet: 0",
        "unknown, otherwise: 1",
        "Complete, through the wallet: $4.50",
        "Complete, otherwise: $0.00",
        "Returned, through the wallet: $7.00",
        "Returned, otherwise: $0.00",
        "unknown, through the wallet: $0.00",
        "unknown, otherwise: $1.25",
        "unknown, average order value (customers: 1): $7.00",
        "unknown, the middle half of the orders: $7.00 to $7.00",
        "Free, average order value (customers: 1): $4.50",
        "Free, the middle half of the orders: $4.50 to $4.50",
        "verified, customers: 1",
        "unverified, customers: 1",
        "verified, refunded 0 of 2: 0.00%",
        "unverified, refunded 1 of 1: 100.00%",
        "Japan, <25, users: 1",
        "Japan, 25-34, users: 0",
    ]


def test_bars_are_to_scale_and_zero_is_nothing(small_page: Page) -> None:
    styles = [attributes["style"] for _, attributes in small_page.tags if "--from" in attributes.get("style", "")]
    ends = [re.findall(r"[\d.]+", style) for style in styles]
    assert [(float(start), float(end)) for start, end in ends[6:12]] == [
        (0, pytest.approx(4.5 / 7)),
        (0, 0),
        (0, 1),
        (0, 0),
        (0, 0),
        (0, pytest.approx(1.25 / 7)),
    ]
    assert (float(ends[13][0]), float(ends[13][1])) == (1, 1)  # from $7 to $7


def test_the_spread_is_the_middle_half_of_a_tiers_orders(tooltips: Callable) -> None:
    world = small_world()
    world["transactions"] = [
        {"transaction_id": f"t{amount}", "order_id": amount, "provider_user_id": 1, "transaction_amount": amount}
        for amount in (1, 2, 3, 4, 90)
    ]
    said = tooltips(**world)
    assert "Free, average order value (customers: 1): $20.00" in said
    assert "Free, the middle half of the orders: $2.00 to $4.00" in said


def test_of_many_countries_and_statuses_the_rest_is_put_together(tooltips: Callable) -> None:
    many = range(1, 15)
    said = tooltips(
        users=[{"id": n, "email": f"{n}@example.com", "age": 70, "country": f"land {n:02}"} for n in many],
        orders=[{"order_id": n, "user_id": n, "status": f"status {n:02}"} for n in many],
        provider_users=[{"provider_user_id": n, "email": f"{n}@example.com"} for n in many],
    )
    assert [each for each in said if each.endswith((": 4", "10, otherwise: 1"))] == [
        "status 10, otherwise: 1",
        "all others, otherwise: 4",
        "all others, 65+, users: 4",
    ]


# The checks.


def test_a_red_check_comes_first_with_its_violating_rows(wild_report: Path) -> None:
    page = Page(wild_report.read_text(encoding="utf-8"))
    words = page.words()
    assert "✗ 1 of 2 checks is red: do not show these tables to anyone." in words
    assert "✗ Nothing is lost. b_fails: 1,234 violating rows email x@example.com, city </script><script>" in words
    assert words.index("Nothing is lost.") < words.index("✓ All is well.")
    assert [tag for tag, attributes in page.tags if attributes.get("class") == "red"] == ["p", "li"]


def test_without_the_checks_the_report_says_that_they_were_skipped(small_page: Page) -> None:
    words = small_page.words()
    assert "The checks were skipped: nothing was checked." in words
    assert "passed" not in words


# Odd tables.


def test_empty_tables_make_a_report_without_charts(place: Warehouse, tmp_path: Path) -> None:
    fill(place)
    page = Page(write(place, tmp_path / "report.html"))
    assert page.tooltips() == []
    assert page.words().count("There are no rows to draw.") == 4
    assert "There is no match rate: none of the merchant's users has an email." in page.words()


def test_without_wallet_holders_the_merchants_orders_are_still_drawn(tooltips: Callable) -> None:
    said = tooltips(**small_world() | {"provider_users": [], "transactions": []})
    assert len(said) == 1 + 2 * 2 * 3  # the merchant's people; two charts of two bars for three statuses
    assert "Complete, otherwise: $4.50" in said


def test_an_amount_that_is_not_a_number_is_unknown_and_breaks_no_chart(tooltips: Callable) -> None:
    world = small_world()
    world["transactions"] += [
        {"transaction_id": f"t{amount}", "order_id": order_id, "provider_user_id": 1, "transaction_amount": amount}
        for order_id, amount in ((10, None), (20, "NaN"), (30, "Infinity"))
    ]
    said = tooltips(**world)
    assert "Free, average order value (customers: 1): unknown" in said
    assert "unknown, through the wallet: unknown" in said
    assert "Returned, otherwise: $0.00" in said


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
    assert f"{plain(MARKUP)}, through the wallet: 2" in wild.tooltips()


# The file.


def test_the_report_needs_nothing_from_outside(default_report: Path) -> None:
    page = Page(default_report.read_text(encoding="utf-8"))
    assert not [tag for tag, attributes in page.tags if attributes.keys() & {"src", "srcset", "action", "data"}]
    links = [attributes["href"] for _, attributes in page.tags if "href" in attributes]
    assert set(links) == {f"#{attributes['id']}" for _, attributes in page.tags if "id" in attributes}
    [policy] = [attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes]
    assert policy.startswith("default-src 'none'")
    style = re.search(r"<style>(.*?)</style>", default_report.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert not re.search(r"@import|url\(", style)


def test_the_report_of_the_default_run_is_below_200_kb(default_report: Path) -> None:
    assert default_report.stat().st_size < 200_000


def test_the_same_tables_make_the_same_file(default_report: Path, default_run: Warehouse, tmp_path: Path) -> None:
    again = write(default_run, tmp_path / "again.html", all_green())
    # The footer names the time and the folder.
    assert again.partition("<footer>")[0] == default_report.read_text(encoding="utf-8").partition("<footer>")[0]


def test_a_report_is_replaced_only_by_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("the old one", encoding="utf-8")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UserError, match=r"report\.html cannot be written \(No space left on device\)"):
        report.save("the new one", path)
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["the old one"]


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report is wanted, unlike in most tests."""
    monkeypatch.delenv("DCR_NO_REPORT")


@pytest.mark.usefixtures("wanted")
@pytest.mark.parametrize("content", ["mine", "<!DOCTYPE html>\n<title>My page</title>", "\0" * 5000])
def test_a_file_that_is_not_a_report_is_not_replaced(content: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"report\.html is not a report of this program, and stays"):
        files.check_paths(make_settings(report=path))
    files.check_paths(make_settings(report=path, no_report=True))


@pytest.mark.usefixtures("wanted")
def test_a_report_and_an_empty_file_are_replaced(default_report: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.html").touch()
    for path in (default_report, tmp_path / "empty.html", tmp_path / "new.html"):
        files.check_paths(make_settings(report=path))


@pytest.mark.usefixtures("wanted")
def test_no_report_is_written_among_the_data(tmp_path: Path) -> None:
    (tmp_path / "data/uploads").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for folder in ("data", "link", "data/uploads"):
        settings = make_settings(embedded_dir=tmp_path / "data", report=tmp_path / folder / "bqemulator.duckdb")
        with pytest.raises(UserError, match="among the data of the embedded BigQuery"):
            files.check_paths(settings)


def test_the_report_has_no_control_character_wherever_a_text_comes_from(place: Warehouse, tmp_path: Path) -> None:
    world = small_world()
    for user in world["users"]:
        user["country"] = "\x1b]0;title\x07\u202eJapan"
    fill(place, **world)
    page = write(replace(place, name="in \x1b[31mred"), tmp_path / "report.html")
    assert is_harmless(page)
    assert "Japan" in page


def test_of_one_thing_the_singular_is_said(place: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    fill(place, **{name: rows[:1] for name, rows in small_world().items()})
    checks = [Check("a_fails", "Nothing is lost.", 1, [])]
    page = Page(write(place, tmp_path / "report.html", checks))
    terminal = Terminal()
    terminal.checks(checks)
    terminal.use_cases(use_cases.run(place))
    terminal.outcome(use_cases.count(place)._replace(altered=1, holders=1), make_settings().draws)
    said = " ".join([capsys.readouterr().out, page.words(), *page.tooltips()])
    assert "1 order," in said
    assert re.findall(r"(?<![\d.,$])1 (?!check is|customer holds)(?:[a-z]+ )?[a-z]+s\b", said) == []


# What a rehearsal adds.


PROTECTED = Protected(
    "3_trust_and_fraud",
    "The merchant counts.",
    "SELECT WITH AGGREGATION_THRESHOLD 4711",
    ["wallet_customers: at least 50."],
    [{"is_verified_user": True, "protected_customers": 4712}],
    1,
    ["false: 46 people, withheld: fewer than 50"],
    [],
    "",
)
ATTEMPTS = [
    Attempt(
        "A plain SELECT.", "You must not.", False, "merchant", "SELECT 4713", ["The rule.", "Allowed: SELECT 4714"]
    ),
    Attempt("Luck.", "3 rows", True, "provider", "SELECT 4715"),
]
RUNG = {"name": "Rules", "published": "publish", "costs": "Much.", "chosen": "Friends."}
LADDER = [RUNG | {"rows": [{"tier": "Free", "average": 4713.5}], "note": "Business: withheld."}]
ATTACK = dict.fromkeys(("attack", "wants", "knows", "does", "defence", "sentence", "example"), "Told.")
ATTACK |= {"name": "distinguishing", "queries": {}, "findings": []}
# No Free user paid at all, no Business user paid anything.
ATTACK |= {"rows": [{"epsilon": "1", "right": 0.7, "bound": 0.73, "Free error": None, "Premium error": 0.25}]}
SEEN = {"protected": [PROTECTED._asdict()], "ladder": LADDER, "attempts": [each._asdict() for each in ATTEMPTS]}
SEEN |= {"attacks": [ATTACK]}


@pytest.fixture
def add(small_report: tuple[Path, Page, list[UseCase]], place: Warehouse) -> Callable[..., tuple[Path | None, Page]]:
    """Add what a rehearsal has seen to the report of the small world; returns where that is, and its page."""
    path, _, answers = small_report

    def add_to_report(answers: list[UseCase] = answers, folder: Path = path.parent) -> tuple[Path | None, Page]:
        # A rehearsal is not told where the report is.
        written = report.add_to_report(place, make_settings(embedded_dir=folder).place, answers, SEEN)
        return written, Page(path.read_text(encoding="utf-8"))

    return add_to_report


def test_a_rehearsal_writes_its_answers_into_the_report_wherever_that_is(
    add: Callable, small_report: tuple[Path, Page, list[UseCase]]
) -> None:
    path, page, _ = small_report
    assert "type uv run dcr rehearse" in page.words()
    written, page = add()
    assert written == path
    words = page.words()
    assert "is_verified_user protected_customers True 4712" in words
    assert "True 4712 false 46 < 50, withheld false: 46 people, withheld: fewer than 50" in words
    assert "wallet_customers: at least 50." in words
    assert "SELECT WITH AGGREGATION_THRESHOLD 4711" in words
    assert "type uv run" not in words
    assert words.count("The open answer") == 4
    assert words.count("The protected answer") == 1


def test_a_rehearsal_writes_its_attempts_into_the_report(add: Callable) -> None:
    words = add()[1].words()
    assert "✗ 1 of 2 queries that break a rule got an answer." in words
    refused = "✓ refused: A plain SELECT. Asked as the merchant. You must not. The rule. Allowed: SELECT 4714"
    assert f"{refused} The query SELECT 4713" in words
    assert "✗ answered: Luck. Asked as the provider. 3 rows The query SELECT 4715" in words
    assert "Queries that are refused" in words


def test_a_rehearsal_puts_what_it_saw_on_each_rung_into_the_report(add: Callable, small_page: Page) -> None:
    assert "The ladder of trust" not in small_page.words()
    seen = "Rules publish Rules: the answer tier average Free 4,713.50 Business: withheld."
    assert f"{seen} It costs the owner: Much. It is for: Friends." in add()[1].words()


def test_a_chart_has_the_lines_whose_figures_are_known(add: Callable) -> None:
    words = add()[1].words()
    assert "epsilon 1, right: 70.00%" in words
    assert "epsilon 1, Premium error: 25.00%" in words
    assert "Business error" not in words


def test_the_rest_of_the_report_stays_as_it_is(add: Callable, small_page: Page) -> None:
    page = add()[1]
    added = ["True, protected customers: 4712", "false: 46 < 50, withheld"]
    assert [each for each in page.tooltips() if each not in added] == small_page.tooltips()
    assert "The checks were skipped: nothing was checked." in page.words()


def test_a_run_that_makes_the_same_tables_again_keeps_what_was_added(
    add: Callable, small_report: tuple[Path, Page, list[UseCase]], place: Warehouse
) -> None:
    fill(place, **small_world())
    seen = add()[1].words().partition("Made on")[0]
    again = Page(write(place, small_report[0])).words().partition("Made on")[0]
    assert "The ladder of trust" in again
    assert again == seen


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{"seed": 7}, {"identity_noise": 0.1}])
def test_a_run_with_other_draws_keeps_nothing_that_was_added(
    changed: dict, add: Callable, small_report: tuple[Path, Page, list[UseCase]], place: Warehouse
) -> None:
    fill(place, **small_world())
    add()
    assert "The ladder of trust" not in Page(write(place, small_report[0], **changed)).words()
    write(place, small_report[0])


def test_after_a_change_of_the_rules_a_run_keeps_nothing_that_was_added(
    add: Callable, small_report: tuple[Path, Page, list[UseCase]], place: Warehouse
) -> None:
    fill(place, **small_world())
    add()
    [saved] = small_report[0].parent.glob("answers_*.json")
    saved.write_text(json.dumps(json.loads(saved.read_text(encoding="utf-8")) | {"rules": "other"}), encoding="utf-8")
    assert "The ladder of trust" not in Page(write(place, small_report[0])).words()


def test_the_report_of_other_answers_is_not_touched(
    add: Callable, small_report: tuple[Path, Page, list[UseCase]]
) -> None:
    path, _, answers = small_report
    path.write_text("the old one", encoding="utf-8")
    written, _ = add([answers[0]._replace(answer="Something else."), *answers[1:]])
    assert (written, path.read_text(encoding="utf-8")) == (None, "the old one")


def test_the_report_of_another_version_is_not_touched(
    add: Callable, small_report: tuple[Path, Page, list[UseCase]], tmp_path: Path
) -> None:
    path, _, _ = small_report
    path.write_text("the old one", encoding="utf-8")
    [saved] = path.parent.glob("answers_*.json")
    contents = json.loads(saved.read_text(encoding="utf-8"))
    # Of another version, or of another shape.
    for change in (
        {"version": "another"},
        {"version": None},
        {"rows": []},
        {"verdict": 7},
        {"outcome": "one"},
        {"schemas": {"merchant_provider.orders": 5}},
        {"attempts": {"a": 1}},
    ):
        (tmp_path / saved.name).write_text(json.dumps(contents | change), encoding="utf-8")
        written, _ = add(folder=tmp_path)
        assert (written, path.read_text(encoding="utf-8")) == (None, "the old one")


@pytest.mark.parametrize("damaged", [b"", b'{"answers": [', b"\xff\xfe", b"null", b"[1]", b'{"answers": [7]}'])
def test_damaged_answers_of_a_run_are_taken_for_none(damaged: bytes, place: Warehouse, tmp_path: Path) -> None:
    settings = make_settings(embedded_dir=tmp_path).place
    (tmp_path / f"answers_{place.client.project}.json").write_bytes(damaged)
    assert report.add_to_report(place, settings, [], {}) is None


def test_a_file_in_the_place_of_the_report_is_not_replaced(add: Callable, place: Warehouse, tmp_path: Path) -> None:
    add()
    (tmp_path / "my report.html").write_text("mine", encoding="utf-8")
    settings = make_settings(embedded_dir=tmp_path).place
    assert report.add_to_report(place, settings, use_cases.run(place), {}) is None
    assert (tmp_path / "my report.html").read_text(encoding="utf-8") == "mine"


def test_without_a_report_a_rehearsal_writes_none(place: Warehouse, tmp_path: Path) -> None:
    settings = make_settings(embedded_dir=tmp_path).place
    assert report.add_to_report(place, settings, [], {}) is None
    assert [*tmp_path.iterdir()] == []


# The footer, and what the page makes of an answer.


def test_the_footer_names_the_command_that_makes_the_same_tables_again(place: Warehouse, tmp_path: Path) -> None:
    fill(place, **small_world())
    footer = Page(write(place, tmp_path / "report.html", seed=7, match_rate=0.25)).words().rpartition("Made on ")[2]
    made, _, rest = footer.partition(" UTC by dcr_data_generator ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", made)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert rest.startswith(f"{version}, seed 7, from a generated sample of thelook_ecommerce. The same tables again: ")
    command = rest.partition("again: ")[2]
    again = make_settings(*shlex.split(command)[4:])
    assert (again.draws.seed, again.draws.match_rate, str(again.snapshot.target_date)) == (7, 0.25, "2025-09-23")


@pytest.mark.parametrize(
    ("line", "group"),
    [
        ("Business: 35 people, withheld: fewer than 50", [("Business", "35 < 50, withheld")]),
        ("everyone: 1 person, withheld: fewer than 1,000", [("everyone", "1 < 1,000, withheld")]),
        ("a: b, c: 2 people, withheld: fewer than 3", [("a: b, c", "2 < 3, withheld")]),
        ("136 of the 678 rows of a.b, withheld: only those that match on c are counted", []),
        ("Nothing was withheld.", []),
    ],
)
def test_the_groups_that_a_threshold_withheld_are_read_from_what_is_said(line: str, group: list) -> None:
    assert report.groups_withheld([line]) == group


def test_a_query_is_highlighted_and_stays_what_it_is() -> None:
    query = "\n-- <b>why</b>\nSELECT 'a&b' AS x -- \u001b[31m\n\n"
    page = Page(report.highlighted(query))
    assert "".join(page.text) == query.replace("\u001b", printable("\u001b"))
    assert {tag for tag, _ in page.tags} == {"span"}
