"""Step 2 inside BigQuery: the same rules in sql/provider/, for merchants beyond one machine's memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from google.cloud import bigquery

from dcr_data_generator import people, sql
from dcr_data_generator.ewallet import describe
from dcr_data_generator.parallel import Counted, run_in_parallel
from dcr_data_generator.settings import Draws
from dcr_data_generator.tables import PROVIDER, SCHEMAS, WORKING, WORKING_LABELS
from dcr_data_generator.warehouse.changes import LEFT
from dcr_data_generator.warehouse.warehouse import Warehouse

# The wallet-only users, in this order: again until there are enough names.
WALLET_ONLY = ("name_half_draws", "invented_emails", "wallet_only")
# What is made on the way, in this order; the files of one line run in parallel.
STEPS = (
    ("customer_half_draws", "names"),
    ("customers",),
    ("holders",),
    WALLET_ONLY,
    ("people_half_draws",),
    ("people_draws",),
    ("people",),
    ("ages", "city", "orders"),
    ("date_of_birth", "spending", "is_verified_user", "payment_half_draws"),
    ("ranks", "payment_draws"),
    ("account_tier",),
)


def create(warehouse: Warehouse, draws: Draws, target_date: date, scale: int = 1, counted: Counted = iter) -> None:
    """Replace ewallet_provider.provider_users and ewallet_provider.transactions, in steps.

    Raises:
        UserError: there are too few names for the wallet-only users.
    """
    values = {**draws.parameters, "target_date": target_date, "scale": scale, **people.name_parameters()}
    with working_dataset(warehouse, "provider/functions"):
        for step in counted(STEPS):
            if step == WALLET_ONLY:
                invent_people(warehouse, values)
            else:
                warehouse.run_all([f"provider/{name}" for name in step], values=values)

        def replace(name: str) -> None:
            with warehouse.replacing(f"{PROVIDER}.{name}"):
                warehouse.run(f"provider/{name}", values=values)
                describe(warehouse, name)

        run_in_parallel(replace, SCHEMAS, counted=counted)


def invent_people(warehouse: Warehouse, values: Mapping[str, Any]) -> None:
    """Invent the wallet-only users; `invent_people` in people.py. Raises UserError if there are too few names."""
    for names_per_user in people.NAMES_PER_USER:
        for statement in WALLET_ONLY:
            warehouse.run(f"provider/{statement}", values={**values, "names_per_user": names_per_user})
        sizes = warehouse.run("provider/missing_users", values=values).row
        if not sizes.missing:
            return
    raise people.too_few_names(sizes.users)


@contextmanager
def working_dataset(warehouse: Warehouse, functions: str) -> Iterator[None]:
    """Use a temporary dataset, `ewallet_working`, with the functions of a folder."""
    client, working = warehouse.client, bigquery.Dataset(warehouse.path(WORKING))
    working.location, working.labels = warehouse.settings.location, WORKING_LABELS
    # What an earlier run left that was stopped is not reused.
    client.delete_dataset(working, delete_contents=True, not_found_ok=True)
    states, name = warehouse.changes.states, warehouse.named(WORKING)
    states[name] = LEFT
    try:
        client.create_dataset(working)
        warehouse.run_all(sql.read_folder(functions))
        yield
    finally:
        client.delete_dataset(working, delete_contents=True, not_found_ok=True)
        del states[name]
