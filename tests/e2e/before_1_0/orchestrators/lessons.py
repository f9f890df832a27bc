"""The lesson orchestrator: research, then write; two hops when all goes well."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from orchestrators.rounds import in_rounds
from shared.models.outcomes import Done, Failed

blueprint = df.Blueprint()


@blueprint.orchestration_trigger(context_name="context")
def lesson_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    """Write one generation of a shared lesson.

    Input: `{lesson_key, generation}`; no learner is in it, since a generation belongs to the library. Output:
    `{version}` or `{failure}`.
    """
    generation: dict[str, Any] = context.get_input() or {}
    owner = {**generation, "owner": context.instance_id}
    [research] = yield from in_rounds(context, "research_lesson", [owner])
    written: Done | Failed = research
    if isinstance(research, Done):
        [written] = yield from in_rounds(
            context, "write_lesson", [{**owner, "token": research.result["token"]}]
        )
    if isinstance(written, Done):
        return {"version": written.result.get("version", "")}
    [end] = yield from in_rounds(context, "fail_lesson", [{**generation, "failure": written.code}])
    if isinstance(end, Failed) and end.code == "infrastructure":
        # Raising makes the instance Failed, which the reconciler looks for.
        raise RuntimeError("the failure of the lesson could not be written")
    return {"failure": written.code}
