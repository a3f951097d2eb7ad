"""Every option: its name, type, range and help. A flag beats the environment, which beats the constant in main.py."""

import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich_click import RichCommand, RichOption

from dcr_data_generator.errors import UserError

# A run never writes to the project that it reads.
SOURCE_PROJECT = "bigquery-public-data"
SOURCE = f"{SOURCE_PROJECT}.thelook_ecommerce"
ENVIRONMENT_PREFIX = "DCR_"
# What clean_room/ reads besides: its settings, and the salt.
CLEAN_ROOM_OPTIONS = (
    "salt",
    "salt_file",
    "query",
    "linked_dataset",
    "dry_run",
    "provider_project_id",
    "subscriber",
    "allow_egress",
    "subscriber_project_id",
    "to",
    "as",
    "only",
    "victims",
    "templates",
    "normalize",
)
PANELS = ("Where", "Snapshot", "Provider", "Output")
REPORT = Path("report.html")
WRITE_PROJECT_ID = "Your Google Cloud project; None runs on the embedded BigQuery."
EMBEDDED_DIR = "Embedded only: where its data is kept between runs."
SOURCE_FOLDER = "Embedded only: a folder with your own CSV export of thelook; without it, a generated sample."
MATCH_RATE = "Share of the merchant's customers in the snapshot who hold a wallet."
WALLET_PAYMENT_RATE = "Share of the wallet holders' orders that were paid through the wallet."
WALLET_ONLY_RATE = "Share of provider_users who are not customers of the merchant."
IDENTITY_NOISE = "Share of the wallet holders who gave the provider their email in another form than the merchant."
SUFFIX = "What the names of the datasets end in, such as _inference: for several partnerships in one project."
SOURCE_DATASET = "Your own dataset with thelook's three tables and columns, as project.dataset."
SCALE = "How often each order, item and user is there, under IDs and emails of its own: a larger merchant alike."
KEEP_SNAPSHOT = "Leave the merchant's tables as they are, and make the provider's anew."
MAX_BYTES = "How many bytes of the source a run may read; more than that is refused before anything is replaced."
ENGINE = "Where step 2 runs: pandas, or bigquery for more than one machine's memory holds. The tables are the same."
EXPORT = "Write the five tables as Parquet into this folder."
REMOVE = "Delete the tables of a run, and the two datasets if nothing else is in them, instead of making them."
EXAMPLE = "Example: python -m dcr_data_generator.main --target-date 2025-09-23 --days 7 --match-rate 0.4"


def parse_project(text: str) -> str | None:
    """Read a project ID as Google Cloud takes it, with the domain that some old ones have; None is the embedded one."""
    if text == "None":
        return None
    if text == SOURCE_PROJECT or not re.fullmatch(r"([a-z0-9.-]+\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", text):
        raise click.BadParameter(
            f"{text!r} is not a project ID of 6 to 30 lower-case letters, digits and hyphens, "
            f"other than {SOURCE_PROJECT}."
        )
    return text


def parse_date(text: str) -> date:
    """Read a date from 1970 to 2199, written as YYYY-MM-DD."""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else date.min
    except ValueError:
        day = date.min
    if not 1970 <= day.year <= 2199:
        raise click.BadParameter(f"{text!r} is not a date as YYYY-MM-DD, from 1970 to 2199.")
    return day


def matching(pattern: str, expected: str) -> Callable[[str], str]:
    """Make a parser of a text that a pattern has to match as a whole, in ASCII."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise click.BadParameter(f"{text[:60]!r} is not {expected}.")
        return text

    return parse


parse_location = matching(
    r"(?i)(US|EU|([A-Z]+-)?[A-Z]+-[A-Z]+[0-9]{1,2})", "a BigQuery location, such as US, EU or us-central1"
)
parse_suffix = matching(r"\w{0,80}", "up to 80 letters, digits and underscores")
parse_source_dataset = matching(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]+\.\w+", "the name of a dataset, as project.dataset")


class Share(click.FloatRange):
    """A number from 0 to 1. A FloatRange alone takes NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """Read the number."""
        number = float(super().convert(value, param, ctx))
        return self.fail(f"{value!r} is not a number.", param, ctx) if math.isnan(number) else number


def parse_folder(text: str) -> Path:
    """Read the path of a folder that exists."""
    with suppress(OSError, ValueError, RuntimeError):  # such as the home of a person who is not known
        if text and (path := Path(text).expanduser()).is_dir():
            return path
    raise click.BadParameter(f"{text[:60]!r} is not a folder that exists.")


def parse_new_folder(text: str) -> Path:
    return parse_output(text, "folder")


def parse_new_file(text: str) -> Path:
    return parse_output(text, "file")


