"""Each gate's figure and reason on bodies that are good and bad in one known way."""

from __future__ import annotations

import dataclasses

import pytest

from shared.lessons.gates import (
    Sibling,
    answer_positions,
    apply_gates,
    citations,
    code,
    language,
    leaks,
    objectives,
    proportions,
    quiz,
    quiz_writing,
    quotations,
    readability,
    repetition,
    schema,
    sources,
)
from shared.lessons.gates.gate import Assignment
from shared.lessons.gates.pipeline import GATES
from shared.lessons.gates.texts import prose_of
from shared.lessons.phrases import all_phrases
from shared.lessons.prompts.styles import PRACTICE_SHARES, STYLES
from shared.models.content import Diagram, Exercise, Section
from shared.models.curriculum import Tier
from shared.models.learner import LearningStyle
from shared.security.sanitising import url_identity
from tests.support.gate_bodies import FOUND, GOOD, assignment, body, question
from tests.support.lesson_briefs import brief, source

MODEL = assignment()


def section(markdown: str, heading: str = "One") -> Section:
    return Section(heading=heading, markdown=markdown, source_ids=["s1"])


def test_a_sound_body_passes_every_gate() -> None:
    judged = apply_gates(body(), MODEL)
    assert judged.objections == ()
    assert judged.quality.not_passed == [
        figure for figure in judged.quality.gates if figure.gate == "proportions"
    ]
    assert [figure.gate for figure in judged.quality.gates] == [gate.name for gate in GATES]


def test_every_gate_has_a_name_in_every_language() -> None:
    for table in all_phrases().values():
        assert all(table[f"gate_{gate.name}"] for gate in GATES)


@pytest.mark.parametrize(
    "spelling",
    [
        "HTTPS://GOOD.example/a%20page",
        "https://good.example:443/a%20page",
        "http://good.example:80/a%20page",
        "https://www.good.example/a%20page/",
        "https://good.example/a%20page#part",
        "https://good.example/%61%20page",
        "https://good.example/a%20page?",
    ],
)
def test_spellings_of_a_known_page_stay(spelling: str) -> None:
    assert url_identity(spelling) == url_identity(GOOD)
    text = f"See [the page]({spelling}) and <{spelling}>."
    assert citations.mend(body(sections=[section(text)]), MODEL).sections[0].markdown == text


@pytest.mark.parametrize(
    "other",
    [
        "https://good.example/a%20pag",
        "https://good.example/A%20page",
        "https://good.example/a%20page?x=1",
        "https://good.example:8443/a%20page",
        "https://good.example.evil.example/a%20page",
        "https://user@good.example/a%20page",
        "https://good.example/a%2520page",
        "https://good.example/a%20page/../x",
    ],
)
def test_other_pages_go(other: str) -> None:
    mended = citations.mend(body(sections=[section(f"See [the page](<{other}>).")]), MODEL)
    assert mended.sections[0].markdown == "See the page."


@pytest.mark.parametrize("label", ["http://evil.example/x", "www.evil.example", "javascript://x"])
def test_a_diagram_with_an_address_goes(label: str) -> None:
    sound = Diagram(title="D", mermaid="graph TD\n  a --> b", alt_text="D.")
    linked = Diagram(title="D", mermaid=f'graph TD\n  a["{label}"] --> b', alt_text="D.")
    content = body(diagrams=[sound, linked])
    assert not citations.measure(content, MODEL).passed
    assert citations.mend(content, MODEL).diagrams == [sound]


@pytest.mark.parametrize(
    "text",
    [
        "TODO: explain",
        "Lorem ipsum dolor",
        "[insert example here]",
        "Go to example.com now",
        "This is to be written.",
    ],
)
def test_placeholders_are_refused(text: str) -> None:
    finding = leaks.measure(body(sections=[section(text)]), MODEL)
    assert finding.figure
    assert "One" in finding.objections[0]
    in_code = body(sections=[section(f"```text\n{text}\n```\n\nUse `{text}`.")])
    assert leaks.measure(in_code, MODEL).figure == 0


def test_fences_are_closed_and_unwrapped() -> None:
    open_fence = leaks.mend(body(sections=[section("Text.\n\n```python\nx = 1")]), MODEL)
    assert open_fence.sections[0].markdown == "Text.\n\n```python\nx = 1\n```"
    wrapped = leaks.mend(body(sections=[section("```markdown\nText.\n```")]), MODEL)
    assert wrapped.sections[0].markdown == "Text."


def test_thinking_goes() -> None:
    thought = body(
        summary="<think>Is it? So be it.</think>A loop.", sections=[section("<think>Hm.\n\nStill.")]
    )
    with pytest.raises(Exception, match="No section is left"):
        leaks.mend(thought, MODEL)
    assert leaks.mend(body(summary=thought.summary), MODEL).summary == "A loop."


