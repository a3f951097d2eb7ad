"""The tests: against the real embedded engine and the real client."""
