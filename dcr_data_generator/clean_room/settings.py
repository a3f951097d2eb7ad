"""What the clean room's commands need to know, beside where the tables are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from dcr_data_generator import values
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import (
    DetailedScreen,
    GoogleCloud,
    Place,
    Rates,
    ReportAddition,
    Screen,
    SourceTables,
    allow_host,
    option,
)

# One question for all or for each victim; differences of answers; noise.
ATTACKS = (
    *("errors", "everybody", "withheld", "membership", "dictionary", "phones", "linkage"),
    *("differencing", "lists", "whole_column"),
    *("counting", "averaging", "distinguishing"),
)
LOWER_TRIM = "lower_trim"
NORMALIZERS = ("as_is", LOWER_TRIM, "uid2", "customer_match")
MERCHANT_PARTY, PROVIDER_PARTY = PARTY_NAMES = ("merchant", "provider")
FORMATS = ("table", "csv", "json")
PLANNED = ("2", "3")  # the questions that have an answer with noise
KINDS = ("clean-room", "exchange")
# How much is shared, from every row to approved questions.
EXCHANGE, RULES, NOISE, TEMPLATES = LEVELS = ("exchange", "rules", "noise", "templates")


def parse_salt_file(text: str) -> Path:
    """Read the path of a text file, and never say what it is: it may be the salt itself, given by mistake."""
    try:
        values.parse_text_file(text)
    except ValueError as error:
        reason = str(error).replace(repr(text), "the file")
        raise ValueError(f"{reason}: give the name of a file, not the salt") from None
    return Path(text).expanduser()


def sample() -> Any:  # noqa: ANN401
    text = "Read about N rows of the largest table of the folder: all rows of some of the keys."
    return option(text, "N", None, parse=values.whole_number(1))


@dataclass(frozen=True, kw_only=True)
class Keys:
    """How the emails of both parties become keys that can be compared."""

    panel: ClassVar = "Clean room"
    salt_file: Path | None = option(
        "A file with the salt of the hashes; otherwise DCR_SALT has it.", "FILE", None, parse=parse_salt_file
    )
    normalize: str = option(
        f"How emails are normalized before they are hashed: {', '.join(NORMALIZERS)}.",
        "RULE",
        LOWER_TRIM,
        choices=NORMALIZERS,
        may_be_secret=True,
    )


@dataclass(frozen=True, kw_only=True)
class RoomFolder:
    """A clean room that is in a folder, and not the one that a run has made."""

    panel: ClassVar = "Clean room"
    room: Path | None = option(
        "The folder of a clean room of your own, instead of what a run has made.",
        "FOLDER",
        None,
        parse=values.parse_folder,
    )
    sample: int | None = sample()

    def __post_init__(self) -> None:
        """Check that the options go together."""
        if self.sample and not self.room:
            raise UserError("--sample goes with --room")


@dataclass(frozen=True, kw_only=True)
class AskSettings:
    """What `ask` needs to know."""

    panel: ClassVar = "Clean room"
    query: str | None = option(
        "The query, a file with it, or - for standard input; without it, a prompt that stays open.",
        "QUERY",
        None,
        argument=True,
    )
    place: Place
    room: RoomFolder
    as_: str | None = option(
        "Who asks: merchant or provider, or a party of the folder. Without it, what the file says in a comment "
        "`-- as: ...`; otherwise the merchant.",
        "PARTY",
        None,
    )
    format: str = option("How the answer is printed.", "FORMAT", FORMATS[0], choices=FORMATS, panel="Output")
    linked_dataset: str | None = option(
        "The query names the views as in this linked dataset.", "NAME", None, parse=values.parse_dataset
    )
    keys: Keys
    screen: DetailedScreen


@dataclass(frozen=True, kw_only=True)
class PlaySettings:
    """What `play` needs to know."""

    panel: ClassVar = "Clean room"
    place: Place
    room: RoomFolder
    as_: str | None = option("Who asks first; the page changes it.", "PARTY", None)
    keys: Keys
    tour: Path | None = option(
        "A folder with your own talk: files such as 1_the_question.sql.",
        "FOLDER",
        None,
        parse=values.parse_folder,
    )
    port: int | None = option(
        "The port of the page; without it, 9060 or any that is free.",
        "PORT",
        None,
        parse=values.whole_number(1, 65_535),
        panel="Where",
    )
    allow_host: tuple[str, ...] = allow_host()
    open: bool = option("Open the page in the browser.", default=False, panel="Output")
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class RoomTestSettings:
    """What `test` needs to know."""

    panel: ClassVar = "Clean room"
    folder: str | None = option("The folder of a clean room.", "FOLDER", None, argument=True)
    sample: int | None = sample()
    junit: Path | None = option(
        "Write what came out to this file, as JUnit's XML.", "FILE", None, parse=values.parse_new_file, panel="Output"
    )
    timeout: int = option(
        "How many seconds a step or a query may take.", "SECONDS", 300, parse=values.whole_number(1, 86_400)
    )
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class NewSettings:
    """What `new` needs to know."""

    folder: str | None = option("The folder to write.", "FOLDER", None, argument=True)
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class ExerciseSettings:
    """What `exercise` needs to know."""

    panel: ClassVar = "Clean room"
    number: str | None = option("The exercise; without it, all are listed.", "N", None, argument=True)
    query: str | None = option(
        "What you submit: a query, a policy or the number of a reason, or a file with it.", "TEXT", None
    )
    hint: bool = option("Print the hint.", default=False)
    place: Place
    keys: Keys
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class RehearseSettings:
    """What `rehearse` needs to know."""

    panel: ClassVar = "Clean room"
    place: Place
    source: SourceTables
    rates: Rates
    against: str | None = option(
        "Send the same queries to this linked dataset on Google Cloud, and compare what BigQuery says.",
        "NAME",
        None,
        parse=values.parse_dataset,
    )
    save: Path | None = option(
        "Write what BigQuery said to this file, without data.", "FILE", None, parse=values.parse_new_file
    )
    yes: bool = option("With --against, also send what spends the privacy budgets of all subscribers.", default=False)
    keys: Keys
    report: ReportAddition
    screen: DetailedScreen


@dataclass(frozen=True, kw_only=True)
class AttackSettings:
    """What `attack` needs to know."""

    panel: ClassVar = "Clean room"
    place: Place
    room: RoomFolder
    only: str | None = option(f"Carry out this attack alone: {', '.join(ATTACKS)}.", "ATTACK", None, choices=ATTACKS)
    victims: int = option("How many people are attacked.", "N", 30, parse=values.whole_number(2, 1000))
    seed: int = option("Same seed: same victims.", "N", parse=values.whole_number(0))
    report: ReportAddition
    screen: DetailedScreen


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """What `plan` needs to know."""

    panel: ClassVar = "Clean room"
    place: Place
    room: RoomFolder
    question: str | None = option(
        "The question to plan for: 2 or 3; of a folder, the name of a file of allowed/, or its beginning. Without it, "
        "the first.",
        "N",
        None,
    )
    within: float | None = option(
        "How far off an answer may be, such as 10%: name the smallest epsilon that is good enough.",
        "PERCENT",
        None,
        parse=values.parse_percent,
    )
    format: str = option("How the plan is printed.", "FORMAT", FORMATS[0], choices=FORMATS, panel="Output")
    report: ReportAddition
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class Calls:
    """How the calls of a command on Google Cloud are made."""

    panel: ClassVar = "Clean room"
    dry_run: bool = option("Print every call instead of making it.", default=False)


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Where the parties' tables are, and what is shared of them."""

    panel: ClassVar = "Where"
    place: GoogleCloud
    provider_project_id: str | None = option(
        "The provider's Google Cloud project, if it has its own.", "PROJECT", None, parse=values.parse_project
    )


