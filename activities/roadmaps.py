"""The activities of the roadmap orchestrator.

Each imports its input and its service when it first runs: a process that only answers HTTP never pays for
them.
"""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.clients import get_clients

blueprint = df.Blueprint()


@blueprint.activity_trigger(input_name="work")
async def interpret_goal(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Let a model read a goal that the app cannot read by itself."""
    from shared.models.inputs import InterpretInput
    from shared.services.interpreting import Interpreting

    outcome = await Interpreting(get_clients()).interpret(InterpretInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def plan_roadmap(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Give a roadmap its modules."""
    from shared.models.inputs import PlanInput
    from shared.services.planning import Planning

    outcome = await Planning(get_clients()).plan(PlanInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def outline_module(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Give one module its lesson skeletons."""
    from shared.models.inputs import OutlineInput
    from shared.services.outlining import Outlining

    outcome = await Outlining(get_clients()).outline(OutlineInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def finish_roadmap(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """End an attempt of a roadmap."""
    from shared.models.inputs import FinishInput
    from shared.services.ending import RoadmapEnding

    outcome = await RoadmapEnding(get_clients()).finish(FinishInput.from_json(work))
    return outcome.to_json()
