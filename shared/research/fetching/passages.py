"""Making passages of HTML and Markdown: prose under its headings, code as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.models.research import Passage
from shared.research.fetching.prose import plain_prose
from shared.research.fetching.visible import parse_html
from shared.security.clean_text import clean_text
from shared.text.sentences import split_sentences

MAX_TEXT = 900
MAX_CODE = 2_000
MAX_PASSAGES = 60
# Parsing takes quadratic time for text that was written to make it so; a README is shorter than this.
MAX_MARKDOWN = 30_000
# Shorter paragraphs are captions and scraps; Han, Kana and Hangul say more with fewer characters.
MIN_TEXT = 40
MIN_CODE = 8

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "head"})
_SKIPPED = frozenset({"nav", "footer", "aside", "table", "figcaption", "comments"})
_PARAGRAPHS = frozenset({"p", "dt", "dd", "summary"})
_LISTS = frozenset({"ul", "ol", "list"})
_INLINE_TABLE = """
    a abbr b bdi bdo br cite code del dfn em hi i ins kbd lb mark q ref s samp small span strong sub
    sup time tt u var wbr font
"""
_INLINE = frozenset(_INLINE_TABLE.split())
_MAY_BE_CODE = frozenset({"code", "quote", "p", "pre"})
_BREAKING = frozenset({"br", "lb", "p", "div", "li", "item", "ul", "ol", "list"})
_dense = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_language = re.compile(r"\b(?:language|lang|highlight(?:-source)?|brush)[-: ]+([a-z0-9+#]{1,20})")
_LANGUAGES = {"py": "python", "py3": "python", "pycon": "python", "js": "javascript", "ts": "typescript",
              "sh": "bash", "shell": "bash", "console": "bash", "rb": "ruby", "cs": "csharp"}  # fmt: skip
_NO_LANGUAGE = frozenset({"text", "none", "default", "plaintext", "plain", "notranslate", "source"})


@dataclass
class _Reading:
    """A page on its way through a reader: the present heading and what was read."""

    heading: str
    passages: list[Passage] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.passages) >= MAX_PASSAGES

    def prose(self, text: str) -> None:
        paragraph = plain_prose(text)
        # A paragraph before an example may be short: "For example:".
        if len(paragraph) + len(_dense.findall(paragraph)) >= MIN_TEXT or paragraph.endswith(":"):
            self.passages.extend(Passage(heading=self.heading, text=part) for part in _parts(paragraph))

    def code(self, text: str, language: str) -> None:
        code = clean_text(text).strip("\n").rstrip()
        if MIN_CODE <= len(code) <= MAX_CODE:
            self.passages.append(Passage(kind="code", heading=self.heading, text=code, language=language))


def html_passages(text: str, title: str) -> list[Passage]:
    """Return the passages of a fragment of HTML that is all content, such as an answer or an article."""
    tree = parse_html(text)
    if tree is None:
        return []
    return _read(tree, title)


def markdown_passages(text: str, title: str) -> list[Passage]:
    """Return the passages of Markdown; HTML within it is read as HTML, not as instructions."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 60}).enable("table")
    return html_passages(parser.render(text[:MAX_MARKDOWN]), title)


def page_passages(text: str, title: str) -> list[Passage]:
    """Return the passages of a web page's main content, without its navigation, comments and adverts."""
    from lxml import etree

    tree = parse_html(text)
    if tree is None:
        return []
    _mark_code(tree)
    from trafilatura import extract

    found = extract(
        tree,
        output_format="xml",
        include_comments=False,
        include_tables=False,
        include_formatting=True,
        include_links=False,
        favor_recall=True,
    )
    if not found:
        return []
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return _read(etree.fromstring(found.encode(), parser), title)


def _mark_code(tree: Any) -> None:
    """Begin each code block with a line that extraction keeps, whatever element it makes of the block."""
    for pre in list(tree.iter("pre")):
        code, language = clean_text("".join(pre.itertext())), _language_of(pre)
        for child in list(pre):
            pre.remove(child)
        pre.text = None
        inner = pre.makeelement("code")
        inner.text = f"{_MARK}{language}\n{code}"
        pre.append(inner)


_MARK = "#!language:"


