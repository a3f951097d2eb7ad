"""The options of the clean room's commands, beside those of main."""

import re
from dataclasses import dataclass
from pathlib import Path

import click

from dcr_data_generator.settings import Settings, option, parse_project

PANEL = "Clean room"
SALT_HELP = "A file with the salt of the hashes; otherwise DCR_SALT has it."


def parse_subscriber(text: str) -> str:
    """Read who may subscribe, as an IAM policy names it."""
    if not re.fullmatch(r"(user|group|serviceAccount|domain):[^\s:]+", text):
        raise click.BadParameter(f"{text!r} is not user:... or group:... with an email address.")
    return text


@dataclass(frozen=True, kw_only=True)
class RehearseSettings(Settings):
    """What `rehearse` needs to know."""

    query: Path | None = option(
        PANEL, "Ask the query in this file instead, as a subscriber.", click.Path(path_type=Path), "FILE", None
    )
    salt_file: Path | None = option(PANEL, SALT_HELP, click.Path(path_type=Path), "FILE", None)


@dataclass(frozen=True, kw_only=True)
class UnpublishSettings(Settings):
    """What `unpublish` needs to know."""

    provider_project_id: str | None = option(
        PANEL, "The provider's Google Cloud project, if it has its own.", parse_project, "PROJECT", None
    )
    dry_run: bool = option(PANEL, "Print every call instead of making it.", click.BOOL, "", False)


@dataclass(frozen=True, kw_only=True)
class PublishSettings(UnpublishSettings):
    """What `publish` needs to know."""

    salt_file: Path | None = option(PANEL, SALT_HELP, click.Path(path_type=Path), "FILE", None)
    subscriber: tuple[str, ...] = option(
        PANEL, "Who may subscribe: user:... or group:...; may be repeated.", parse_subscriber, "WHO", (), multiple=True
    )
    allow_egress: bool = option(PANEL, "Let subscribers export their results.", click.BOOL, "", False)
