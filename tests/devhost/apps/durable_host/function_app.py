"""A durable app for tests of the whole host: work that can be held while a process is killed."""

import asyncio
import logging
import os
import time
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="start/{name}/{instance}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance = req.route_params["instance"]
    await client.start_new(req.route_params["name"], instance, req.get_json())
    return client.create_check_status_response(req, instance)


@app.orchestration_trigger(context_name="context")
def two_steps(context: df.DurableOrchestrationContext):
    """Two activities one after the other; the first may be caught failing."""
    given = context.get_input()
    if not context.is_replaying:
        logging.info("two steps begin")
    try:
        first = yield context.call_activity("step", {**given, "number": 1})
    except Exception as error:
        return f"failed: {error}"
    second = yield context.call_activity("step", {**given, "number": 2})
    return [first, second]


@app.orchestration_trigger(context_name="context")
def breaks(context: df.DurableOrchestrationContext):
    """Calls an activity that raises."""
    result = yield context.call_activity("raises", "x")
    return result


@app.activity_trigger(input_name="payload")
async def step(payload: dict) -> int:
    """Note that it runs, and wait as long as the file `hold` is there."""
    folder = Path(payload["folder"])
    with (folder / "runs").open("a") as runs:
        runs.write(f"{payload['number']} {os.getpid()}\n")
    while (folder / "hold").exists():  # noqa: ASYNC110 - the test that holds it is another process
        await asyncio.sleep(0.05)
    return int(payload["number"])


@app.activity_trigger(input_name="payload")
def raises(payload: str) -> str:
    raise ValueError(f"the activity's own fault: {payload}")


@app.orchestration_trigger(context_name="context")
def too_long(context: df.DurableOrchestrationContext):
    """Calls an activity that blocks the event loop for longer than the host allows."""
    try:
        yield context.call_activity("blocks", 60)
    except Exception:
        return "the activity failed"
    return "the activity ended"


@app.activity_trigger(input_name="seconds")
async def blocks(seconds: int) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - blocking the loop is the point
