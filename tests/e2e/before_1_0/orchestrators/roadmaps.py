"""The roadmap orchestrator: interpret where needed, plan, outline every module side by side, finish."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from orchestrators.rounds import in_rounds
from shared.models.outcomes import Done, Failed

blueprint = df.Blueprint()


@blueprint.orchestration_trigger(context_name="context")
def roadmap_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict[str, Any]]:
    """Take one attempt of a roadmap from a goal to lesson skeletons.

    Input: `{user_id, roadmap_id, attempt}`, and `interpret: true` where a model has still to read the goal.
    Output: `{status, modules, failed}`. A failed module never loses its siblings: `finish_roadmap` is given
    the codes of all that failed and writes the end.
    """
    attempt: dict[str, Any] = dict(context.get_input() or {})
    # Whether to interpret is told by the input: instances that were started without it go on as they began.
    if attempt.pop("interpret", False):
        [meaning] = yield from in_rounds(context, "interpret_goal", [attempt])
        if isinstance(meaning, Failed):
            [end] = yield from in_rounds(context, "finish_roadmap", [{**attempt, "failure": meaning.code}])
            return _output(end, 0, 0)

    [plan] = yield from in_rounds(context, "plan_roadmap", [attempt])
    if isinstance(plan, Failed):
        [end] = yield from in_rounds(context, "finish_roadmap", [{**attempt, "failure": plan.code}])
        return _output(end, 0, 0)

    module_ids: list[str] = plan.result["module_ids"]
    context.set_custom_status({"modules": len(module_ids)})
    outlines: list[Done | Failed] = []
    if module_ids:
        inputs = [{**attempt, "module_id": module_id} for module_id in module_ids]
        outlines = yield from in_rounds(context, "outline_module", inputs)
    failures = {
        module_id: outline.code
        for module_id, outline in zip(module_ids, outlines, strict=True)
        if isinstance(outline, Failed)
    }
    [end] = yield from in_rounds(context, "finish_roadmap", [{**attempt, "module_failures": failures}])
    return _output(end, len(module_ids), len(failures))


def _output(end: Done | Failed, modules: int, failed: int) -> dict[str, Any]:
    """Return the orchestration's output; an attempt that could not even be ended fails the instance."""
    if isinstance(end, Failed) and end.code == "infrastructure":
        # Raising makes the instance Failed, which the reconciler looks for.
        raise RuntimeError("the end of the roadmap could not be written")
    status = end.result.get("status", "") if isinstance(end, Done) else end.code
    return {"status": status, "modules": modules, "failed": failed}
