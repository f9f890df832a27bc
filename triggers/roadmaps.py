"""HTTP: a learner's roadmaps.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from triggers.answers import accepted_answer, json_answer, no_content_answer
from triggers.endpoints import NOT_MODIFIED, Access, accepted, endpoint, no_content, ok
from triggers.polling import polled
from triggers.questions import idempotency_key, path_id

if TYPE_CHECKING:
    from shared.models.queries import PageQuery, WaitQuery
    from shared.models.requests import RoadmapRequest
    from shared.models.roadmap import Roadmap

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "POST",
    "roadmaps",
    access=Access.LEARNER,
    body="requests.RoadmapRequest",
    headers=("Idempotency-Key",),
    answers=(accepted("views.RoadmapAccepted"),),
    problems=("idempotency_key_reused", "gone", "goal_refused", "quota_exceeded", "conflict"),
)
async def create_roadmap(
    req: func.HttpRequest, caller: Caller, body: RoadmapRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Ask for a roadmap.

    A repeat with the same Idempotency-Key answers as the first did and costs no quota.
    """
    from shared.models.views import RoadmapAccepted
    from shared.services.roadmap_creation import RoadmapCreation

    key = idempotency_key(req)
    creation = RoadmapCreation(get_clients(), Orchestrations(client))
    accepted_roadmap = RoadmapAccepted.of(await creation.create(caller.user_id, body, key))
    return accepted_answer(accepted_roadmap, accepted_roadmap.status_url)


@endpoint(
    blueprint,
    "GET",
    "roadmaps",
    access=Access.LEARNER,
    query="queries.PageQuery",
    answers=(ok("views.RoadmapPage"),),
)
async def list_roadmaps(caller: Caller, query: PageQuery) -> func.HttpResponse:
    """List the learner's roadmaps, newest first."""
    from shared.models.views import RoadmapPage, RoadmapSummary
    from shared.services.roadmaps import Roadmaps

    page = await Roadmaps(get_clients()).page(caller.user_id, query.limit, query.continuation)
    items = [RoadmapSummary.of(roadmap) for roadmap in page.items]
    return json_answer(RoadmapPage(items=items, continuation=page.continuation))


@endpoint(
    blueprint,
    "GET",
    "roadmaps/{id:guid:length(36)}",
    access=Access.LEARNER,
    answers=(ok("views.RoadmapView"),),
)
async def get_roadmap(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Read a whole roadmap with its modules and the skeletons of their lessons."""
    from shared.models.views import RoadmapView
    from shared.services.roadmaps import Roadmaps

    roadmaps = Roadmaps(get_clients())
    roadmap = await roadmaps.roadmap(caller.user_id, path_id(req))
    modules = await roadmaps.modules(caller.user_id, roadmap.id)
    lessons = await roadmaps.lessons(caller.user_id, roadmap.id)
    return json_answer(RoadmapView.whole(roadmap, modules, lessons))


@endpoint(
    blueprint,
    "GET",
    "roadmaps/{id:guid:length(36)}/status",
    access=Access.LEARNER,
    query="queries.WaitQuery",
    headers=("If-None-Match",),
    answers=(ok("views.RoadmapStatus", headers=("ETag",)), NOT_MODIFIED),
)
async def get_roadmap_status(req: func.HttpRequest, caller: Caller, query: WaitQuery) -> func.HttpResponse:
    """Tell how far a roadmap is; with If-None-Match 304, or a wait until it changes."""
    from shared.services.roadmaps import Roadmaps

    roadmaps = Roadmaps(get_clients())
    roadmap_id = path_id(req)
    return await polled(
        req,
        caller.user_id,
        query.wait,
        lambda: roadmaps.roadmap(caller.user_id, roadmap_id),
        roadmap_tag,
        lambda roadmap: roadmap.status.ended and not roadmap.progress.lessons_queued,
        roadmaps.status,
    )


def roadmap_tag(roadmap: Roadmap) -> str:
    """Return the entity tag of a roadmap's status: its revision."""
    return f'"{roadmap.revision}"'


@endpoint(
    blueprint,
    "POST",
    "roadmaps/{id:guid:length(36)}/retry",
    access=Access.LEARNER,
    answers=(accepted("views.RoadmapAccepted"),),
    problems=("nothing_to_retry", "conflict"),
)
async def retry_roadmap(
    req: func.HttpRequest, caller: Caller, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Redo what failed of a roadmap, and only that."""
    from shared.models.views import RoadmapAccepted
    from shared.services.roadmap_retry import RoadmapRetry

    retry = RoadmapRetry(get_clients(), Orchestrations(client))
    accepted_roadmap = RoadmapAccepted.of(await retry.retry(caller.user_id, path_id(req)))
    return accepted_answer(accepted_roadmap, accepted_roadmap.status_url)


@endpoint(
    blueprint,
    "POST",
    "roadmaps/{id:guid:length(36)}/cancel",
    access=Access.LEARNER,
    answers=(accepted("views.RoadmapAccepted"),),
    problems=("nothing_to_cancel", "conflict"),
)
async def cancel_roadmap(
    req: func.HttpRequest, caller: Caller, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Stop what is being generated of a roadmap, lessons included; what is ready stays.

    Whoever else waits for one of its lessons still gets it.
    """
    from shared.models.views import RoadmapAccepted
    from shared.services.roadmap_cancellation import RoadmapCancellation

    cancellation = RoadmapCancellation(get_clients(), Orchestrations(client))
    canceled = RoadmapAccepted.of(await cancellation.cancel(caller.user_id, path_id(req)))
    return accepted_answer(canceled, canceled.status_url)


@endpoint(
    blueprint,
    "DELETE",
    "roadmaps/{id:guid:length(36)}",
    access=Access.LEARNER,
    answers=(no_content(),),
    problems=("conflict",),
)
async def delete_roadmap(
    req: func.HttpRequest, caller: Caller, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Remove a roadmap with its modules and lessons; what runs is stopped first.

    A repeat of its creation with the same Idempotency-Key answers 410.
    """
    from shared.services.roadmap_deletion import RoadmapDeletion

    await RoadmapDeletion(get_clients(), Orchestrations(client)).delete(caller.user_id, path_id(req))
    return no_content_answer()


@endpoint(
    blueprint,
    "GET",
    "modules/{id:guid:length(36)}/lessons",
    access=Access.LEARNER,
    query="queries.PageQuery",
    answers=(ok("views.LessonPage"),),
)
async def list_module_lessons(req: func.HttpRequest, caller: Caller, query: PageQuery) -> func.HttpResponse:
    """List a module's lessons in their order."""
    from shared.models.views import LessonPage, LessonSummary
    from shared.services.roadmaps import Roadmaps

    roadmaps = Roadmaps(get_clients())
    page = await roadmaps.module_lessons(caller.user_id, path_id(req), query.limit, query.continuation)
    items = [LessonSummary.of(lesson) for lesson in page.items]
    return json_answer(LessonPage(items=items, continuation=page.continuation))
