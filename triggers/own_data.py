"""HTTP: all that is stored of a learner: taking it along, and having it removed.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from triggers.answers import json_answer
from triggers.endpoints import Access, accepted, endpoint, ok

if TYPE_CHECKING:
    from shared.models.queries import PageQuery

blueprint = df.Blueprint()

RETRY_AFTER_SECONDS = "30"


@endpoint(
    blueprint,
    "GET",
    "me/export",
    access=Access.LEARNER,
    query="queries.PageQuery",
    answers=(ok("export.ExportPage"),),
)
async def export_learner_data(caller: Caller, query: PageQuery) -> func.HttpResponse:
    """Take along all own data, page by page.

    Everything that is stored, with the text of each lesson that is written; the last page holds votes,
    reviews and what was spent.
    """
    from shared.services.export import Export

    return json_answer(await Export(get_clients()).page(caller.user_id, query.limit, query.continuation))


@endpoint(
    blueprint,
    "DELETE",
    "me",
    access=Access.LEARNER,
    answers=(accepted("removal.RemovalStatus", headers=("Retry-After",)),),
    while_removed=True,
)
async def remove_learner_data(caller: Caller, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Have all own data removed; asked again, tell how far that is.

    It takes some minutes, in which every other request of the learner is refused (`removal_running`). What
    runs is stopped, what is queued is dropped, and nothing asked for before comes back. Lessons that others
    share stay, with no learner in them. Who comes back afterwards begins anew.
    """
    from shared.services.removal import LearnerRemoval

    status = await LearnerRemoval(get_clients(), Orchestrations(client)).request(caller.user_id)
    return json_answer(status, HTTPStatus.ACCEPTED, {"Retry-After": RETRY_AFTER_SECONDS})
