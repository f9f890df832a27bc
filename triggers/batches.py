"""HTTP: writing all lessons of a module in the background."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from triggers.answers import accepted_answer, json_answer
from triggers.endpoints import Access, accepted, endpoint, ok
from triggers.questions import path_id

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "POST",
    "modules/{id:guid:length(36)}/generate",
    access=Access.LEARNER,
    answers=(accepted("views.BatchAccepted"),),
    problems=("not_outlined", "quota_exceeded", "conflict", "generation_off", "queue_unavailable"),
)
async def generate_module(
    req: func.HttpRequest, caller: Caller, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Have every lesson of a module written that is not, one after another, through the queue.

    What the library has is there at once. While such a batch is open, a repeat answers with it.
    """
    from shared.models.views import BatchAccepted
    from shared.services.batch_creation import BatchCreation

    creation = BatchCreation(get_clients(), Orchestrations(client))
    batch = BatchAccepted.of(await creation.create(caller.user_id, path_id(req)))
    return accepted_answer(batch, batch.status_url)


@endpoint(
    blueprint,
    "GET",
    "batches/{id:guid:length(36)}",
    access=Access.LEARNER,
    answers=(ok("views.BatchStatus"),),
)
async def get_batch(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Tell how far the lessons of a batch are; kept for a week after its end."""
    from shared.models.views import BatchStatus
    from shared.services.roadmaps import Roadmaps

    return json_answer(BatchStatus.of(await Roadmaps(get_clients()).batch(caller.user_id, path_id(req))))
