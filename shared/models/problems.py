"""The problem document (RFC 9457) that tells a caller what is wrong."""

from __future__ import annotations

from pydantic import Field

from shared.errors import FieldError, Problem
from shared.models.base import Model


class ProblemField(Model):
    """One bad field of a request."""

    field: str = Field(description="its dotted path, or the name of a parameter or header")
    message: str = Field(description="what is wrong with it, for a person")
    code: str = Field(description="what is wrong with it, for a program")

    @classmethod
    def of(cls, error: FieldError) -> ProblemField:
        """Return what a caller is told of a field."""
        return cls(field=error.field, message=error.message, code=error.code)


class ProblemDocument(Model):
    """Why a request could not be served; `code` is stable, `detail` is for a person."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemField]

    @classmethod
    def of(cls, problem: Problem) -> ProblemDocument:
        """Return the document of an error."""
        return cls(
            type=f"urn:skillsync:problem:{problem.code}",
            title=problem.status.phrase,
            status=problem.status.value,
            detail=problem.detail,
            code=problem.code,
            errors=[ProblemField.of(error) for error in problem.errors],
        )
