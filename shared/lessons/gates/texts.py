"""Walking through a body: every text in it, and the body with every text rewritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from shared.errors import SkillSyncError
from shared.lessons.exercise_solution import is_code
from shared.models.base import Model
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
from shared.text.sentences import split_sentences

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_REMEMBERED = 256
"""Several gates read the same texts of one body; parsing them once is most of the pipeline's time."""
Rewrite = Callable[[str], str]
Part = TypeVar("Part", bound=Model)


class NothingLeft(SkillSyncError):
    """After mending, the body has no objective or no section; the text names which."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced or indented block of a section: the language that its fence names, and the code."""

    language: str
    code: str


@cache
def block_parser() -> MarkdownIt:
    """The parser that tells code from prose in sections."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


@lru_cache(maxsize=_REMEMBERED)
def code_blocks(markdown: str) -> tuple[CodeBlock, ...]:
    """Return the code blocks of a section in their order."""
    return tuple(
        CodeBlock((token.info.split() or [""])[0].casefold(), token.content)
        for token in block_parser().parse(markdown)
        if token.type in {"fence", "code_block"}
    )


@lru_cache(maxsize=_REMEMBERED)
def prose_of(markdown: str) -> tuple[str, ...]:
    """Return the paragraphs, headings and cells of a section as plain text; code, inline too, is left out."""
    found: list[str] = []
    for token in block_parser().parse(markdown):
        children = token.children or []
        text = "".join(
            " " if child.type in {"softbreak", "hardbreak"} else child.content
            for child in children
            if child.type in {"text", "softbreak", "hardbreak"}
        )
        if token.type == "inline" and text.strip():
            found.append(text.strip())
    return tuple(found)


def written(content: LessonContent) -> Iterator[tuple[str, str]]:
    """Give (where it stands, text) for every prose of a body: sections as Markdown, code not at all."""
    yield "the summary", content.summary
    for concept in content.key_concepts:
        yield f"the concept “{concept.term}”", f"{concept.term}\n{concept.definition}"
    for section in content.sections:
        yield f"the section “{section.heading}”", f"{section.heading}\n\n{section.markdown}"
    for exercise in content.exercises:
        solution = "" if is_code(exercise) else exercise.solution
        yield f"the exercise “{exercise.title}”", "\n\n".join([exercise.task, *exercise.hints, solution])
    for question in content.quiz:
        asked = [question.question, *question.options, question.explanation]
        yield f"the question “{question.question}”", "\n\n".join(asked)
    for diagram in content.diagrams:
        yield f"the diagram “{diagram.title}”", f"{diagram.title}\n\n{diagram.alt_text}"


def body_text(content: LessonContent) -> str:
    """Return what a lesson teaches as plain text: concepts and sections, with their code."""
    concepts = [f"{concept.term} {concept.definition}" for concept in content.key_concepts]
    sections = [f"{section.heading}\n{section.markdown}" for section in content.sections]
    return "\n".join([content.summary, *concepts, *sections])


def rewrite(
    content: LessonContent, *, markdown: Rewrite, prose: Rewrite, code: Rewrite = str
) -> LessonContent:
    """Return the body with every text rewritten; a part of which nothing valid is left goes.

    Raises NothingLeft where no section or no objective is left.
    """
    writer = _Writer(markdown, prose, code)
    sections = _kept(content.sections, writer.section)
    objectives = [text for objective in content.objectives if (text := prose(objective).strip())]
    if not sections or not objectives:
        raise NothingLeft("No section is left." if not sections else "No objective is left.")
    return content.model_copy(
        update={
            "summary": prose(content.summary).strip() or objectives[0],
            "objectives": objectives,
            "key_concepts": _kept(content.key_concepts, writer.concept),
            "sections": sections,
            "exercises": _kept(content.exercises, writer.exercise),
            "quiz": _kept(content.quiz, writer.question),
            "diagrams": _kept(content.diagrams, writer.diagram),
            "video": writer.video(content.video) if content.video else None,
            "resources": _kept(content.resources, writer.resource),
        }
    )


def _kept(parts: list[Part], change: Callable[[Part], Part | None]) -> list[Part]:
    return [changed for part in parts if (changed := change(part)) is not None]


@dataclass(frozen=True, slots=True)
class _Writer:
    """The rewriting of each kind of part; None stands for a part that goes."""

    markdown: Rewrite
    prose: Rewrite
    code: Rewrite

    def section(self, section: Section) -> Section | None:
        fields = {"heading": self.prose(section.heading), "markdown": self.markdown(section.markdown)}
        return revised(section, **fields)

    def concept(self, concept: KeyConcept) -> KeyConcept | None:
        return revised(concept, term=self.prose(concept.term), definition=self.prose(concept.definition))

    def exercise(self, exercise: Exercise) -> Exercise | None:
        rewrite_solution = self.code if is_code(exercise) else self.prose
        return revised(
            exercise,
            title=self.prose(exercise.title),
            task=self.prose(exercise.task),
            starter_code=self.code(exercise.starter_code),
            hints=[text for hint in exercise.hints if (text := self.prose(hint).strip())],
            solution=rewrite_solution(exercise.solution),
        )

    def question(self, question: QuizQuestion) -> QuizQuestion | None:
        return revised(
            question,
            question=self.prose(question.question),
            options=[self.prose(option) for option in question.options],
            explanation=self.prose(question.explanation),
            objective=self.prose(question.objective),
        )

    def diagram(self, diagram: Diagram) -> Diagram | None:
        mermaid = self.code(diagram.mermaid)
        title, alt_text = self.prose(diagram.title), self.prose(diagram.alt_text)
        return revised(diagram, title=title, alt_text=alt_text, mermaid=mermaid)

    def video(self, video: Video) -> Video | None:
        moments = [
            moment.model_copy(update={"title": title})
            for moment in video.key_moments
            if (title := self.prose(moment.title).strip())
        ]
        notes = [text for note in video.study_notes if (text := self.prose(note).strip())]
        title, channel = self.prose(video.title), self.prose(video.channel)
        return revised(video, title=title, channel=channel, key_moments=moments, study_notes=notes)

    def resource(self, resource: LessonResource) -> LessonResource | None:
        return revised(resource, title=self.prose(resource.title), kind=self.prose(resource.kind))


def revised(part: Part, **fields: Any) -> Part | None:
    """Return a part with other fields, validated; None where it is no longer valid (empty, options alike)."""
    own: dict[str, Any] = {name: getattr(part, name) for name in type(part).model_fields}
    if all(own[name] == value for name, value in fields.items()):
        return part
    try:
        return type(part).model_validate({**own, **fields})
    except ValidationError:
        return None


def drop_matching(
    content: LessonContent, is_unwanted: Callable[[str], object], *, code_too: bool = False
) -> LessonContent:
    """Return the body without the sentences of prose and the paragraphs of sections that are unwanted.

    Code is left alone unless `code_too` says otherwise; then it goes as a whole. Raises NothingLeft.
    """

    def prose(text: str) -> str:
        if not is_unwanted(text):
            return text
        kept = [sentence for sentence in split_sentences(text) if not is_unwanted(sentence)]
        rest = " ".join(kept)
        return "" if is_unwanted(rest) else rest

    def markdown(text: str) -> str:
        if not is_unwanted(text):
            return text
        return drop_paragraphs(text, lambda paragraph: bool(is_unwanted(paragraph)), code_too=code_too)

    def code(text: str) -> str:
        return "" if code_too and is_unwanted(text) else text

    return rewrite(content, markdown=markdown, prose=prose, code=code)


def drop_paragraphs(markdown: str, is_unwanted: Callable[[str], bool], *, code_too: bool = False) -> str:
    """Return a section without the paragraphs, list items, rows and headings that are unwanted.

    Repeated, since what follows a removed paragraph may be read otherwise.
    """
    judged = {"inline", "fence", "code_block"} if code_too else {"inline"}
    while True:
        lines = markdown.split("\n")
        unwanted: set[int] = set()
        for token in block_parser().parse(markdown):
            if token.type in judged and token.map:
                source = "\n".join(lines[slice(*token.map)])
                if is_unwanted(token.content) or is_unwanted(source):
                    unwanted.update(range(*token.map))
        if not unwanted:
            return markdown.strip("\n")
        markdown = "\n".join(line for number, line in enumerate(lines) if number not in unwanted)