@dataclass(frozen=True, kw_only=True)
class StatusSettings:
    """What `status` needs to know."""

    publisher: Publisher
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class UnpublishSettings:
    """What `unpublish` needs to know."""

    panel: ClassVar = "Clean room"
    publisher: Publisher
    yes: bool = option("Go ahead where subscribers lose what they have.", default=False)
    calls: Calls
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class PublishSettings(UnpublishSettings):
    """What `publish` needs to know."""

    level: str = option(
        "How much to share: every row, groups under rules, noise, or approved questions only.",
        "LEVEL",
        RULES,
        choices=LEVELS,
    )
    keys: Keys
    subscriber: tuple[str, ...] = option(
        "Who may subscribe: user:... or group:...; may be repeated. Others lose their subscriptions.",
        "WHO",
        (),
        parse=values.parse_subscriber,
        repeated=True,
    )
    allow_egress: bool = option("Let subscribers export their results.", default=False)
    log_subscribers: bool = option(
        "Log the email addresses of those who query; this cannot be taken back.", default=False
    )


@dataclass(frozen=True, kw_only=True)
class UnsubscribeSettings:
    """What `refresh` and `unsubscribe` need to know; the place is the subscriber's."""

    panel: ClassVar = "Clean room"
    place: GoogleCloud
    clean_room_project: str | None = option(
        "The Google Cloud project with the clean room; without it, your own.",
        "PROJECT",
        None,
        parse=values.parse_project,
    )
    to: str = option(
        "What to subscribe to: the data clean room, or the plain exchange, which gets a linked dataset per party.",
        "KIND",
        KINDS[0],
        choices=KINDS,
    )
    calls: Calls
    screen: Screen


@dataclass(frozen=True, kw_only=True)
class SubscribeSettings(UnsubscribeSettings):
    """What `subscribe` needs to know."""

    dataset: str = option("The linked dataset to create.", "NAME", parse=values.parse_dataset)