def _read(tree: Any, title: str) -> list[Passage]:
    reading = _Reading(plain_prose(title))
    _walk(tree, reading)
    passages = reading.passages[:MAX_PASSAGES]
    # A lead-in without its example leads nowhere.
    return [
        passage
        for position, passage in enumerate(passages)
        if passage.kind == "code"
        or len(passage.text) + len(_dense.findall(passage.text)) >= MIN_TEXT
        or (position + 1 < len(passages) and passages[position + 1].kind == "code")
    ]


def _walk(element: Any, reading: _Reading) -> None:
    if reading.full or not isinstance(element.tag, str):
        return
    tag = element.tag.lower()
    if tag in _SKIPPED:
        return
    if tag in _HEADINGS:
        reading.heading = plain_prose(_inner_text(element)).rstrip("¶#").strip() or reading.heading
    elif tag == "pre" or _is_block(element):
        _read_code(element, reading)
    elif tag in _PARAGRAPHS and not _has_blocks(element):
        reading.prose(_inner_text(element))
    elif tag in _LISTS and not any(child.tag == "pre" for child in element.iter("pre")):
        for text in _list_texts(element):
            reading.prose(text)
    else:
        _walk_children(element, reading)


def _walk_children(element: Any, reading: _Reading) -> None:
    """Read an element that holds blocks, and the text that stands between them."""
    loose = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag.lower() in _INLINE and not _is_block(child):
            loose.append(_inner_text(child))
        else:
            reading.prose("".join(loose))
            loose = []
            _walk(child, reading)
        loose.append(child.tail or "")
    reading.prose("".join(loose))


def _read_code(element: Any, reading: _Reading) -> None:
    code = "".join(element.itertext())
    language = _language_of(element)
    if code.lstrip().startswith(_MARK):
        first, _, code = code.lstrip().partition("\n")
        language = first.removeprefix(_MARK)
    reading.code(code, language)


def _is_block(element: Any) -> bool:
    """Tell whether an element is a code block by itself and not code within a sentence."""
    text = "".join(element.itertext()).strip() if element.tag in _MAY_BE_CODE else ""
    return text.startswith(_MARK) or (element.tag == "code" and "\n" in text)


def _has_blocks(element: Any) -> bool:
    return any(
        isinstance(child.tag, str) and (child.tag.lower() not in _INLINE or _is_block(child))
        for child in element.iterdescendants()
    )


def _list_texts(element: Any) -> Iterator[str]:
    """Return a list's items, short ones joined: each alone would say too little."""
    joined = ""
    for item in element:
        text = " ".join(_inner_text(item).split()) if isinstance(item.tag, str) else ""
        if not text:
            continue
        text = text if text.endswith((".", "!", "?", ":", ";", "。")) else f"{text};"
        if len(joined) + len(text) > MAX_TEXT and joined:
            yield joined.rstrip(";")
            joined = ""
        joined = f"{joined} {text}".strip()
    if joined:
        yield joined.rstrip(";")


def _inner_text(element: Any) -> str:
    """Return an element's text, with a space where a line or a block ends."""
    text = element.text or ""
    for child in element:
        inner = _inner_text(child) if isinstance(child.tag, str) else ""
        space = " " if child.tag in _BREAKING else ""
        text += f"{space}{inner}{space}{child.tail or ''}"
    return text


def _language_of(pre: Any) -> str:
    """Return a code block's language where its classes or its parents' name it."""
    near = [pre, *pre.iter("code"), *list(pre.iterancestors())[:2]]
    for element in near:
        match = _language.search(str(element.get("class", "")).lower())
        if match and match[1] not in _NO_LANGUAGE:
            return _LANGUAGES.get(match[1], match[1])
    return ""


def _parts(paragraph: str) -> list[str]:
    """Split a long paragraph between sentences."""
    if len(paragraph) <= MAX_TEXT:
        return [paragraph]
    parts: list[str] = []
    for sentence in split_sentences(paragraph[: 20 * MAX_TEXT]):
        if parts and len(parts[-1]) + len(sentence) < MAX_TEXT:
            parts[-1] += f" {sentence}"
        else:
            parts.append(sentence[:MAX_TEXT])
    return parts
