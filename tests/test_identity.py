"""The identity lab: how emails differ, what each normalizer recovers, and the command that compares them."""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from google.cloud.bigquery import ArrayQueryParameter, QueryJobConfig
from pydantic import SecretStr

from dcr_data_generator import noise, sql
from dcr_data_generator.clean_room import project
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.commands import group, identity
from dcr_data_generator.ewallet_sql import working_dataset
from dcr_data_generator.settings import EMBEDDED_DATA
from dcr_data_generator.tables import DESCRIPTIONS, IDENTITY_TABLES, SCHEMAS
from dcr_data_generator.verify import checks
from dcr_data_generator.warehouse.embedded import sample
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator, engines, tables, worlds
from tests.support.normalized import NORMALIZED, RULES
from tests.support.settings import on

PROJECT = "identity-tests"
DOCS = Path(__file__).parents[1] / "docs" / "identity.md"
CHECKS = "checks/identity"
BEFORE = "ewallet_provider.users_before"

# The default run's customers, and those of them who hold a wallet.
CUSTOMERS, HOLDERS = 1084, 542
# 0.18 x 542 = 97.56 gave another email: 98. Of 36 such emails 8 have a tag, 6 dots, then come 2 second addresses, 1
# typo, 1 blank inside, 8 blanks around and 10 cases. The first k of 36 are ceil(k x 98 / 36) people: 22 of the first 8,
# 39 of 14, 44 of 16, 47 of 17, 49 of 18, 71 of 26.
KINDS = {"tag": 22, "dots": 17, "second address": 5, "typo": 3, "blank inside": 2, "blanks": 22, "case": 27}
# By the email, those are found who gave the same one. Besides, lower case and trimming find cases and blanks, Customer
# Match also a blank inside, and UID2, instead of that, tags and dots.
SAME = HOLDERS - 98
FOUND = {
    "as_is": SAME,
    "lower_trim": SAME + 49,
    "customer_match": SAME + 49 + 2,
    "uid2": SAME + 49 + 39,
}
RECOVERED = {
    "as_is": [None],
    "lower_trim": [None, "blanks", "case"],
    "customer_match": [None, "blanks", "case", "blank inside"],
    "uid2": [None, "blanks", "case", "tag", "dots"],
}
# Of 20 holders 15 have one phone number, 2 another at the provider, 1 none there, and 2 none at the merchant. The first
# 15, 17 and 18 of 20 are 406.5, 460.7 and 487.8 people, rounded up.
PHONE_KINDS = {"same": 407, "another": 54, "none at the provider": 27, "none at the merchant": 54}


@pytest.fixture(scope="module")
def place(connect: Callable[[str], Warehouse]) -> Warehouse:
    """A project with a run whose emails are written as people do, and the users as they were before."""
    place = connect(PROJECT)
    tables.fill_source(place.client, **sample.generate())
    place = tables.make_five_tables(place, identity_noise=0.18)
    place.client.query_and_wait(f"CREATE TABLE {BEFORE} AS SELECT * FROM ewallet_provider.provider_users")
    noise.write(place)
    return place


def rows(place: Warehouse, query: str) -> list[tuple]:
    """The rows of a query."""
    return [row.values() for row in place.client.query_and_wait(query)]


def truth(place: Warehouse) -> pd.DataFrame:
    """The table of the truth."""
    columns = "kind, customer_email, phone_kind, customer_phone, true_phone, phone, provider_user_id"
    made = rows(place, f"SELECT {columns} FROM ewallet_provider.identity_truth")
    return pd.DataFrame(made, columns=columns.split(", "), dtype=object)


def found_by_both(place: Warehouse) -> dict[str, int]:
    """How many holders each normalizer finds by the email or the phone number, by what is true of them."""
    holders = truth(place).dropna(subset="customer_email")
    by_number = holders["phone_kind"] == "same"
    as_written = by_number & (holders["phone"] == holders["true_phone"])
    by_phone = {"as_is": as_written, "lower_trim": as_written, "customer_match": by_number, "uid2": by_number}
    by_email = {rule: holders["kind"].isin(kinds) for rule, kinds in RECOVERED.items()}
    return {rule: (by_email[rule] | by_phone[rule]).sum() for rule in RECOVERED}


