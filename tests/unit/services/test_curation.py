"""Votes, reviews, ranking and challengers over processes that see each other's writes late."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.models.curation import Decision, ReviewEntry, VersionFigures
from shared.models.library import LessonVersion, Occasion, RegenerationReason
from shared.models.ranking import ApprovalStatus
from shared.models.reviews import ReviewRequest
from shared.models.roadmap import Lesson
from shared.models.status import GenerationStatus
from shared.models.versions import RegenerationRequest, VoteView
from shared.services import publishing, withdrawal
from shared.services.lessons import Lessons
from shared.services.reconciliation import Reconciler
from shared.services.regeneration import LessonRegeneration
from shared.services.reviewing import Reviewing
from shared.services.standalone import StandaloneLessons, Topics
from shared.services.versions import Versions
from shared.services.voting import Voting
from shared.settings import Settings, load_settings
from shared.store.documents import set_to
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import fresh, stale_processes
from tests.support.shared_lesson import TOPIC, head_of, written
from tests.support.store_file import stored_documents

NO_WISH = RegenerationRequest()


@pytest.fixture
async def processes(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[list[Clients]]:
    """Three app processes over one store, each seeing the others' writes late; nobody draws a challenger."""
    settings = load_settings(app_settings(tmp_path, **with_provider(provider)))
    settings = settings.model_copy(update={"challenger_share": 0.0})
    async with stale_processes(settings) as made:
        yield made


def with_settings(processes: Sequence[Clients], **changes: Any) -> None:
    for clients in processes:
        clients.settings = Settings.model_copy(clients.settings, update=changes)


async def regenerated(clients: Clients, flow: Flow, lesson: Lesson) -> Lesson:
    await LessonRegeneration(clients, flow.orchestrations).request(lesson.user_id, lesson.id, NO_WISH)
    await flow.run_all()
    await fresh()
    return await Lessons(clients).lesson(lesson.user_id, lesson.id)


async def vote(clients: Clients, flow: Flow, lesson: Lesson, value: int) -> VoteView:
    return await Voting(clients, flow.orchestrations).vote(lesson.user_id, lesson.id, value)


async def review(clients: Clients, version: str, decision: Decision, comment: str = "") -> None:
    request = ReviewRequest(decision=decision, comment=comment)
    await Reviewing(clients).review("mentor", TOPIC.key, version, request)


def stored_counts(folder: Path, version: int = 1) -> tuple[int, int]:
    """Return the votes of a version, after checking that its head knows the same."""
    [found] = [
        document
        for document in stored_documents(folder / "skillsync.db", "LessonVersion")
        if document["version_number"] == version
    ]
    [head] = stored_documents(folder / "skillsync.db", "LessonHead")
    standing = head["standings"][found["id"]]
    counted: tuple[int, int] = (found["votes_up"], found["votes_down"])
    assert (standing["votes_up"], standing["votes_down"]) == counted
    return counted


# ---------------------------------------------------------------------- votes


async def test_counts_are_those_of_the_votes_whoever_races(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes)
    lessons = [await written(processes[0], flow, f"learner-{number}") for number in range(9)]
    for values in ((1, 1, -1), (-1, 1, 0), (0, -1, 1)):
        await asyncio.gather(
            *(
                vote(clients, flow, lesson, value)
                for clients, lesson, value in zip(processes * 3, lessons, values * 3, strict=True)
            )
        )
        expected = Counter(values * 3)
        assert stored_counts(tmp_path) == (expected[1], expected[-1])
    votes = stored_documents(tmp_path / "skillsync.db", "Vote")
    assert len(votes) == 9
    assert len({document["learner"] for document in votes}) == 9


async def test_one_learner_with_many_devices_has_one_vote(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes)
    lesson = await written(processes[0], flow, "ada")
    for _ in range(2):
        values = [1, -1, 1, -1, 0, 1]
        await asyncio.gather(
            *(
                vote(clients, flow, lesson, value)
                for clients, value in zip(processes * 2, values, strict=True)
            )
        )
        [stored] = stored_documents(tmp_path / "skillsync.db", "Vote")
        assert stored_counts(tmp_path) == (int(stored["value"] == 1), int(stored["value"] == -1))


