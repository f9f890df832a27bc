"""HTTP: what other back ends ask for on behalf of learners, with a function key.

The only route that believes a `user_id` in a body or the header X-User-Id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from triggers.answers import accepted_answer, json_answer
from triggers.endpoints import Access, accepted, endpoint, ok
from triggers.questions import acting_for

if TYPE_CHECKING:
    from shared.models.back_ends import ContentRequest
    from shared.models.queries import WaitQuery

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "POST",
    "generate_lesson_content",
    access=Access.FUNCTION_KEY,
    query="queries.WaitQuery",
    body="back_ends.ContentRequest",
    headers=("X-User-Id",),
    answers=(ok("topics.TaskLesson"), accepted("topics.TaskLesson")),
    problems=(
        "invalid_user_id",
        "not_found",
        "quota_exceeded",
        "conflict",
        "removal_running",
        "generation_off",
    ),
)
async def generate_lesson_content(
    req: func.HttpRequest, query: WaitQuery, body: ContentRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Have a learner's lesson written, and get it if it is written within `wait` seconds.

    For other back ends, which name the learner in the body or in the header X-User-Id. Every request is
    logged for audits.
    """
    from shared.models.topics import TaskLesson
    from shared.models.views import lesson_status_url
    from shared.services.back_ends import LessonsForBackEnds

    user_id = acting_for(req, body.user_id)
    lessons = LessonsForBackEnds(get_clients(), Orchestrations(client))
    lesson = await lessons.content(user_id, body.lesson_id, query.wait)
    told = TaskLesson.told(lesson)
    return (
        json_answer(told)
        if lesson.generation_status.ended
        else accepted_answer(told, lesson_status_url(lesson.id))
    )
