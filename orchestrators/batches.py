"""The batch orchestrator: a window over the lessons of a module, moved on until nothing is left."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from orchestrators.rounds import in_rounds
from shared.models.outcomes import Failed

blueprint = df.Blueprint()

# After so many steps the history begins anew: it must stay short, however long a batch waits.
STEPS = 12


@blueprint.orchestration_trigger(context_name="context")
def batch_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    """Advance one attempt of a batch until it has ended.

    Input: `{user_id, batch_id, attempt}`. Output: `{ended}`, or `{failure}` for an attempt that another has
    taken over. What was sent and what has ended stands in documents; the window is `advance_batch`'s.
    """
    batch: dict[str, Any] = context.get_input() or {}
    for _ in range(STEPS):
        [step] = yield from in_rounds(context, "advance_batch", [batch])
        if isinstance(step, Failed):
            if step.code == "infrastructure":
                # Raising makes the instance Failed, which the reconciler looks for.
                raise RuntimeError("the batch could not be advanced")
            return {"failure": step.code}
        if step.result["ended"]:
            return {"ended": True}
        pause = timedelta(seconds=step.result["pause"])
        yield context.create_timer(context.current_utc_datetime + pause)
    context.continue_as_new(batch)
    return {"ended": False}
