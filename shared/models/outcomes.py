"""What activities return; the only thing orchestrators know of them.

An outcome holds ids and counts, never bodies. An exception is not an outcome: it means that the
infrastructure failed, and the round repeats the call.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from shared.models.base import Model, Moment

WANTED = "wanted"
"""The event that tells an orchestration: what stepped aside is waited for by a learner now."""


class _Outcome(Model):
    def to_json(self) -> dict[str, Any]:
        """Return the plain JSON object; what is not said is left out, so that older code can read it."""
        return self.model_dump(mode="json", exclude_none=True)


class Skipped(Model):
    """A provider that was not even asked, and why."""

    provider: str
    reason: str


class Done(_Outcome):
    """The step is done; `result` holds ids and counts."""

    kind: Literal["done"] = "done"
    result: dict[str, Any] = Field(default_factory=dict)


class Deferred(_Outcome):
    """The step cannot go on before `until`; call it again then, with the same input and the reservation.

    A reservation is a place in a provider's queue, named `provider:id`; it lapses 30 s after `until`.
    Work that nobody waits for (`background`) may be deferred often, and goes on at once when it is wanted.
    """

    kind: Literal["deferred"] = "deferred"
    until: Moment
    reservation: str | None = None
    background: bool | None = None


class Next(_Outcome):
    """The provider `tried` did not manage it, and `skipped` ones will not; call again with `provider`."""

    kind: Literal["next"] = "next"
    tried: str
    provider: str
    reason: str
    skipped: list[Skipped] | None = None


class Failed(_Outcome):
    """The step failed for a reason of the business, not of the infrastructure."""

    kind: Literal["failed"] = "failed"
    code: str
    retryable: bool = False


Outcome = Annotated[Done | Deferred | Next | Failed, Field(discriminator="kind")]
OUTCOME: TypeAdapter[Done | Deferred | Next | Failed] = TypeAdapter(Outcome)
