"""What the commands of this folder need to know."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from dcr_data_generator.clean_room.settings import Calls, Keys
from dcr_data_generator.settings import (
    DetailedScreen,
    Draws,
    GoogleCloud,
    Place,
    ReportAddition,
    ReportFile,
    Result,
    Screen,
    Snapshot,
    allow_host,
    embedded_dir,
    option,
    suffix,
)


@dataclass(frozen=True, kw_only=True)
class DemoSettings:
    """What `demo` needs to know."""

    panel: ClassVar = "Clean room"
    place: Place
    snapshot: Snapshot
    draws: Draws
    result: Result
    keys: Keys
    quick: bool = option("Leave the attack out, which takes longest.", default=False)
    report: ReportFile
    screen: DetailedScreen


@dataclass(frozen=True, kw_only=True)
class RemoveSettings:
    """What `remove` needs to know."""

    place: Place
    yes: bool = option("Do not ask before anything is deleted.", default=False)
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """What `serve` needs to know."""

    panel: ClassVar = "Where"
    embedded_dir: Path = embedded_dir()
    suffix: str = suffix()
    allow_host: tuple[str, ...] = allow_host()
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class IdentitySettings:
    """What `identity` needs to know."""

    place: Place
    report: ReportAddition
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What `model` needs to know."""

    place: GoogleCloud
    calls: Calls
    screen: Screen
