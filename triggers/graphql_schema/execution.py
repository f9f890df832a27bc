"""Executing a GraphQL request: the schema, made once, and errors as callers may see them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import strawberry
from graphql import FieldNode
from graphql import GraphQLError as ExecutionError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from shared.models.graphql import GraphQLAnswer, GraphQLError, GraphQLRequest
from triggers.answers import problem_of
from triggers.graphql_schema.arguments import as_graphql_names_it
from triggers.graphql_schema.context import Context
from triggers.graphql_schema.lessons import LessonsMutation, LessonsQuery
from triggers.graphql_schema.limits import limits
from triggers.graphql_schema.onboarding import OnboardingMutation, OnboardingQuery

ROUTE = "graphql"
NO_OPERATION = GraphQLError(
    message="The document holds no such query or mutation; name one of them, or leave operationName out.",
    extensions={"code": "invalid_request"},
)
UNREADABLE_VALUE = "A value in the document cannot be read."
# Names that the library guesses would tell the schema to who may not ask for it.
_guess = re.compile(r" ?Did you mean [^?]*\?")


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    def lessons(self) -> LessonsQuery:
        """A learner's lessons."""
        return LessonsQuery()

    @strawberry.field
    def onboarding(self) -> OnboardingQuery:
        """A learner's roadmaps."""
        return OnboardingQuery()


@strawberry.type
class Mutation:
    """What can be done."""

    @strawberry.field
    def lessons(self) -> LessonsMutation:
        """With lessons."""
        return LessonsMutation()

    @strawberry.field
    def onboarding(self) -> OnboardingMutation:
        """With roadmaps."""
        return OnboardingMutation()


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[ExecutionError], execution_context: Any = None) -> None:
        """Log nothing here: the library would log the exceptions' texts."""


@cache
def schema(*, development: bool) -> strawberry.Schema:
    """Return the schema; `development` opens introspection."""
    return _Schema(Query, Mutation, extensions=limits(development=development))


async def execute(request: GraphQLRequest, context: Context) -> GraphQLAnswer:
    """Execute one request; every error is part of the answer."""
    development = context.clients.settings.development
    try:
        result = await schema(development=development).execute(
            request.query,
            variable_values=request.variables,
            operation_name=request.operation_name,
            context_value=context,
        )
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        return GraphQLAnswer(data=None, errors=[NO_OPERATION])
    errors = [_told(error, development=development) for error in result.errors or ()]
    return GraphQLAnswer(data=result.data, errors=errors or None)


def _told(error: ExecutionError, *, development: bool) -> GraphQLError:
    """Return what a caller is told: all that is wrong with the request; of a fault, only that it is one."""
    formatted = error.formatted
    told = GraphQLError(
        message=error.message,
        locations=[{"line": place["line"], "column": place["column"]} for place in formatted["locations"]]
        if "locations" in formatted
        else None,
        path=formatted.get("path"),
    )
    if _is_of_the_request(error):
        if isinstance(error.original_error, ValueError):
            told.message = UNREADABLE_VALUE
        if not development:
            told.message = _guess.sub("", told.message)
        told.extensions = {"code": "invalid_request"}
        return told
    problem = as_graphql_names_it(problem_of(error.original_error or error, _route_of(error)))
    told.message = problem.detail
    told.extensions = {"code": problem.code, "status": problem.status.value}
    if problem.errors:
        told.extensions["errors"] = [{"field": one.field, "message": one.message} for one in problem.errors]
    return told


def _is_of_the_request(error: ExecutionError) -> bool:
    """Tell whether the engine refused a document or its variables; then no resolver was called."""
    of_engine = error.original_error is None or isinstance(error.original_error, ExecutionError)
    # An engine that cannot read a number, such as one of 5,000 digits, says so in Python's words.
    return of_engine or (error.path is None and isinstance(error.original_error, ValueError))


def _route_of(error: ExecutionError) -> str:
    """Return what is called a route in the log: the field's own name, since an alias is the caller's text."""
    names = [node.name.value for node in error.nodes or () if isinstance(node, FieldNode)]
    return "/".join([ROUTE, *names[:1]])
