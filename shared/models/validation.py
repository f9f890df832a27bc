"""From bytes to checked values, and from pydantic's findings to the fields that a caller can mend."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

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


def parsed_json(raw: bytes) -> Any:
    """Return the JSON value that some bytes hold; raises a 400 Problem that says why they hold none."""
    try:
        if raw.strip(b" \t\r\n"):
            return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        detail = "is empty; send a JSON object"
    except RecursionError:
        detail = "is nested too deeply"
    except UnicodeDecodeError:
        detail = "is not UTF-8 text"
    except ValueError as error:
        detail = (
            "begins with a byte order mark" if raw.startswith(BOM_UTF8) else f"is not valid JSON: {error}"
        )
    raise Problem(
        HTTPStatus.BAD_REQUEST, "invalid_json", f"The body {detail}.", (FieldError("body", detail),)
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
