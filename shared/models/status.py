"""The generation status of roadmaps, modules and lessons, and the only moves between its values."""

from __future__ import annotations

from enum import StrEnum

from shared.errors import SkillSyncError


class GenerationStatus(StrEnum):
    """How far the generation of a thing is."""

    PENDING = "pending"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def ended(self) -> bool:
        """Tell whether nothing will change this status by itself."""
        return self in {GenerationStatus.COMPLETED, GenerationStatus.FAILED, GenerationStatus.CANCELED}


class Generated(StrEnum):
    """The kinds of things that have a generation status."""

    ROADMAP = "roadmap"
    MODULE = "module"
    LESSON = "lesson"


class IllegalTransition(SkillSyncError):
    """A status was about to make a move that the table does not know."""


_FOR_ALL = frozenset(
    {
        (GenerationStatus.PENDING, GenerationStatus.GENERATING),
        (GenerationStatus.PENDING, GenerationStatus.CANCELED),
        (GenerationStatus.GENERATING, GenerationStatus.COMPLETED),
        (GenerationStatus.GENERATING, GenerationStatus.FAILED),
        (GenerationStatus.GENERATING, GenerationStatus.CANCELED),
        (GenerationStatus.FAILED, GenerationStatus.GENERATING),
        (GenerationStatus.CANCELED, GenerationStatus.GENERATING),
    }
)
TRANSITIONS: dict[Generated, frozenset[tuple[GenerationStatus, GenerationStatus]]] = {
    # A retried module takes its completed roadmap back into generation.
    Generated.ROADMAP: _FOR_ALL | {(GenerationStatus.COMPLETED, GenerationStatus.GENERATING)},
    Generated.MODULE: _FOR_ALL,
    # A lesson whose version was rejected, and which has no other, can be asked for again.
    Generated.LESSON: _FOR_ALL | {(GenerationStatus.COMPLETED, GenerationStatus.PENDING)},
}


def may_move(kind: Generated, current: GenerationStatus, to: GenerationStatus) -> bool:
    """Tell whether a thing of this kind may go from one status to the other."""
    return (current, to) in TRANSITIONS[kind]


def move(kind: Generated, current: GenerationStatus, to: GenerationStatus) -> GenerationStatus:
    """Return the new status; raises IllegalTransition for a move that is not in the table."""
    if not may_move(kind, current, to):
        raise IllegalTransition(f"a {kind.value} cannot go from {current.value} to {to.value}")
    return to
