"""Splitting prose into sentences without cutting abbreviations, numbers, code, quotations or brackets."""

from __future__ import annotations

import re

_ABBREVIATION_TABLE = """
    e.g i.e vs cf etc approx resp incl dr mr mrs ms prof st sr jr fig eq sec ch vol pp ed eds al dept inc ltd
    jan feb mar apr jun jul aug sep sept oct nov dec
    z.b d.h u.a usw bzw ca nr abb vgl bspw ggf evtl s.o s.u
    p.ex c.-à-d env mme mlle av apr.j.-c ex
    p.ej sra dra ud uds págs pág
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_TABLE.split())
# A terminator, closing marks, then white space (which full stops of Chinese and Japanese do not need).
_boundary = re.compile(r"(?P<end>[.!?]+[\"'”’»)\]`*]*)(?P<gap>\s+)|(?P<wide>[。！？]+[」』”’）)]*)\s*")
_last_word = re.compile(r"[\w.\-]+$")
_initials = re.compile(r"[^\W\d_a-z](?:\.[^\W\d_a-z])*")
_protected = re.compile(
    r"``.+?``|`[^`\n]+`"  # code
    r"|https?://\S+"
    r"|(?<![\w\"])\"[^\"\n]{1,160}\"(?![\w\"])"  # straight double quotes
    r"|“[^“”\n]{1,600}”|«[^«»\n]{1,600}»|„[^„“”\n]{1,600}[“”]"
)
_OPENING = "([{（「『"
_CLOSING = dict(zip(")]}）」』", _OPENING, strict=True))


def _bracketed(text: str) -> list[tuple[int, int]]:
    """Return the spans of balanced outermost brackets; unbalanced ones protect nothing."""
    spans: list[tuple[int, int]] = []
    stack: list[tuple[str, int]] = []
    for position, character in enumerate(text):
        if character in _OPENING:
            stack.append((character, position))
        elif character in _CLOSING and stack and stack[-1][0] == _CLOSING[character]:
            _, start = stack.pop()
            if not stack:
                spans.append((start, position + 1))
    return spans


def _is_abbreviation(before: str) -> bool:
    """Tell whether the text before a full stop ends in an abbreviation, an initial or a list number."""
    match = _last_word.search(before)
    if match is None:
        return False
    word = match.group().casefold().strip(".-")
    if word in _ABBREVIATIONS:
        return True
    is_initial = _initials.fullmatch(match.group()) is not None and before != match.group()
    return is_initial or (word.isdigit() and before.strip() == match.group())


def _starts_a_sentence(rest: str) -> bool:
    """Tell whether what follows can begin a sentence: no lower-case letter, no closing punctuation."""
    first = rest[:1]
    return bool(first) and not first.islower() and first not in ",;:.)]}–-"


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph in their order, white space collapsed; joined they are the text."""
    text = " ".join(text.split())
    inside = [match.span() for match in _protected.finditer(text)] + _bracketed(text)
    sentences: list[str] = []
    start = 0
    for match in _boundary.finditer(text):
        end = match.end("end") if match["end"] else match.end("wide")
        if any(first < end < last for first, last in inside):
            continue
        if match["end"] and not _starts_a_sentence(text[match.end() :]):
            continue
        if match["end"] == "." and _is_abbreviation(text[start : match.start()]):
            continue
        sentences.append(text[start:end])
        start = match.end()
    sentences.append(text[start:])
    return [sentence for sentence in sentences if sentence]
