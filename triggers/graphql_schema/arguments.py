"""From GraphQL arguments to checked values, in the names that the caller used."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from typing import Any, TypeVar

import strawberry
from pydantic import BaseModel
from strawberry.utils.str_converters import to_camel_case

from shared.errors import Problem
from shared.models.validation import validated
from shared.services.roadmaps import not_found

M = TypeVar("M", bound=BaseModel)


def given(argument: Any) -> dict[str, Any]:
    """Return the fields of an input that the caller gave."""
    values = {field.name: getattr(argument, field.name) for field in fields(argument)}
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}


def wanted(model: type[M], data: dict[str, Any]) -> M:
    """Validate arguments; raises a 422 Problem that names every bad one as GraphQL does."""
    try:
        return validated(model, data)
    except Problem as problem:
        errors = tuple(replace(error, field=to_camel_case(error.field)) for error in problem.errors)
        names = ", ".join(dict.fromkeys(error.field for error in errors))
        raise replace(problem, detail=f"These fields are wrong: {names}.", errors=errors) from None


def known_id(value: str, thing: str) -> str:
    """Return an id in the form of the documents; whatever is no UUID is unknown, as in a path."""
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise not_found(thing) from None