def test_sections_without_sources_are_counted() -> None:
    bare = [Section(heading="One", markdown="Text."), section("Text.", "Two")]
    assert sources.measure(body(sections=bare), MODEL).figure == 0.5
    assert sources.measure(body(sections=bare[:1]), MODEL).objections
    none_found = FOUND.model_copy(update={"sources": []})
    without = Assignment(MODEL.specification, none_found, Tier.MODEL)
    assert sources.measure(body(), without).figure == 0.0
    assert sources.measure(body(sections=bare[:1]), without).figure is None


def quoting(*closed: str, free: str = "") -> Assignment:
    """An assignment whose second source may only be quoted briefly."""
    sources = [
        source(free or "Any text.", number=1),
        *(
            source(text, number=number, open_licence=False, title=f"Blog {number}")
            for number, text in enumerate(closed, start=2)
        ),
    ]
    return Assignment(MODEL.specification, brief(*sources), Tier.MODEL)


SAID = " ".join(f"word{number}" for number in range(80)).split()


@pytest.mark.parametrize(
    ("quoted", "words"),
    [
        (["Eleven words in a row:", *SAID[:11]], 0),
        (SAID[:12], 12),
        (SAID[3:28], 25),
        (SAID[3:29], 26),
        ([*SAID[:13], "and", "then", *SAID[40:53]], 26),
        ([*SAID[:20], "again", *SAID[:20]], 20),
        ([word.upper() + "," for word in SAID[:14]], 14),
    ],
)
def test_words_of_a_closed_source_are_counted(quoted: list[str], words: int) -> None:
    found = quotations.measure(body(sections=[section(" ".join(quoted))]), quoting(" ".join(SAID)))
    assert (found.figure, found.passed) == (words, words <= 25)
    assert bool(found.objections) is (words > 25)
    if words > 25:
        assert "“Blog 2”" in found.objections[0]


def test_each_source_has_25_words_wherever_they_are_quoted() -> None:
    code = " ".join(SAID[:20])
    two = quoting(" ".join(SAID[:40]), " ".join(SAID[40:]))
    of_both = body(sections=[section(" ".join([*SAID[:20], "x", *SAID[40:60]]))])
    assert quotations.measure(of_both, two).figure == 20
    elsewhere = body(
        sections=[section(" ".join(SAID[20:40]))],
        exercises=[Exercise(title="Do it", task="Do.", starter_code=code, solution="done")],
    )
    assert quotations.measure(elsewhere, quoting(" ".join(SAID))).figure == 40


def test_what_an_open_source_says_too_may_be_quoted() -> None:
    text = " ".join(SAID)
    assert quotations.measure(body(sections=[section(text)]), quoting(text, free=text)).figure == 0
    assert quotations.measure(body(sections=[section(text)]), MODEL).figure is None


def test_scripts_without_spaces_are_counted_by_signs() -> None:
    said = "写真とは光を記録して画像を作る芸術であり技術でもあると"
    said += "多くの人が考えているのでその歴史を学ぶことは大切である"
    briefly = quotations.measure(body(sections=[section(said[:24])]), quoting(said))
    assert briefly.figure == 12
    assert quotations.measure(body(sections=[section(said[:52])]), quoting(said)).figure == 26


def test_a_composed_body_that_quotes_too_much_is_refused_as_well() -> None:
    content = body(sections=[section(" ".join(SAID)), *body().sections])
    given = quoting(" ".join(SAID))
    for tier in Tier.MODEL, Tier.EXTRACTIVE:
        judged = apply_gates(content, dataclasses.replace(given, tier=tier))
        assert any("80 words are those of" in objection for objection in judged.objections), tier


@pytest.mark.parametrize(
    ("flaw", "asked"),
    [
        ("negative stem", question("Which is NOT a loop?")),
        ("negative stem", question("Welche Antwort ist nicht richtig?")),
        ("all or none of the above", question("Which?", "one", "two", "three", "All of the above")),
        (
            "longest option is the key",
            question("Which?", "one", "two, because of all that was said", "3", "4"),
        ),
        ("absolute word in a wrong option", question("Which?", "It always ends", "two", "three", "four")),
    ],
)
def test_flaws_of_questions(flaw: str, asked: object) -> None:
    found = quiz_writing.measure(body(quiz=[asked]), MODEL)
    assert f"1 {flaw}" in found.reason
    assert quiz_writing.flaws_of(question("What does `not` do?", "`all`", "two", "three", "four")) == []


def test_an_explanation_that_names_another_option_is_refused() -> None:
    wrong = question("Which?", why="Option C is right.", key=0)
    assert quiz.flaw_of(wrong)
    assert quiz.flaw_of(question("Which?", why="Option A is right.", key=0)) == ""


def test_signs_within_options_matter() -> None:
    assert quiz.flaw_of(question("Which?", "5", "5.", "`'5'`", "5.0")) == ""
    assert quiz.flaw_of(question("Which?", "A loop.", "a  loop", "x", "y"))


