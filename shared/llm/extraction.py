"""Finding the JSON objects in what a model wrote: among prose, fences, drafts and thinking.

Works on positions, not on patterns of fences or tags: an object that decodes is skipped as a whole, so that
fences and tags inside its strings stay what they are. The work is bounded for any input.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_STARTS = 2_000
"""So many objects, tags and stray braces are looked at; a lesson and its thinking have far fewer."""
MAX_WALKED_CHARACTERS = 2_000_000
"""So much text is walked over in search of the ends of broken objects: some forty times a long lesson."""

_TAG = r"[<◁]\s{0,3}(?P<slash>/?)\s{0,3}(?:think|thinking|thought|reasoning|reflection|scratchpad)\s{0,3}[>▷]"
_START = re.compile(rf"(?P<brace>\{{)|{_TAG}", re.IGNORECASE)
_STRUCTURE = re.compile(rf'(?P<open>[{{\[])|(?P<close>[}}\]])|(?P<quote>")|(?P<tag>{_TAG})', re.IGNORECASE)
_THINKING_TAG = re.compile(_TAG, re.IGNORECASE)
# A quotation mark ends a string only where JSON can go on after it; models forget to escape those within.
_STRING = re.compile(r'"(?:[^"\\]|\\.|"(?!\s{0,200}[,:}\]]))*+"', re.DOTALL)


@dataclass(slots=True)
class Candidate:
    """A stretch of text from an opening brace to its end; `value` is None when it is not valid JSON."""

    text: str
    value: dict[str, Any] | None
    in_thinking: bool = False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Not strict: models put real line ends into strings.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)


def find_objects(text: str) -> list[Candidate]:
    """Return the outermost objects of a text in their order, the broken ones too if they are closed."""
    found: list[Candidate] = []
    position, thinking_from, left = 0, 0, MAX_WALKED_CHARACTERS
    thinking = False
    for _ in range(MAX_STARTS):
        start = _START.search(text, position)
        if start is None:
            break
        position = start.end()
        if not start["brace"]:
            if start["slash"]:
                # Also without an opening tag: some chat templates swallow it.
                for candidate in found[thinking_from:]:
                    candidate.in_thinking = True
            thinking, thinking_from = not start["slash"], len(found)
            continue
        opened = _decode(text, start.start())
        if opened is None and left > 0:
            opened, walked = _closed(text, start.start())
            left -= walked
        if opened is not None:
            opened.in_thinking = thinking
            position = start.start() + len(opened.text)
            found.append(opened)
    return found


def _decode(text: str, start: int) -> Candidate | None:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return Candidate(text[start:end], value)


def _closed(text: str, start: int) -> tuple[Candidate | None, int]:
    """Return the broken object that starts here and the characters walked over; None when it is never closed.

    It is not closed when it was cut off, when it was only a brace in prose, and when the model's thinking
    begins or ends within it.
    """
    depth, position = 0, start
    while found := _STRUCTURE.search(text, position):
        position = found.end()
        if found["tag"]:
            return None, position - start
        if found["quote"]:
            string = _STRING.match(text, found.start())
            if string is None:
                return None, len(text) - start
            position = string.end()
            if _THINKING_TAG.search(string.group()):
                return None, position - start
        else:
            depth += 1 if found["open"] else -1
            if depth == 0:
                return Candidate(text[start:position], None), position - start
    return None, len(text) - start