def parse_output(text: str, kind: str) -> Path:
    """Read the path of a file or folder that can be written, or created."""
    with suppress(OSError, ValueError, RuntimeError):  # a name that is too long, a NUL, an unknown person's home
        path = Path(text).expanduser()
        nearest = next(each for each in (path, *path.absolute().parents) if each.exists() or each.is_symlink())
        is_right_kind = path.is_file() if kind == "file" and nearest == path else nearest.is_dir()
        if text and is_right_kind and os.access(nearest, os.W_OK):
            return path
    raise click.BadParameter(f"{text[:60]!r} is not a {kind} that can be written, or created.")


def option(panel: str, text: str, kind: Any, metavar: str, default: Any = MISSING, **more: Any) -> Any:  # noqa: ANN401
    """A field that is an option of the command line; without a default, main.py has a constant for it."""
    return field(default=default, metadata={"panel": panel, "help": text, "type": kind, "metavar": metavar} | more)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run needs to know."""

    write_project_id: str | None = option("Where", WRITE_PROJECT_ID, parse_project, "PROJECT", None)
    location: str = option("Where", "Where the datasets live; the source is in US.", parse_location, "LOCATION")
    embedded_dir: Path = option("Where", EMBEDDED_DIR, parse_new_folder, "FOLDER", Path(".bigquery"))
    suffix: str = option("Where", SUFFIX, parse_suffix, "SUFFIX", "")
    max_bytes_billed: int = option("Where", MAX_BYTES, click.IntRange(1), "BYTES", 10 << 30)
    timeout: int = option("Where", "How many seconds a step may take.", click.IntRange(1, 86_400), "SECONDS", 300)
    source: Path | None = option("Snapshot", SOURCE_FOLDER, parse_folder, "FOLDER", None)
    source_dataset: str = option("Snapshot", SOURCE_DATASET, parse_source_dataset, "DATASET", SOURCE)
    keep_snapshot: bool = option("Snapshot", KEEP_SNAPSHOT, click.BOOL, "", False)
    target_date: date = option("Snapshot", "Last day of the snapshot, in UTC.", parse_date, "DATE")
    days: int = option("Snapshot", "Length in days, ending on the target date.", click.IntRange(1, 20_000), "N")
    scale: int = option("Snapshot", SCALE, click.IntRange(1, 1_000_000), "N", 1)
    seed: int = option("Provider", "Same seed and same snapshot: same tables.", click.IntRange(0), "N")
    match_rate: float = option("Provider", MATCH_RATE, Share(0, 1), "SHARE")
    wallet_payment_rate: float = option("Provider", WALLET_PAYMENT_RATE, Share(0, 1), "SHARE")
    wallet_only_rate: float = option("Provider", WALLET_ONLY_RATE, Share(0, 1, max_open=True), "SHARE")
    identity_noise: float = option("Provider", IDENTITY_NOISE, Share(0, 1), "SHARE")
    engine: str = option("Provider", ENGINE, click.Choice(["pandas", "bigquery"]), "ENGINE")
    skip_checks: bool = option("Output", "Skip the checks of the result.", click.BOOL, "", False)
    report: Path = option("Output", "Write the report to this file.", parse_new_file, "FILE", REPORT)
    no_report: bool = option("Output", "Write no report.", click.BOOL, "", False)
    open: bool = option("Output", "Open the report in the browser at the end.", click.BOOL, "", False)
    verbose: bool = option("Output", "Print every check, and the rows behind each answer.", click.BOOL, "", False)
    quiet: bool = option("Output", "Print errors only.", click.BOOL, "", False)
    export: Path | None = option("Output", EXPORT, parse_new_folder, "FOLDER", None)
    remove: bool = option("Output", REMOVE, click.BOOL, "", False)
    yes: bool = option("Output", "Do not ask before --remove deletes.", click.BOOL, "", False)

    # Not an option: the instant at which the run reads the source; see source.py.
    source_time: datetime | None = None

    def __post_init__(self) -> None:
        if self.write_project_id and self.source:
            raise UserError(
                f"the source {self.source} is for the embedded BigQuery, and the project {self.write_project_id} is "
                "elsewhere: give one of them"
            )
        if self.write_project_id is None and self.source_dataset != SOURCE:
            raise UserError(
                f"the embedded BigQuery has no source dataset {self.source_dataset}: give --write-project-id, or a "
                "folder with a CSV export as --source"
            )

        if self.keep_snapshot and self.scale > 1:
            raise UserError(f"a kept snapshot keeps its size: give --keep-snapshot or --scale {self.scale}, not both")

    @property
    def window(self) -> str:
        """The days of the snapshot, in words."""
        days = f"the {self.days:,} days to" if self.days > 1 else "the day"
        return f"{days} {self.target_date}"

    @property
    def place_flags(self) -> str:
        """What a command has to be given to find the tables of this run."""
        flags = []
        if self.write_project_id:
            flags = ["--write-project-id", self.write_project_id]
            flags += [] if self.location.upper() == "US" else ["--location", self.location]
            flags += [] if self.source_dataset == SOURCE else ["--source-dataset", self.source_dataset]
        elif self.embedded_dir != Settings.embedded_dir:
            flags = ["--embedded-dir", str(self.embedded_dir)]
        if self.suffix:
            flags += ["--suffix", self.suffix]
        return "".join(f" {shlex.quote(flag)}" for flag in flags)

    @property
    def first_date(self) -> date:
        """The first day of the snapshot."""
        return self.target_date - timedelta(days=self.days - 1)


def load(constants: Mapping[str, object], arguments: Sequence[str] | None = None) -> Settings:
    """Read the settings: flags (sys.argv without `arguments`), else the environment, else the constants of main.py.

    Raises:
        UserError: a flag is unknown, a value is not allowed, or two options contradict each other.
        SystemExit: --help was printed.
    """
    command = RichCommand(
        name="main",
        params=options_of(Settings, constants),
        callback=Settings,
        help="Make the two sides of a BigQuery data clean room.",
        epilog=EXAMPLE,
    )
    command = click.version_option(package_name="dcr-data-generator", prog_name="dcr-data-generator")(command)
    settings: Settings = run_command(command, "python -m dcr_data_generator.main", arguments)
    return settings


def unknown_variables() -> list[str]:
    """Name, in a sentence each, the variables of the environment that look like an option's and are none."""
    known = [
        ENVIRONMENT_PREFIX + name.upper() for name in (*CLEAN_ROOM_OPTIONS, *(each.name for each in fields(Settings)))
    ]
    sentences = []
    for name in sorted(os.environ):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            nearest = get_close_matches(name, known, n=1)
            sentences.append(
                f"{name} is not a variable of this program" + "".join(f": did you mean {each}?" for each in nearest)
            )
    return sentences


