"""Creating a roadmap: from a goal to a stored document and a started orchestration."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from shared.clients import Clients
from shared.errors import Conflict, FieldError, PreconditionFailed, Problem
from shared.models.document import now
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.requests import RoadmapRequest
from shared.models.roadmap import Idempotency, Profile, Roadmap
from shared.orchestrations import Orchestrations
from shared.planning.goals.language import guess_language
from shared.planning.goals.text import plain
from shared.planning.problems import reading, refuse_harm
from shared.planning.subject import GoalInterpretation, interpret_focus, interpret_goal, interpret_subject
from shared.planning.weekly_hours import stated_hours
from shared.security.pseudonym import pseudonym
from shared.services.attempts import start_roadmap
from shared.services.pricing import estimate_roadmap_cost_usd
from shared.services.queueing import queue_of
from shared.services.quotas import ensure_quota, quota_exceeded
from shared.services.races import TRIES, pause, until_visible
from shared.services.roadmaps import CHANGING
from shared.store.contract import BatchOperation, Condition
from shared.store.documents import change, creation, increment
from shared.telemetry import log

CREATE_ROUTE = "POST /roadmaps"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a new roadmap is made for, after the request and the profile were put together."""

    skill_level: SkillLevel
    learning_style: LearningStyle
    hours: tuple[float, float]
    language: str | None
    industry: str | None


