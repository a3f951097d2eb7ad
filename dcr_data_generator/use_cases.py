"""Asks the four questions that the two parties have for each other, and counts what came out."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.settings import Settings
from dcr_data_generator.tables import named
from dcr_data_generator.values import percent, plain

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


class Outcome(NamedTuple):
    """The rows of each table; the first and the last day with orders; the people whom one or both parties know."""

    row_counts: dict[str, int]
    first_order: date
    last_order: date
    merchant_only: int
    both_parties: int
    provider_only: int


def run(client: bigquery.Client, settings: Settings) -> list[UseCase]:
    """Ask all questions, each with the figures of its answer."""
    questions, figures = sql.read_folder("use_cases"), sql.read_folder("answers")
    results = sql.run_all(client, [*questions, *figures], settings, MAX_ROWS)
    tables, answers = results[: len(questions)], results[len(questions) :]
    return [
        UseCase(
            query.name,
            query.comments["question"],
            f"{query.comments['asks']} Join key: {query.comments['key']}",
            FIGURES[query.name](answer.row),
            SENTENCES[query.name](answer.row),
            *table,
            named(query.text, settings),
        )
        for query, table, answer in zip(questions, tables, answers, strict=True)
    ]


def count(client: bigquery.Client, settings: Settings) -> Outcome:
    """Count the rows of the five tables, and the people of the two parties."""
    row_counts, dates, overlap = sql.run_all(client, ["row_counts", "order_dates", "overlap"], settings)
    return Outcome(dict(row.values() for row in row_counts.rows), *dates.row.values(), *overlap.row.values())


def advise(client: bigquery.Client, settings: Settings, answers: Sequence[UseCase]) -> list[str]:
    """Name in a sentence the answers that the clean room would withhold whole, if any, and the --days that would do."""
    counted = [each for each in answers if "number_of_customers" in each.columns]
    # The clean room finds all the people whom the open answers find, and those whose email has blanks or another case.
    if all(any(row.number_of_customers >= MIN_PEOPLE for row in each.rows) for each in counted):
        return []
    thin_answers = sql.run(client, "thin_answers", settings).rows
    if not thin_answers:
        return []
    withheld = " and ".join(f"question {each.question} (at most {each.people})" for each in thin_answers)
    try:
        [enough] = sql.run(client, "enough_days", settings).rows
        advice = f"no more --days before {enough.last_day} would do, with these rates"
        if enough.days:
            advice = f"--target-date {enough.last_day} --days {enough.days} would do"
    except NotFound:  # a snapshot that is kept needs no source
        advice = "without the source, it is unknown how many --days would do"
    return [f"No group has the {MIN_PEOPLE} people that the clean room needs to answer {withheld}: {advice}."]


def transaction_verification(figures: bigquery.Row) -> str:
    """Say how much of the merchant's sales went through the wallet."""
    if not figures.sales:
        return f"None of the {figures.orders:,} orders has items, so there was nothing to pay."
    return (
        f"This provider processed {figures.wallet_orders:,} of {figures.orders:,} orders, worth "
        f"${figures.wallet_sales:,.2f}: {percent(figures.wallet_sales / figures.sales)} of the sales."
    )


def customer_segmentation(figures: bigquery.Row) -> str:
    """Compare what the three tiers spend per order."""
    averages = {"Free": figures.free, "Premium": figures.premium, "Business": figures.business}
    missing = [tier for tier, average in averages.items() if average is None]
    text = ", ".join(f"{tier} ${average:,.2f}" for tier, average in averages.items() if average is not None)
    if len(missing) == len(averages):
        return "No customer whom an email matches paid with the wallet, so there is nothing to compare."
    if missing:
        return f"Average order value: {text}. No {' and no '.join(missing)} customer paid with the wallet."
    if figures.free < figures.premium < figures.business:
        return f"Average order value rises with the account tier: {text}."
    people = "Business customer" if figures.business_customers == 1 else "Business customers"
    return (
        f"Average order value: {text}. It does not rise with the account tier in this snapshot, in which "
        f"{figures.business_customers:,} {people} paid with the wallet."
    )


def trust_and_fraud(figures: bigquery.Row) -> str:
    """Compare the refunds of verified and unverified customers."""
    verified = (
        f"This provider has verified {figures.verified_customers:,} of the {figures.customers:,} customers it knows"
    )
    if not figures.verified_orders or not figures.unverified_orders:
        return f"{verified}."
    refunded = percent(figures.verified_refunds / figures.verified_orders)
    refunded_unverified = percent(figures.unverified_refunds / figures.unverified_orders)
    return f"{verified}: they cancel or return {refunded} of their orders, the others {refunded_unverified}."


def user_enrichment(figures: bigquery.Row) -> str:
    """Say how many of its users the provider gets to know better."""
    if not figures.enriched_users:
        return f"The merchant knows none of our {figures.provider_users:,} users."
    homes = plain(figures.homes) if figures.largest_groups < 4 else f"{figures.largest_groups:,} countries"
    group = f"the largest group, {figures.largest_group:,}, is from {homes}"
    if figures.largest_groups > 1:
        group = f"the largest groups, {figures.largest_group:,} each, are from {homes}"
    elif figures.largest_group == figures.enriched_users:
        group = f"{'all of them are' if figures.enriched_users > 1 else 'that user is'} from {homes}"
    text = f"The merchant knows {figures.enriched_users:,} of our {figures.provider_users:,} users; {group}."
    if figures.user_records > figures.enriched_users:
        text += f" It has {figures.user_records:,} user records of these people, because some share an email."
    return text


SENTENCES: dict[str, Callable[[bigquery.Row], str]] = {
    "1_transaction_verification": transaction_verification,
    "2_customer_segmentation": customer_segmentation,
    "3_trust_and_fraud": trust_and_fraud,
    "4_user_enrichment": user_enrichment,
}
FIGURES: dict[str, Callable[[bigquery.Row], str]] = {
    "1_transaction_verification": lambda row: percent(row.wallet_sales / row.sales) if row.sales else "none",
    "2_customer_segmentation": lambda row: f"{dollars(row.free)} to {dollars(row.business)}",
    "3_trust_and_fraud": lambda row: f"{row.verified_customers:,} of {row.customers:,}",
    "4_user_enrichment": lambda row: f"{row.enriched_users:,} of {row.provider_users:,}",
}


def dollars(amount: float | None) -> str:
    """Write an amount in US dollars; there may be none."""
    return "none" if amount is None else f"${amount:,.2f}"
