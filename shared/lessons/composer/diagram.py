"""A Mermaid flowchart of how the lesson's parts and concepts relate; it can hold no link and no directive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shared.lessons.composer.concepts import Concept
from shared.lessons.composer.matching import Part
from shared.lessons.composer.material import clean_line
from shared.lessons.composer.readable import same_words
from shared.lessons.phrases import Phrases
from shared.models.content import Diagram
from shared.text.stems import search_tokens

_MAX_LABEL = 48
_MAX_PARTS = 6
_MAX_RELATIONS = 12
_MAX_ALT_TEXT = 2000
# Everything that Mermaid could read as its own syntax is written as an entity code.
_unsafe = re.compile(r"[\"#;<>&%`{}\[\]()|\\:/@=~^$*]")
SAFE_LINE = re.compile(
    r"graph TD"
    r"|  (?:topic|[pc]\d{1,2})\[\"[^\"\n]+\"\]"
    r"|  (?:topic|[pc]\d{1,2}) -->(?:\|\"[^\"\n]+\"\|)? [pc]\d{1,2}"
)


def label(text: str) -> str:
    """Return a text as it may stand between Mermaid's quotation marks."""
    shown = clean_line(text.replace("`", ""), _MAX_LABEL)
    return _unsafe.sub(lambda match: f"#{ord(match.group())};", shown) or "…"


def draw_diagram(
    title: str, parts: Sequence[Part], concepts: Sequence[Concept], phrases: Phrases
) -> Diagram | None:
    """Draw the lesson, its parts, the concepts that each part speaks of, and which defines which.

    Nothing for fewer than two concepts.
    """
    parts = parts[:_MAX_PARTS]
    concepts = [concept for concept in concepts if not same_words(concept.term, title)]
    if len(concepts) < 2:
        return None
    headings = [phrases("examples_heading") if part.shows_code else part.heading for part in parts]
    homes = [_home(concept, parts) for concept in concepts]
    relations = _relations(concepts)
    lines = ["graph TD", f'  topic["{label(title)}"]']
    lines += [f'  p{number}["{label(heading)}"]' for number, heading in enumerate(headings)]
    lines += [f'  c{number}["{label(concept.term)}"]' for number, concept in enumerate(concepts)]
    lines += [f"  topic --> p{number}" for number in range(len(parts))]
    lines += [
        f"  {'topic' if home is None else f'p{home}'} --> c{number}" for number, home in enumerate(homes)
    ]
    lines += [
        f'  c{first} -->|"{label(phrases(f"diagram_{kind}"))}"| c{second}'
        for first, second, kind in relations
    ]
    sentences = list(_in_words([*headings, title], homes, concepts, relations, phrases))
    return Diagram(
        title=phrases("diagram_title"),
        mermaid="\n".join(lines),
        alt_text=clean_line(" ".join(sentences), _MAX_ALT_TEXT),
    )


def _home(concept: Concept, parts: Sequence[Part]) -> int | None:
    """Return the part that quotes the concept's definition, or else says its words most often, or None."""

    def mentions(number: int) -> tuple[bool, int]:
        excerpts = parts[number].excerpts
        words = [token for excerpt in excerpts for token in excerpt.tokens]
        return concept.excerpt in excerpts, min((words.count(token) for token in concept.tokens), default=0)

    best = max(range(len(parts)), key=lambda number: (*mentions(number), -number))
    return best if any(mentions(best)) else None


def _in_words(
    headings: Sequence[str],
    homes: Sequence[int | None],
    concepts: Sequence[Concept],
    relations: Sequence[tuple[int, int, str]],
    phrases: Phrases,
) -> Iterator[str]:
    """Say what the picture shows; the last heading is the lesson's title, which holds what no part does."""
    for number, heading in enumerate(headings):
        own = number if number < len(headings) - 1 else None
        terms = [concept.term for concept, home in zip(concepts, homes, strict=True) if home == own]
        if terms:
            named = clean_line(heading.rstrip(" .。"), 100)
            yield phrases("diagram_alt", title=named, concepts=", ".join(terms))
    for first, second, kind in relations:
        yield phrases(f"diagram_alt_{kind}", first=concepts[first].term, second=concepts[second].term)


def _relations(concepts: Sequence[Concept]) -> list[tuple[int, int, str]]:
    """Return (concept, other concept in its definition, kind), each pair once and in one direction."""
    found: list[tuple[int, int, str]] = []
    pairs: set[frozenset[int]] = set()
    for first, concept in enumerate(concepts):
        rest = frozenset(search_tokens(concept.rest))
        for second, other in enumerate(concepts):
            pair = frozenset((first, second))
            is_named = bool(other.tokens) and other.tokens <= rest and not other.tokens <= concept.tokens
            if first != second and pair not in pairs and is_named:
                pairs.add(pair)
                found.append((first, second, "is_a" if _is_kind(concept, other) else "mentions"))
    return found[:_MAX_RELATIONS]


def _is_kind(concept: Concept, other: Concept) -> bool:
    """Tell whether a definition names the other concept as its genus: "is a mutable sequence that"."""
    end = r"(?=[.,;(]|$| (?:that|which|whose|with|of|in|for|to|from|as)\b)"
    genus = rf"(?:\w+ )?(?:[\w-]+ ){{0,2}}{re.escape(other.term)}s?{end}"
    return concept.says_kind and re.match(genus, concept.rest, re.IGNORECASE) is not None
