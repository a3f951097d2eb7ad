"""Makes the two sides of a BigQuery data clean room: run it as `uv run python -m dcr_data_generator.main`."""

import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from dcr_data_generator import shutdown

if TYPE_CHECKING:  # Ctrl-C ends a run in one line from its first second: what takes its time is imported below
    from dcr_data_generator.settings import Settings
    from dcr_data_generator.tables import ReplacedTables
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
# provider's users who are not customers of the merchant.
MATCH_RATE = 0.5
WALLET_PAYMENT_RATE = 0.8
WALLET_ONLY_RATE = 0.2
# The share of the wallet holders who gave the provider their email in another form than the merchant.
IDENTITY_NOISE = 0
# Where step 2 runs: "pandas", or "bigquery" for more than one machine's memory holds. The tables are the same.
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the five tables and show what came out.

    Returns: the exit status: 0; 1 where a check is red, or another run wrote at the same time; 2 for an error that a
    person can put right; and for a run that was stopped what a shell reports: 129 for SIGHUP, 130 for Ctrl-C and 143
    for SIGTERM.
    """

    def command(terminal: "Terminal") -> int:
        from dcr_data_generator.settings import load, unknown_variables

        settings = load(CONSTANTS, arguments)
        for sentence in unknown_variables():
            terminal.warning(sentence)
        from dcr_data_generator.tables import ReplacedTables, named

        terminal.verbose, terminal.console.quiet = settings.verbose, settings.quiet
        if settings.remove:
            from dcr_data_generator import removal

            return removal.run(settings, terminal)
        replaced = ReplacedTables()
        terminal.consequence = lambda: named(str(replaced), settings)
        return run(settings, terminal, replaced)

    return shutdown.run_safely(command)


def run(settings: "Settings", terminal: "Terminal", replaced: "ReplacedTables") -> int:
    """The flow: the source, the merchant's snapshot, the provider made from it, the checks, and the answers."""
    from dcr_data_generator import checks, ewallet, export, noise, report, snapshot, source, use_cases, warehouse

    report.check_path(settings)
    export.check_paths(settings)
    step = partial(shutdown.step, terminal, settings.timeout)
    with ExitStack() as stack:
        with step("Connect") as done:
            place = stack.enter_context(warehouse.connect(settings, not settings.keep_snapshot))
            done.result = place.name
        client = place.client
        with step("Look at the source") as done:
            settings = source.at_one_instant(client, settings)
            source.check_tables(client, settings)
            bytes_to_read = source.limit_bytes(client, settings)
            notices = [] if settings.keep_snapshot else source.check(client, settings)
            marked = source.create_datasets(client, settings)
            done.result = "the snapshot is kept" if settings.keep_snapshot else settings.window
        terminal.notices(notices)
        if place.is_billed:
            terminal.bytes_to_read(bytes_to_read)
        if not settings.keep_snapshot:
            with step("Step 1: copy the merchant's snapshot"):
                snapshot.take(client, settings, replaced)
        with step("Step 2: create the e-wallet provider"):
            noise.remove(client, settings)
            ewallet.create(place, settings, replaced)
            source.check_alone(client, marked, has_written=True)
        verdict: list[checks.Check] = []
        if not settings.skip_checks:
            with step("Check the result" + (", with true emails" if settings.identity_noise else "")) as done:
                verdict = checks.run(client, settings)
                done.result, done.is_good = checks.summarize(verdict), not checks.count_red(verdict)
        if settings.identity_noise:
            with step("Write the emails as people do"):
                noise.write(client, settings, replaced)
        if settings.identity_noise and not settings.skip_checks:
            with step("Check the emails") as done:
                more = checks.run(client, settings, "checks/identity")
                done.result, done.is_good = checks.summarize(more), not checks.count_red(more)
                verdict += more
        terminal.checks(verdict)
        with step("Ask the four questions"):
            answers, outcome = use_cases.run(client, settings), use_cases.count(client, settings)
            advice = [] if settings.keep_snapshot else use_cases.advise(client, settings, answers)
            source.check_alone(client, marked)
        if settings.export:
            with step("Export"):
                export.run(place, settings, settings.export)
        if not settings.no_report:
            with step("Write the report"):
                report.write(place, settings, verdict, answers, outcome)
        source.check_alone(client, marked)
        terminal.use_cases(answers)
        terminal.outcome(outcome, settings)
        terminal.notices(advice)
        terminal.end(settings, place.how_to_query)
        if place.is_billed:
            terminal.bytes_billed(place.bytes_billed())
        if red := checks.count_red(verdict):
            terminal.line(f"[red]✗ {checks.summarize(verdict)}: do not show these tables to anyone.[/]")
        if settings.open and not settings.no_report:
            webbrowser.open(settings.report.absolute().as_uri())
    return 1 if red else 0


def run_and_exit() -> NoReturn:
    """Run as a program."""
    shutdown.exit_with(main)


if __name__ == "__main__":
    run_and_exit()
