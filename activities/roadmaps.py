"""The activities of the roadmap orchestrator."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.clients import get_clients
from shared.models.inputs import FinishInput, OutlineInput, PlanInput
from shared.services.ending import RoadmapEnding
from shared.services.outlining import Outlining
from shared.services.planning import Planning

blueprint = df.Blueprint()


@blueprint.activity_trigger(input_name="work")
async def plan_roadmap(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Give a roadmap its modules."""
    outcome = await Planning(get_clients()).plan(PlanInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def outline_module(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Give one module its lesson skeletons."""
    outcome = await Outlining(get_clients()).outline(OutlineInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def finish_roadmap(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """End an attempt of a roadmap."""
    outcome = await RoadmapEnding(get_clients()).finish(FinishInput.from_json(work))
    return outcome.to_json()
