"""The keys of shared things: one key for one meaning of the fields, and never one for two."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from shared.models.learner import LearningStyle, SkillLevel
from shared.models.specification import CurriculumSpecification, LessonSpecification, normalise

# Words that meet often, in spellings that mean the same and in ones that do not.
words = st.sampled_from(
    [
        "Python",
        "python",
        "PYTHON ",
        " python",
        "ｐｙｔｈｏｎ",
        "py thon",
        "py  thon",
        "straße",
        "STRASSE",
        "ﬁle",
        "file",
        "a|b",
        '"',
        "\\",
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
curricula = st.builds(
    CurriculumSpecification,
    subject=words,
    focus=words | st.just(""),
    level=st.sampled_from(SkillLevel),
    language=st.sampled_from(["en", "de", "de-AT", "de-at"]),
)
lessons = st.builds(
    LessonSpecification,
    curriculum=curricula,
    module_title=words,
    title=words,
    objectives=st.lists(words, min_size=1, max_size=3),
    style=st.sampled_from(LearningStyle),
)


def meaning_of(curriculum: CurriculumSpecification) -> tuple[str, ...]:
    fields = curriculum.subject, curriculum.focus, curriculum.level.value, curriculum.language.lower()
    return tuple(map(normalise, fields))


@given(curricula, curricula)
def test_curricula_share_a_key_exactly_where_they_mean_the_same(
    first: CurriculumSpecification, second: CurriculumSpecification
) -> None:
    assert (first.key == second.key) is (meaning_of(first) == meaning_of(second))
    assert re.fullmatch(r"[0-9a-f]{64}", first.key)


@given(lessons, lessons)
def test_lessons_share_a_key_exactly_where_they_mean_the_same(
    first: LessonSpecification, second: LessonSpecification
) -> None:
    def meaning(lesson: LessonSpecification) -> tuple[object, ...]:
        titles = normalise(lesson.module_title), normalise(lesson.title)
        objectives = tuple(map(normalise, lesson.objectives))
        return meaning_of(lesson.curriculum), titles, objectives, lesson.style

    assert (first.key == second.key) is (meaning(first) == meaning(second))


@given(lessons, st.data())
def test_no_word_may_move_from_one_field_to_another(lesson: LessonSpecification, data: st.DataObject) -> None:
    first, rest = data.draw(words), data.draw(words)
    together = lesson.model_copy(update={"title": f"{first} {rest}", "module_title": "M"})
    apart = lesson.model_copy(update={"title": rest, "module_title": f"M {first}"})
    if normalise(first):
        assert together.key != apart.key
    split = lesson.model_copy(update={"objectives": [first, rest]})
    joined = lesson.model_copy(update={"objectives": [f"{first} {rest}"]})
    assert split.key != joined.key


@given(lessons)
def test_spelling_and_storage_make_no_other_key(lesson: LessonSpecification) -> None:
    assert LessonSpecification.from_json(lesson.to_json()).key == lesson.key
    spaced = lesson.model_copy(update={"title": f"  {lesson.title.upper()}\n"})
    if normalise(spaced.title) == normalise(lesson.title):
        assert spaced.key == lesson.key


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@example("ŉ")
@example("ᾷ")
@example("İ")
@example("\u03aa\u0301")
@example("\u1fb4\u0323")
def test_what_is_normalised_stays_so(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_signs_that_fold_apart_are_put_together_again() -> None:
    assert normalise("ΜΑ\u03aa\u0301ΟΥ") == normalise("μα\u0390ου")
