"""The identity lab: how emails differ, what each normalizer recovers, and the command that compares them."""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from pydantic import SecretStr

from dcr_data_generator import checks, ewallet, identity, noise, sql, warehouse
from dcr_data_generator.clean_room import __main__ as clean_room
from dcr_data_generator.clean_room import rehearse
from dcr_data_generator.embedded import sample
from dcr_data_generator.tables import DESCRIPTIONS, IDENTITY_TABLES, SCHEMAS, ReplacedTables
from dcr_data_generator.warehouse import Warehouse
from tests.support import docs, emulator, engines, tables, worlds
from tests.support.normalized import NORMALIZED, RULES
from tests.support.settings import make_settings

SETTINGS = make_settings(identity_noise=0.18)
PROJECT = "identity-tests"
DOCS = Path(__file__).parents[1] / "docs" / "identity.md"
CHECKS = "checks/identity"
BEFORE = "ewallet_provider.users_before"

# Of the default run's 1,130 customers 565 hold a wallet, of whom 0.18 x 565 = 101.7 gave another email: 102. Of 36
# such emails 8 have a tag, 6 dots, then come 2 second addresses, 1 typo, 1 blank inside, 8 blanks around and 10 cases.
# The first k of 36 are ceil(k x 102 / 36) people: 23 of the first 8, 40 of 14, 46 of 16, 49 of 17, 51 of 18, 74 of 26.
KINDS = {"tag": 23, "dots": 17, "second address": 6, "typo": 3, "blank inside": 2, "blanks": 23, "case": 28}
# By the email, 463 holders are found who gave the same one; besides, lower case and trimming find cases and blanks
# (51), Customer Match also a blank inside (2), and UID2, instead of that, tags and dots (40). Every second holder wrote
# their phone number with brackets: as it is, it finds 51 more of 102, and 26 of the 51 whom trimming misses.
FOUND = {
    ("as_is", 1): 463,
    ("lower_trim", 1): 463 + 51,
    ("customer_match", 1): 463 + 51 + 2,
    ("uid2", 1): 463 + 51 + 40,
    ("as_is", 2): 463 + 51,
    ("lower_trim", 2): 463 + 51 + 26,
    ("customer_match", 2): 565,
    ("uid2", 2): 565,
}