def options_of(
    settings: type[Settings], constants: Mapping[str, object], panels: Container[str] = PANELS
) -> list[click.Parameter]:
    """Make the command-line options of a class of settings; --help shows those of the panels."""
    options: list[click.Parameter] = []
    for each in [each for each in fields(settings) if each.metadata]:
        default = constants.get(each.name, None if each.default is MISSING else each.default)
        is_flag = each.metadata["type"] is click.BOOL
        name = each.name.rstrip("_")  # as_ is --as: Python keeps the word for itself
        # As text, so that a constant is read and checked like a flag.
        as_text = default if default is None or isinstance(default, bool | tuple) else str(default)
        more: dict[str, Any] = {key: value for key, value in each.metadata.items() if value}
        is_required = default is None and each.default is MISSING
        if not is_required:  # click takes a default of None for a value
            more["default"] = as_text
        options.append(
            RichOption(
                [each.name, f"--{name.replace('_', '-')}"],
                required=is_required,
                is_flag=is_flag,
                show_default=not is_flag,
                envvar=f"{ENVIRONMENT_PREFIX}{name.upper()}",
                show_envvar=True,
                hidden=each.metadata["panel"] not in panels,
                **more,
            )
        )
    return options


def run_command(command: click.Command, program: str, arguments: Sequence[str] | None) -> Any:  # noqa: ANN401
    """Run a command; returns what its callback returns.

    Raises:
        UserError: the arguments are not allowed.
        SystemExit: --help was printed.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        with command.make_context(program, list(arguments)) as context:
            return command.invoke(context)
    except click.exceptions.Exit as end:
        raise SystemExit(end.exit_code) from None
    except click.ClickException as error:
        is_missing = isinstance(error, click.MissingParameter)
        if isinstance(error, click.BadParameter) and error.param and error.ctx and not is_missing:
            error.param_hint = origin_of(error.param, error.ctx)
        reason = error.format_message()
        if "clean_room" in program:  # where an extra argument may be the salt
            reason = re.sub(r"(extra arguments?) \(.*\)", r"\1", reason, flags=re.DOTALL)
        raise UserError(f"{reason.rstrip('.?')}; --help lists the options") from None


def origin_of(option: click.Parameter, context: click.Context) -> str:
    """Where a value comes from: the name of the flag, the variable, or the constant."""
    match context.get_parameter_source(str(option.name)):
        case ParameterSource.ENVIRONMENT:
            return str(option.envvar)
        case ParameterSource.DEFAULT:
            return f"{str(option.name).upper()} in main.py"
    return f"'{option.opts[0]}'"
