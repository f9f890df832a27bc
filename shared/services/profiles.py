"""A learner's profile: the defaults of new roadmaps."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Problem
from shared.models.profile import ProfileView
from shared.models.requests import ProfileRequest
from shared.models.roadmap import Profile
from shared.planning.weekly_hours import in_words, stated_hours
from shared.services.races import LOST_RACE, TRIES, pause


def profile_tag(profile: Profile) -> str:
    """Return the entity tag of a profile: its revision."""
    return f'"{profile.revision}"'


class Profiles:
    """The use cases behind `/me/profile`."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents

    async def profile(self, user_id: str) -> Profile:
        """Return the learner's profile; an empty one as long as there is none."""
        found = await self._documents.find(Profile, user_id, Profile.ID)
        return found or Profile(id=Profile.ID, user_id=user_id)

    async def replace(self, user_id: str, request: ProfileRequest, expected: Collection[str]) -> Profile:
        """Store the whole profile; the last write wins, unless entity tags are expected.

        Raises Problem: 412 when the profile has none of the expected tags, 422 for hours that cannot be read.
        """
        hours = stated_hours(request)
        for lost in range(TRIES):
            stored = await self.profile(user_id)
            if expected and profile_tag(stored) not in expected:
                if lost < TRIES - 1 and any(_is_later(tag, stored) for tag in expected):
                    await pause(lost)  # what the caller has seen is not visible here yet
                    continue
                raise Problem(
                    HTTPStatus.PRECONDITION_FAILED,
                    "precondition_failed",
                    "The profile has changed since you read it; read it again.",
                )
            changed = stored.model_copy(
                update={
                    "skill_level": request.skill_level,
                    "weekly_hours_low": hours[0] if hours else None,
                    "weekly_hours_high": hours[1] if hours else None,
                    "learning_style": request.learning_style,
                    "language": request.language,
                    "industry": request.industry or None,
                    "revision": stored.revision + 1,
                }
            )
            try:
                write = self._documents.replace if stored.etag else self._documents.create
                return await write(changed)
            except LOST_RACE:
                await pause(lost)
        raise Problem(
            HTTPStatus.CONFLICT, "conflict", "The profile is changing right now; try again in a moment."
        )


def _is_later(tag: str, profile: Profile) -> bool:
    number = tag.strip('"')
    return number.isascii() and number.isdigit() and len(number) < 16 and int(number) > profile.revision


def profile_view(profile: Profile) -> ProfileView:
    """Return what a learner is shown of a profile."""
    return ProfileView(
        skill_level=profile.skill_level,
        weekly_hours_low=profile.weekly_hours_low,
        weekly_hours_high=profile.weekly_hours_high,
        time_commitment=in_words(profile.weekly_hours_low, profile.weekly_hours_high),
        learning_style=profile.learning_style,
        language=profile.language,
        industry=profile.industry,
        updated_at=profile.updated_at if profile.revision else None,
    )
