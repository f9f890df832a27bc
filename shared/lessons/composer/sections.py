"""The lesson's text: quotations that answer the objectives, each with its credit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from shared.lessons.code import compiles, fence, is_session
from shared.lessons.composer.matching import Part, Plan
from shared.lessons.composer.material import Example, Excerpt, Sentence, clean_line
from shared.lessons.composer.quoting import credit, is_short_quote, may_quote_at_length
from shared.lessons.composer.readable import ELLIPSIS, stands_alone, word_count
from shared.lessons.composer.styles import Proportions
from shared.lessons.phrases import Phrases
from shared.models.content import Section
from shared.models.research import Source
from shared.models.specification import normalise
from shared.security.sanitising import escape_prose

_MAX_MARKDOWN = 30_000
_MAX_SECTIONS = 12
_LEAST_WORDS = 100
# What begins a paragraph says what the paragraph is about.
_BEGINS_PARAGRAPH = 2.0


def write_sections(plan: Plan, proportions: Proportions, phrases: Phrases) -> list[tuple[Part, Section]]:
    """Write one section per part that can be quoted.

    A source that is not openly licensed is quoted once in the whole lesson.
    """
    briefly_quoted: set[str] = set()
    said: set[str] = set()
    sections: list[tuple[Part, Section]] = []
    for part in plan.parts[:_MAX_SECTIONS]:
        section = _section(part, proportions, briefly_quoted, said, phrases)
        if section:
            sections.append((part, section))
    return sections


def _section(
    part: Part, proportions: Proportions, briefly_quoted: set[str], said: set[str], phrases: Phrases
) -> Section | None:
    words = proportions.section_words // max(1, len(part.excerpts))
    blocks: list[tuple[Source, str]] = []
    before: Excerpt | None = None
    for excerpt in _in_reading_order(part.excerpts):
        if may_quote_at_length(excerpt.source):
            markdown = quote_excerpt(
                excerpt, part.query, max(_LEAST_WORDS, words), said, continues=_follows(excerpt, before)
            )
        elif excerpt.source.id not in briefly_quoted:
            markdown = _short_quote(excerpt, part.query)
            briefly_quoted.add(excerpt.source.id)
        else:
            markdown = ""
        before = excerpt
        if markdown:
            blocks.append((excerpt.source, markdown))
    if not blocks:
        return None
    sources = {source.id: source for source, _ in blocks}
    paragraphs: list[str] = []
    for source_id, group in groupby(blocks, key=lambda block: block[0].id):
        paragraphs.extend(markdown for _, markdown in group)
        paragraphs.append(credit(sources[source_id]))
    heading = phrases("examples_heading") if part.shows_code else part.heading
    return Section(
        heading=clean_line(heading.rstrip(" .。"), 300) or part.excerpts[0].source.id,
        markdown="\n\n".join(paragraphs)[:_MAX_MARKDOWN],
        source_ids=list(dict.fromkeys(source.id for source, _ in blocks)),
    )


def _in_reading_order(excerpts: Sequence[Excerpt]) -> list[Excerpt]:
    """Return the excerpts as they stand on their pages, the page that matches best before the others."""
    home = excerpts[0].source.id
    return sorted(excerpts, key=lambda excerpt: (excerpt.source.id != home, excerpt.order))


def _follows(excerpt: Excerpt, before: Excerpt | None) -> bool:
    """Tell whether an excerpt goes on where the one quoted before it ends."""
    return before is not None and before.source.id == excerpt.source.id and excerpt.place == before.place + 1


def quote_excerpt(
    excerpt: Excerpt, query: Sequence[str], words: int, said: set[str], *, continues: bool = False
) -> str:
    """Return a quotation of about so many words, with the first of the excerpt's examples, as Markdown.

    What the lesson has `said` already is not said again; what is said now is added.
    """
    new = _not_yet_said(excerpt.sentences, said)
    chosen = choose_window(new, query, words, continues=continues)
    reaches_end = bool(chosen) and chosen[-1] is new[-1]
    if chosen and chosen[-1].text.endswith(":") and not excerpt.examples:
        chosen = chosen[:-1]
    if not chosen:
        return ""
    said.update(normalise(sentence.text) for sentence in chosen)
    quotation = _block_quote(chosen)
    if not excerpt.examples:
        return quotation
    if not reaches_end:
        last = excerpt.sentences[-1]
        if not stands_alone(last.text) or normalise(last.text) in said:
            return quotation
        said.add(normalise(last.text))
        quotation = f"{quotation}\n>\n{_block_quote([last], after_gap=True)}"
    return f"{quotation}\n\n{show_code(excerpt.examples[0])}"


def _not_yet_said(sentences: Sequence[Sentence], said: set[str]) -> list[Sentence]:
    """Return the sentences that are new, each marked where something before it is left out."""
    new: list[Sentence] = []
    own: set[str] = set()
    gap = False
    for sentence in sentences:
        text = normalise(sentence.text)
        if text in said or text in own:
            gap = True
            continue
        new.append(replace(sentence, after_gap=sentence.after_gap or gap))
        own.add(text)
        gap = False
    return new


def choose_window(
    sentences: Sequence[Sentence], query: Sequence[str], words: int, *, continues: bool = False
) -> list[Sentence]:
    """Return neighbouring sentences, up to a number of words, that hold most of the query.

    The first one stands alone: a quotation never opens with "This" or "However", unless it continues another.
    """
    wanted = set(query)
    best: list[Sentence] = []
    best_score = -1.0
    for start, first in enumerate(sentences):
        if not stands_alone(first.text) and not (continues and start == 0):
            continue
        window: list[Sentence] = []
        budget = words
        for sentence in sentences[start:]:
            budget -= word_count(sentence.text)
            if budget < 0 and window:
                break
            window.append(sentence)
        if window[-1].text.endswith(":") and window[-1] is not sentences[-1]:
            window.pop()
        score = sum(len(wanted.intersection(sentence.tokens)) for sentence in window) + 0.1 * len(window)
        opens = start == 0 or sentences[start - 1].paragraph != first.paragraph
        score += _BEGINS_PARAGRAPH * opens
        if window and score > best_score:
            best, best_score = window, score
    return best


def _block_quote(sentences: Sequence[Sentence], *, after_gap: bool = False) -> str:
    """Return sentences as a Markdown quotation; what was left out between or before them is marked."""
    lines: list[str] = []
    was_item = False
    for _, group in groupby(sentences, key=lambda sentence: sentence.paragraph):
        members = list(group)
        is_item = members[0].is_item
        text = " ".join(
            f"{ELLIPSIS} {sentence.text}"
            if (sentence.after_gap and sentence is not sentences[0]) or after_gap
            else sentence.text
            for sentence in members
        )
        if lines and not (is_item and was_item):
            lines.append(">")
        # The mark of an omission cannot be a link: no lesson defines a target for it.
        shown = escape_prose(text).replace(f"\\[{ELLIPSIS[1:-1]}\\]", ELLIPSIS)
        lines.append(f"> {'- ' if is_item else ''}{shown}")
        was_item = is_item
    return "\n".join(lines)


def show_code(example: Example) -> str:
    """Return an example as a fenced block, named as Python only where Python accepts it."""
    language = example.language
    if language in {"python", "py", "pycon", "python3"}:
        is_valid = is_session(example.code) or compiles(example.code)
        language = ("pycon" if is_session(example.code) else "python") if is_valid else "text"
    return fence(example.code, language)


def _short_quote(excerpt: Excerpt, query: Sequence[str]) -> str:
    """Return the best sentence that any licence lets one quote, or nothing."""
    wanted = set(query)
    candidates = [
        sentence
        for sentence in excerpt.sentences
        if is_short_quote(sentence.text) and stands_alone(sentence.text) and not sentence.text.endswith(":")
    ]
    best = max(candidates, key=lambda sentence: len(wanted.intersection(sentence.tokens)), default=None)
    return _block_quote([best]) if best else ""
