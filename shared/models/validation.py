"""From pydantic's findings to the fields that a caller can mend."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.errors import FieldError, Problem

M = TypeVar("M", bound=BaseModel)

MAX_REPORTED = 50


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """Return one entry for each bad field: its dotted path, what is wrong, pydantic's stable code."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MAX_REPORTED]
    return tuple(
        FieldError(
            ".".join(str(part) for part in entry["loc"]) or "body",
            entry["msg"].removeprefix("Value error, "),
            entry["type"],
        )
        for entry in found
    )


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
