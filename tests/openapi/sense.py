"""What a schema cannot say: why a request that fits its description is still refused with a 422."""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.function_table import api_description

_MISSING = "is missing here and in the profile"
# Blanks are stripped before anything is counted.
_NAMES_NOTHING = (
    "must ",
    "Say what you want to learn",
    "String should have at least 1 character",
    "Field required",
    "is refused",
)
# By operation and field, how the reason begins. Every list refuses a continuation that it has not given out.
_REASONS: dict[str, dict[str, tuple[str, ...]]] = {
    "create_lesson_task": {"subject": _NAMES_NOTHING, "topic": _NAMES_NOTHING},
    "create_roadmap": {
        "goal": _NAMES_NOTHING,
        "subject": _NAMES_NOTHING,
        "focus": _NAMES_NOTHING,
        "skill_level": (_MISSING,),
        "weekly_hours": (_MISSING,),
        "learning_style": (_MISSING,),
        "time_commitment": ("must ",),
    },
    "generate_lesson_content": {"user_id": ("must be 1 to 128 printable characters",)},
    "get_topic_lesson": {"subject": _NAMES_NOTHING, "topic": _NAMES_NOTHING},
    "get_topic_lesson_by_query": {"subject": _NAMES_NOTHING, "topic": _NAMES_NOTHING},
    "look_up_lesson": {"subject": _NAMES_NOTHING, "step_title": _NAMES_NOTHING},
    "put_lesson_progress": {"quiz_answers": ("must hold ",)},
    "put_profile": {"time_commitment": ("must ",)},
}
_CONTINUATION: dict[str, tuple[str, ...]] = {
    "continuation": (
        "is not one that this list has given out",
        "must be the continuation of an answer to the same request",
    )
}


def reasons() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return by operation and field how a reason begins that no schema tells."""
    found = dict(_REASONS)
    for methods in api_description()["document"]["paths"].values():
        for operation in methods.values():
            if "continuation" in {parameter["name"] for parameter in operation.get("parameters", [])}:
                found[operation["operationId"]] = _CONTINUATION
    return found


def unexplained(operation: str, errors: Iterable[dict[str, str]]) -> list[str]:
    """Return what is said of a request that fits its description, and that a schema should have told."""
    known = reasons().get(operation, {})
    return [
        f"{error['field']}: {error['message']}"
        for error in errors
        if not error["message"].startswith(known.get(error["field"], ()) or ("\0",))
    ]
