"""The two Markdown parsers of the renderers and safe HTML from them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared.security.sanitising import safe_url

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# What a lesson's text may consist of; no images, no styles, no ids.
_TAGS = frozenset(
    """
    p br hr strong em del code pre blockquote ul ol li a table thead tbody tr th td h3 h4 h5 h6
    """.split()  # noqa: SIM905 - a list of names reads better as one line
)


@cache
def section_parser() -> MarkdownIt:
    """The parser of sections: CommonMark with tables; raw HTML is text, images are their description."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("js-default", {"linkify": False})
    parser.validateLink = lambda url: bool(safe_url(url))  # type: ignore[method-assign]
    return parser


@cache
def prose_parser() -> MarkdownIt:
    """The parser of plain fields: paragraphs, code spans and code blocks; every other sign is itself."""
    from markdown_it import MarkdownIt

    return MarkdownIt("zero", {"breaks": True}).enable(["backticks", "fence", "newline"])


def _demoted(tokens: list[Token]) -> list[Token]:
    """Move headings within a section below the page's own, so that the outline stays whole."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        for child in token.children or []:
            if child.type == "image":
                child.type, child.tag = "text", ""
    return tokens


def _clean(html: str) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={"a": {"href"}, "code": {"class"}, "ol": {"start"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )


def section_html(markdown: str) -> str:
    """Return a section's Markdown as sanitised HTML."""
    parser = section_parser()
    env: MutableMapping[str, Any] = {}
    return _clean(parser.renderer.render(_demoted(parser.parse(markdown, env)), parser.options, env))


def prose_html(text: str) -> str:
    """Return a plain field as sanitised HTML paragraphs."""
    return _clean(str(prose_parser().render(text)))


def line_html(text: str) -> str:
    """Return a plain field as sanitised HTML without a paragraph around it."""
    return _clean(str(prose_parser().renderInline(" ".join(text.split()))))
