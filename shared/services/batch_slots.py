"""Slots: how many lessons of batches may be in flight, of one learner and of all together."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import NamedTuple

from shared.clients import Clients
from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.models.batch import BatchSlots, HeldSlots
from shared.models.document import now
from shared.services.races import TRIES, pause
from shared.store.documents import equals, set_to

# A living batch renews what it holds each time that it looks; a lost one frees it.
HELD_FOR = timedelta(minutes=10)
RENEWED_AFTER = timedelta(minutes=3)


class Hold(NamedTuple):
    """What a batch holds now, and whether that had to be written."""

    lessons: int
    written: bool


class Slots:
    """The slots of all batches: one small document, changed under the condition of its revision."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents
        self._per_learner = clients.settings.batch_lessons_per_learner
        self._in_all = clients.settings.batch_lessons_in_all

    async def hold(self, batch_id: str, learner: str, in_flight: int, waiting: int) -> Hold:
        """Hold slots for what a batch has in flight and for as much as may join it; returns all it holds.

        What is in flight is never too much: a lowered setting only lets nothing join it. Raises
        PreconditionFailed when the document kept changing.
        """
        slots = await self._documents.find(BatchSlots, BatchSlots.KEY, BatchSlots.ID) or await self._look()
        for lost in range(TRIES):
            others = {
                id_: held for id_, held in slots.held.items() if id_ != batch_id and held.expires_at > now()
            }
            free = min(
                self._in_all - sum(held.lessons for held in others.values()),
                self._per_learner - sum(held.lessons for held in others.values() if held.learner == learner),
            )
            wanted = max(in_flight, min(in_flight + waiting, free))
            mine = slots.held.get(batch_id)
            if not _needs_writing(mine, wanted):
                return Hold(wanted, written=False)
            if wanted:
                others[batch_id] = HeldSlots(learner=learner, lessons=wanted, expires_at=now() + HELD_FOR)
            try:
                await self._write(slots, others)
            except PreconditionFailed:
                await pause(lost)
                slots = await self._look()
                continue
            return Hold(wanted, written=True)
        raise PreconditionFailed("the slots of batches kept changing")

    async def free(self, batch_id: str) -> None:
        """Hold nothing for a batch any longer."""
        await self.hold(batch_id, "", 0, 0)

    async def free_all_of(self, learner: str) -> None:
        """Hold nothing for any batch of a learner, named by pseudonym."""
        for lost in range(TRIES):
            slots = await self._look()
            others = {id_: held for id_, held in slots.held.items() if held.learner != learner}
            if len(others) == len(slots.held):
                return
            try:
                await self._write(slots, others)
            except PreconditionFailed:
                await pause(lost)
                continue
            return
        raise PreconditionFailed("the slots of batches kept changing")

    async def _look(self) -> BatchSlots:
        """Return the document as it is now: a write's answer is never old. It changes no revision."""
        looked = [set_to("/looked", uuid.uuid4().hex[:8])]
        try:
            return await self._documents.patch(BatchSlots, BatchSlots.KEY, BatchSlots.ID, looked)
        except NotFound:
            try:
                return await self._documents.create(BatchSlots(id=BatchSlots.ID, key=BatchSlots.KEY))
            except Conflict:
                return await self._documents.patch(BatchSlots, BatchSlots.KEY, BatchSlots.ID, looked)

    async def _write(self, slots: BatchSlots, held: dict[str, HeldSlots]) -> None:
        await self._documents.patch(
            BatchSlots,
            slots.key,
            slots.id,
            [
                set_to("/held", {id_: one.to_json() for id_, one in held.items()}),
                set_to("/revision", uuid.uuid4().hex),
            ],
            [equals("/revision", slots.revision)],
        )


def _needs_writing(mine: HeldSlots | None, wanted: int) -> bool:
    if mine is None:
        return wanted > 0
    return mine.lessons != wanted or mine.expires_at - now() < HELD_FOR - RENEWED_AFTER
