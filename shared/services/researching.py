"""Research for a lesson: the lease of its generation, and the brief that the body will rest on."""

from __future__ import annotations

import time
from datetime import timedelta

from shared.clients import Clients
from shared.errors import Conflict, PreconditionFailed
from shared.models.document import now
from shared.models.inputs import Generation, ResearchInput
from shared.models.library import BriefDocument, Lease, LessonHead
from shared.models.outcomes import Deferred, Done, Failed
from shared.models.research import Brief
from shared.models.status import GenerationStatus
from shared.research.brief import research
from shared.research.protocol import Question, ResearchSource
from shared.research.sources import create_source
from shared.store.documents import Documents, equals, set_to
from shared.telemetry import log

# Longer than an activity may run (150 s), so that a living writer never loses its lease between two hops.
LEASE = timedelta(minutes=5)
# Clocks of instances may differ by this much before a lease is taken over.
CLOCK_ALLOWANCE = timedelta(seconds=30)
RESEARCH_SECONDS = 20.0


async def running_head(documents: Documents, work: Generation) -> LessonHead | None:
    """Return the head, if this generation is still the one that it waits for."""
    head = await documents.find(LessonHead, work.lesson_key, LessonHead.ID)
    if head is None or head.generation != work.generation:
        return None
    return head


class Researching:
    """The use case behind the activity `research_lesson`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def research(self, work: ResearchInput) -> Done | Deferred | Failed:
        """Take the lease and find the sources; `done` holds the fencing `token` and their number."""
        head = await running_head(self._documents, work)
        if head is None or head.status is not GenerationStatus.GENERATING:
            return Failed(code="superseded")
        held = head.lease
        if held is not None and held.owner != work.owner and now() < held.expires_at + CLOCK_ALLOWANCE:
            return Deferred(until=held.expires_at + CLOCK_ALLOWANCE)
        try:
            head = await self._take_lease(head, work.owner)
            brief = await self._brief(head)
            await self._show_sources(head, len(brief.sources))
        except PreconditionFailed:
            return Failed(code="superseded", retryable=True)
        return Done(result={"token": head.lease_token, "sources": len(brief.sources)})

    async def _take_lease(self, head: LessonHead, owner: str) -> LessonHead:
        token = head.lease_token + 1
        lease = Lease(token=token, owner=owner, expires_at=now() + LEASE)
        return await self._documents.patch(
            LessonHead,
            head.key,
            head.id,
            [set_to("/lease", lease.to_json()), set_to("/lease_token", token)],
            [
                equals("/lease_token", head.lease_token),
                equals("/generation", head.generation),
                equals("/status", GenerationStatus.GENERATING.value),
            ],
        )

    async def _brief(self, head: LessonHead) -> Brief:
        brief_id = BriefDocument.id_of(head.generation)
        found = await self._documents.find(BriefDocument, head.key, brief_id)
        if found is not None:
            return found.brief
        started = time.monotonic()
        brief = await research(
            Question.of(head.specification),
            self._clients.kept(_sources),
            deadline_seconds=RESEARCH_SECONDS,
        )
        seconds = round(time.monotonic() - started, 3)
        document = BriefDocument(
            id=brief_id, key=head.key, generation=head.generation, brief=brief, seconds=seconds
        )
        try:
            await self._documents.create(document)
        except Conflict:  # a second copy of this call was faster; both go on with the same brief
            return (await self._documents.read(BriefDocument, head.key, brief_id)).brief
        log("lesson.researched", lesson_key=head.key, count=len(brief.sources), seconds=seconds)
        return brief

    async def _show_sources(self, head: LessonHead, count: int) -> None:
        await self._documents.patch(
            LessonHead,
            head.key,
            head.id,
            [set_to("/sources_found", count)],
            [equals("/lease_token", head.lease_token)],
        )


def _sources(clients: Clients) -> list[ResearchSource]:
    """Return the sources in the order of the setting; they remember until when they are limited."""
    return [create_source(settings, clients.http) for settings in clients.settings.source_settings]
