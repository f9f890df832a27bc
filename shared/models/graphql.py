"""What a GraphQL request and its answer look like over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from shared.models.base import Model

MAX_DOCUMENT = 20_000


class GraphQLRequest(Model):
    """The body of `POST /graphql`; `extensions`, which some clients send, are ignored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    query: Annotated[str, StringConstraints(min_length=1, max_length=MAX_DOCUMENT)]
    variables: dict[str, Any] | None = None
    operation_name: str | None = Field(default=None, alias="operationName", max_length=200)


class GraphQLError(Model):
    """One error: what is wrong, where it stands in the document, and in `extensions` its stable code."""

    message: str
    locations: list[dict[str, int]] | None = None
    path: list[str | int] | None = None
    extensions: dict[str, Any] | None = None


class GraphQLAnswer(Model):
    """The data that was asked for, null where an error stands instead."""

    data: dict[str, Any] | None
    errors: list[GraphQLError] | None = None
