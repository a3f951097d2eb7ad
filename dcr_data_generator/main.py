"""Makes the two sides of a BigQuery data clean room: run it as `uv run python -m dcr_data_generator.main`."""

import sys
from collections.abc import Sequence

from dcr_data_generator import ewallet, preflight, snapshot, warehouse
from dcr_data_generator.problem import Problem
from dcr_data_generator.screen import Screen
from dcr_data_generator.settings import Settings, load

# Your Google Cloud project, such as "my-project"; None runs on the embedded BigQuery, without an account.
WRITE_PROJECT_ID = None
# The last day of the snapshot, in UTC, and its length in days.
TARGET_DATE = "2025-09-23"
DAYS = 1
# Where the datasets live; the source is in US.
LOCATION = "US"
# Same seed and same snapshot: same tables.
SEED = 42
# The share of the merchant's customers who hold a wallet, of their orders that were paid through it, and of the
# provider's users who are no customers of the merchant.
MATCH_RATE = 0.5
WALLET_PAYMENT_RATE = 0.8
WALLET_ONLY_RATE = 0.2

CONSTANTS = {
    "write_project_id": WRITE_PROJECT_ID,
    "target_date": TARGET_DATE,
    "days": DAYS,
    "location": LOCATION,
    "seed": SEED,
    "match_rate": MATCH_RATE,
    "wallet_payment_rate": WALLET_PAYMENT_RATE,
    "wallet_only_rate": WALLET_ONLY_RATE,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the five tables and show what came out; returns the exit status."""
    screen = Screen()
    try:
        run(load(CONSTANTS, arguments), screen)
    except Problem as problem:
        screen.problem(problem)
        return 2
    return 0


def run(settings: Settings, screen: Screen) -> None:
    """The flow: the source, the merchant's snapshot, the provider made from it, and what the two have in common."""
    with warehouse.connect(settings) as client:
        screen.place(client.place, settings)
        with screen.step("Look at the source"):
            preflight.check(client, settings)
        with screen.step("Step 1: take the merchant's snapshot"):
            snapshot.take(client)
        with screen.step("Step 2: create the e-wallet provider"):
            ewallet.create(client, settings)
        row_counts, [overlap] = client.run_at_once("row_counts", "overlap")
        screen.tables(dict(row_counts))
        screen.match_rate(overlap.merchant_only, overlap.both_parties, settings)
        screen.how_to_query(client.how_to_query)


if __name__ == "__main__":
    sys.exit(main())
