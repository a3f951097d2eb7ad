"""Makes the two sides of a BigQuery data clean room: run it as `uv run python -m dcr_data_generator.main`."""

import webbrowser
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

from dcr_data_generator.console import options, process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.settings import MakeSettings
from dcr_data_generator.warehouse.modes import as_private_as

if TYPE_CHECKING:
    from dcr_data_generator.warehouse.warehouse import Warehouse

# Your Google Cloud project, such as "my-project"; None runs on the embedded BigQuery, without an account.
WRITE_PROJECT_ID = None
# The last day of the snapshot, in UTC, such as "2025-09-23", and its length in days; None takes the last whole day that
# the source has.
TARGET_DATE = None
DAYS = 1
# Where the datasets live; the source is in US.
LOCATION = "US"
# Same seed and same snapshot: same tables.
SEED = 42
# The share of the merchant's customers who hold a wallet, of their orders that were paid through it, and of the
# provider's users who are not customers of the merchant.
MATCH_RATE = 0.5
WALLET_PAYMENT_RATE = 0.8
WALLET_ONLY_RATE = 0.2
# The share of the wallet holders who gave the provider their email in another form than the merchant.
IDENTITY_NOISE = 0
# Where step 2 runs: "pandas", or "bigquery" if the data does not fit in memory. The tables are the same.
ENGINE = "pandas"

CONSTANTS = {
    "write_project_id": WRITE_PROJECT_ID,
    "target_date": TARGET_DATE,
    "days": DAYS,
    "location": LOCATION,
    "seed": SEED,
    "match_rate": MATCH_RATE,
    "wallet_payment_rate": WALLET_PAYMENT_RATE,
    "wallet_only_rate": WALLET_ONLY_RATE,
    "identity_noise": IDENTITY_NOISE,
    "engine": ENGINE,
}


def make(settings: MakeSettings, terminal: Terminal) -> int:
    """Connect to where the settings say, and make the five tables there."""
    from dcr_data_generator.warehouse.connect import connect

    place = connect(settings.place, settings.parameters, settings.snapshot.source_dataset)
    source = settings.snapshot.source
    with as_private_as([source, *source.glob("*.csv*")] if source else []):
        status = run(settings, place, terminal)
    if settings.report.open and not settings.report.no_report:
        webbrowser.open(settings.report.report.absolute().as_uri())
    return status


def run(settings: MakeSettings, place: "AbstractContextManager[Warehouse]", terminal: Terminal) -> int:
    """The flow: the source, the merchant's snapshot, the provider made from it, the checks, and the answers.

    Returns: the exit status: 0; 1 where a check is red, or another run wrote at the same time.

    Raises:
        UserError: something that the user can put right; it has a note on what was replaced.
    """
    from dcr_data_generator import ewallet, ewallet_sql, noise, snapshot
    from dcr_data_generator.output import files
    from dcr_data_generator.verify import checks, ownership, source, use_cases

    draws, step = settings.draws, partial(process.step, terminal, settings.place.timeout)
    files.check_paths(settings)
    with process.connected(place, step) as warehouse:
        with step("Look at the source") as done:
            look = source.look(warehouse, settings.snapshot, draws, settings.result.engine)
            ours = ownership.create_datasets(warehouse)
            window, done.result = look.window, look.window.words
        terminal.look(look.notices, look.bytes_to_read if warehouse.is_billed else None)
        if not settings.snapshot.keep_snapshot:
            with step("Step 1: copy the merchant's snapshot"):
                snapshot.take(warehouse, window)
        with step("Step 2: create the e-wallet provider") as done:
            noise.remove(warehouse)
            provider = ewallet if settings.result.engine == "pandas" else ewallet_sql
            counted = partial(done.counted, what="parts")
            provider.create(warehouse, draws, window.last_date, settings.snapshot.scale, counted)
            ownership.check_alone(warehouse, ours, has_written=True)
        verdict = [] if settings.result.skip_checks else checks.run_as_step(warehouse, step, settings.snapshot, draws)
        if draws.identity_noise:
            verdict += noise.write_as_steps(warehouse, step, settings.result.skip_checks)
        with step("Ask the questions") as done:
            answers, outcome = use_cases.run(warehouse, done.counted), use_cases.count(warehouse)
            advice = [] if settings.snapshot.keep_snapshot else use_cases.advise(warehouse, answers)
            ownership.check_alone(warehouse, ours)
        files.write(warehouse, settings, verdict, answers, outcome, step)
        ownership.check_alone(warehouse, ours)
        terminal.end(settings, warehouse, window, verdict, answers, outcome, advice)
    return 0 if checks.summarize(verdict).is_good else 1


command = options.command(
    "make",
    "Make the two sides of a BigQuery data clean room: the merchant's three tables and the provider's two.",
    MakeSettings,
    make,
    CONSTANTS,
    epilog="Example: dcr make --target-date 2025-09-23 --days 7 --match-rate 0.4",
)
command = options.with_version(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `make` as a program; returns the exit status.

    That is 0; 1 where a check is red, or another run wrote at the same time; 2 for an error that the user can put
    right; and for a run that was stopped what a shell reports: 129 for SIGHUP, 130 for Ctrl-C and 143 for SIGTERM.
    """
    return process.run_safely(partial(options.execute, command, "python -m dcr_data_generator.main", arguments))


if __name__ == "__main__":
    process.exit_with(main)
