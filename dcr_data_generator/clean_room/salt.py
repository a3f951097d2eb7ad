"""The salt that both parties put before an email before they hash it, so that nobody else can try emails out.

It is a secret of the two: never printed, never in a log, never in a file of ours.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from google.api_core.exceptions import NotFound
from pydantic import SecretStr

from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import DATASETS
from dcr_data_generator.values import MIN_SALT_CHARACTERS as MIN_CHARACTERS
from dcr_data_generator.values import SALT_VARIABLE as VARIABLE
from dcr_data_generator.values import parse_text_file
from dcr_data_generator.warehouse.warehouse import Warehouse

# Where it lies beside either party's own tables: a table of one row. A plain exchange has an exchange_salt.
SALT_TABLE = "clean_room_salt"


def given(salt_file: Path | None, terminal: Terminal) -> SecretStr | None:
    """The salt of --salt-file, else of the environment, if there is one; surrounding blanks do not count.

    A file that others can read or change is warned of.
    """
    if salt_file:
        if os.name == "posix" and salt_file.stat().st_mode & 0o077:
            terminal.warning(f"others can read or change the salt in {str(salt_file)!r}: run `chmod 600` on it")
        return SecretStr(parse_text_file(str(salt_file)))
    text = os.environ.get(VARIABLE, "").strip()
    return SecretStr(text) if text else None


def given_or_drawn(salt_file: Path | None, terminal: Terminal) -> SecretStr:
    """The salt, or one that is drawn for this rehearsal."""
    return given(salt_file, terminal) or SecretStr(secrets.token_hex(32))


def required(salt_file: Path | None, terminal: Terminal) -> SecretStr:
    """The salt of a clean room that others can query.

    Raises:
        UserError: there is none, or it is so short that it could be guessed.
    """
    salt = given(salt_file, terminal)
    if salt is None:
        raise UserError(
            f"there is no salt for the hashes: set {VARIABLE} or give --salt-file, the same for both parties"
        )
    if len(salt.get_secret_value()) < MIN_CHARACTERS:
        raise UserError(f"the salt is too short to be safe from guessing: give at least {MIN_CHARACTERS} characters")
    return salt


def published(warehouse: Warehouse) -> tuple[SecretStr, str]:
    """The salt and the rule of normalizing emails that `publish` has left beside a party's own tables.

    Raises:
        UserError: there is none.
    """
    for dataset in DATASETS:
        with suppress(NotFound):
            table = warehouse.client.get_table(warehouse.path(f"{dataset}.{SALT_TABLE}"))
            for row in warehouse.client.list_rows(table):
                return SecretStr(row["salt"]), row["normalizer"]
    raise UserError(f"no clean room is published from project {warehouse.project}: run `uv run dcr publish` first")
