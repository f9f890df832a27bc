"""The video of a lesson, and what is said where its captions could not be read."""

from __future__ import annotations

from typing import Literal

import pytest

from shared.lessons.video import with_video
from shared.models.content import KeyMoment, LessonContent, Section
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.research import Brief, FoundVideo
from shared.models.specification import CurriculumSpecification, LessonSpecification

CONTENT = LessonContent(
    summary="About loops.",
    objectives=["Write a loop"],
    sections=[Section(heading="Loops", markdown="A loop.")],
)


def specification(language: str) -> LessonSpecification:
    return LessonSpecification(
        curriculum=CurriculumSpecification(
            subject="Python", focus="", level=SkillLevel.BEGINNER, language=language
        ),
        module_title="Loops",
        title="The for statement",
        objectives=["Write a loop"],
        style=LearningStyle.VIDEO,
    )


def brief(captions: Literal["read", "none", "blocked"]) -> Brief:
    video = FoundVideo(
        id="abcdefghijk",
        title="Loops",
        channel="School",
        url="https://www.youtube.com/watch?v=abcdefghijk",
        duration="4:10",
        key_moments=[KeyMoment(seconds=61, title="The loop")] if captions == "read" else [],
        captions=captions,
    )
    return Brief(sources=[], reports=[], video=video)


def test_without_a_video_the_lesson_stays_as_it_is() -> None:
    assert with_video(CONTENT, specification("en"), Brief(sources=[], reports=[])) is CONTENT


def test_a_video_brings_its_moments() -> None:
    video = with_video(CONTENT, specification("en"), brief("read")).video
    assert video is not None
    assert (video.key_moments, video.study_notes) == ([KeyMoment(seconds=61, title="The loop")], [])


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja"])
@pytest.mark.parametrize("captions", ["none", "blocked"])
def test_a_lesson_says_when_captions_could_not_be_read(
    language: str, captions: Literal["none", "blocked"]
) -> None:
    video = with_video(CONTENT, specification(language), brief(captions)).video
    assert video is not None
    [note] = video.study_notes
    assert ("YouTube" in note) == (captions == "blocked")
