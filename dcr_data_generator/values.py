"""How values are written for people, on one line, however odd they are; and how values are read that people write."""

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

PACKAGE = "dcr-data-generator"
MAX_CHARACTERS = 60
MAX_TEXT_BYTES = 16 << 20
# A run never writes to the project that it reads.
SOURCE_PROJECT = "bigquery-public-data"
NUMBER = r"-?[\d,.]+%?"
# The variable of the environment with the salt of the clean room, which no message repeats, whatever it is about.
SALT_VARIABLE = "DCR_SALT"
MIN_SALT_CHARACTERS = 16


def percent(part: float) -> str:
    """Write a share (0 to 1) as a percentage."""
    return f"{part:.2%}"


def counted(number: int, one: str, many: str = "") -> str:
    """Write how many there are of something, in the singular for one."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """Leave out what would steer a terminal or a browser; lines stay lines."""
    return "".join(character if character.isprintable() or character == "\n" else " " for character in text)


def on_one_line(text: str) -> str:
    """Leave out what would break a line, too."""
    return printable(" ".join(text.split()))


def without_salt(text: str) -> str:
    """Leave out the salt, which somebody may have given in the place of something else."""
    salt = os.environ.get(SALT_VARIABLE, "").strip()
    return text.replace(salt, "...") if len(salt) >= MIN_SALT_CHARACTERS else text


def plain(value: object, longest: int = MAX_CHARACTERS) -> str:
    """Write a value on one line, however odd it is, and no more of it than fits."""
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    text = on_one_line(str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 3] + "..."


def quoted(text: str) -> str:
    """Write a word of a command as the user's shell reads it: cmd.exe takes single quotes for letters."""
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)


# How values are read that people write. Each parser raises a ValueError that says what is wrong.


def parse_project(text: str) -> str | None:
    """Read a project ID as Google Cloud takes it, with the domain that some old ones have; None is the embedded one."""
    if text == "None":
        return None
    if text == SOURCE_PROJECT or not re.fullmatch(r"([a-z0-9.-]+\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", text):
        raise ValueError(
            f"{text!r} is not a project ID of 6 to 30 lower-case letters, digits and hyphens, "
            f"other than {SOURCE_PROJECT}"
        )
    return text


def parse_date(text: str) -> date:
    """Read a date from 1970 to 2199, written as YYYY-MM-DD."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) and 1970 <= day.year <= 2199:
            return day
    raise ValueError(f"{text!r} is not a date as YYYY-MM-DD, from 1970 to 2199")


def parse_share(text: str) -> float:
    """Read a number from 0 to 1."""
    with suppress(ValueError):
        if 0 <= (number := float(text)) <= 1:
            return number
    raise ValueError(f"{text!r} is not a share from 0 to 1, such as 0.5")


def parse_percent(text: str) -> float:
    """Read a percentage above 0 and below 100, such as 10%, as a share."""
    with suppress(ValueError):
        if 0 < (number := float(text.removesuffix("%"))) < 100 and text.endswith("%"):
            return number / 100
    raise ValueError(f"{text[:60]!r} is not a percentage, such as 10%")


def parse_share_below_1(text: str) -> float:
    """Read a number from 0 to 1, without 1."""
    with suppress(ValueError):
        if 0 <= (number := float(text)) < 1:
            return number
    raise ValueError(f"{text!r} is not a share from 0 to below 1, such as 0.2")


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Make a parser of whole numbers in a range."""

    def parse(text: str) -> int:
        with suppress(ValueError):
            if least <= (number := int(text)) and (most is None or number <= most):
                return number
        limits = f"of {least:,} or more" if most is None else f"from {least:,} to {most:,}"
        raise ValueError(f"{text[:60]!r} is not a whole number {limits}")

    return parse


def matching(pattern: str, expected: str) -> Callable[[str], str]:
    """Make a parser of a text that a pattern has to match as a whole, in ASCII."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"{text[:60]!r} is not {expected}")
        return text

    return parse


parse_location = matching(
    r"(?i)(US|EU|([A-Z]+-)?[A-Z]+-[A-Z]+[0-9]{1,2})", "a BigQuery location, such as US, EU or us-central1"
)
# The longest name with a suffix is that of a listing, merchant_exchange, which may have 63 bytes.
parse_suffix = matching(r"\w{0,46}", "up to 46 letters, digits and underscores")
parse_source_dataset = matching(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]+\.\w+", "the name of a dataset, as project.dataset")
parse_dataset = matching(r"\w{1,1024}", "the name of a dataset: letters, digits and underscores")
parse_host = matching(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "the name of a host without a port, such as me.example.dev")
# Who may subscribe, as an IAM policy names it. An address has 254 characters at most (RFC 5321).
DOMAIN = r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
parse_subscriber = matching(
    rf"((user|group|serviceAccount):(?=.{{1,254}}\Z)[^\s:@,;<>\"]{{1,64}}@|domain:(?=.{{1,253}}\Z)){DOMAIN}",
    "user:... or group:... with an email address, such as user:ann@example.com",
)


def parse_folder(text: str) -> Path:
    """Read the path of a folder that exists."""
    with suppress(OSError, ValueError, RuntimeError):  # such as the home of a user who is not known
        if text and (path := Path(text).expanduser()).is_dir():
            return path
    raise ValueError(f"{text[:60]!r} is not a folder that exists")


def parse_new_folder(text: str) -> Path:
    return parse_output(text, "folder")


def parse_new_file(text: str) -> Path:
    return parse_output(text, "file")


def parse_output(text: str, kind: str) -> Path:
    """Read the path of a file or folder that can be written, or created."""
    with suppress(OSError, ValueError, RuntimeError):  # a name that is too long, a NUL, an unknown user's home
        path = Path(text).expanduser()
        places = (path, *path.absolute().parents)
        # On Windows, a drive may not be there.
        nearest = next((each for each in places if each.exists() or each.is_symlink()), Path())
        is_right_kind = path.is_file() if kind == "file" and nearest == path else nearest.is_dir()
        if text and nearest in places and is_right_kind and os.access(nearest, os.W_OK):
            return path
    raise ValueError(f"{text[:60]!r} is not a {kind} that can be written, or created")


def check_regular(path: Path) -> None:
    """Check that a file has an end: a device may have none, and a pipe may never have a beginning.

    Raises:
        ValueError: it is something else.
        OSError: it is not there, or it cannot be reached.
    """
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):  # who reads a folder is told so by the error
        raise ValueError("is a device or a pipe")


def parse_text_file(path: str) -> str:
    """Read a text file, without surrounding blanks."""
    try:
        file = Path(path).expanduser()
        check_regular(file)
        if file.stat().st_size > MAX_TEXT_BYTES:
            raise ValueError(f"has more than {MAX_TEXT_BYTES >> 20} MiB")
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{path!r} cannot be read ({error.strerror})") from None
    except RuntimeError:
        raise ValueError(f"{path!r} cannot be read (nobody has this home)") from None
    except UnicodeError:
        raise ValueError(f"{path!r} is not a text file in UTF-8") from None
    except ValueError as error:
        raise ValueError(f"{path!r} {error}") from None
    if not text:
        raise ValueError(f"{path!r} is empty")
    return text
