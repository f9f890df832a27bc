"""The failures that learners may read: one sentence for each code, with what to do."""

from __future__ import annotations

from shared.models.roadmap import Failure

MESSAGES = {
    "goal_refused": (
        "This goal cannot be planned. Please choose another one. If you or someone near you may be in "
        "danger, your local emergency number or a crisis line can help."
    ),
    "refused": "The language model declined to write this lesson.",
    "infrastructure": "Our system was interrupted too often. Please try again.",
    "providers_failed": "No language model gave a usable answer. Please try again later.",
    "canceled": "Writing was stopped before the lesson was ready. Ask for it again when you want it.",
    "no_sources": "No source was found that a lesson could honestly rest on. Please try again later.",
    "rejected": "A mentor has withdrawn this version of the lesson. Ask for it to have it written anew.",
    "superseded": "A newer attempt has taken over.",
    "quota_exceeded": "The lessons of the day are used up. Please ask again tomorrow.",
    "generation_off": "New lessons are switched off at the moment. Please ask again later.",
    "no_modules": "None of the modules could be outlined. Please try again.",
}


def failure(code: str) -> Failure:
    """Return what is stored and shown for a code."""
    return Failure(code=code, message=MESSAGES.get(code, MESSAGES["infrastructure"]))
