"""How values are written for people: harmless, and on one line."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcr_data_generator import values
from dcr_data_generator.values import plain
from tests.support.page import is_harmless


@settings(deadline=None, max_examples=200)
@given(st.text() | st.text(st.sampled_from("[]/\\red\x1b\n\r\u202e\u2028x ")))
@example("[/]")
@example("\x1b[31m")
def test_whatever_a_string_holds_it_is_shown_harmlessly_and_on_one_line(text: str) -> None:
    shown = values.plain(text)
    assert is_harmless(shown)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= values.MAX_CHARACTERS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234.50"),
        (7, "7"),
        (None, "None"),
        (datetime(2025, 9, 23, 1, 2, 3, tzinfo=UTC), "2025-09-23 01:02:03"),
    ],
)
def test_a_value_is_written_for_people(value: object, text: str) -> None:
    assert plain(value) == text


def test_a_printed_command_is_quoted_for_the_shell_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [values.quoted(text) for text in ("a", "a b", "it's")] == ["a", "'a b'", "'it'\"'\"'s'"]
    monkeypatch.setattr(values.os, "name", "nt")
    assert [values.quoted(text) for text in ("a", r"C:\a b", "it's")] == ["a", r'"C:\a b"', "it's"]


def test_a_drive_that_is_not_there_is_no_folder_to_write_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values.Path, "exists", lambda *_: False)
    monkeypatch.setattr(values.Path, "is_symlink", lambda *_: False)
    for parse in (values.parse_new_folder, values.parse_new_file):
        with pytest.raises(ValueError, match="that can be written, or created"):
            parse("Q:/out")


@pytest.mark.parametrize(
    "text",
    [
        "user:ann@example.com",
        "group:a.b+c@sub.example.co.uk",
        "serviceAccount:me@my-project.iam.gserviceaccount.com",
        "domain:example.com",
        f"user:{'a' * 64}@{'b.' * 93}com",  # 254 characters
    ],
)
def test_who_may_subscribe_is_an_address_of_google_s(text: str) -> None:
    assert values.parse_subscriber(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com",
        "user:ann@localhost",
        "user:ann@example",
        "user:ann@example.",
        "user:ann@.com",
        "user:ann@example..com",
        "user: ann@example.com",
        "user:ann @example.com",
        "user:ann@exam ple.com",
        "user:ann@example.com ",
        "user:ann@example.com\n",
        "user:ann@bob@example.com",
        "user:@example.com",
        "user:ann",
        "user:ann@example.com,user:bob@example.com",
        "user:ann@-example.com",
        "domain:example",
        "domain:ann@example.com",
        "allUsers",
        f"user:{'a' * 65}@example.com",
        f"user:{'a' * 64}@{'b.' * 93}coms",
        f"domain:{'b.' * 126}coms",
    ],
)
def test_who_may_subscribe_is_refused_before_anything_is_made(text: str) -> None:
    with pytest.raises(ValueError, match="with an email address"):
        values.parse_subscriber(text)
