"""A learner's profile as the API shows it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from shared.models.base import Model
from shared.models.learner import LearningStyle, SkillLevel


class ProfileView(Model):
    """What new roadmaps are made for, unless a request says otherwise; None: not stated."""

    skill_level: SkillLevel | None
    weekly_hours_low: float | None
    weekly_hours_high: float | None
    time_commitment: str | None = Field(description='the weekly hours in words, such as "3-5"')
    learning_style: LearningStyle | None
    language: str | None
    industry: str | None
    updated_at: datetime | None = Field(description="None as long as nothing was stated")
