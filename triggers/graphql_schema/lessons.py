"""`lessons`: reading lessons, having them written, and what learners and mentors say of them."""

from __future__ import annotations

import strawberry

from shared.models.queries import PageQuery
from shared.models.reviews import LibraryLesson as LibraryEntry
from shared.models.reviews import LibraryQuery, ReviewRequest
from shared.models.specification import LessonSpecification
from shared.models.topics import LookupQuery
from shared.models.validation import validated
from shared.models.versions import RegenerationRequest, VersionSummary, VoteRequest
from shared.models.views import LessonSummary
from shared.planning.standalone import looked_up_specification
from shared.services.batch_creation import BatchCreation
from shared.services.lesson_generation import LessonGeneration
from shared.services.lessons import Lessons
from shared.services.regeneration import LessonRegeneration
from shared.services.reviewing import Reviewing
from shared.services.roadmaps import Roadmaps
from shared.services.standalone import StandaloneLessons, Topics
from shared.services.voting import Voting
from triggers.endpoints import Access, require_role
from triggers.graphql_schema.arguments import given, known_id, part
from triggers.graphql_schema.context import Asked, Context
from triggers.graphql_schema.types import Lesson, LessonVersion, LibraryLesson, Page, Vote
from triggers.questions import library_key


@strawberry.input
class RegenerateLessonInput:
    """What `POST /lessons/{id}/regenerate` takes."""

    lesson_id: strawberry.ID
    reason: str | None = strawberry.UNSET
    learning_style: str | None = strawberry.UNSET


@strawberry.input
class VoteLessonInput:
    """What `POST /lessons/{id}/vote` takes."""

    lesson_id: strawberry.ID
    value: int = strawberry.field(description="1 for, -1 against, 0 withdraws the vote")


@strawberry.input
class MentorReviewLessonInput:
    """What `POST /library/lessons/{key}/versions/{version}/review` takes."""

    lesson_key: str
    version: str
    decision: str
    comment: str = ""


@strawberry.type
class LessonsQuery:
    """A learner's lessons."""

    @strawberry.field
    async def get_lessons_by_module(self, info: Asked, module_id: strawberry.ID) -> list[Lesson]:
        """List all lessons of a module, twelve at most, in their order."""
        return await _of_module(info.context, known_id(module_id, "module"))

    @strawberry.field
    async def lesson_page(
        self, info: Asked, module_id: strawberry.ID, limit: int = 20, continuation: str | None = None
    ) -> Page[Lesson]:
        """List the lessons of a module in their order, page by page."""
        return await _module_page(info.context, known_id(module_id, "module"), part(limit, continuation))

    @strawberry.field
    async def get_lesson_by_id(self, info: Asked, lesson_id: strawberry.ID) -> Lesson:
        """Read a lesson."""
        return await _whole(info.context, known_id(lesson_id, "lesson"))

    @strawberry.field
    async def get_or_generate_lesson(
        self,
        info: Asked,
        step_title: str,
        learning_style: str = "mixed",
        lesson_number: int = 1,
        subject: str | None = None,
    ) -> Lesson:
        """Get a lesson from the library, else have it written; counts against the quota."""
        return await _get_or_generate(info.context, step_title, learning_style, lesson_number, subject)

    @strawberry.field
    async def get_lesson_versions(
        self,
        info: Asked,
        step_title: str,
        learning_style: str = "mixed",
        lesson_number: int = 1,
        subject: str | None = None,
        limit: int = 100,
        continuation: str | None = None,
    ) -> list[LessonVersion]:
        """List the versions of a lesson that stands alone, oldest first; `lessonVersionPage` tells more."""
        step = _specification(step_title, learning_style, lesson_number, subject)
        return (await _versions(info.context, step, part(limit, continuation))).items

    @strawberry.field
    async def lesson_version_page(
        self,
        info: Asked,
        step_title: str,
        learning_style: str = "mixed",
        lesson_number: int = 1,
        subject: str | None = None,
        limit: int = 20,
        continuation: str | None = None,
    ) -> Page[LessonVersion]:
        """List the versions of a lesson that stands alone, oldest first, page by page."""
        step = _specification(step_title, learning_style, lesson_number, subject)
        return await _versions(info.context, step, part(limit, continuation))

    @strawberry.field
    async def library_page(
        self,
        info: Asked,
        approval_status: str = "pending",
        limit: int = 20,
        continuation: str | None = None,
    ) -> Page[LibraryLesson]:
        """List the versions with an approval status, the oldest first; needs the role mentor or admin."""
        context = info.context
        require_role(context.caller, Access.MENTOR)
        asked = {"limit": str(limit), "continuation": continuation, "approval_status": approval_status}
        query = validated(LibraryQuery, asked)
        found = await Reviewing(context.clients).page(query.approval_status, query.limit, query.continuation)
        items = [LibraryLesson.of(LibraryEntry.of(entry)) for entry in found.items]
        return Page(items=items, continuation=found.continuation)


