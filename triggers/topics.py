"""HTTP: lessons by topic, without a roadmap: get or generate, the newest version, and as tasks.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.models.base import timestamp
from shared.models.status import GenerationStatus
from shared.models.validation import validated
from shared.orchestrations import Orchestrations
from triggers.answers import answering, json_answer
from triggers.questions import caller_id, path_id, read_body

blueprint = df.Blueprint()


@blueprint.route(route="lessons/lookup", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@blueprint.durable_client_input(client_name="client")
@answering
async def look_up_lesson(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """GET /lessons/lookup: the lesson from the library (200), or its generation started (202)."""
    from shared.models.topics import LookupRequest, in_words_of_tasks
    from shared.planning.standalone import standalone_specification
    from shared.services.lessons import Lessons
    from shared.services.standalone import StandaloneLessons

    clients = get_clients()
    user_id = caller_id(clients, req)
    wanted = validated(LookupRequest, dict(req.params))
    specification = standalone_specification(
        wanted.subject or wanted.step_title, wanted.step_title, wanted.learning_style, wanted.lesson_number
    )
    lessons = StandaloneLessons(clients, Orchestrations(client))
    lesson = await lessons.get_or_generate(user_id, specification)
    view, _ = await Lessons(clients).view(user_id, lesson.id)
    found = lesson.generation_status is GenerationStatus.COMPLETED
    status_url = f"/api/lessons/{lesson.id}/status"
    body = {
        "success": True,
        "message": "The lesson is ready." if found else "The lesson is being written; ask again in a moment.",
        "lesson": in_words_of_tasks(view.model_copy(update={"was_cached": found})),
        "was_cached": found,
        "status_url": status_url,
    }
    if found:
        return json_answer(body)
    return json_answer(body, HTTPStatus.ACCEPTED, {"Location": status_url, "Retry-After": "2"})


@blueprint.route(
    route="lessons/{subject:maxlength(35)}/{topic:maxlength(35)}",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@answering
async def get_topic_lesson(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/{subject}/{topic}: the newest version; longer names go to /lessons/topic."""
    return await _newest(req, req.route_params)


@blueprint.route(route="lessons/topic", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def get_topic_lesson_by_query(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/topic?subject=&topic=: the newest version."""
    return await _newest(req, req.params)


async def _newest(req: func.HttpRequest, names: Mapping[str, str]) -> func.HttpResponse:
    from shared.models.topics import TopicRequest
    from shared.planning.standalone import standalone_specification
    from shared.services.standalone import Topics

    clients = get_clients()
    caller_id(clients, req)
    wanted = validated(TopicRequest, {name: names[name] for name in ("subject", "topic") if name in names})
    return json_answer(await Topics(clients).newest(standalone_specification(wanted.subject, wanted.topic)))


@blueprint.route(route="lessons", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@blueprint.durable_client_input(client_name="client")
@answering
async def create_lesson_task(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """POST /lessons: 202 with a task that ends when the topic's lesson is written."""
    from shared.models.topics import TaskRequest, TaskStatus
    from shared.services.tasks import Tasks, estimated_completion

    clients = get_clients()
    user_id = caller_id(clients, req)
    request = read_body(req, TaskRequest)
    task = await Tasks(clients).create(user_id, request, Orchestrations(client))
    poll_url = f"/api/lessons/status/{task.id}"
    body = {
        "task_id": task.id,
        "lesson_id": task.lesson_id,
        "status": TaskStatus.PENDING.value,
        "message": task.message,
        "estimated_completion_time": timestamp(estimated_completion(task)),
        "poll_url": poll_url,
    }
    return json_answer(body, HTTPStatus.ACCEPTED, {"Location": poll_url, "Retry-After": "2"})


@blueprint.route(
    route="lessons/status/{id:guid:length(36)}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@answering
async def get_lesson_task(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/status/{task_id}: how far the task is; with the lesson once it is completed."""
    from shared.models.topics import TaskSummary, in_words_of_tasks
    from shared.services.tasks import Tasks

    clients = get_clients()
    user_id = caller_id(clients, req)
    task, lesson = await Tasks(clients).task(user_id, path_id(req))
    shown = in_words_of_tasks(lesson) if lesson is not None else None
    return json_answer({**TaskSummary.of(task).to_json(), "lesson": shown})


@blueprint.route(route="lessons/tasks", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def list_lesson_tasks(req: func.HttpRequest) -> func.HttpResponse:
    """GET /lessons/tasks: the caller's running tasks, and how many there are of each status."""
    from shared.models.topics import TaskList
    from shared.services.tasks import Tasks

    clients = get_clients()
    return json_answer(TaskList.of(await Tasks(clients).all(caller_id(clients, req))))
