"""Quoting with credit, and the limit for sources that are not openly licensed."""

from __future__ import annotations

from shared.lessons.composer.material import clean_line
from shared.lessons.composer.readable import word_count
from shared.models.research import Source
from shared.security.sanitising import escape_prose, safe_url

SHORT_QUOTE_WORDS = 25


def may_quote_at_length(source: Source) -> bool:
    """Tell whether a licence allows more than a short quotation."""
    return source.open_licence


def is_short_quote(sentence: str) -> bool:
    """Tell whether a sentence is within what may be quoted of any source (25 words)."""
    return word_count(sentence) <= SHORT_QUOTE_WORDS


def linked(text: str, url: str) -> str:
    """Return Markdown for a text linked to a URL, or the text alone where the URL is not safe."""
    target = safe_url(url)
    return f"[{escape_prose(text)}](<{target}>)" if target else escape_prose(text)


def credit(source: Source) -> str:
    """Return the line of Markdown that says whose words stand above it and under which licence."""
    title = linked(clean_line(source.title) or source.id, source.url)
    author = escape_prose(clean_line(source.author))
    licence = linked(clean_line(source.licence), source.licence_url) if clean_line(source.licence) else ""
    return "— " + ", ".join(part for part in (title, author, licence) if part)
