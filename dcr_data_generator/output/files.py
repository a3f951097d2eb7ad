"""What a run writes beside its tables: the export, and the report."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from dcr_data_generator.output import export
from dcr_data_generator.output.report import report
from dcr_data_generator.settings import MakeSettings
from dcr_data_generator.verify.checks import Check
from dcr_data_generator.verify.use_cases import Outcome, UseCase
from dcr_data_generator.warehouse.warehouse import Warehouse


def check_paths(settings: MakeSettings) -> None:
    """Check that the files replace nothing but earlier ones of this program. Raises UserError if they would."""
    if not settings.report.no_report:
        report.check_path(settings.report.report, settings.place.embedded_dir)
    if settings.result.export:
        export.check_paths(settings.result.export, settings.place.suffix)


def write(
    warehouse: Warehouse,
    settings: MakeSettings,
    verdict: Sequence[Check],
    answers: Sequence[UseCase],
    outcome: Outcome,
    step: Callable[[str], AbstractContextManager],
) -> None:
    """Write the files that the settings ask for, each in a step. Raises UserError where one cannot be written."""
    if settings.result.export:
        with step("Export"):
            export.run(warehouse, settings.result.export)
    if not settings.report.no_report:
        with step("Write the report"):
            report.write(warehouse, settings, verdict, answers, outcome)
