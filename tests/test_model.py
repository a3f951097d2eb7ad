"""The model: its features, and the command. What the features tell is in test_model_learns.py."""

import re
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from dcr_data_generator import snapshot, sql
from dcr_data_generator.commands import group, model
from dcr_data_generator.tables import MODEL
from dcr_data_generator.verify import ownership
from dcr_data_generator.warehouse.embedded import sample
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator
from tests.support.settings import make_settings, on, window_of
from tests.support.tables import fill_source
from tests.support.worlds import fill

SPEND = ["log_average_order_value", "items_per_order"]
OTHERS = ["number_of_orders", "refund_rate", "age"]


@pytest.fixture(scope="module")
def place(connect: Callable) -> Warehouse:
    """A project with the snapshot of a week, and the features made from it."""
    return make_features(connect("model-tests"))


def make_features(place: Warehouse) -> Warehouse:
    """Take the snapshot of a week, and make the features from it."""
    fill_source(place.client, **sample.generate())
    place, window = on(place, days=7), window_of(make_settings(days=7))
    ownership.create_datasets(place)
    snapshot.take(place, window)
    place.client.create_dataset(MODEL)
    place.run("model/1_features")
    return place


def read(place: Warehouse, table: str) -> pd.DataFrame:
    """A whole table."""
    return place.read(table, place.client.get_table(table).schema)


@pytest.fixture(scope="module")
def features(place: Warehouse) -> pd.DataFrame:
    """The features of the week's customers."""
    return read(place, f"{MODEL}.features")


@pytest.mark.slow
def test_there_is_one_row_per_person_and_a_fifth_is_held_back(features: pd.DataFrame, place: Warehouse) -> None:
    emails = read(place, "merchant_provider.users")["email"].str.strip().str.lower()
    assert len(features) == features["person"].nunique() == emails.nunique()
    assert features["is_held_back"].mean() == pytest.approx(0.2, abs=0.02)


@pytest.fixture
def small(connect: Callable) -> Warehouse:
    """A project with three orders of two people, one of whom is there twice and holds a wallet."""
    place = connect("small-model-tests")
    fill(
        place,
        users=[
            {"id": 1, "email": "a@example.com", "age": 30, "created_at": "2025-01-01 00:00:00"},
            {"id": 2, "email": " A@example.com", "age": 31, "created_at": "2025-02-01 00:00:00"},
            {"id": 3, "email": "b@example.com", "age": None, "created_at": "2025-01-01 00:00:00"},
            {"id": 4, "email": " ", "age": 40, "created_at": "2025-01-01 00:00:00"},
        ],
        orders=[
            {"order_id": 10, "user_id": 1, "status": "Complete"},
            {"order_id": 20, "user_id": 2, "status": "Returned"},
            {"order_id": 30, "user_id": 3, "status": "Shipped"},
            {"order_id": 40, "user_id": 4, "status": "Shipped"},
        ],
        order_items=[
            {"id": 1, "order_id": 10, "sale_price": 10.0},
            {"id": 2, "order_id": 10, "sale_price": 20.0},
            {"id": 3, "order_id": 20, "sale_price": 50.0},
        ],
        provider_users=[{"provider_user_id": 1, "email": "a@example.com", "account_tier": "Premium"}],
    )
    place.client.create_dataset(MODEL, exists_ok=True)
    return place


@pytest.mark.slow
def test_the_features_are_those_of_all_orders_of_a_person(small: Warehouse) -> None:
    small.run("model/1_features")
    query = f"SELECT {', '.join(SPEND + OTHERS)} FROM {MODEL}.features ORDER BY person"
    assert [row.values() for row in small.client.query_and_wait(query)] == [
        (pytest.approx(np.log(1 + 40)), 1.5, 2, 0.5, 31),  # orders of 30 and 50 dollars
        (0, 0, 1, 0, None),
    ]


@pytest.mark.slow
def test_on_google_cloud_the_metrics_and_the_list_are_printed(
    small: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, train, evaluate, predict = sql.read_folder("model")
    # The embedded engine takes the first two, and has no ML functions.
    evaluate = evaluate._replace(text="SELECT 0.91 AS roc_auc")
    predict = predict._replace(text="SELECT 'b@example.com' AS person, 0.75 AS probability")
    monkeypatch.setattr(sql, "read_folder", lambda *_: [features, train, evaluate, predict])
    monkeypatch.setattr(model, "connect", lambda _: nullcontext(small))
    status, out, err = emulator.run_here("model", "--write-project-id", "my-project", command=group.main)
    assert (status, err) == (0, "")
    assert [line.split(" (")[0] for line in out.splitlines() if line.startswith("✓")] == [
        "✓ Make the features from the merchant's tables",
        "✓ Train on the customers of both",
        "✓ Evaluate on those held back",
        "✓ Predict for the customers without a wallet",
    ]
    assert re.search(r"roc_auc.*0\.91.*person.*b@example.com │ +0\.75", out, re.DOTALL)
    [trained] = small.client.list_models(MODEL)
    assert trained.model_id == "higher_tier"


@pytest.mark.slow
def test_a_dry_run_prints_the_statements_with_the_suffix() -> None:
    status, out, err = emulator.run_here("model", "--dry-run", "--suffix", "_inference", command=group.main)
    assert (status, err) == (0, "")
    out, _, following = out.rpartition("\n\n")
    assert following == "Train the model: uv run dcr model --write-project-id PROJECT --suffix _inference\n"
    statements = [each.strip() + "\n" for each in out.split(";\n\n")]
    texts = [query.text for query in sql.read_folder("model")]
    for name in ("merchant_provider", "ewallet_provider", MODEL):
        texts = [text.replace(name, f"{name}_inference") for text in texts]
    assert statements == texts


@pytest.mark.parametrize("variables", [{}, {"BIGQUERY_EMULATOR_HOST": "x", "DCR_WRITE_PROJECT_ID": "my-project"}])
@pytest.mark.slow
def test_elsewhere_than_on_google_cloud_it_is_refused(variables: dict) -> None:
    status, out, err = emulator.run_here("model", command=group.main, **variables)
    assert (status, out) == (2, "")
    assert emulator.only_line(err).startswith("error: models are trained on Google Cloud only: ")
