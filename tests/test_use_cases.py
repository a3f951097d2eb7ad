"""The four answers, in a sentence for every outcome; and the overlap, against SQL of its own."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest

from dcr_data_generator import sql, use_cases
from dcr_data_generator.use_cases import FIGURES, SENTENCES
from dcr_data_generator.warehouse import Warehouse
from tests.support import tables, worlds
from tests.support.settings import make_settings

REFUNDS = {"verified_orders": 10, "verified_refunds": 1, "unverified_orders": 4, "unverified_refunds": 2}


ENRICHMENT = ["provider_users", "enriched_users", "user_records", "largest_group", "largest_groups", "homes"]


@pytest.mark.parametrize(
    ("name", "figures", "sentence"),
    [
        (
            "1_transaction_verification",
            {"orders": 4, "wallet_orders": 3, "wallet_sales": 1234.5, "sales": 4938.0},
            "This provider processed 3 of 4 orders, worth $1,234.50: 25% of the sales.",
        ),
        (
            "1_transaction_verification",
            {"orders": 4, "wallet_orders": 0, "wallet_sales": 0.0, "sales": 0.0},
            "None of the 4 orders has items, so there was nothing to pay.",
        ),
        (
            "2_customer_segmentation",
            {"free": 100.0, "premium": 200.5, "business": 300.0, "business_customers": 3},
            "Average order value rises with the account tier: Free $100.00, Premium $200.50, Business $300.00.",
        ),
        (
            "2_customer_segmentation",
            {"free": 48.26, "premium": 159.47, "business": 150.96, "business_customers": 1234},
            "Average order value: Free $48.26, Premium $159.47, Business $150.96. It does not rise with the account "
            "tier in this snapshot, in which 1,234 Business customers paid with the wallet.",
        ),
        (
            "2_customer_segmentation",
            {"free": 5.0, "premium": 5.0, "business": 6.0, "business_customers": 1},
            "Average order value: Free $5.00, Premium $5.00, Business $6.00. It does not rise with the account tier "
            "in this snapshot, in which 1 Business customer paid with the wallet.",
        ),
        (
            "2_customer_segmentation",
            {"free": 100.0, "premium": None, "business": None, "business_customers": 0},
            "Average order value: Free $100.00. No Premium and no Business customer paid with the wallet.",
        ),
        (
            "2_customer_segmentation",
            {"free": None, "premium": None, "business": None, "business_customers": 0},
            "No customer paid with the wallet, so there is nothing to compare.",
        ),
        (
            "3_trust_and_fraud",
            {"verified_customers": 5, "customers": 8, **REFUNDS},
            "This provider has verified 5 of the 8 customers it knows: they cancel or return 10% of their orders, "
            "the others 50%.",
        ),
        (
            "3_trust_and_fraud",
            {"verified_customers": 0, "customers": 0, **dict.fromkeys(REFUNDS, 0)},
            "This provider has verified 0 of the 0 customers it knows.",
        ),
        *(
            (
                "4_user_enrichment",
                dict(zip(ENRICHMENT, figures, strict=True)),
                f"The merchant knows {sentence}",
            )
            for figures, sentence in (
                ((9, 0, 0, None, 0, None), "none of our 9 users."),
                ((9, 5, 5, 2, 1, "Japan"), "5 of our 9 users; the largest group, 2, is from Japan."),
                (
                    (9, 4, 4, 2, 2, "Brasil and Japan"),
                    "4 of our 9 users; the largest groups, 2 each, are from Brasil and Japan.",
                ),
                (
                    (9, 5, 5, 1, 5, "A and B and C and D and E"),
                    "5 of our 9 users; the largest groups, 1 each, are from 5 countries.",
                ),
                ((9, 4, 4, 4, 1, "Japan"), "4 of our 9 users; all of them are from Japan."),
                (
                    (9, 5, 6, 3, 1, "Japan"),
                    "5 of our 9 users; the largest group, 3, is from Japan. It has 6 user "
                    "records of these people, because some share an email.",
                ),
            )
        ),
    ],
)
def test_an_answer_is_a_sentence_for_every_outcome(name: str, figures: dict, sentence: str) -> None:
    assert SENTENCES[name](SimpleNamespace(**figures)) == sentence


@pytest.mark.parametrize(
    ("name", "figures", "figure"),
    [
        ("1_transaction_verification", {"wallet_sales": 1234.5, "sales": 4938.0}, "25%"),
        ("1_transaction_verification", {"wallet_sales": 0.0, "sales": 0.0}, "none"),
        ("2_customer_segmentation", {"free": 100.0, "business": 1300.5}, "$100.00 to $1,300.50"),
        ("2_customer_segmentation", {"free": 100.0, "business": None}, "$100.00 to none"),
        ("3_trust_and_fraud", {"verified_customers": 3, "customers": 1234}, "3 of 1,234"),
        ("4_user_enrichment", {"enriched_users": 0, "provider_users": 7}, "0 of 7"),
    ],
)
def test_every_answer_has_a_figure(name: str, figures: dict, figure: str) -> None:
    assert FIGURES[name](SimpleNamespace(**figures)) == figure


def test_refunds_are_found_in_any_case(connect: Callable[[str], Warehouse]) -> None:
    place, settings = connect("refund-tests"), make_settings(match_rate=1, wallet_only_rate=0)
    numbers = range(1, 21)
    tables.fill_source(
        place.client,
        orders=[
            {"order_id": n, "user_id": n, "status": ["cancelled", "RETURNED"][n % 2], "created_at": "2025-09-23"}
            for n in numbers
        ],
        users=[{"id": n, "email": f"{n}@example.com", "age": 30, "created_at": "2025-01-01"} for n in numbers],
    )
    tables.make_five_tables(place, settings)
    # Of 20 holders with a refund, 55 % are verified.
    assert use_cases.run(place.client, settings)[2].answer == (
        "This provider has verified 11 of the 20 customers it knows: they cancel or return 100% of their orders, "
        "the others 100%."
    )
    rows = sql.run(place.client, "report/3_trust_and_fraud", settings).rows
    assert [(row["verification"], row["refunds"], row["refund_rate"]) for row in rows] == [
        ("verified", 11, 1.0),
        ("unverified", 9, 1.0),
    ]
    assert sql.run(place.client, "checks/verified_users_have_their_shares", settings).total == 0


def test_the_overlap_counts_people_and_the_rows_are_counted(default_run: Warehouse) -> None:
    outcome = use_cases.count(default_run.client, make_settings())
    rows = default_run.client.query_and_wait(
        "SELECT COUNT(DISTINCT LOWER(TRIM(u.email))), COUNT(DISTINCT p.email), "
        "COUNT(DISTINCT IF(p.email IS NULL, NULL, LOWER(TRIM(u.email)))) FROM merchant_provider.users AS u "
        "FULL JOIN ewallet_provider.provider_users AS p "
        "ON LOWER(TRIM(u.email)) = LOWER(TRIM(p.email))"
    )
    [[customers, provider_users, both]] = [row.values() for row in rows]
    overlap = outcome.merchant_only, outcome.both_parties, outcome.provider_only
    assert overlap == (customers - both, both, provider_users - both) == (565, 565, 141)
    assert outcome.first_order == outcome.last_order == date(2025, 9, 23)
    assert outcome.row_counts["ewallet_provider.provider_users"] == provider_users
    assert list(outcome.row_counts) == [
        "merchant_provider.orders",
        "merchant_provider.order_items",
        "merchant_provider.users",
        "ewallet_provider.provider_users",
        "ewallet_provider.transactions",
    ]


def test_a_use_case_says_who_asks_over_which_key(default_run: Warehouse) -> None:
    answers = use_cases.run(default_run.client, make_settings())
    assert [answer.name[0] for answer in answers] == ["1", "2", "3", "4"]
    assert answers[0].question == "Which sales did this provider process?"
    assert answers[0].who_asks == "The merchant asks. Join key: order_id."
    assert (len(answers[0].rows), answers[0].total) == (10, 466)


def test_people_are_counted_where_users_share_an_email(connect: Callable) -> None:
    place = connect("use-case-tests")
    worlds.fill(
        place,
        users=[{"id": n, "email": "ann@example.com", "country": "Japan"} for n in (1, 2)],
        orders=[{"order_id": n, "user_id": n, "status": "Complete"} for n in (1, 2)],
        provider_users=[
            {"provider_user_id": 1, "email": "ann@example.com", "account_tier": "Free", "is_verified_user": True}
        ],
        transactions=[
            {"transaction_id": str(n), "order_id": n, "provider_user_id": 1, "transaction_amount": 5.0} for n in (1, 2)
        ],
    )
    answers = use_cases.run(place.client, make_settings())
    assert answers[1].rows[0].values() == ("Free", 5.0, 1)
    assert answers[2].rows[0].values() == (True, 1)
    assert answers[2].answer.startswith("This provider has verified 1 of the 1 customers it knows")
    assert answers[3].answer.endswith("all of them are from Japan. It has 2 user records of these people, because "
                                      "some share an email.")  # fmt: skip