@strawberry.type
class LessonsMutation:
    """What a learner does with lessons, and a mentor with their versions."""

    @strawberry.mutation
    async def generate_lesson_content(self, info: Asked, lesson_id: strawberry.ID) -> Lesson:
        """Have a lesson written; it comes completed where the library holds it."""
        context = info.context
        lesson = await LessonGeneration(context.clients, context.orchestrations).request(
            context.caller.user_id, known_id(lesson_id, "lesson")
        )
        return await _whole(context, lesson.id)

    @strawberry.mutation
    async def generate_module_lessons(self, info: Asked, module_id: strawberry.ID) -> list[Lesson]:
        """Have every lesson of a module written that is not, through the queue; returns all of them."""
        context = info.context
        module = known_id(module_id, "module")
        batches = BatchCreation(context.clients, context.orchestrations)
        await batches.create(context.caller.user_id, module)
        return await _of_module(context, module)

    @strawberry.mutation
    async def get_or_generate_lesson(
        self,
        info: Asked,
        step_title: str,
        learning_style: str = "mixed",
        lesson_number: int = 1,
        subject: str | None = None,
    ) -> Lesson:
        """Get a lesson from the library, else have it written; counts against the quota."""
        return await _get_or_generate(info.context, step_title, learning_style, lesson_number, subject)

    @strawberry.mutation
    async def regenerate_lesson(self, info: Asked, input: RegenerateLessonInput) -> Lesson:  # noqa: A002 - the contract's name
        """Have a new version of a completed lesson written; it shows the old one until then."""
        context = info.context
        wish = given(input)
        lesson_id = known_id(wish.pop("lesson_id"), "lesson")
        lesson = await LessonRegeneration(context.clients, context.orchestrations).request(
            context.caller.user_id, lesson_id, validated(RegenerationRequest, wish)
        )
        return await _whole(context, lesson.id)

    @strawberry.mutation
    async def vote_lesson(self, info: Asked, input: VoteLessonInput) -> Vote:  # noqa: A002 - likewise
        """Vote for or against the version that a lesson shows."""
        context = info.context
        lesson_id = known_id(input.lesson_id, "lesson")
        value = validated(VoteRequest, {"value": input.value}).value
        voting = Voting(context.clients, context.orchestrations)
        return Vote.of(await voting.vote(context.caller.user_id, lesson_id, value))

    @strawberry.mutation
    async def mentor_review_lesson(self, info: Asked, input: MentorReviewLessonInput) -> LessonVersion:  # noqa: A002 - likewise
        """Approve, verify or reject a version; needs the role mentor or admin."""
        context = info.context
        require_role(context.caller, Access.MENTOR)
        request = validated(ReviewRequest, {"decision": input.decision, "comment": input.comment})
        key = library_key(input.lesson_key)
        reviewed = await Reviewing(context.clients).review(
            context.caller.user_id, key, input.version, request
        )
        return LessonVersion.of(reviewed.lesson_key, reviewed)


async def _whole(context: Context, lesson_id: str) -> Lesson:
    view, _ = await Lessons(context.clients).view(context.caller.user_id, lesson_id)
    return Lesson.whole(view)


async def _of_module(context: Context, module_id: str) -> list[Lesson]:
    # A module has at most 12 lessons.
    return (await _module_page(context, module_id, part(100, None))).items


async def _module_page(context: Context, module_id: str, query: PageQuery) -> Page[Lesson]:
    user_id, roadmaps = context.caller.user_id, Roadmaps(context.clients)
    page = await roadmaps.module_lessons(user_id, module_id, query.limit, query.continuation)
    items = [Lesson.listed(LessonSummary.of(lesson)) for lesson in page.items]
    return Page(items=items, continuation=page.continuation)


async def _versions(
    context: Context, specification: LessonSpecification, query: PageQuery
) -> Page[LessonVersion]:
    topics = Topics(context.clients)
    page = await topics.versions(specification, query.limit, query.continuation)
    items = [LessonVersion.of(specification.key, VersionSummary.of(version)) for version in page.items]
    return Page(items=items, continuation=page.continuation)


async def _get_or_generate(
    context: Context, step_title: str, learning_style: str, lesson_number: int, subject: str | None
) -> Lesson:
    specification = _specification(step_title, learning_style, lesson_number, subject)
    lessons = StandaloneLessons(context.clients, context.orchestrations)
    lesson = await lessons.get_or_generate(context.caller.user_id, specification)
    return await _whole(context, lesson.id)


def _specification(
    step_title: str, learning_style: str, lesson_number: int, subject: str | None
) -> LessonSpecification:
    step = {
        "step_title": step_title,
        "learning_style": learning_style,
        "lesson_number": str(lesson_number),
        "subject": subject or "",
    }
    return looked_up_specification(validated(LookupQuery, step))
