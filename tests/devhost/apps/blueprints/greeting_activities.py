"""The activities, on a blueprint of their own; one of them uses the durable client."""

import azure.durable_functions as df
import azure.functions as func

activities = df.Blueprint()


@activities.activity_trigger(input_name="name")
def greet(name: str) -> str:
    return f"Hello, {name}!"


@activities.activity_trigger(input_name="instance")
@activities.durable_client_input(client_name="client")
async def nudge(instance: str, client: df.DurableOrchestrationClient) -> str:
    await client.raise_event(instance, "Nudge", "from an activity")
    return type(client).__name__


@activities.activity_trigger(input_name="value")
def about(value: str, context: func.Context) -> list:
    return [value, context.function_name, len(context.invocation_id)]
