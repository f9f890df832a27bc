"""From GraphQL arguments to checked values, in the names that the caller used."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from shared.errors import Problem
from shared.models.queries import PageQuery
from shared.models.validation import validated
from shared.services.roadmaps import not_found


def given(argument: Any) -> dict[str, Any]:
    """Return the fields of an input that the caller gave."""
    values = {field.name: getattr(argument, field.name) for field in fields(argument)}
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}


def as_graphql_names_it(problem: Problem) -> Problem:
    """Return a problem with its fields in the names that the caller used."""
    detail, errors = problem.detail, []
    for error in problem.errors:
        name = to_camel_case(error.field)
        detail = detail.replace(error.field, name)
        errors.append(replace(error, field=name))
    return replace(problem, detail=detail, errors=tuple(errors))


def known_id(value: str, thing: str) -> str:
    """Return an id in the form of the documents; whatever is no UUID is unknown, as in a path."""
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise not_found(thing) from None


def part(limit: int, continuation: str | None) -> PageQuery:
    """Return which part of a list is asked for; raises a 422 Problem."""
    return validated(PageQuery, {"limit": str(limit), "continuation": continuation})
