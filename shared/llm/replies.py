"""From a model's raw text to a validated object, or to a list of what is wrong with it.

Whatever is missing is never invented: an answer that ends before its object is closed is no answer, and
what the repairer returns must hold every word of the reply and pass the same validation as everything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.errors import ReplyError
from shared.llm.backslashes import with_meant_backslashes
from shared.llm.extraction import Candidate, find_objects
from shared.llm.repair_check import loses_words

T = TypeVar("T", bound=BaseModel)

MAX_REPLY_CHARACTERS = 400_000
MAX_REPAIRED_CHARACTERS = 100_000
"""The repairer's time grows with the square of what it is given."""
MAX_REPAIRED_NESTING = 60
"""Deep nesting is the repairer's other weakness; no schema here goes beyond ten."""
MAX_CANDIDATES = 12
MAX_ERRORS = 20


def parse_reply(text: str, model: type[T]) -> T:
    """Return the object that a reply holds; raises ReplyError with everything that is wrong."""
    if len(text) > MAX_REPLY_CHARACTERS:
        raise ReplyError((f"the reply is longer than {MAX_REPLY_CHARACTERS} characters",))
    candidates = _answers(find_objects(with_meant_backslashes(_unwrapped(text))))
    problems: tuple[str, ...] = ()
    longest = -1
    for candidate, value in _readings(candidates):
        outcome = _validated(value, model)
        if not isinstance(outcome, tuple):
            return outcome
        if len(candidate.text) > longest:
            longest, problems = len(candidate.text), outcome
    if not problems:
        what = "cannot be read as JSON" if candidates else "holds no complete JSON object"
        problems = (f"the reply {what}",)
    raise ReplyError(problems)


def _unwrapped(text: str) -> str:
    """Return the text itself, or the JSON text that was sent as one JSON string."""
    stripped = text.strip().lstrip("\ufeff")
    if not stripped.startswith('"'):
        return stripped
    try:
        inner = json.loads(stripped, strict=False)
    except (ValueError, RecursionError):
        return stripped
    return inner if isinstance(inner, str) else stripped


def _answers(found: list[Candidate]) -> list[Candidate]:
    """Keep what stands outside the thinking, else what stands in it; the longest few, the last first."""
    outside = [candidate for candidate in found if not candidate.in_thinking] or found
    longest = sorted(outside, key=lambda candidate: len(candidate.text))[-MAX_CANDIDATES:]
    kept = {id(candidate) for candidate in longest}
    return [candidate for candidate in reversed(outside) if id(candidate) in kept]


def _readings(candidates: list[Candidate]) -> Iterator[tuple[Candidate, dict[str, Any]]]:
    """Yield the objects as they stand, then the repaired ones: repairing guesses.

    Models also wrap the object in another, under its name: what is all of an object is read as well.
    """
    for candidate in candidates:
        if candidate.value is not None:
            yield from ((candidate, value) for value in _unpacked(candidate.value))
    for candidate in candidates:
        if candidate.value is None and (repaired := _repaired(candidate.text)) is not None:
            yield from ((candidate, value) for value in _unpacked(repaired))


def _unpacked(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an object, and the object that is its only field."""
    inner = list(value.values())
    return [value, inner[0]] if len(inner) == 1 and isinstance(inner[0], dict) else [value]


def _repaired(text: str) -> dict[str, Any] | None:
    if len(text) > MAX_REPAIRED_CHARACTERS or _nesting(text) > MAX_REPAIRED_NESTING:
        return None
    import json_repair  # only a broken reply pays for its import

    try:
        value = json_repair.loads(text, skip_json_loads=True)
    except Exception:  # noqa: BLE001 - a repairer that stumbles over hostile text has simply not repaired it
        return None
    return value if isinstance(value, dict) and not loses_words(text, value) else None


def _nesting(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth = max(depth - 1, 0)
    return deepest


def _validated(value: dict[str, Any], model: type[T]) -> T | tuple[str, ...]:
    """Return the validated object, or its problems; fields that nobody asked for are dropped first."""
    for _ in range(2):
        try:
            return model.model_validate(value)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
        unasked = [problem["loc"] for problem in problems if problem["type"] == "extra_forbidden"]
        if not unasked:
            break
        for location in unasked:
            _drop(value, location)
    return tuple(_in_words(problem["loc"], problem["msg"]) for problem in problems[:MAX_ERRORS])


def _drop(value: Any, location: tuple[int | str, ...]) -> None:
    for part in location[:-1]:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(value, dict):
        value.pop(location[-1], None)


def _in_words(location: tuple[int | str, ...], message: str) -> str:
    return (
        f"{'.'.join(str(part) for part in location) or 'the object'}: {message.removeprefix('Value error, ')}"
    )
