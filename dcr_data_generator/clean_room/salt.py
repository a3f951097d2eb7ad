"""The salt that both parties put before an email before they hash it, so that nobody else can try emails out.

It is a secret of the two: never printed, never in a log, never in a file of ours.
"""

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from dcr_data_generator.errors import UserError

VARIABLE = "DCR_SALT"
LEAST_CHARACTERS = 16
# Where it lies beside either party's own tables: a table of one row.
SALT_TABLE = "clean_room_salt"


def read(file: Path | None) -> SecretStr | None:
    """Read the salt from a file, else from the environment, if it is there; blanks around it do not count.

    Raises:
        UserError: the file cannot be read or is empty.
    """
    if file is None:
        return SecretStr(salt) if (salt := os.environ.get(VARIABLE, "").strip()) else None
    try:
        salt = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise UserError(f"--salt-file {file} cannot be read: give a text file with the salt") from None
    if not salt:
        raise UserError(f"--salt-file {file} is empty: put the salt into it")
    return SecretStr(salt)


def read_or_draw(file: Path | None) -> SecretStr:
    """Read the salt, or draw one for this rehearsal."""
    return read(file) or SecretStr(secrets.token_hex(32))


def required(file: Path | None) -> SecretStr:
    """Read the salt for a clean room that others can ask.

    Raises:
        UserError: there is none, or it is so short that it could be guessed.
    """
    salt = read(file)
    if salt is None:
        raise UserError(
            f"there is no salt for the hashes: set {VARIABLE} or give --salt-file, the same for both parties"
        )
    if len(salt.get_secret_value()) < LEAST_CHARACTERS:
        raise UserError(
            f"the salt is too short to keep anyone from guessing: give at least {LEAST_CHARACTERS} characters"
        )
    return salt
