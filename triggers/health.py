"""HTTP: is the app alive, and can it work."""

from __future__ import annotations

from http import HTTPStatus

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from triggers.answers import json_answer
from triggers.endpoints import Access, Answer, endpoint, ok

blueprint = df.Blueprint()


@endpoint(blueprint, "GET", "health", access=Access.OPEN, answers=(ok("health.Health"),))
async def get_health() -> func.HttpResponse:
    """Tell that the app process answers."""
    from shared.models.health import Health

    return json_answer(Health())


@endpoint(
    blueprint,
    "GET",
    "ready",
    access=Access.OPEN,
    answers=(ok("health.Readiness"), Answer(HTTPStatus.SERVICE_UNAVAILABLE, "health.Readiness")),
    problems=("store_unavailable",),
)
async def get_ready() -> func.HttpResponse:
    """Tell whether store and queue are usable; each check says what it found."""
    from shared.services.readiness import readiness

    found = await readiness(get_clients())
    return json_answer(found, HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE)
