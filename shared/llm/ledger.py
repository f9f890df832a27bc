"""The call ledger: a step that is repeated does not pay for its model calls again.

Activities are delivered at least once, and the paid call is the one side effect that must not be repeated
lightly. So a record is created before each call and completed with the reply before anything else happens.
Whoever comes again reads it. Only a process that dies between the provider's reply and the write costs one
repeat, which is counted in the record.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.llm.exchange import ChatFailure, ChatReply
from shared.models.document import Document, now
from shared.models.library import LibraryDocument
from shared.models.roadmap import LearnerDocument
from shared.store.documents import Documents

RECORD_TTL_SECONDS = 7 * 86_400
CLOCK_ALLOWANCE_SECONDS = 5.0
"""Clocks of instances differ, and a reply takes a moment to be written after the call's own deadline."""
MAX_WRITE_ATTEMPTS = 5
STALE_SECONDS = 3.0
"""Another instance's write can be invisible for about two seconds (session consistency)."""

_PART = re.compile(r"[A-Za-z0-9._-]{1,200}")

Call = Callable[[], Awaitable[ChatReply | ChatFailure]]


class CallStatus(StrEnum):
    """How far a paid call is."""

    CALLING = "calling"
    COMPLETED = "completed"
    FAILED = "failed"


class PaidCall(Document):
    """One paid call, kept for a week in the partition of what it was for."""

    generation: str
    provider: str
    step: str
    try_number: int
    status: CallStatus = CallStatus.CALLING
    caller: str
    deadline: datetime
    repeats: int = 0
    reply: ChatReply | ChatFailure | None = None
    cost_usd: float = 0.0
    seconds: float = 0.0
    ttl: int | None = RECORD_TTL_SECONDS


class CallRecord(PaidCall, LibraryDocument):
    """A paid call for something shared; its prompt and its reply hold nothing of a learner."""

    document_type: ClassVar[str] = "CallRecord"


class LearnerCallRecord(PaidCall, LearnerDocument):
    """A paid call whose prompt held a learner's own words, so that its reply may too."""

    document_type: ClassVar[str] = "LearnerCallRecord"


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """What makes a call the same call: the shared thing (`key`), its generation, provider, step and try.

    Of a call that holds a learner's own words, `key` is the learner's id.

    The prompt is not part of it: it holds a delimiter that differs each time.
    """

    key: str
    generation: str
    provider: str
    step: str
    try_number: int

    @property
    def id(self) -> str:
        """The id of the record; raises ValueError for parts that would make it ambiguous."""
        for part in (self.generation, self.provider, self.step):
            if not _PART.fullmatch(part):
                raise ValueError(f"{part!r} cannot be part of a call's id")
        return f"call:{self.generation}:{self.provider}:{self.step}:{self.try_number}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of a call and its repeats; `paid_now` is false when it was read from the record."""

    outcome: ChatReply | ChatFailure
    repeats: int
    paid_now: bool


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another copy of this step is in the middle of the same call; come back at `until`."""

    until: datetime


class CallLedger:
    """Makes each identified call once; `record` says in whose partition that is written down."""

    def __init__(
        self,
        documents: Documents,
        record: type[CallRecord | LearnerCallRecord] = CallRecord,
        *,
        clock: Callable[[], datetime] = now,
        allowance_seconds: float = CLOCK_ALLOWANCE_SECONDS,
    ) -> None:
        self._documents = documents
        self._record: type[PaidCall] = record
        self._clock = clock
        self._allowance_seconds = allowance_seconds

    async def look(self, identity: CallIdentity) -> Recorded | InProgress | None:
        """Return what is known of a call without making it; None when it is still to be made."""
        found = await self._documents.find(self._record, identity.key, identity.id)
        if found is None:
            return None
        if found.reply is not None:
            return Recorded(found.reply, found.repeats, paid_now=False)
        return InProgress(found.deadline) if found.deadline > self._clock() else None

    async def paid_for(self, key: str, generation: str) -> bool:
        """Tell whether a call of this generation is under way, or has brought a reply."""
        page = await self._documents.query(self._record, key, {"generation": generation})
        return any(
            call.status is CallStatus.COMPLETED
            or (call.status is CallStatus.CALLING and call.deadline > self._clock())
            for call in page.items
        )

    async def once(self, identity: CallIdentity, timeout_seconds: float, call: Call) -> Recorded | InProgress:
        """Return the recorded outcome of a call, or make it and record it.

        `call` must end within `timeout_seconds`; after that, and an allowance for clocks, the record counts
        as abandoned and is taken over.
        """
        caller = uuid.uuid4().hex
        deadline = self._clock() + timedelta(seconds=timeout_seconds + self._allowance_seconds)
        record = await self._reserve(identity, caller, deadline)
        if record is None:
            return InProgress(self._clock() + timedelta(seconds=STALE_SECONDS))
        if record.reply is not None:
            return Recorded(record.reply, record.repeats, paid_now=False)
        if record.caller != caller:
            return InProgress(record.deadline)
        outcome = await call()
        return await self._complete(record, outcome)

    async def _reserve(self, identity: CallIdentity, caller: str, deadline: datetime) -> PaidCall | None:
        """Create the record or take over an abandoned one; None while others' writes cannot be seen yet."""
        record = self._record(
            **{self._record.partition_field: identity.key},
            id=identity.id,
            generation=identity.generation,
            provider=identity.provider,
            step=identity.step,
            try_number=identity.try_number,
            caller=caller,
            deadline=deadline,
        )
        for _ in range(MAX_WRITE_ATTEMPTS):
            try:
                return await self._documents.create(record)
            except Conflict:
                found = await self._documents.find(self._record, identity.key, identity.id)
            if found is None:
                continue  # not visible yet, or expired in between
            if found.reply is not None or found.caller == caller or found.deadline > self._clock():
                return found
            taken = found.model_copy(
                update={"caller": caller, "deadline": deadline, "repeats": found.repeats + 1}
            )
            try:
                return await self._documents.replace(taken)
            except (NotFound, PreconditionFailed):
                continue  # another copy was faster: look again
        return None

    async def _complete(self, record: PaidCall, outcome: ChatReply | ChatFailure) -> Recorded:
        """Write the outcome down; when another copy took the call over, the first outcome written stands."""
        for _ in range(MAX_WRITE_ATTEMPTS):
            completed = record.model_copy(
                update={
                    "status": CallStatus.COMPLETED if isinstance(outcome, ChatReply) else CallStatus.FAILED,
                    "reply": outcome,
                    "cost_usd": outcome.cost_usd,
                    "seconds": outcome.seconds,
                }
            )
            try:
                written = await self._documents.replace(completed)
            except PreconditionFailed:
                await asyncio.sleep(STALE_SECONDS / MAX_WRITE_ATTEMPTS)
            else:
                return Recorded(outcome, written.repeats, paid_now=True)
            found = await self._documents.find(self._record, record.partition, record.id)
            if found is not None and found.reply is not None:
                return Recorded(found.reply, found.repeats, paid_now=True)
            record = found or record
        raise PreconditionFailed(f"the call record {record.id} kept changing")
