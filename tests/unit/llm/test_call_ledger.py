"""Each identified call is made once, whoever repeats it and whenever a process dies."""

from __future__ import annotations

import asyncio
import multiprocessing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.errors import NotFound
from shared.llm.exchange import ChatFailure, ChatReply, FailureKind, Usage
from shared.llm.ledger import (
    CLOCK_ALLOWANCE_SECONDS,
    RECORD_TTL_SECONDS,
    CallIdentity,
    CallLedger,
    CallRecord,
    CallStatus,
    InProgress,
    LearnerCallRecord,
    Recorded,
)
from shared.store.contract import Document
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore

IDENTITY = CallIdentity(key="a" * 64, generation="3", provider="groq", step="outline-2", try_number=1)
REPLY = ChatReply(
    content='{"title": "日本語 \\u0000"}',
    model="m",
    usage=Usage(prompt_tokens=10, completion_tokens=5),
    cost_usd=0.25,
    seconds=1.5,
)
FAILURE = ChatFailure(kind=FailureKind.RATE_LIMITED, detail="slow down", retry_after=7.0, per_day=True)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class PaidCall:
    """A call that counts how often it was paid; `answers` is what it returns in turn."""

    answers: list[ChatReply | ChatFailure] = field(default_factory=lambda: [REPLY])
    paid: int = 0

    async def __call__(self) -> ChatReply | ChatFailure:
        self.paid += 1
        return self.answers[min(self.paid, len(self.answers)) - 1]


class Died(BaseException):
    """The process is gone."""


async def record_of(documents: Documents, identity: CallIdentity = IDENTITY) -> CallRecord:
    return await documents.read(CallRecord, identity.key, identity.id)


async def test_what_holds_a_learners_words_is_recorded_with_the_learner(documents: Documents) -> None:
    own = replace(IDENTITY, key="ada")
    call = PaidCall([REPLY])
    ledger = CallLedger(documents, LearnerCallRecord)
    await ledger.once(own, 60, call)
    assert await ledger.once(own, 60, call) == Recorded(REPLY, 0, paid_now=False)
    assert call.paid == 1
    record = await documents.read(LearnerCallRecord, "ada", own.id)
    assert (record.user_id, record.reply) == ("ada", REPLY)
    assert await documents.find(CallRecord, "ada", own.id) is None
    assert (LearnerCallRecord.container, CallRecord.container) == ("learning", "library")


@pytest.mark.parametrize("outcome", [REPLY, FAILURE], ids=["reply", "failure"])
async def test_a_repeat_reads_the_outcome_and_pays_nothing(
    documents: Documents, outcome: ChatReply | ChatFailure
) -> None:
    call = PaidCall([outcome])
    first = await CallLedger(documents).once(IDENTITY, 60, call)
    again = await CallLedger(documents).once(IDENTITY, 60, call)

    assert first == Recorded(outcome, repeats=0, paid_now=True)
    assert again == Recorded(outcome, repeats=0, paid_now=False)
    assert call.paid == 1


@pytest.mark.parametrize(
    "change",
    [
        {"key": "b" * 64},
        {"generation": "4"},
        {"provider": "gemini"},
        {"step": "outline-3"},
        {"try_number": 2},
    ],
)
async def test_another_identity_is_another_call(documents: Documents, change: dict[str, Any]) -> None:
    call = PaidCall()
    ledger = CallLedger(documents)
    await ledger.once(IDENTITY, 60, call)
    await ledger.once(replace(IDENTITY, **change), 60, call)
    assert call.paid == 2


@pytest.mark.parametrize("part", ["", "a/b", "a:b", "a b", "a\nb", "x" * 201, "ä"])
def test_parts_that_would_make_an_id_ambiguous_are_refused(part: str) -> None:
    with pytest.raises(ValueError, match="cannot be part"):
        _ = replace(IDENTITY, step=part).id


async def test_the_record_stands_before_the_call_and_holds_its_price_afterwards(documents: Documents) -> None:
    seen: list[CallRecord] = []

    async def call() -> ChatReply:
        seen.append(await record_of(documents))
        return REPLY

    clock = Clock()
    await CallLedger(documents, clock=clock).once(IDENTITY, 60, call)

    assert seen[0].status is CallStatus.CALLING
    assert seen[0].reply is None
    assert seen[0].deadline == clock.moment + timedelta(seconds=60 + CLOCK_ALLOWANCE_SECONDS)
    stored = await documents.store.read("library", IDENTITY.key, IDENTITY.id)
    assert (stored["type"], stored["status"], stored["ttl"]) == (
        "CallRecord",
        "completed",
        RECORD_TTL_SECONDS,
    )
    assert (stored["cost_usd"], stored["seconds"]) == (0.25, 1.5)
    assert stored["reply"]["content"] == REPLY.content


