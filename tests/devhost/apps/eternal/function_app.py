"""Eternal orchestrations: an endless loop of executions, each started anew by the last."""

from collections import Counter
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
CLEANUPS: Counter[str] = Counter()


@app.orchestration_trigger(context_name="context")
def periodic_cleanup(context: df.DurableOrchestrationContext):
    yield context.call_activity("do_cleanup", context.instance_id)
    next_cleanup = context.current_utc_datetime + timedelta(milliseconds=50)
    yield context.create_timer(next_cleanup)
    context.continue_as_new(None)


@app.orchestration_trigger(context_name="context")
def counter(context: df.DurableOrchestrationContext):
    """An aggregator: its state travels in the input."""
    state = context.get_input() or 0
    context.set_custom_status(state)
    operation = yield context.wait_for_external_event("operation")
    if operation == "end":
        return state
    context.continue_as_new(state + (1 if operation == "incr" else -1))


@app.orchestration_trigger(context_name="context")
def slow_counter(context: df.DurableOrchestrationContext):
    """Events that come while an activity runs, after the one that is awaited, are lost at continue-as-new."""
    state = context.get_input() or 0
    operation = yield context.wait_for_external_event("operation")
    if operation == "end":
        return state
    yield context.call_activity("do_cleanup", context.instance_id)
    context.continue_as_new(state + 1)


@app.orchestration_trigger(context_name="context")
def without_yield(context: df.DurableOrchestrationContext):
    """Continues as new without a single task, then ends."""
    if context.get_input() < 3:
        context.continue_as_new(context.get_input() + 1)
        return None
    return "done"


@app.activity_trigger(input_name="instance")
def do_cleanup(instance: str) -> None:
    CLEANUPS[instance] += 1
