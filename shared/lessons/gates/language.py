"""Language: the lesson is written in the language that was asked for; quotations keep theirs."""

from __future__ import annotations

from shared.lessons.gates.gate import Assignment, Finding, nothing, share
from shared.lessons.gates.texts import prose_of
from shared.lessons.phrases import primary_language
from shared.models.content import LessonContent
from shared.models.curriculum import Tier
from shared.text.languages import detect_language, same_language

_ENOUGH = 0.5


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the share of the sections, questions and the summary that are in the language asked for.

    A composed lesson quotes, so the languages of its sources are right there as well, and it says so itself.
    """
    asked = primary_language(assignment.specification.curriculum.language)
    allowed = {asked}
    if assignment.tier is not Tier.MODEL:
        allowed |= {primary_language(source.language) for source in assignment.brief.sources}
    detected = [language for text in _texts(content) if (language := detect_language(text))]
    if not detected:
        return nothing("Too little text to tell its language.")
    right = sum(any(same_language(language, one) for one in allowed) for language in detected)
    figure = share(right, len(detected))
    others = sorted(
        {language for language in detected if not any(same_language(language, one) for one in allowed)}
    )
    reason = f"{right} of {len(detected)} parts are in the language asked for ({', '.join(sorted(allowed))})"
    reason += f"; the others in {', '.join(others)}." if others else "."
    objections = (f"write the lesson in the language “{asked}”; parts are in {', '.join(others)}",)
    return Finding(figure, figure >= _ENOUGH, reason, objections if figure < _ENOUGH else ())


def _texts(content: LessonContent) -> list[str]:
    """Return the longer texts of a lesson: short ones tell nothing of their language."""
    texts = [content.summary, " ".join(concept.definition for concept in content.key_concepts)]
    texts += [" ".join(prose_of(section.markdown)) for section in content.sections]
    texts += [" ".join(" ".join([one.task, *one.hints]) for one in content.exercises)]
    return [*texts, " ".join(f"{question.question} {question.explanation}" for question in content.quiz)]
