"""What other back ends send on behalf of a learner."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.models.base import Model
from shared.models.learner import UserId

LessonId = Annotated[
    str,
    StringConstraints(
        to_lower=True,
        pattern=r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
    ),
]


class ContentRequest(Model):
    """The body of `POST /generate_lesson_content`; the learner stands here or in the header X-User-Id."""

    lesson_id: LessonId
    user_id: UserId | None = None
