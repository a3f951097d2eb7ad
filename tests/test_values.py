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
