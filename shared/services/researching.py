"""Research for a lesson: the lease of its generation, and the brief that the body will rest on."""

from __future__ import annotations

import time

from shared.clients import Clients
from shared.errors import Conflict, PreconditionFailed
from shared.models.document import now
from shared.models.inputs import ResearchInput
from shared.models.library import BriefDocument, LessonHead
from shared.models.outcomes import Deferred, Done, Failed
from shared.models.research import Brief
from shared.models.status import GenerationStatus
from shared.research.brief import research
from shared.research.cache import CachedSource
from shared.research.network_source import NetworkSource
from shared.research.protocol import Question, ResearchSource
from shared.research.sources import create_source
from shared.services.attempts import SUPERSEDED_PERHAPS
from shared.services.leases import CLOCK_ALLOWANCE, running_head, still_held, take_lease
from shared.store.documents import set_to
from shared.telemetry import log

RESEARCH_SECONDS = 20.0


class Researching:
    """The use case behind the activity `research_lesson`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def research(self, work: ResearchInput) -> Done | Deferred | Failed:
        """Take the lease and find the sources; `done` holds the fencing `token` and their number."""
        head = await running_head(self._documents, work)
        if isinstance(head, Failed):
            return head
        if head.status is not GenerationStatus.GENERATING:
            return Failed(code="superseded")
        held = head.lease
        if held is not None and held.owner != work.owner and now() < held.expires_at + CLOCK_ALLOWANCE:
            return Deferred(until=held.expires_at + CLOCK_ALLOWANCE)
        try:
            head = await take_lease(self._documents, head, work.owner)
            brief = await self._brief(head)
            await self._show_sources(head, len(brief.sources))
        except PreconditionFailed:
            return SUPERSEDED_PERHAPS
        return Done(result={"token": head.lease_token, "sources": len(brief.sources)})

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
            still_held(head),
        )


def _sources(clients: Clients) -> list[ResearchSource]:
    """Return the sources in the order of the setting; they remember until when they are limited."""
    sources = [
        (create_source(settings, clients.http), settings.ttl_seconds)
        for settings in clients.settings.source_settings
    ]
    return [
        CachedSource(source, clients.documents, ttl) if isinstance(source, NetworkSource) else source
        for source, ttl in sources
    ]
