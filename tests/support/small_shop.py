"""A small shop as the source, where a whole run takes little time."""

from collections.abc import Sequence

import pytest
from google.cloud import bigquery

from dcr_data_generator import sql
from tests.support import tables

NOON = "2025-09-23 12:00:00 UTC"


def fill(client: bigquery.Client, texts: Sequence[str] = ("Complete",) * 20) -> None:
    """Fill the source: for each text a customer, with an order of $9.50 and the text wherever a text can be."""
    numbered = list(enumerate(texts, start=1))
    tables.fill_source(
        client,
        orders=[{"order_id": n, "user_id": n, "status": text, "created_at": NOON} for n, text in numbered],
        order_items=[{"id": n, "order_id": n, "sale_price": 9.5, "status": text} for n, text in numbered],
        users=[
            {"id": n, "email": f"{text}{n}@shop.example", "age": 30}
            | dict.fromkeys(("city", "country", "first_name"), text)
            for n, text in numbered
        ],
    )


def ask_few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask ten of the checks only, of which five ask the source: all of them take more time than all else."""
    read_folder = sql.read_folder

    def read_few(folder: str, suffix: str = "") -> list[sql.Query]:
        return [query for query in read_folder(folder, suffix) if folder != "checks" or "hold" in query.name]

    monkeypatch.setattr(sql, "read_folder", read_few)
