"""Mentors' reviews of versions: the list of what waits, a version with all that is known of it, decisions.

A decision, the version's approval, its place in the ranking and the history change in one batch. Learners who
hold a version that was rejected are moved off it: some at once, the rest by the reconciler, and whoever reads
a lesson before that by the read itself.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress

from shared.clients import Clients
from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.models.curation import Decision, Review, ReviewEntry, VersionFigures
from shared.models.library import LessonHead, LessonVersion
from shared.models.queries import DEFAULT_LIMIT
from shared.models.ranking import ApprovalStatus
from shared.models.reviews import LibraryVersionView, ReviewRequest
from shared.security.clean_text import clean_text
from shared.security.pseudonym import pseudonym
from shared.services.lesson_generation import CHANGING
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.roadmaps import named_continuation, not_found
from shared.services.standings import in_ranking, standing_of, standing_path
from shared.services.withdrawal import move_holders
from shared.store.contract import BatchOperation, Condition
from shared.store.documents import DocumentPage, change, creation, equals, increment, set_to
from shared.telemetry import log

MOVED_AT_ONCE = 50
"""So many holders of a rejected version are moved while the mentor waits."""


class Reviewing:
    """The use cases behind `/library/lessons`."""

    def __init__(self, clients: Clients) -> None:
        self._settings = clients.settings
        self._documents = clients.documents

    async def page(
        self, approval: ApprovalStatus, limit: int, continuation: str | None
    ) -> DocumentPage[ReviewEntry]:
        """Return the versions with this approval, the oldest first."""
        with named_continuation(continuation):
            return await self._documents.query(
                ReviewEntry,
                ReviewEntry.KEY,
                {"approval_status": approval.value},
                order_by="created_at",
                limit=limit,
                continuation=continuation,
            )

    async def version(
        self, lesson_key: str, label: str, limit: int = DEFAULT_LIMIT, continuation: str | None = None
    ) -> LibraryVersionView:
        """Return a version with its figures and a page of its reviews, the newest first.

        Raises Problem: 404, 422 for a continuation of another list.
        """
        version = await self._version(lesson_key, label)
        number = version.version_number
        with named_continuation(continuation):
            figures, reviews = await asyncio.gather(
                self._documents.find(VersionFigures, lesson_key, VersionFigures.id_of(number)),
                self._documents.query(
                    Review,
                    lesson_key,
                    {"version_number": number},
                    order_by="created_at",
                    descending=True,
                    limit=limit,
                    continuation=continuation,
                ),
            )
        # The list stands in another partition; whoever opens a version from it mends what it has missed.
        await self._list(version)
        return LibraryVersionView.with_history(version, figures, reviews.items, reviews.continuation)

    async def review(
        self, user_id: str, lesson_key: str, label: str, request: ReviewRequest
    ) -> LibraryVersionView:
        """Decide on a version; raises a 404 Problem."""
        for lost in range(TRIES):
            version = await self._version(lesson_key, label)
            try:
                await self._decide(user_id, version, request)
            except LOST_RACE:
                await pause(lost)
                continue
            if request.decision is Decision.REJECT:
                head = await self._documents.read(LessonHead, lesson_key, LessonHead.ID)
                await move_holders(self._documents, head, at_most=MOVED_AT_ONCE)
            return await self.version(lesson_key, label)
        raise CHANGING

    async def _version(self, lesson_key: str, label: str) -> LessonVersion:
        number = LessonVersion.number(label)
        if number is None:
            raise not_found("version")
        try:
            return await self._documents.read(LessonVersion, lesson_key, LessonVersion.id_of(number))
        except NotFound:
            raise not_found("version") from None

    async def _decide(self, user_id: str, version: LessonVersion, request: ReviewRequest) -> None:
        number, approval = version.version_number, request.decision.approval
        head = await self._documents.read(LessonHead, version.key, LessonHead.ID)
        review = Review(
            id=f"review-{number}-{uuid.uuid4()}",
            key=version.key,
            learner=pseudonym(self._settings, user_id),
            version_number=number,
            decision=request.decision,
            comment=clean_text(request.comment).strip(),
        )
        noted = [increment("/reviews")]
        if request.decision is Decision.REJECT:
            noted.append(set_to("/withdrawing", True))
        # A version that has left the ranking comes back by its review, with the votes that it has.
        returned = standing_of(version.model_copy(update={"approval_status": approval}))
        same_votes = [equals("/votes_up", version.votes_up), equals("/votes_down", version.votes_down)]
        has_left = head.standing(number) is None
        operations: list[BatchOperation] = [
            creation(review),
            change(
                version.id,
                [set_to("/approval_status", approval.value), increment("/reviews")],
                same_votes if has_left else (),
            ),
            in_ranking(
                head,
                number,
                lambda path: [set_to(f"{path}/approval", approval.value), *noted],
                otherwise=[set_to(standing_path(number), returned.to_json()), *noted],
            ),
        ]
        with suppress(Conflict):  # its id is random: only this very write can have taken it
            await self._documents.batch(Review, version.key, operations)
        log(
            "version.reviewed",
            lesson_key=version.key,
            version=version.version,
            code=request.decision.value,
            learner=review.learner,
        )

    async def _list(self, version: LessonVersion) -> None:
        """Bring the mentors' list up to date with a version; an older reading of it changes nothing."""
        entry = ReviewEntry.of(version)
        listed = await self._documents.find(ReviewEntry, entry.key, entry.id)
        with suppress(Conflict, PreconditionFailed):
            if listed is None:
                await self._documents.create(entry)
            elif listed.reviews < entry.reviews:
                await self._documents.patch(
                    ReviewEntry,
                    entry.key,
                    entry.id,
                    [
                        set_to("/approval_status", entry.approval_status.value),
                        set_to("/reviews", entry.reviews),
                    ],
                    [Condition("/reviews", "<", entry.reviews)],
                )
