"""HTTP: the library as mentors see it: what waits for a review, and their decisions.

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
from triggers.questions import path_key

if TYPE_CHECKING:
    from shared.models.queries import PageQuery
    from shared.models.reviews import LibraryQuery, ReviewRequest

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "GET",
    "library/lessons",
    access=Access.MENTOR,
    query="reviews.LibraryQuery",
    answers=(ok("reviews.LibraryPage"),),
)
async def list_library_lessons(query: LibraryQuery) -> func.HttpResponse:
    """List the versions with an approval status, the oldest first; without one, those that wait for a review.

    The list is kept beside the library: a version may stand in it a moment after it was written, and one
    whose entry could not be changed until somebody opens it.
    """
    from shared.models.reviews import LibraryLesson, LibraryPage
    from shared.services.reviewing import Reviewing

    found = await Reviewing(get_clients()).page(query.approval_status, query.limit, query.continuation)
    items = [LibraryLesson.of(entry) for entry in found.items]
    return json_answer(LibraryPage(items=items, continuation=found.continuation))


@endpoint(
    blueprint,
    "GET",
    "library/lessons/{key:length(64)}/versions/{version:maxlength(12)}",
    access=Access.MENTOR,
    query="queries.PageQuery",
    answers=(ok("reviews.LibraryVersionView"),),
)
async def get_library_version(req: func.HttpRequest, query: PageQuery) -> func.HttpResponse:
    """Read a version with the key of its quiz, its figures and its reviews, which come page by page."""
    from shared.services.reviewing import Reviewing

    label, reviewing = str(req.route_params["version"]), Reviewing(get_clients())
    return json_answer(await reviewing.version(path_key(req), label, query.limit, query.continuation))


@endpoint(
    blueprint,
    "POST",
    "library/lessons/{key:length(64)}/versions/{version:maxlength(12)}/review",
    access=Access.MENTOR,
    body="reviews.ReviewRequest",
    answers=(ok("reviews.LibraryVersionView"),),
    problems=("conflict",),
)
async def review_library_version(
    req: func.HttpRequest, caller: Caller, body: ReviewRequest
) -> func.HttpResponse:
    """Approve, verify or reject a version.

    A rejected version is served to nobody: who has it is given the best that is left, or asks for it anew.
    """
    from shared.services.reviewing import Reviewing

    label = str(req.route_params["version"])
    reviewing = Reviewing(get_clients())
    return json_answer(await reviewing.review(caller.user_id, path_key(req), label, body))
