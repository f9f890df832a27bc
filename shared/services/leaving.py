"""Leaving a generation: a lesson that waits no longer, and the end of a generation that nobody waits for.

The head counts who waits. Whoever joins, leaves or begins a turn of writing changes the head under conditions
on that count, on the generation and on that turn, so that none of them can miss another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from shared.errors import NotFound, PreconditionFailed
from shared.llm.ledger import CallLedger
from shared.models.library import LessonHead, Occasion, Waiter
from shared.models.roadmap import Lesson
from shared.models.status import Generated, GenerationStatus, move
from shared.security.pseudonym import pseudonym
from shared.services.failures import failure
from shared.services.leases import NOBODYS, still_held
from shared.services.races import TRIES, pause
from shared.settings import Settings
from shared.store.contract import Condition, Delete, Patch, PatchOperation
from shared.store.documents import Documents, change, equals, increment, set_to
from shared.telemetry import log


@dataclass(frozen=True, slots=True)
class Place:
    """A lesson's place among those who wait for a generation."""

    key: str
    waiter_id: str
    generation: int
    learner: str

    @classmethod
    def of(cls, settings: Settings, lesson: Lesson) -> Self:
        """Return the place of a lesson that waits."""
        generation = lesson.generation or 0
        return cls(
            key=lesson.awaited_key,
            waiter_id=Waiter.id_of(lesson.id, lesson.attempt, generation),
            generation=generation,
            learner=pseudonym(settings, lesson.user_id),
        )

    def counts_in(self, head: LessonHead) -> bool:
        """Tell whether a running generation counts this place; a recovery keeps those of the one before."""
        return (
            head.status is GenerationStatus.GENERATING and self.generation > head.generation - head.attempts
        )


async def leave(documents: Documents, place: Place) -> None:
    """Give up a place; the generation ends with the last one, unless a call of it may be paid already.

    A repeat finds nothing to give up. Raises PreconditionFailed when the head keeps changing.
    """
    for lost in range(TRIES):
        head = await documents.find(LessonHead, place.key, LessonHead.ID)
        if head is None or head.generation < place.generation:
            await pause(lost)  # another instance has written it, and it is not visible yet
            continue
        try:
            if place.counts_in(head):
                departure = await _departure(documents, head, place)
                await documents.batch(LessonHead, head.key, [Delete(place.waiter_id), departure])
            else:
                await documents.delete(Waiter, head.key, place.waiter_id)
        except NotFound:
            return
        except PreconditionFailed:
            await pause(lost)
            continue
        log("lesson.left", lesson_key=head.key, generation=head.generation, count=head.waiters)
        return
    raise PreconditionFailed(f"the generations of {place.key} keep changing")


async def _departure(documents: Documents, head: LessonHead, place: Place) -> Patch:
    """Return what becomes of the head."""
    is_last = head.waiters <= 1
    if is_last and not await _runs_on(documents, head):
        # A turn that begins in this moment fails this condition, or is failed by the status.
        operations, still = _end(head)
        return change(head.id, operations, [*still, Condition("/lease/calling", "!=", True)])
    operations = [increment("/waiters", -1)]
    if head.cause.charged_to == place.learner:
        operations.append(NOBODYS)
    still = [equals("/status", head.status.value), equals("/generation", head.generation)]
    count = equals("/waiters", head.waiters) if is_last else Condition("/waiters", ">", 1)
    return change(head.id, operations, [*still, count])


async def _runs_on(documents: Documents, head: LessonHead) -> bool:
    """Tell whether a generation goes on though nobody waits for it."""
    if runs_by_itself(head) or (head.lease is not None and head.lease.calling):
        return True
    return await CallLedger(documents).paid_for(head.key, head.call_generation)


def runs_by_itself(head: LessonHead) -> bool:
    """Tell whether a generation never needed anybody who waits for it."""
    return head.cause.occasion in (Occasion.UPGRADE, Occasion.REFRESH)


async def end_unwanted(documents: Documents, head: LessonHead) -> LessonHead:
    """End a generation that nobody waits for and whose orchestration is gone; raises PreconditionFailed."""
    operations, still = _end(head)
    return await documents.patch(LessonHead, head.key, head.id, operations, still)


def _end(head: LessonHead) -> tuple[list[PatchOperation], list[Condition]]:
    operations = [
        set_to("/status", move(Generated.LESSON, head.status, GenerationStatus.CANCELED).value),
        set_to("/error", failure("canceled").to_json()),
        set_to("/lease", None),
        set_to("/waiters", 0),
        NOBODYS,
    ]
    return operations, [*still_held(head), equals("/waiters", head.waiters)]
