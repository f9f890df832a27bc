"""Filling the templates: text files beside this module, one for the system message and one for the user's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from shared.models.learner import SkillLevel

LEVELS = {
    SkillLevel.BEGINNER: "beginner; knows nothing of the subject, every term needs its explanation",
    SkillLevel.INTERMEDIATE: "intermediate; knows the basics, wants to work independently",
    SkillLevel.ADVANCED: "advanced; works with the subject already, wants depth, trade-offs and pitfalls",
}


@cache
def _template(name: str) -> Template:
    return Template(
        (Path(__file__).with_name("templates") / f"{name}.txt").read_text(encoding="utf-8").strip()
    )


def fill(name: str, **values: str) -> str:
    """Return a template with its values; raises KeyError for one that is missing."""
    return _template(name).substitute(values)


def as_data(specification: Mapping[str, object]) -> str:
    """Return the fields of a specification as JSON on one line, without anything that could open a tag."""
    cleaned = {name: _visible(value) for name, value in specification.items()}
    return json.dumps(cleaned, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")


def _visible(value: object) -> object:
    """Return texts on one line and in characters that can travel (half a surrogate pair cannot)."""
    if isinstance(value, str):
        return " ".join(value.encode("utf-8", "replace").decode("utf-8").split())
    if isinstance(value, list | tuple):
        return [_visible(item) for item in value]
    return value
