"""How far a learner is: lessons started and completed, quizzes tried, days of learning."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field

from shared.models.base import Model, Moment, Whole
from shared.models.content import QuizQuestion
from shared.models.document import now
from shared.models.roadmap import LearnerDocument, Roadmap
from shared.models.status import GenerationStatus

MOST_TRIES = 20
"""So many tries are kept: the first, and the latest."""
MOST_QUIZZES = 50
"""Of so many versions it is kept that their quiz was tried."""


class ProgressState(StrEnum):
    """How far a learner is with a lesson."""

    STARTED = "started"
    COMPLETED = "completed"


class QuizScore(Model):
    """How many questions of a quiz were answered right."""

    correct: int
    questions: int


class QuizTry(Model):
    """One try at a version's quiz."""

    quiz: str = Field(description="whose quiz: a library key and a version number")
    at: Moment
    answers: list[int]
    score: QuizScore


class LessonProgress(LearnerDocument):
    """How far a learner is with one lesson; what was completed stays completed."""

    document_type: ClassVar[str] = "Progress"

    lesson_id: str
    roadmap_id: str | None = None
    module_id: str | None = None
    state: ProgressState = ProgressState.STARTED
    started_at: Moment = Field(default_factory=now)
    completed_at: Moment | None = None
    tries: list[QuizTry] = Field(default_factory=list)
    tries_total: int = 0
    first_scores: dict[str, QuizScore] = Field(default_factory=dict, description="by quiz")

    @staticmethod
    def id_of(lesson_id: str) -> str:
        """Return the document id of a lesson's progress."""
        return f"progress-{lesson_id}"

    @staticmethod
    def quiz_of(lesson_key: str, version_number: int) -> str:
        """Return the name of a version's quiz."""
        return f"{lesson_key}:{version_number}"

    def has_tried(self, lesson_key: str, version_number: int) -> bool:
        """Tell whether the learner has tried a version's quiz, so that its key may be shown."""
        return self.quiz_of(lesson_key, version_number) in self.first_scores

    def complete(self) -> bool:
        """Note that the lesson is completed; returns whether it was not before."""
        if self.state is ProgressState.COMPLETED:
            return False
        self.state, self.completed_at = ProgressState.COMPLETED, now()
        return True

    def add_try(self, quiz: str, answers: list[int], score: QuizScore) -> bool:
        """Keep a try; one that repeats the last is the same request once more. Returns whether it is new."""
        last = self.tries[-1] if self.tries else None
        if last is not None and (last.quiz, last.answers) == (quiz, answers):
            return False
        self.tries.append(QuizTry(quiz=quiz, at=now(), answers=answers, score=score))
        self.tries_total += 1
        if len(self.tries) > MOST_TRIES:
            del self.tries[1]
        if quiz not in self.first_scores:
            self.first_scores[quiz] = score
            if len(self.first_scores) > MOST_QUIZZES:
                del self.first_scores[next(iter(self.first_scores))]
        return True


class LearnerActivity(LearnerDocument):
    """A learner's days of learning (UTC) and totals; it changes in one batch with what it counts."""

    document_type: ClassVar[str] = "Activity"
    ID: ClassVar[str] = "activity"

    last_day: date | None = None
    streak: int = Field(default=0, description="days in a row up to the last one")
    longest_streak: int = 0
    active_days: int = 0
    lessons_started: int = 0
    lessons_completed: int = 0
    quizzes: int = Field(default=0, description="quizzes tried; only first tries count")
    quiz_correct: int = 0
    quiz_questions: int = 0

    def add_day(self, day: date) -> bool:
        """Note a day of learning; returns whether it is a new one."""
        if self.last_day is not None and day <= self.last_day:
            return False
        follows = self.last_day == day - timedelta(days=1)
        self.streak = self.streak + 1 if follows else 1
        self.longest_streak = max(self.longest_streak, self.streak)
        self.active_days += 1
        self.last_day = day
        return True

    def add_quiz(self, score: QuizScore) -> None:
        """Count the first try at a quiz."""
        self.quizzes += 1
        self.quiz_correct += score.correct
        self.quiz_questions += score.questions

    def current_streak(self, day: date) -> int:
        """Return the days in a row that a day can still prolong, or has: a whole day missed ends them."""
        unbroken = self.last_day is not None and self.last_day >= day - timedelta(days=1)
        return self.streak if unbroken else 0


