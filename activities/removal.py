"""The activities of the removal orchestrator.

Each imports its input and its service when it first runs: a process that only answers HTTP never pays for
them.
"""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.clients import get_clients
from shared.orchestrations import Orchestrations

blueprint = df.Blueprint()


@blueprint.activity_trigger(input_name="work")
@blueprint.durable_client_input(client_name="client")
async def remove_learner(work: dict, client: df.DurableOrchestrationClient) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Stop what runs for a learner and remove what is theirs."""
    from shared.models.inputs import RemovalInput
    from shared.services.learner_sweep import LearnerSweep

    outcome = await LearnerSweep(get_clients(), Orchestrations(client)).sweep(RemovalInput.from_json(work))
    return outcome.to_json()


@blueprint.activity_trigger(input_name="work")
async def finish_removal(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Say that a learner is removed."""
    from shared.models.inputs import RemovalInput
    from shared.services.learner_sweep import RemovalEnding

    outcome = await RemovalEnding(get_clients()).finish(RemovalInput.from_json(work))
    return outcome.to_json()
