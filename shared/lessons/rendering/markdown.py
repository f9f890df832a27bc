"""A lesson as one Markdown document; solutions and answers stand at the end, so that they do not spoil."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.lessons.code import compiles, fence, is_session
from shared.lessons.exercise_solution import is_code
from shared.lessons.phrases import Phrases
from shared.lessons.rendering.facts import VersionFacts, facts_line, why_lines
from shared.models.content import Exercise, QuizQuestion, ShownContent, ShownQuestion
from shared.models.library import SourceAttribution
from shared.security.sanitising import escape_prose, safe_url

LETTERS = "ABCD"


def to_markdown(
    lesson_title: str,
    content: ShownContent,
    version_facts: VersionFacts,
    attribution: Sequence[SourceAttribution],
) -> str:
    """Return the lesson as CommonMark; text that is not Markdown in the store is escaped."""
    phrases = Phrases.of(version_facts.language)
    blocks = [
        f"# {one_line(lesson_title)}",
        "*" + " · ".join(escape_prose(fact) for fact in facts_line(version_facts, content)) + "*",
        paragraphs(content.summary),
        f"## {phrases('label_objectives')}",
        "\n".join(f"- {one_line(objective)}" for objective in content.objectives),
        *_concepts(content, phrases),
        *_sections(content, phrases),
        *_diagrams(content, phrases),
        *_video(content, phrases),
        *_exercises(content, phrases),
        *_quiz(content, phrases),
        *_answers(content, phrases),
        *_sources(content, attribution, phrases),
        *_why(version_facts, attribution, phrases),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def one_line(text: str) -> str:
    """Return plain text as Markdown on one line."""
    return escape_prose(" ".join(text.split()))


def paragraphs(text: str) -> str:
    """Return plain text as Markdown that keeps its paragraphs and line ends."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return "\n\n".join(
        "  \n".join(escape_prose(line.strip()) for line in block.split("\n") if line.strip())
        for block in blocks
    )


def code_block(code: str) -> str:
    """Return code as a fenced block that names Python where it is Python."""
    if is_session(code):
        return fence(code, "pycon")
    return fence(code, "python" if compiles(code) else "")


def answered(content: ShownContent) -> list[QuizQuestion]:
    """Return the questions whose answers may be shown: all of them, or none."""
    return [question for question in content.quiz if isinstance(question, QuizQuestion)]


def answer_of(question: QuizQuestion) -> str:
    """Return the right option with its letter."""
    return f"{LETTERS[question.answer_index]}) {question.options[question.answer_index]}"


def _concepts(content: ShownContent, phrases: Phrases) -> Iterator[str]:
    if content.key_concepts:
        yield f"## {phrases('label_concepts')}"
        yield "\n".join(
            f"- **{one_line(concept.term)}**: {one_line(concept.definition)}"
            for concept in content.key_concepts
        )


def _sections(content: ShownContent, phrases: Phrases) -> Iterator[str]:
    for section in content.sections:
        yield f"## {one_line(section.heading)}"
        yield section.markdown
        if not section.source_ids:
            yield f"*{phrases('label_unsourced')}*"


def _diagrams(content: ShownContent, phrases: Phrases) -> Iterator[str]:
    for diagram in content.diagrams:
        yield f"## {one_line(diagram.title)}"
        yield fence(diagram.mermaid, "mermaid")
        yield f"*{phrases('label_diagram')}: {one_line(diagram.alt_text)}*"


def _video(content: ShownContent, phrases: Phrases) -> Iterator[str]:
    video = content.video
    if video is None:
        return
    yield f"## {phrases('label_video')}"
    url = safe_url(video.url)
    title = f"[{one_line(video.title)}](<{url}>)" if url else one_line(video.title)
    yield f"{title} ({one_line(video.channel)}) {one_line(video.duration)}".strip()
    yield "\n".join(f"- {clock(moment.seconds)} {one_line(moment.title)}" for moment in video.key_moments)
    yield "\n".join(f"- {one_line(note)}" for note in video.study_notes)


def clock(seconds: int) -> str:
    """Return seconds as 1:02:03 or 2:03."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _exercises(content: ShownContent, phrases: Phrases) -> Iterator[str]:
    if content.exercises:
        yield f"## {phrases('label_exercises')}"
    for number, exercise in enumerate(content.exercises, start=1):
        yield f"### {number}. {one_line(exercise.title)} ({phrases(f'label_{exercise.difficulty}')})"
        yield paragraphs(exercise.task)
        if exercise.starter_code.strip():
            yield code_block(exercise.starter_code)
        yield "\n".join(
            f"- {phrases('label_hint', number=place)}: {one_line(hint)}"
            for place, hint in enumerate(exercise.hints, start=1)
        )


def _quiz(content: ShownContent, phrases: Phrases) -> Iterator[str]:
    questions: Sequence[ShownQuestion] = content.quiz
    if questions:
        yield f"## {phrases('label_quiz')}"
    for number, question in enumerate(questions, start=1):
        yield f"### {phrases('label_question', number=number)}"
        yield paragraphs(question.question)
        yield "\n".join(
            f"- {letter}) {one_line(option)}"
            for letter, option in zip(LETTERS, question.options, strict=True)
        )
    if questions and not answered(content):
        yield f"*{phrases('label_answers_later')}*"


def _answers(content: ShownContent, phrases: Phrases) -> Iterator[str]:
    """Give the solutions of the exercises and the answers of the quiz."""
    solved = [
        (number, exercise) for number, exercise in enumerate(content.exercises, start=1) if exercise.solution
    ]
    questions = answered(content)
    if solved or questions:
        yield f"## {phrases('label_solutions')}"
    for number, exercise in solved:
        yield f"### {phrases('label_exercise', number=number)}"
        yield solution_markdown(exercise)
    if questions:
        yield f"### {phrases('label_quiz')}"
        yield "\n".join(
            f"{number}. **{one_line(answer_of(question))}** {one_line(question.explanation)}"
            for number, question in enumerate(questions, start=1)
        )


def solution_markdown(exercise: Exercise) -> str:
    """Return a solution as a code block or as prose, whichever it is."""
    return code_block(exercise.solution) if is_code(exercise) else paragraphs(exercise.solution)


def _sources(
    content: ShownContent, attribution: Sequence[SourceAttribution], phrases: Phrases
) -> Iterator[str]:
    cited = {safe_url(source.url) for source in attribution}
    further = [resource for resource in content.resources if safe_url(resource.url) not in cited | {""}]
    if further:
        yield f"## {phrases('label_resources')}"
        yield "\n".join(f"- [{one_line(item.title)}](<{safe_url(item.url)}>)" for item in further)
    if attribution:
        yield f"## {phrases('label_sources')}"
        yield "\n".join(_source(source, phrases) for source in attribution)


def _why(facts: VersionFacts, attribution: Sequence[SourceAttribution], phrases: Phrases) -> Iterator[str]:
    lines = why_lines(facts, attribution)
    if lines:
        yield f"## {phrases('label_why')}"
        yield "\n".join(f"- {one_line(line)}" for line in lines)


def _source(source: SourceAttribution, phrases: Phrases) -> str:
    def linked(text: str, url: str) -> str:
        target = safe_url(url)
        return f"[{one_line(text)}](<{target}>)" if target else one_line(text)

    parts = [linked(source.title, source.url), one_line(source.author)]
    parts += [
        linked(source.licence, source.licence_url),
        phrases("label_retrieved", date=f"{source.retrieved_at:%Y-%m-%d}"),
    ]
    return "- " + ", ".join(part for part in parts if part)
