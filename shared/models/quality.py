"""What the gates found in a lesson's body: the figures that are stored with it and shown to learners."""

from __future__ import annotations

from pydantic import Field

from shared.models.base import Model


class GateFigure(Model):
    """What one gate found, before and after it mended what it could.

    A share is 1.0 at best, a count 0 at best. `None` says that there was nothing to measure.
    """

    gate: str
    unit: str = Field(description="share (0 to 1), count, or score (a reading ease of 0 to 100)")
    found: float | None = Field(description="in the body as it was written")
    figure: float | None = Field(description="in the body as it is stored")
    passed: bool
    reason: str = Field(description="the figure in words")


class Quality(Model):
    """The figures of all gates, in the order in which they were applied."""

    gates: list[GateFigure] = Field(default_factory=list)

    @property
    def measured(self) -> list[GateFigure]:
        """The gates that had something to measure."""
        return [gate for gate in self.gates if gate.figure is not None]

    @property
    def not_passed(self) -> list[GateFigure]:
        """The gates whose figure is below what a good lesson reaches."""
        return [gate for gate in self.measured if not gate.passed]
