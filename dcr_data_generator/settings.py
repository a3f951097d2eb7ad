"""What the commands need to know: small frozen parts, each field with the help text of its option.

A command's settings are made of such parts. console/options.py makes command-line options of their fields.
"""

from dataclasses import MISSING, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from dcr_data_generator import values
from dcr_data_generator.errors import UserError
from dcr_data_generator.values import SOURCE_PROJECT

SOURCE = f"{SOURCE_PROJECT}.thelook_ecommerce"
EMBEDDED_DIR, REPORT = Path(".bigquery"), Path("report.html")
# The file with the data of the embedded BigQuery.
EMBEDDED_DATA = "bqemulator.duckdb"


def option(text: str, metavar: str = "", default: Any = MISSING, **more: Any) -> Any:  # noqa: ANN401
    """A field that is an option; main.py has a constant for one without a default.

    `more` is how its text is read: `parse`, a function that raises ValueError; or `choices`, the texts allowed. A field
    whose default is False is a flag. `short` is the option's short name, `repeated` a field of several texts, and an
    `argument` is given without a flag. What is wrongly given for an option that `may_be_secret` is not repeated.
    """
    return field(default=default, metadata={"help": text, "metavar": metavar, **more})


def suffix() -> Any:  # noqa: ANN401
    text = "Suffix of the dataset names, such as _inference: for several partnerships in one project."
    return option(text, "SUFFIX", "", parse=values.parse_suffix)


def embedded_dir() -> Any:  # noqa: ANN401
    text = "Embedded only: where its data is kept between runs."
    return option(text, "FOLDER", EMBEDDED_DIR, parse=values.parse_new_folder)


def allow_host() -> Any:  # noqa: ANN401
    text = "A name under which this computer is forwarded, such as that of a Cloud Shell; may be repeated."
    return option(text, "HOST", (), parse=values.parse_host, repeated=True, panel="Where")


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What the terminal shows."""

    panel: ClassVar = "Output"
    quiet: bool = option("Print errors only.", default=False, short="-q")
    traceback: bool = option("Print the traceback of an unexpected error.", default=False)


@dataclass(frozen=True, kw_only=True)
class DetailedScreen(Screen):
    """What the terminal of a command with details shows."""

    verbose: bool = option("Print every check, and the rows behind each answer.", default=False, short="-v")


@dataclass(frozen=True, kw_only=True)
class GoogleCloud:
    """Where the tables are on Google Cloud."""

    panel: ClassVar = "Where"
    write_project_id: str | None = option("Your Google Cloud project.", "PROJECT", None, parse=values.parse_project)
    location: str = option("Where the datasets live; the source is in US.", "LOCATION", parse=values.parse_location)
    suffix: str = suffix()
    timeout: int = option("How many seconds a step may take.", "SECONDS", 300, parse=values.whole_number(1, 86_400))


@dataclass(frozen=True, kw_only=True)
class Place(GoogleCloud):
    """Where the tables are: on Google Cloud, on an emulator, or on the embedded BigQuery."""

    write_project_id: str | None = option(
        "Your Google Cloud project; without one, the embedded BigQuery is used.",
        "PROJECT",
        None,
        parse=values.parse_project,
    )
    embedded_dir: Path = embedded_dir()

    @property
    def may_have_tables(self) -> bool:
        """Whether a run can have made tables there: an embedded BigQuery has its data. Connecting to it makes one."""
        return self.write_project_id is not None or (self.embedded_dir / EMBEDDED_DATA).exists()

    @property
    def flags(self) -> str:
        """What a command has to be given to find the tables of this run."""
        flags = []
        if self.write_project_id:
            flags = ["--write-project-id", self.write_project_id]
            flags += [] if self.location.upper() == "US" else ["--location", self.location]
        elif self.embedded_dir != EMBEDDED_DIR:
            flags = ["--embedded-dir", str(self.embedded_dir)]
        if self.suffix:
            flags += ["--suffix", self.suffix]
        return "".join(f" {values.quoted(flag)}" for flag in flags)


@dataclass(frozen=True, kw_only=True)
class SourceTables:
    """The tables that a snapshot is taken of."""

    panel: ClassVar = "Snapshot"
    source_dataset: str = option(
        "Your own dataset with thelook's three tables and columns, as project.dataset.",
        "DATASET",
        SOURCE,
        parse=values.parse_source_dataset,
    )
    scale: int = option(
        "Repeat the snapshot N times, with new IDs and emails in each copy.",
        "N",
        1,
        parse=values.whole_number(1, 1_000_000),
    )

    @property
    def flags(self) -> str:
        """What a rehearsal has to be given to find the source of this run."""
        flags = [] if self.source_dataset == SOURCE else ["--source-dataset", self.source_dataset]
        flags += [] if self.scale == 1 else ["--scale", str(self.scale)]
        return "".join(f" {values.quoted(flag)}" for flag in flags)


@dataclass(frozen=True, kw_only=True)
class Snapshot(SourceTables):
    """What is copied of the source."""

    source: Path | None = option(
        "Embedded only: a folder with your own CSV export of thelook; without it, a generated sample.",
        "FOLDER",
        None,
        parse=values.parse_folder,
    )
    keep_snapshot: bool = option("Keep the merchant's tables; regenerate the provider's.", default=False)
    target_date: date | None = option(
        "Last day of the snapshot, in UTC; without it, the last whole day that the source has.",
        "DATE",
        None,
        parse=values.parse_date,
    )
    days: int = option("Length in days, ending on the target date.", "N", parse=values.whole_number(1, 20_000))
    max_bytes_billed: int = option(
        "How many bytes of the source a run may read; more than that is refused before anything is replaced.",
        "BYTES",
        10 << 30,
        parse=values.whole_number(1),
    )

    @property
    def run_flags(self) -> str:
        """What a run has to be given to read the same source."""
        return self.flags + (f" --source {values.quoted(str(self.source))}" if self.source else "")

    def __post_init__(self) -> None:
        if self.keep_snapshot and self.scale > 1:
            raise UserError(f"a kept snapshot keeps its size: give --keep-snapshot or --scale {self.scale}, not both")


class Window(NamedTuple):
    """The days of a snapshot; `is_chosen` where the source, and not the user, has told the last one."""

    last_date: date
    days: int
    is_chosen: bool = False

    @property
    def first_date(self) -> date:
        """The first day."""
        return self.last_date - timedelta(days=self.days - 1)

    @property
    def words(self) -> str:
        """The days, in words."""
        days = f"the {self.days:,} days to {self.last_date}" if self.days > 1 else f"the day {self.last_date}"
        return f"{days}, the last whole day of the source" if self.is_chosen else days

    @property
    def flags(self) -> str:
        """What a run has to be given to take the same days again."""
        return f" --target-date {self.last_date}" + (f" --days {self.days}" if self.days > 1 else "")

    @property
    def parameters(self) -> dict[str, object]:
        """What SQL may name as @parameters."""
        return {"first_date": self.first_date, "last_date": self.last_date, "target_date": self.last_date}


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How many of the merchant's customers hold a wallet and pay with it."""

    panel: ClassVar = "Provider"
    match_rate: float = option(
        "Share of the merchant's customers in the snapshot who hold a wallet.", "SHARE", parse=values.parse_share
    )
    wallet_payment_rate: float = option(
        "Share of the wallet holders' orders that were paid through the wallet.", "SHARE", parse=values.parse_share
    )

    @property
    def parameters(self) -> dict[str, object]:
        """What SQL may name as @parameters."""
        return {"match_rate": self.match_rate, "wallet_payment_rate": self.wallet_payment_rate}


