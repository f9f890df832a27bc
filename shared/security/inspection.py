"""What a browser would find in a Markdown text: raw HTML, images, links and addresses in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

BARE_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|\bwww\.)[^\s<>`\"'“”«»|\\]+", re.IGNORECASE)
# Without one of these a text holds no HTML, no link, no image and no address.
_markup = re.compile(r"[<\[]|://|\bwww\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inspection:
    """How many pieces of HTML and images a text holds; where its links lead; its addresses in plain text."""

    html: int
    images: int
    links: tuple[str, ...]
    addresses: tuple[str, ...]


def may_hold_markup(text: str) -> bool:
    """Tell quickly whether a text is worth parsing for HTML, links, images and addresses."""
    return _markup.search(text) is not None


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("js-default", {"html": True, "maxNesting": 100})
    parser.validateLink = lambda url: url is not None  # type: ignore[method-assign]
    return parser


@lru_cache(maxsize=256)
def inspect_markdown(text: str) -> Inspection:
    """Parse a text with a parser that allows everything, and say what it found outside code."""
    if not may_hold_markup(text):
        return Inspection(0, 0, (), ())
    html = images = depth = 0
    links: list[str] = []
    addresses: list[str] = []
    blocks = _parser().parse(text)
    for token in (part for block in blocks for part in (block, *(block.children or []))):
        html += token.type in {"html_block", "html_inline"}
        images += token.type == "image"
        if token.type == "link_open":
            depth += 1
            links.append(str(token.attrGet("href")))
        elif token.type == "link_close":
            depth -= 1
        elif token.type == "text" and depth == 0:
            addresses += [token.content[start:end] for start, end in bare_addresses(token.content)]
    return Inspection(html, images, tuple(links), tuple(addresses))


def bare_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Give the spans of the addresses in plain text that a page's author or a browser might link."""
    for match in BARE_ADDRESS.finditer(text):
        yield match.start(), match.end() - _trailing(match.group())


def _trailing(address: str) -> int:
    """Return how many characters at an address's end belong to the sentence around it."""
    stripped = address.rstrip(".,;:!?*_")
    if stripped.endswith(")") and "(" not in stripped:
        stripped = stripped.rstrip(").,")
    return len(address) - len(stripped)
