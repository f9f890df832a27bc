"""HTTP: the dead letters of the queue, for operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from triggers.answers import json_answer
from triggers.endpoints import Access, endpoint, ok

if TYPE_CHECKING:
    from shared.models.dead_letters import RedriveRequest
    from shared.models.queries import PageQuery

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "GET",
    "ops/dead-letters",
    access=Access.ADMIN,
    query="queries.PageQuery",
    answers=(ok("dead_letters.DeadLetterPage"),),
    problems=("queue_unavailable",),
)
async def list_dead_letters(query: PageQuery) -> func.HttpResponse:
    """List messages that could not be obeyed, oldest first, with the reasons of the broker and of the app."""
    from shared.services.dead_letters import DeadLetters

    return json_answer(await DeadLetters(get_clients()).page(query.limit, query.continuation))


@endpoint(
    blueprint,
    "GET",
    "ops/dead-letters/{sequence:long}",
    access=Access.ADMIN,
    answers=(ok("dead_letters.DeadLetterView"),),
    problems=("queue_unavailable", "not_found"),
)
async def get_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
    """Read one dead letter with what was sent, by its sequence number."""
    from shared.services.dead_letters import DeadLetters

    return json_answer(await DeadLetters(get_clients()).view(int(req.route_params["sequence"])))


@endpoint(
    blueprint,
    "POST",
    "ops/dead-letters/redrive",
    access=Access.ADMIN,
    body="dead_letters.RedriveRequest",
    answers=(ok("dead_letters.RedriveResult"),),
    problems=("queue_unavailable",),
)
async def redrive_dead_letters(body: RedriveRequest) -> func.HttpResponse:
    """Put dead letters back into the queue under new message ids, each before it is removed."""
    from shared.services.dead_letters import DeadLetters

    return json_answer(await DeadLetters(get_clients()).redrive(body))
