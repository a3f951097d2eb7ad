"""The identity noise: emails as people give them to a second company, a phone number, and the truth; sql/identity/."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial

from google.api_core.exceptions import NotFound

from dcr_data_generator import people
from dcr_data_generator.ewallet import describe
from dcr_data_generator.ewallet_sql import working_dataset
from dcr_data_generator.tables import IDENTITY_TABLES, PROVIDER
from dcr_data_generator.verify import checks
from dcr_data_generator.warehouse.changes import DELETED
from dcr_data_generator.warehouse.warehouse import Warehouse

# What is made on the way, in this order.
STEPS = ("identity_half_draws", "identities", "phone_kinds", "phones", "noise_places", "noise_kinds")


def remove(warehouse: Warehouse) -> None:
    """Delete what an earlier run made, if it did: it is not true of the tables of this one."""
    for table in IDENTITY_TABLES:
        with suppress(NotFound):
            found = warehouse.client.get_table(warehouse.path(table))
            with warehouse.changes.changing(warehouse.named(table), DELETED):
                warehouse.client.delete_table(found)


def write(warehouse: Warehouse) -> None:
    """Make the identity tables, and give provider_users the emails as people wrote them."""
    statements = ("truth", "provider_keys", "merchant_keys", "provider_users")
    with working_dataset(warehouse, "provider/functions"):
        for step in STEPS:
            warehouse.run(f"identity/{step}", values=people.NOISE)
        for statement, table in zip(statements, [*IDENTITY_TABLES, f"{PROVIDER}.provider_users"], strict=True):
            with warehouse.replacing(table):
                warehouse.run(f"identity/{statement}", values=people.NOISE)
    describe(warehouse, "provider_users")


def write_as_steps(
    warehouse: Warehouse, step: Callable[[str], AbstractContextManager], skip_checks: bool
) -> list[checks.Check]:
    """Write the emails as people do, and check them, each in a step. The other checks need the true emails."""
    with step("Write the emails as people do"):
        write(warehouse)
    if skip_checks:
        return []
    with step("Check the emails") as done:
        verdict = checks.run(warehouse, folder="checks/identity", counted=partial(done.counted, what="checks"))
        done.result, done.is_good = checks.summarize(verdict)
    return verdict
