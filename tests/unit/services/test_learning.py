"""Progress and profiles over processes that see each other's writes late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients import Clients
from shared.errors import Problem
from shared.models.content import AskedContent, LessonContent
from shared.models.library import LessonVersion
from shared.models.progress import (
    MOST_QUIZZES,
    MOST_TRIES,
    LearnerActivity,
    LessonProgress,
    ProgressRequest,
    ProgressState,
    QuizScore,
)
from shared.models.requests import ProfileRequest
from shared.models.versions import RegenerationRequest
from shared.planning.standalone import standalone_specification
from shared.services.learning import Learning
from shared.services.lessons import Lessons
from shared.services.profiles import Profiles, profile_tag, profile_view
from shared.services.regeneration import LessonRegeneration
from shared.services.standalone import StandaloneLessons
from shared.settings import load_settings
from tests.support.app import app_settings, with_provider
from tests.support.flow import Flow
from tests.support.model_provider import ModelProvider
from tests.support.processes import fresh, stale_processes
from tests.support.shared_lesson import TOPIC, written
from tests.support.store_file import stored_documents

# The fake model puts the key of its four questions in the places 0 to 3.
RIGHT, WRONG, HALF = [0, 1, 2, 3], [1, 2, 3, 0], [0, 1, 0, 0]
TODAY = date(2026, 3, 4)


@pytest.fixture
async def processes(tmp_path: Path, provider: ModelProvider) -> AsyncIterator[list[Clients]]:
    """Three app processes over one store, each seeing the others' writes late."""
    settings = load_settings(app_settings(tmp_path, **with_provider(provider)))
    async with stale_processes(settings) as made:
        yield made


def figures(folder: Path, version: int = 1) -> dict[str, int]:
    """Return the figures of a version."""
    [found] = [
        document
        for document in stored_documents(folder / "skillsync.db", "VersionFigures")
        if document["version_number"] == version
    ]
    names = ("shown", "completions", "quiz_tries", "quiz_correct", "quiz_questions")
    return {name: found[name] for name in names}


def started(answers: list[int] | None = None) -> ProgressRequest:
    return ProgressRequest(state=ProgressState.STARTED, quiz_answers=answers)


def completed(answers: list[int] | None = None) -> ProgressRequest:
    return ProgressRequest(state=ProgressState.COMPLETED, quiz_answers=answers)


# ---------------------------------------------------------------------- progress


async def test_the_key_of_a_quiz_is_shown_after_the_first_try_of_that_version(
    processes: list[Clients],
) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    lessons, learning = Lessons(processes[0]), Learning(processes[0])
    view, _ = await lessons.view("ada", lesson.id)
    assert isinstance(view.content, AskedContent)
    asked = view.to_json()["content"]
    assert all(set(question) == {"question", "options", "objective"} for question in asked["quiz"])

    answer = await learning.record("ada", lesson.id, started(HALF))
    assert answer.score == QuizScore(correct=2, questions=4)
    assert [one.right for one in answer.answers] == [True, True, False, False]
    assert [one.answer_index for one in answer.answers] == RIGHT
    assert all(one.explanation for one in answer.answers)
    view, _ = await lessons.view("ada", lesson.id)
    assert isinstance(view.content, LessonContent)
    assert [question.answer_index for question in view.content.quiz] == RIGHT
    assert view.progress is not None
    assert (view.progress.state, view.progress.tries) == (ProgressState.STARTED, 1)

    # A new version is a new quiz, and another learner has tried none.
    wish = RegenerationRequest()
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, wish)
    await flow.run_all()
    view, _ = await lessons.view("ada", lesson.id)
    assert view.version == "1.1"
    assert isinstance(view.content, AskedContent)
    other = await written(processes[0], flow, "grace")
    view, _ = await lessons.view("grace", other.id)
    assert isinstance(view.content, AskedContent)


