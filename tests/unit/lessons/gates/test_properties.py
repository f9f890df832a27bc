"""Whatever a writer sends: what the gates have mended they leave alone, and nothing hostile survives."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.lessons.gates import answer_positions, apply_gates, citations, diagrams, quiz
from shared.lessons.gates.texts import code_blocks, written
from shared.lessons.mermaid import canonical
from shared.models.content import Diagram, LessonContent, QuizQuestion, Section
from shared.models.curriculum import Tier
from shared.security.inspection import inspect_markdown
from shared.security.sanitising import url_identity
from tests.mermaid.corpus import BROKEN, HOSTILE, SOUND
from tests.support.gate_bodies import GOOD, assignment, body
from tests.support.hostile import SNIPPETS, hostile

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
MODEL, QUOTING = assignment(), assignment(Tier.EXTRACTIVE)


def sections(text: str) -> LessonContent:
    """A lesson that holds a text as a section and in every plain field of its own."""
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]", " ", text).strip()[:3000] or "x"
    line = " ".join(kept.split())[:300] or "x"
    whole = body().sections[0]
    return body(summary=line, sections=[Section(heading=line, markdown=kept, source_ids=["s1"]), whole])


@MANY
@given(hostile)
@example("\n\n".join(SNIPPETS))
def test_no_hostile_address_survives_and_mending_is_final(text: str) -> None:
    judged = apply_gates(sections(text), QUOTING)
    if judged.objections:
        return
    for _, prose in written(judged.content):
        found = inspect_markdown(prose)
        assert found.html == found.images == 0
        assert {url_identity(link) for link in (*found.links, *found.addresses)} <= {url_identity(GOOD)}
    assert apply_gates(judged.content, QUOTING).content == judged.content


@MANY
@given(hostile)
def test_the_citation_gate_is_final_and_leaves_code_alone(text: str) -> None:
    code = re.sub(r"[`~\r\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text).strip()
    block = f"```html\n{code} http://evil.example/x\n```"
    content = body(sections=[Section(heading="One", markdown=f"See [x](http://evil.example/y).\n\n{block}")])
    mended = citations.mend(content, MODEL)
    assert code_blocks(mended.sections[0].markdown) == code_blocks(content.sections[0].markdown)
    assert mended.sections[0].markdown == f"See x.\n\n{block}"
    assert citations.mend(mended, MODEL) == mended


_options = st.lists(st.text("abAB .A)", min_size=1, max_size=6), min_size=4, max_size=4)


@st.composite
def questions(draw: st.DrawFn) -> QuizQuestion:
    text = draw(st.sampled_from(("What?", "what ?", "Why `a`?", "Why `A`?", "How", "When", "Who")))
    options = [option.strip() or "x" for option in draw(_options)]
    if len({" ".join(option.casefold().split()) for option in options}) < 4:
        options = ["one", "two", "three", "four"]
    why = draw(st.sampled_from(("Because.", "Option A is right.", "Answer C holds.")))
    return QuizQuestion(question=text, options=options, answer_index=draw(st.integers(0, 3)), explanation=why)


@MANY
@given(st.lists(questions(), min_size=1, max_size=12))
def test_the_quiz_gates_are_final_and_keep_the_right_answers(asked: list[QuizQuestion]) -> None:
    content = body(quiz=asked)
    mended = answer_positions.mend(quiz.mend(content, MODEL), MODEL)
    assert answer_positions.mend(quiz.mend(mended, MODEL), MODEL) == mended
    right = {(one.question, one.options[one.answer_index]) for one in quiz.mend(content, MODEL).quiz}
    assert {(one.question, one.options[one.answer_index]) for one in mended.quiz} == right
    assert quiz.measure(mended, MODEL).figure in {1.0, None}
    assert len({quiz.stem_form(one.question) for one in mended.quiz}) == len(mended.quiz)


_lines = st.sampled_from([line for raw in (*SOUND, *BROKEN, *HOSTILE) for line in raw.split("\n")])
_noise = st.text(alphabet='ABab01 -=>.<|[](){}"#;:%&@/\\~^x\n', max_size=30)


@MANY
@given(
    st.lists(_lines | _noise, min_size=1, max_size=7).map("\n".join), st.sampled_from(("", "flowchart TD\n"))
)
@example("\n".join(HOSTILE), "")
def test_the_diagram_gate_is_final_and_nothing_hostile_survives(text: str, header: str) -> None:
    written_anew = canonical(header + text)
    if written_anew is None:
        return
    assert canonical(written_anew) == written_anew
    assert not re.search(r"://|www\.|javascript:|<[a-z!/]|%%|@\{", written_anew, re.IGNORECASE)
    lines = written_anew.split("\n")[1:]
    assert not any(re.match(r" *(?:click|href|link|style|classDef|linkStyle)\b", line) for line in lines)
    content = body(diagrams=[Diagram(title="D", mermaid=written_anew, alt_text="D.")])
    assert diagrams.mend(content, MODEL) == content
