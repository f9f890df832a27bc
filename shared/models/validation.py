"""From pydantic's findings to the fields that a caller can mend."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.errors import FieldError, Problem

M = TypeVar("M", bound=BaseModel)

MAX_REPORTED = 50
# An unknown field's name is the caller's text: an answer does not grow with it.
MAX_NAME = 100

# pydantic names the class that it wanted; a caller sends JSON.
_IN_THE_CALLERS_WORDS = {"model_type": "must be a JSON object"}


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """Return one entry for each bad field: its dotted path, what is wrong, pydantic's stable code."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MAX_REPORTED]
    return tuple(
        FieldError(
            _clipped(".".join(str(part) for part in entry["loc"])) or "body",
            _IN_THE_CALLERS_WORDS.get(entry["type"], entry["msg"].removeprefix("Value error, ")),
            entry["type"],
        )
        for entry in found
    )


def _clipped(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}..."


def validated(model: type[M], data: Any) -> M:
    """Validate a request's data; raises a 422 Problem that names every bad field."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fields = field_errors(error)
        names = ", ".join(dict.fromkeys(entry.field for entry in fields))
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"These fields are wrong: {names}.", fields
        ) from None
