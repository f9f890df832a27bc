"""The built-in Python roadmap: every lesson of it can really be written from the shipped documentation."""

from __future__ import annotations

import pytest

from shared.models.curriculum import Tier
from shared.models.learner import SkillLevel
from shared.models.specification import CurriculumSpecification
from shared.planning.python_lessons.shape import ReferenceLesson, ReferenceModule
from shared.planning.reference_curriculum import MODULES, covers, reference_curriculum
from shared.research.brief import research
from shared.research.protocol import Question
from shared.research.python_reference.corpus import reference_pages
from shared.research.python_reference.topics import page_url
from shared.research.sources.pydoc import PydocSource
from shared.settings import SourceSettings

LESSONS = [
    pytest.param(module, lesson, id=f"{level}: {lesson.title}")
    for level, modules in MODULES.items()
    for module in modules
    for lesson in module.lessons
]


@pytest.mark.parametrize(("module", "lesson"), LESSONS)
async def test_every_lesson_finds_what_it_is_about(module: ReferenceModule, lesson: ReferenceLesson) -> None:
    question = Question(
        subject="Python", module_title=module.title, lesson_title=lesson.title, objectives=lesson.objectives
    )
    brief = await research(
        question, [PydocSource(SourceSettings(name="pydoc", timeout_seconds=60))], deadline_seconds=60
    )

    expected = {page_url(label) for label in lesson.pages}
    relevant = [passage for source in brief.sources if source.url in expected for passage in source.passages]
    found = [source.url for source in brief.sources]
    assert expected.intersection(found[:2]), f"the best sources are {found[:2]}"
    assert len(relevant) >= 4, f"only {len(relevant)} relevant passages in {found}"
    assert any(passage.kind == "code" for passage in relevant), f"no example in {found}"


@pytest.mark.parametrize("level", SkillLevel)
def test_the_roadmap_of_each_level_is_well_formed(level: SkillLevel) -> None:
    curriculum = reference_curriculum(level)
    assert curriculum.tier is Tier.EXTRACTIVE
    assert 6 <= len(curriculum.plan.modules) <= 10
    assert len(curriculum.outlines) == len(curriculum.plan.modules)
    titles = [lesson.title for outline in curriculum.outlines for lesson in outline.lessons]
    assert len(set(titles)) == len(titles)
    for module, outline in zip(curriculum.plan.modules, curriculum.outlines, strict=True):
        assert 2 <= len(outline.lessons) <= 5
        assert module.hours * 60 == sum(lesson.estimated_minutes for lesson in outline.lessons)
        assert module.resources
        assert all(resource.url.startswith("https://docs.python.org/3/") for resource in module.resources)


def test_the_levels_differ() -> None:
    titles = {
        level: {module.title for module in reference_curriculum(level).plan.modules} for level in SkillLevel
    }
    assert len(set.union(*titles.values())) == sum(map(len, titles.values()))


def test_the_roadmap_names_only_pages_that_exist() -> None:
    known = {page.label for page in reference_pages()}
    named = {
        label
        for modules in MODULES.values()
        for module in modules
        for lesson in module.lessons
        for label in lesson.pages
    }
    assert named <= known


@pytest.mark.parametrize(
    ("subject", "focus", "language", "covered"),
    [
        ("Python", "", "en", True),
        ("PYTHON", "", "en-GB", True),
        ("Python", "data analysis", "en", False),
        ("Python", "", "de", False),
        ("Java", "", "en", False),
    ],
)
def test_it_answers_for_python_as_such_in_english(
    subject: str, focus: str, language: str, covered: bool
) -> None:
    specification = CurriculumSpecification(
        subject=subject, focus=focus, level=SkillLevel.BEGINNER, language=language
    )
    assert covers(specification) is covered