def measure(place: Warehouse) -> dict[tuple[str, int], tuple[int, ...]]:
    """By normalizer and number of keys: customers matched, matches, true ones, and people mixed up."""
    with working_dataset(place, "identity/normalizers"):
        measured = place.run("identity/measures").rows
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
    assert len(after) == round(HOLDERS / 0.8)
    assert (after.pop("email") != before.pop("email")).sum() == HOLDERS - SAME
    pd.testing.assert_frame_equal(after, before)
    described = place.client.get_table(table)
    assert described.description == DESCRIPTIONS["provider_users"]
    details = [[(field.name, field.mode, field.description) for field in each] for each in (described.schema, schema)]
    assert details[0] == details[1]


def test_each_normalizer_finds_whom_its_rules_recover(place: Warehouse) -> None:
    expected = {(rule, 1): found for rule, found in FOUND.items()}
    expected |= {(rule, 2): found for rule, found in found_by_both(place).items()}
    assert measure(place) == {key: (found, found, found, 0) for key, found in expected.items()}


def test_the_page_has_these_figures(place: Warehouse) -> None:
    page, by_both = DOCS.read_text(encoding="utf-8"), found_by_both(place)
    for rule, one in FOUND.items():
        shares = f"{one / CUSTOMERS:.2%} | {by_both[rule] / CUSTOMERS:.2%}"
        assert f"| `{rule}` | {shares} | {HOLDERS - one} |\n" in page


def test_phone_numbers_differ_in_exact_shares(place: Warehouse) -> None:
    made = truth(place)
    assert made["phone_kind"].value_counts().to_dict() == PHONE_KINDS
    # The merchant's other customers are 542, too, of whom a tenth has no number: from 487.8 on. Of the 136 wallet-only
    # users those from 115.6 to 122.4 have none.
    query = "SELECT COUNT(DISTINCT LOWER(email)) FROM merchant_provider.identity_keys WHERE phone IS NULL"
    assert rows(place, query) == [(54 + 54,)]
    assert made.loc[made["customer_email"].isna(), "phone"].isna().sum() == 123 - 116


def test_each_phone_number_is_given_once(place: Warehouse) -> None:
    made = truth(place)
    theirs = made.loc[made["phone_kind"] != "same", "true_phone"].dropna()
    query = "SELECT DISTINCT phone, LOWER(email) FROM merchant_provider.identity_keys WHERE phone IS NOT NULL"
    merchants = pd.Series([phone for phone, _ in rows(place, query)])
    assert len(merchants) == CUSTOMERS - 54 - 54
    assert pd.concat([merchants, theirs]).is_unique


def test_no_id_tells_how_a_wallet_only_user_writes_a_phone_number(place: Warehouse) -> None:
    made = truth(place)
    others = made[made["customer_email"].isna() & made["phone"].notna()]
    has_brackets = others["phone"].str.contains("(", regex=False)
    assert 0.4 < has_brackets.mean() < 0.6
    assert all(0.25 < share < 0.75 for share in has_brackets.groupby(others["provider_user_id"] % 2).mean())


def test_wallet_only_users_have_numbers_of_as_many_countries_as_customers(place: Warehouse) -> None:
    made = truth(place)
    starts = [
        made.loc[made["customer_email"].isna() == is_other, "true_phone"].dropna().str[:3].value_counts(normalize=True)
        for is_other in (False, True)
    ]
    # 15 of 100 of each are not of the United States, give or take 3 of the wallet-only users.
    assert [each[["+33", "+44", "+49", "+61"]].sum() for each in starts] == pytest.approx([0.15, 0.15], abs=0.06)


def test_the_checks_of_the_emails_are_green(place: Warehouse) -> None:
    assert [check.name for check in checks.run(place, folder=CHECKS) if check.violations] == []


