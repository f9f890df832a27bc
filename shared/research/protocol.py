"""What a research source is: a name, and a search that answers a question with hits or says why it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.errors import SkillSyncError
from shared.models.research import FoundVideo, Passage
from shared.models.specification import LessonSpecification


@dataclass(frozen=True, slots=True)
class Question:
    """What a lesson wants to know: the fields of its key and nothing of any learner."""

    subject: str
    module_title: str
    lesson_title: str
    objectives: tuple[str, ...] = ()
    focus: str = ""
    language: str = "en"

    @classmethod
    def of(cls, specification: LessonSpecification) -> Question:
        """Return the question of a lesson."""
        return cls(
            subject=specification.curriculum.subject,
            focus=specification.curriculum.focus,
            module_title=specification.module_title,
            lesson_title=specification.title,
            objectives=tuple(specification.objectives),
            language=specification.curriculum.language,
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that a source has found, its passages in the page's own order.

    The brief makes a `Source` of it by giving it an id; until then its text is as hostile as its origin.
    """

    title: str
    author: str
    url: str
    licence: str
    licence_url: str
    open_licence: bool
    language: str
    retrieved_at: datetime
    passages: tuple[Passage, ...]
    video: FoundVideo | None = None


class ResearchError(SkillSyncError):
    """A source has no hits to give; the text says why, for a person."""


class SourceSkipped(ResearchError):
    """The question is none of this source's business; it was not asked."""


class SourceFailed(ResearchError):
    """The source could not be reached, or its answer could not be understood."""


class Unreachable(SourceFailed):
    """No connection came about: asking the same host for something else would be in vain."""


class SourceLimited(ResearchError):
    """The source asks to be left alone until a moment in time."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"limited until {until.isoformat(timespec='seconds')}")
        self.until = until


class ResearchSource(Protocol):
    """One place to look things up in."""

    @property
    def name(self) -> str:
        """The name under which the source is listed in `SOURCES` and reported."""
        ...

    @property
    def timeout_seconds(self) -> float:
        """How long this source may take for one question, in seconds."""
        ...

    async def search(self, question: Question) -> Sequence[Hit]:
        """Return what was found, best first; empty when there is nothing.

        Raises `SourceSkipped`, `SourceLimited` or `SourceFailed`; whatever else it raises is a defect, which
        the brief reports as a failure of this source alone.
        """
        ...
