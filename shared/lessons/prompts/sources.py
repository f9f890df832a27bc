"""Sources as data in a prompt: in blocks that their text cannot close, between lines with a random marker."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from shared.models.research import Passage, Source

MAX_SOURCES = 8
MAX_SOURCE_BYTES = 6_000
MAX_TITLE_CHARACTERS = 200

_OWN_TAG = re.compile(r"<(?=\s*/?\s*(?:source|passage)\b)", re.IGNORECASE)


def sources_as_data(sources: Sequence[Source], marker: str, source_bytes: int = MAX_SOURCE_BYTES) -> str:
    """Return the first sources as blocks, each with at most `source_bytes` bytes of passages."""
    blocks = [_block(source, source_bytes) for source in sources[:MAX_SOURCES]]
    inner = "\n".join(blocks) if blocks else "(no sources were found; every source_ids list stays empty)"
    return f"BEGIN SOURCES {marker}\n{inner}\nEND SOURCES {marker}"


def _block(source: Source, source_bytes: int) -> str:
    attributes = {
        "id": source.id,
        "title": source.title[:MAX_TITLE_CHARACTERS],
        "author": source.author[:MAX_TITLE_CHARACTERS],
        "licence": source.licence[:MAX_TITLE_CHARACTERS],
        "quotable": "at length" if source.open_licence else "at most 25 words",
        "language": source.language,
    }
    opening = " ".join(f'{name}="{_attribute(value)}"' for name, value in attributes.items())
    passages = "\n".join(_passage(passage) for passage in _within(source.passages, source_bytes))
    return f"<source {opening}>\n{passages}\n</source>"


def _within(passages: Sequence[Passage], limit: int) -> list[Passage]:
    """Return the passages that fit; text is cut where the bytes end, code is taken whole or not at all."""
    fitting: list[Passage] = []
    left = limit
    for passage in passages:
        encoded = passage.text.encode("utf-8", "replace")
        if len(encoded) <= left:
            fitting.append(passage)
            left -= len(encoded)
        elif passage.kind == "text" and left > 0:
            cut = encoded[:left].decode("utf-8", "ignore")
            if cut.strip():
                fitting.append(passage.model_copy(update={"text": f"{cut.rstrip()} [...]"}))
            left = 0
    return fitting


def _passage(passage: Passage) -> str:
    attributes = [f'kind="{passage.kind}"']
    if passage.heading:
        attributes.append(f'heading="{_attribute(passage.heading[:MAX_TITLE_CHARACTERS])}"')
    if passage.language:
        attributes.append(f'language="{_attribute(passage.language[:40])}"')
    return f"<passage {' '.join(attributes)}>\n{_text(passage.text)}\n</passage>"


def _attribute(value: str) -> str:
    return html.escape(" ".join(_text(value).split()), quote=True)


def _text(text: str) -> str:
    """Return a text that can neither open nor close a block; any other `<` stays, code is full of them."""
    travelling = text.encode("utf-8", "replace").decode("utf-8")
    return _OWN_TAG.sub("&lt;", travelling)
