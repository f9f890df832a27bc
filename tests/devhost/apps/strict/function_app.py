"""An app whose host.json sets limits and headers; its routes have no prefix."""

import asyncio

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="items/{id}", methods=["GET"])
def a_parameter(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"parameter {req.route_params['id']}")


@app.route(route="items/special", methods=["GET"])
def b_literal(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("literal")


@app.route(route="framed", methods=["GET"])
def framed(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("framed", headers={"X-Frame-Options": "SAMEORIGIN"})


@app.route(route="body", methods=["POST"])
def body(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(len(req.get_body())))


@app.route(route="sleep/{seconds}")
async def sleep(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(float(req.route_params["seconds"]))
    return func.HttpResponse("slept")