FAULTS = {
    "noise_is_exact": "identity_truth SET kind = 'case' WHERE kind IS NULL AND customer_email LIKE 'a%'",
    "kinds_have_their_shares": "identity_truth SET kind = 'typo' WHERE kind = 'tag'",
    "email_differs_as_its_kind_says": "identity_truth SET email = customer_email WHERE kind = 'dots'",
    "other_address_is_nobodys": "identity_truth SET email = customer_email WHERE kind = 'typo'",
    "phone_differs_as_its_kind_says": "identity_truth SET true_phone = customer_phone WHERE phone_kind = 'another'",
    "phone_kinds_have_their_shares": "identity_truth SET phone_kind = 'same' WHERE phone_kind = 'another'",
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
@pytest.mark.slow
def test_a_fault_turns_its_check_red(check: str, damaged: Warehouse) -> None:
    damaged.client.query_and_wait(f"UPDATE ewallet_provider.{FAULTS[check]}")
    red = [each.name for each in checks.run(damaged, folder=CHECKS) if each.violations]
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
    with working_dataset(place, "identity/normalizers"):
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
    with working_dataset(place, "identity/normalizers"):
        assert rows(place, "SELECT ewallet_working.e164('1 (800) 555-0100')") == [("+18005550100",)]
        assert sorted(rows(place, f"SELECT key, {calls} FROM UNNEST([{keys}]) AS key")) == sorted(expected)


SALT = "x" * 16


@pytest.fixture(scope="module")
def room(place: Warehouse) -> CleanRoom:
    """The clean room of that project, without its rows."""
    return project.open_room(place, SecretStr(SALT))


def keys_of(room: CleanRoom, rule: str) -> list[dict[int, str]]:
    """The merchant's and the provider's keys by a rule, by their users' IDs."""
    room.set_secrets({"salt": SALT, "normalizer": rule})
    return [dict(room.rows(f"{party}_provider.clean_room_keys")) for party in ("merchant", "ewallet")]


def test_of_the_same_emails_both_parties_have_the_keys_of_the_normalizers(place: Warehouse, room: CleanRoom) -> None:
    query = "SELECT email FROM ewallet_provider.identity_truth WHERE kind IS NOT NULL"
    emails = [*{*NORMALIZED, *(email for (email,) in rows(place, query))}]
    users = [{"id": number, "provider_user_id": number, "email": email} for number, email in enumerate(emails)]
    room.fill({"merchant_provider.users": users, "ewallet_provider.provider_users": users})
    calls = ", ".join(f"TO_HEX(SHA256(CONCAT('{SALT}', ewallet_working.{rule}(email)))) AS {rule}" for rule in RULES)
    config = QueryJobConfig(query_parameters=[ArrayQueryParameter("emails", "STRING", emails)])
    with working_dataset(place, "identity/normalizers"):
        query = f"SELECT email, {calls} FROM UNNEST(@emails) AS email"
        hashes = place.client.query_and_wait(query, job_config=config).to_dataframe().set_index("email")
    for rule in RULES:
        assert keys_of(room, rule) == [dict(enumerate(hashes[rule][emails]))] * 2


@pytest.mark.slow
def test_the_clean_room_finds_whom_its_rule_finds(place: Warehouse, room: CleanRoom) -> None:
    room.load = project.open_room(place, SecretStr(SALT)).load
    room.loaded.clear()
    for rule in RULES:
        merchant, provider = (set(keys.values()) for keys in keys_of(room, rule))
        found = len(merchant & provider)
        assert found == FOUND[rule]
        assert re.search(rf"\b{CUSTOMERS - found} (match nobody )?by `{rule}`", DOCS.read_text(encoding="utf-8"))


def test_an_email_that_becomes_a_customers_by_a_dot_turns_its_check_red(damaged: Warehouse) -> None:
    email = "(SELECT MIN(email) FROM merchant_provider.users WHERE email NOT IN (SELECT customer_email FROM "
    email += "ewallet_provider.identity_truth WHERE customer_email IS NOT NULL))"
    damaged.client.query_and_wait(f"UPDATE ewallet_provider.identity_truth SET email = {email} WHERE kind = 'dots'")
    red = {each.name: each.violations for each in checks.run(damaged, folder=CHECKS)}
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
    hold = "holds" if matched == 1 else "hold"
    assert first == f"{matched or 0} of the merchant's {customers} customers {hold} a wallet: {share}."
    assert [expected in sentence for expected, sentence in zip(sentences, others, strict=True)] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("share", [1, 0.0001])
def test_of_an_odd_merchant_any_share_passes_the_checks(share: float, connect: Callable[[str], Warehouse]) -> None:
    place = on(connect("identity-odd"), identity_noise=share, match_rate=1)
    engines.fill_merchant(place, *engines.odd_merchant())
    engines.provide(place, "pandas", match_rate=1)
    noise.write(place)
    assert [check for check in checks.run(place, folder=CHECKS) if check.violations] == []


@pytest.mark.slow
def test_what_is_no_address_stays_and_of_the_addresses_the_share_is_exact(connect: Callable[[str], Warehouse]) -> None:
    place = on(connect("identity-hashes"), identity_noise=1, match_rate=1)
    others = ["5d41402abc4b2a76", "ANN", "ann@localhost", "a@b@example.com", "@example.com", "ann@example.", "12345"]
    emails = others * 5 + [f"p{number}@example.com" for number in range(37)]
    users = [
        {"id": number, "email": f"{email}{number}" if email == "ANN" else email} for number, email in enumerate(emails)
    ]
    engines.fill_merchant(place, [], [], users)
    engines.provide(place, "pandas", match_rate=1)
    noise.write(place)
    assert [check for check in checks.run(place, folder=CHECKS) if check.violations] == []
    made = rows(
        place, "SELECT customer_email, kind FROM ewallet_provider.identity_truth WHERE customer_email IS NOT NULL"
    )
    assert {email for email, kind in made if kind} == {f"p{number}@example.com" for number in range(37)}
    assert len(made) == 37 + 6 + 5  # "ANN" five times with a number


@pytest.mark.slow
def test_where_numbers_are_used_up_another_number_is_not_the_same(
    connect: Callable[[str], Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = on(connect("identity-numbers"), identity_noise=0.1, match_rate=1)
    users = [{"id": number, "email": f"{number}@shop.example"} for number in range(300)]
    engines.fill_merchant(place, [], [], users)
    engines.provide(place, "pandas", match_rate=1)
    engines.resize_buckets(monkeypatch, {59_900: 7})
    noise.write(place)
    made = truth(place)
    assert made["true_phone"].nunique() == 7
    another = made[made["phone_kind"] == "another"]
    assert len(another) == 30
    assert (another["true_phone"] != another["customer_phone"]).all()


def test_without_the_tables_the_command_says_how_to_make_them(tmp_path: Path) -> None:
    status, out, err = emulator.run_here("identity", "--embedded-dir", str(tmp_path / "none"), command=group.main)
    assert (status, out) == (2, "")
    assert emulator.only_line(err) == (
        "error: there are no tables with identity noise: run `uv run dcr make --identity-noise 0.18` first, "
        "with the same flags"
    )


@pytest.fixture
def run(
    place: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., str]:
    """Run a command on these tables, which have a report; returns what it prints."""
    worlds.write(place, tmp_path / "report.html", identity_noise=0.18)
    (tmp_path / EMBEDDED_DATA).touch()  # without data there are no tables
    for command in (identity, project):
        monkeypatch.setattr(command, "connect", lambda *_: nullcontext(place))
    monkeypatch.setenv("DCR_NO_REPORT", "false")
    monkeypatch.setattr(project, "REFUSED", "no such folder")  # the refused queries take longest

    def run_command(*arguments: str) -> str:
        status, out = group.main([*arguments, "--embedded-dir", str(tmp_path)]), capsys.readouterr()
        assert (status, out.err) == (0, "")
        return out.out

    return run_command


UID2_MATCHES = f"By email, uid2 matches {FOUND['uid2']} customers: {FOUND['uid2'] / CUSTOMERS:.2%}."


@pytest.mark.slow
def test_the_report_of_a_run_with_noise_does_not_say_that_the_matched_are_all_holders(
    place: Warehouse, tmp_path: Path
) -> None:
    page = worlds.write(place, tmp_path / "report.html", identity_noise=0.18)
    assert "are matched with a wallet" in page
    assert "customers hold a wallet." not in page


@pytest.mark.slow
def test_the_command_compares_the_rules_and_adds_that_to_the_report(run: Callable, tmp_path: Path) -> None:
    out = run("identity")
    as_is = f"By email, as_is matches {FOUND['as_is']} customers: {FOUND['as_is'] / CUSTOMERS:.2%}."
    assert f"{as_is}\n{UID2_MATCHES}\n" in out
    assert "Of those matched, nobody is taken for somebody else.\n" in out
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Whom an email finds" in page
    assert UID2_MATCHES in page


@pytest.mark.slow
def test_a_rehearsal_normalizes_by_the_rule_that_is_given_and_the_report_says_so(run: Callable, tmp_path: Path) -> None:
    run("identity")
    out = run("rehearse", "--normalize", "uid2")
    assert "✓ Put both parties' tables behind the views: emails normalized by uid2, the privacy budgets full (" in out
    assert re.search(r"\b55\d of the 1,087 rows of merchant_clean_room.customers, withheld", out)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Whom an email finds" in page  # as before the rehearsal
    assert "Emails are normalized by uid2 before they are hashed." in page


@pytest.mark.slow
def test_without_a_report_the_comparison_is_printed_and_quiet_prints_nothing(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "answers_identity-tests.json").unlink()
    assert "There is no report of these tables to add this comparison to: `dcr make` writes one." in run("identity")
    assert run("identity", "--quiet") == ""
