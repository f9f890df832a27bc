"""Whether a repair has kept what the model wrote: a repairer drops what it cannot place, without a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

# Elisions ("...") are words as well: what a model has left out is not there.
_WORD = re.compile(r"\.\.\.|…|[^\W\d_][^\W_]*")
_NAME = re.compile(r"[\w.$-]{0,60}")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|[nrtbf])")
_COMMENT = re.compile(r"(?<!:)//[^\n]*|/\*.*?\*/", re.DOTALL)
# JSON's own and Python's names for what is no text.
_LITERALS = ("true", "false", "null", "none")


def loses_words(text: str, value: Any) -> bool:
    """Tell whether a broken object's text holds words, outside comments, that its repaired value lacks.

    What stands where the name of a field should be has lost its field.
    """
    if not all(map(_NAME.fullmatch, _names(value))):
        return True
    lost = _words(text) - _words("\n".join(_texts(value)))
    for word in _LITERALS:
        del lost[word]
    return bool(lost) and bool(lost - _words("\n".join(_COMMENT.findall(text))))


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(_ESCAPE.sub(_unescaped, text).casefold()))


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else " "


def _names(value: Any) -> Iterator[str]:
    """Give the names of all fields of a value."""
    if isinstance(value, dict):
        yield from map(str, value)
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _names(inner)


def _texts(value: Any) -> Iterator[str]:
    """Give every name and text of a value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
