"""How far learners are: lessons started and completed, quizzes scored, days of learning.

The answer key never leaves with a lesson before its quiz was tried; the first try is what counts in a
version's figures. A lesson's progress, the learner's totals and the roadmap's counts are one batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import FieldError, Problem
from shared.models.content import QuizQuestion
from shared.models.curation import Figure
from shared.models.document import now
from shared.models.progress import (
    AnsweredQuestion,
    LearnerActivity,
    LessonProgress,
    ProgressOverview,
    ProgressRequest,
    ProgressState,
    ProgressSummary,
    ProgressView,
    QuizScore,
)
from shared.models.roadmap import LearnerDocument, Lesson
from shared.security.pseudonym import pseudonym
from shared.services.counters import count_once
from shared.services.lesson_generation import CHANGING
from shared.services.lessons import Lessons
from shared.services.races import LOST_RACE, TRIES, pause
from shared.services.regeneration import not_completed
from shared.services.roadmaps import Roadmaps
from shared.services.visibility import version_of
from shared.store.contract import BatchOperation
from shared.store.documents import change, creation, increment, replacement


@dataclass(frozen=True, slots=True)
class _Tried:
    """The answers of a request, and how they fit the version's quiz."""

    answers: list[AnsweredQuestion]

    @property
    def score(self) -> QuizScore:
        return QuizScore(correct=sum(answer.right for answer in self.answers), questions=len(self.answers))

    @property
    def choices(self) -> list[int]:
        return [answer.chosen for answer in self.answers]


class Learning:
    """The use cases behind `PUT /lessons/{id}/progress` and `GET /me/progress`."""

    def __init__(self, clients: Clients) -> None:
        self._settings = clients.settings
        self._documents = clients.documents
        self._lessons = Lessons(clients)
        self._roadmaps = Roadmaps(clients)

    async def record(self, user_id: str, lesson_id: str, request: ProgressRequest) -> ProgressView:
        """Note that a lesson was started or completed, and score the answers to its quiz.

        A repeated request changes nothing. Raises Problem: 404; 409 for a lesson that is not completed, or
        that shows another version than the one answered; 422 for answers that do not fit the quiz.
        """
        for lost in range(TRIES):
            lesson = await self._lessons.lesson(user_id, lesson_id)
            if lesson.version_number is None:
                raise not_completed("worked through")
            tried = await self._tried(lesson, lesson.version_number, request)
            try:
                progress = await self._note(lesson, lesson.version_number, request.state, tried)
            except LOST_RACE:
                await pause(lost)
                continue
            await self._count(lesson, lesson.version_number, progress, request.state)
            return ProgressView(
                lesson_id=lesson.id,
                version=str(lesson.version),
                progress=ProgressSummary.of(progress),
                score=tried.score if tried else None,
                answers=tried.answers if tried else [],
            )
        raise CHANGING

    async def overview(self, user_id: str, limit: int, continuation: str | None) -> ProgressOverview:
        """Return a learner's totals and a page of their roadmaps' progress."""
        page, activity = await asyncio.gather(
            self._roadmaps.page(user_id, limit, continuation), self._activity(user_id)
        )
        return ProgressOverview.of(activity, page.items, page.continuation, now().date())

    async def _tried(self, lesson: Lesson, version_number: int, request: ProgressRequest) -> _Tried | None:
        if request.version is not None and request.version != lesson.version:
            raise Problem(
                HTTPStatus.CONFLICT,
                "version_changed",
                f"The lesson shows version {lesson.version} now; read it before you answer its quiz.",
            )
        if request.quiz_answers is None:
            return None
        version = await version_of(self._documents, lesson.lesson_key, version_number)
        return _Tried(_answered(version.content.quiz, request.quiz_answers))

    async def _note(
        self, lesson: Lesson, version_number: int, state: ProgressState, tried: _Tried | None
    ) -> LessonProgress:
        """Store what a request changes; raises what a lost race raises."""
        progress, activity = await asyncio.gather(self._progress(lesson), self._activity(lesson.user_id))
        is_new = not progress.etag
        completes = state is ProgressState.COMPLETED and progress.complete()
        quiz = LessonProgress.quiz_of(lesson.lesson_key, version_number)
        first_try = tried is not None and quiz not in progress.first_scores
        tries = tried is not None and progress.add_try(quiz, tried.choices, tried.score)
        new_day = activity.add_day(now().date())
        if not (is_new or completes or tries or new_day):
            return progress
        activity.lessons_started += is_new
        activity.lessons_completed += completes
        if tried is not None and first_try:
            activity.add_quiz(tried.score)
        operations = [_stored(progress), _stored(activity)]
        if completes and lesson.roadmap_id is not None:
            learned = [increment(f"/modules/{lesson.module_id}/learned"), increment("/revision")]
            operations.append(change(lesson.roadmap_id, learned))
        await self._documents.batch(LessonProgress, lesson.user_id, operations)
        return progress

    async def _count(
        self, lesson: Lesson, version_number: int, progress: LessonProgress, state: ProgressState
    ) -> None:
        """Count the learner in the version's figures: once, however often this is repeated."""
        learner = pseudonym(self._settings, lesson.user_id)
        key = lesson.lesson_key
        score = progress.first_scores.get(LessonProgress.quiz_of(key, version_number))
        if score is not None:
            tried = {"quiz_tries": 1, "quiz_correct": score.correct, "quiz_questions": score.questions}
            await count_once(self._documents, Figure.QUIZ, learner, (key, version_number), tried)
        if state is ProgressState.COMPLETED:
            completed = {"completions": 1}
            await count_once(self._documents, Figure.COMPLETION, learner, (key, version_number), completed)

    async def _progress(self, lesson: Lesson) -> LessonProgress:
        id_ = LessonProgress.id_of(lesson.id)
        found = await self._documents.find(LessonProgress, lesson.user_id, id_)
        return found or LessonProgress(
            id=id_,
            user_id=lesson.user_id,
            lesson_id=lesson.id,
            roadmap_id=lesson.roadmap_id,
            module_id=lesson.module_id,
        )

    async def _activity(self, user_id: str) -> LearnerActivity:
        found = await self._documents.find(LearnerActivity, user_id, LearnerActivity.ID)
        return found or LearnerActivity(id=LearnerActivity.ID, user_id=user_id)


def _answered(quiz: Sequence[QuizQuestion], choices: Sequence[int]) -> list[AnsweredQuestion]:
    if len(choices) != len(quiz):
        detail = f"must hold {len(quiz)} answers, one for each question of the quiz"
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_request",
            f"quiz_answers {detail}.",
            (FieldError("quiz_answers", detail),),
        )
    return [AnsweredQuestion.of(question, choice) for question, choice in zip(quiz, choices, strict=True)]


def _stored(document: LearnerDocument) -> BatchOperation:
    """Return the write of a document that may be new."""
    return replacement(document) if document.etag else creation(document)
