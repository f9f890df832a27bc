"""`onboarding`: creating roadmaps and reading them."""

from __future__ import annotations

import strawberry

from shared.models.requests import RoadmapRequest
from shared.models.validation import validated
from shared.models.views import RoadmapSummary, RoadmapView
from shared.services.roadmap_creation import RoadmapCreation
from shared.services.roadmaps import Roadmaps
from triggers.graphql_schema.arguments import given, known_id, part
from triggers.graphql_schema.context import Asked, Context
from triggers.graphql_schema.types import Page, Roadmap


@strawberry.input
class CreateRoadmapInput:
    """What `POST /roadmaps` takes."""

    goal: str
    skill_level: str | None = strawberry.UNSET
    weekly_hours: float | None = strawberry.UNSET
    time_commitment: str | None = strawberry.UNSET
    learning_style: str | None = strawberry.UNSET
    language: str | None = strawberry.UNSET
    industry: str | None = strawberry.UNSET
    subject: str | None = strawberry.UNSET
    focus: str | None = strawberry.UNSET
    generate: str | None = strawberry.UNSET


@strawberry.type
class OnboardingQuery:
    """A learner's roadmaps."""

    @strawberry.field
    async def roadmaps(self, info: Asked, limit: int = 20, continuation: str | None = None) -> list[Roadmap]:
        """List roadmaps, newest first; `roadmapPage` tells how the list goes on."""
        return (await _page(info.context, limit, continuation)).items

    @strawberry.field
    async def roadmap_page(
        self, info: Asked, limit: int = 20, continuation: str | None = None
    ) -> Page[Roadmap]:
        """List roadmaps, newest first, page by page."""
        return await _page(info.context, limit, continuation)

    @strawberry.field
    async def roadmap(self, info: Asked, id: strawberry.ID) -> Roadmap:  # noqa: A002 - the contract's name
        """Read a roadmap with its modules and lessons."""
        return await _whole(info.context, known_id(id, "roadmap"))


@strawberry.type
class OnboardingMutation:
    """What a learner does with roadmaps."""

    @strawberry.mutation
    async def create_roadmap(self, info: Asked, input: CreateRoadmapInput) -> Roadmap:  # noqa: A002 - likewise
        """Ask for a roadmap; an Idempotency-Key in the request's headers holds here too."""
        context = info.context
        request = validated(RoadmapRequest, given(input))
        creation = RoadmapCreation(context.clients, context.orchestrations)
        roadmap = await creation.create(context.caller.user_id, request, context.idempotency_key)
        return await _whole(context, roadmap.id)


async def _page(context: Context, limit: int, continuation: str | None) -> Page[Roadmap]:
    query = part(limit, continuation)
    page = await Roadmaps(context.clients).page(context.caller.user_id, query.limit, query.continuation)
    items = [Roadmap.listed(RoadmapSummary.of(roadmap)) for roadmap in page.items]
    return Page(items=items, continuation=page.continuation)


async def _whole(context: Context, roadmap_id: str) -> Roadmap:
    user_id, roadmaps = context.caller.user_id, Roadmaps(context.clients)
    roadmap = await roadmaps.roadmap(user_id, roadmap_id)
    modules = await roadmaps.modules(user_id, roadmap_id)
    lessons = await roadmaps.lessons(user_id, roadmap_id)
    return Roadmap.whole(RoadmapView.whole(roadmap, modules, lessons))
