"""Nobody can tell the people whom we invent from the merchant's customers by what a table of users shows of them.

A distinguisher is trained on email, city, birth date and ID, with the truth for most people, and has to tell the
wallet-only users among the others from the adult holders without a refund. It knows Faker's names. An area under the
ROC curve of 0.5 is a guess. It takes two minutes:

    uv run --group model pytest -m slow tests/test_distinguisher.py
"""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest
from faker.providers.person.en_US import Provider as Names

from dcr_data_generator import people, snapshot
from dcr_data_generator.synthesis import synthesize
from dcr_data_generator.tables import MERCHANT, SNAPSHOT_COLUMNS
from dcr_data_generator.verify import ownership
from dcr_data_generator.warehouse.embedded import sample
from tests.support.settings import make_settings, on, window_of
from tests.support.tables import fill_source

pytest.importorskip("sklearn", reason="scikit-learn comes with `--group model`")

from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

pytestmark = pytest.mark.slow

Frames = list[pd.DataFrame]
SEEDS = range(10)
WINDOWS = {"a day": {}, "30 days": {"days": 30, "target_date": "2025-09-24"}}
# The area may be 0.5, give or take this. In 30 days the merchant has so many of the frequent emails that few of them
# are left to invent.
BOUNDS = {"a day": 0.03, "30 days": 0.05}
# How often Faker gives a name, in lower case.
FIRST_NAMES = pd.concat([pd.Series(names) / 2 for names in (Names.first_names_female, Names.first_names_male)]).pipe(
    lambda names: names.groupby(names.index.str.lower()).sum()
)
LAST_NAMES = pd.Series(Names.last_names).pipe(lambda names: names.set_axis(names.index.str.lower()))


def split(name: str) -> tuple[str, str]:
    """Split the first part of an email into the most frequent first and last name that make it."""
    splits = ((name[:i], name[i:]) for i in range(1, len(name)))
    pairs = [pair for pair in splits if pair[0] in FIRST_NAMES and pair[1] in LAST_NAMES]
    return max(pairs, key=lambda pair: FIRST_NAMES[pair[0]] * LAST_NAMES[pair[1]], default=(name, ""))


def features_of(provider_users: pd.DataFrame) -> pd.DataFrame:
    """What an email, a city, a birth date and an ID tell: numbers, and a column `text` of words."""
    parts = provider_users["email"].str.partition("@")
    first, last = (pd.Series(names, dtype="str") for names in zip(*parts[0].map(split), strict=True))
    born, city, number = pd.to_datetime(provider_users["date_of_birth"]), provider_users["city"], provider_users.index
    features = {
        "first name's frequency": np.log(first.map(FIRST_NAMES).astype("float64")),
        "last name's frequency": np.log(last.map(LAST_NAMES).astype("float64")),
        "namesakes": parts[0].map(parts[0].value_counts()),
        "users of that first name": first.map(first.value_counts()),
        "users of that last name": last.map(last.value_counts()),
        "length": parts[0].str.len(),
        "length of the first name": first.str.len(),
        "digits": parts[0].str.count(r"\d"),
        "users of the city": city.map(city.value_counts()),
        "born": (born - born.min()).dt.days,
        "day of the year": born.dt.day_of_year,
        "day": born.dt.day,
        "weekday": born.dt.day_of_week,
        "id": provider_users["provider_user_id"],
        **{f"id modulo {divisor}": provider_users["provider_user_id"] % divisor for divisor in (2, 3, 10)},
        **{domain: parts[2] == domain for domain in sorted(set(parts[2]))},
        **{f"city {name}": city == name for name in city.value_counts().index[:20]},
    }
    words = "first" + first + " last" + last + " city" + city.str.replace(" ", "") + " " + provider_users["email"]
    return pd.DataFrame(features, index=number).astype("float64").fillna(0).assign(text=words.fillna(""))


