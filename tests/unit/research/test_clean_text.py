"""What a person cannot see is gone; what a person reads stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.security.clean_text import clean_text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\u200bb\ufeffc\u2060d", "abcd"),
        ("left \u202ethgir\u202c \u2066x\u2069 \u200e\u200f", "left thgir x "),
        ("tag\U000e0049\U000e0067\U000e007f!", "tag!"),
        ("selector\ufe0f\U000e0100", "selector"),
        ("nul\x00 bell\x07 delete\x7f escape\x1b[31m", "nul bell delete escape[31m"),
        ("one\r\ntwo\rthree\u2028four\u2029five\x85six\x0bseven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("tab\tstays\n", "tab\tstays\n"),
        ("soft\u00adhyphen", "softhyphen"),
        ("filler\u3164\u115f\uffa0\u2800", "filler"),
        ("private\ue000 surrogate\ud800", "private surrogate"),
        ("e\u0301 and x²", "é and x²"),
        ("emoji 🐍 stay", "emoji 🐍 stay"),
        ("日本語 हिन्दी العربية ไทย", "日本語 हिन्दी العربية ไทย"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("a\u200cb\u200dc", "abc"),
        ("\u200dx\u200c", "x"),
    ],
)
def test_examples(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(st.text())
def test_a_clean_text_hides_nothing_and_stays_as_it_is(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean
    allowed = {"\t", "\n", "\u200c", "\u200d"}
    assert all(character in allowed or unicodedata.category(character)[0] != "C" for character in clean)
    assert len(clean) <= len(unicodedata.normalize("NFC", text)) + len(text)


@given(
    st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0"))
)
def test_letters_digits_and_punctuation_are_kept(text: str) -> None:
    assert clean_text(text) == unicodedata.normalize("NFC", text)