async def test_a_second_copy_defers_while_the_first_is_calling(documents: Documents) -> None:
    clock = Clock()
    ledger = CallLedger(documents, clock=clock)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> ChatReply:
        asked.set()
        await go_on.wait()
        return REPLY

    first = asyncio.create_task(ledger.once(IDENTITY, 60, slow))
    await asked.wait()
    second_call = PaidCall()
    second = await ledger.once(IDENTITY, 60, second_call)
    go_on.set()

    assert second == InProgress(clock.moment + timedelta(seconds=60 + CLOCK_ALLOWANCE_SECONDS))
    assert await first == Recorded(REPLY, repeats=0, paid_now=True)
    assert await ledger.once(IDENTITY, 60, second_call) == Recorded(REPLY, repeats=0, paid_now=False)
    assert second_call.paid == 0


async def test_a_death_between_reply_and_write_costs_one_repeat_and_is_counted(documents: Documents) -> None:
    clock = Clock()
    ledger = CallLedger(documents, clock=clock)
    call = PaidCall()

    async def answered_then_died() -> ChatReply:
        await call()
        raise Died

    with pytest.raises(Died):
        await ledger.once(IDENTITY, 60, answered_then_died)
    clock.forward(60 + CLOCK_ALLOWANCE_SECONDS - 0.001)
    assert isinstance(await ledger.once(IDENTITY, 60, call), InProgress)
    clock.forward(0.001)
    assert await ledger.once(IDENTITY, 60, call) == Recorded(REPLY, repeats=1, paid_now=True)
    assert await ledger.once(IDENTITY, 60, call) == Recorded(REPLY, repeats=1, paid_now=False)
    assert call.paid == 2
    assert (await record_of(documents)).repeats == 1


async def test_of_many_copies_one_takes_over_an_abandoned_call(documents: Documents) -> None:
    clock = Clock()
    ledger = CallLedger(documents, clock=clock)

    async def died() -> ChatReply:
        raise Died

    with pytest.raises(Died):
        await ledger.once(IDENTITY, 60, died)
    clock.forward(3600)
    call = PaidCall()
    outcomes = await asyncio.gather(*(ledger.once(IDENTITY, 60, call) for _ in range(8)))

    assert call.paid == 1
    assert sum(isinstance(outcome, Recorded) and outcome.paid_now for outcome in outcomes) == 1
    assert (await record_of(documents)).repeats == 1


async def test_when_a_late_caller_meets_its_successor_the_first_reply_written_stands(
    documents: Documents,
) -> None:
    clock = Clock()
    ledger = CallLedger(documents, clock=clock)
    late = REPLY.model_copy(update={"content": "late"})

    async def overtaken() -> ChatReply:
        clock.forward(3600)
        await ledger.once(IDENTITY, 60, PaidCall())
        return late

    outcome = await ledger.once(IDENTITY, 60, overtaken)
    assert outcome == Recorded(REPLY, repeats=1, paid_now=True)
    assert (await record_of(documents)).reply == REPLY


async def test_a_late_reply_serves_its_successor_that_is_still_calling(documents: Documents) -> None:
    clock = Clock()
    ledger = CallLedger(documents, clock=clock)
    taken_over, go_on = asyncio.Event(), asyncio.Event()

    async def successor() -> ChatReply:
        taken_over.set()
        await go_on.wait()
        return REPLY.model_copy(update={"content": "second"})

    async def frozen() -> ChatReply:
        clock.forward(3600)
        tasks.append(asyncio.create_task(ledger.once(IDENTITY, 60, successor)))
        await taken_over.wait()
        return REPLY

    tasks: list[asyncio.Task[Recorded | InProgress]] = []
    first = await ledger.once(IDENTITY, 60, frozen)
    go_on.set()
    second = await tasks[0]

    assert isinstance(first, Recorded)
    assert isinstance(second, Recorded)
    assert first.outcome == second.outcome == REPLY


class BlindStore(SqliteDocumentStore):
    """A store that does not show other clients' writes yet."""

    async def read(self, container: str, partition: str, document_id: str) -> Document:
        raise NotFound(f"{container} {partition} {document_id}")


async def test_a_copy_that_cannot_see_the_record_yet_comes_back_soon(
    documents: Documents, tmp_path: Path
) -> None:
    await CallLedger(documents).once(IDENTITY, 60, PaidCall())
    blind = BlindStore(tmp_path / "documents.db")
    call = PaidCall()
    outcome = await CallLedger(Documents(blind)).once(IDENTITY, 60, call)
    await blind.close()
    assert isinstance(outcome, InProgress)
    assert outcome.until - datetime.now(UTC) < timedelta(seconds=10)
    assert call.paid == 0


def _pay_in_another_process(path: Path, paid: Any, start: Any) -> None:
    async def call() -> ChatReply:
        with paid.get_lock():
            paid.value += 1
        await asyncio.sleep(0.2)
        return REPLY

    async def run() -> None:
        store = SqliteDocumentStore(path)
        ledger = CallLedger(Documents(store))
        for _ in range(600):
            if isinstance(await ledger.once(IDENTITY, 60, call), Recorded):
                break
            await asyncio.sleep(0.05)
        await store.close()

    start.wait()
    asyncio.run(run())


def test_copies_in_several_processes_pay_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    paid, start = context.Value("i", 0), context.Barrier(3)
    processes = [
        context.Process(target=_pay_in_another_process, args=(tmp_path / "shared.db", paid, start))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert paid.value == 1
