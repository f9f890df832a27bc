"""Removing raw HTML, images and unknown links from Markdown, at the places where a parser found them.

The text is edited, not rendered and rebuilt, so that everything harmless stays as it was written. Positions
come from markdown-it-py: a block's from its token's lines, an inline construct's from the rule that read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.security.inspection import BARE_ADDRESS, bare_addresses, inspect_markdown, may_hold_markup
from shared.security.sanitising import escape_prose, safe_url, strip_html

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

IsKnown = Callable[[str], bool]
_MOST_PASSES = 6
_watched = ("link", "image", "autolink", "html_inline", "backticks")
# Also within quotations and lists, where a definition counts for the whole document, too.
_definition = re.compile(r"^(?:[ >\t]|[*+-][ \t]|\d{1,9}[.)][ \t])*\[[^\]\n]+\]:.*$")


@dataclass(frozen=True, slots=True)
class _Found:
    """An inline construct: its rule, its span, the span of its label (links and images) and its target."""

    rule: str
    start: int
    end: int
    label: tuple[int, int]
    target: str


def _watch(md: MarkdownIt, rule: str, original: Callable[[StateInline, bool], bool]) -> None:
    """Let an inline rule note in `env["found"]` where it matched."""

    def watched(state: StateInline, silent: bool) -> bool:
        start, first = state.pos, len(state.tokens)
        if not original(state, silent):
            return False
        new = state.tokens[first:]
        # A lone backtick matches as text; only a code span is a construct.
        if not silent and "found" in state.env and (rule != "backticks" or new):
            label = _label(state, rule, start)
            state.env["found"].append(_Found(rule, start, state.pos, label, _target(new)))
        return True

    md.inline.ruler.at(rule, watched)


def _label(state: StateInline, rule: str, start: int) -> tuple[int, int]:
    """Return the span of a link's or an image's label.

    Asked only after the rule has matched: looking for labels elsewhere would fill the parser's cache with the
    ends of constructs that are none, and hide links from it.
    """
    if rule not in {"link", "image"}:
        return start, start
    opening = start + (1 if rule == "image" else 0)
    return opening + 1, state.md.helpers.parseLinkLabel(state, opening, rule == "link")


def _target(tokens: Sequence[Token]) -> str:
    """Return where the first of some tokens with an address leads."""
    addresses = (token.attrGet(name) for token in tokens for name in ("href", "src"))
    return next((str(address) for address in addresses if address), "")


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import autolink, backtick, html_inline, image, link

    md = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    rules = {
        "link": link,
        "image": image,
        "autolink": autolink,
        "html_inline": html_inline,
        "backticks": backtick,
    }
    # Links that markdown-it itself refuses (javascript:) must be found too: others may follow them.
    md.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 - a fixed signature
    for name in _watched:
        _watch(md, name, rules[name])
    return md


def clean_markdown(text: str, is_known: IsKnown) -> str:
    """Return Markdown without raw HTML and images, whose links all lead where `is_known` says yes.

    A link elsewhere leaves its text; a bare URL leaves its host. Code blocks and code spans stay as they are.
    """
    if not may_hold_markup(text):
        return text
    for _ in range(_MOST_PASSES):
        cleaned = _one_pass(text, is_known)
        if cleaned == text:
            break
        text = cleaned
    if _is_clean(text, is_known):
        return text
    # Nested on purpose, so that the passes did not find everything. As plain text it is harmless.
    return escape_prose(strip_html(BARE_ADDRESS.sub("", text)))


def _is_clean(text: str, is_known: IsKnown) -> bool:
    """Tell whether a parser that watches nothing finds neither HTML nor an image nor an unknown link."""
    found = inspect_markdown(text)
    return not found.html and not found.images and all(map(is_known, found.links))


def clean_prose(text: str, is_known: IsKnown) -> str:
    """Return a line or paragraph of plain text with the same things removed."""
    return clean_markdown(text, is_known).strip()


def _one_pass(text: str, is_known: IsKnown) -> str:
    parser = _parser()
    lines = text.split("\n")
    env: dict[str, Any] = {}
    tokens = parser.parse(text, env)
    covered: set[int] = set()
    edits: dict[int, tuple[int, str]] = {}
    for token in tokens:
        if token.map is None:
            continue
        first, last = token.map
        if token.type in {"fence", "code_block", "html_block", "inline"}:
            covered.update(range(first, last))
        if token.type == "html_block":
            edits[first] = (last, strip_html("\n".join(lines[first:last])).replace("<", "\\<").strip("\n"))
        elif token.type == "inline":
            new = _clean_inline(token.content, env, is_known)
            if new != token.content:
                _edit_lines(lines, token, new, edits)
    for number, line in enumerate(lines):
        if number not in covered and _definition.match(line) and env.get("references"):
            edits.setdefault(number, (number + 1, ""))
    return _apply(lines, edits)


def _edit_lines(lines: list[str], token: Token, new: str, edits: dict[int, tuple[int, str]]) -> None:
    """Put a block's new inline content where the old stood, keeping the marks before it."""
    first, last = token.map or (0, 0)
    old_first, _, rest = token.content.partition("\n")
    current = edits.get(first, (0, lines[first]))[1]
    place = current.find(old_first)
    if place < 0:
        edits[first] = (last, escape_prose(strip_html(new)))
        return
    tail = "" if rest else current[place + len(old_first) :]
    content = " ".join(new.split("\n")) if rest else new
    edits[first] = (last, current[:place] + content + tail)