async def test_a_vote_is_of_the_version_that_is_shown(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    assert (await vote(processes[0], flow, lesson, -1)).votes.down == 1
    newer = await regenerated(processes[0], flow, lesson)
    assert newer.version == "1.1"
    answer = await vote(processes[0], flow, newer, 1)
    assert (answer.version, answer.votes.up, answer.votes.down) == ("1.1", 1, 0)
    assert stored_counts(tmp_path, 1) == (0, 1)
    assert stored_counts(tmp_path, 2) == (1, 0)
    view, _ = await Lessons(processes[0]).view("ada", lesson.id)
    assert (view.own_vote, view.votes) == (1, answer.votes)


async def test_a_pending_lesson_has_nothing_to_vote_on(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await StandaloneLessons(processes[0], flow.orchestrations).get_or_generate("ada", TOPIC)
    with pytest.raises(Problem, match="cannot be voted on") as refused:
        await vote(processes[0], flow, lesson, 1)
    assert refused.value.code == "not_completed"


async def test_a_version_that_has_left_the_ranking_keeps_its_votes(
    processes: list[Clients], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "MOST_RANKED", 1)
    flow = Flow(processes[:1])
    grace = await written(processes[0], flow, "grace")
    await vote(processes[0], flow, grace, -1)
    ada = await written(processes[0], flow, "ada")
    await regenerated(processes[0], flow, ada)
    head = await head_of(processes[0])
    assert list(head.standings) == ["version-2"]
    answer = await vote(processes[0], flow, grace, 1)
    assert (answer.version, answer.votes.up, answer.votes.down) == ("1.0", 1, 0)
    # A mentor's word brings it back, with the votes that it has.
    await review(processes[0], "1.0", Decision.APPROVE)
    assert stored_counts(tmp_path, 1) == (1, 0)
    assert (await head_of(processes[0])).best_version == 1


# ---------------------------------------------------------------------- ranking and challengers


async def test_new_learners_are_given_the_version_that_is_liked_best(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lessons = [await written(processes[0], flow, f"learner-{number}") for number in range(3)]
    newer = await regenerated(processes[0], flow, lessons[0])
    assert (await written(processes[0], flow, "before")).version == "1.1", "the newer one wins a tie"
    for lesson in lessons[1:]:
        await vote(processes[0], flow, lesson, 1)
    assert (await written(processes[0], flow, "after")).version == "1.0"
    assert (await Lessons(processes[0]).lesson(newer.user_id, newer.id)).version == "1.1", (
        "learners keep theirs"
    )
    await review(processes[0], "1.1", Decision.VERIFY)
    assert (await written(processes[0], flow, "last")).version == "1.1"


async def test_a_share_of_new_learners_is_given_a_challenger_and_keeps_it(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    with_settings(processes, challenger_share=0.3)
    first = await written(processes[0], flow, "ada")
    await regenerated(processes[0], flow, first)
    drawn: dict[str, str | None] = {}
    for number in range(60):
        lessons = StandaloneLessons(processes[0], flow.orchestrations)
        drawn[f"learner-{number}"] = (await lessons.get_or_generate(f"learner-{number}", TOPIC)).version
    shares = Counter(drawn.values())
    assert set(shares) == {"1.0", "1.1"}
    assert 6 <= shares["1.0"] <= 32, "about three of ten"
    # Another place, in another process: the draw is the learner's and the lesson's.
    for user_id in list(drawn)[:10]:
        again = StandaloneLessons(processes[1], flow.orchestrations)
        assert (await again.get_or_generate(user_id, TOPIC)).version == drawn[user_id]
    head = await head_of(processes[0])
    shown = {
        number: await processes[0].documents.read(VersionFigures, head.key, VersionFigures.id_of(number))
        for number in (1, 2)
    }
    assert (shown[1].shown, shown[2].shown) == (shares["1.0"] + 1, shares["1.1"] + 1)


# ---------------------------------------------------------------------- reviews


async def test_every_decision_is_kept_and_no_mentor_named(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes)
    await written(processes[0], flow, "ada")
    for decision in (Decision.APPROVE, Decision.REJECT, Decision.VERIFY):
        await review(processes[0], "1.0", decision, "  one\u202eword ")
    reviews = stored_documents(tmp_path / "skillsync.db", "Review")
    assert Counter(document["decision"] for document in reviews) == {"approve": 1, "reject": 1, "verify": 1}
    assert {document["comment"] for document in reviews} == {"oneword"}
    assert "mentor" not in {document["learner"] for document in reviews}
    view = await Reviewing(processes[0]).version(TOPIC.key, "1.0")
    assert [one.decision.value for one in view.reviews] == ["verify", "reject", "approve"]
    assert view.approval_status is ApprovalStatus.MENTOR_VERIFIED


async def test_mentors_who_decide_at_once_leave_one_state(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes)
    await written(processes[0], flow, "ada")
    await fresh()
    decisions = [Decision.APPROVE, Decision.REJECT, Decision.VERIFY] * 2
    await asyncio.gather(
        *(
            review(clients, "1.0", decision)
            for clients, decision in zip(processes * 2, decisions, strict=True)
        )
    )
    [version] = stored_documents(tmp_path / "skillsync.db", "LessonVersion")
    [head] = stored_documents(tmp_path / "skillsync.db", "LessonHead")
    assert head["standings"]["version-1"]["approval"] == version["approval_status"]
    assert head["reviews"] == len(stored_documents(tmp_path / "skillsync.db", "Review")) == 6
    await fresh()
    await Reviewing(processes[0]).version(TOPIC.key, "1.0")
    [entry] = stored_documents(tmp_path / "skillsync.db", "ReviewEntry")
    assert entry["approval_status"] == version["approval_status"]


async def test_an_old_reading_does_not_undo_the_list(processes: list[Clients]) -> None:
    flow = Flow(processes)
    await written(processes[0], flow, "ada")
    await fresh()
    old = await processes[1].documents.read(LessonVersion, TOPIC.key, LessonVersion.id_of(1))
    await review(processes[0], "1.0", Decision.APPROVE)
    await Reviewing(processes[1])._list(old)
    await fresh()
    entry_id = ReviewEntry.id_of(TOPIC.key, 1)
    entry = await processes[2].documents.read(ReviewEntry, ReviewEntry.KEY, entry_id)
    assert entry.approval_status is ApprovalStatus.APPROVED


# ---------------------------------------------------------------------- rejection


async def test_holders_of_a_rejected_version_are_given_the_next_best(processes: list[Clients]) -> None:
    flow = Flow(processes)
    lessons = [await written(processes[0], flow, f"learner-{number}") for number in range(4)]
    await regenerated(processes[0], flow, lessons[0])
    await review(processes[1], "1.0", Decision.REJECT)
    await fresh()
    moved = [
        await clients.documents.read(Lesson, lesson.user_id, lesson.id)
        for clients, lesson in zip([*processes, processes[0]], lessons, strict=True)
    ]
    assert {lesson.version for lesson in moved} == {"1.1"}, "without anybody reading them"
    head = await head_of(processes[0])
    assert not head.withdrawing
    assert (await Topics(processes[0]).newest(TOPIC)).version == "1.1"


async def test_without_another_version_a_lesson_is_pending_and_can_be_asked_for_anew(
    processes: list[Clients], provider: ModelProvider
) -> None:
    flow = Flow(processes)
    lesson = await written(processes[0], flow, "ada")
    await review(processes[0], "1.0", Decision.REJECT)
    await fresh()
    status = await Lessons(processes[1]).status("ada", lesson.id)
    assert status.generation_status is GenerationStatus.PENDING
    assert "withdrawn" in status.message
    assert status.version is None
    view, version = await Lessons(processes[1]).view("ada", lesson.id)
    assert (view.content, version) == (None, None)
    with pytest.raises(Problem) as absent:
        await Versions(processes[1]).version("ada", lesson.id, "1.0")
    assert absent.value.code == "not_found"
    with pytest.raises(Problem) as none_left:
        await Topics(processes[1]).newest(TOPIC)
    assert none_left.value.code == "not_found"

    again = await written(processes[2], flow, "ada")
    assert (again.generation_status, again.version, again.generation_error) == (
        GenerationStatus.COMPLETED,
        "1.1",
        None,
    )
    assert provider.calls()["lesson"] == 2
    head = await head_of(processes[0])
    assert (head.cause.occasion, head.misses) == (Occasion.FIRST, 2), "only rejected versions are a miss"


async def test_a_lesson_that_the_move_missed_is_moved_when_it_is_read(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    await regenerated(processes[0], flow, await written(processes[0], flow, "grace"))
    await review(processes[0], "1.0", Decision.REJECT)
    documents = processes[0].documents
    missed = [set_to("/version_number", 1), set_to("/version", "1.0")]
    await documents.patch(Lesson, "ada", lesson.id, missed)
    view, version = await Lessons(processes[0]).view("ada", lesson.id)
    assert view.version == "1.1"
    assert version is not None
    assert version.version == "1.1"
    await documents.patch(Lesson, "ada", lesson.id, missed)
    assert (await Lessons(processes[0]).status("ada", lesson.id)).version == "1.1"
    await documents.patch(Lesson, "ada", lesson.id, missed)
    assert (await written(processes[0], flow, "ada")).version == "1.1"


async def test_what_the_mentor_did_not_wait_for_the_sweep_moves(
    processes: list[Clients], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.reviewing.MOVED_AT_ONCE", 3)
    monkeypatch.setattr("shared.services.reconciliation.MOST_MOVED", 4)
    monkeypatch.setattr(withdrawal, "PAGE", 2)
    flow = Flow(processes[:1])
    lessons = [await written(processes[0], flow, f"learner-{number}") for number in range(12)]
    await review(processes[0], "1.0", Decision.REJECT)

    async def left() -> int:
        where = {"lesson_key": TOPIC.key, "version_number": 1}
        return len(await processes[0].documents.query_across(Lesson, where))

    assert await left() == 9
    sweep = Reconciler(processes[0], flow.orchestrations).sweep
    for expected in (5, 1, 0):
        await sweep()
        assert await left() == expected
    assert not (await head_of(processes[0])).withdrawing
    assert await sweep() == 0
    moved = [await processes[0].documents.read(Lesson, lesson.user_id, lesson.id) for lesson in lessons]
    assert {lesson.generation_status for lesson in moved} == {GenerationStatus.PENDING}


async def test_a_wish_for_a_new_version_survives_the_rejection_of_the_old_one(
    processes: list[Clients],
) -> None:
    flow = Flow(processes[:1])
    ada, grace = [await written(processes[0], flow, learner) for learner in ("ada", "grace")]
    await regenerated(processes[0], flow, grace)
    await regenerated(processes[0], flow, grace)
    request = LessonRegeneration(processes[0], flow.orchestrations).request
    await request("grace", grace.id, NO_WISH)
    await review(processes[0], "1.2", Decision.REJECT)
    waiting = await Lessons(processes[0]).lesson("grace", grace.id)
    assert (waiting.version, waiting.regenerating) == ("1.1", True)
    await flow.run_all()
    assert (await Lessons(processes[0]).lesson("grace", grace.id)).version == "1.3"
    assert (await Lessons(processes[0]).lesson("ada", ada.id)).version == "1.0"


async def test_a_wish_ends_when_nothing_is_left_to_read(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    ada = await written(processes[0], flow, "ada")
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", ada.id, NO_WISH)
    await review(processes[0], "1.0", Decision.REJECT)
    lesson = await Lessons(processes[0]).lesson("ada", ada.id)
    assert (lesson.generation_status, lesson.regenerating) == (GenerationStatus.PENDING, False)
    # The generation that she had begun goes on for everybody.
    await flow.run_all()
    assert (await written(processes[0], flow, "ada")).version == "1.1"


async def test_a_version_rejected_before_who_waits_was_told_ends_the_wait(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    ada = await StandaloneLessons(processes[0], flow.orchestrations).get_or_generate("ada", TOPIC)
    waiting = await processes[0].documents.read(Lesson, "ada", ada.id)
    await flow.run_all()
    await review(processes[0], "1.0", Decision.REJECT)
    stored = await processes[0].documents.read(Lesson, "ada", ada.id)
    await processes[0].documents.replace(waiting.model_copy(update={"etag": stored.etag}))
    told = await Lessons(processes[0]).lesson("ada", ada.id)
    assert told.generation_status is GenerationStatus.FAILED
    assert told.generation_error is not None
    assert told.generation_error.code == "rejected"


# ---------------------------------------------------------------------- what learners dislike


async def test_a_version_that_learners_dislike_is_followed_by_one_other(
    processes: list[Clients], provider: ModelProvider, tmp_path: Path
) -> None:
    flow = Flow(processes)
    with_settings(processes, regenerate_min_votes=4)
    lessons = [await written(processes[0], flow, f"learner-{number}") for number in range(6)]
    for lesson in lessons[:3]:
        await vote(processes[0], flow, lesson, -1)
    assert flow.started == [], "three votes are too few"
    await fresh()
    await asyncio.gather(
        *(vote(clients, flow, lesson, -1) for clients, lesson in zip(processes, lessons[3:], strict=True))
    )
    assert len(flow.started) == 1
    await flow.run_all()
    await fresh()
    head = await head_of(processes[1])
    assert (head.cause.occasion, head.latest_version, head.best_version) == (Occasion.LOW_SCORE, 2, 2)
    assert (head.cause.charged_to, head.cause.background) == ("", True)
    for clients, lesson in zip(processes, lessons[:3], strict=True):
        await vote(clients, flow, lesson, 0)
        await vote(clients, flow, lesson, -1)
    assert flow.started == [], "once for each version"
    assert provider.calls()["lesson"] == 2
    [_, new] = stored_documents(tmp_path / "skillsync.db", "LessonVersion")
    assert (new["generation_metadata"]["occasion"], new["generation_metadata"]["regenerated_from"]) == (
        "low_score",
        "1.0",
    )


async def test_a_following_version_that_could_not_be_written_is_not_tried_for_ever(
    processes: list[Clients], provider: ModelProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(processes[:1])
    with_settings(processes, regenerate_min_votes=1)
    ada = await written(processes[0], flow, "ada")
    provider.script("garbage", step="lesson")
    await vote(processes[0], flow, ada, -1)
    await flow.run_all()
    head = await head_of(processes[0])
    assert (head.status, head.cause.occasion) == (GenerationStatus.FAILED, Occasion.LOW_SCORE)
    assert (head.best_version, head.latest_version) == (1, 1)
    monkeypatch.setattr("shared.services.renewal.PAUSE_AFTER_FAILURE", timedelta(0))
    await vote(processes[0], flow, ada, -1)
    assert flow.started == []


async def test_nothing_is_written_anew_where_the_score_is_switched_off(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    with_settings(processes, regenerate_min_votes=1, regenerate_below_score=0.0)
    ada = await written(processes[0], flow, "ada")
    await vote(processes[0], flow, ada, -1)
    assert flow.started == []


def without_marker(prompt: str) -> str:
    """Leave out the fence around the sources, which is random."""
    return re.sub(r"[0-9a-f]{32}", "marker", prompt)


@pytest.mark.parametrize("reason", RegenerationReason)
async def test_a_reason_never_enters_a_prompt(
    processes: list[Clients], provider: ModelProvider, reason: RegenerationReason
) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    wish = RegenerationRequest(reason=reason)
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, wish)
    await flow.run_all()
    documents = processes[0].documents
    first, second = [
        (await documents.read(LessonVersion, TOPIC.key, LessonVersion.id_of(number))).generation_metadata
        for number in (1, 2)
    ]
    assert second.regeneration_reason is reason
    assert without_marker(first.prompt) == without_marker(second.prompt)
    assert without_marker(first.system_prompt) == without_marker(second.system_prompt)


async def test_reviews_are_read_page_by_page_the_newest_first(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    await written(processes[0], flow, "ada")
    for number in range(5):
        await review(processes[0], "1.0", Decision.APPROVE, f"comment {number}")
    reviewing, pages, continuation = Reviewing(processes[0]), [], None
    for _ in range(3):
        view = await reviewing.version(TOPIC.key, "1.0", 2, continuation)
        pages.append([int(one.comment[-1]) for one in view.reviews])
        continuation = view.continuation
    assert (pages, continuation) == ([[4, 3], [2, 1], [0]], None)
    with pytest.raises(Problem) as refused:
        await reviewing.version(TOPIC.key, "1.0", 2, "nonsense")
    assert [error.field for error in refused.value.errors] == ["continuation"]
