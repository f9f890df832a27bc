"""Orchestrators that are wrong, each in its own way."""

from collections import Counter

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
REPLAYS: Counter[str] = Counter()


@app.orchestration_trigger(context_name="context")
def raises_at_once(context: df.DurableOrchestrationContext):
    raise KeyError("before the first yield")
    yield


@app.orchestration_trigger(context_name="context")
def raises_without_yield(context: df.DurableOrchestrationContext):
    raise ValueError("not a generator")


@app.orchestration_trigger(context_name="context")
def yields_a_number(context: df.DurableOrchestrationContext):
    yield context.call_activity("fine", 1)
    yield 42


@app.orchestration_trigger(context_name="context")
def calls_unknown_activity(context: df.DurableOrchestrationContext):
    yield context.call_activity("no_such_activity")


@app.orchestration_trigger(context_name="context")
def calls_unknown_child(context: df.DurableOrchestrationContext):
    yield context.call_sub_orchestrator("no_such_orchestrator")


@app.orchestration_trigger(context_name="context")
def changes_its_mind(context: df.DurableOrchestrationContext):
    """Calls another activity at every replay: not deterministic."""
    REPLAYS[context.instance_id] += 1
    name = "fine" if REPLAYS[context.instance_id] == 1 else "also_fine"
    yield context.call_activity(name, 1)
    yield context.call_activity("fine", 2)


@app.orchestration_trigger(context_name="context")
def forgets_a_step(context: df.DurableOrchestrationContext):
    """Drops its first activity at the second replay: the SDK is handed a result it never asked for."""
    REPLAYS[context.instance_id] += 1
    if REPLAYS[context.instance_id] == 1:
        yield context.call_activity("fine", 1)
    yield context.wait_for_external_event("Go")


@app.orchestration_trigger(context_name="context")
def status_too_large(context: df.DurableOrchestrationContext):
    context.set_custom_status("x" * 10_000)
    yield context.call_activity("fine", 1)


@app.orchestration_trigger(context_name="context")
def raises_after_events(context: df.DurableOrchestrationContext):
    value = yield context.wait_for_external_event("Go")
    raise RuntimeError(f"got {value}")


@app.orchestration_trigger(context_name="context")
def activity_raises_base(context: df.DurableOrchestrationContext):
    try:
        yield context.call_activity("raises_without_text")
    except Exception as error:
        return str(error).split(" \n ")[0]


@app.activity_trigger(input_name="n")
def fine(n: int) -> int:
    return n


@app.activity_trigger(input_name="n")
def also_fine(n: int) -> int:
    return n


@app.activity_trigger(input_name="unused")
async def raises_without_text(unused):
    raise RuntimeError
