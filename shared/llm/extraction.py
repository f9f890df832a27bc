"""Finding the JSON objects in what a model wrote: among prose, fences, drafts and thinking.

Works on positions, not on patterns of fences or tags: an object that decodes is skipped as a whole, so that
fences and tags inside its strings stay what they are. The work is bounded for any input.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_FAILED_STARTS = 40
"""So many opening braces may lead nowhere (each costs a look at the rest of the text)."""

_TAG = r"[<◁]\s*(?P<slash>/?)\s*(?:think|thinking|thought|reasoning|reflection|scratchpad)\s*[>▷]"
_START = re.compile(rf"(?P<brace>\{{)|{_TAG}", re.IGNORECASE)
_STRUCTURE = re.compile(rf'(?P<open>[{{\[])|(?P<close>[}}\]])|(?P<quote>")|(?P<tag>{_TAG})', re.IGNORECASE)
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
    position, failed, thinking_from = 0, 0, 0
    thinking = False
    while failed < MAX_FAILED_STARTS and (start := _START.search(text, position)):
        position = start.end()
        if not start["brace"]:
            if start["slash"]:
                # Also without an opening tag: some chat templates swallow it.
                for candidate in found[thinking_from:]:
                    candidate.in_thinking = True
            thinking, thinking_from = not start["slash"], len(found)
            continue
        candidate_end = _decode(text, start.start()) or _closed(text, start.start())
        if candidate_end is None:
            failed += 1
            continue
        candidate, position = candidate_end
        candidate.in_thinking = thinking
        found.append(candidate)
    return found


def _decode(text: str, start: int) -> tuple[Candidate, int] | None:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return Candidate(text[start:end], value), end


def _closed(text: str, start: int) -> tuple[Candidate, int] | None:
    """Return the broken object that starts here, or None when it is never closed (cut off, or just prose)."""
    depth, position = 0, start
    while found := _STRUCTURE.search(text, position):
        position = found.end()
        if found["tag"]:
            return None
        if found["quote"]:
            string = _STRING.match(text, found.start())
            if string is None:
                return None
            position = string.end()
        else:
            depth += 1 if found["open"] else -1
            if depth == 0:
                return Candidate(text[start:position], None), position
    return None
