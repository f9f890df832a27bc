"""What is wrong with a goal, subject or focus, as the problem that a caller is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from shared.errors import FieldError, Problem
from shared.planning.goals.refusal import refusal_of


def refuse_harm(**fields: str | None) -> None:
    """Raise the Problem for a plainly harmful text; it names the field, and help where someone is at risk."""
    for field, text in fields.items():
        refusal = refusal_of(text or "")
        if refusal is not None:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "goal_refused",
                refusal.message,
                (FieldError(field, "is refused", "goal_refused"),),
            )


@contextmanager
def reading(field: str) -> Iterator[None]:
    """Turn the ValueError of a text that cannot be read into the Problem that names its field."""
    try:
        yield
    except ValueError as error:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_request",
            f"{field}: {error}",
            (FieldError(field, str(error)),),
        ) from None
