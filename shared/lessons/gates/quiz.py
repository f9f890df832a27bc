"""Quiz: each question has one key among distinct options, and is asked once."""

from __future__ import annotations

import re

from shared.lessons.gates.gate import Assignment, Finding, nothing, share, shortened
from shared.lessons.gates.texts import revised
from shared.models.content import LessonContent, QuizQuestion
from shared.models.specification import normalise

LETTERS = "ABCD"
_LETTERED = re.compile(r"^\(?([A-D])[).:]\s+(?=\S)")
NAMED_OPTION = re.compile(
    r"\b(?:option|answer|choice|antwort|réponse|opción|respuesta)\s*\(?([A-D])\b", re.IGNORECASE
)


def measure(content: LessonContent, _: Assignment) -> Finding:
    """Give the share of the questions that are sound and not asked before."""
    if not content.quiz:
        return nothing("The lesson holds no quiz.")
    sound = len(_sound(content.quiz))
    bad = [question for question in content.quiz if (flaw_of(question))]
    objections = tuple(f"question “{shortened(one.question)}”: {flaw_of(one)}" for one in bad)
    repeated = len(content.quiz) - sound - len(bad)
    if repeated:
        objections += (f"{repeated} questions ask what another one asks",)
    reason = f"{sound} of {len(content.quiz)} questions have one right answer and are asked once."
    return Finding(share(sound, len(content.quiz)), not objections, reason, objections)


def mend(content: LessonContent, _: Assignment) -> LessonContent:
    """Drop letters before options, then questions that are unsound or repeated; the first one stays."""
    return content.model_copy(
        update={"quiz": _sound([_without_letters(question) for question in content.quiz])}
    )


def flaw_of(question: QuizQuestion) -> str:
    """Say why a question cannot be answered fairly; empty for a sound one."""
    forms = [option_form(option) for option in question.options]
    if len(set(forms)) < len(forms) or "" in forms:
        return "two options say the same, or one says nothing"
    named = {letter.upper() for letter in NAMED_OPTION.findall(question.explanation)}
    if len(named) == 1 and named != {LETTERS[question.answer_index]}:
        return "the explanation names another option than answer_index"
    return ""


def option_form(option: str) -> str:
    """Return what two spellings of one option share; signs within stay, they matter in code."""
    return re.sub(r"(?<=[^\W\d_])[.;]+$", "", normalise(option))


def stem_form(question: str) -> str:
    """Return what two spellings of one question share."""
    return normalise(question).rstrip(" ?.!:…？。")


def _sound(questions: list[QuizQuestion]) -> list[QuizQuestion]:
    kept: dict[str, QuizQuestion] = {}
    for question in questions:
        if not flaw_of(question):
            kept.setdefault(stem_form(question.question), question)
    return list(kept.values())


def _without_letters(question: QuizQuestion) -> QuizQuestion:
    while [match[1] for option in question.options if (match := _LETTERED.match(option))] == list(LETTERS):
        shorter = revised(question, options=[_LETTERED.sub("", option) for option in question.options])
        if shorter is None:
            return question
        question = shorter
    return question
