"""The activity of the batch orchestrator; it imports its input and its service when it first runs."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.clients import get_clients

blueprint = df.Blueprint()


@blueprint.activity_trigger(input_name="work")
async def advance_batch(work: dict) -> dict[str, Any]:  # type: ignore[type-arg] # the SDK cannot read dict[...]
    """Send what a batch may send to the queue; end it when nothing is left."""
    from shared.models.inputs import BatchInput
    from shared.services.batch_advance import BatchAdvance

    outcome = await BatchAdvance(get_clients()).advance(BatchInput.from_json(work))
    return outcome.to_json()
