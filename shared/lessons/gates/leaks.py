"""Leaks: what a writer says to itself, and what it meant to fill in later."""

from __future__ import annotations

import re

from shared.lessons.gates.gate import Assignment, Finding, shortened
from shared.lessons.gates.texts import block_parser, drop_matching, prose_of, rewrite, written
from shared.models.content import LessonContent
from shared.models.research import Brief

_THOUGHTS = re.compile(
    r"<(think|thinking|reasoning|scratchpad|analysis)>.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL
)
_THOUGHT_TAG = re.compile(r"</?(?:think|thinking|reasoning|scratchpad|analysis)>", re.IGNORECASE)
SCRATCHPAD = re.compile(
    r"\blet me (?:draft|outline|rewrite|revise|reconsider|double-check"
    r"|think (?:about|through) (?:this|the (?:lesson|quiz|json)))"
    r"|\b(?:okay|ok|hmm|wait|alright),? (?:so |now )?(?:i (?:need|should|must|will|have)|let me|the user)\b"
    r"|\bi (?:need|have|should|must) (?:to )?(?:write|produce|output|generate|return|draft|cite|include) "
    r"(?:the|a|this|an)?\s*"
    r"(?:json|lesson|section|quiz|answer|schema|output|object)\b"
    r"|\bthe (?:user|prompt|specification|schema) (?:wants|asks|asked|says|requires|needs)\b"
    r"|\bhere(?:'s| is) (?:the|my|a) "
    r"(?:json|(?:final|revised|corrected|updated) (?:lesson|version|answer|json))\b"
    r"|\b(?:first|second|final|rough) draft\s*:|^\s*(?:draft|notes? to self|word count)\s*:"
    r"|\bas an ai (?:language )?(?:model|assistant)\b"
    r"|\bals ki-?(?:sprach)?modell\b|\blass mich (?:zuerst |erst )?(?:entwerfen|überlegen|skizzieren)\b"
    r"|\ben tant (?:qu'ia|que modèle de langage)\b|\bcomo (?:una )?(?:ia|modelo de lenguaje)\b",
    re.IGNORECASE | re.MULTILINE,
)
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME|TBD|XXX)\b"
    r"|(?i:\blorem ipsum\b|\bdolor sit amet\b)"
    r"|(?i:[\[<{]{1,2}\s*(?:insert|your|add|placeholder|fill in|todo)\b[^\]>}\n]{0,60}[\]>}])"
    r"|(?i:\b(?:[a-z0-9-]+\.)*example\.(?:com|org|net)\b)"
    r"|(?i:\b(?:to be (?:written|filled in|completed later)|coming soon|placeholder text)\b)"
)


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Count scratchpad, placeholders outside code and fences that nobody closes; quotations are none."""
    found: list[tuple[str, str]] = []
    quotable = _quotable(assignment.brief)
    for place, text in written(content):
        prose = "\n".join(prose_of(text))
        found += [(place, match.group()) for match in _THOUGHT_TAG.finditer(text)]
        found += [(place, match.group()) for match in SCRATCHPAD.finditer(prose)]
        found += [
            (place, match.group())
            for match in _PLACEHOLDER.finditer(prose)
            if match.group().casefold() not in quotable
        ]
    for section in content.sections:
        if _with_whole_fences(section.markdown) != section.markdown:
            found.append((f"the section “{section.heading}”", "a stray code fence"))
    objections = tuple(
        f"{shortened(place)} holds “{shortened(text, 40)}”: write only the finished lesson"
        for place, text in found
    )
    reason = f"{len(found)} leftovers of drafting." if found else "No leftovers of drafting."
    return Finding(float(len(found)), not found, reason, objections)


def mend(content: LessonContent, _: Assignment) -> LessonContent:
    """Remove thinking and sentences said to oneself, close open fences; placeholders cannot be mended."""

    def without_thoughts(text: str) -> str:
        return _THOUGHT_TAG.sub("", _THOUGHTS.sub("", text)) if _THOUGHT_TAG.search(text) else text

    def section(text: str) -> str:
        return _with_whole_fences(without_thoughts(text))

    while True:
        mended = drop_matching(rewrite(content, markdown=section, prose=without_thoughts), SCRATCHPAD.search)
        if mended == content:
            return content
        content = mended


def _with_whole_fences(markdown: str) -> str:
    """Unwrap a section that stands in one fence as a whole, and close a fence that is left open."""
    tokens = block_parser().parse(markdown)
    if len(tokens) == 1 and tokens[0].type == "fence" and tokens[0].info.strip() in {"markdown", "md"}:
        return _with_whole_fences(tokens[0].content.strip("\n"))
    last = tokens[-1] if tokens else None
    if last is None or last.type != "fence" or last.level or last.map is None:
        return markdown
    lines = markdown.split("\n")[slice(*last.map)]
    closing = lines[-1].strip()
    is_closed = len(lines) > 1 and len(closing) >= len(last.markup) and not closing.strip(last.markup[0])
    if is_closed:
        return markdown
    if not last.content.strip():
        return "\n".join(markdown.split("\n")[: last.map[0]]).rstrip()
    return f"{markdown}\n{last.markup}"


def _quotable(brief: Brief) -> str:
    return "\n".join(passage.text for source in brief.sources for passage in source.passages).casefold()
