"""Step 1: copies the source's orders in the window, with their items and users, inside BigQuery."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel
from dcr_data_generator.settings import Window
from dcr_data_generator.tables import MERCHANT
from dcr_data_generator.warehouse.warehouse import Warehouse

# The labels of the dataset that say which days it has; empty while its tables are replaced.
TARGET_DATE, DAYS = "target-date", "days"


def take(warehouse: Warehouse, window: Window) -> None:
    """Replace merchant_provider.orders, then order_items and users, which depend on it; the labels say which days."""

    def replace(name: str) -> None:
        with warehouse.replacing(f"{MERCHANT}.{name}"):
            warehouse.run(f"snapshot/{name}")

    warehouse.label(MERCHANT, {TARGET_DATE: "", DAYS: ""})  # those of an earlier snapshot are no longer true
    replace("orders")
    run_in_parallel(replace, ["order_items", "users"])
    warehouse.label(MERCHANT, {TARGET_DATE: str(window.last_date), DAYS: str(window.days)})


def recorded_window(warehouse: Warehouse) -> Window | None:
    """The days of the snapshot, from the labels; None where the run that took it was not allowed to leave any.

    Raises:
        NotFound: there is no snapshot.
        UserError: a run was stopped while it replaced the snapshot.
    """
    labels = warehouse.client.get_dataset(warehouse.path(MERCHANT)).labels
    if is_unfinished(labels):
        raise UserError(
            f"a run was stopped while it replaced the tables of {warehouse.path(MERCHANT)}: run `uv run dcr make` "
            "again, without --keep-snapshot"
        )
    if not (window := window_of(labels)):
        return None
    # A run that may not label the dataset leaves the labels of the one before.
    first, last = warehouse.run("outcome/order_dates").row.values()
    is_true = first is None or window.first_date <= first <= last <= window.last_date
    return window if is_true else None


def is_unfinished(labels: Mapping[str, str]) -> bool:
    """Whether a run was stopped while it replaced the tables of a dataset with these labels."""
    return labels.get(TARGET_DATE) == ""


def window_of(labels: Mapping[str, str]) -> Window | None:
    """The days that the labels of a dataset tell; None where they are not there, or somebody has changed them."""
    with suppress(KeyError, ValueError, OverflowError):
        window = Window(date.fromisoformat(labels[TARGET_DATE]), int(labels[DAYS]))
        return window if window.first_date <= window.last_date else None
    return None
