"""How values are written for people: on one line, however odd they are."""

from datetime import datetime

MAX_CHARACTERS = 60
NUMBER = r"-?[\d,.]+%?"


def percent(part: float) -> str:
    """Write a share (0 to 1) as a percentage."""
    return f"{part:.2%}"


def printable(text: str) -> str:
    """Leave out what would steer a terminal or a browser; lines stay lines."""
    return "".join(character if character.isprintable() or character == "\n" else " " for character in text)


def on_one_line(text: str) -> str:
    """Leave out what would break a line, too."""
    return printable(" ".join(text.split()))


def plain(value: object, longest: int = MAX_CHARACTERS) -> str:
    """Write a value on one line, however odd it is, and no more of it than fits."""
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    text = on_one_line(str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 3] + "..."
