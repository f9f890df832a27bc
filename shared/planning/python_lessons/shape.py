"""The shape of the built-in roadmap's data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReferenceLesson:
    """A lesson that the shipped documentation can be quoted for.

    `pages` are labels of reference pages (topics, or `library/...`) that must answer the lesson's question.
    """

    title: str
    description: str
    objectives: tuple[str, ...]
    pages: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class ReferenceModule:
    """A module of the built-in roadmap; it takes as long as its lessons."""

    title: str
    description: str
    lessons: tuple[ReferenceLesson, ...]
