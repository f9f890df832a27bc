"""Bodies, briefs and assignments for the tests of gates."""

from __future__ import annotations

from typing import Any

from shared.lessons.gates import Assignment
from shared.models.content import KeyConcept, LessonContent, QuizQuestion, Section
from shared.models.curriculum import Tier
from tests.support.lesson_briefs import brief, source, specification

GOOD = "https://good.example/a%20page"
FOUND = brief(source("Any text at all.", url=GOOD, title="Good"))
OBJECTIVES = ("Iterate over a list with a loop", "Stop a loop early with break")


def assignment(tier: Tier = Tier.MODEL, **changes: Any) -> Assignment:
    """What the bodies here were asked to be."""
    return Assignment(specification("Loops", OBJECTIVES, **changes), FOUND, tier)


def question(text: str = "What is it?", *options: str, key: int = 1, why: str = "Because.") -> QuizQuestion:
    """A question whose options differ unless others are given."""
    return QuizQuestion(
        question=text,
        options=list(options or ("one", "two", "three", "four")),
        answer_index=key,
        explanation=why,
    )


def body(**changes: Any) -> LessonContent:
    """A small sound lesson on loops, with changes."""
    fields: dict[str, Any] = {
        "summary": "A loop takes the items of a list one after the other, and break ends it.",
        "objectives": list(OBJECTIVES),
        "key_concepts": [KeyConcept(term="loop", definition="A statement that runs its body for each item.")],
        "sections": [
            Section(
                heading="Iterate over a list",
                markdown="The loop names each item in turn, and the body runs once for it.",
                source_ids=["s1"],
            ),
            Section(
                heading="Stop a loop early with break",
                markdown="When you have found what you wanted, there is no reason to go on.",
                source_ids=["s1"],
            ),
        ],
        "quiz": [
            question("How often does the body of a loop over a list run?", key=0),
            question("What does break do to a loop?", key=1),
            question("Which name holds the item?", key=2),
        ],
    }
    return LessonContent(**{**fields, **changes})
