"""What may travel between client, orchestrator and activity, and what may not."""

import json

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


class Point:
    """A custom class in the SDK's convention."""

    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    @staticmethod
    def to_json(point: "Point") -> str:
        return json.dumps([point.x, point.y])

    @staticmethod
    def from_json(text: str) -> "Point":
        return Point(*json.loads(text))


@app.orchestration_trigger(context_name="context")
def round_trip(context: df.DurableOrchestrationContext):
    """The input through an activity and a child, unchanged."""
    value = yield context.call_activity("same", context.get_input())
    value = yield context.call_sub_orchestrator("returns_input", value)
    return value


@app.orchestration_trigger(context_name="context")
def returns_input(context: df.DurableOrchestrationContext):
    return context.get_input()


@app.orchestration_trigger(context_name="context")
def without_input(context: df.DurableOrchestrationContext):
    nothing = yield context.call_activity("same")
    child = yield context.call_sub_orchestrator("returns_input")
    return [context.get_input(), nothing, child]


@app.orchestration_trigger(context_name="context")
def no_output(context: df.DurableOrchestrationContext):
    yield context.call_activity("same", 1)


@app.orchestration_trigger(context_name="context")
def large(context: df.DurableOrchestrationContext):
    text = yield context.call_activity("repeat", context.get_input())
    again = yield context.call_activity("same", text)
    return len(again)


@app.orchestration_trigger(context_name="context")
def custom_class(context: df.DurableOrchestrationContext):
    point = yield context.call_activity("mirror", Point(1, 2))
    return {"type": type(point).__name__, "x": point.x, "y": point.y}


@app.orchestration_trigger(context_name="context")
def bad_output(context: df.DurableOrchestrationContext):
    yield context.call_activity("same", 1)
    return {1, 2, 3}


@app.orchestration_trigger(context_name="context")
def bad_activity_output(context: df.DurableOrchestrationContext):
    try:
        yield context.call_activity("returns_set")
    except Exception as error:
        return str(error).split(" \n ")[0]


@app.orchestration_trigger(context_name="context")
def bad_activity_input(context: df.DurableOrchestrationContext):
    yield context.call_activity("same", {1, 2})


@app.orchestration_trigger(context_name="context")
def statuses(context: df.DurableOrchestrationContext):
    context.set_custom_status(context.get_input())
    yield context.wait_for_external_event("Go")


@app.activity_trigger(input_name="value")
def same(value):
    return value


@app.activity_trigger(input_name="times")
def repeat(times: int) -> str:
    return "ä" * times


@app.activity_trigger(input_name="point")
def mirror(point):
    return Point(point.y, point.x)


@app.activity_trigger(input_name="unused")
def returns_set(unused):
    return {1, 2, 3}
