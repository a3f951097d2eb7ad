"""Checks the result in the warehouse: each file of sql/checks/ selects the rows that should not exist."""

from typing import NamedTuple

from google.cloud import bigquery

from dcr_data_generator import sql


class Check(NamedTuple):
    """What a check asserts, in plain words; how many rows violate it, and the first of them."""

    name: str
    sentence: str
    violations: int
    violating_rows: list[bigquery.Row]


def run(client: bigquery.Client) -> list[Check]:
    """Run all checks at once."""
    queries = sql.read_folder("checks")
    results = client.run_at_once(*queries, most_rows=5)
    return [
        Check(query.name, " ".join(query.comment), result.total, result.rows)
        for query, result in zip(queries, results, strict=True)
    ]
