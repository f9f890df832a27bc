"""Functions that leave by what is no Exception: the Python worker does not catch it."""

import asyncio
import sys
import time

import azure.durable_functions as df
import azure.functions as func

# The function that starts an orchestration has answered by then: it must not end with its process.
SECONDS = 0.5

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="exit/{code:int}")
def exits(req: func.HttpRequest) -> str:
    sys.exit(int(req.route_params["code"]))


@app.route(route="cancelled")
async def cancelled(req: func.HttpRequest) -> str:
    raise asyncio.CancelledError


@app.route(route="start/{name}/{instance}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance = req.route_params["instance"]
    await client.start_new(req.route_params["name"], instance, req.get_json())
    return client.create_check_status_response(req, instance)


@app.orchestration_trigger(context_name="context")
def calls(context: df.DurableOrchestrationContext):
    """Call the activity that the input names, and say how it ended."""
    try:
        result = yield context.call_activity(context.get_input(), None)
    except Exception as error:
        return f"failed: {error}"
    return result


@app.orchestration_trigger(context_name="context")
def exits_itself(context: df.DurableOrchestrationContext):
    yield context.call_activity("takes_a_while", None)
    sys.exit(1)


@app.activity_trigger(input_name="unused")
def works(unused) -> str:
    return "worked"


@app.activity_trigger(input_name="unused")
def takes_a_while(unused) -> str:
    time.sleep(SECONDS)
    return "worked"


@app.activity_trigger(input_name="unused")
def exits_in_a_thread(unused) -> str:
    time.sleep(SECONDS)
    sys.exit(1)


@app.activity_trigger(input_name="unused")
async def exits_on_the_loop(unused) -> str:
    await asyncio.sleep(SECONDS)
    sys.exit(1)


@app.activity_trigger(input_name="unused")
async def awaits_what_was_cancelled(unused) -> str:
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task
    return "never"
