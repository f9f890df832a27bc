"""A small part of Mermaid, read leniently and written strictly: flowcharts and sequence diagrams.

What is stored is always what this package writes itself, so nothing of Mermaid's syntax that it does not
know (links, click handlers, directives, styles, HTML) can reach a learner. The CI checks the output against
Mermaid's own parser.
"""

from __future__ import annotations

import re

from shared.lessons.mermaid.flowchart import flowchart
from shared.lessons.mermaid.labels import Unreadable
from shared.lessons.mermaid.sequence import sequence

__all__ = ["canonical"]

_FENCE = re.compile(r"\A\s*(?:```|~~~)\s*(?:mermaid)?[ \t]*\n(.*?)\n\s*(?:```|~~~)\s*\Z", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)
_DIRECTIVE = re.compile(r"%%\s*\{.*?\}\s*%%", re.DOTALL)
_FIRST_COMMENTS = re.compile(r"\A(?:\s*%%[^\n]*\n)+")
_LEFT_OUT = re.compile(
    r"\s*(?:%%|(?:click|href|callback|call|links?|style|classDef|class|linkStyle|accTitle|accDescr|autonumber"
    r"|activate|deactivate|properties|details|box|rect|title)\b(?!\s*(?:--|==|-\.|[\[({>&:]))).*",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\s*(?:(graph|flowchart)\s+(TD|TB|BT|LR|RL)|(sequenceDiagram))\s*;?\s*(.*)", re.DOTALL)
MOST_LINES = 80


def canonical(text: str) -> str | None:
    """Return the diagram as this package writes it, or None where it cannot be read.

    Left out are comments, directives, front matter, links, click handlers, styles, and HTML and addresses in
    labels. The result is its own canonical form.
    """
    written = _once(text)
    return written if written is not None and _once(written) == written else None


def _once(text: str) -> str | None:
    text = _FENCE.sub(r"\1", text)
    text = _FIRST_COMMENTS.sub("", _DIRECTIVE.sub("", _FRONT_MATTER.sub("", text)))
    header = _HEADER.match(text)
    if header is None:
        return None
    lines = [line.strip() for line in header[4].split("\n") if line.strip() and not _LEFT_OUT.fullmatch(line)]
    if not 0 < len(lines) <= MOST_LINES:
        return None
    try:
        if header[3]:
            return sequence(lines)
        return flowchart(f"{header[1]} {header[2]}", lines)
    except Unreadable:
        return None
