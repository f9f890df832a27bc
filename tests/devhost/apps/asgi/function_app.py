"""A web framework behind one function: what FastAPI and its like are for the host, without one of them."""

import json

import azure.functions as func

EVENTS: list[str] = []


async def framework(scope, receive, send):
    if scope["type"] == "lifespan":
        event = await receive()
        EVENTS.append(event["type"])
        await send({"type": f"{event['type']}.complete"})
        return
    request = await receive()
    seen = {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode(),
        "body": request["body"].decode(),
        "events": EVENTS,
    }
    headers = [(b"content-type", b"application/json"), (b"x-from", b"framework")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


app = func.AsgiFunctionApp(app=framework, http_auth_level=func.AuthLevel.ANONYMOUS)
