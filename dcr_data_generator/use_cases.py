"""Asks the four questions that the two parties have for each other, and counts what came out."""

from collections.abc import Callable
from typing import NamedTuple

from google.cloud import bigquery

from dcr_data_generator import sql
from dcr_data_generator.settings import Settings

MAX_ROWS = 10


class UseCase(NamedTuple):
    """A question, who asks it over which join keys, the answer in a sentence, and the first rows behind it."""

    name: str
    question: str
    who_asks: str
    answer: str
    columns: list[str]
    rows: list[bigquery.Row]
    total: int
    query: str


class Outcome(NamedTuple):
    """The rows of each table; the people whom the merchant only, both parties, and the provider only know."""

    row_counts: dict[str, int]
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
            SENTENCES[query.name](answer.rows[0]),
            *table,
            query.text,
        )
        for query, table, answer in zip(questions, tables, answers, strict=True)
    ]


def count(client: bigquery.Client, settings: Settings) -> Outcome:
    """Count the rows of the five tables, and the people of the two parties."""
    row_counts, overlap = sql.run_all(client, ["row_counts", "overlap"], settings)
    return Outcome(dict(row.values() for row in row_counts.rows), *overlap.rows[0].values())


def transaction_verification(figures: bigquery.Row) -> str:
    """Say how much of the merchant's sales went through the wallet."""
    if not figures.sales:
        return f"None of the {figures.orders:,} orders has items, so there was nothing to pay."
    return (
        f"This provider processed {figures.wallet_orders:,} of {figures.orders:,} orders, worth "
        f"${figures.wallet_sales:,.2f}: {figures.wallet_sales / figures.sales:.0%} of the sales."
    )


def customer_segmentation(figures: bigquery.Row) -> str:
    """Compare what the highest and the lowest tier spend."""
    if not figures.business or not figures.free:
        return "Too few customers paid with the wallet to compare Business with Free."
    return (
        f"Business customers spend {figures.business / figures.free:.1f} times as much per order as Free ones "
        f"(${figures.business:,.2f} against ${figures.free:,.2f})."
    )


def trust_and_fraud(figures: bigquery.Row) -> str:
    """Compare the refunds of verified and unverified customers."""
    verified = (
        f"This provider has verified {figures.verified_customers:,} of the {figures.customers:,} customers it knows"
    )
    if not figures.verified_orders or not figures.unverified_orders:
        return f"{verified}."
    refunded = figures.verified_refunds / figures.verified_orders
    refunded_unverified = figures.unverified_refunds / figures.unverified_orders
    return f"{verified}: they cancel or return {refunded:.0%} of their orders, the others {refunded_unverified:.0%}."


def user_enrichment(figures: bigquery.Row) -> str:
    """Say how many of its users the provider gets to know better."""
    if not figures.enriched_users:
        return f"The merchant knows none of our {figures.provider_users:,} users."
    return (
        f"The merchant knows {figures.enriched_users:,} of our {figures.provider_users:,} users; the largest group, "
        f"{figures.top_country_users:,}, is from {figures.top_country}."
    )


SENTENCES: dict[str, Callable[[bigquery.Row], str]] = {
    "1_transaction_verification": transaction_verification,
    "2_customer_segmentation": customer_segmentation,
    "3_trust_and_fraud": trust_and_fraud,
    "4_user_enrichment": user_enrichment,
}
