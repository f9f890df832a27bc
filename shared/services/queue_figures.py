"""What waits in batches and in the Outbox now, for operators."""

from __future__ import annotations

import asyncio

from shared.clients import Clients
from shared.models.batch import Batch, BatchSlots, BatchState
from shared.models.document import now
from shared.models.metrics import QueueFigures
from shared.models.outbox import Outbox

MOST_LOOKED_AT = 500


async def queue_figures(clients: Clients) -> QueueFigures:
    """Return the figures; what is beyond 500 documents of a kind is not looked at, which `complete` tells."""
    documents = clients.documents
    batches, unsent, slots = await asyncio.gather(
        documents.query_across(Batch, {"state": BatchState.OPEN.value}, limit=MOST_LOOKED_AT),
        documents.query_across(Outbox, {}, limit=MOST_LOOKED_AT),
        documents.find(BatchSlots, BatchSlots.KEY, BatchSlots.ID),
    )
    held = slots.held.values() if slots is not None else []
    return QueueFigures(
        batches_open=len(batches),
        lessons_queued=sum(batch.queued for batch in batches),
        lessons_running=sum(batch.running for batch in batches),
        lessons_in_flight=sum(one.lessons for one in held if one.expires_at > now()),
        lessons_in_flight_limit=clients.settings.batch_lessons_in_all,
        unsent=len(unsent),
        refused=sum(one.failures > 0 for one in unsent),
        complete=max(len(batches), len(unsent)) < MOST_LOOKED_AT,
    )
