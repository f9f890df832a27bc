"""From a specification and a brief to a lesson, deterministically and without a model."""

from __future__ import annotations

from collections.abc import Sequence

from shared.lessons.composer.concepts import Concept, find_concepts
from shared.lessons.composer.diagram import draw_diagram
from shared.lessons.composer.errors import NothingToCompose
from shared.lessons.composer.exercises import write_exercises
from shared.lessons.composer.matching import Plan, make_plan
from shared.lessons.composer.material import Excerpt, clean_line, read_brief
from shared.lessons.composer.quiz import write_quiz
from shared.lessons.composer.quoting import may_quote_at_length
from shared.lessons.composer.readable import word_count
from shared.lessons.composer.sections import write_sections
from shared.lessons.composer.styles import proportions_of
from shared.lessons.composer.suitability import suitable
from shared.lessons.composer.summary import write_summary
from shared.lessons.phrases import Phrases
from shared.lessons.reading_time import reading_minutes
from shared.models.content import KeyConcept, LessonContent, LessonResource
from shared.models.research import Brief
from shared.models.specification import LessonSpecification
from shared.security.sanitising import safe_url
from shared.text.queries import query_of

_LEAST_WORDS = 40
_FEW_CONCEPTS = 3


def compose(specification: LessonSpecification, brief: Brief) -> LessonContent:
    """Compose a lesson from the brief's own words; raise `NothingToCompose` where they carry none."""
    phrases = Phrases.of(specification.curriculum.language)
    proportions = proportions_of(specification.style)
    excerpts = suitable(read_brief(brief), specification)
    plan = make_plan(specification, excerpts, proportions)
    _refuse_too_little(plan, excerpts)
    written = write_sections(plan, proportions, phrases)
    if not written:
        raise NothingToCompose("No source says anything that can be quoted on this lesson's objectives.")
    plan = plan.narrowed_to([part for part, _ in written])
    sections = [section for _, section in written]
    title = clean_line(specification.title) or plan.objectives[0]
    wanted = [token for objective in plan.objectives for token in query_of(objective)]
    concepts = _concepts(plan, [*wanted, *query_of(title)], proportions.concepts)
    diagram = draw_diagram(title, plan.parts, concepts, phrases)
    content = LessonContent(
        summary=title,
        objectives=[clean_line(objective, 400) for objective in plan.objectives][:10],
        key_concepts=[_key_concept(concept, phrases) for concept in concepts],
        sections=sections,
        exercises=write_exercises(plan, concepts, proportions, phrases),
        quiz=write_quiz(plan, excerpts, concepts, phrases, proportions.questions),
        diagrams=[diagram] if diagram else [],
        resources=_resources(brief),
    )
    summary = write_summary(specification, plan, concepts, content, brief)
    content = content.model_copy(update={"summary": summary})
    return content.model_copy(update={"reading_minutes": reading_minutes(content)})


def _concepts(plan: Plan, wanted: Sequence[str], limit: int) -> list[Concept]:
    """Find what the quoted pages define; where that is little, what mere examples and other pages define."""
    explained = [
        excerpt
        for part in plan.parts
        if not part.shows_code
        for excerpt in part.excerpts
        if not excerpt.is_mere_example
    ]
    pages = {excerpt.source.id for excerpt in explained}
    near = [excerpt for excerpt in plan.ranked if excerpt.source.id in pages]
    concepts = find_concepts((*explained, *near), wanted, limit)
    if len(concepts) >= _FEW_CONCEPTS:
        return concepts
    return find_concepts((*explained, *near, *plan.taught, *plan.ranked), wanted, limit)


def _refuse_too_little(plan: Plan, excerpts: Sequence[Excerpt]) -> None:
    """Refuse a brief of which no lesson could be made that deserves the name."""
    if not plan.objectives:
        raise NothingToCompose("The lesson has neither an objective nor a title.")
    if not any(excerpt.sentences for excerpt in excerpts):
        raise NothingToCompose("The sources hold no readable text.")
    if not plan.parts:
        raise NothingToCompose("No source speaks of this lesson's objectives.")
    quotable = sum(
        word_count(sentence.text)
        for part in plan.parts
        for excerpt in part.excerpts
        if may_quote_at_length(excerpt.source)
        for sentence in excerpt.sentences
    )
    if quotable < _LEAST_WORDS:
        raise NothingToCompose("Too little of the sources may be quoted at length to carry a lesson.")


def _key_concept(concept: Concept, phrases: Phrases) -> KeyConcept:
    definition = phrases("quiz_explanation", sentence=concept.sentence, title=concept.excerpt.title)
    return KeyConcept(term=concept.term, definition=definition)


def _resources(brief: Brief) -> list[LessonResource]:
    """List the brief's pages with a usable address, each once."""
    found: dict[str, LessonResource] = {}
    for source in brief.sources:
        url = safe_url(source.url)
        if url and url not in found:
            title = clean_line(source.title) or url
            found[url] = LessonResource(title=title, url=url, kind=clean_line(source.origin, 40))
    return list(found.values())[:20]
