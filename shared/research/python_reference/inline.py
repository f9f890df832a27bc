"""Cleaning the inline markup of documentation: literals become Markdown's code spans, emphasis is dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The text builder writes literals in straight double quotes; the prose's own quotes are typographic.
_quoted_literal = re.compile(
    r"(?<![\w\"])\"(?:"
    r"(?P<display>[{\[(][^\n]{0,160}?[}\])])"  # {"one": 1}, whose own quotes do not end it
    r"|(?P<string>\"[^\"\n]{0,80}\"|'\"')"
    r"|(?P<plain>(?=\S)[^\"\n]{1,120}?)"
    r")\"(?![\w\"])"
)
_rest_literal = re.compile(r"``([^`\n]{1,160})``|`([^`\n<>]{1,120})`_{0,2}")
_role = re.compile(r":[a-z]+(?::[a-z]+)?:`[~!]?([^`\n]{1,120})`")
_strong = re.compile(r"\*\*([^*\s](?:[^*\n]{0,200}[^*\s])?)\*\*")
_emphasis = re.compile(r"(?<![\w*`/])\*([^*\s`](?:[^*\n`]{0,120}[^*\s`])?)\*(?![\w*])")
_footnote = re.compile(r"\s\[\d{1,2}\](?=[\s.,;:)]|$)")
_web_address = re.compile(r"\s?<https?://[^<>\s]{1,200}>_{0,2}")
_quoted_code = re.compile(r"[‘“](`[^`\n]*`)[’”]")
_code_span = re.compile(r"(`[^`\n]*`)")


def join_lines(lines: Sequence[str]) -> str:
    """Return wrapped lines as one, closing the gap where a compound word was wrapped at its hyphen."""
    joined = " ".join(line.strip() for line in lines)
    return re.sub(r"(?<=\w)-\s(?=\w)", "-", re.sub(r" {2,}", " ", joined))


def _outside_code(text: str) -> str:
    text = _emphasis.sub(r"\1", _strong.sub(r"\1", text))
    return _footnote.sub("", text)


def clean_topic(lines: Sequence[str]) -> str:
    """Return a paragraph of a topic as plain text with `code spans`."""
    text = join_lines(lines)
    if text.count('"') % 2 == 0 and "`" not in text:
        text = _quoted_literal.sub(lambda match: f"`{match[match.lastgroup or 0]}`", text)
    parts = _code_span.split(text)
    joined = "".join(part if part.startswith("`") else _outside_code(part) for part in parts).strip()
    return _quoted_code.sub(r"\1", joined)


def clean_docstring(lines: Sequence[str]) -> str:
    """Return a paragraph of a docstring as plain text with `code spans`."""
    text = _role.sub(r"`\1`", join_lines(lines))
    text = _rest_literal.sub(lambda match: f"`{match[1] or match[2]}`", text)
    return re.sub(r"::$", ":", _web_address.sub("", text)).strip()