def test_keys_are_spread() -> None:
    same = body(quiz=[question(f"Question {number}?", key=0) for number in range(8)])
    assert answer_positions.measure(same, MODEL).figure == 0.25
    mended = answer_positions.mend(same, MODEL)
    assert answer_positions.measure(mended, MODEL).figure == 1.0
    assert all(one.options[one.answer_index] == "one" for one in mended.quiz)
    tied = body(quiz=[question(f"Q{number}?", "a", "b", "c", "Both A and B", key=0) for number in range(8)])
    assert answer_positions.mend(tied, MODEL) == tied


def test_python_compiles_and_sessions_are_checked() -> None:
    blocks = ["x = 1", "return x", "await f()", ">>> 1 + 1\n2", ">>> x ==\n3", "print 'old'", "for x in"]
    held = [code.holds(block) for block in blocks]
    assert held == [True, True, True, True, False, False, False]
    found = code.measure(
        body(sections=[section("```python\nprint 'old'\n```\n\n```rust\nfn x(\n```")]), MODEL
    )
    assert found.figure == 0
    assert "“One”" in found.objections[0]


def test_objectives_are_looked_for_in_body_and_quiz() -> None:
    elsewhere = body(sections=[section("Rain falls in spring.")], key_concepts=[], summary="Weather.")
    assert objectives.measure_taught(body(), MODEL).figure == 1.0
    assert objectives.measure_taught(elsewhere, MODEL).figure == 0.0
    assert len(objectives.measure_taught(elsewhere, MODEL).objections) == 2
    assert objectives.measure_asked(body(quiz=[question("Is it raining?")]), MODEL).figure == 0.0


def test_the_style_decides_how_much_practice_is_right() -> None:
    practice = [
        Exercise(title="Try", task="Write a loop over your own list and run it.", solution="for x in y: ...")
    ] * 6
    hands_on, reading = assignment(style=LearningStyle.HANDS_ON), assignment(style=LearningStyle.READING)
    assert proportions.measure(body(exercises=practice), hands_on).passed
    assert not proportions.measure(body(exercises=practice), reading).passed
    assert not proportions.measure(body(), hands_on).passed
    assert proportions.measure(body(), hands_on).objections


def test_prompts_and_gate_agree_on_the_proportions() -> None:
    assert "70 % of the lesson is practice" in STYLES[LearningStyle.HANDS_ON]
    assert "90 % of the lesson is connected text" in STYLES[LearningStyle.READING]
    assert "half explanation and half practice" in STYLES[LearningStyle.MIXED]
    assert PRACTICE_SHARES == {
        LearningStyle.HANDS_ON: 0.7,
        LearningStyle.VIDEO: 0.4,
        LearningStyle.READING: 0.1,
        LearningStyle.MIXED: 0.5,
    }


LONG = " ".join(f"Word number {number} stands beside its neighbour {number * 7}." for number in range(30))


def test_siblings_and_repetition() -> None:
    whole = body(sections=[section(LONG)])
    copied = Assignment(
        MODEL.specification, FOUND, Tier.MODEL, (Sibling("Twin", LONG), Sibling("Other", "x"))
    )
    assert repetition.measure_siblings(whole, MODEL).figure is None
    assert repetition.measure_siblings(whole, copied).figure == 0.0
    assert "Twin" in repetition.measure_siblings(whole, copied).objections[0]
    assert repetition.measure_within(whole, MODEL).figure == 1.0
    twice = body(sections=[section(LONG), section(f"{LONG}\n\nAnd more.", "Two")])
    assert repetition.measure_within(twice, MODEL).figure < 0.6  # type: ignore[operator]
    assert repetition.mend_within(twice, MODEL).sections[1].markdown == "And more."


def test_the_language_is_the_one_asked_for() -> None:
    german = assignment(language="de")
    assert language.measure(body(), MODEL).figure == 1.0
    assert language.measure(body(), german).figure == 0.0
    assert "“de”" in language.measure(body(), german).objections[0]
    quoted = assignment(Tier.EXTRACTIVE, language="de")
    assert language.measure(body(), quoted).passed


def test_readability_strips_code_and_knows_what_it_cannot_measure() -> None:
    easy = "The cat sat on the mat. The dog ran to the man. It was a hot day in May. " * 6
    hard = (
        "Institutional accountability necessitates comprehensive organisational transparency, "
        "notwithstanding considerable administrative complications and interdepartmental miscommunication "
    ) * 6
    assert readability.reading_ease(easy, "en") == 100.0
    assert readability.reading_ease(hard, "en") == 0.0
    assert readability.reading_ease(easy, "ja") is None
    assert readability.reading_ease("Too short.", "en") is None
    assert prose_of("Text.\n\n```\ncode\n```\n\nand `inline` more") == ("Text.", "and  more")


def test_a_body_that_lost_its_parts_is_not_whole() -> None:
    thin = body(quiz=[question()])
    assert schema.measure(thin, MODEL).objections == ("the lesson needs at least 3 sound quiz questions",)
    assert schema.measure(thin, assignment(Tier.EXTRACTIVE)).passed
