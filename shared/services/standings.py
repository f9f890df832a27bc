"""Changing how a version stands in the ranking of its lesson, as part of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.models.library import LessonHead, LessonVersion
from shared.models.ranking import VersionStanding
from shared.store.contract import Condition, Patch, PatchOperation
from shared.store.documents import change


def standing_path(version_number: int) -> str:
    """Return where a version's standing is in its head."""
    return f"/standings/{LessonVersion.id_of(version_number)}"


def standing_of(version: LessonVersion) -> VersionStanding:
    """Return how a version stands by itself."""
    return VersionStanding(
        version_number=version.version_number,
        tier=version.tier,
        model=version.generation_metadata.model,
        generated_at=version.generation_metadata.generated_at,
        approval=version.approval_status,
        votes_up=version.votes_up,
        votes_down=version.votes_down,
    )


def in_ranking(
    head: LessonHead,
    version_number: int,
    changes: Callable[[str], Sequence[PatchOperation]],
    otherwise: Sequence[PatchOperation] = (),
) -> Patch:
    """Return the change of a version's standing, made by `changes` from its path.

    A version that has left the ranking has none to change: then `otherwise` is what changes in the head.
    Either way the batch fails with PreconditionFailed when the version has joined or left meanwhile.
    """
    path = standing_path(version_number)
    if head.standing(version_number) is None:
        return change(head.id, otherwise, [Condition(path, "missing")])
    return change(head.id, changes(path), [Condition(path, "present")])