def _apply(lines: list[str], edits: dict[int, tuple[int, str]]) -> str:
    result: list[str] = []
    number = 0
    while number < len(lines):
        if number in edits:
            last, replacement = edits[number]
            result.append(replacement)
            number = max(last, number + 1)
        else:
            result.append(lines[number])
            number += 1
    return "\n".join(result)


def _clean_inline(content: str, env: dict[str, Any], is_known: IsKnown) -> str:
    found: list[_Found] = []
    _parser().inline.parse(content, _parser(), {**env, "found": found}, [])
    cuts: list[tuple[int, int, str]] = []
    for item in found:
        cuts.extend(_cuts(item, content, is_known))
    kept = [(item.start, item.end) for item in found if item.rule in {"backticks", "autolink", "html_inline"}]
    kept += [(item.label[1], item.end) for item in found if item.rule in {"link", "image"}]
    cuts.extend(_text_cuts(content, kept, is_known))
    for start, end, replacement in sorted(set(cuts), reverse=True):
        content = content[:start] + replacement + content[end:]
    return content


def _cuts(item: _Found, content: str, is_known: IsKnown) -> Iterator[tuple[int, int, str]]:
    """Give the pieces of a construct to replace: all of a tag, the marks around a label, an address."""
    if item.rule == "html_inline":
        yield item.start, item.end, ""
    elif item.rule == "autolink" and not is_known(item.target):
        yield item.start, item.end, _host(item.target)
    elif item.rule == "image" or (item.rule == "link" and not is_known(item.target)):
        yield item.start, item.label[0], ""
        yield item.label[1], item.end, ""
    elif item.rule == "link" and not content[item.label[1] : item.end].startswith("]("):
        # A reference link to a known page becomes an inline one, since its definition is dropped.
        yield item.label[1], item.end, f"](<{safe_url(item.target)}>)"


def _text_cuts(
    content: str, kept: list[tuple[int, int]], is_known: IsKnown
) -> Iterator[tuple[int, int, str]]:
    """Give the addresses in plain text that a page's author or a browser might link."""
    for start, end in bare_addresses(content):
        is_elsewhere = any(first < end and start < last for first, last in kept)
        if not is_elsewhere and not is_known(content[start:end]):
            yield start, end, _host(content[start:end])


def _host(address: str) -> str:
    """Return an address's host as plain text, or nothing for an address that is none."""
    host = re.match(r"(?:https?://)?(?:www\.)?([\w.-]+\.\w+)(?=[/:?#]|$)", address, re.IGNORECASE)
    return host[1] if host else ""
