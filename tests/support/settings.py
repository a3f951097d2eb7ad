"""Settings for tests."""

from dcr_data_generator.main import CONSTANTS
from dcr_data_generator.settings import Settings, load


def make_settings(**knobs: object) -> Settings:
    """Make the settings of main.py, with some changed; they are checked as those of a run are."""
    return load(CONSTANTS | knobs, [])
