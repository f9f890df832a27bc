"""The typed inputs of activities: ids, attempts, and which provider's turn it is. Never bodies."""

from __future__ import annotations

from pydantic import Field

from shared.models.base import Model
from shared.models.library import ProviderFallback


class RoadmapAttempt(Model):
    """One attempt of a roadmap; whatever runs for an older one may no longer write."""

    user_id: str
    roadmap_id: str
    attempt: int = Field(ge=1)


class ProviderTurn(Model):
    """Whose turn it is in the chain (None: the first), who was tried before, and a place in a queue."""

    provider: str | None = None
    fallbacks: list[ProviderFallback] = Field(default_factory=list)
    reservation: str | None = None


class InterpretInput(RoadmapAttempt, ProviderTurn):
    """Input of `interpret_goal`."""


class PlanInput(RoadmapAttempt, ProviderTurn):
    """Input of `plan_roadmap`."""


class OutlineInput(RoadmapAttempt, ProviderTurn):
    """Input of `outline_module`."""

    module_id: str


class FinishInput(RoadmapAttempt):
    """Input of `finish_roadmap`: the code of a failed plan, or the codes of failed modules by their ids."""

    failure: str | None = None
    module_failures: dict[str, str] = Field(default_factory=dict)


class Generation(Model):
    """One generation of a shared lesson."""

    lesson_key: str
    generation: int = Field(ge=1)


class ResearchInput(Generation):
    """Input of `research_lesson`; `owner` is who will hold the lease: the orchestration's instance id."""

    owner: str


class WriteInput(ResearchInput, ProviderTurn):
    """Input of `write_lesson`; `token` is the fencing token that `research_lesson` was given."""

    token: int


class FailInput(Generation):
    """Input of `fail_lesson`."""

    failure: str


class RemovalInput(Model):
    """Input of `remove_learner` and `finish_removal`; `last` asks for the last sweep."""

    user_id: str
    attempt: int = Field(ge=1)
    last: bool = False


class BatchInput(Model):
    """Input of `advance_batch`: one attempt of a batch."""

    user_id: str
    batch_id: str
    attempt: int = Field(ge=1)