class RoadmapCreation:
    """The use case behind `POST /roadmaps`."""

    def __init__(self, clients: Clients, orchestrations: Orchestrations) -> None:
        self._clients = clients
        self._documents = clients.documents
        self._orchestrations = orchestrations

    async def create(
        self,
        user_id: str,
        request: RoadmapRequest,
        idempotency_key: str | None,
        *,
        correlation_id: str | None = None,
        remembered_seconds: int = Idempotency.KEPT,
    ) -> Roadmap:
        """Store a pending roadmap and start its generation; its key is remembered for some time.

        Raises Problem: 422 for missing preferences, a goal without a subject or one that is refused, 422 for
        an Idempotency-Key that came with another body, 429 over the day's quota, 503 where lessons are asked
        for and there is no queue.
        """
        if request.generate != "skeleton":
            queue_of(self._clients)  # that is the way to its lessons
        body_hash = _body_hash(request)
        record_id = _idempotency_id(user_id, idempotency_key) if idempotency_key else None
        if record_id and (earlier := await self._replayed(user_id, record_id, body_hash)):
            await self._start(earlier)
            return earlier
        roadmap = self._new_roadmap(user_id, request, await self._preferences(user_id, request))
        roadmap.correlation_id = correlation_id
        record = (
            Idempotency(
                id=record_id,
                user_id=user_id,
                body_hash=body_hash,
                roadmap_id=roadmap.id,
                ttl=remembered_seconds,
            )
            if record_id
            else None
        )
        stored = await self._store_new(roadmap, record)
        log(
            "roadmap.created",
            roadmap_id=stored.id,
            learner=pseudonym(self._clients.settings, user_id),
            attempt=stored.attempt,
        )
        await self._start(stored)
        return stored

    async def _start(self, roadmap: Roadmap) -> None:
        if not roadmap.status.ended:
            await start_roadmap(self._documents, self._orchestrations, roadmap)

    async def _replayed(self, user_id: str, record_id: str, body_hash: str) -> Roadmap | None:
        record = await self._documents.find(Idempotency, user_id, record_id)
        if record is None:
            return None
        if record.body_hash != body_hash:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key came with another body before. Use a new key for a new roadmap.",
                (FieldError("Idempotency-Key", "was used with another body"),),
            )
        roadmap = await self._documents.find(Roadmap, user_id, record.roadmap_id)
        if roadmap is None:  # gone, or not visible here yet
            await until_visible(record.created_at)
            roadmap = await self._documents.find(Roadmap, user_id, record.roadmap_id)
        if roadmap is None or roadmap.deleting:
            raise Problem(
                HTTPStatus.GONE, "gone", "The roadmap that this Idempotency-Key created was deleted."
            )
        return roadmap

    async def _preferences(self, user_id: str, request: RoadmapRequest) -> Preferences:
        profile = await self._documents.find(Profile, user_id, Profile.ID)
        level = request.skill_level or (profile.skill_level if profile else None)
        style = request.learning_style or (profile.learning_style if profile else None)
        hours = stated_hours(request) or _profile_hours(profile)
        missing = [
            FieldError(name, "is missing here and in the profile", "missing")
            for name, value in (("skill_level", level), ("weekly_hours", hours), ("learning_style", style))
            if value is None
        ]
        if level is None or style is None or hours is None:
            names = ", ".join(error.field for error in missing)
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "invalid_request",
                f"These fields are missing: {names}.",
                tuple(missing),
            )
        return Preferences(
            level,
            style,
            hours,
            request.language or (profile.language if profile else None),
            request.industry or (profile.industry if profile else None),
        )

    def _new_roadmap(self, user_id: str, request: RoadmapRequest, preferences: Preferences) -> Roadmap:
        goal = _interpreted(request, preferences)
        roadmap = Roadmap(
            id=str(uuid.uuid4()),
            user_id=user_id,
            goal=request.goal,
            subject=goal.subject,
            focus=goal.focus,
            language=preferences.language or guess_language(plain(request.goal)),
            interpretation=goal.in_words(),
            alternatives=list(goal.alternatives),
            # A certain reading costs no call; without a provider nobody could read better.
            settled=goal.certain or not self._clients.settings.providers,
            focus_given=request.focus is not None,
            skill_level=preferences.skill_level,
            learning_style=preferences.learning_style,
            weekly_hours_low=preferences.hours[0],
            weekly_hours_high=preferences.hours[1],
            profile_snapshot={
                "skill_level": preferences.skill_level.value,
                "learning_style": preferences.learning_style.value,
                "weekly_hours_low": preferences.hours[0],
                "weekly_hours_high": preferences.hours[1],
                "language": preferences.language,
                "industry": preferences.industry,
            },
            requested_at=now(),
            generate=request.generate,
            curriculum_key="",
            message="Waiting to be planned.",
            estimated_cost_usd=estimate_roadmap_cost_usd(self._clients.settings.providers),
        )
        roadmap.curriculum_key = roadmap.specification.key
        return roadmap

    async def _store_new(self, roadmap: Roadmap, record: Idempotency | None) -> Roadmap:
        quota_id = await ensure_quota(self._documents, roadmap.user_id)
        limit = self._clients.settings.quota_roadmaps_per_day
        operations: list[BatchOperation] = [
            creation(roadmap),
            change(quota_id, [increment("/roadmaps")], [Condition("/roadmaps", "<", limit)]),
        ]
        if record:
            operations.insert(0, creation(record))
        try:
            await self._documents.batch(Roadmap, roadmap.user_id, operations)
        except Conflict:
            return await self._earlier(roadmap, record)
        except PreconditionFailed:
            raise quota_exceeded("roadmaps", limit) from None
        return await self._documents.read(Roadmap, roadmap.user_id, roadmap.id)

    async def _earlier(self, roadmap: Roadmap, record: Idempotency | None) -> Roadmap:
        """Return what is there already: another request's with the same key, or this one's, stored unseen.

        It may not be visible here yet; raises a 409 Problem if it stays so.
        """
        for lost in range(TRIES):
            if record is not None:
                earlier = await self._replayed(record.user_id, record.id, record.body_hash)
            else:
                earlier = await self._documents.find(Roadmap, roadmap.user_id, roadmap.id)
            if earlier is not None:
                return earlier
            await pause(lost)
        raise CHANGING


def _interpreted(request: RoadmapRequest, preferences: Preferences) -> GoalInterpretation:
    """Return what the request asks for; a subject that it names settles what the goal means."""
    refuse_harm(goal=request.goal, subject=request.subject, focus=request.focus)
    with reading("subject" if request.subject else "goal"):
        if request.subject:
            goal = interpret_subject(request.subject)
        else:
            goal = interpret_goal(request.goal, preferences.industry or "")
    if request.focus is None:
        return goal
    return replace(goal, focus=interpret_focus(request.focus, request.goal))


def _profile_hours(profile: Profile | None) -> tuple[float, float] | None:
    if profile is None or profile.weekly_hours_low is None:
        return None
    return profile.weekly_hours_low, profile.weekly_hours_high or profile.weekly_hours_low


def _body_hash(request: RoadmapRequest) -> str:
    canonical: Any = request.to_json()
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()


def _idempotency_id(user_id: str, key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([user_id, CREATE_ROUTE, key])))
