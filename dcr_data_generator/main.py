"""Makes the two sides of a BigQuery data clean room: run it as `uv run python -m dcr_data_generator.main`."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NoReturn

from dcr_data_generator import shutdown, whole_file
from dcr_data_generator.errors import UserError

if TYPE_CHECKING:
    from dcr_data_generator.settings import Settings
    from dcr_data_generator.terminal import Terminal

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
    """Make the five tables and show what came out.

    Returns: the exit status: 0; 1 where a check is red; 2 for a problem that a person can put right; and of a run that
    was stopped what a shell reports, 130 for Ctrl-C and 143 for SIGTERM.
    """
    terminal = None
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the person has closed it
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    with shutdown.handle_signals():
        try:
            # Here, so that Ctrl-C is heard while they are imported.
            from dcr_data_generator.settings import load
            from dcr_data_generator.terminal import Terminal

            terminal = Terminal()
            return run(load(CONSTANTS, arguments), terminal)
        except UserError as problem:
            terminal.problem(str(problem))
            return 2
        except shutdown.TimedOut:
            terminal.problem(
                f"BigQuery did not answer in time: run again, or give a longer --timeout ({terminal.account()})"
            )
            return 2
        except shutdown.Stopped as stop:
            if terminal:
                terminal.problem(f"stopped by {stop} ({terminal.account()})")
            else:
                print(f"error: stopped by {stop} (nothing was replaced)", file=sys.stderr)
            return stop.status
        except BrokenPipeError:  # nobody reads the output any more
            raise
        except OSError as error:
            if terminal is None:
                raise
            reason = error.strerror or type(error).__name__
            terminal.problem(f"this machine says '{reason}': mend that, then run again ({terminal.account()})")
            return 2


def run(settings: "Settings", terminal: "Terminal") -> int:
    """The flow: the source, the merchant's snapshot, the provider made from it, the proof, and the answers."""
    # Here, so that a wrong flag is told at once and Ctrl-C is heard: these take their time.
    from dcr_data_generator import checks, ewallet, export, outcome, report, snapshot, source, use_cases, warehouse

    terminal.time_limit = settings.timeout
    verdict = []
    with ExitStack() as stack:
        javascript = None if settings.no_report else stack.enter_context(report.bundling())
        with terminal.step("Connect"):
            client = stack.enter_context(warehouse.connect(settings))
        terminal.account = client.account
        terminal.place(client.place, settings)
        with terminal.step("Look at the source"):
            source.check(client, settings)
        with terminal.step("Step 1: take the merchant's snapshot"):
            snapshot.take(client)
        with terminal.step("Step 2: create the e-wallet provider"):
            ewallet.create(client, settings)
        if not settings.skip_checks:
            with terminal.step("Check the result"):
                verdict = checks.run(client)
            terminal.checks(verdict)
        with terminal.step("Ask the four questions"):
            answers, counts = use_cases.run(client), outcome.count(client)
        terminal.use_cases(answers)
        if settings.export:
            with terminal.progress("Export") as progress:
                export.run(client, settings.export, progress)
        terminal.outcome(counts, settings)
        terminal.how_to_query(client.how_to_query)
        terminal.verdict(verdict)
        if javascript:
            with terminal.step("Write the report"):
                report.write(client, settings, verdict, answers, counts, javascript)
        if client.is_billed:
            terminal.bytes_billed(client.bytes_billed())
        if javascript:
            terminal.report(settings.report)
    return 1 if any(check.violations for check in verdict) else 0


def leave(status: int) -> NoReturn:
    """End the process without waiting for its threads: one that hangs in a request would keep a stopped run alive."""
    with suppress(OSError):
        sys.stdout.flush()
    whole_file.remove_unfinished()
    os._exit(status)


if __name__ == "__main__":
    try:
        leave(main())
    except SystemExit as end:  # of --help, or because nobody reads the output any more
        leave(int(end.code or 0))
    except BrokenPipeError:
        leave(1)
