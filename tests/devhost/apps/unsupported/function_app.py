"""Entities and durable HTTP: they load, and stop with a clear error when they are used."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext):
    context.set_state(context.get_state(lambda: 0) + 1)


@app.orchestration_trigger(context_name="context")
def calls_entity(context: df.DurableOrchestrationContext):
    value = yield context.call_entity(df.EntityId("counter", "one"), "add", 1)
    return value


@app.orchestration_trigger(context_name="context")
def signals_entity(context: df.DurableOrchestrationContext):
    context.signal_entity(df.EntityId("counter", "one"), "add", 1)
    yield context.call_activity("fine", 1)


@app.orchestration_trigger(context_name="context")
def calls_http(context: df.DurableOrchestrationContext):
    response = yield context.call_http("GET", "http://localhost/")
    return response


@app.activity_trigger(input_name="n")
def fine(n: int) -> int:
    return n
