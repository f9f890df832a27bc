"""A plain app: HTTP functions of every kind, timers, a queue trigger."""

import asyncio
import json
import logging
import os
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
blueprint = func.Blueprint()


@app.route(route="echo/{who}/{rest?}", methods=["GET", "POST", "PUT"])
def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.info("echo for %s", req.route_params["who"])
    print("printed by echo")
    seen = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.route_params),
        "query": dict(req.params),
        "headers": dict(req.headers),
        "body": req.get_body().decode("latin-1"),
        "invocation_id": context.invocation_id,
        "function_name": context.function_name,
        "trace_parent": context.trace_context.trace_parent,
        "process_id": os.getpid(),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route()
async def default_route(req: func.HttpRequest) -> str:
    return "no route, any method: " + req.method


@app.route(route="text")
def text(req: func.HttpRequest) -> str:
    return req.params.get("value", "")


@app.route(route="none")
def none(req: func.HttpRequest) -> func.HttpResponse:
    return None  # type: ignore[return-value] - what this does is the test


@app.route(route="number")
def number(req: func.HttpRequest):
    return 42


@app.route(route="boom")
async def boom(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("the secret of the traceback")


@app.route(route="out", binding_arg_name="answer")
def out(req: func.HttpRequest, answer: func.Out[func.HttpResponse]) -> None:
    if req.params.get("set"):
        answer.set(func.HttpResponse("set by Out", status_code=201))


@app.route(route="cookies")
def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("biscuits", headers={"X-Frame-Options": "SAMEORIGIN"})
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    response.headers.add("Set-Cookie", "b=2; Secure")
    return response


@app.route(route="status/{code:int}")
def status(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.params.get("body", ""), status_code=int(req.route_params["code"]))


@blueprint.route(route="sleep/{seconds}")
async def sleep(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(float(req.route_params["seconds"]))
    return func.HttpResponse(f"slept in {os.getpid()}")


@blueprint.route(route="block/{seconds}")
def block(req: func.HttpRequest) -> func.HttpResponse:
    time.sleep(float(req.route_params["seconds"]))
    return func.HttpResponse("blocked")


@app.route(route="guarded", auth_level=func.AuthLevel.FUNCTION)
def guarded(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("in")


@app.route(route="inner", auth_level=func.AuthLevel.ADMIN)
def inner(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("innermost")


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=False)
def new_year(timer: func.TimerRequest) -> None:
    note("new_year", past_due=timer.past_due, status=timer.schedule_status)


@app.timer_trigger(schedule="%STARTUP_SCHEDULE%", arg_name="timer", run_on_startup=True)
def at_startup(timer: func.TimerRequest) -> None:
    note("at_startup", past_due=timer.past_due)


@app.service_bus_queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="ServiceBusConnection")
def on_message(message: func.ServiceBusMessage) -> None:
    note(
        "on_message",
        body=message.get_body().decode(),
        message_id=message.message_id,
        delivery_count=message.delivery_count,
        properties=message.application_properties,
    )
    if message.get_body() == b"slow":
        time.sleep(3)
    if message.get_body() == b"poison" and message.delivery_count < 3:
        raise RuntimeError("this message is refused twice")


def note(function: str, **fields: object) -> None:
    """Write down that a function ran, for the test to read."""
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps({"function": function, **fields}) + "\n")


app.register_functions(blueprint)
