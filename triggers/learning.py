"""HTTP: a learner's profile and progress.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.security.identity import Caller
from triggers.answers import json_answer
from triggers.endpoints import Access, endpoint, ok
from triggers.questions import expected_tags, path_id

if TYPE_CHECKING:
    from shared.models.progress import ProgressRequest
    from shared.models.queries import PageQuery
    from shared.models.requests import ProfileRequest

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "GET",
    "me/profile",
    access=Access.LEARNER,
    answers=(ok("profile.ProfileView", headers=("ETag",)),),
)
async def get_profile(caller: Caller) -> func.HttpResponse:
    """Read the caller's profile: the defaults of new roadmaps."""
    from shared.services.profiles import Profiles, profile_tag, profile_view

    profile = await Profiles(get_clients()).profile(caller.user_id)
    return json_answer(profile_view(profile), headers={"ETag": profile_tag(profile)})


@endpoint(
    blueprint,
    "PUT",
    "me/profile",
    access=Access.LEARNER,
    body="requests.ProfileRequest",
    headers=("If-Match",),
    answers=(ok("profile.ProfileView", headers=("ETag",)),),
    problems=("precondition_failed", "conflict"),
)
async def put_profile(req: func.HttpRequest, caller: Caller, body: ProfileRequest) -> func.HttpResponse:
    """Replace the caller's profile: what is left out is unset.

    The last write wins, unless If-Match names the entity tag of the profile that was read.
    """
    from shared.services.profiles import Profiles, profile_tag, profile_view

    profile = await Profiles(get_clients()).replace(caller.user_id, body, expected_tags(req))
    return json_answer(profile_view(profile), headers={"ETag": profile_tag(profile)})


@endpoint(
    blueprint,
    "PUT",
    "lessons/{id:guid:length(36)}/progress",
    access=Access.LEARNER,
    body="progress.ProgressRequest",
    answers=(ok("progress.ProgressView"),),
    problems=("not_completed", "version_changed", "conflict"),
)
async def put_lesson_progress(
    req: func.HttpRequest, caller: Caller, body: ProgressRequest
) -> func.HttpResponse:
    """Note that a lesson was started or completed, and have the answers to its quiz scored.

    What was completed stays completed. The answer holds the key of each question that was answered.
    """
    from shared.services.learning import Learning

    return json_answer(await Learning(get_clients()).record(caller.user_id, path_id(req), body))


@endpoint(
    blueprint,
    "GET",
    "me/progress",
    access=Access.LEARNER,
    query="queries.PageQuery",
    answers=(ok("progress.ProgressOverview"),),
)
async def get_progress(caller: Caller, query: PageQuery) -> func.HttpResponse:
    """Read how far the caller is: streak and totals, and roadmaps with their modules, the newest first."""
    from shared.services.learning import Learning

    learning = Learning(get_clients())
    return json_answer(await learning.overview(caller.user_id, query.limit, query.continuation))
