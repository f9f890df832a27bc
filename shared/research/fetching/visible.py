"""What a reader of a page sees: its tree without comments, scripts and hidden elements.

What is hidden from readers is where instructions to a language model are put. Style sheets are not read;
what a page hides by a class of its own is only known for the names that the web has agreed on.
"""

from __future__ import annotations

import re
from typing import Any

from shared.security.clean_text import clean_text

# Larger pages are no lessons, and reading one would take seconds; lxml itself stops at 256 levels.
MAX_CHARACTERS = 1_500_000
MAX_ELEMENTS = 25_000

_DROPPED_TABLE = """
    script style noscript template iframe frame frameset object embed applet form input button
    select textarea option svg math canvas audio video source track picture img map dialog head
    title meta link base slot
"""
_DROPPED = frozenset(_DROPPED_TABLE.split())
_HIDING_CLASSES_TABLE = """
    sr-only visually-hidden visuallyhidden screen-reader-text screen-reader-only hidden d-none
    invisible is-hidden assistive-text headerlink anchor-link
"""
_HIDING_CLASSES = frozenset(_HIDING_CLASSES_TABLE.split())
_hiding_style = re.compile(
    r"""
    display:none | visibility:(?:hidden|collapse) | content-visibility:hidden
    | opacity:0*(?:\.0+)?%?(?:;|!|$)
    | font-size:[-+]?0*\.?0*(?:px|pt|em|rem|ex|ch|%|vw|vh|cm|mm|in|pc|q)?(?:;|!|$)
    | font-size:(?:0?\.\d+|1)(?:px|pt)
    | (?:^|;)(?:left|right|top|bottom|text-indent|margin-left|margin-top|inset):-\d{3,}
    | transform:[^;]*(?:scale(?:x|y)?\(0(?:\.0+)?[,)]|translate[xy3d]*\(-\d{3,})
    | clip:rect\((?:0(?:px)?|1px)[, ]? | clip-path:inset\((?:50|100)% | clip-path:(?:circle|polygon)\(0
    | (?:^|;)(?:max-)?(?:height|width):[01](?:px)?(?:;|!|$) | (?:^|;)color:transparent
    | (?:^|;)color:(?:rgba|hsla)\([^)]*,0(?:\.0+)?\) | z-index:-\d{2,}
    """,
    re.VERBOSE,
)
_css_comment = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_css_escape = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_colour = re.compile(r"(?:^|;)color:([^;!]+)")
_background = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_NAMED_COLOURS = {"white": "#ffffff", "black": "#000000"}
# Without a background of its own, text stands on the page's, which is white nearly everywhere.
_WHITE = frozenset({"#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)", "hsl(0,0%,100%)"})


def parse_html(text: str) -> Any | None:
    """Return the lxml tree of a page or fragment without what its readers do not see; None if none is left,
    or too much to read.

    Never reaches outside: no entities, no network.
    """
    from lxml import etree, html

    parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    try:
        tree = html.document_fromstring(clean_text(text[:MAX_CHARACTERS]), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    elements = list(tree.iter())
    if len(elements) > MAX_ELEMENTS:
        return None
    for element in elements:
        parent = element.getparent()
        if parent is not None and _is_hidden(element):
            _drop(element, parent)
    return tree


def _drop(element: Any, parent: Any) -> None:
    """Remove an element but keep the text that follows it."""
    # Written as a number, a control character survives parsing, and lxml refuses to have it set.
    tail = clean_text(element.tail or "")
    previous = element.getprevious()
    if previous is not None:
        previous.tail = clean_text(previous.tail or "") + tail
    else:
        parent.text = clean_text(parent.text or "") + tail
    parent.remove(element)


def _is_hidden(element: Any) -> bool:
    if not isinstance(element.tag, str):  # comments, processing instructions, entities
        return True
    if element.tag.lower() in _DROPPED or ":" in element.tag:
        return True
    attributes = {str(name).lower(): str(value) for name, value in element.attrib.items()}
    if "hidden" in attributes or "inert" in attributes:
        return True
    if attributes.get("aria-hidden", "").strip().lower() == "true":
        return True
    if _HIDING_CLASSES & set(attributes.get("class", "").lower().split()):
        return True
    if element.tag.lower() == "font" and _same_colour(attributes.get("color", ""), ""):
        return True
    return "style" in attributes and hides(attributes["style"])


def hides(style: str) -> bool:
    """Tell whether an inline style makes an element's text invisible."""
    plain = _css_escape.sub(_unescaped, _css_comment.sub("", style[:4000]))
    plain = re.sub(r"\s+", "", plain.lower())
    if _hiding_style.search(plain):
        return True
    colour, background = _colour.search(plain), _background.search(plain)
    return colour is not None and _same_colour(colour[1], background[1] if background else "")


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code < 0x110000 else ""


def _same_colour(colour: str, background: str) -> bool:
    """Tell whether text in a colour cannot be told from what is behind it."""
    first, second = _normal_colour(colour), _normal_colour(background)
    return first == second if second else first in _WHITE


def _normal_colour(colour: str) -> str:
    colour = colour.strip().lower()
    short = re.fullmatch(r"#([0-9a-f])([0-9a-f])([0-9a-f])", colour)
    if short:
        return "#" + "".join(2 * digit for digit in short.groups())
    return _NAMED_COLOURS.get(colour, colour)
