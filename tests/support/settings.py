"""Settings for tests."""

from dataclasses import replace
from datetime import date

from dcr_data_generator.console import options
from dcr_data_generator.main import CONSTANTS
from dcr_data_generator.settings import MakeSettings, Window
from dcr_data_generator.warehouse.changes import Changes
from dcr_data_generator.warehouse.warehouse import Warehouse


def make_settings(*flags: str, **knobs: object) -> MakeSettings:
    """Make the settings of main.py, with some changed; they are checked as those of a run are."""
    return settings_of(MakeSettings, *flags, **knobs)


def settings_of[Settings](kind: type[Settings], *flags: str, **knobs: object) -> Settings:
    """Make a command's settings of flags, of the environment, and of the constants of main.py and these."""
    made: list[Settings] = []
    command = options.command("test", "", kind, lambda settings, _: made.append(settings) or 0, CONSTANTS | knobs)
    options.execute(command, "test", flags, Quiet())
    return made[0]


class Quiet:
    """A terminal that shows nothing."""

    def show(self, screen: object) -> None:
        """Show nothing."""


def window_of(settings: MakeSettings) -> Window:
    """The days of a run on the sample: without a target date, those to its last whole day."""
    target_date = settings.snapshot.target_date
    return Window(target_date or date(2025, 9, 23), settings.snapshot.days, is_chosen=target_date is None)


def on(place: Warehouse, **knobs: object) -> Warehouse:
    """The same place for a run with some settings changed, which has replaced nothing yet."""
    settings = make_settings(**knobs)
    window = window_of(settings)
    return replace(
        place,
        settings=settings.place,
        parameters={**settings.parameters, **window.parameters},
        source_dataset=settings.snapshot.source_dataset,
        changes=Changes(),
        window=window,
    )
