"""Every knob, validated once: a flag beats the environment, which beats the constant in main.py."""

import copy
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    CliSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from dcr_data_generator.errors import UserError

ENV_PREFIX = "DCR_"
DAYS = {"ge": date(1970, 1, 1), "le": date(2199, 12, 31)}
SHARE = {"ge": 0, "le": 1, "allow_inf_nan": False}
SOURCE_PROJECT = "bigquery-public-data"


def knob(default: Any, meaning: str, allowed: str, **limits: Any) -> Any:  # noqa: ANN401
    """A field with its meaning (for --help) and what is allowed (for the one line that refuses a value)."""
    return Field(
        default, description=f"{meaning} Allowed: {allowed}.", json_schema_extra={"allowed": allowed}, **limits
    )


def check_calendar_day(value: object) -> object:
    """Take a date only as YYYY-MM-DD: pydantic alone would read numbers and times too."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("not a date")
    return value


def check_project(value: str) -> str:
    """Take a project id as Google Cloud does, with the domain that some old ones bear; not the source's own."""
    if not re.fullmatch(r"([a-z0-9.-]+\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", value) or value == SOURCE_PROJECT:
        raise ValueError("not a project of your own")
    return value


def check_location(value: str) -> str:
    """Take a BigQuery location: a multi-region or a region, in any case."""
    if not re.fullmatch(r"(US|EU|([A-Z]+-)?[A-Z]+-[A-Z]+[0-9]{1,2})", value.upper(), re.ASCII):
        raise ValueError("not a location")
    return value


def check_folder(value: Path) -> Path:
    """Take a folder that is there."""
    if not value.is_dir():
        raise ValueError("not a folder")
    return value


def check_path(value: object) -> object:
    """Take a path that says something, and that the system can look at; an empty one would be the current folder."""
    if value == "":
        raise ValueError("no path")
    try:
        Path(str(value)).stat()
    except (FileNotFoundError, NotADirectoryError):
        return value
    except (OSError, ValueError):
        raise ValueError("too long, in a circle, or not to be looked at") from None
    return value


