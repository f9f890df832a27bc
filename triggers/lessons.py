"""HTTP: a learner's lessons.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.errors import Problem
from shared.models.status import GenerationStatus
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from triggers.answers import accepted_answer, json_answer, text_answer
from triggers.endpoints import NOT_MODIFIED, Access, accepted, endpoint, ok
from triggers.polling import polled
from triggers.questions import path_id

if TYPE_CHECKING:
    from shared.models.content import ShownContent
    from shared.models.library import LessonVersion
    from shared.models.queries import LessonQuery, WaitQuery
    from shared.models.views import LessonStatus

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "POST",
    "lessons/{id:guid:length(36)}/generate",
    access=Access.LEARNER,
    answers=(ok("views.LessonView"), accepted("views.LessonAccepted")),
    problems=("quota_exceeded", "conflict", "generation_off"),
)
async def generate_lesson(
    req: func.HttpRequest, caller: Caller, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Have a lesson written: answered at once from the library, else accepted and written."""
    from shared.models.views import LessonAccepted
    from shared.services.lesson_generation import LessonGeneration
    from shared.services.lessons import Lessons

    clients = get_clients()
    lesson = await LessonGeneration(clients, Orchestrations(client)).request(caller.user_id, path_id(req))
    if lesson.generation_status is GenerationStatus.COMPLETED:
        view, _ = await Lessons(clients).view(caller.user_id, lesson.id)
        # Nothing was generated for this request, whoever the version was first written for.
        return json_answer(view.model_copy(update={"was_cached": True}))
    body = LessonAccepted.of(lesson)
    return accepted_answer(body, body.status_url)


@endpoint(
    blueprint,
    "POST",
    "lessons/{id:guid:length(36)}/cancel",
    access=Access.LEARNER,
    answers=(accepted("views.LessonCanceled"),),
    problems=("nothing_to_cancel", "conflict"),
)
async def cancel_lesson(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Stop waiting for a lesson, or for its new version; the version that there is stays.

    Whoever else waits for it still gets it.
    """
    from shared.models.views import LessonCanceled
    from shared.services.lesson_cancellation import LessonCancellation

    lesson = await LessonCancellation(get_clients()).cancel(caller.user_id, path_id(req))
    canceled = LessonCanceled.of(lesson)
    return accepted_answer(canceled, canceled.status_url)


@endpoint(
    blueprint,
    "GET",
    "lessons/{id:guid:length(36)}",
    access=Access.LEARNER,
    query="queries.LessonQuery",
    answers=(ok("views.LessonView", texts=("text/markdown", "text/html")),),
    problems=("not_written",),
)
async def get_lesson(req: func.HttpRequest, caller: Caller, query: LessonQuery) -> func.HttpResponse:
    """Read a lesson as JSON, Markdown or HTML.

    While it is written, the JSON holds the sources found so far.
    """
    from shared.services.lessons import Lessons

    view, version = await Lessons(get_clients()).view(caller.user_id, path_id(req))
    if query.format == "json":
        return json_answer(view)
    if version is None or view.content is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            "not_written",
            f"The lesson is {view.generation_status.value}; there is no text to show yet.",
        )
    return _rendered(view.title, view.content, version, query.format)


def _rendered(title: str, content: ShownContent, version: LessonVersion, shape: str) -> func.HttpResponse:
    """Return the text of a body as the learner may see it."""
    from shared.lessons.rendering.facts import VersionFacts

    facts, sources = VersionFacts.of(version), version.source_attribution
    if shape == "markdown":
        from shared.lessons.rendering.markdown import to_markdown

        return text_answer(to_markdown(title, content, facts, sources), "text/markdown")
    from shared.lessons.rendering.html import to_html

    return text_answer(to_html(title, content, facts, sources), "text/html")


@endpoint(
    blueprint,
    "GET",
    "lessons/{id:guid:length(36)}/status",
    access=Access.LEARNER,
    query="queries.WaitQuery",
    headers=("If-None-Match",),
    answers=(ok("views.LessonStatus", headers=("ETag",)), NOT_MODIFIED),
)
async def get_lesson_status(req: func.HttpRequest, caller: Caller, query: WaitQuery) -> func.HttpResponse:
    """Tell how far a lesson is; with If-None-Match 304, or a wait until it changes."""
    from shared.services.lessons import Lessons

    lessons = Lessons(get_clients())
    lesson_id = path_id(req)
    return await polled(
        req,
        caller.user_id,
        query.wait,
        lambda: lessons.status(caller.user_id, lesson_id),
        lesson_tag,
        lambda status: not (status.queued or status.regenerating or status.generation_status == "generating"),
        lambda status: lessons.noted(caller.user_id, status),
    )


def lesson_tag(status: LessonStatus) -> str:
    """Return the entity tag of a lesson's status: when it was written last, and the sources found."""
    return f'"{status.updated_at.timestamp():.6f}-{status.sources_found}"'
