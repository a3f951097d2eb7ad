"""Asks the questions that the two parties have for each other, and counts what came out."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import NamedTuple

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.parallel import Counted
from dcr_data_generator.values import MAX_CHARACTERS, counted, percent, plain
from dcr_data_generator.warehouse.warehouse import Warehouse

MAX_ROWS = 10
# The clean room's aggregation threshold, which thin_answers.sql and the views name too.
MIN_PEOPLE = 50


class UseCase(NamedTuple):
    """A question, who asks it over which join keys, the answer in a figure and a sentence, and the first rows of it."""

    name: str
    question: str
    who_asks: str
    figure: str
    answer: str
    columns: list[str]
    rows: list[bigquery.Row]
    total: int
    query: str


class Worded(NamedTuple):
    """An answer in a figure and in a sentence."""

    figure: str
    answer: str


class Outcome(NamedTuple):
    """The rows of each table; the first and the last day with orders; the people whom one or both parties know.

    With identity noise, also how many of the holders gave another email.
    """

    row_counts: dict[str, int]
    first_order: date
    last_order: date
    merchant_only: int
    both_parties: int
    provider_only: int
    altered: int = 0
    holders: int = 0


def run(warehouse: Warehouse, counted: Counted = iter) -> list[UseCase]:
    """Ask all questions, each with the figures of its answer."""
    questions, figures = sql.read_questions("open"), sql.read_questions("figures")
    results = warehouse.run_all([*questions, *figures], MAX_ROWS, counted=counted)
    tables, rows = results[: len(questions)], [result.row for result in results[len(questions) :]]
    worded_answers = [ANSWERS[query.name](row) for query, row in zip(questions, rows, strict=True)]
    return [
        UseCase(
            query.name,
            query.comment("question"),
            f"{query.comment('asks')} Join key: {query.comment('key')}",
            worded.figure,
            worded.answer,
            *table,
            warehouse.named(query.text),
        )
        for query, table, worded in zip(questions, tables, worded_answers, strict=True)
    ]


def count(warehouse: Warehouse) -> Outcome:
    """Count the rows of the five tables, and the people of the two parties."""
    row_counts, dates, overlap = warehouse.run_all(["outcome/row_counts", "outcome/order_dates", "outcome/overlap"])
    rows = {row.table_name: row.row_count for row in row_counts.rows}
    noise: tuple[int, ...] = ()
    if warehouse.parameters.get("identity_noise"):
        with suppress(NotFound):  # the emails were not written as people do
            noise = warehouse.run("outcome/identity_noise").row.values()
    return Outcome(rows, *dates.row.values(), *overlap.row.values(), *noise)


def advise(warehouse: Warehouse, answers: Sequence[UseCase]) -> list[str]:
    """Name in a sentence the answers that the clean room would withhold whole, if any, and the --days that would do."""
    counted = [each for each in answers if "number_of_customers" in each.columns]
    # The clean room finds all the people whom the open answers find, and those whose email has blanks or another case.
    if all(any(row.number_of_customers >= MIN_PEOPLE for row in each.rows) for each in counted):
        return []
    thin_answers = warehouse.run("advice/thin_answers").rows
    if not thin_answers:
        return []
    withheld = " and ".join(f"question {each.question} (at most {each.people})" for each in thin_answers)
    try:
        [enough] = warehouse.run("advice/enough_days").rows
        advice = f"no more --days before {enough.last_day} would do, with these rates"
        if enough.days:
            advice = f"--target-date {enough.last_day} --days {enough.days} would do"
    except NotFound:  # a snapshot that is kept needs no source
        advice = "without the source, it is unknown how many --days would do"
    return [f"No group has the {MIN_PEOPLE} people that the clean room needs to answer {withheld}: {advice}."]


def transaction_verification(figures: bigquery.Row) -> Worded:
    """Say how much of the merchant's sales went through the wallet."""
    orders = counted(figures.orders, "order")
    processed = f"This provider processed {figures.wallet_orders:,} of {orders}"
    if figures.sales == 0:
        nothing = "The order has no items" if figures.orders == 1 else f"None of the {orders} has items"
        return Worded("none", f"{nothing}, so there was nothing to pay.")
    if figures.wallet_sales is None:
        return Worded("unknown", f"{processed}. What they are worth is unknown: their items have no price.")
    if figures.sales is None:
        return Worded("none", f"{processed}, worth ${figures.wallet_sales:,.2f}: the prices add up to nothing.")
    share = percent(figures.wallet_sales / figures.sales)
    return Worded(share, f"{processed}, and {share} of the sales: ${figures.wallet_sales:,.2f}.")


