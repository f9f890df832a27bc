"""One bare function: what the host and the programming model cost when an app does nothing."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="bare", methods=["GET"])
async def bare(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding's name
    """GET /bare: a constant."""
    return func.HttpResponse('{"status": "ok"}', mimetype="application/json")
