"""The model's features tell the account tier, as well as the rules of the synthesis let them, and nothing else does.

BigQuery ML is on Google Cloud alone. What stands in its place is the same logistic regression of scikit-learn: without
a penalty, on features with mean 0 and deviation 1, with the mean for what is missing.
`uv run --group model pytest -m slow tests/test_model_learns.py` runs it.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dcr_data_generator.synthesis import synthesize
from dcr_data_generator.tables import MODEL
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support.settings import make_settings, window_of
from tests.test_model import OTHERS, SPEND, make_features, read

pytest.importorskip("sklearn", reason="scikit-learn comes with `--group model`")

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pytestmark = pytest.mark.slow

SEEDS = range(10)


@pytest.fixture(scope="module")
def place(connect: Callable) -> Warehouse:
    """A project with the snapshot of a week, and the features made from it."""
    return make_features(connect("model-of-a-week"))


@pytest.fixture(scope="module")
def customers_of_both(place: Warehouse) -> list[pd.DataFrame]:
    """The features and the label of those who hold a wallet, for each seed."""
    features = read(place, f"{MODEL}.features")
    merchant = [read(place, f"merchant_provider.{name}") for name in ("orders", "order_items", "users")]
    runs = [make_settings(seed=seed) for seed in SEEDS]
    return [label(features, synthesize(*merchant, run.draws, window_of(run).last_date)[0]) for run in runs]


def label(features: pd.DataFrame, provider_users: pd.DataFrame) -> pd.DataFrame:
    """Join the features with the wallet's tiers."""
    holders = provider_users.assign(person=provider_users["email"].str.strip().str.lower())
    both = features.merge(holders[["person", "account_tier"]], on="person")
    return both.assign(has_higher_tier=both["account_tier"] != "Free")


def areas(customers: list[pd.DataFrame], columns: list[str], label: str = "has_higher_tier") -> list[float]:
    """Train on most of each frame's customers; returns the area under the ROC curve on those held back."""
    areas = []
    for both in customers:
        values = both[columns].astype("float64")
        values, held_back = values.fillna(values.mean()), both["is_held_back"].astype(bool)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf))
        model.fit(values[~held_back], both.loc[~held_back, label])
        areas.append(roc_auc_score(both.loc[held_back, label], model.predict_proba(values[held_back])[:, 1]))
    return areas


def test_both_sides_together_tell_the_tier(customers_of_both: list[pd.DataFrame]) -> None:
    reached = areas(customers_of_both, SPEND + OTHERS)
    assert min(reached) > 0.75
    # What the percentile alone reaches of those whose score, 0.6 x percentile + 0.4 x draw, is among the highest 30 %.
    percentiles, draws = np.random.default_rng(1).random((2, 100_000))
    scores = 0.6 * percentiles + 0.4 * draws
    assert np.mean(reached) == pytest.approx(roc_auc_score(scores > np.quantile(scores, 0.7), percentiles), abs=0.02)


def test_shuffled_tiers_cannot_be_told(customers_of_both: list[pd.DataFrame]) -> None:
    generator = np.random.default_rng(1)
    shuffled = [both.assign(shuffled=generator.permutation(both["has_higher_tier"])) for both in customers_of_both]
    assert np.mean(areas(shuffled, SPEND + OTHERS, "shuffled")) == pytest.approx(0.5, abs=0.03)


def test_what_is_no_spending_says_nothing_about_the_tier(customers_of_both: list[pd.DataFrame]) -> None:
    # Among adults: who is under 18, or of unknown age, has the lowest tier.
    adults = [both[both["age"] >= 18] for both in customers_of_both]
    assert np.mean(areas(adults, OTHERS)) == pytest.approx(0.5, abs=0.03)
