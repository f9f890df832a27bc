"""Votes: one for each learner and version, changeable; the counts are those of the votes, whoever races."""

from __future__ import annotations

from shared.clients import Clients
from shared.errors import NotFound, PreconditionFailed
from shared.models.curation import Vote, VoteValue
from shared.models.library import LessonHead, LessonVersion
from shared.models.roadmap import Lesson
from shared.models.versions import VoteView
from shared.orchestrations import Orchestrations
from shared.security.pseudonym import pseudonym
from shared.services.lesson_generation import CHANGING
from shared.services.lessons import Lessons
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.regeneration import not_completed
from shared.services.renewal import Renewal
from shared.services.standings import in_ranking
from shared.services.visibility import version_of
from shared.store.contract import BatchOperation, Delete, PatchOperation
from shared.store.documents import Documents, change, creation, equals, increment, set_to

_COUNTERS = {1: "votes_up", -1: "votes_down"}


class Voting:
    """The use case behind `POST /lessons/{id}/vote`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._lessons = Lessons(clients)
        self._renewal = Renewal(clients, orchestrations)

    async def vote(self, user_id: str, lesson_id: str, value: VoteValue) -> VoteView:
        """Vote for or against the version that a lesson shows; 0 withdraws the vote.

        The vote, the version's count and the count that the ranking rests on change together or not at all. A
        vote of the same value is written too: what was read may be older than another vote of this learner.
        Raises Problem: 404, 409 for a lesson that is not completed.
        """
        for lost in range(TRIES):
            lesson = await self._lessons.lesson(user_id, lesson_id)
            if lesson.version_number is None:
                raise not_completed("voted on")
            try:
                await self._write(lesson, lesson.version_number, value)
            except LOST_RACE:
                await pause(lost)
                continue
            return await self._counted(lesson, lesson.version_number, value)
        raise CHANGING

    async def _write(self, lesson: Lesson, version_number: int, value: VoteValue) -> None:
        learner = pseudonym(self._settings, lesson.user_id)
        key, vote_id = lesson.lesson_key, Vote.id_of(learner, version_number)
        before = await self._documents.find(Vote, key, vote_id)
        if before is None:
            vote = Vote(id=vote_id, key=key, learner=learner, version_number=version_number, value=value)
            operations: list[BatchOperation] = [creation(vote)]
        else:
            operations = [change(vote_id, [set_to("/value", value)], [equals("/value", before.value)])]
        moved = _moved(before.value if before else 0, value)
        counts = await _counts(self._documents, key, version_number, moved)
        await self._documents.batch(Vote, key, [*operations, *counts])

    async def _counted(self, lesson: Lesson, version_number: int, value: VoteValue) -> VoteView:
        """Return the counts as this vote left them; what learners dislike is written anew."""
        version = await version_of(self._documents, lesson.lesson_key, version_number)
        await self._renewal.renew(await self._documents.read(LessonHead, lesson.lesson_key, LessonHead.ID))
        return VoteView.of(lesson, version, value)


async def take_back(documents: Documents, vote: Vote) -> None:
    """Remove a vote as if it had never been given; raises PreconditionFailed when it keeps changing."""
    for lost in range(TRIES):
        counts = await _counts(documents, vote.key, vote.version_number, _moved(vote.value, 0))
        try:
            await documents.batch(Vote, vote.key, [Delete(vote.id, vote.etag), *counts])
        except NotFound:
            return
        except PreconditionFailed:
            await pause(lost)
            found = await documents.find(Vote, vote.key, vote.id)
            if found is None:
                return
            vote = found
            continue
        return
    raise PreconditionFailed(f"the vote {vote.id} keeps changing")


async def _counts(
    documents: Documents, key: str, version_number: int, moved: dict[str, int]
) -> list[BatchOperation]:
    """Return what moved counters change in the version and in the ranking of its lesson."""
    if not moved:
        return []
    head = await documents.read(LessonHead, key, LessonHead.ID)
    return [
        change(LessonVersion.id_of(version_number), _increments("", moved)),
        in_ranking(head, version_number, lambda path: _increments(path, moved)),
    ]


def _moved(before: int, value: int) -> dict[str, int]:
    """Return what a vote changes: by how much each counter moves."""
    if before == value:
        return {}
    moved = {_COUNTERS[before]: -1} if before else {}
    return moved | ({_COUNTERS[value]: 1} if value else {})


def _increments(path: str, moved: dict[str, int]) -> list[PatchOperation]:
    return [increment(f"{path}/{counter}", by) for counter, by in moved.items()]