def check_folder_to_be(value: Path) -> Path:
    """Take a folder, or a path where one can be made."""
    nearest = next(path for path in (value, *value.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ValueError("not a folder that can be written")
    return value


def check_file_to_be(value: Path) -> Path:
    """Take a file, or a path where one can be made."""
    if value.exists() and not value.is_file():
        raise ValueError("a folder, or a device")
    check_folder_to_be(value.parent)
    return value


class Settings(BaseSettings):
    """Make the two sides of a BigQuery data clean room: merchant_provider and ewallet_provider."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_parse_none_str="None",
        frozen=True,
        extra="forbid",
        cli_prog_name="python -m dcr_data_generator.main",
        cli_kebab_case=True,
        cli_exit_on_error=False,
        cli_avoid_json=True,
        cli_implicit_flags="toggle",
        cli_hide_none_type=True,
        validate_default=True,
    )

    write_project_id: Annotated[str, AfterValidator(check_project)] | None = knob(
        None,
        "Your Google Cloud project; None runs on the embedded BigQuery.",
        f"a project id of 6 to 30 lower-case letters, digits and hyphens, not {SOURCE_PROJECT}",
    )
    target_date: Annotated[date, BeforeValidator(check_calendar_day)] = knob(
        date(2025, 9, 23), "Last day of the snapshot, in UTC.", "a day as YYYY-MM-DD, from 1970 to 2199", **DAYS
    )
    days: int = knob(
        1,
        "Length of the snapshot in days, ending on the target date.",
        "a whole number from 1 to 20000",
        ge=1,
        le=20_000,
    )
    location: Annotated[str, AfterValidator(check_location)] = knob(
        "US", "Where the datasets live; the source is in US.", "a BigQuery location, such as US, EU or us-central1"
    )
    seed: int = knob(
        42, "Same seed and same snapshot: same tables.", "a whole number from 0 to 2^63 - 1", ge=0, lt=2**63
    )
    match_rate: float = knob(
        0.5, "Share of the merchant's customers in the snapshot who hold a wallet.", "a number from 0 to 1", **SHARE
    )
    wallet_payment_rate: float = knob(
        0.8, "Share of the wallet holders' orders that were paid through the wallet.", "a number from 0 to 1", **SHARE
    )
    wallet_only_rate: float = knob(
        0.2, "Share of provider_users who are no customers of the merchant.", "a number from 0, below 1", **SHARE, lt=1
    )
    source: Annotated[Path, BeforeValidator(check_path), AfterValidator(check_folder)] | None = knob(
        None,
        "Embedded only: a folder with orders.csv, order_items.csv and users.csv exported from thelook; "
        "without it, a generated sample.",
        "a folder that exists",
    )
    embedded_dir: Annotated[Path, BeforeValidator(check_path), AfterValidator(check_folder_to_be)] = knob(
        Path(".bigquery"),
        "Embedded only: where its data is kept between runs.",
        "a folder, or a path where one can be made",
    )

    timeout: int = knob(
        300, "How long a step may wait for BigQuery, in seconds.", "a whole number from 1 to 86400", ge=1, le=86_400
    )
    skip_checks: bool = knob(False, "Leave the checks of the result out.", "no value: the flag alone leaves them out")
    export: Annotated[Path, BeforeValidator(check_path), AfterValidator(check_folder_to_be)] | None = knob(
        None,
        "Write the five tables as Parquet into this folder.",
        "a folder, or a path where one can be made",
    )

    report: Annotated[Path, BeforeValidator(check_path), AfterValidator(check_file_to_be)] = knob(
        Path("report.html"), "Write the report of the run to this file.", "a file, or a path where one can be made"
    )
    no_report: bool = knob(False, "Write no report.", "no value: the flag alone leaves it out")

    @property
    def first_date(self) -> date:
        """The first day of the snapshot."""
        return self.target_date - timedelta(days=self.days - 1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        env_settings: PydanticBaseSettingsSource,
        **others: Any,  # noqa: ANN401
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment beat what the code says; the flags, which `load` adds, beat both."""
        # An empty variable counts as none at all; an empty flag does not.
        return EnvSettingsSource(settings_cls, env_ignore_empty=True), others["init_settings"]


def load(constants: Mapping[str, object], arguments: Sequence[str] | None = None) -> Settings:
    """Read the settings: flags (sys.argv without `arguments`), else the environment, else the constants of main.py.

    Raises:
        UserError: a flag is unknown, a value is not allowed, or two knobs contradict each other.
    """
    settings_class = with_defaults(constants)
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        flags = CliSettingsSource(settings_class, cli_parse_args=arguments)
        settings = settings_class(_cli_settings_source=flags)
    except SettingsError as error:
        raise UserError(misuse(str(error).removeprefix("error parsing CLI: "), arguments)) from None
    except ValidationError as error:
        raise UserError(refusal(error)) from None
    if settings.write_project_id and settings.source:
        raise UserError(
            f"--source {settings.source} fills the embedded BigQuery and --write-project-id "
            f"{settings.write_project_id} writes elsewhere: give one of them"
        )
    # A flag beats a variable; two flags are one too many.
    if {"--report", "--no-report"} <= {argument.partition("=")[0] for argument in arguments}:
        raise UserError(f"--report {settings.report} asks for a report and --no-report for none: give one of them")
    return settings


def with_defaults(constants: Mapping[str, object]) -> type[Settings]:
    """Make main.py's constants the defaults, so that --help shows them."""
    fields = {}
    for name, value in constants.items():
        field = copy.copy(Settings.model_fields[name])
        field.default = value
        fields[name] = (field.annotation, field)
    return create_model("Settings", __base__=Settings, __doc__=Settings.__doc__, **fields)


def misuse(reason: str, arguments: list[str]) -> str:
    """Say what is wrong with the flags; one that follows a flag and looks like one, such as -inf, is a bad value."""
    if lonely := re.fullmatch(r"argument (--[a-z-]+): expected one argument", reason):
        following = arguments[arguments.index(lonely[1]) + 1 :]
        return not_allowed(lonely[1].removeprefix("--").replace("-", "_"), *following[:1])
    return f"{reason}; --help lists the flags"


def refusal(error: ValidationError) -> str:
    """Say which flag has which value and what is allowed, in one line."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    return not_allowed(name, first["input"]) if name in Settings.model_fields else f"there is no knob {name}"


def not_allowed(name: str, *values: object) -> str:
    """Say that a knob's value, or that it has none, is not allowed, and what is."""
    given = "".join(f" {str(value)[:60]!r}" for value in values) or " without a value"
    allowed = Settings.model_fields[name].json_schema_extra["allowed"]
    return f"--{name.replace('_', '-')}{given} is not allowed: give {allowed} ({ENV_PREFIX}{name.upper()} sets it, too)"
