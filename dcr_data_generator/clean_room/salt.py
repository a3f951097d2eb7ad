"""The salt that both parties put before an email before they hash it, so that nobody else can try emails out.

It is a secret of the two: never printed, never in a log, never in a file of ours.
"""

import os
import secrets

from pydantic import SecretStr

from dcr_data_generator.errors import UserError

VARIABLE = "DCR_SALT"
MIN_CHARACTERS = 16
# Where it lies beside either party's own tables: a table of one row. A plain exchange has an exchange_salt.
SALT_TABLE = "clean_room_salt"


def given(salt_file: SecretStr | None) -> SecretStr | None:
    """The salt of --salt-file, else of the environment, if there is one; surrounding blanks do not count."""
    text = os.environ.get(VARIABLE, "").strip()
    return salt_file or (SecretStr(text) if text else None)


def given_or_drawn(salt_file: SecretStr | None) -> SecretStr:
    """The salt, or one that is drawn for this rehearsal."""
    return given(salt_file) or SecretStr(secrets.token_hex(32))


def required(salt_file: SecretStr | None) -> SecretStr:
    """The salt of a clean room that others can query.

    Raises:
        UserError: there is none, or it is so short that it could be guessed.
    """
    salt = given(salt_file)
    if salt is None:
        raise UserError(
            f"there is no salt for the hashes: set {VARIABLE} or give --salt-file, the same for both parties"
        )
    if len(salt.get_secret_value()) < MIN_CHARACTERS:
        raise UserError(f"the salt is too short to be safe from guessing: give at least {MIN_CHARACTERS} characters")
    return salt
