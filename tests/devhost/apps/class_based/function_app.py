"""Orchestrators as the v1 programming model wrote them, inside a v2 app."""

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.decorators.metadata import OrchestrationTrigger

app = func.FunctionApp()


def old_style(context: df.DurableOrchestrationContext):
    result = yield context.call_activity("double", context.get_input())
    return result


main = df.Orchestrator.create(old_style)


@app.function_name("old_style")
@app.generic_trigger(arg_name="context", type="orchestrationTrigger")
def generic(context) -> str:
    return main(context)


@app.function_name("double")
@app.generic_trigger(arg_name="n", type="activityTrigger")
def double(n: int) -> int:
    return n * 2


class Greeter:
    """An orchestrator that keeps its helpers in a class."""

    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    def run(self, context: df.DurableOrchestrationContext):
        doubled = yield from self._double(context, 4)
        return f"{self.greeting} {doubled}"

    def _double(self, context: df.DurableOrchestrationContext, n: int):
        result = yield context.call_activity("double", n)
        return result


handle = df.Orchestrator.create(Greeter("Hello").run)


@app.function_name("greeter")
@app.generic_trigger(arg_name="context", type="orchestrationTrigger")
def greeter(context) -> str:
    return handle(context)


assert OrchestrationTrigger.get_binding_name() == "orchestrationTrigger"