async def test_a_request_that_races_with_itself_counts_once(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    for _ in range(2):
        answers = await asyncio.gather(
            *(Learning(clients).record("ada", lesson.id, completed(HALF)) for clients in processes * 3)
        )
        assert {answer.score.correct for answer in answers if answer.score} == {2}
    [progress] = stored_documents(tmp_path / "skillsync.db", "Progress")
    assert (progress["tries_total"], len(progress["tries"]), progress["state"]) == (1, 1, "completed")
    [activity] = stored_documents(tmp_path / "skillsync.db", "Activity")
    counted = [activity[name] for name in ("lessons_started", "lessons_completed", "quizzes", "quiz_correct")]
    assert counted == [1, 1, 1, 2]
    assert (activity["streak"], activity["active_days"]) == (1, 1)
    assert figures(tmp_path) == {
        "shown": 1,
        "completions": 1,
        "quiz_tries": 1,
        "quiz_correct": 2,
        "quiz_questions": 4,
    }


async def test_only_first_tries_count_in_the_figures(processes: list[Clients], tmp_path: Path) -> None:
    flow = Flow(processes[:1])
    lessons = [await written(processes[0], flow, f"learner-{number}") for number in range(3)]
    await asyncio.gather(
        *(
            Learning(clients).record(lesson.user_id, lesson.id, started(answers))
            for clients, lesson, answers in zip(processes, lessons, (RIGHT, WRONG, HALF), strict=True)
        )
    )
    await Learning(processes[1]).record(lessons[1].user_id, lessons[1].id, completed(RIGHT))
    assert figures(tmp_path) == {
        "shown": 3,
        "completions": 1,
        "quiz_tries": 3,
        "quiz_correct": 6,
        "quiz_questions": 12,
    }


async def test_a_count_that_was_lost_is_made_up_for_by_a_repeat(
    processes: list[Clients], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    learning = Learning(processes[0])

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("shared.services.learning.count_once", dies)
        with pytest.raises(asyncio.CancelledError):
            await learning.record("ada", lesson.id, completed(HALF))
    assert figures(tmp_path)["completions"] == 0
    for _ in range(2):
        await learning.record("ada", lesson.id, completed(HALF))
    assert (figures(tmp_path)["completions"], figures(tmp_path)["quiz_tries"]) == (1, 1)


async def test_what_was_completed_stays_completed(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    learning = Learning(processes[0])
    first = await learning.record("ada", lesson.id, completed())
    again = await learning.record("ada", lesson.id, started())
    assert again.progress.state is ProgressState.COMPLETED
    assert again.progress.completed_at == first.progress.completed_at
    assert (again.score, again.answers) == (None, [])


@pytest.mark.parametrize("answers", [[], [0], [0] * 5, [0] * 20])
async def test_answers_that_do_not_fit_the_quiz_are_refused_and_show_nothing(
    processes: list[Clients], answers: list[int]
) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    with pytest.raises(Problem, match="must hold 4 answers") as refused:
        await Learning(processes[0]).record("ada", lesson.id, completed(answers))
    assert refused.value.errors[0].field == "quiz_answers"
    view, _ = await Lessons(processes[0]).view("ada", lesson.id)
    assert isinstance(view.content, AskedContent)
    assert view.progress is None


async def test_answers_to_another_version_are_refused(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    request = ProgressRequest(state=ProgressState.STARTED, quiz_answers=RIGHT, version="1.1")
    with pytest.raises(Problem) as refused:
        await Learning(processes[0]).record("ada", lesson.id, request)
    assert refused.value.code == "version_changed"


async def test_a_lesson_without_a_body_cannot_be_worked_through(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await StandaloneLessons(processes[0], flow.orchestrations).get_or_generate("ada", TOPIC)
    with pytest.raises(Problem) as refused:
        await Learning(processes[0]).record("ada", lesson.id, started())
    assert refused.value.code == "not_completed"


async def test_two_lessons_at_once_are_two_in_the_totals(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lessons = []
    for topic in ("Dictionaries", "Lists", "Sets"):
        specification = standalone_specification("Python", topic)
        made = StandaloneLessons(processes[0], flow.orchestrations)
        lesson = await made.get_or_generate("ada", specification)
        await flow.run_all()
        lessons.append(lesson)
    await fresh()
    await asyncio.gather(
        *(
            Learning(clients).record("ada", lesson.id, completed(RIGHT))
            for clients, lesson in zip(processes, lessons, strict=True)
        )
    )
    await fresh()
    overview = await Learning(processes[0]).overview("ada", 20, None)
    assert (overview.lessons_started, overview.lessons_completed, overview.quizzes) == (3, 3, 3)
    assert overview.quiz_score == QuizScore(correct=12, questions=12)
    assert (overview.streak.current, overview.streak.active_days) == (1, 1)


# ---------------------------------------------------------------------- bounds and days


def test_tries_are_bounded_and_the_first_is_kept() -> None:
    progress = LessonProgress(id="progress", user_id="ada", lesson_id="lesson")
    for number in range(200):
        quiz = LessonProgress.quiz_of("key", number % 100)
        assert progress.add_try(quiz, [number % 4], QuizScore(correct=0, questions=1))
        assert not progress.add_try(quiz, [number % 4], QuizScore(correct=0, questions=1)), "a repeat"
    assert progress.tries_total == 200
    assert len(progress.tries) == MOST_TRIES
    assert progress.tries[0].quiz == LessonProgress.quiz_of("key", 0)
    assert progress.tries[-1].quiz == LessonProgress.quiz_of("key", 99)
    assert len(progress.first_scores) == MOST_QUIZZES
    assert progress.has_tried("key", 99)


@pytest.mark.parametrize(
    ("days", "current", "longest"),
    [
        ([0], 1, 1),
        ([1], 1, 1),
        ([2], 0, 1),
        ([3, 2, 1], 3, 3),
        ([3, 2, 1, 0], 4, 4),
        ([9, 8, 7, 6, 1, 0], 2, 4),
        ([5, 4, 3, 2], 0, 4),
        ([0, 0, 0], 1, 1),
    ],
)
def test_a_streak_ends_with_a_missed_day(days: list[int], current: int, longest: int) -> None:
    """Days are counted back from today: yesterday's learner has until midnight."""
    activity = LearnerActivity(id="activity", user_id="ada")
    for ago in days:
        activity.add_day(TODAY - timedelta(days=ago))
    assert activity.current_streak(TODAY) == current
    assert activity.longest_streak == longest
    assert activity.active_days == len(set(days))


@given(st.lists(st.integers(min_value=0, max_value=40), max_size=40))
def test_days_count_once_whatever_their_order(ago: list[int]) -> None:
    activity = LearnerActivity(id="activity", user_id="ada")
    newest: int | None = None
    expected = 0
    for days in ago:
        is_new = activity.add_day(TODAY - timedelta(days=days))
        assert is_new == (newest is None or days < newest), "a clock that runs behind changes nothing"
        expected += is_new
        newest = days if is_new else newest
    assert activity.active_days == expected
    assert 0 <= activity.streak <= activity.longest_streak <= activity.active_days


# ---------------------------------------------------------------------- profiles


async def test_the_last_write_of_a_profile_wins(processes: list[Clients]) -> None:
    requests = [ProfileRequest(weekly_hours=float(number)) for number in range(1, 10)]
    written = await asyncio.gather(
        *(
            Profiles(clients).replace("ada", request, frozenset())
            for clients, request in zip(processes * 3, requests, strict=True)
        )
    )
    assert sorted(profile.revision for profile in written) == list(range(1, 10)), "none got lost"
    last = max(written, key=lambda profile: profile.revision)
    await fresh()
    stored = await Profiles(processes[0]).profile("ada")
    assert (stored.revision, stored.weekly_hours_low) == (9, last.weekly_hours_low)


async def test_one_of_those_who_expect_the_same_profile_wins(processes: list[Clients]) -> None:
    first = await Profiles(processes[0]).replace("ada", ProfileRequest(industry="Bees"), frozenset())
    results = await asyncio.gather(
        *(
            Profiles(clients).replace(
                "ada", ProfileRequest(weekly_hours=5.0), frozenset({profile_tag(first)})
            )
            for clients in processes
        ),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, Problem)]
    assert [problem.code for problem in refused] == ["precondition_failed"] * 2
    await fresh()
    stored = await Profiles(processes[1]).profile("ada")
    assert (stored.revision, stored.weekly_hours_low, stored.industry) == (2, 5.0, None)


async def test_a_profile_that_is_not_visible_yet_is_waited_for(processes: list[Clients]) -> None:
    profiles = Profiles(processes[0])
    await profiles.replace("ada", ProfileRequest(weekly_hours=3.0), frozenset())
    await fresh()
    await Profiles(processes[1]).profile("ada")
    newer = await profiles.replace("ada", ProfileRequest(weekly_hours=4.0), frozenset())
    expected = frozenset({profile_tag(newer)})
    last = await Profiles(processes[1]).replace("ada", ProfileRequest(weekly_hours=5.0), expected)
    assert last.revision == 3


async def test_hours_can_be_stated_in_words(processes: list[Clients]) -> None:
    profiles = Profiles(processes[0])
    stored = await profiles.replace("ada", ProfileRequest(time_commitment="3-5 hours"), frozenset())
    view = profile_view(stored)
    assert (view.weekly_hours_low, view.weekly_hours_high, view.time_commitment) == (3.0, 5.0, "3-5")
    with pytest.raises(Problem) as refused:
        await profiles.replace("ada", ProfileRequest(time_commitment="when it rains"), frozenset())
    assert refused.value.errors[0].field == "time_commitment"


async def test_versions_of_one_number_are_told_apart_by_their_lesson(processes: list[Clients]) -> None:
    flow = Flow(processes[:1])
    lesson = await written(processes[0], flow, "ada")
    await Learning(processes[0]).record("ada", lesson.id, started(RIGHT))
    wish = RegenerationRequest.from_json({"learning_style": "reading"})
    await LessonRegeneration(processes[0], flow.orchestrations).request("ada", lesson.id, wish)
    await flow.run_all()
    view, version = await Lessons(processes[0]).view("ada", lesson.id)
    assert isinstance(version, LessonVersion)
    assert (view.version, version.key == TOPIC.key) == ("1.0", False)
    assert isinstance(view.content, AskedContent), "another style's first version is another quiz"