# ---------------------------------------------------------------------- requests and answers

Choice = Annotated[int, Field(strict=True, ge=0, le=3), Whole]


class ProgressRequest(Model):
    """The body of `PUT /lessons/{id}/progress`."""

    state: ProgressState
    quiz_answers: list[Choice] | None = Field(
        default=None, max_length=20, description="the index of the chosen option, one for each question"
    )
    version: str | None = Field(
        default=None, max_length=12, description="the version whose quiz was answered, to be sure of it"
    )


class ProgressSummary(Model):
    """How far a learner is with a lesson."""

    state: ProgressState
    started_at: datetime
    completed_at: datetime | None
    tries: int
    first_score: QuizScore | None
    last_score: QuizScore | None

    @classmethod
    def of(cls, progress: LessonProgress) -> Self:
        """Return what is shown of stored progress."""
        tries = progress.tries
        return cls(
            state=progress.state,
            started_at=progress.started_at,
            completed_at=progress.completed_at,
            tries=progress.tries_total,
            first_score=tries[0].score if tries else None,
            last_score=tries[-1].score if tries else None,
        )


class AnsweredQuestion(Model):
    """What became of one answer, with the key of the question."""

    chosen: int
    right: bool
    answer_index: int
    explanation: str

    @classmethod
    def of(cls, question: QuizQuestion, chosen: int) -> AnsweredQuestion:
        """Return how a choice fits a question."""
        key = question.answer_index
        return cls(chosen=chosen, right=chosen == key, answer_index=key, explanation=question.explanation)


class ProgressView(Model):
    """The answer to `PUT /lessons/{id}/progress`: the score of this try, and the key of each question."""

    lesson_id: str
    version: str
    progress: ProgressSummary
    score: QuizScore | None
    answers: list[AnsweredQuestion] = Field(default_factory=list)


class Streak(Model):
    """Days of learning in a row (UTC)."""

    current: int
    longest: int
    active_days: int
    last_day: date | None


class ModuleProgress(Model):
    """How many of a module's lessons the learner has completed."""

    module_id: str
    title: str
    lessons_total: int
    lessons_completed: int


class RoadmapProgress(Model):
    """How far a learner is with a roadmap."""

    roadmap_id: str
    subject: str
    status: GenerationStatus
    lessons_total: int
    lessons_completed: int
    modules: list[ModuleProgress]

    @classmethod
    def of(cls, roadmap: Roadmap) -> RoadmapProgress:
        """Return what a stored roadmap knows of its learner's progress."""
        in_order = sorted(roadmap.modules.items(), key=lambda entry: entry[1].order)
        modules = [
            ModuleProgress(
                module_id=module_id,
                title=module.title,
                lessons_total=module.lessons,
                lessons_completed=module.learned,
            )
            for module_id, module in in_order
        ]
        return cls(
            roadmap_id=roadmap.id,
            subject=roadmap.subject,
            status=roadmap.status,
            lessons_total=roadmap.progress.lessons_total,
            lessons_completed=sum(module.lessons_completed for module in modules),
            modules=modules,
        )


class ProgressOverview(Model):
    """The answer to `GET /me/progress`: totals over all lessons, and a page of roadmaps, the newest first."""

    streak: Streak
    lessons_started: int
    lessons_completed: int
    quizzes: int
    quiz_score: QuizScore
    items: list[RoadmapProgress]
    continuation: str | None

    @classmethod
    def of(
        cls, activity: LearnerActivity, roadmaps: list[Roadmap], continuation: str | None, today: date
    ) -> ProgressOverview:
        """Return what a learner is shown on a day."""
        return cls(
            streak=Streak(
                current=activity.current_streak(today),
                longest=activity.longest_streak,
                active_days=activity.active_days,
                last_day=activity.last_day,
            ),
            lessons_started=activity.lessons_started,
            lessons_completed=activity.lessons_completed,
            quizzes=activity.quizzes,
            quiz_score=QuizScore(correct=activity.quiz_correct, questions=activity.quiz_questions),
            items=[RoadmapProgress.of(roadmap) for roadmap in roadmaps],
            continuation=continuation,
        )
