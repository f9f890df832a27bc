"""Removing a learner: everything goes, wherever the process dies; nothing comes back; others keep theirs."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import PoisonedMessage, Problem, QueueUnavailable
from shared.models.curation import Vote
from shared.models.document import now
from shared.models.inputs import RemovalInput
from shared.models.library import LessonHead
from shared.models.messages import lesson_message
from shared.models.outcomes import Deferred, Done, Failed
from shared.models.removal import Removal, RemovalStatus, Tombstone
from shared.models.roadmap import Lesson, Quota, Roadmap
from shared.models.status import GenerationStatus
from shared.security.pseudonym import pseudonym
from shared.services.intake import Delivery, Intake
from shared.services.learner_sweep import LearnerSweep, RemovalEnding
from shared.services.reconciliation import Reconciler
from shared.services.removal import LearnerRemoval, refuse_while_removed, removed_since
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmaps import Roadmaps
from shared.services.voting import Voting, take_back
from shared.store.documents import Documents, creation, increment
from shared.store.sqlite import SqliteDocumentStore
from tests.support.flow import Flow
from tests.support.furnishing import furnish, furnished, processes, request_for
from tests.support.hooked_store import HookedStore, ProcessDied, dies_after, overtaken
from tests.support.model_provider import ModelProvider
from tests.support.shared_lesson import asked
from tests.support.store_file import all_documents, stored_documents

ADA, GRACE = "ada-the-first", "grace-the-second"
FIRST, LAST = RemovalInput(user_id=ADA, attempt=1), RemovalInput(user_id=ADA, attempt=1, last=True)


@pytest.fixture(scope="module")
def provider() -> Iterator[ModelProvider]:
    with ModelProvider(modules=2) as provider:
        yield provider


def traces(folder: Path, clients: Clients, user_id: str) -> list[str]:
    """Return the types of the documents that name a learner, by id or by pseudonym."""
    names = (user_id, pseudonym(clients.settings, user_id))
    documents = all_documents(folder / "skillsync.db")
    return sorted(one["type"] for one in documents if any(name in json.dumps(one) for name in names))


async def remove(clients: Clients, flow: Flow, user_id: str = ADA) -> RemovalStatus:
    return await LearnerRemoval(clients, flow.orchestrations).request(user_id)


async def swept(sweep: LearnerSweep) -> None:
    """Sweep until there is nothing left."""
    while not isinstance(await sweep.sweep(LAST), Done):
        pass


async def test_nothing_names_the_learner_any_longer_and_others_keep_theirs(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider, GRACE) as (clients, flow):
        running = await furnish(clients, flow, ADA)
        shared = await asked(clients, flow, ADA)
        await asked(clients, flow, GRACE)
        before = traces(tmp_path, clients, GRACE)
        head = await clients.documents.read(LessonHead, shared.lesson_key, LessonHead.ID)
        assert head.cause.charged_to == pseudonym(clients.settings, ADA)
        had = set(traces(tmp_path, clients, ADA))
        assert had >= {
            *("Roadmap", "Module", "Lesson", "Task", "Quota", "Idempotency", "LearnerCallRecord"),
            *("Waiter", "LessonHead", "Spending", "Vote", "Counted", "Review", "Profile", "Progress"),
            "Activity",
        }
        flow.started = [one for one in flow.started if one[1].startswith("roadmap-")]

        status = await remove(clients, flow)
        assert (status.status, status.completed_at) == ("running", None)
        await flow.run_all()
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]
        assert f"roadmap-{running.id}-1" in flow.purged
        assert traces(tmp_path, clients, GRACE) == before
        head = await clients.documents.read(LessonHead, shared.lesson_key, LessonHead.ID)
        assert (head.status, head.waiters, head.cause.charged_to) == (GenerationStatus.GENERATING, 1, "")
        [version] = [
            one
            for one in stored_documents(tmp_path / "skillsync.db", "LessonVersion")
            if one["version"] == "1.0" and one["approval_status"] == "approved"
        ]
        assert (version["votes_up"], version["reviews"]) == (1, 2), "the vote is taken back, decisions stay"
        reviews = stored_documents(tmp_path / "skillsync.db", "Review")
        assert sorted(review["comment"] for review in reviews) == ["", "gra has read it"]
        [tombstone] = stored_documents(tmp_path / "skillsync.db", "Tombstone")
        assert ADA not in json.dumps(tombstone)
        assert "ttl" not in tombstone

        done = await remove(clients, flow)
        assert (done.status, done.removed > 10, flow.started) == ("completed", True, [])
        await Reconciler(clients, flow.orchestrations).sweep()
        assert [id_ for id_ in flow.purged if id_.startswith("removal-")], "its own history names the learner"
        [tombstone] = stored_documents(tmp_path / "skillsync.db", "Tombstone")
        assert (tombstone["cleared"], tombstone["instances"]) == (True, [])


async def test_the_learner_is_refused_meanwhile_and_begins_anew_afterwards(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider, ADA) as (clients, flow):
        await refuse_while_removed(clients.documents, ADA)
        await remove(clients, flow)
        with pytest.raises(Problem) as refused:
            await refuse_while_removed(clients.documents, ADA)
        assert (refused.value.status, refused.value.code) == (409, "removal_running")
        assert await removed_since(clients.documents, clients.settings, ADA, now() + timedelta(hours=1))
        await refuse_while_removed(clients.documents, GRACE)
        await flow.run_all()
        await refuse_while_removed(clients.documents, ADA)
        assert (await Roadmaps(clients).page(ADA, 10, None)).items == []
        again = await furnish(clients, flow, ADA)
        assert (await Roadmaps(clients).roadmap(ADA, again.id)).goal
        [quota] = [one async for one in clients.documents.every(Quota, ADA)]
        assert quota.roadmaps == 2, "nothing of before is counted"

        first = (await clients.documents.query_across(Tombstone, {}))[0]
        assert (await remove(clients, flow)).status == "running", "who has come back can be removed again"
        await flow.run_all()
        [second] = await clients.documents.query_across(Tombstone, {})
        assert first.completed_at is not None
        assert second.completed_at is not None
        assert second.completed_at > first.completed_at
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]


@pytest.mark.parametrize(("minutes", "obeyed"), [(-1, False), (None, False), (1, True)])
async def test_a_message_from_before_the_removal_brings_nothing_back(
    tmp_path: Path, provider: ModelProvider, minutes: int | None, obeyed: bool
) -> None:
    async with furnished(tmp_path, provider) as (clients, flow):
        await remove(clients, flow)
        await flow.run_all()
        asked_at = None if minutes is None else now() + timedelta(minutes=minutes)
        body = {
            "schema_version": 1,
            "kind": "roadmap",
            "user_id": ADA,
            "request": request_for("Learn Python").to_json(),
        }
        delivery = Delivery(json.dumps(body).encode(), "m-1", None, asked_at)
        await Intake(clients, flow.orchestrations).take(delivery)
        assert bool(stored_documents(tmp_path / "skillsync.db", "Roadmap")) is obeyed
        assert (traces(tmp_path, clients, ADA) == ["Tombstone"]) is not obeyed


async def test_a_message_of_who_has_just_come_back_is_obeyed_by_who_has_not_seen_that(
    tmp_path: Path, provider: ModelProvider
) -> None:
    """Another process still sees the removal run; what it dropped would be lost."""
    async with processes(tmp_path, provider, staleness=1.0, count=2) as [slow, clients]:
        flow = Flow([clients])
        await remove(clients, flow)
        await asyncio.sleep(1.1)
        assert await removed_since(slow.documents, slow.settings, ADA, now())
        await flow.run_all()
        assert not await removed_since(slow.documents, slow.settings, ADA, now())


async def test_a_lesson_message_for_a_removed_learner_is_no_poison(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider) as (clients, flow):
        asked_at = now()
        await remove(clients, flow)
        await flow.run_all()
        body = lesson_message(ADA, "00000000-0000-4000-8000-000000000000", requested_at=asked_at)
        await Intake(clients, flow.orchestrations).take(
            Delivery(json.dumps(body).encode(), "m-1", None, now())
        )
        assert stored_documents(tmp_path / "skillsync.db", "Poison") == []


@pytest.mark.parametrize(("minutes", "obsolete"), [(-1, True), (None, True), (1, False)])
@pytest.mark.parametrize("during", [True, False])
async def test_what_cannot_be_obeyed_of_a_removed_learner_is_no_dead_letter(
    tmp_path: Path, provider: ModelProvider, minutes: int | None, *, obsolete: bool, during: bool
) -> None:
    """It names the learner, and comes after the last look through the dead letters."""
    async with processes(tmp_path, provider) as [clients]:
        flow = Flow([clients])
        await remove(clients, flow)
        if not during:
            await flow.run_all()
        bad = json.dumps({"schema_version": 1, "kind": "lesson", "user_id": ADA, "lesson_id": "no id"})
        sent_at = None if minutes is None else now() + timedelta(minutes=minutes)
        taking = Intake(clients, flow.orchestrations).take(Delivery(bad.encode(), "m-1", None, sent_at))
        if obsolete or during:
            await taking
        else:
            with pytest.raises(PoisonedMessage):
                await taking
        assert bool(stored_documents(tmp_path / "skillsync.db", "Poison")) is not (obsolete or during)


async def test_what_a_late_request_writes_between_the_sweeps_is_removed_by_the_last(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider, ADA) as (clients, flow):
        await remove(clients, flow)
        flow.started.clear()
        sweep = LearnerSweep(clients, flow.orchestrations)
        assert isinstance(await sweep.sweep(FIRST), Done)
        create = RoadmapCreation(clients, flow.orchestrations)
        late = await create.create(ADA, request_for("Chess"), None)  # it was admitted before the removal
        found = await sweep.sweep(LAST)
        assert isinstance(found, Deferred), "something new was found: the sweep comes again"
        assert isinstance(await sweep.sweep(LAST), Done)
        assert isinstance(await RemovalEnding(clients).finish(FIRST), Done)
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]
        assert f"roadmap-{late.id}-1" in flow.purged


async def test_an_attempt_of_a_roadmap_that_the_sweep_cannot_see_yet_leaves_no_history(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider) as (clients, flow):
        running = await furnish(clients, flow, ADA)
        await remove(clients, flow)
        flow.started.clear()
        again = [increment("/attempt")]
        # The first write is the removal's own.
        hook = overtaken(
            "learning", lambda: clients.documents.patch(Roadmap, ADA, running.id, again), after=1
        )
        other = Clients(clients.settings)
        other._documents = Documents(HookedStore(clients.documents.store, hook))
        sweep = LearnerSweep(other, flow.orchestrations)
        await sweep.sweep(FIRST)
        await swept(sweep)
        assert {f"roadmap-{running.id}-{attempt}" for attempt in (1, 2)} <= set(flow.purged)


async def test_what_begins_in_the_midst_of_a_sweep_leaves_no_history(
    tmp_path: Path, provider: ModelProvider
) -> None:
    """After the sweep has looked for what runs, and before it removes what there is."""
    async with furnished(tmp_path, provider, ADA) as (clients, flow):
        await remove(clients, flow)
        flow.started.clear()
        begun: list[Roadmap] = []

        async def begin() -> None:
            create = RoadmapCreation(clients, flow.orchestrations)
            begun.append(await create.create(ADA, request_for("Chess"), None))

        other = Clients(clients.settings)
        # Votes are taken back between the two.
        hook = overtaken("library", begin)
        other._documents = Documents(HookedStore(clients.documents.store, hook))
        sweep = LearnerSweep(other, flow.orchestrations)
        while not isinstance(await sweep.sweep(FIRST), Done):
            assert begun
        await swept(sweep)
        [late] = begun
        assert f"roadmap-{late.id}-1" in flow.purged
        assert isinstance(await RemovalEnding(clients).finish(FIRST), Done)
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]


async def test_a_sweep_that_comes_late_removes_nothing_of_who_has_come_back(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with processes(tmp_path, provider, staleness=0.4, count=2) as [slow, clients]:
        flow = Flow([clients])
        await remove(slow, flow)
        flow.started.clear()
        for work in (FIRST, LAST):
            assert isinstance(await LearnerSweep(slow, flow.orchestrations).sweep(work), Done)
        await asyncio.sleep(0.4)
        assert isinstance(await RemovalEnding(clients).finish(FIRST), Done)
        # The slow process still sees the removal, and may not remove what there is by now.
        back = await furnish(clients, flow, ADA)
        for work in (FIRST, LAST, FIRST):
            assert isinstance(await LearnerSweep(slow, flow.orchestrations).sweep(work), Failed)
            await asyncio.sleep(0.2)
        assert (await Roadmaps(clients).roadmap(ADA, back.id)).goal == back.goal
        assert isinstance(await RemovalEnding(slow).finish(FIRST), Done | Failed)
        assert stored_documents(tmp_path / "skillsync.db", "Removal") == []


async def test_an_attempt_that_was_taken_over_removes_nothing(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider, ADA) as (clients, flow):
        await remove(clients, flow)
        flow.started.clear()
        removal = await clients.documents.read(Removal, ADA, Removal.ID)
        assert await LearnerRemoval(clients, flow.orchestrations).recover(removal)
        before = traces(tmp_path, clients, ADA)
        for work in (FIRST, LAST):
            assert await LearnerSweep(clients, flow.orchestrations).sweep(work) == Failed(code="superseded")
        assert await RemovalEnding(clients).finish(FIRST) == Failed(code="superseded")
        assert traces(tmp_path, clients, ADA) == before
        await flow.run_all()
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]


async def test_a_lesson_that_waits_without_its_roadmap_does_not_hold_the_removal_up(
    tmp_path: Path, provider: ModelProvider
) -> None:
    """A sweep died between the batches that removed the one and the other."""
    async with furnished(tmp_path, provider, ADA) as (clients, flow):
        await remove(clients, flow)
        lessons = clients.documents.every(Lesson, ADA)
        orphaned = {str(one.roadmap_id) async for one in lessons if one.waiting and one.roadmap_id}
        assert orphaned
        for roadmap_id in orphaned:
            await clients.documents.delete(Roadmap, ADA, roadmap_id)
        await flow.run_all()
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]
        heads = await clients.documents.query_across(LessonHead, {})
        assert {head.waiters for head in heads if head.status is GenerationStatus.GENERATING} <= {0}


async def test_what_the_first_sweep_cannot_see_yet_the_last_one_removes(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with processes(tmp_path, provider, staleness=0.5, count=3) as made:
        flow = Flow(made[:1])
        await furnish(made[0], flow, ADA)
        await remove(made[1], flow)
        flow.started.clear()
        await LearnerSweep(made[1], flow.orchestrations).sweep(FIRST)
        assert len(traces(tmp_path, made[0], ADA)) > 2, "another process has just written it"
        await asyncio.sleep(0.5)
        await swept(LearnerSweep(made[2], flow.orchestrations))
        await RemovalEnding(made[0]).finish(FIRST)
        assert traces(tmp_path, made[0], ADA) == ["Tombstone"]
        await asyncio.sleep(0.5)
        assert (await remove(made[2], flow)).status == "completed"


async def test_wherever_the_process_dies_the_removal_is_finished(
    tmp_path: Path, provider: ModelProvider
) -> None:
    before, folder = tmp_path / "before", tmp_path / "copy"
    async with furnished(before, provider, ADA) as (clients, flow):
        flow.started.clear()
    for writes in itertools.count():
        shutil.copytree(before, folder)
        asked, finished = False, False
        async with processes(folder, provider) as [dying]:
            store = SqliteDocumentStore(dying.settings.sqlite_path)
            dying._documents = Documents(HookedStore(store, dies_after(writes)))
            flow = Flow([dying])
            try:
                await remove(dying, flow)
                asked = True
                sweep = LearnerSweep(dying, flow.orchestrations)
                assert isinstance(await sweep.sweep(FIRST), Done)
                await swept(sweep)
                assert isinstance(await RemovalEnding(dying).finish(FIRST), Done)
                finished = True
            except ProcessDied:
                pass
            await store.close()
        async with furnished(folder, provider) as (clients, flow):
            if writes == 0:
                assert not asked, "nothing has begun"
                await remove(clients, flow)
            for _ in range(2):
                await Reconciler(clients, flow.orchestrations).sweep()
                await flow.run_all()
            assert traces(folder, clients, ADA) == ["Tombstone"], f"after {writes} writes"
            assert (await remove(clients, flow)).status == "completed"
        shutil.rmtree(folder)
        if finished:
            assert writes > 8
            return


async def test_a_learner_with_very_much_is_removed_in_bounded_batches(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider) as (clients, flow):
        roadmap = await furnish(clients, flow, ADA)
        [lesson, *_] = [one async for one in clients.documents.every(Lesson, ADA) if not one.waiting]
        for start in range(0, 3000, 100):
            copies = [
                lesson.model_copy(update={"id": f"{roadmap.id}-{number}", "etag": "", "task_id": None})
                for number in range(start, start + 100)
            ]
            await clients.documents.batch(Lesson, ADA, [creation(copy) for copy in copies])
        began = time.monotonic()
        await remove(clients, flow)
        await flow.run_all()
        assert time.monotonic() - began < 60
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]
        assert (await remove(clients, flow)).removed > 3000


async def test_a_sweep_that_takes_long_goes_on_in_the_next_call(
    tmp_path: Path, provider: ModelProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host would end the function at its time-out, and with it all that runs beside it."""
    async with furnished(tmp_path, provider, ADA) as (clients, flow):
        await remove(clients, flow)
        flow.started.clear()

        async def slow(_: str) -> None:
            await asyncio.sleep(0.05)

        monkeypatch.setattr("shared.services.learner_sweep.SWEEP_SECONDS", 0.3)
        ready = clients._documents
        clients._documents = Documents(HookedStore(clients.documents.store, slow))
        assert isinstance(await LearnerSweep(clients, flow.orchestrations).sweep(FIRST), Deferred)
        clients._documents = ready
        monkeypatch.undo()
        await swept(LearnerSweep(clients, flow.orchestrations))
        assert isinstance(await RemovalEnding(clients).finish(FIRST), Done)
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]


