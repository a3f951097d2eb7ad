"""Counts what came out: the rows of the five tables, and the people of the two parties."""

from typing import NamedTuple

from google.cloud import bigquery

from dcr_data_generator import sql


class Outcome(NamedTuple):
    """The rows of each table; the people whom the merchant alone, both parties and the provider alone know."""

    row_counts: dict[str, int]
    merchant_only: int
    both_parties: int
    provider_only: int


def count(client: bigquery.Client) -> Outcome:
    """Count both at once."""
    row_counts, overlap = client.run_at_once(sql.read("row_counts"), sql.read("overlap"))
    return Outcome(dict(row.values() for row in row_counts.rows), *overlap.rows[0].values())