@pytest.fixture(scope="module")
def place(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with a run whose emails are written as people do, and the users as they were before."""
    place = connect(PROJECT)
    tables.fill_source(place.client, **sample.generate())
    tables.make_five_tables(place, SETTINGS)
    place.client.query_and_wait(f"CREATE TABLE {BEFORE} AS SELECT * FROM ewallet_provider.provider_users")
    noise.write(place.client, SETTINGS, ReplacedTables())
    return place


def rows(place: Warehouse, query: str) -> list[tuple]:
    """The rows of a query."""
    return [row.values() for row in place.client.query_and_wait(query)]


def measure(place: Warehouse) -> dict[tuple[str, int], tuple[int, ...]]:
    """By normalizer and number of keys: customers matched, matches, true ones, and people mixed up."""
    with ewallet.working_dataset(place.client, SETTINGS, "identity/normalizers"):
        measured = sql.run(place.client, "identity/measures", SETTINGS).rows
    return {
        (each.normalizer, each.number_of_keys): (each.matched, each.pairs, each.true_pairs, each.mixed_up)
        for each in measured
    }


def test_each_kind_has_its_share_of_the_holders(place: Warehouse) -> None:
    query = "SELECT kind, COUNT(*) FROM ewallet_provider.identity_truth WHERE kind IS NOT NULL GROUP BY kind"
    assert dict(rows(place, query)) == KINDS


def test_provider_users_has_other_emails_and_is_otherwise_the_same(place: Warehouse) -> None:
    table, schema = "ewallet_provider.provider_users", SCHEMAS["provider_users"]
    after, before = (place.read(name, schema).set_index("provider_user_id").sort_index() for name in (table, BEFORE))
    assert len(after) == 706
    assert (after.pop("email") != before.pop("email")).sum() == 102
    pd.testing.assert_frame_equal(after, before)
    described = place.client.get_table(table)
    assert described.description == DESCRIPTIONS["provider_users"]
    details = [[(field.name, field.mode, field.description) for field in each] for each in (described.schema, schema)]
    assert details[0] == details[1]


def test_each_normalizer_finds_whom_its_rules_recover(place: Warehouse) -> None:
    assert measure(place) == {key: (found, found, found, 0) for key, found in FOUND.items()}


def test_the_page_has_these_figures() -> None:
    page = (docs.ROOT / "docs/identity.md").read_text(encoding="utf-8")
    for normalizer in ("as_is", "lower_trim", "customer_match", "uid2"):
        one, two = (FOUND[normalizer, keys] for keys in (1, 2))
        assert f"| `{normalizer}` | {one / 1130:.2%} | {two / 1130:.2%} | {565 - one} |\n" in page


def test_the_phone_numbers_are_unique(place: Warehouse) -> None:
    query = "SELECT COUNT(*), COUNT(DISTINCT phone) FROM merchant_provider.identity_keys"
    assert rows(place, query) == [(1130, 1130)]


def test_the_checks_of_the_emails_are_green(place: Warehouse) -> None:
    assert [check.name for check in checks.run(place.client, SETTINGS, CHECKS) if check.violations] == []


FAULTS = {
    "noise_is_exact": "identity_truth SET kind = 'case' WHERE kind IS NULL AND customer_email LIKE 'a%'",
    "kinds_have_their_shares": "identity_truth SET kind = 'typo' WHERE kind = 'tag'",
    "email_differs_as_its_kind_says": "identity_truth SET email = customer_email WHERE kind = 'dots'",
    "other_address_is_nobodys": "identity_truth SET email = customer_email WHERE kind = 'typo'",
    "phone_is_kept_for_fiction": "identity_truth SET true_phone = '+12125551212' WHERE kind = 'typo'",
    "keys_are_complete": "identity_keys SET email = 'x' WHERE email LIKE '%+wallet%'",
}


@pytest.fixture
def damaged(place: Warehouse) -> Iterator[Warehouse]:
    """The same project, whose tables are put right after the test."""
    names = [name for name in IDENTITY_TABLES if name.startswith("ewallet")]
    for name in names:
        place.client.query_and_wait(f"CREATE OR REPLACE TABLE {name}_kept AS SELECT * FROM {name}")
    yield place
    for name in names:
        place.client.query_and_wait(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name}_kept")


@pytest.mark.parametrize("check", [query.name for query in sql.read_folder(CHECKS)])
def test_a_fault_turns_its_check_red(check: str, damaged: Warehouse) -> None:
    damaged.client.query_and_wait(f"UPDATE ewallet_provider.{FAULTS[check]}")
    red = [each.name for each in checks.run(damaged.client, SETTINGS, CHECKS) if each.violations]
    assert f"identity/{check}" in red


# The examples of https://unifiedid.com/docs/getting-started/gs-normalization-encoding, with their SHA-256 in
# hexadecimal digits.
UID2 = [
    ("MyEmail@example.com", "16c18d336f0b250f0e2d907452ceb9658a74ecdae8bc94864c23122a72cc27a5"),
    ("My.Email@example.com", "e22b53bc6f871274f3a62ab37a3caed7214fc14d676215a96a242fcfada1c81f"),
    ("JANESAOIRSE@example.com", "d6670e7a92007f1b5ff785f1fc81e53aa6d3d7bd06bdf5c473cdc7286c284b6d"),
    ("jane.saoirse@example.com", "b196432c7b989a2ca91c83799957c515da53e6c13abf20b78fea94f117e90bf8"),
    ("JaneSaoirse+Work@example.com", "28aaee4815230cd3b4ebd88c515226550666e91ac019929e3adac3f66c288180"),
    ("JANE.SAOIRSE@gmail.com", "92ee26057ed9dea2535d6c8b141d48373932476599196e00352254896db5888f"),
    ("JaneSaoirse+Work@gmail.com", "92ee26057ed9dea2535d6c8b141d48373932476599196e00352254896db5888f"),
]
# The same page's phone number, and its SHA-256.
PHONE = " 1 (234) 567-8901", "10e6f0b47054a83359477dcb35231db6de5c69fb1816e1a6b98e192de9e5b9ee"


def test_uid2_gives_the_published_hashes(place: Warehouse) -> None:
    with ewallet.working_dataset(place.client, SETTINGS, "identity/normalizers"):
        hashes = [
            rows(
                place,
                f"SELECT TO_HEX(SHA256(n)), TO_BASE64(SHA256(n)) FROM (SELECT ewallet_working.{rule}('{key}') AS n)",
            )
            for rule, key in [*(("uid2", key) for key, _ in UID2), ("e164", PHONE[0])]
        ]
    # Base64 is another way to write the same bytes.
    assert hashes == [[(digest, base64.b64encode(bytes.fromhex(digest)).decode())] for _, digest in [*UID2, PHONE]]
    assert hashes[0][0][1] == "FsGNM28LJQ8OLZB0Us65ZYp07NrovJSGTCMSKnLMJ6U="


def test_a_normalizer_follows_its_published_rules(place: Warehouse) -> None:
    expected = [(key, *rules.values()) for key, rules in NORMALIZED.items()]
    calls = ", ".join(f"ewallet_working.{rule}(key)" for rule in RULES)
    keys = ", ".join(repr(key) for key, *_ in expected)
    with ewallet.working_dataset(place.client, SETTINGS, "identity/normalizers"):
        assert rows(place, "SELECT ewallet_working.e164('1 (800) 555-0100')") == [("+18005550100",)]
        assert sorted(rows(place, f"SELECT key, {calls} FROM UNNEST([{keys}]) AS key")) == sorted(expected)


def test_the_clean_room_finds_whom_its_rule_finds(place: Warehouse) -> None:
    room = rehearse.build(place, SETTINGS, SecretStr("x" * 16))
    rehearse.fill(place, SETTINGS, room, [])
    for rule in RULES:
        for table in room.secrets:
            room.engine.fill(table, [["x" * 16, rule]])
        keys = []
        for view in ("ewallet_provider.clean_room_keys", "merchant_provider.clean_room_keys"):
            room.engine.fill_from(view, room.queries[view])
            keys.append({key for _, key in room.engine.rows(view)})
        found = len(keys[0] & keys[1])
        assert found == FOUND[rule, 1]
        assert re.search(rf"\b{1130 - found} (match nobody )?by `{rule}`", DOCS.read_text(encoding="utf-8"))


def test_an_email_that_becomes_a_customers_by_a_dot_turns_its_check_red(damaged: Warehouse) -> None:
    email = "(SELECT MIN(email) FROM merchant_provider.users WHERE email NOT IN (SELECT customer_email FROM "
    email += "ewallet_provider.identity_truth WHERE customer_email IS NOT NULL))"
    damaged.client.query_and_wait(f"UPDATE ewallet_provider.identity_truth SET email = {email} WHERE kind = 'dots'")
    red = {each.name: each.violations for each in checks.run(damaged.client, SETTINGS, CHECKS)}
    assert red["identity/other_address_is_nobodys"] == KINDS["dots"]


def test_two_customers_whom_a_rule_takes_for_one_are_mixed_up(connect: Callable[[str], Warehouse]) -> None:
    place = connect("identity-mixed-up")
    for dataset in ("merchant_provider", "ewallet_provider"):
        place.client.create_dataset(dataset)
    for statement in (
        "ewallet_provider.identity_truth AS SELECT 1 AS provider_user_id, 'a.b@example.net' AS customer_email",
        "ewallet_provider.identity_keys AS SELECT 1 AS provider_user_id, 'A.B@example.net' AS email, '+1' AS phone",
        "merchant_provider.identity_keys AS SELECT 1 AS user_id, 'a.b@example.net' AS email, '+1' AS phone "
        "UNION ALL SELECT 2, 'ab@example.net', '+2' UNION ALL SELECT 3, 'c@example.net', '+1'",
    ):
        place.client.query_and_wait(f"CREATE TABLE {statement}")
    measured = measure(place)
    assert measured["as_is", 1] == (None, None, None, None)
    assert measured["lower_trim", 1] == (1, 1, 1, 0)
    assert measured["uid2", 1] == (2, 2, 1, 1)  # ab@example.net, too
    assert measured["uid2", 2] == (3, 3, 1, 2)  # and c@example.net, who shares the phone number


@pytest.mark.parametrize(
    ("customers", "matched", "mixed_up", "sentences"),
    [
        (4, None, None, ["By email, uid2 matches 0 customers: 0.00%.", "Nobody is matched."]),
        (0, None, None, ["By email, uid2 matches 0 customers: 0.00%.", "Nobody is matched."]),
        (4, 1, 0, ["By email, uid2 matches 1 customer: 25.00%.", "Of those matched, nobody is taken for somebody"]),
        (4, 3, 1, ["matches 3 customers: 75.00%.", "Of those matched, at most one customer is taken for somebody"]),
        (4, 3, 2, ["75.00%", "Of those matched, at most 2 customers are taken for somebody else."]),
    ],
)
def test_the_sentences_say_what_was_matched(
    customers: int, matched: int | None, mixed_up: int | None, sentences: list[str]
) -> None:
    row = SimpleNamespace(normalizer="uid2", number_of_keys=1, matched=matched, pairs=matched, true_pairs=matched)
    row.customers, row.holders, row.mixed_up = customers, matched or 0, mixed_up
    first, *others = identity.find([row])
    share = {None: "0.00%", 1: "25.00%", 3: "75.00%"}[matched]
    assert first == f"In truth {matched or 0} of the merchant's {customers} customers hold a wallet: {share}."
    assert [expected in sentence for expected, sentence in zip(sentences, others, strict=True)] == [True, True]


@pytest.mark.parametrize("share", [1, 0.0001])
def test_of_an_odd_merchant_any_share_passes_the_checks(share: float, connect: Callable[[str], Warehouse]) -> None:
    place, settings = connect("identity-odd"), make_settings(identity_noise=share, match_rate=1)
    engines.fill_merchant(place, *engines.odd_merchant())
    ewallet.create(place, settings, ReplacedTables())
    noise.write(place.client, settings, ReplacedTables())
    assert [check for check in checks.run(place.client, settings, CHECKS) if check.violations] == []


def test_without_the_tables_the_command_says_how_to_make_them(tmp_path: Path) -> None:
    status, out, err = emulator.run_here("--embedded-dir", str(tmp_path / "none"), command=identity.main)
    assert (status, out) == (2, "")
    assert emulator.only_line(err) == (
        "error: there are no emails as people write them: run `uv run python -m dcr_data_generator.main "
        "--identity-noise 0.18` first, with the same flags"
    )


def test_the_commands_compare_and_rehearse_and_the_report_has_both(
    place: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    report = tmp_path / "report.html"
    first_page = worlds.write(place, report, identity_noise=0.18)
    assert "are matched with a wallet" in first_page
    assert "customers hold a wallet." not in first_page
    monkeypatch.setattr(warehouse, "connect", lambda *_, **__: nullcontext(place))
    monkeypatch.setenv("DCR_NO_REPORT", "false")
    flags = ["--embedded-dir", str(tmp_path)]
    assert identity.main(flags) == 0
    out = capsys.readouterr().out
    assert "By email, as_is matches 463 customers: 40.97%.\nBy email, uid2 matches 554 customers: 49.03%.\n" in out
    assert "Of those matched, nobody is taken for somebody else.\n" in out
    assert clean_room.main(["rehearse", "--normalize", "uid2", *flags]) == 0
    out = capsys.readouterr().out
    assert "✓ Put both parties' tables behind the views: emails normalized by uid2 (" in out
    assert "576 of the 1,130 rows of merchant_clean_room.customers, withheld" in out
    page = report.read_text(encoding="utf-8")
    assert "Whom an email finds" in page
    assert "By email, uid2 matches 554 customers: 49.03%." in page
    assert "Emails are normalized by uid2 before they are hashed." in page
    query = tmp_path / "query.sql"
    query.write_text("SELECT COUNT(*) FROM merchant_provider.users", encoding="utf-8")
    (tmp_path / "answers_identity-tests.json").unlink()
    assert identity.main(flags) == 0
    assert "There is no report of these tables to add this comparison to: main" in capsys.readouterr().out
    assert identity.main([*flags, "--quiet"]) == 0
    assert clean_room.main(["rehearse", "--query", str(query), "--quiet", *flags]) == 0
    assert capsys.readouterr().out == ""
