"""Taking down what a run has made: exactly that, after a question, and not while it is published."""

import io
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
from google.cloud import bigquery

from dcr_data_generator.commands import group
from dcr_data_generator.commands import remove as removal
from dcr_data_generator.tables import FIVE_TABLES, IDENTITY_TABLES
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from tests.support import emulator

PROJECT = "removal-tests"
TABLES = [*FIVE_TABLES, *IDENTITY_TABLES]
FEW = ["merchant_provider.orders", "ewallet_provider.transactions"]


def create(client: bigquery.Client, tables: Iterable[str]) -> None:
    """Create tables, and their datasets."""
    for dataset in {table.split(".")[0] for table in tables}:
        client.create_dataset(dataset, exists_ok=True)
    for table in tables:
        client.create_table(bigquery.Table(f"{PROJECT}.{table}"))


@pytest.fixture
def client(connect: Callable) -> Iterator[bigquery.Client]:
    """A client of a project with a table of each party."""
    client = connect(PROJECT).client
    create(client, FEW)
    yield client
    for dataset in client.list_datasets():
        client.delete_dataset(dataset.reference, delete_contents=True)


@pytest.fixture
def remove(client: bigquery.Client, endpoints: Endpoints) -> Callable[..., tuple[int, str, str]]:
    """Run `dcr remove` in that project: `remove("--yes")`."""
    flags = ("remove", "--write-project-id", PROJECT)
    return partial(emulator.run_here, *flags, command=group.main, BIGQUERY_EMULATOR_HOST=endpoints.rest)


def contents(client: bigquery.Client) -> set[str]:
    """The datasets of the project, and what is in them."""
    datasets = [each.dataset_id for each in client.list_datasets()]
    return {*datasets, *(f"{name}.{each.table_id}" for name in datasets for each in client.list_tables(name))}


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Sit at a terminal, and type a line."""
    stdin = io.StringIO(text)
    stdin.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", stdin)


def test_the_five_tables_and_both_datasets_are_deleted_and_nothing_else(
    client: bigquery.Client, remove: Callable
) -> None:
    create(client, [table for table in TABLES if table not in FEW])
    others = [table.replace(".", "_b.") for table in FEW]
    create(client, others)
    status, out, err = remove("--yes")
    assert (status, err) == (0, "")
    assert "✓ Delete: merchant_provider.orders, " in out
    assert contents(client) == {*others, "merchant_provider_b", "ewallet_provider_b"}
    status, out, err = remove("--yes")
    assert (status, err) == (0, "")
    assert "✓ Delete: there was nothing to delete (" in out


def test_a_suffix_removes_the_tables_of_that_partnership_alone(client: bigquery.Client, remove: Callable) -> None:
    before = contents(client)
    create(client, [table.replace(".", "_b.") for table in TABLES])
    remove("--yes", "--suffix", "_b")
    assert contents(client) == before


@pytest.mark.parametrize(
    ("dataset", "statement"),
    [
        ("merchant_provider", "CREATE TABLE merchant_provider.mine AS SELECT 1 AS one"),
        ("ewallet_provider", "CREATE FUNCTION ewallet_provider.mine(x INT64) AS (2 * x)"),
        (
            "ewallet_provider",
            "CREATE MODEL ewallet_provider.mine OPTIONS (model_type = 'LOGISTIC_REG') AS SELECT 1 AS x",
        ),
    ],
)
def test_a_dataset_with_other_contents_stays(
    dataset: str, statement: str, client: bigquery.Client, remove: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.query_and_wait(statement)
    other = {"merchant_provider": "ewallet_provider", "ewallet_provider": "merchant_provider"}[dataset]
    deleted, delete = [], bigquery.Client.delete_dataset

    def delete_and_note(client: bigquery.Client, name: str) -> None:
        deleted.append(name)
        delete(client, name)

    with monkeypatch.context() as patch:
        patch.setattr(bigquery.Client, "delete_dataset", delete_and_note)
        assert remove("--yes")[0] == 0
    assert dataset in contents(client)
    assert not contents(client) & {*FEW, other}
    # Nobody tried: of a dataset with contents, bqemulator says that there is none.
    assert deleted == [other]


@pytest.mark.parametrize(("line", "is_deleted"), [("y\n", True), ("YES\n", True), ("n\n", False), ("", False)])
def test_only_a_yes_to_the_question_deletes(
    line: str, is_deleted: bool, client: bigquery.Client, remove: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(client)
    answer(monkeypatch, line)
    status, out, err = remove("--quiet")
    assert (status, out) == (0, "")
    assert err.startswith("Delete merchant_provider.orders, ewallet_provider.transactions, ")
    assert (contents(client) == before) is not is_deleted


def test_without_a_terminal_and_yes_nothing_is_connected_and_one_line_says_so(
    remove: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "connect", lambda *_, **__: pytest.fail("it connects"))
    status, out, err = remove()
    assert (status, out) == (2, "")
    assert emulator.only_line(err) == (
        "error: remove asks before it deletes, and this is not a terminal: give --yes, too"
    )


@pytest.mark.parametrize(
    "table",
    ["merchant_clean_room.customers", "ewallet_provider.clean_room_salt", "ewallet_exchange.wallet_spend"],
)
def test_what_is_published_has_to_be_unpublished_first(table: str, client: bigquery.Client, remove: Callable) -> None:
    create(client, [table])
    before = contents(client)
    status, _, err = remove("--yes")
    assert status == 2
    assert emulator.only_line(err) == (
        f"error in the step 'Look at the tables': something is published, for there is {table}: run `uv run dcr "
        f"unpublish --write-project-id {PROJECT}` first (nothing was deleted)"
    )
    assert contents(client) == before


def test_what_was_deleted_before_an_error_is_said(
    client: bigquery.Client, remove: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = bigquery.Client.delete_table

    def delete_first(client: bigquery.Client, name: str) -> None:
        if name == FEW[1]:
            signal.raise_signal(signal.SIGINT)
        delete(client, name)

    monkeypatch.setattr(bigquery.Client, "delete_table", delete_first)
    status, _, err = remove("--yes")
    assert status == 130
    line = f"stopped by SIGINT (deleted: {FEW[0]}; perhaps deleted: {FEW[1]})"
    assert emulator.only_line(err) == f"error in the step 'Delete': {line}"


def test_the_tables_of_the_embedded_bigquery_are_removed_too(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "data")
    flags = ("remove", "--yes", "--embedded-dir", str(tmp_path / "data"))
    status, out, err = emulator.run_here(*flags, command=group.main)
    assert (status, err) == (0, "")
    assert f"✓ Delete: {', '.join([*FIVE_TABLES, 'merchant_provider', 'ewallet_provider'])} (" in out
