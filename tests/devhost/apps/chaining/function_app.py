"""Function chaining: each activity takes what the one before has returned."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="orchestrators/{functionName}")
@app.durable_client_input(client_name="client")
async def http_start(req: func.HttpRequest, client):
    function_name = req.route_params.get("functionName")
    instance_id = await client.start_new(function_name)
    return client.create_check_status_response(req, instance_id)


@app.orchestration_trigger(context_name="context")
def hello_orchestrator(context):
    result1 = yield context.call_activity("hello", "Seattle")
    result2 = yield context.call_activity("hello", "Tokyo")
    result3 = yield context.call_activity("hello", "London")
    return [result1, result2, result3]


@app.orchestration_trigger(context_name="context")
def pipeline(context):
    try:
        x = yield context.call_activity("f1", context.get_input())
        y = yield context.call_activity("f2", x)
        z = yield context.call_activity("F3", y)  # function names know no case
        return z
    except Exception as error:
        cleaned = yield context.call_activity("clean_up", str(error))
        return cleaned


@app.orchestration_trigger(context_name="context", orchestration="by_function_object")
def calls_function_objects(context):
    result = yield context.call_activity(hello, "Reykjavík")
    return result


@app.activity_trigger(input_name="city")
def hello(city: str):
    return f"Hello {city}"


@app.activity_trigger(input_name="number", activity="f1")
def add_one(number: int) -> int:
    return number + 1


@app.activity_trigger(input_name="number")
def f2(number: int) -> int:
    return number * 2


@app.activity_trigger(input_name="number")
async def f3(number: int) -> int:
    if number > 100:
        raise ValueError("too large")
    return number - 3


@app.activity_trigger(input_name="message")
def clean_up(message: str) -> dict:
    return {"cleaned": "too large" in message}
