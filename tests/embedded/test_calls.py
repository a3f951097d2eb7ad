"""The embedded BigQuery answers as Google's own engine does, or refuses: calls/ has the calls, a file for each family.

`uv run pytest -m slow -s tests/embedded/test_calls.py` prints the table.
"""

from collections import Counter
from contextlib import suppress
from functools import partial
from unittest import mock

import pytest
from bqemulator.domain.errors import InvalidQueryError
from google.cloud import bigquery
from sqlglot import Expr

from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL
from dcr_data_generator.warehouse.embedded import mends
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator
from tests.support.both_engines import (
    Answer,
    Refusal,
    ask_embedded,
    ask_google,
    ask_many,
    fill_google,
    read_calls,
    verdict,
)

FAMILIES = ("dates", "timestamps", "numbers", "strings", "arrays", "aggregates")


@pytest.fixture(scope="module")
def google() -> GoogleSQL:
    return GoogleSQL()


@pytest.fixture(scope="module")
def client(default_run: Warehouse) -> bigquery.Client:
    return default_run.client


def compare(
    client: bigquery.Client, google: GoogleSQL, calls: list[str]
) -> dict[str, tuple[str, Answer | Refusal, Answer | Refusal]]:
    """What each call is answered: the verdict, the embedded BigQuery's answer and Google's."""
    ours, theirs = ask_many(partial(ask_embedded, client), calls), ask_many(partial(ask_google, google), calls)
    return {call: (verdict(ours[call], theirs[call]), ours[call], theirs[call]) for call in calls}


def test_what_notebooks_ask_most_is_answered_as_by_google(client: bigquery.Client, google: GoogleSQL) -> None:
    compared = compare(client, google, read_calls("few"))
    assert {call: answers for call, answers in compared.items() if answers[0] != "equal"} == {}


@pytest.fixture(scope="module")
def compared(client: bigquery.Client, google: GoogleSQL) -> dict[str, dict]:
    """All calls, by their families."""
    return {family: compare(client, google, read_calls(family)) for family in FAMILIES}


@pytest.fixture(scope="module")
def unmended(client: bigquery.Client) -> dict[str, Answer | Refusal]:
    """What the embedded BigQuery answers to all calls without the mends."""
    with mock.patch.dict(mends.MENDS, clear=True):
        mends.mend.cache_clear()
        answers = ask_many(partial(ask_embedded, client), [call for family in FAMILIES for call in read_calls(family)])
    mends.mend.cache_clear()
    return answers


@pytest.mark.slow
def test_no_call_is_answered_otherwise_than_by_google(compared: dict[str, dict], unmended: dict) -> None:
    kinds = ("equal", "mended", "refused", "not comparable", "answered, BigQuery refuses", "other figure")
    table, wrong = [], {}
    for family, calls in compared.items():
        counts = Counter()
        for call, (now, ours, theirs) in calls.items():
            is_mended = now == "equal" != verdict(unmended[call], theirs)
            counts["mended" if is_mended else now] += 1
            if now == "other figure":
                wrong[call] = ours, theirs
        table.append(" | ".join([family, *(str(counts[kind]) for kind in kinds)]))
    print("\n" + "\n".join([" | ".join(["family", *kinds]), *table]))
    assert len(unmended) > 800
    assert wrong == {}


@pytest.mark.slow
def test_what_differs_still_is_known_and_differs(client: bigquery.Client, google: GoogleSQL) -> None:
    calls = read_calls("differs")
    assert {
        call: found for call, (found, _, _) in compare(client, google, calls).items() if found != "other figure"
    } == {}


@pytest.mark.slow
def test_each_mend_is_needed_still(compared: dict[str, dict], unmended: dict) -> None:
    answers = {call: ours for calls in compared.values() for call, (_, ours, _) in calls.items()}
    better = [call for call in answers if answers[call] != unmended[call]]
    needed = set()

    def watched(mend: mends.Mend) -> mends.Mend:
        def watch(node: Expr) -> Expr | None:
            other = refusal = None
            try:
                other = mend(node)
            except InvalidQueryError as error:
                refusal = error
            if other is not None or refusal:
                needed.add(mend.__name__)
            if refusal:
                raise refusal
            return other

        return watch

    with mock.patch.dict(mends.MENDS, {kind: [watched(each) for each in each_] for kind, each_ in mends.MENDS.items()}):
        for call in better:
            mends.mend.cache_clear()
            with suppress(InvalidQueryError):
                mends.mend(f"SELECT {call}", False)
    mends.mend.cache_clear()
    every = {each.__name__ for functions in mends.MENDS.values() for each in functions}
    assert every - needed == {"now", "rows", "unpivot"}  # which the queries have, and INFORMATION_SCHEMA


@pytest.mark.slow
def test_queries_of_notebooks_are_answered_as_by_google(client: bigquery.Client, google: GoogleSQL) -> None:
    fill_google(google, client, emulator.TABLES)
    found = {each: verdict(ask_embedded(client, each), ask_google(google, each)) for each in read_calls("queries")}
    print(f"\nqueries: {Counter(found.values())}")
    assert {each: kind for each, kind in found.items() if kind != "equal"} == {}
