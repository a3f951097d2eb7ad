"""The options of the clean room's commands, beside those of main."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import click
from pydantic import SecretStr

from dcr_data_generator.settings import Settings, option, parse_project

PANEL = "Clean room"
SALT_HELP = "A file with the salt of the hashes; otherwise DCR_SALT has it."


def parse_subscriber(text: str) -> str:
    """Read who may subscribe, as an IAM policy names it."""
    if not re.fullmatch(r"(user|group|serviceAccount|domain):[^\s:]+", text):
        raise click.BadParameter(f"{text!r} is not user:... or group:... with an email address.")
    return text


def parse_text_file(path: str) -> str:
    """Read a text file, without surrounding blanks."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise click.BadParameter(f"{path!r} cannot be read as a text file in UTF-8.") from None
    if not text:
        raise click.BadParameter(f"{path!r} is empty.")
    return text


def parse_salt_file(path: str) -> SecretStr:
    """Read a file with the salt, and warn of one that others can read, too."""
    salt = SecretStr(parse_text_file(path))
    if os.name == "posix" and Path(path).expanduser().stat().st_mode & 0o077:
        click.echo(f"warning: others can read the salt in {path!r}: run `chmod 600` on it", err=True)
    return salt


@dataclass(frozen=True, kw_only=True)
class RehearseSettings(Settings):
    """What `rehearse` needs to know."""

    query: str | None = option(PANEL, "Ask the query in this file instead.", parse_text_file, "FILE", None)
    salt_file: SecretStr | None = option(PANEL, SALT_HELP, parse_salt_file, "FILE", None)


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

    salt_file: SecretStr | None = option(PANEL, SALT_HELP, parse_salt_file, "FILE", None)
    subscriber: tuple[str, ...] = option(
        PANEL, "Who may subscribe: user:... or group:...; may be repeated.", parse_subscriber, "WHO", (), multiple=True
    )
    allow_egress: bool = option(PANEL, "Let subscribers export their results.", click.BOOL, "", False)
