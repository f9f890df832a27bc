"""What callers send, validated: every bad field is named."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue

from shared.models.base import Model, Printable
from shared.models.learner import LearningStyle, SkillLevel
from shared.models.roadmap import GenerateOption
from shared.models.specification import LanguageTag

MAX_GOAL = 500
_NO_CONTROLS = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"


class _Typed(AfterValidator):
    """A text as a learner types it, put after `Printable`; descriptions tell of it by a pattern.

    U+0080 to U+009F are refused too: no learner types them, and a terminal obeys them.
    """

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": _NO_CONTROLS}


def _typed(text: str) -> str:
    for character in text:
        if 0x80 <= ord(character) <= 0x9F:
            raise ValueError(f"must not contain the control character U+{ord(character):04X}")
    return text


Typed = _Typed(_typed)
Goal = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_GOAL), Printable, Typed
]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), Printable, Typed]


class StatedPreferences(Model):
    """What a learner wants roadmaps to be made for; all of it may be left out."""

    model_config = ConfigDict(
        str_strip_whitespace=True,
        extra="forbid",
        json_schema_extra={
            "not": {
                "required": ["weekly_hours", "time_commitment"],
                "properties": {"weekly_hours": {"type": "number"}, "time_commitment": {"type": "string"}},
            }
        },
    )

    skill_level: SkillLevel | None = None
    weekly_hours: float | None = Field(default=None, ge=0.5, le=100, strict=True)
    time_commitment: ShortText | None = Field(
        default=None, description='such as "3-5" hours a week, instead of weekly_hours'
    )
    learning_style: LearningStyle | None = None
    language: LanguageTag | None = None
    industry: ShortText | None = None

    @field_validator("time_commitment")
    @classmethod
    def _hours_once(cls, text: str | None, before: ValidationInfo) -> str | None:
        if text is not None and before.data.get("weekly_hours") is not None:
            raise ValueError("says the same as weekly_hours; give one of them")
        return text


class StatedGoal(Model):
    """What a learner wants to reach."""

    goal: Goal


# Fields come from the last base on: what a caller is told of, in the description and in errors, begins with
# the goal.
class RoadmapRequest(StatedPreferences, StatedGoal):
    """The body of `POST /roadmaps`; what is missing comes from the learner's profile."""

    subject: ShortText | None = None
    focus: ShortText | None = None
    generate: GenerateOption = "skeleton"


class ProfileRequest(StatedPreferences):
    """The body of `PUT /me/profile`: the whole profile; what is left out is unset."""
