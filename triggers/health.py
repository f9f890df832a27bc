"""HTTP: is the app alive, and can it work."""

from __future__ import annotations

from http import HTTPStatus

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.services.readiness import readiness
from triggers.answers import answering, json_answer

blueprint = df.Blueprint()


@blueprint.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def get_health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding's name
    """GET /health: 200 as long as the app process answers."""
    return json_answer({"status": "ok"})


@blueprint.route(route="ready", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def get_ready(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the binding's name
    """GET /ready: 200 when store and queue are usable, else 503; each check says what it found."""
    found = await readiness(get_clients())
    status = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return json_answer({"ready": found.ready, "checks": found.checks}, status)
