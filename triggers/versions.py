"""HTTP: the versions of a learner's lesson, and asking for a new one.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from http import HTTPStatus

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from triggers.answers import answering, json_answer
from triggers.questions import caller_id, paging, path_id, read_body

blueprint = df.Blueprint()


@blueprint.route(
    route="lessons/{id:guid:length(36)}/regenerate", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@answering
async def regenerate_lesson(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """POST /lessons/{id}/regenerate: 202; a new version is written, or a newer one was there already."""
    from shared.models.versions import RegenerationRequest
    from shared.services.regeneration import LessonRegeneration

    clients = get_clients()
    user_id = caller_id(clients, req)
    wish = read_body(req, RegenerationRequest) if req.get_body().strip() else RegenerationRequest()
    regeneration = LessonRegeneration(clients, Orchestrations(client))
    lesson = await regeneration.request(user_id, path_id(req), wish)
    status_url = f"/api/lessons/{lesson.id}/status"
    body = {
        "lesson_id": lesson.id,
        "generation_status": lesson.generation_status.value,
        "regenerating": lesson.regenerating,
        "version": lesson.version,
        "status_url": status_url,
    }
    return json_answer(body, HTTPStatus.ACCEPTED, {"Location": status_url, "Retry-After": "2"})


@blueprint.route(
    route="lessons/{id:guid:length(36)}/versions", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@answering
async def list_lesson_versions(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/{id}/versions: how each version came to be, oldest first."""
    from shared.models.versions import VersionSummary
    from shared.services.versions import Versions

    clients = get_clients()
    user_id = caller_id(clients, req)
    page = paging(req)
    found = await Versions(clients).page(user_id, path_id(req), page.limit, page.continuation)
    items = [VersionSummary.of(version).to_json() for version in found.items]
    return json_answer({"items": items, "continuation": found.continuation})


@blueprint.route(
    route="lessons/{id:guid:length(36)}/versions/{version:maxlength(12)}",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@answering
async def get_lesson_version(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/{id}/versions/{version}: one version with its body."""
    from shared.models.versions import VersionView
    from shared.services.versions import Versions

    clients = get_clients()
    user_id = caller_id(clients, req)
    label = str(req.route_params["version"])
    return json_answer(VersionView.whole(await Versions(clients).version(user_id, path_id(req), label)))


@blueprint.route(
    route="lessons/{id:guid:length(36)}/version", methods=["PUT"], auth_level=func.AuthLevel.ANONYMOUS
)
@answering
async def choose_lesson_version(req: func.HttpRequest) -> func.HttpResponse:
    """PUT /lessons/{id}/version: the lesson shows this version from now on."""
    from shared.models.versions import VersionChoice
    from shared.services.lessons import Lessons
    from shared.services.versions import Versions

    clients = get_clients()
    user_id = caller_id(clients, req)
    lesson_id = path_id(req)
    await Versions(clients).choose(user_id, lesson_id, read_body(req, VersionChoice).version)
    view, _ = await Lessons(clients).view(user_id, lesson_id)
    return json_answer(view)
