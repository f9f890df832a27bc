"""HTTP: a learner's roadmaps.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from triggers.answers import answering, json_answer
from triggers.polling import polled
from triggers.questions import (
    caller_id,
    idempotency_key,
    paging,
    path_id,
    read_body,
)

if TYPE_CHECKING:
    from shared.models.roadmap import Roadmap

blueprint = df.Blueprint()

RETRY_AFTER_SECONDS = "2"


def _accepted(roadmap: Roadmap) -> func.HttpResponse:
    status_url = f"/api/roadmaps/{roadmap.id}/status"
    body = {
        "roadmap_id": roadmap.id,
        "status": roadmap.status.value,
        "status_url": status_url,
        "estimated_cost_usd": roadmap.estimated_cost_usd,
        "subject": roadmap.subject,
        "focus": roadmap.focus,
        "interpretation": roadmap.interpretation,
        "message": roadmap.message,
    }
    headers = {"Location": status_url, "Retry-After": RETRY_AFTER_SECONDS}
    return json_answer(body, HTTPStatus.ACCEPTED, headers)


@blueprint.route(route="roadmaps", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@blueprint.durable_client_input(client_name="client")
@answering
async def create_roadmap(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """POST /roadmaps: 202 with a pending roadmap."""
    from shared.models.requests import RoadmapRequest
    from shared.services.roadmap_creation import RoadmapCreation

    clients = get_clients()
    user_id = caller_id(clients, req)
    key = idempotency_key(req)
    request = read_body(req, RoadmapRequest)
    creation = RoadmapCreation(clients, Orchestrations(client))
    return _accepted(await creation.create(user_id, request, key))


@blueprint.route(route="roadmaps", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def list_roadmaps(req: func.HttpRequest) -> func.HttpResponse:
    """GET /roadmaps: the learner's roadmaps, newest first."""
    from shared.models.views import RoadmapSummary
    from shared.services.roadmaps import Roadmaps

    clients = get_clients()
    user_id = caller_id(clients, req)
    asked = paging(req)
    page = await Roadmaps(clients).page(user_id, asked.limit, asked.continuation)
    items = [RoadmapSummary.of(roadmap).to_json() for roadmap in page.items]
    return json_answer({"items": items, "continuation": page.continuation})


@blueprint.route(route="roadmaps/{id:guid:length(36)}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def get_roadmap(req: func.HttpRequest) -> func.HttpResponse:
    """GET /roadmaps/{id}: the whole roadmap."""
    from shared.models.views import RoadmapView
    from shared.services.roadmaps import Roadmaps

    clients = get_clients()
    user_id = caller_id(clients, req)
    roadmaps = Roadmaps(clients)
    roadmap = await roadmaps.roadmap(user_id, path_id(req))
    modules = await roadmaps.modules(user_id, roadmap.id)
    lessons = await roadmaps.lessons(user_id, roadmap.id)
    return json_answer(RoadmapView.whole(roadmap, modules, lessons))


@blueprint.route(
    route="roadmaps/{id:guid:length(36)}/status", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@answering
async def get_roadmap_status(req: func.HttpRequest) -> func.HttpResponse:
    """GET /roadmaps/{id}/status: how far it is; 304 or a wait until it changes."""
    from shared.models.views import RoadmapStatus
    from shared.services.roadmaps import Roadmaps

    clients = get_clients()
    user_id = caller_id(clients, req)
    roadmaps = Roadmaps(clients)
    roadmap_id = path_id(req)
    return await polled(
        req,
        user_id,
        lambda: roadmaps.roadmap(user_id, roadmap_id),
        roadmap_tag,
        lambda roadmap: roadmap.status.ended,
        RoadmapStatus.of,
    )


def roadmap_tag(roadmap: Roadmap) -> str:
    """Return the entity tag of a roadmap's status: its revision."""
    return f'"{roadmap.revision}"'


@blueprint.route(
    route="roadmaps/{id:guid:length(36)}/retry", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@answering
async def retry_roadmap(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """POST /roadmaps/{id}/retry: redo what failed, and only that."""
    from shared.services.roadmap_retry import RoadmapRetry

    clients = get_clients()
    user_id = caller_id(clients, req)
    retry = RoadmapRetry(clients, Orchestrations(client))
    return _accepted(await retry.retry(user_id, path_id(req)))


@blueprint.route(
    route="modules/{id:guid:length(36)}/lessons", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@answering
async def list_module_lessons(req: func.HttpRequest) -> func.HttpResponse:
    """GET /modules/{id}/lessons: the module's lessons in their order."""
    from shared.models.views import LessonSummary
    from shared.services.roadmaps import Roadmaps

    clients = get_clients()
    user_id = caller_id(clients, req)
    asked = paging(req)
    page = await Roadmaps(clients).module_lessons(user_id, path_id(req), asked.limit, asked.continuation)
    items = [LessonSummary.of(lesson).to_json() for lesson in page.items]
    return json_answer({"items": items, "continuation": page.continuation})
