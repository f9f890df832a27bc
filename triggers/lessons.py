"""HTTP: a learner's lessons.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.errors import FieldError, Problem
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations
from triggers.answers import answering, json_answer, text_answer
from triggers.polling import polled
from triggers.questions import caller_id, path_id

if TYPE_CHECKING:
    from shared.models.library import LessonVersion
    from shared.models.views import LessonStatus, LessonView

blueprint = df.Blueprint()

FORMATS = ("json", "markdown", "html")


@blueprint.route(
    route="lessons/{id:guid:length(36)}/generate", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@answering
async def generate_lesson(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """POST /lessons/{id}/generate: 200 from the library, or 202 while it is written."""
    from shared.services.lesson_generation import LessonGeneration
    from shared.services.lessons import Lessons

    clients = get_clients()
    user_id = caller_id(clients, req)
    lesson = await LessonGeneration(clients, Orchestrations(client)).request(user_id, path_id(req))
    status_url = f"/api/lessons/{lesson.id}/status"
    if lesson.generation_status is GenerationStatus.COMPLETED:
        view, _ = await Lessons(clients).view(user_id, lesson.id)
        # Nothing was generated for this request, whoever the version was first written for.
        return json_answer(view.model_copy(update={"was_cached": True}))
    body = {
        "lesson_id": lesson.id,
        "generation_status": lesson.generation_status.value,
        "was_cached": False,
        "status_url": status_url,
    }
    return json_answer(body, HTTPStatus.ACCEPTED, {"Location": status_url, "Retry-After": "2"})


@blueprint.route(route="lessons/{id:guid:length(36)}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def get_lesson(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/{id}: the lesson as JSON, Markdown or HTML."""
    from shared.services.lessons import Lessons

    clients = get_clients()
    user_id = caller_id(clients, req)
    shape = _format(req)
    view, version = await Lessons(clients).view(user_id, path_id(req))
    if shape == "json":
        return json_answer(view)
    if version is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            "not_written",
            f"The lesson is {view.generation_status.value}; there is no text to show yet.",
        )
    return _rendered(view, version, shape)


def _format(req: func.HttpRequest) -> str:
    shape = str(req.params.get("format", "json"))
    if shape not in FORMATS:
        detail = f"must be one of {', '.join(FORMATS)}"
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_request",
            f"format {detail}.",
            (FieldError("format", detail),),
        )
    return shape


def _rendered(view: LessonView, version: LessonVersion, shape: str) -> func.HttpResponse:
    from shared.lessons.rendering.facts import VersionFacts

    facts = VersionFacts.of(version)
    if shape == "markdown":
        from shared.lessons.rendering.markdown import to_markdown

        markdown = to_markdown(view.title, version.content, facts, version.source_attribution)
        return text_answer(markdown, "text/markdown")
    from shared.lessons.rendering.html import to_html

    return text_answer(to_html(view.title, version.content, facts, version.source_attribution), "text/html")


@blueprint.route(
    route="lessons/{id:guid:length(36)}/status", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@answering
async def get_lesson_status(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/{id}/status: how far it is; 304 or a wait until it changes."""
    from shared.services.lessons import Lessons

    clients = get_clients()
    user_id = caller_id(clients, req)
    lessons = Lessons(clients)
    lesson_id = path_id(req)
    return await polled(
        req,
        user_id,
        lambda: lessons.status(user_id, lesson_id),
        lesson_tag,
        lambda status: status.generation_status != "generating" and not status.regenerating,
        lambda status: status,
    )


def lesson_tag(status: LessonStatus) -> str:
    """Return the entity tag of a lesson's status: when it was written last, and the sources found."""
    return f'"{status.updated_at.timestamp():.6f}-{status.sources_found}"'
