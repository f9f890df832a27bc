"""The activities of the lesson orchestrator.

Each imports its input and its service when it first runs: a process that only answers HTTP never pays for
them.
"""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.clients import get_clients

blueprint = df.Blueprint()


@blueprint.activity_trigger(input_name="work")
async def research_lesson(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Take the lease of a generation and find its sources."""
    from shared.models.inputs import ResearchInput
    from shared.services.researching import Researching

    outcome = await Researching(get_clients()).research(ResearchInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def write_lesson(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Take one turn at writing the body, and publish it."""
    from shared.models.inputs import WriteInput
    from shared.services.writing import Writing

    outcome = await Writing(get_clients()).write(WriteInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def fail_lesson(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """End a generation as failed."""
    from shared.models.inputs import FailInput
    from shared.services.ending import GenerationEnding

    outcome = await GenerationEnding(get_clients()).fail(FailInput.from_json(work))
    return outcome.to_json()
