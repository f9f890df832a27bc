"""The removal orchestrator: a sweep, a pause in which arrives what was on its way, a last sweep, the end."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

import azure.durable_functions as df

from orchestrators.rounds import in_rounds
from shared.models.outcomes import Done, Failed

blueprint = df.Blueprint()


@blueprint.orchestration_trigger(context_name="context")
def removal_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    """Remove a learner.

    Input: `{user_id, attempt}`. Output: `{removed}`, or `{failure}` when another attempt has taken over.
    """
    attempt: dict[str, Any] = context.get_input() or {}
    [swept] = yield from in_rounds(context, "remove_learner", [attempt])
    if isinstance(swept, Failed):
        return _failed(swept)
    yield context.create_timer(datetime.fromisoformat(swept.result["until"]))
    [swept] = yield from in_rounds(context, "remove_learner", [{**attempt, "last": True}])
    if isinstance(swept, Failed):
        return _failed(swept)
    [end] = yield from in_rounds(context, "finish_removal", [attempt])
    return {"removed": end.result.get("removed", 0)} if isinstance(end, Done) else _failed(end)


def _failed(outcome: Failed) -> dict[str, Any]:
    """Return the output; raising makes the instance Failed, and the reconciler begins the removal again."""
    if outcome.retryable or outcome.code == "infrastructure":
        raise RuntimeError("the learner could not be removed")
    return {"failure": outcome.code}
