"""A source whose answers and pauses all instances share."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from shared.errors import Conflict, NotFound, PreconditionFailed, SkillSyncError
from shared.models.source_cache import SourceCache, SourcePause
from shared.research.network_source import NetworkSource
from shared.research.protocol import Hit, Question, SourceLimited
from shared.store.documents import Documents, increment
from shared.store.tallies import add_today
from shared.telemetry import log

# A change of what a source makes of an answer must not be hidden by answers of before.
ANSWER_VERSION = 1
# Both stores bound a document at 2 MB; a larger answer is not kept.
MAX_RESPONSE_BYTES = 1_000_000

_hits = TypeAdapter(list[Hit])


def cache_key(source: NetworkSource, question: Question) -> str:
    """Return the digest of a source and what its answer depends on."""
    text = f"{ANSWER_VERSION}\n{source.name}\n{source.query(question)}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class CachedSource:
    """Answers from the store while an answer is fresh, asks the source otherwise.

    Failures are not kept; an empty answer is one. A store that fails costs the cache, never the search.
    """

    def __init__(self, source: NetworkSource, documents: Documents, ttl_seconds: int) -> None:
        self._source = source
        self._documents = documents
        self._ttl_seconds = ttl_seconds

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    @property
    def timeout_seconds(self) -> float:
        """The source's own patience, in seconds."""
        return self._source.timeout_seconds

    async def search(self, question: Question) -> Sequence[Hit]:
        """Return the hits; raises what the source raises, and `SourceLimited` during a shared pause."""
        key = cache_key(self._source, question)
        kept = await self._kept(key)
        if self._ttl_seconds:
            await add_today(self._documents, {"source_hits" if kept is not None else "source_misses": 1})
        if kept is not None:
            return kept
        await self._check_pause()
        before = self._source.paused_until
        try:
            found = await self._source.search(question)
        finally:
            if self._source.paused_until > before:
                await self._share_pause(self._source.paused_until)
        await self._keep(key, found)
        return found

    async def _kept(self, key: str) -> list[Hit] | None:
        if not self._ttl_seconds:
            return None
        try:
            found = await self._documents.find(SourceCache, key, SourceCache.ID)
            # Cosmos removes what is out of date when it has time; until then it must not be served.
            if found is None or _age(found) > timedelta(seconds=self._ttl_seconds):
                return None
            hits = _hits.validate_python(found.response)
            await self._documents.patch(SourceCache, key, SourceCache.ID, [increment("/hits")])
        except NotFound:
            return hits  # it went out of date between the two
        except ValidationError:
            return None
        except SkillSyncError as error:
            self._tell(error)
            return None
        return hits

    async def _keep(self, key: str, found: Sequence[Hit]) -> None:
        response = _hits.dump_python(list(found), mode="json")
        if not self._ttl_seconds or len(_hits.dump_json(list(found))) > MAX_RESPONSE_BYTES:
            return
        document = SourceCache(
            id=SourceCache.ID, key=key, origin=self.name, response=response, ttl=self._ttl_seconds
        )
        try:
            try:
                await self._documents.create(document)
            except Conflict:  # an answer that is out of date, or another instance's
                stale = await self._documents.find(SourceCache, key, SourceCache.ID)
                if stale is not None:
                    await self._documents.replace(document.model_copy(update={"etag": stale.etag}))
        except (Conflict, PreconditionFailed, NotFound):
            return  # another instance was faster, with the same answer
        except SkillSyncError as error:
            self._tell(error)

    async def _check_pause(self) -> None:
        try:
            pause = await self._documents.find(SourcePause, SourcePause.key_of(self.name), SourcePause.ID)
        except SkillSyncError as error:
            self._tell(error)
            return
        if pause is not None and datetime.now(UTC) < pause.until:
            raise SourceLimited(pause.until)

    async def _share_pause(self, until: datetime) -> None:
        key = SourcePause.key_of(self.name)
        seconds = max(1, int((until - datetime.now(UTC)).total_seconds()) + 1)
        pause = SourcePause(id=SourcePause.ID, key=key, origin=self.name, until=until, ttl=seconds)
        try:
            try:
                await self._documents.create(pause)
            except Conflict:
                known = await self._documents.find(SourcePause, key, SourcePause.ID)
                if known is not None and known.until < until:
                    await self._documents.replace(pause.model_copy(update={"etag": known.etag}))
        except (Conflict, PreconditionFailed, NotFound):
            return  # another instance has just been told the same
        except SkillSyncError as error:
            self._tell(error)

    def _tell(self, error: SkillSyncError) -> None:
        log("source.cache_failed", logging.WARNING, source=self.name, code=type(error).__name__)


def _age(document: SourceCache) -> timedelta:
    """Return how old an answer is; counting a hit changes `updated_at`, so `created_at` counts."""
    return datetime.now(UTC) - document.created_at
