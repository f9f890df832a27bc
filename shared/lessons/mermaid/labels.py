"""Texts and names within a diagram."""

from __future__ import annotations

import html
import re

from shared.security.clean_text import clean_text
from shared.security.inspection import BARE_ADDRESS
from shared.security.sanitising import strip_html

_MOST_CHARACTERS = 160
# Everything that Mermaid could read as its own syntax is written as an entity code.
_SYNTAX = re.compile(r"[\"#;<>&%`{}\[\]()|\\:/@=~^$*]")
_ENTITY = re.compile(r"#(?:(\d{1,6})|([a-z]{2,8}));")
_SCHEME = re.compile(r"\b(?:javascript|vbscript|data)\s*:", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_RESERVED_TABLE = """
    graph flowchart subgraph end direction click href call callback link links style class classdef linkstyle
    default interpolate sequencediagram participant actor note over left right loop alt else opt par and
    critical option break rect box activate deactivate autonumber title acctitle accdescr create destroy
    as x o v
"""
_RESERVED = frozenset(_RESERVED_TABLE.split())


class Unreadable(ValueError):
    """A line that this small grammar does not know."""


def decoded(text: str) -> str:
    """Return a label's text: no tags, no addresses, entity codes as their characters, on one line."""
    text = strip_html(re.sub(r"<br\s*/?>|\\n", " ", text))
    text = html.unescape(_ENTITY.sub(_character, text)).replace('"', "”").replace("`", "")
    while (shorter := _SCHEME.sub("", BARE_ADDRESS.sub("", text))) != text:
        text = shorter
    return " ".join(clean_text(text).split())[:_MOST_CHARACTERS].strip()


def _character(match: re.Match[str]) -> str:
    if match[1] is None:
        return html.unescape(f"&{match[2]};")
    code = int(match[1])
    return chr(code) if 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def encoded(text: str) -> str:
    """Return a text as it may stand in a label; never empty."""
    shown = _SYNTAX.sub(lambda match: f"#{ord(match.group())};", text)
    return shown or "…"


def label(text: str) -> str:
    """Return the safe form of a label's raw text."""
    return encoded(decoded(text))


class Names:
    """The names of nodes: those that are safe stay, others get a number."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def __call__(self, raw: str) -> str:
        """Return the name that stands for what the diagram called it."""
        if raw not in self._given:
            is_safe = _NAME.fullmatch(raw) is not None and raw.casefold() not in _RESERVED
            self._given[raw] = raw if is_safe and raw not in self._given.values() else self._free()
        return self._given[raw]

    def is_own(self, raw: str) -> bool:
        """Tell whether a name stayed as it was."""
        return self(raw) == raw

    def _free(self) -> str:
        number = len(self._given) + 1
        while f"n{number}" in self._given or f"n{number}" in self._given.values():
            number += 1
        return f"n{number}"
