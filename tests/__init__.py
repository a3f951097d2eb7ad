"""The tests: against the real embedded engine, which is silenced before conftest.py imports it, and the real client."""

import dcr_data_generator.warehouse.embedded  # noqa: F401 - it silences the engine
