"""HTTP: the versions of a learner's lesson, and asking for a new one.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from triggers.answers import accepted_answer, json_answer
from triggers.endpoints import Access, accepted, endpoint, ok
from triggers.questions import path_id

if TYPE_CHECKING:
    from shared.models.queries import PageQuery
    from shared.models.versions import RegenerationRequest, VersionChoice, VoteRequest

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "POST",
    "lessons/{id:guid:length(36)}/regenerate",
    access=Access.LEARNER,
    body="versions.RegenerationRequest",
    body_required=False,
    answers=(accepted("versions.RegenerationAccepted"),),
    problems=("not_completed", "quota_exceeded", "conflict", "generation_off"),
)
async def regenerate_lesson(
    req: func.HttpRequest, caller: Caller, body: RegenerationRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Ask for a new version of a lesson; a newer one that is there already is taken instead."""
    from shared.models.versions import RegenerationAccepted
    from shared.services.regeneration import LessonRegeneration

    regeneration = LessonRegeneration(get_clients(), Orchestrations(client))
    lesson = await regeneration.request(caller.user_id, path_id(req), body)
    regenerating = RegenerationAccepted.of(lesson)
    return accepted_answer(regenerating, regenerating.status_url)


@endpoint(
    blueprint,
    "GET",
    "lessons/{id:guid:length(36)}/versions",
    access=Access.LEARNER,
    query="queries.PageQuery",
    answers=(ok("versions.VersionPage"),),
)
async def list_lesson_versions(req: func.HttpRequest, caller: Caller, query: PageQuery) -> func.HttpResponse:
    """List how each version of a lesson came to be, oldest first."""
    from shared.models.versions import VersionPage, VersionSummary
    from shared.services.versions import Versions

    versions = Versions(get_clients())
    found = await versions.page(caller.user_id, path_id(req), query.limit, query.continuation)
    items = [VersionSummary.of(version) for version in found.items]
    return json_answer(VersionPage(items=items, continuation=found.continuation))


@endpoint(
    blueprint,
    "GET",
    "lessons/{id:guid:length(36)}/versions/{version:maxlength(12)}",
    access=Access.LEARNER,
    answers=(ok("versions.VersionView"),),
)
async def get_lesson_version(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Read one version of a lesson with its body."""
    from shared.models.versions import VersionView
    from shared.services.versions import Versions

    label = str(req.route_params["version"])
    version, tried = await Versions(get_clients()).version(caller.user_id, path_id(req), label)
    return json_answer(VersionView.whole(version, tried=tried))


@endpoint(
    blueprint,
    "POST",
    "lessons/{id:guid:length(36)}/vote",
    access=Access.LEARNER,
    body="versions.VoteRequest",
    answers=(ok("versions.VoteView"),),
    problems=("not_completed", "conflict"),
)
async def vote_on_lesson(
    req: func.HttpRequest, caller: Caller, body: VoteRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Vote for or against the version that a lesson shows.

    One vote for each learner and version; it can be changed, and 0 withdraws it.
    """
    from shared.services.voting import Voting

    voting = Voting(get_clients(), Orchestrations(client))
    return json_answer(await voting.vote(caller.user_id, path_id(req), body.value))


@endpoint(
    blueprint,
    "PUT",
    "lessons/{id:guid:length(36)}/version",
    access=Access.LEARNER,
    body="versions.VersionChoice",
    answers=(ok("views.LessonView"),),
    problems=("not_completed", "conflict"),
)
async def choose_lesson_version(
    req: func.HttpRequest, caller: Caller, body: VersionChoice
) -> func.HttpResponse:
    """Show this version of the lesson from now on."""
    from shared.services.lessons import Lessons
    from shared.services.versions import Versions

    clients = get_clients()
    lesson_id = path_id(req)
    await Versions(clients).choose(caller.user_id, lesson_id, body.version)
    view, _ = await Lessons(clients).view(caller.user_id, lesson_id)
    return json_answer(view)
