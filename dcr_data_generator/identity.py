"""Compares the rules by which companies normalize an email: `uv run python -m dcr_data_generator.identity`."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from dcr_data_generator import shutdown

if TYPE_CHECKING:
    from google.cloud import bigquery

    from dcr_data_generator.settings import Settings
    from dcr_data_generator.terminal import Terminal

KEYS = {1: "email", 2: "or phone"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the normalizers; returns the exit status: 0, or 2 for an error."""

    def command(terminal: "Terminal") -> int:
        from rich_click import RichCommand

        from dcr_data_generator.main import CONSTANTS
        from dcr_data_generator.settings import Settings, options_of, run_command

        params = options_of(Settings, CONSTANTS, ("Where",))
        text = "Compare whom the two parties find by their emails, and by phone numbers, with who they are in truth."
        identity = RichCommand(name="identity", params=params, callback=Settings, help=text)
        settings = run_command(identity, "python -m dcr_data_generator.identity", arguments)
        terminal.console.quiet = settings.quiet
        return run(settings, terminal)

    return shutdown.run_safely(command)


def run(settings: "Settings", terminal: "Terminal") -> int:
    """Match the two parties' users by each normalizer, and show how many of the matches are true.

    Raises:
        UserError: no run has made the identity tables.
    """
    from google.api_core.exceptions import NotFound
    from rich.markup import escape

    from dcr_data_generator import ewallet, source, sql, use_cases, warehouse
    from dcr_data_generator.errors import UserError
    from dcr_data_generator.report import add_to_report
    from dcr_data_generator.tables import IDENTITY_TABLES, named

    no_tables = UserError(
        "there are no emails as people write them: run `uv run python -m dcr_data_generator.main "
        "--identity-noise 0.18` first, with the same flags"
    )
    if settings.write_project_id is None and not settings.embedded_dir.exists():
        raise no_tables
    step = partial(shutdown.step, terminal, settings.timeout)
    with warehouse.connect(settings, fill_source=False) as place:
        client = place.client
        with step("Match the two parties' users"):
            source.check_working_dataset(client, settings)
            try:
                client.get_table(named(f"{client.project}.{IDENTITY_TABLES[0]}", settings))
            except NotFound:
                raise no_tables from None
            with ewallet.working_dataset(client, settings, "identity/normalizers"):
                rows = sql.run(client, "identity/measures", settings).rows
            answers = use_cases.run(client, settings)
        measures, findings = [measure(row) for row in rows], find(rows)
        figures = [{name.replace("_", " "): written(value) for name, value in each.items()} for each in measures]
        terminal.table([*figures[0]], [[*each.values()] for each in figures])
        for finding in findings:
            terminal.line(finding)
        seen = {"identity": measures, "figures": figures, "findings": findings}
        if not settings.no_report:
            report = add_to_report(place, settings, answers, seen)
            there_is_none = "There is no report of these tables to add this comparison to: main writes one."
            terminal.line(f"The report has this comparison now: {escape(str(report))}" if report else there_is_none)
    return 0


def measure(row: "bigquery.Row") -> dict[str, object]:
    """How well a normalizer does: the shares of the customers, of its matches, and of the holders; and people."""
    matched, pairs, true_pairs = row.matched or 0, row.pairs or 0, row.true_pairs or 0
    return {
        "normalizer": row.normalizer,
        "keys": KEYS[row.number_of_keys],
        "match_rate": matched / max(row.customers, 1),  # --keep-snapshot takes a merchant without customers
        "precision": true_pairs / pairs if pairs else None,
        "recall": true_pairs / row.holders if row.holders else None,
        "lost": row.holders - true_pairs,
        "mixed": row.mixed_up or 0,
    }


def written(value: object) -> str:
    """Write a figure for a person."""
    from dcr_data_generator.values import percent

    if isinstance(value, float):
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def find(rows: "Sequence[bigquery.Row]") -> list[str]:
    """Say in a sentence each what the comparison shows."""
    from dcr_data_generator.values import percent

    first, mixed_up = rows[0], max(row.mixed_up or 0 for row in rows)
    sentences = [
        f"In truth {first.holders:,} of the merchant's {first.customers:,} customers hold a wallet: "
        f"{percent(first.holders / max(first.customers, 1))}."
    ]
    for row in rows:
        if row.normalizer in ("as_is", "uid2"):
            keys, rate = "email" if row.number_of_keys == 1 else "email or phone", measure(row)["match_rate"]
            customers = "1 customer" if row.matched == 1 else f"{row.matched or 0:,} customers"
            sentences.append(f"By {keys}, {row.normalizer} matches {customers}: {written(rate)}.")
    if not any(row.pairs for row in rows):
        return [*sentences, "Nobody is matched."]
    people = {0: "nobody is", 1: "at most one customer is"}.get(mixed_up, f"at most {mixed_up:,} customers are")
    return [*sentences, f"Of those matched, {people} taken for somebody else."]


if __name__ == "__main__":
    shutdown.exit_with(main)
