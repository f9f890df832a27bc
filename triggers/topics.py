"""HTTP: lessons by topic, without a roadmap: get or generate, the newest version, and as tasks.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.models.status import GenerationStatus
from shared.models.validation import validated
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from triggers.answers import accepted_answer, json_answer
from triggers.endpoints import Access, accepted, endpoint, ok
from triggers.questions import path_id

if TYPE_CHECKING:
    from shared.models.queries import PageQuery
    from shared.models.topics import LookupQuery, TaskRequest, TopicQuery, TopicRequest

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "GET",
    "lessons/lookup",
    access=Access.LEARNER,
    query="topics.LookupQuery",
    answers=(ok("topics.LookupAnswer"), accepted("topics.LookupAnswer")),
    problems=("goal_refused", "quota_exceeded", "conflict", "generation_off"),
)
async def look_up_lesson(
    caller: Caller, query: LookupQuery, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Get a lesson by the title of a step: from the library, else it is written; counts against the quota."""
    from shared.models.topics import LookupAnswer
    from shared.planning.standalone import looked_up_specification
    from shared.services.lessons import Lessons
    from shared.services.standalone import StandaloneLessons

    clients = get_clients()
    lessons = StandaloneLessons(clients, Orchestrations(client))
    lesson = await lessons.get_or_generate(caller.user_id, looked_up_specification(query))
    view, _ = await Lessons(clients).view(caller.user_id, lesson.id)
    found = lesson.generation_status is GenerationStatus.COMPLETED
    body = LookupAnswer.of(view, found=found)
    return json_answer(body) if found else accepted_answer(body, body.status_url)


@endpoint(
    blueprint,
    "GET",
    "lessons/{subject:maxlength(35)}/{topic:maxlength(35)}",
    access=Access.LEARNER,
    answers=(ok("topics.TopicView"),),
    problems=("invalid_request", "goal_refused", "not_found"),
)
async def get_topic_lesson(req: func.HttpRequest) -> func.HttpResponse:
    """Read the newest version of a topic's lesson; longer names go to /lessons/topic."""
    from shared.models.topics import TopicRequest

    names = {name: req.route_params[name] for name in ("subject", "topic")}
    return await _newest(validated(TopicRequest, names))


@endpoint(
    blueprint,
    "GET",
    "lessons/topic",
    access=Access.LEARNER,
    query="topics.TopicQuery",
    answers=(ok("topics.TopicView"),),
    problems=("goal_refused", "not_found"),
)
async def get_topic_lesson_by_query(query: TopicQuery) -> func.HttpResponse:
    """Read the newest version of a topic's lesson."""
    return await _newest(query)


async def _newest(wanted: TopicRequest) -> func.HttpResponse:
    from shared.planning.standalone import standalone_specification
    from shared.services.standalone import Topics

    specification = standalone_specification(wanted.subject, wanted.topic)
    return json_answer(await Topics(get_clients()).newest(specification))


@endpoint(
    blueprint,
    "POST",
    "lessons",
    access=Access.LEARNER,
    body="topics.TaskRequest",
    answers=(accepted("topics.TaskAccepted"),),
    problems=("forbidden", "goal_refused", "quota_exceeded", "conflict", "generation_off"),
)
async def create_lesson_task(
    caller: Caller, body: TaskRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Create a task that ends when the topic's lesson is written."""
    from shared.models.topics import TaskAccepted
    from shared.services.tasks import Tasks, estimated_completion

    task = await Tasks(get_clients()).create(caller.user_id, body, Orchestrations(client))
    created = TaskAccepted.of(task, estimated_completion(task))
    return accepted_answer(created, created.poll_url)


@endpoint(
    blueprint,
    "GET",
    "lessons/status/{id:guid:length(36)}",
    access=Access.LEARNER,
    answers=(ok("topics.TaskView"),),
)
async def get_lesson_task(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Tell how far a task is; with the lesson once it is completed."""
    from shared.models.topics import TaskView
    from shared.services.tasks import Tasks

    task, lesson = await Tasks(get_clients()).task(caller.user_id, path_id(req))
    return json_answer(TaskView.whole(task, lesson))


@endpoint(
    blueprint,
    "GET",
    "lessons/tasks",
    access=Access.LEARNER,
    query="queries.PageQuery",
    answers=(ok("topics.TaskList"),),
)
async def list_lesson_tasks(caller: Caller, query: PageQuery) -> func.HttpResponse:
    """List the caller's running tasks, newest first, with how many there are of each status."""
    from shared.models.topics import TaskList
    from shared.services.tasks import Tasks

    tasks = Tasks(get_clients())
    page = await tasks.active(caller.user_id, query.limit, query.continuation)
    counts = await tasks.counts(caller.user_id)
    return json_answer(TaskList.of(page.items, page.continuation, counts))
