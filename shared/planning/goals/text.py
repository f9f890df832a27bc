"""Cleaning a goal: markup, emoji, addresses, telephone and account numbers go; names stay whole."""

from __future__ import annotations

import re
import unicodedata

from shared.security.clean_text import clean_text

# Longer goals are read up to here; what someone wants to learn stands in the first sentences.
MAX_GOAL_CHARACTERS = 600

_link = re.compile(r"\[([^\[\]]{1,200})\]\([^()\s]{0,300}\)")
_tag = re.compile(r"</?[a-zA-Z!][^<>]{0,200}>")
_address = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,100}", re.IGNORECASE)
_emphasis = re.compile(r"(\*{1,3}|~~)(?=\S)([^*~\n]{1,200}?)(?<=\S)\1(?!\w)")
_line_marker = re.compile(r"^[ \t]*(?:[-*+•>]|#{1,6}|\d{1,2}[.)])[ \t]+", re.MULTILINE)
_handle = re.compile(r"(?<![\w.])@\w{2,50}")
# Years from ... to ... are history, and no telephone number.
_telephone = re.compile(r"(?!(?:1\d|20)\d\d ?[-/] ?(?:1\d|20)\d\d(?!\d))\+?\d[\d ()/-]{7,}\d")
_international = re.compile(r"\+\d[\d ()/-]{7,}\d")
_account = re.compile(
    r"(?:(?:\b(?:number|no|nr|id|account|customer|employee|member|student|nummer|numéro|número)\b\.?\s*[:#]?\s*)+|#)"
    r"\d{4,}(?!\w)",
    re.IGNORECASE,
)
_empty_brackets = re.compile(r"\([^\w()]{0,50}\)|\[[^\w\[\]]{0,50}\]")
_QUOTATION_MARKS = '"“”„‟«»‹›「」『』《》〈〉【】`'
_translation = str.maketrans(
    {"♯": "#", "’": "'", "‘": "'", "…": " ", **dict.fromkeys(_QUOTATION_MARKS, None)}
)


def plain(goal: str) -> str:
    """Return a goal without markup, emoji, addresses, numbers of persons and quotation marks, in NFKC.

    Its lines are kept.
    """
    text = clean_text(goal[:MAX_GOAL_CHARACTERS]).translate(_translation)
    text = _symbols_removed(unicodedata.normalize("NFKC", text)).translate(_translation)
    text = _link.sub(r"\1", text)
    for pattern in (_tag, _address, _handle, _account, _telephone, _line_marker):
        text = pattern.sub(" ", text)
    text = _empty_brackets.sub(" ", text)
    text = _emphasis.sub(r"\2", text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def without_addresses(text: str) -> str:
    """Return a text on one line without e-mail and web addresses, handles and numbers of persons."""
    for pattern in (_address, _handle, _account, _international):
        text = pattern.sub(" ", text)
    return " ".join(_empty_brackets.sub(" ", text).split())


def _symbols_removed(text: str) -> str:
    """Replace pictures (category So), modifiers (Sk) and enclosing marks (Me) by spaces."""
    return "".join(
        " " if unicodedata.category(character) in ("So", "Sk", "Me") else character for character in text
    )


def _belongs_to_a_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def has_words(text: str) -> bool:
    """Tell whether there is a letter or a digit in a text."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def trimmed(text: str) -> str:
    """Return the text without punctuation around it; ".NET", "C++", "A*" and "Go (game)" keep theirs."""
    start, end = 0, len(text)
    while start < end and not _may_begin(text, start):
        start += 1
    while end > start and not _may_end(text, start, end - 1):
        end -= 1
    return text[start:end]


def _may_begin(text: str, position: int) -> bool:
    character, following = text[position], text[position + 1 : position + 2]
    if character == ".":  # ".NET", but no ellipsis
        return following.isalpha() and text[:position].rstrip()[-1:] != "."
    if character == "(":
        return ")" in text[position:]
    # A mark without its letter begins nothing.
    return unicodedata.category(character)[0] in "LN"


def _may_end(text: str, start: int, position: int) -> bool:
    character = text[position]
    if character in "+#*":
        before = text[start:position].rstrip("+#*")
        return before != "" and _belongs_to_a_word(before[-1])
    if character == ")":
        return "(" in text[start:position]
    return _belongs_to_a_word(character)
