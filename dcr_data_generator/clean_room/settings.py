"""The options of the clean room's commands, beside those of main."""

import os
from dataclasses import dataclass
from pathlib import Path

import click
from pydantic import SecretStr

from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Settings, matching, option, parse_project
from dcr_data_generator.terminal import Terminal

PANEL = "Clean room"
SUBSCRIBER_HELP = "The subscriber's Google Cloud project; --write-project-id is the one with the clean room."
ATTACKS = ("differencing", "single_out", "membership", "dictionary", "averaging", "distinguishing")
KINDS = click.Choice(["clean-room", "exchange"])
KIND_HELP = "What to publish: a data clean room with analysis rules, or a plain exchange of all rows."
TO_HELP = "What to subscribe to: the data clean room, or the plain exchange, which gets a linked dataset per party."
LOWER_TRIM = "lower_trim"
NORMALIZERS = ("as_is", LOWER_TRIM, "uid2", "customer_match")
NORMALIZE_HELP = f"The rule by which emails are normalized before they are hashed: {', '.join(NORMALIZERS)}."
SALT_HELP = "A file with the salt of the hashes; otherwise DCR_SALT has it."


# Who may subscribe, as an IAM policy names it.
parse_subscriber = matching(
    r"(user|group|serviceAccount|domain):[^\s:]+", "user:... or group:... with an email address"
)
parse_dataset = matching(r"\w{1,1024}", "the name of a dataset: letters, digits and underscores")


def parse_text_file(path: str) -> str:
    """Read a text file, without surrounding blanks."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise click.BadParameter(f"{path!r} cannot be read ({error.strerror}).") from None
    except RuntimeError:
        raise click.BadParameter(f"{path!r} cannot be read (nobody has this home).") from None
    except ValueError:
        raise click.BadParameter(f"{path!r} is not a text file in UTF-8.") from None
    if not text:
        raise click.BadParameter(f"{path!r} is empty.")
    return text


def parse_salt_file(path: str) -> SecretStr:
    """Read a file with the salt, and warn of one that others can read or change, too."""
    try:
        salt = SecretStr(parse_text_file(path))
    except click.BadParameter as error:  # which may quote the salt itself, given by mistake
        reason = error.message.replace(repr(path), "the file").rstrip(".")
        raise click.BadParameter(f"{reason}: give the name of a file, not the salt.") from None
    if os.name == "posix" and Path(path).expanduser().stat().st_mode & 0o077:
        Terminal().warning(f"others can read or change the salt in {path!r}: run `chmod 600` on it")
    return salt


@dataclass(frozen=True, kw_only=True)
class RehearseSettings(Settings):
    """What `rehearse` needs to know."""

    query: str | None = option(PANEL, "Ask the query in this file instead.", parse_text_file, "FILE", None)
    linked_dataset: str | None = option(
        PANEL, "The query names the views as in this linked dataset.", parse_dataset, "NAME", None
    )
    salt_file: SecretStr | None = option(PANEL, SALT_HELP, parse_salt_file, "FILE", None)
    normalize: str = option(PANEL, NORMALIZE_HELP, click.Choice(NORMALIZERS), "RULE", LOWER_TRIM)


@dataclass(frozen=True, kw_only=True)
class AttackSettings(Settings):
    """What `attack` needs to know."""

    only: str | None = option(PANEL, "Carry out this attack alone.", click.Choice(ATTACKS), "ATTACK", None)
    victims: int = option(PANEL, "How many people are attacked.", click.IntRange(2, 1000), "N", 30)


@dataclass(frozen=True, kw_only=True)
class SharingSettings(Settings):
    """What every command on Google Cloud needs to know."""

    dry_run: bool = option(PANEL, "Print every call instead of making it.", click.BOOL, "", False)


@dataclass(frozen=True, kw_only=True)
class UnpublishSettings(SharingSettings):
    """What `unpublish` needs to know."""

    provider_project_id: str | None = option(
        PANEL, "The provider's Google Cloud project, if it has its own.", parse_project, "PROJECT", None
    )
    as_: str = option(PANEL, KIND_HELP, KINDS, "KIND", "clean-room")


@dataclass(frozen=True, kw_only=True)
class PublishSettings(UnpublishSettings):
    """What `publish` needs to know."""

    salt_file: SecretStr | None = option(PANEL, SALT_HELP, parse_salt_file, "FILE", None)
    normalize: str = option(PANEL, NORMALIZE_HELP, click.Choice(NORMALIZERS), "RULE", LOWER_TRIM)
    subscriber: tuple[str, ...] = option(
        PANEL, "Who may subscribe: user:... or group:...; may be repeated.", parse_subscriber, "WHO", (), multiple=True
    )
    allow_egress: bool = option(PANEL, "Let subscribers export their results.", click.BOOL, "", False)
    templates: bool = option(PANEL, "Let subscribers ask the query templates only.", click.BOOL, "", False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.templates and self.as_ == "exchange":
            raise UserError("query templates are for data clean rooms: give --templates or --as exchange, not both")


@dataclass(frozen=True, kw_only=True)
class UnsubscribeSettings(SharingSettings):
    """What `refresh` and `unsubscribe` need to know."""

    subscriber_project_id: str | None = option(PANEL, SUBSCRIBER_HELP, parse_project, "PROJECT", None)
    to: str = option(PANEL, TO_HELP, KINDS, "KIND", "clean-room")

    @property
    def project(self) -> str:
        """The subscriber's project."""
        return str(self.subscriber_project_id or self.write_project_id)


@dataclass(frozen=True, kw_only=True)
class SubscribeSettings(UnsubscribeSettings):
    """What `subscribe` needs to know."""

    as_: str = option(PANEL, "The linked dataset to create, by `subscribe`.", parse_dataset, "DATASET")
