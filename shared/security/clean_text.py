"""Removing from a text what a person cannot see: the hiding places of instructions to a language model."""

from __future__ import annotations

import re
import unicodedata

# Blank letters: category Lo or So, yet drawn as nothing (Hangul fillers, the Braille blank).
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
_KEPT_CONTROLS = "\t\n"
# Marks that draw nothing: the combining grapheme joiner, Khmer inherent vowels, Mongolian and other
# variation selectors.
_INVISIBLE_MARKS = re.compile("[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Joiners shape the letters of Persian and of Indic scripts, so between two letters of such a script they
# stay.
_JOINERS = "\u200c\u200d"
# Most text is plain ASCII, where looking at each character would only cost time.
_PLAIN = re.compile(r"[\t\n\x20-\x7e]*")
_SHAPED = ("ARABIC", "SYRIAC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU",
           "KANNADA", "MALAYALAM", "SINHALA", "MONGOLIAN")  # fmt: skip


def _is_hidden(character: str) -> bool:
    """Tell whether a character is a control, a format character, unassigned to text, or draws nothing.

    Category Cc are the controls, Cf zero-width, bidirectional and tag characters, Cs lone surrogates, Co
    private use; noncharacters are Cn, as are letters newer than this Python's Unicode tables, which go with
    them.
    """
    if character in _KEPT_CONTROLS:
        return False
    return unicodedata.category(character)[0] == "C" or character in _BLANK_LETTERS


def _belongs_to_shaped_script(character: str) -> bool:
    return character != "" and unicodedata.name(character, "").startswith(_SHAPED)


def clean_text(text: str) -> str:
    """Return the text without control, zero-width, bidirectional, tag and private characters.

    Line ends become `\\n`; tabs, emoji, accents and every script's letters stay. The text is composed (NFC),
    never folded (NFKC would turn "x²" into "x2"). Cleaning a clean text changes nothing.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    text = _INVISIBLE_MARKS.sub("", text)
    kept: list[str] = []
    for position, character in enumerate(text):
        if character in _JOINERS:
            before = kept[-1] if kept else ""
            after = text[position + 1 : position + 2]
            if _belongs_to_shaped_script(before) and _belongs_to_shaped_script(after):
                kept.append(character)
        elif not _is_hidden(character):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))