async def test_a_removal_is_not_over_before_its_events_are_sent(
    tmp_path: Path, provider: ModelProvider
) -> None:
    """The broker is away: neither sweep removes what subscribers were not told yet."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        connection = (
            f"Endpoint=sb://127.0.0.1:{taken.getsockname()[1]};SharedAccessKeyName=test;"
            "SharedAccessKey=dGVzdA==;UseDevelopmentEmulator=true;"
        )
        async with processes(tmp_path, provider, ServiceBusConnection=connection) as [clients]:
            clients._documents = Documents(clients.documents.store, lambda _: None)
            flow = Flow([clients])
            await furnish(clients, flow, ADA)
            await remove(clients, flow)
            flow.started.clear()
            sweep = LearnerSweep(clients, flow.orchestrations)
            assert isinstance(await sweep.sweep(FIRST), Done)
            kinds = {one["subject"] for one in stored_documents(tmp_path / "skillsync.db", "Outbox")}
            assert kinds >= {"skillsync.roadmap.canceled", "skillsync.lesson.canceled"}
            assert set(traces(tmp_path, clients, ADA)) == {"Outbox", "Removal", "Spending", "Tombstone"}
            with pytest.raises(QueueUnavailable):
                await sweep.sweep(LAST)
            assert {one["subject"] for one in stored_documents(tmp_path / "skillsync.db", "Outbox")} == kinds


async def test_a_removal_that_was_never_started_is_begun_by_the_reconciler(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider, ADA) as (clients, flow):
        flow.started.clear()
        await clients.documents.create(Removal(id=Removal.ID, user_id=ADA, requested_at=now()))
        await Reconciler(clients, flow.orchestrations).sweep()
        assert [one[1] for one in flow.started if one[1].startswith("removal-")]
        await Reconciler(clients, flow.orchestrations).sweep()
        removals = [one for one in flow.started if one[0] == "removal_orchestrator"]
        assert len(removals) == 1, "what runs is left alone"
        await flow.run_all()
        assert traces(tmp_path, clients, ADA) == ["Tombstone"]


def test_a_status_says_nothing_of_the_inside(provider: ModelProvider) -> None:
    removal = Removal(id=Removal.ID, user_id=ADA, requested_at=now(), instances=["roadmap-1"], removed=3)
    told: dict[str, Any] = RemovalStatus.running(removal).to_json()
    assert set(told) == {"status", "requested_at", "completed_at", "removed", "message"}


async def test_a_vote_is_taken_back_once_whoever_changes_it_meanwhile(
    tmp_path: Path, provider: ModelProvider
) -> None:
    async with furnished(tmp_path, provider) as (clients, flow):
        lesson = await asked(clients, flow, ADA)
        await flow.run_all()
        voting = Voting(clients, flow.orchestrations)
        await voting.vote(ADA, lesson.id, 1)
        [seen] = await clients.documents.query_across(Vote, {})
        await voting.vote(ADA, lesson.id, -1)
        await asyncio.gather(take_back(clients.documents, seen), take_back(clients.documents, seen))
        assert await clients.documents.query_across(Vote, {}) == []
        head = await clients.documents.read(LessonHead, lesson.lesson_key, LessonHead.ID)
        standing = head.standing(1)
        assert standing is not None
        assert (standing.votes_up, standing.votes_down) == (0, 0)
