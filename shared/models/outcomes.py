"""What activities return; the only thing orchestrators know of them.

An outcome holds ids and counts, never bodies. An exception is not an outcome: it means that the
infrastructure failed, and the round repeats the call.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from shared.models.base import Model, Moment


class Done(Model):
    """The step is done; `result` holds ids and counts."""

    kind: Literal["done"] = "done"
    result: dict[str, Any] = Field(default_factory=dict)


class Deferred(Model):
    """The step cannot go on before `until`; call it again then, with the same input."""

    kind: Literal["deferred"] = "deferred"
    until: Moment


class Next(Model):
    """The provider `tried` did not manage it; call again with `provider`."""

    kind: Literal["next"] = "next"
    tried: str
    provider: str
    reason: str


class Failed(Model):
    """The step failed for a reason of the business, not of the infrastructure."""

    kind: Literal["failed"] = "failed"
    code: str
    retryable: bool = False


Outcome = Annotated[Done | Deferred | Next | Failed, Field(discriminator="kind")]
OUTCOME: TypeAdapter[Done | Deferred | Next | Failed] = TypeAdapter(Outcome)
