"""The lesson's opening: what it holds, what else the sources say it is about, and how it came to be."""

from __future__ import annotations

from collections.abc import Sequence

from shared.lessons.composer.concepts import Concept, read_definition
from shared.lessons.composer.matching import Plan
from shared.lessons.composer.material import Excerpt, Sentence, clean_line
from shared.lessons.composer.quoting import may_quote_at_length
from shared.lessons.composer.readable import ELLIPSIS, stands_alone, word_count
from shared.lessons.phrases import Phrases, primary_language
from shared.models.content import LessonContent
from shared.models.learner import LearningStyle
from shared.models.research import Brief
from shared.models.specification import LessonSpecification, normalise
from shared.text.queries import query_of
from shared.text.stems import search_tokens

_MOST_WORDS = 40
_NAMED_CONCEPTS = 4


def write_summary(
    specification: LessonSpecification,
    plan: Plan,
    concepts: Sequence[Concept],
    content: LessonContent,
    brief: Brief,
) -> str:
    """Say what the lesson is about and holds, name its sources, and say what it lacks.

    A quotation opens it only where no section and no key concept repeats it: a summary read twice is none.
    """
    asked = primary_language(specification.curriculum.language)
    phrases = Phrases.of(asked)
    parts: list[str] = []
    opening = opening_sentence(plan, concepts, specification.title, content)
    if opening is not None:
        excerpt, sentence = opening
        parts.append(phrases("quiz_explanation", sentence=sentence.text, title=excerpt.title))
    parts.append(_contents(concepts, content, phrases))
    used = {source_id for section in content.sections for source_id in section.source_ids}
    used.update(concept.excerpt.source.id for concept in concepts)
    used.update([opening[0].source.id] if opening else [])
    cited = [source for source in brief.sources if source.id in used]
    titles = ", ".join(dict.fromkeys(clean_line(source.title, 80) or source.id for source in cited))
    parts.append(phrases("summary_origin", sources=clean_line(titles, 600)))
    languages = dict.fromkeys(primary_language(source.language) for source in cited)
    foreign = [phrases.name_of(language) for language in languages if language != asked]
    if foreign:
        parts.append(phrases("quotes_language", language=", ".join(foreign[:5])))
    if specification.style is LearningStyle.VIDEO and brief.video is None:
        parts.append(phrases("no_video"))
    if plan.uncovered:
        named = clean_line("; ".join(text.rstrip(" .。") for text in plan.uncovered), 600)
        parts.append(phrases("not_covered", objectives=named))
    return "\n\n".join(parts)


def _contents(concepts: Sequence[Concept], content: LessonContent, phrases: Phrases) -> str:
    """Say how much the lesson holds, and on which ideas."""
    terms = ", ".join(clean_line(concept.term, 60) for concept in concepts[:_NAMED_CONCEPTS])
    counts = {
        "sections": len(content.sections),
        "exercises": len(content.exercises),
        "questions": len(content.quiz),
    }
    return phrases("summary_contents", **counts) + (phrases("summary_ideas", terms=terms) if terms else "")


def opening_sentence(
    plan: Plan, concepts: Sequence[Concept], title: str, content: LessonContent
) -> tuple[Excerpt, Sentence] | None:
    """Return what says best what the lesson is about of all that it does not quote elsewhere."""
    about = set(query_of(title))
    shown = normalise(" ".join(section.markdown.replace("\\", "") for section in content.sections))
    shown = shown.replace("> ", "")
    defined = {normalise(concept.sentence) for concept in concepts}
    candidates = [
        (excerpt, sentence)
        for excerpt in plan.ranked
        if may_quote_at_length(excerpt.source)
        for sentence in excerpt.sentences
        if _can_open(sentence)
        and about.intersection(sentence.tokens)
        and normalise(sentence.text) not in shown
        and normalise(sentence.text) not in defined
        and _defines(excerpt, sentence, about)
    ]
    return max(candidates, key=lambda candidate: _worth(candidate[1], about), default=None)


def _can_open(sentence: Sentence) -> bool:
    text = sentence.text
    return (
        stands_alone(text)
        and not text.startswith("`")
        and not text.endswith(":")
        and ELLIPSIS not in text
        and word_count(text) <= _MOST_WORDS
    )


def _defines(excerpt: Excerpt, sentence: Sentence, about: set[str]) -> bool:
    definition = read_definition(sentence, primary_language(excerpt.source.language))
    return definition is not None and bool(about.intersection(search_tokens(definition.term)))


def _worth(sentence: Sentence, about: set[str]) -> float:
    return len(about.intersection(sentence.tokens)) - 0.02 * len(sentence.tokens)
