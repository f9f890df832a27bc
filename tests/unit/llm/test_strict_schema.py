"""Schemas for strict mode: closed, complete, self-contained, with limits told in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from shared.lessons.prompts.drafts import LessonDraft, PlanDraft
from shared.llm.schema import strict_schema
from shared.models.curriculum import ModuleOutline

# What OpenAI's and Groq's strict modes and Gemini's compatible endpoint all take.
ACCEPTED = {"type", "enum", "anyOf", "items", "properties", "required", "additionalProperties", "description"}


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    below = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    if "items" in schema:
        below.append(schema["items"])
    for node in below:
        yield from nodes(node)


@pytest.mark.parametrize("model", [PlanDraft, ModuleOutline, LessonDraft])
def test_the_apps_models_are_expressed(model: type[BaseModel]) -> None:
    for node in nodes(strict_schema(model)):
        assert set(node) <= ACCEPTED
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])


class Inner(BaseModel):
    """The inner one."""

    kind: Literal["a"]
    size: Literal["small", "large"] = "small"
    note: str | None = None


class Outer(BaseModel):
    name: str = Field(min_length=1, max_length=20, description="What it is called")
    inner: list[Inner] = Field(min_length=2, max_length=5)
    share: float = Field(gt=0, le=1)


def test_limits_become_words_and_references_are_written_out() -> None:
    assert strict_schema(Outer) == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "What it is called. not empty; at most 20 characters"},
            "inner": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "kind": {"type": "string", "enum": ["a"]},
                        "size": {"type": "string", "enum": ["small", "large"]},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    },
                    "required": ["kind", "size", "note"],
                    "additionalProperties": False,
                    "description": "The inner one.",
                },
                "description": "at least 2 items; at most 5 items",
            },
            "share": {"type": "number", "description": "at most 1; more than 0"},
        },
        "required": ["name", "inner", "share"],
        "additionalProperties": False,
    }


class Tree(BaseModel):
    children: list[Tree]


class Loose(BaseModel):
    anything: dict[str, int]


class Untyped(BaseModel):
    anything: Any


@pytest.mark.parametrize("model", [Tree, Loose, Untyped])
def test_what_strict_mode_cannot_express_is_refused(model: type[BaseModel]) -> None:
    with pytest.raises(ValueError, match="strict mode"):
        strict_schema(model)
