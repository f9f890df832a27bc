"""How long a text takes to read, in scripts with and without spaces."""

from __future__ import annotations

import pytest

from shared.lessons.reading_time import minutes_of


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", 1),
        ("word " * 238, 1),
        ("word " * 239, 2),
        ("語" * 255, 1),
        ("語" * 256, 2),
        ("word " * 10**6, 600),
    ],
    ids=["empty", "a minute", "a little more", "characters", "a character more", "very long"],
)
def test_reading_time(text: str, minutes: int) -> None:
    assert minutes_of(text) == minutes
