"""CloudEvents 1.0: what other back ends are told (topic `learning-events`). Ids and counts, never bodies."""

from __future__ import annotations

from typing import Any, Literal

from shared.models.base import Model, Moment

CLOUD_EVENT = "application/cloudevents+json"
SOURCE = "urn:skillsync:backend"


class LessonEnded(Model):
    """The data of `skillsync.lesson.completed|failed|canceled`.

    `status` is the lesson's own: a completed lesson whose regeneration has failed stays completed, and the
    event is `failed`. The user id is there because nothing of a learner can be read without it.
    """

    user_id: str
    lesson_id: str
    roadmap_id: str | None
    module_id: str | None
    status: str
    regeneration: bool
    sequence: int
    attempt: int
    version: str | None
    was_cached: bool
    error: str | None


class RoadmapEnded(Model):
    """The data of `skillsync.roadmap.completed|failed|canceled`."""

    user_id: str
    roadmap_id: str
    status: str
    sequence: int
    attempt: int
    modules_total: int
    modules_failed: int
    error: str | None


class CloudEvent(Model):
    """One event in the structured JSON form.

    `id` is the same however often it is sent. `sequence` (the CloudEvents extension of that name) grows with
    each event of one `subject` and compares as text; `data.sequence` is the same number.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str = SOURCE
    type: str
    subject: str
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str
    correlationid: str | None = None
    data: LessonEnded | RoadmapEnded

    def to_json(self) -> dict[str, Any]:
        """Return the plain JSON object; an attribute of a CloudEvent is never null."""
        return self.model_dump(mode="json", exclude={"correlationid"} if self.correlationid is None else None)
