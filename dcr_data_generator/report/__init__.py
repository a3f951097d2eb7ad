"""The report: one HTML file that tells what a run made, and opens anywhere without a network."""

from dcr_data_generator.report.report import Attempt, Protected, add_to_report, check_path, write

__all__ = ["Attempt", "Protected", "add_to_report", "check_path", "write"]
