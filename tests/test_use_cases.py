"""The four answers, in a sentence for every outcome; and the overlap, against SQL of its own."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest

from dcr_data_generator.clean_room import views
from dcr_data_generator.tables import SCHEMAS
from dcr_data_generator.verify import ownership, use_cases
from dcr_data_generator.verify.use_cases import ANSWERS
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import tables, worlds
from tests.support.settings import on

SEGMENTS = ["free", "premium", "business", "free_customers", "premium_customers", "business_customers"]
REFUNDS = {"verified_orders": 10, "verified_refunds": 1, "unverified_orders": 4, "unverified_refunds": 2}


ENRICHMENT = ["provider_users", "enriched_users", "user_records", "largest_group", "largest_groups", "homes"]


@pytest.mark.parametrize(
    ("name", "figures", "sentence"),
    [
        (
            "1_transaction_verification",
            {"orders": 4, "wallet_orders": 3, "wallet_sales": 1234.5, "sales": 4938.0},
            "This provider processed 3 of 4 orders, and 25.00% of the sales: $1,234.50.",
        ),
        (
            "1_transaction_verification",
            {"orders": 4, "wallet_orders": 0, "wallet_sales": 0.0, "sales": 0.0},
            "None of the 4 orders has items, so there was nothing to pay.",
        ),
        (
            "1_transaction_verification",
            {"orders": 1, "wallet_orders": 0, "wallet_sales": 0.0, "sales": 0.0},
            "The order has no items, so there was nothing to pay.",
        ),
        (
            "1_transaction_verification",
            {"orders": 1, "wallet_orders": 1, "wallet_sales": 5.0, "sales": 5.0},
            "This provider processed 1 of 1 order, and 100.00% of the sales: $5.00.",
        ),
        (
            "1_transaction_verification",
            {"orders": 16, "wallet_orders": 13, "wallet_sales": None, "sales": None},
            "This provider processed 13 of 16 orders. What they are worth is unknown: their items have no price.",
        ),
        (
            "1_transaction_verification",
            {"orders": 16, "wallet_orders": 13, "wallet_sales": 0.0, "sales": None},
            "This provider processed 13 of 16 orders, worth $0.00: the prices add up to nothing.",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (None, None, None, 1, 1, 1), strict=True)),
            "What customers paid with the wallet is unknown, because no item of theirs has a price.",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (100.0, 200.5, 300.0, 9, 9, 3), strict=True)),
            "Average order value rises with the account tier: Free $100.00, Premium $200.50, Business $300.00.",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (48.26, 159.47, 150.96, 9, 9, 1234), strict=True)),
            "Average order value: Free $48.26, Premium $159.47, Business $150.96. It does not rise with the account "
            "tier in this snapshot, in which 1,234 Business customers paid with the wallet.",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (5.0, 5.0, 6.0, 9, 9, 1), strict=True)),
            "Average order value: Free $5.00, Premium $5.00, Business $6.00. It does not rise with the account tier "
            "in this snapshot, in which 1 Business customer paid with the wallet.",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (100.0, None, None, 9, 0, 0), strict=True)),
            "Average order value: Free $100.00. No Premium and no Business customer paid with the wallet.",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (None, None, None, 0, 0, 0), strict=True)),
            "No customer whom an email matches paid with the wallet, so there is nothing to compare.",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (100.0, None, None, 9, 2, 0), strict=True)),
            "Average order value: Free $100.00. No Business customer paid with the wallet. What Premium customers paid "
            "is unknown: no item of theirs has a price.",
        ),
        (
            "3_trust_and_fraud",
            {"verified_customers": 5, "customers": 8, **REFUNDS},
            "This provider has verified 5 of the 8 customers it knows: they cancel or return 10.00% of their orders, "
            "the others 50.00%.",
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
                ((9, 1, 1, 1, 1, "Japan"), "1 of our 9 users; that user is from Japan."),
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
    assert ANSWERS[name](SimpleNamespace(**figures)).answer == sentence


@pytest.mark.parametrize(
    ("name", "figures", "figure"),
    [
        (
            "1_transaction_verification",
            {"orders": 4, "wallet_orders": 3, "wallet_sales": 1234.5, "sales": 4938},
            "25.00%",
        ),
        ("1_transaction_verification", {"orders": 4, "wallet_orders": 0, "wallet_sales": 0, "sales": 0}, "none"),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (100.0, 200.5, 1300.5, 9, 9, 3), strict=True)),
            "$100.00 to $1,300.50",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (100.0, None, None, 9, 0, 0), strict=True)),
            "$100.00 to none",
        ),
        (
            "2_customer_segmentation",
            dict(zip(SEGMENTS, (100.0, None, None, 9, 2, 1), strict=True)),
            "$100.00 to unknown",
        ),
        ("3_trust_and_fraud", {"verified_customers": 3, "customers": 1234, **REFUNDS}, "3 of 1,234"),
        ("4_user_enrichment", dict(zip(ENRICHMENT, (7, 0, 0, None, 0, None), strict=True)), "0 of 7"),
    ],
)
def test_every_answer_has_a_figure(name: str, figures: dict, figure: str) -> None:
    assert ANSWERS[name](SimpleNamespace(**figures)).figure == figure


@pytest.mark.slow
def test_refunds_are_found_in_any_case(connect: Callable[[str], Warehouse]) -> None:
    place = connect("refund-tests")
    numbers = range(1, 21)
    tables.fill_source(
        place.client,
        orders=[
            {"order_id": n, "user_id": n, "status": ["cancelled", "RETURNED"][n % 2], "created_at": "2025-09-23"}
            for n in numbers
        ],
        users=[{"id": n, "email": f"{n}@example.com", "age": 30, "created_at": "2025-01-01"} for n in numbers],
    )
    place = tables.make_five_tables(place, match_rate=1, wallet_only_rate=0)
    # Of 20 holders with a refund, 55 % are verified.
    assert use_cases.run(place)[2].answer == (
        "This provider has verified 11 of the 20 customers it knows: they cancel or return 100.00% of their orders, "
        "the others 100.00%."
    )
    rows = place.run("questions/3_trust_and_fraud/chart").rows
    assert [(row["verification"], row["refunds"], row["refund_rate"]) for row in rows] == [
        ("verified", 11, 1.0),
        ("unverified", 9, 1.0),
    ]
    assert place.run("checks/verified_users_have_their_shares").total == 0


@pytest.fixture(scope="module")
def thin(connect: Callable) -> Warehouse:
    """A source with 40, 12, 60 and 29 more customers on 20 to 23 September; and what must not count, on the 23rd."""
    days = [23] * 29 + [22] * 60 + [21] * 12 + [20] * 40
    orders = [{"order_id": n, "user_id": n, "created_at": f"2025-09-{day} 23:59:59"} for n, day in enumerate(days)]
    users = [{"id": n, "email": f"{n}@example.com"} for n in range(len(days))]
    users += [{"id": 1000, "email": " 7@EXAMPLE.com"}, {"id": 1001, "email": " "}, {"id": 1002, "email": "new"}]
    # Somebody's second order and second record, nobody's, one after the target date, and one without items.
    more = [(7, 22), (1000, 23), (1001, 23), (1002, 24), (1002, 23)]
    orders += [
        {"order_id": 1000 + n, "user_id": user, "created_at": f"2025-09-{day}"} for n, (user, day) in enumerate(more)
    ]
    items, place = [{"order_id": each["order_id"]} for each in orders[:-1]], connect("thin-tests")
    tables.fill_source(place.client, orders=orders, users=users, order_items=items)
    return place


FOUR_DAYS = "--target-date 2025-09-23 --days 4 would do."
NO_DAYS = "no more --days before 2025-09-23 would do, with these rates."


@pytest.mark.parametrize(
    ("people", "paying", "first_day", "knobs", "sentence"),
    [
        (50, 50, 23, {}, None),
        # 50 + 3 x the root of 50 is 71.2: that is 70 % of 101.7 people who pay. In 1, 2, 3 and 4 days of the source
        # there are 29, 89, 101 and 141 customers. None of the 12 pays, so the rates of 1 say how many will.
        pytest.param(
            12, 0, 23, {}, f"question 2 (at most 0) and question 3 (at most 12): {FOUR_DAYS}", marks=pytest.mark.slow
        ),
        # 49 of 50 pay, so it takes 103.8 customers. If 25 of 50 pay, it takes 203.5.
        (50, 49, 23, {}, f"question 2 (at most 49): {FOUR_DAYS}"),
        pytest.param(50, 25, 23, {}, f"question 2 (at most 25): {NO_DAYS}", marks=pytest.mark.slow),
        # Openly, too, 50 of 51 are found, so question 3 has an answer: 105.9 customers.
        pytest.param(51, 49, 23, {}, f"question 2 (at most 49): {FOUR_DAYS}", marks=pytest.mark.slow),
        # 90 % x 80 % are to pay, so it takes 141.3 customers.
        pytest.param(
            50,
            49,
            23,
            {"match_rate": 0.9, "wallet_payment_rate": 0.8},
            f"question 2 (at most 49): {NO_DAYS}",
            marks=pytest.mark.slow,
        ),
        # The snapshot has four days already.
        (50, 49, 20, {}, f"question 2 (at most 49): {NO_DAYS}"),
    ],
)
def test_answers_that_would_be_withheld_whole_are_named_with_the_days_that_would_do(
    thin: Warehouse, people: int, paying: int, first_day: int, knobs: dict, sentence: str | None
) -> None:
    worlds.fill(
        thin,
        # A second record of a customer is no other person. Openly, one of them is not found.
        users=[
            {"id": n, "email": f"{n % people}@{'E' if n % people == 1 else 'e'}xample.com"} for n in range(people + 5)
        ],
        orders=[
            {"order_id": n, "user_id": n, "created_at": f"2025-09-{23 if n else first_day}"} for n in range(people + 5)
        ],
        order_items=[{"id": n, "order_id": n // 2} for n in range(2 * people)],
        provider_users=[
            {"provider_user_id": n, "email": f"{n}@example.com", "account_tier": "Free", "is_verified_user": True}
            for n in range(people)
        ],
        transactions=[{"transaction_id": str(n), "order_id": n, "provider_user_id": n} for n in range(paying)],
    )
    place = on(thin, **{"match_rate": 1, "wallet_payment_rate": 1, "days": 24 - first_day} | knobs)
    wanted = f"No group has the 50 people that the clean room needs to answer {sentence}"
    assert use_cases.advise(place, use_cases.run(place)) == ([wanted] if sentence else [])


def test_answers_that_would_be_withheld_whole_are_named_without_a_source_too(thin: Warehouse) -> None:
    worlds.fill(thin)
    own = on(thin, write_project_id="thin-tests", source_dataset="no-such-project.thelook_ecommerce")
    [sentence] = use_cases.advise(own, use_cases.run(own))
    assert sentence == (
        "No group has the 50 people that the clean room needs to answer question 2 (at most 0) and question 3 "
        "(at most 0): without the source, it is unknown how many --days would do."
    )


def test_the_clean_room_needs_as_many_people_as_its_views_say() -> None:
    policies = [view.policy.aggregation_threshold_policy for view in views.read()]
    assert {policy.threshold for policy in policies if policy} == {use_cases.MIN_PEOPLE} == {50}


def test_the_overlap_compares_emails_without_case_and_blanks(connect: Callable) -> None:
    place = connect("overlap-tests")
    ownership.create_datasets(place)
    emails = {
        "merchant_provider.users": ["ann@shop.example", " ANN@shop.example\t", "bob@shop.example", "", " \n", None],
        "ewallet_provider.provider_users": ["Ann@shop.example\r", "zoe@shop.example", "", None],
    }
    for table, values in emails.items():
        schema = (thelook.SCHEMAS | SCHEMAS)[table.partition(".")[2]]
        frame = tables.frame_of(schema, [{"email": email} for email in values])
        tables.load(place.client, frame, place.path(table), schema)
    # Bob; Ann; Zoe, and the two whose email is missing.
    assert place.run("outcome/overlap").row.values() == (1, 1, 3)


def test_the_overlap_counts_people_and_the_rows_are_counted(default_run: Warehouse) -> None:
    outcome = use_cases.count(default_run)
    rows = default_run.client.query_and_wait(
        "SELECT COUNT(DISTINCT LOWER(TRIM(u.email))), COUNT(DISTINCT p.email), "
        "COUNT(DISTINCT IF(p.email IS NULL, NULL, LOWER(TRIM(u.email)))) FROM merchant_provider.users AS u "
        "FULL JOIN ewallet_provider.provider_users AS p "
        "ON LOWER(TRIM(u.email)) = LOWER(TRIM(p.email))"
    )
    [[customers, provider_users, both]] = [row.values() for row in rows]
    overlap = outcome.merchant_only, outcome.both_parties, outcome.provider_only
    assert overlap == (customers - both, both, provider_users - both) == (542, 542, 136)
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
    answers = use_cases.run(default_run)
    assert [answer.name[0] for answer in answers] == ["1", "2", "3", "4"]
    assert answers[0].question == "Which sales did this provider process?"
    assert answers[0].who_asks == "The merchant asks. Join key: order_id."
    assert (len(answers[0].rows), answers[0].total) == (10, 443)


@pytest.fixture(scope="module")
def families(connect: Callable) -> Warehouse:
    """Ann, with three user records of one email and another of it in capitals, and Bob; Ann pays less than Bob."""
    place = connect("use-case-tests")
    emails = ["ann@example.com", "ann@example.com", "ann@example.com", "ANN@example.com", "bob@example.com"]
    worlds.fill(
        place,
        users=[
            {"id": n, "email": email, "country": "Brasil" if email.startswith("ANN") else "Japan"}
            for n, email in enumerate(emails)
        ],
        orders=[{"order_id": n, "user_id": n, "status": ["Complete", "Returned"][n % 2]} for n in range(5)],
        provider_users=[
            {"provider_user_id": 1, "email": "ann@example.com", "account_tier": "Free", "is_verified_user": True},
            {"provider_user_id": 2, "email": "bob@example.com", "account_tier": "Free", "is_verified_user": True},
        ],
        transactions=[
            {"transaction_id": str(n), "order_id": n, "provider_user_id": who, "transaction_amount": amount}
            for n, (who, amount) in enumerate([(1, 5.0), (1, 5.0), (1, 5.0), (1, 7.0), (2, 78.0)])
        ],
    )
    return place


def test_each_payment_counts_once_where_users_share_an_email(families: Warehouse) -> None:
    answer = use_cases.run(families)[1]
    # Five payments of $100.
    assert answer.rows[0].values() == ("Free", 20.0, 2)
    assert answer.answer.startswith("Average order value: Free $20.00. ")
    [row] = families.run("questions/2_customer_segmentation/chart").rows
    assert row.values() == ("Free", 2, 20.0, 5.0, 7.0)


def test_a_person_has_the_orders_of_all_their_user_records(families: Warehouse) -> None:
    answer = use_cases.run(families)[2]
    assert answer.rows[0].values() == (True, 2)
    assert answer.answer == "This provider has verified 2 of the 2 customers it knows."
    [figures] = families.run("questions/3_trust_and_fraud/figures").rows
    assert (figures.verified_orders, figures.verified_refunds) == (5, 2)
    [row] = families.run("questions/3_trust_and_fraud/chart").rows
    assert row.values() == ("verified", 2, 5, 2, 0.4)


def test_a_person_is_from_the_countries_of_all_their_user_records(families: Warehouse) -> None:
    assert use_cases.run(families)[3].answer == (
        "The merchant knows 2 of our 2 users; all of them are from Japan. It has 5 user records of these people, "
        "because some share an email."
    )
    rows = families.run("questions/4_user_enrichment/chart").rows
    assert {(row.customer_country, row.users) for row in rows} == {("Japan", 2), ("Brasil", 1)}
