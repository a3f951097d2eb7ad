"""The report: one HTML file that tells what a run made, and opens anywhere without a network."""
