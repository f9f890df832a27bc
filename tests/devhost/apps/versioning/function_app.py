"""Orchestration versioning: an instance keeps the version it was started with."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def versions(context: df.DurableOrchestrationContext):
    child = yield context.call_sub_orchestrator("version_of_child")
    chosen = yield context.call_sub_orchestrator("version_of_child", version="0.1")
    return [context.version, child, chosen]


@app.orchestration_trigger(context_name="context")
def version_of_child(context: df.DurableOrchestrationContext):
    return context.version


@app.orchestration_trigger(context_name="context")
def newer_child(context: df.DurableOrchestrationContext):
    return (yield context.call_sub_orchestrator("version_of_child", version="1.0"))


@app.orchestration_trigger(context_name="context")
def eternal_version(context: df.DurableOrchestrationContext):
    turn = context.get_input()
    if turn == 0:
        context.continue_as_new(1)
        return None
    context.set_custom_status({"turn": turn, "version": context.version})
    yield context.wait_for_external_event("go")
    return context.version
