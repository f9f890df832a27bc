"""The orchestrators, on a blueprint of their own."""

import azure.durable_functions as df

orchestrators = df.Blueprint()


@orchestrators.orchestration_trigger(context_name="context")
def greetings(context: df.DurableOrchestrationContext):
    first = yield context.call_activity("greet", "Ada")
    return [first, context.instance_id]


@orchestrators.orchestration_trigger(context_name="context")
def nudged(context: df.DurableOrchestrationContext):
    client_type = yield context.call_activity("nudge", context.instance_id)
    nudge = yield context.wait_for_external_event("Nudge")
    about = yield context.call_activity("about", "x")
    return [client_type, nudge, about]
