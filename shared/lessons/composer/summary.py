"""The lesson's opening: what the sources say it is about, and plainly how the lesson came to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.lessons.composer.concepts import Concept, read_definition
from shared.lessons.composer.matching import Plan, query_of
from shared.lessons.composer.material import Excerpt, Sentence, clean_line
from shared.lessons.composer.quoting import may_quote_at_length
from shared.lessons.composer.readable import stands_alone, word_count
from shared.lessons.phrases import Phrases, primary_language
from shared.models.content import Section
from shared.models.learner import LearningStyle
from shared.models.research import Brief
from shared.models.specification import LessonSpecification
from shared.text.tokens import tokenise

_MOST_WORDS = 40
_SENTENCES = 2


def write_summary(
    specification: LessonSpecification,
    plan: Plan,
    concepts: Sequence[Concept],
    sections: Sequence[Section],
    brief: Brief,
) -> str:
    """Quote what says best what the lesson is about, name the sources, and say what the lesson lacks."""
    asked = primary_language(specification.curriculum.language)
    phrases = Phrases.of(asked)
    openings = list(opening_sentences(plan, concepts, specification.title))
    parts = [
        phrases("quiz_explanation", sentence=sentence.text, title=excerpt.title)
        for excerpt, sentence in openings
    ]
    used = {source_id for section in sections for source_id in section.source_ids}
    used.update(excerpt.source.id for excerpt, _ in openings)
    used.update(concept.excerpt.source.id for concept in concepts)
    cited = [source for source in brief.sources if source.id in used]
    titles = ", ".join(dict.fromkeys(clean_line(source.title, 80) or source.id for source in cited))
    parts.append(phrases("summary_origin", sources=clean_line(titles, 600)))
    languages = dict.fromkeys(primary_language(source.language) for source in cited)
    foreign = [phrases.name_of(language) for language in languages if language != asked]
    if foreign:
        parts.append(phrases("quotes_language", language=", ".join(foreign[:5])))
    if specification.style is LearningStyle.VIDEO:
        parts.append(phrases("no_video"))
    if plan.uncovered:
        named = clean_line("; ".join(text.rstrip(" .。") for text in plan.uncovered), 600)
        parts.append(phrases("not_covered", objectives=named))
    return "\n\n".join(parts)


def opening_sentences(
    plan: Plan, concepts: Sequence[Concept], title: str
) -> Iterator[tuple[Excerpt, Sentence]]:
    """Give up to two sentences that say what the lesson is about, the second for what the first lacks."""
    about = set(query_of(title))
    wanted = about | {token for objective in plan.objectives for token in query_of(objective)}
    excerpts = {
        excerpt.order: excerpt
        for excerpt in (
            *(excerpt for part in plan.parts for excerpt in part.excerpts),
            *(concept.excerpt for concept in concepts),
        )
        if may_quote_at_length(excerpt.source)
    }
    candidates = [
        (excerpt, sentence)
        for _, excerpt in sorted(excerpts.items())
        for sentence in excerpt.sentences
        if _can_open(sentence)
    ]
    for _ in range(_SENTENCES):
        if not candidates:
            return
        best = max(candidates, key=lambda candidate: _worth(*candidate, wanted=wanted, about=about))
        yield best
        said = set(best[1].tokens)
        wanted, about = wanted - said, about - said
        candidates = [
            candidate
            for candidate in candidates
            if candidate[0] is not best[0] and wanted.intersection(candidate[1].tokens)
        ]


def _can_open(sentence: Sentence) -> bool:
    text = sentence.text
    return (
        stands_alone(text)
        and not text.startswith("`")
        and not text.endswith(":")
        and word_count(text) <= _MOST_WORDS
    )


def _worth(excerpt: Excerpt, sentence: Sentence, *, wanted: set[str], about: set[str]) -> float:
    """Rate a sentence as an opening: a definition before one that only shares more words."""
    tokens = set(sentence.tokens)
    definition = read_definition(sentence, primary_language(excerpt.source.language))
    defines = 0.0
    if definition is not None:
        defines = 3.0 + 3.0 * bool(about.intersection(tokenise(definition.term)))
    opens = sentence is excerpt.sentences[0]
    shared = len(tokens & wanted) + 2 * len(tokens & about)
    return shared + defines * bool(shared) + 1.5 * opens - 0.02 * len(tokens)
