"""Slow work that leaves a trace, for processes that are killed while it runs."""

import os
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def roadmap(context: df.DurableOrchestrationContext):
    """A fan-out and a child; the result shows that nothing was lost or swapped."""
    settings = context.get_input()
    steps = [context.call_activity("step", {**settings, "i": i}) for i in range(settings["n"])]
    results = yield context.task_all(steps)
    child = yield context.call_sub_orchestrator("finish", settings)
    return [results, child]


@app.orchestration_trigger(context_name="context")
def finish(context: df.DurableOrchestrationContext):
    result = yield context.call_activity("step", {**context.get_input(), "i": 100})
    return result


@app.orchestration_trigger(context_name="context")
def reports_failure(context: df.DurableOrchestrationContext):
    try:
        yield context.call_activity("step", {**context.get_input(), "i": 0})
    except Exception as error:
        return str(error).split(" \n ")[0]


@app.orchestration_trigger(context_name="context")
def blocks_in_orchestrator(context: df.DurableOrchestrationContext):
    """Wrong, but a way to die within a turn: the orchestrator itself takes time once."""
    marker = context.get_input()
    if not os.path.exists(marker):  # noqa: PTH110
        with open(marker, "w"):  # noqa: PTH123
            time.sleep(30)
    result = yield context.call_activity("step", {"i": 1, "seconds": 0})
    return result


@app.activity_trigger(input_name="payload")
def step(payload: dict) -> int:
    _note(payload, "start")
    time.sleep(payload["seconds"])
    _note(payload, "end")
    return payload["i"]


def _note(payload: dict, what: str) -> None:
    if "log" in payload:
        with open(payload["log"], "a") as log:  # noqa: PTH123
            log.write(f"{what} {payload['i']} {os.getpid()}\n")
