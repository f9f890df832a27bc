"""The lease of a generation: who may write, and until when."""

from __future__ import annotations

from datetime import timedelta

from shared.models.base import timestamp
from shared.models.document import now
from shared.models.inputs import Generation
from shared.models.library import Lease, LessonHead
from shared.models.outcomes import Failed
from shared.models.status import GenerationStatus
from shared.services.attempts import SUPERSEDED_PERHAPS
from shared.store.contract import Condition
from shared.store.documents import Documents, equals, set_to

# Longer than an activity may run (150 s), so that a living writer never loses its lease between two hops.
LEASE = timedelta(minutes=5)
# Clocks of instances may differ by this much before a lease is taken over.
CLOCK_ALLOWANCE = timedelta(seconds=30)

NOBODYS = set_to("/cause/charged_to", "")
"""What an ended generation no longer needs to know: whose budget paid for it."""


async def running_head(documents: Documents, work: Generation) -> LessonHead | Failed:
    """Return the head, if this generation is still the one that it waits for."""
    head = await documents.find(LessonHead, work.lesson_key, LessonHead.ID)
    if head is None or head.generation < work.generation:
        return SUPERSEDED_PERHAPS
    if head.generation > work.generation:
        return Failed(code="superseded")
    return head


def still_held(head: LessonHead) -> list[Condition]:
    """Require what a writer rests on: the generation runs, and nobody has taken the lease over."""
    return [
        equals("/lease_token", head.lease_token),
        equals("/generation", head.generation),
        equals("/status", GenerationStatus.GENERATING.value),
    ]


async def take_lease(documents: Documents, head: LessonHead, owner: str) -> LessonHead:
    """Take the lease under a new fencing token; raises PreconditionFailed when another was faster.

    Whoever held an older token may no longer publish. Its own holder keeps the token: the call may be a late
    copy of one that was answered, and its orchestration writes under that answer.
    """
    if head.lease is not None and head.lease.owner == owner:
        operations = [set_to("/lease/expires_at", timestamp(now() + LEASE))]
    else:
        token = head.lease_token + 1
        lease = Lease(token=token, owner=owner, expires_at=now() + LEASE)
        operations = [set_to("/lease", lease.to_json()), set_to("/lease_token", token)]
    return await documents.patch(LessonHead, head.key, head.id, operations, still_held(head))


async def begin_turn(documents: Documents, head: LessonHead, *, may_pay: bool) -> None:
    """Prolong the lease for a turn of writing; raises PreconditionFailed when the generation is over.

    From here until the turn is over nobody may end a generation whose call may be paid already.
    """
    operations = [
        set_to("/lease/expires_at", timestamp(now() + LEASE)),
        set_to("/lease/calling", may_pay),
    ]
    await documents.patch(LessonHead, head.key, head.id, operations, still_held(head))


async def end_turn(documents: Documents, head: LessonHead) -> None:
    """Note that a turn is over that has published nothing; raises PreconditionFailed as `begin_turn` does."""
    await documents.patch(LessonHead, head.key, head.id, [set_to("/lease/calling", False)], still_held(head))
