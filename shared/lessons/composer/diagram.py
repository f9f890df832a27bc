"""A Mermaid flowchart of how the lesson's concepts relate, in a subset that can hold no link or directive."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.lessons.composer.concepts import Concept
from shared.lessons.composer.material import clean_line
from shared.lessons.composer.readable import same_words
from shared.lessons.phrases import Phrases
from shared.models.content import Diagram
from shared.text.tokens import tokenise

_MAX_LABEL = 48
_MAX_EDGES = 14
# Everything that Mermaid could read as its own syntax is written as an entity code.
_unsafe = re.compile(r"[\"#;<>&%`{}\[\]()|\\:/@=~^$-]")
SAFE_LINE = re.compile(
    r"graph TD|  (?:topic|c\d{1,2})\[\"[^\"\n]+\"\]|  (?:topic|c\d{1,2}) -->(?:\|\"[^\"\n]+\"\|)? c\d{1,2}"
)


def label(text: str) -> str:
    """Return a text as it may stand between Mermaid's quotation marks."""
    shown = clean_line(text.replace("`", ""), _MAX_LABEL)
    return _unsafe.sub(lambda match: f"#{ord(match.group())};", shown) or "…"


def draw_diagram(title: str, concepts: Sequence[Concept], phrases: Phrases) -> Diagram | None:
    """Draw the lesson's title, its concepts and who defines whom; nothing for fewer than two concepts."""
    concepts = [concept for concept in concepts if not same_words(concept.term, title)]
    if len(concepts) < 2:
        return None
    relations = _relations(concepts)
    targets = {target for _, target, _ in relations}
    roots = [number for number in range(len(concepts)) if number not in targets]
    roots = roots or [0]
    lines = ["graph TD", f'  topic["{label(title)}"]']
    lines += [f'  c{number}["{label(concept.term)}"]' for number, concept in enumerate(concepts)]
    lines += [f"  topic --> c{number}" for number in roots]
    lines += [
        f'  c{first} -->|"{label(phrases(f"diagram_{kind}"))}"| c{second}'
        for first, second, kind in relations
    ]
    sentences = [
        phrases(
            "diagram_alt",
            title=clean_line(title, 100),
            concepts=", ".join(concepts[number].term for number in roots),
        )
    ]
    sentences += [
        phrases(f"diagram_alt_{kind}", first=concepts[first].term, second=concepts[second].term)
        for first, second, kind in relations
    ]
    return Diagram(title=phrases("diagram_title"), mermaid="\n".join(lines), alt_text=" ".join(sentences))


def _relations(concepts: Sequence[Concept]) -> list[tuple[int, int, str]]:
    """Return (concept, other concept in its definition, kind), each pair once and in one direction."""
    found: list[tuple[int, int, str]] = []
    pairs: set[frozenset[int]] = set()
    for first, concept in enumerate(concepts):
        rest = frozenset(tokenise(concept.rest))
        for second, other in enumerate(concepts):
            pair = frozenset((first, second))
            if first == second or pair in pairs or not other.tokens or not other.tokens <= rest:
                continue
            if other.tokens <= concept.tokens:
                continue
            pairs.add(pair)
            found.append((first, second, "is_a" if _is_kind(concept, other) else "mentions"))
    return found[:_MAX_EDGES]


def _is_kind(concept: Concept, other: Concept) -> bool:
    """Tell whether a definition names the other concept as its genus: "... is a mutable sequence that ..."."""
    genus = rf"(?:\w+ )?(?:[\w-]+ ){{0,2}}{re.escape(other.term)}s?(?=[.,;(]|$| (?:that|which|whose|with|of|in|for|to|from|as)\b)"
    return concept.says_kind and re.match(genus, concept.rest, re.IGNORECASE) is not None
