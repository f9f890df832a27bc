"""A whole curriculum as the app itself can make it: the plan and every module's lessons at once."""

from __future__ import annotations

from dataclasses import dataclass

from shared.models.curriculum import CurriculumPlan, ModuleOutline, Tier


@dataclass(frozen=True, slots=True)
class PlannedCurriculum:
    """A plan, one outline for each of its modules in their order, and what it honestly is."""

    tier: Tier
    note: str
    plan: CurriculumPlan
    outlines: tuple[ModuleOutline, ...]