@dataclass(frozen=True, kw_only=True)
class Draws(Rates):
    """What the provider's tables are drawn with."""

    wallet_only_rate: float = option(
        "Share of provider_users who are not customers of the merchant.",
        "SHARE",
        parse=values.parse_share_below_1,
    )
    identity_noise: float = option(
        "Share of the wallet holders who gave the provider their email in another form than the merchant.",
        "SHARE",
        parse=values.parse_share,
    )
    seed: int = option("Same seed and same snapshot: same tables.", "N", parse=values.whole_number(0))

    @property
    def flags(self) -> str:
        """What a run has to be given to draw the same."""
        return "".join(f" --{name.replace('_', '-')} {value}" for name, value in vars(self).items())

    @property
    def parameters(self) -> dict[str, object]:
        """What SQL may name as @parameters; the seed as text, because it may be larger than an INT64."""
        more = {"wallet_only_rate": self.wallet_only_rate, "identity_noise": self.identity_noise}
        return {**super().parameters, **more, "seed": str(self.seed)}


@dataclass(frozen=True, kw_only=True)
class ReportAddition:
    """Whether a command adds to the report of a run."""

    panel: ClassVar = "Output"
    no_report: bool = option("Write no report.", default=False)


@dataclass(frozen=True, kw_only=True)
class ReportFile(ReportAddition):
    """Where the report of a run is written."""

    report: Path = option("Write the report to this file.", "FILE", REPORT, parse=values.parse_new_file)


@dataclass(frozen=True, kw_only=True)
class Report(ReportFile):
    """The report of a run."""

    open: bool = option("Open the report in the browser at the end.", default=False)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run does with its tables."""

    panel: ClassVar = "Output"
    engine: str = option(
        "Where step 2 runs. Use bigquery if the data does not fit in memory; the tables are the same.",
        "ENGINE",
        choices=("pandas", "bigquery"),
        panel="Provider",
    )
    skip_checks: bool = option("Skip the checks of the result.", default=False)
    export: Path | None = option(
        "Write the five tables as Parquet into this folder.", "FOLDER", None, parse=values.parse_new_folder
    )


@dataclass(frozen=True, kw_only=True)
class MakeSettings:
    """What `make` needs to know."""

    place: Place
    snapshot: Snapshot
    draws: Draws
    result: Result
    report: Report
    screen: DetailedScreen

    def __post_init__(self) -> None:
        project, source = self.place.write_project_id, self.snapshot
        if project and source.source:
            raise UserError(
                f"the source {source.source} is for the embedded BigQuery, and the project {project} is elsewhere: "
                "give one of them"
            )
        if project is None and source.source_dataset != SOURCE:
            raise UserError(
                f"the embedded BigQuery has no source dataset {source.source_dataset}: give --write-project-id, or a "
                "folder with a CSV export as --source"
            )

    @property
    def parameters(self) -> dict[str, object]:
        """What SQL may name as @parameters."""
        return {**self.draws.parameters, "scale": self.snapshot.scale}