NUMBERS = make_column_transformer(("drop", ["text"]), remainder=StandardScaler())
ATTACKERS: dict[str, BaseEstimator] = {
    "boosting": make_pipeline(
        NUMBERS, HistGradientBoostingClassifier(max_iter=60, max_depth=3, learning_rate=0.05, random_state=0)
    ),
    "regression": make_pipeline(NUMBERS, LogisticRegression(C=0.1, max_iter=1000)),
    "words": make_pipeline(
        make_column_transformer((TfidfVectorizer(token_pattern=r"\S+", min_df=2), "text")),
        LogisticRegression(C=3, max_iter=1000),
    ),
    "letters": make_pipeline(
        make_column_transformer((TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3), "text")),
        LogisticRegression(C=3, max_iter=1000),
    ),
}


@pytest.fixture(scope="module", params=WINDOWS)
def window(request: pytest.FixtureRequest) -> str:
    """The name of a window."""
    return request.param


@pytest.fixture(scope="module")
def merchant(window: str, connect: Callable) -> Frames:
    """The merchant's orders, order items and users of the window."""
    place = on(connect(f"distinguisher-{window.replace(' ', '-')}"), **WINDOWS[window])
    fill_source(place.client, **sample.generate())
    ownership.create_datasets(place)
    snapshot.take(place, place.window)
    tables = [place.read(f"{MERCHANT}.{name}", SNAPSHOT_COLUMNS[name]) for name in ("orders", "order_items", "users")]
    assert tables[0]["created_at"].dt.date.nunique() == place.window.days
    return tables


def make_groups(merchant: Frames, window: str, seeds: Iterable[int] = SEEDS) -> list[tuple[pd.DataFrame, pd.Series]]:
    """The features of wallet-only users and of adult holders without a refund, and which they are, for each seed."""
    orders, _, users = merchant
    refunds = orders.loc[orders["status"].isin(["Cancelled", "Returned"]), "user_id"]
    refunded = users.loc[users["id"].isin(refunds), "email"]
    groups = []
    for seed in seeds:
        settings = make_settings(**WINDOWS[window], seed=seed)
        target_date = window_of(settings).last_date
        provider_users, _ = synthesize(*merchant, settings.draws, target_date)
        is_wallet_only = ~provider_users["email"].isin(users["email"])
        age = (pd.Timestamp(target_date) - pd.to_datetime(provider_users["date_of_birth"])).dt.days / 365.25
        is_adult_holder = (age >= 18) & ~is_wallet_only & ~provider_users["email"].isin(refunded)
        seen = is_wallet_only | is_adult_holder
        groups.append((features_of(provider_users)[seen], is_wallet_only[seen]))
    return groups


@pytest.fixture(scope="module")
def groups(merchant: Frames, window: str) -> list[tuple[pd.DataFrame, pd.Series]]:
    """The features of both groups, and which they are, for each seed."""
    return make_groups(merchant, window)


def mean_area(groups: list[tuple[pd.DataFrame, pd.Series]], attacker: BaseEstimator) -> float:
    """The area under the ROC curve, of those held back in five folds, on average over the seeds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    with threadpool_limits(1):  # threads that wait for one another take long where others use the cores, too
        areas = [cross_val_score(attacker, seen, truth, cv=folds, scoring="roc_auc").mean() for seen, truth in groups]
    return float(np.mean(areas))


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_invented_people_cannot_be_told_from_customers(
    attacker: str, groups: list[tuple[pd.DataFrame, pd.Series]], window: str
) -> None:
    assert mean_area(groups, ATTACKERS[attacker]) == pytest.approx(0.5, abs=BOUNDS[window])


def test_people_whose_names_are_drawn_evenly_could_be_told(
    merchant: Frames, window: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for names in ("FIRST_NAMES", "LAST_NAMES"):
        monkeypatch.setattr(people, names, dict.fromkeys(getattr(people, names), 1))
    groups = make_groups(merchant, window, SEEDS[:3])
    assert all(mean_area(groups, ATTACKERS[attacker]) > 0.65 for attacker in ("boosting", "regression"))
