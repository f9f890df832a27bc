"""What every lesson body passes before it is stored, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from shared.errors import SkillSyncError
from shared.lessons.exercise_solution import is_code
from shared.lessons.reading_time import reading_minutes
from shared.models.content import (
    Diagram,
    Exercise,
    KeyConcept,
    LessonContent,
    LessonResource,
    QuizQuestion,
    Section,
    Video,
)
from shared.models.research import Brief
from shared.models.specification import normalise
from shared.security.clean_text import clean_text
from shared.security.markdown import clean_markdown, clean_prose
from shared.security.sanitising import safe_url, url_identity

Part = TypeVar("Part")
_unsafe_diagram = re.compile(
    r"%%\s*\{|^\s*(?:click|href|call|link|links|callback)\b|://|\b(?:javascript|data|vbscript)\s*:|</?[a-z!]|@\{|^---",
    re.IGNORECASE | re.MULTILINE,
)


class NothingLeft(SkillSyncError):
    """After cleaning, the body has no summary, no objective or no section; the text names which."""


def clean_content(content: LessonContent, brief: Brief) -> LessonContent:
    """Return the body without raw HTML, unknown links, remote images, unknown sources and repeated questions.

    Raises `NothingLeft` where no lesson is left. Cleaning a clean body changes nothing.
    """
    return _Cleaner(brief).lesson(content)


class _Cleaner:
    """The cleaning of one body against one brief."""

    def __init__(self, brief: Brief) -> None:
        addresses = [url for source in brief.sources for url in (source.url, source.licence_url)]
        self._known = {identity for url in addresses if (identity := url_identity(url))}
        self._pages = {url_identity(source.url) for source in brief.sources} - {""}
        self._source_ids = {source.id for source in brief.sources}

    def lesson(self, content: LessonContent) -> LessonContent:
        """Clean every part; parts of which nothing is left go."""
        sections = _present(content.sections, self._section)
        objectives = [text for text in map(self._prose, content.objectives) if text]
        if not sections or not objectives:
            raise NothingLeft("No section is left." if not sections else "No objective is left.")
        cleaned = LessonContent(
            summary=self._prose(content.summary) or objectives[0],
            objectives=objectives,
            key_concepts=_present(content.key_concepts, self._concept),
            sections=sections,
            exercises=_present(content.exercises, self._exercise),
            quiz=_without_repetition(_present(content.quiz, self._question)),
            diagrams=_present(content.diagrams, self._diagram),
            video=self._video(content.video) if content.video else None,
            resources=self._resources(content.resources),
        )
        return cleaned.model_copy(update={"reading_minutes": reading_minutes(cleaned)})

    def _is_known(self, url: str) -> bool:
        return url_identity(url) in self._known

    def _prose(self, text: str) -> str:
        return clean_prose(clean_text(text), self._is_known)

    def _section(self, section: Section) -> Section | None:
        heading = self._prose(section.heading)
        markdown = clean_markdown(clean_text(section.markdown), self._is_known).strip()
        if not heading or not markdown:
            return None
        known = [
            source_id for source_id in dict.fromkeys(section.source_ids) if source_id in self._source_ids
        ]
        return Section(heading=heading, markdown=markdown, source_ids=known)

    def _concept(self, concept: KeyConcept) -> KeyConcept | None:
        term, definition = self._prose(concept.term), self._prose(concept.definition)
        return KeyConcept(term=term, definition=definition) if term and definition else None

    def _exercise(self, exercise: Exercise) -> Exercise | None:
        title, task = self._prose(exercise.title), self._prose(exercise.task)
        if not title or not task:
            return None
        solution = clean_text(exercise.solution) if is_code(exercise) else self._prose(exercise.solution)
        return Exercise(
            title=title,
            task=task,
            starter_code=clean_text(exercise.starter_code),
            hints=[hint for hint in map(self._prose, exercise.hints) if hint],
            solution=solution,
            difficulty=exercise.difficulty,
        )

    def _question(self, question: QuizQuestion) -> QuizQuestion | None:
        options = [self._prose(option) for option in question.options]
        text, explanation = self._prose(question.question), self._prose(question.explanation)
        distinct = {" ".join(option.casefold().split()) for option in options}
        if not text or not explanation or "" in distinct or len(distinct) < len(options):
            return None
        return QuizQuestion(
            question=text,
            options=options,
            answer_index=question.answer_index,
            explanation=explanation,
            objective=self._prose(question.objective),
        )

    def _diagram(self, diagram: Diagram) -> Diagram | None:
        title, alt_text = self._prose(diagram.title), self._prose(diagram.alt_text)
        mermaid = clean_text(diagram.mermaid)
        if not title or not alt_text or not mermaid.strip() or _unsafe_diagram.search(mermaid):
            return None
        return Diagram(title=title, mermaid=mermaid, alt_text=alt_text)

    def _video(self, video: Video) -> Video | None:
        if url_identity(video.url) not in self._pages:
            return None
        title, channel = self._prose(video.title), self._prose(video.channel)
        if not title or not channel:
            return None
        moments = [
            moment.model_copy(update={"title": heading})
            for moment in video.key_moments
            if (heading := self._prose(moment.title))
        ]
        notes = [note for note in map(self._prose, video.study_notes) if note]
        return video.model_copy(
            update={
                "url": safe_url(video.url),
                "title": title,
                "channel": channel,
                "key_moments": moments,
                "study_notes": notes,
            }
        )

    def _resources(self, resources: list[LessonResource]) -> list[LessonResource]:
        kept: dict[str, LessonResource] = {}
        for resource in resources:
            identity, title = url_identity(resource.url), self._prose(resource.title)
            if identity in self._pages and title:
                kept.setdefault(
                    safe_url(resource.url),
                    LessonResource(title=title, url=safe_url(resource.url), kind=self._prose(resource.kind)),
                )
        return list(kept.values())


def _present(parts: list[Part], clean: Callable[[Part], Part | None]) -> list[Part]:
    return [cleaned for part in parts if (cleaned := clean(part)) is not None]


def _without_repetition(questions: list[QuizQuestion]) -> list[QuizQuestion]:
    """Drop each question whose text has been asked before."""
    return list({normalise(question.question): question for question in reversed(questions)}.values())[::-1]
