"""What callers send in a URL's query, validated; parameters that a route does not know are ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from shared.models.base import Model

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
MAX_WAIT_SECONDS = 25


def _plain_digits(text: object) -> object:
    """Refuse what int() would accept, but no other reader of the URL: signs, blanks, foreign digits."""
    if isinstance(text, str) and not (text.isascii() and text.isdigit() and len(text) < 6):
        raise ValueError("must be a whole number in plain digits")
    return text


def _blank_is_missing(text: object) -> object:
    return text or None


PlainNumber = BeforeValidator(_plain_digits)


class Query(Model):
    """Base of all queries."""

    model_config = ConfigDict(extra="ignore")


class PageQuery(Query):
    """Which part of a list is asked for."""

    limit: Annotated[int, PlainNumber] = Field(
        default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="how many items at most"
    )
    continuation: Annotated[str | None, BeforeValidator(_blank_is_missing)] = Field(
        default=None, description="the `continuation` of the answer before; none begins at the start"
    )


class WaitQuery(Query):
    """How long a status request may wait for a change."""

    wait: Annotated[int, PlainNumber] = Field(
        default=0, ge=0, le=MAX_WAIT_SECONDS, description="seconds to wait until the status changes"
    )


class LessonQuery(Query):
    """In which format a lesson is asked for."""

    format: Literal["json", "markdown", "html"] = "json"
