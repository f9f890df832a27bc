"""Briefs for the tests of lessons: of the documentation that Python ships, and of short texts of our own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from shared.models.learner import LearningStyle, SkillLevel
from shared.models.research import Brief, Passage, Source
from shared.models.specification import CurriculumSpecification, LessonSpecification
from shared.research.brief import research
from shared.research.protocol import Question
from shared.research.sources.pydoc import PydocSource
from shared.settings import SourceSettings

RETRIEVED = datetime(2026, 1, 2, tzinfo=UTC)


def specification(
    title: str = "Photosynthesis",
    objectives: tuple[str, ...] = ("Explain photosynthesis",),
    *,
    subject: str = "biology",
    module: str = "Plants",
    style: LearningStyle = LearningStyle.MIXED,
    language: str = "en",
) -> LessonSpecification:
    """A lesson's specification."""
    curriculum = CurriculumSpecification(subject=subject, level=SkillLevel.BEGINNER, language=language)
    return LessonSpecification(
        curriculum=curriculum, module_title=module, title=title, objectives=list(objectives), style=style
    )


def source(
    *passages: Passage | str,
    number: int = 1,
    title: str = "Photosynthesis",
    open_licence: bool = True,
    language: str = "en",
    url: str = "",
) -> Source:
    """A source of the given passages; plain strings are text."""
    return Source(
        id=f"s{number}",
        origin="wikipedia",
        title=title,
        author="Wikipedia contributors",
        url=url or f"https://en.wikipedia.org/wiki/{title.replace(' ', '_')}_{number}",
        licence="CC BY-SA 4.0",
        licence_url="https://creativecommons.org/licenses/by-sa/4.0/",
        open_licence=open_licence,
        language=language,
        retrieved_at=RETRIEVED,
        passages=[Passage(text=passage) if isinstance(passage, str) else passage for passage in passages],
    )


def brief(*sources: Source) -> Brief:
    """A brief of sources."""
    return Brief(sources=list(sources), reports=[])


PLANTS = brief(
    source(
        "Photosynthesis is a process by which plants convert light energy into chemical energy. The process "
        "takes "
        "place in the chloroplast of a cell. Chlorophyll is the green pigment that absorbs the light.",
        "The light reactions split water and release oxygen (see section 4.2). The energy is stored in "
        "molecules "
        "of ATP, which the Calvin cycle uses later. In 1954 Daniel Arnon showed this with spinach.",
        number=1,
    ),
    source(
        "A chloroplast is an organelle that carries out photosynthesis. Each chloroplast holds stacks of "
        "thylakoids, "
        "which are the place of the light reactions.",
        "The mitochondrion is an organelle that releases energy from sugar. Around 1967 Lynn Margulis argued "
        "that "
        "the organelle descends from a bacterium. Melvin Calvin mapped the carbon cycle in 1950.",
        number=2,
        title="Chloroplast",
    ),
    source(
        "A stoma is a pore in the leaf that lets carbon dioxide in. Guard cells open the pore when the "
        "membrane "
        "swells. Respiration is the process by which a cell releases the energy of sugar again. "
        "Hugo von Mohl explained in 1856 how the pressure of the sap moves the cells.",
        number=3,
        title="Leaf",
    ),
)

PYTHON_LESSONS = {
    "exceptions": specification(
        "Handling exceptions",
        (
            "Handle exceptions with try and except",
            "Raise an exception with the raise statement",
            "Clean up with finally and with context managers",
        ),
        subject="python",
        module="Errors",
    ),
    "classes": specification(
        "Defining classes",
        (
            "Define a class with methods",
            "Customise attribute access",
            "Understand inheritance and the method resolution order",
        ),
        subject="python",
        module="Object-oriented programming",
        style=LearningStyle.READING,
    ),
    "loops": specification(
        "Iterating with for loops",
        (
            "Iterate over a sequence with the for statement",
            "Leave a loop early with break and skip an item with continue",
            "Use the else clause of a loop",
        ),
        subject="python",
        module="Control flow",
        style=LearningStyle.HANDS_ON,
    ),
}


def python_brief(lesson: LessonSpecification) -> Brief:
    """What research finds for a lesson in the documentation that Python ships."""
    sources = [PydocSource(SourceSettings(name="pydoc", timeout_seconds=60))]
    return asyncio.run(research(Question.of(lesson), sources, deadline_seconds=60))
