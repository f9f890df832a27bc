"""The composer's rules, one by one, and that no brief can upset it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.lessons.composer import NothingToCompose, compose
from shared.lessons.composer.readable import word_count
from shared.lessons.gates import Assignment, apply_gates
from shared.lessons.phrases import all_phrases
from shared.models.content import LessonContent
from shared.models.curriculum import Tier
from shared.models.learner import LearningStyle
from shared.models.research import Brief, Passage, Source
from tests.support.lesson_briefs import PLANTS, PYTHON_LESSONS, brief, python_brief, source, specification
from tests.support.quotations import quoted_texts

LONG = (
    "Photosynthesis is a process by which plants convert light energy into chemical energy that cells "
    "can use. "
    "Plants release oxygen while they do so, and animals need that oxygen to live on the land and in the "
    "sea. "
    "The chemical energy is stored in sugar, which the plant later burns or builds into wood and leaves."
)


def test_closed_sources_are_quoted_once_with_at_most_25_words_and_a_link() -> None:
    closed = source(
        "Photosynthesis feeds nearly all life on this planet. Photosynthesis also made the air that we "
        "breathe today.",
        "Light drives photosynthesis in every green leaf of the world.",
        number=2,
        title="A shop's page",
        open_licence=False,
        url="https://shop.example/photosynthesis",
    )
    lesson = compose(
        specification(
            objectives=("Explain photosynthesis", "Say what light does"), style=LearningStyle.READING
        ),
        brief(source(LONG), closed),
    )
    of_closed = [
        text for section in lesson.sections for text in quoted_texts(section.markdown) if text not in LONG
    ]
    assert len(of_closed) == 1
    assert word_count(of_closed[0]) <= 25
    assert any("https://shop.example/photosynthesis" in section.markdown for section in lesson.sections)
    elsewhere = lesson.model_copy(update={"sections": lesson.sections[:1], "resources": []}).model_dump_json()
    assert "made the air" not in elsewhere or "made the air" in of_closed[0]
    assert not any("shop" in concept.definition for concept in lesson.key_concepts)


@pytest.mark.parametrize(("words", "is_quoted"), [(25, True), (26, False)])
def test_the_25th_word_of_a_closed_source_is_the_last(words: int, is_quoted: bool) -> None:
    sentence = f"Photosynthesis in closed words says {' '.join(['light'] * (words - 6))} here."
    assert word_count(sentence) == words
    closed = source(sentence, number=2, title="A shop's page", open_licence=False)
    lesson = compose(
        specification(objectives=("Explain photosynthesis", "Say what closed words are")),
        brief(source(LONG), closed),
    )
    assert (sentence in lesson.model_dump_json()) is is_quoted


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("no source", brief()),
        ("closed sources only", brief(source(LONG, open_licence=False))),
        (
            "nothing on the topic",
            brief(source("The stock exchange opened late on Monday. Brokers were not amused by it.")),
        ),
        ("no readable text", brief(source("foo ::= bar | baz", "| a | b |", "see section 4"))),
        ("too little", brief(source("Photosynthesis is a process in plants."))),
        ("code only", brief(source(Passage(kind="code", text="photosynthesis = 1", language="python")))),
    ],
)
def test_a_brief_that_carries_no_lesson_is_refused(what: str, found: Brief) -> None:
    with pytest.raises(NothingToCompose, match=r"^[A-Z].*\.$"):
        compose(specification(), found)


def test_an_objective_without_a_source_is_named() -> None:
    lesson = compose(specification(objectives=("Explain photosynthesis", "Repair a bicycle chain")), PLANTS)
    assert "Repair a bicycle chain" in lesson.summary
    assert len(lesson.sections) == 1


def test_dangling_references_are_cut_visibly() -> None:
    lesson = compose(specification(objectives=("Describe the light reactions",)), PLANTS)
    text = "\n".join(quoted_texts(lesson.sections[0].markdown))
    assert "release oxygen […]." in text
    assert "section 4.2" not in lesson.model_dump_json()


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_the_frame_speaks_the_learners_language_and_says_what_the_quotations_speak(language: str) -> None:
    lesson = compose(specification(language=language, objectives=("Erklären",)), PLANTS)
    names = {"de": "Englisch", "fr": "anglais", "es": "inglés"}
    assert names[language] in lesson.summary
    assert "process by which plants" in lesson.sections[0].markdown


def test_an_unknown_language_falls_back_to_english() -> None:
    assert "No language model wrote it" in compose(specification(language="eo"), PLANTS).summary


def test_all_languages_have_all_phrases() -> None:
    tables = all_phrases()
    assert {"en", "de", "fr", "es"} <= set(tables)
    for table in tables.values():
        assert set(table) == set(tables["en"])
        for key, phrase in table.items():
            assert set(_places(phrase)) == set(_places(tables["en"][key])), key


def _places(phrase: str) -> list[str]:
    return [part.split("}")[0] for part in phrase.split("{")[1:]]


def test_styles_shift_the_proportions() -> None:
    base = PYTHON_LESSONS["exceptions"]
    found = python_brief(base)
    lessons = {
        style: compose(base.model_copy(update={"style": style}), found)
        for style in (LearningStyle.HANDS_ON, LearningStyle.READING, LearningStyle.VIDEO)
    }

    def quoted(lesson: LessonContent) -> int:
        return sum(word_count(text) for section in lesson.sections for text in quoted_texts(section.markdown))

    hands_on, reading = lessons[LearningStyle.HANDS_ON], lessons[LearningStyle.READING]
    assert quoted(reading) > 1.5 * quoted(hands_on)
    assert len(hands_on.exercises) > len(reading.exercises)
    assert "no video" in lessons[LearningStyle.VIDEO].summary
    assert "no video" not in reading.summary


def test_a_session_becomes_a_prediction_with_the_session_as_its_solution() -> None:
    session = ">>> leaves = [1, 2]\n>>> leaves.append(3)\n>>> leaves\n[1, 2, 3]"
    code = Passage(kind="code", text=session)
    lesson = compose(specification(), brief(source(LONG, code)))
    exercise = lesson.exercises[0]
    assert exercise.solution == session
    assert exercise.starter_code == "leaves = [1, 2]\nleaves.append(3)\nleaves"
    assert ">>>" not in exercise.starter_code
    assert "`leaves`" in exercise.hints[-1]


def test_reading_time_is_the_texts() -> None:
    lesson = compose(specification(), PLANTS)
    assert lesson.reading_minutes == 1


lines = st.text(max_size=120)
sentences = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Photosynthesis is a process in plants.",
                "A leaf is an organ of a plant that makes food from light (see section 3).",
                "The `leaf()` call returns `None` if *light* is missing.",
                "The `pore()` call returns `True` while the `stem()` call fails.",
                "In 1950 Melvin Calvin found the cycle in the green leaf.",
                "<b>Bold</b> & [link](javascript:alert(1)) ![x](http://evil.example/x.png).",
                "光合成とは、植物が光を使う反応である。",
                "* a bullet with `code` in it.",
                "'''\"\"\"```~~~ ((( ]]] {0} {name} %s \\ \x00 \u202e",
            ]
        ),
        lines,
    ),
    min_size=1,
    max_size=6,
).map(" ".join)
codes = st.sampled_from(
    [
        ">>> 1 + 1\n2\n>>> x = 3\n>>> x\n3",
        "for i in range(10):\n    print(i)\n    total = i\n",
        "def f(:\n",
        "x ::= y",
        "let a = 1;\nlet bbbbbb = 2;\nconsole.log(a);",
        "```\n~~~\n",
        "   ",
        "\x00",
    ]
) | st.text(min_size=1, max_size=80)
passages = st.one_of(
    st.builds(Passage, heading=lines, text=sentences.filter(str.strip)),
    st.builds(
        Passage,
        kind=st.just("code"),
        heading=lines,
        text=codes.filter(str.strip),
        language=st.sampled_from(["python", "javascript", "", "x"]),
    ),
)
sources = st.builds(
    Source,
    id=st.integers(1, 999).map("s{}".format),
    origin=lines,
    title=lines,
    author=lines,
    url=st.sampled_from(
        ["https://a.example/b", "javascript:alert(1)", "", "https://[", 'http://x.example/ "><script>']
    ),
    licence=lines,
    licence_url=st.sampled_from(["https://l.example", "x"]),
    open_licence=st.booleans(),
    language=st.sampled_from(["en", "de", "ja", "x", ""]),
    retrieved_at=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    passages=st.lists(passages, min_size=1, max_size=4),
)


def numbered(items: list[Source]) -> Brief:
    """A brief of sources with ids of their own."""
    return brief(
        *(item.model_copy(update={"id": f"s{number}"}) for number, item in enumerate(items, start=1))
    )


# Half of the sources are real prose, so that arbitrary passages meet lessons that can be composed.
briefs = st.lists(sources | st.sampled_from(PLANTS.sources), max_size=5).map(numbered)
specifications = st.builds(
    specification,
    st.sampled_from(["Photosynthesis", "", "\x00", "leaf <script>"]) | lines,
    st.lists(
        st.sampled_from(["Explain photosynthesis", "light leaf", " ", "光合成"]) | lines,
        min_size=1,
        max_size=4,
    ).map(tuple),
    style=st.sampled_from(LearningStyle),
    language=st.sampled_from(["en", "de", "fr", "es", "ja", "eo"]),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(specifications, briefs)
def test_any_brief_becomes_a_valid_lesson_or_is_refused(lesson, found) -> None:  # type: ignore[no-untyped-def]
    try:
        content = compose(lesson, found)
    except NothingToCompose:
        return
    assert LessonContent.from_json(content.to_json()) == content
    content.model_dump_json().encode()
    ids = {item.id for item in found.sources}
    assert all(section.source_ids and set(section.source_ids) <= ids for section in content.sections)
    assignment = Assignment(lesson, found, Tier.EXTRACTIVE)
    judged = apply_gates(content, assignment)
    assert judged.objections or apply_gates(judged.content, assignment).content == judged.content