def customer_segmentation(figures: bigquery.Row) -> Worded:
    """Compare what the three tiers spend per order."""
    averages = {"Free": figures.free, "Premium": figures.premium, "Business": figures.business}
    customers = figures.free_customers, figures.premium_customers, figures.business_customers
    missing = [tier for tier, people in zip(averages, customers, strict=True) if not people]
    unknown = [tier for tier, average in averages.items() if average is None and tier not in missing]
    text = ", ".join(f"{tier} ${average:,.2f}" for tier, average in averages.items() if average is not None)
    if len(missing) == len(averages):
        answer = "No customer whom an email matches paid with the wallet, so there is nothing to compare."
    elif not text:
        answer = "What customers paid with the wallet is unknown, because no item of theirs has a price."
    elif missing or unknown:
        answer = f"Average order value: {text}."
        if missing:
            answer += f" No {' and no '.join(missing)} customer paid with the wallet."
        if unknown:
            answer += f" What {' and '.join(unknown)} customers paid is unknown: no item of theirs has a price."
    elif figures.free < figures.premium < figures.business:
        answer = f"Average order value rises with the account tier: {text}."
    else:
        answer = (
            f"Average order value: {text}. It does not rise with the account tier in this snapshot, in which "
            f"{counted(figures.business_customers, 'Business customer')} paid with the wallet."
        )
    ends = [
        "unknown" if tier in unknown else "none" if tier in missing else f"${averages[tier]:,.2f}"
        for tier in ("Free", "Business")
    ]
    return Worded(" to ".join(ends), answer)


def trust_and_fraud(figures: bigquery.Row) -> Worded:
    """Compare the refunds of verified and unverified customers."""
    verified = f"{figures.verified_customers:,} of {figures.customers:,}"
    customers = counted(figures.customers, "customer")
    answer = f"This provider has verified {figures.verified_customers:,} of the {customers} it knows"
    if figures.verified_orders and figures.unverified_orders:
        refunded = percent(figures.verified_refunds / figures.verified_orders)
        refunded_unverified = percent(figures.unverified_refunds / figures.unverified_orders)
        answer += f": they cancel or return {refunded} of their orders, the others {refunded_unverified}"
    return Worded(verified, f"{answer}.")


def user_enrichment(figures: bigquery.Row) -> Worded:
    """Say how many of its users the provider gets to know better."""
    enriched = f"{figures.enriched_users:,} of {figures.provider_users:,}"
    users = counted(figures.provider_users, "user")
    if not figures.enriched_users:
        return Worded(enriched, f"The merchant knows none of our {users}.")
    homes = f"{figures.largest_groups:,} countries"
    if figures.largest_groups < 4:
        homes = plain(figures.homes, 3 * MAX_CHARACTERS)
    group = f"the largest group, {figures.largest_group:,}, is from {homes}"
    if figures.largest_groups > 1:
        group = f"the largest groups, {figures.largest_group:,} each, are from {homes}"
    elif figures.largest_group == figures.enriched_users:
        group = f"{'all of them are' if figures.enriched_users > 1 else 'that user is'} from {homes}"
    text = f"The merchant knows {figures.enriched_users:,} of our {users}; {group}."
    if figures.user_records > figures.enriched_users:
        text += f" It has {figures.user_records:,} user records of these people, because some share an email."
    return Worded(enriched, text)


# Who words the answer of each question: a function of the row of its figures.sql.
ANSWERS: dict[str, Callable[[bigquery.Row], Worded]] = {
    "1_transaction_verification": transaction_verification,
    "2_customer_segmentation": customer_segmentation,
    "3_trust_and_fraud": trust_and_fraud,
    "4_user_enrichment": user_enrichment,
}
