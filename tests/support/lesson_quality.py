"""Measuring composed lessons: what each lesson of the built-in Python roadmap holds, as a table.

`python -m tests.support.lesson_quality [--style hands_on] [--level beginner]` prints it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.lessons.composer import compose
from shared.lessons.composer.readable import word_count
from shared.lessons.phrases import Phrases
from shared.lessons.rendering.blocks import section_parser
from shared.models.content import LessonContent
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.research import Brief
from shared.models.specification import CurriculumSpecification, LessonSpecification
from shared.planning.reference_curriculum import MODULES
from shared.research.brief import research
from shared.research.protocol import Question
from shared.research.python_reference.topics import page_url
from shared.research.sources.pydoc import PydocSource
from shared.settings import SourceSettings
from tests.support.quotations import quoted_texts

SOURCE = PydocSource(SourceSettings(name="pydoc", timeout_seconds=60))


@dataclass(frozen=True, slots=True)
class Measured:
    """One lesson, its brief, and how much of what it holds."""

    specification: LessonSpecification
    brief: Brief
    content: LessonContent
    research_seconds: float
    compose_seconds: float

    @property
    def section_words(self) -> list[int]:
        """Words that each section quotes, those of its code among them."""
        return [
            sum(map(word_count, (*quoted_texts(section.markdown), *_codes(section.markdown))))
            for section in self.content.sections
        ]

    @property
    def words(self) -> int:
        """Words quoted in all sections."""
        return sum(self.section_words)

    @property
    def own_share(self) -> float:
        """Which part of the words stands on the pages that the roadmap names for the lesson."""
        specification = self.specification
        own = OWN_PAGES[specification.curriculum.level, specification.title]
        words: Counter[bool] = Counter()
        for section in self.content.sections:
            body, *rest = section.markdown.split(_CREDIT)
            for block in rest:
                url, _, following = block.partition(">)")
                words[url.partition("](<")[2] in own] += word_count(body)
                body = following.partition("\n\n")[2]
        return words[True] / words.total()

    @property
    def code_exercises(self) -> int:
        """Exercises that rest on code of a source."""
        return sum(1 for exercise in self.content.exercises if exercise.starter_code)

    @property
    def practice(self) -> int:
        """Exercises on code: a source's, or the learner's own."""
        own = Phrases.of("en").table["own_title"].partition("{")[0]
        return self.code_exercises + sum(one.title.startswith(own) for one in self.content.exercises)

    @property
    def nodes(self) -> int:
        """Nodes of the diagrams."""
        node = re.compile(r'^ +\w+\["', re.MULTILINE)
        return sum(len(node.findall(diagram.mermaid)) for diagram in self.content.diagrams)

    def row(self) -> tuple[str, ...]:
        """The lesson's line in the table."""
        content = self.content
        passages = sum(len(source.passages) for source in self.brief.sources)
        return (
            self.specification.title[:44],
            self.specification.style.value[:8],
            str(len(self.brief.sources)),
            str(passages),
            "+".join(map(str, self.section_words)),
            str(self.words),
            str(len(content.key_concepts)),
            f"{len(content.exercises)}/{self.code_exercises}",
            str(len(content.quiz)),
            str(self.nodes),
            f"{self.own_share:.0%}",
            f"{self.research_seconds:.2f}",
            f"{self.compose_seconds:.2f}",
        )


def _codes(markdown: str) -> list[str]:
    return [token.content for token in section_parser().parse(markdown) if token.type == "fence"]


_CREDIT = "\n\n— ["
OWN_PAGES = {
    (level, lesson.title): {page_url(page) for page in lesson.pages}
    for level, modules in MODULES.items()
    for module in modules
    for lesson in module.lessons
}
LEAST_SECTIONS = 3
LEAST_SECTION_WORDS = 40
LEAST_WORDS = 250
LEAST_CONCEPTS = 3
LEAST_EXERCISES = 2
LEAST_QUESTIONS = 4
LEAST_NODES = 3


def shortcomings(lesson: Measured) -> list[str]:
    """Return what a lesson lacks of what each built-in lesson must hold; empty for a lesson worth reading."""
    content = lesson.content
    objectives = len(lesson.specification.objectives)
    least_code = min(objectives, 3) if lesson.specification.style is LearningStyle.HANDS_ON else 1
    full = sum(words >= LEAST_SECTION_WORDS for words in lesson.section_words)
    found = {
        "sections": (full, min(objectives, LEAST_SECTIONS)),
        "words": (lesson.words, LEAST_WORDS),
        "concepts": (len(content.key_concepts), LEAST_CONCEPTS),
        "exercises": (len(content.exercises), LEAST_EXERCISES),
        "exercises on code": (lesson.practice, least_code),
        "questions": (len(content.quiz), LEAST_QUESTIONS),
        "nodes of the diagram": (lesson.nodes, LEAST_NODES),
    }
    return [f"{has} {what}, not {least}" for what, (has, least) in found.items() if has < least]


HEAD = (
    *("lesson", "style", "sources", "passages", "words of sections", "words", "concepts"),
    *("exercises/code", "quiz", "nodes", "own pages", "research", "compose", "lacks"),
)


def specifications(
    levels: Sequence[SkillLevel] = tuple(SkillLevel), styles: Sequence[LearningStyle] = (LearningStyle.MIXED,)
) -> Iterator[LessonSpecification]:
    """Give the specification of every built-in lesson."""
    for level in levels:
        curriculum = CurriculumSpecification(subject="Python", level=level, language="en")
        for module in MODULES[level]:
            for lesson in module.lessons:
                for style in styles:
                    yield LessonSpecification(
                        curriculum=curriculum,
                        module_title=module.title,
                        title=lesson.title,
                        objectives=list(lesson.objectives),
                        style=style,
                    )


def brief_of(specification: LessonSpecification) -> Brief:
    """Return what research finds with no network."""
    return asyncio.run(research(Question.of(specification), [SOURCE], deadline_seconds=60))


def research_measured(specification: LessonSpecification) -> tuple[Brief, float]:
    """Return what research finds for a lesson, and the seconds it took."""
    began = time.perf_counter()
    return brief_of(specification), time.perf_counter() - began


def compose_measured(specification: LessonSpecification, brief: Brief, research_seconds: float) -> Measured:
    """Compose a lesson from a brief."""
    began = time.perf_counter()
    content = compose(specification, brief)
    return Measured(specification, brief, content, research_seconds, time.perf_counter() - began)


def measure(specification: LessonSpecification) -> Measured:
    """Research and compose one lesson."""
    return compose_measured(specification, *research_measured(specification))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", action="append", type=LearningStyle)
    parser.add_argument("--level", action="append", type=SkillLevel)
    arguments = parser.parse_args()
    styles = arguments.style or [LearningStyle.HANDS_ON, LearningStyle.READING]
    lessons = [measure(one) for one in specifications(arguments.level or tuple(SkillLevel), styles)]
    rows = [HEAD, *((*lesson.row(), "; ".join(shortcomings(lesson))) for lesson in lessons)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
