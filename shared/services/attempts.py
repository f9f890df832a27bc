"""Attempts: starting one, and telling whether one is still the newest."""

from __future__ import annotations

from shared.errors import StoreUnavailable
from shared.models.inputs import RoadmapAttempt
from shared.models.outcomes import Failed
from shared.models.roadmap import LearnerDocument, Roadmap
from shared.orchestrations import Orchestrations, StartFailed
from shared.services.races import TRIES, pause, until_visible
from shared.store.documents import Documents
from shared.telemetry import log_fault

SUPERSEDED_PERHAPS = Failed(code="superseded", retryable=True)
"""What was read does not fit, but another instance's write may only not be visible yet: ask again."""


def verdict_on(roadmap: Roadmap, work: RoadmapAttempt) -> Failed | None:
    """Return why an activity of this attempt may not go on, None when it may."""
    if roadmap.attempt == work.attempt:
        return None
    return SUPERSEDED_PERHAPS if roadmap.attempt < work.attempt else Failed(code="superseded")


def instance_id(roadmap: Roadmap) -> str:
    """Return the orchestration instance of this attempt; it holds no user id."""
    return f"roadmap-{roadmap.id}-{roadmap.attempt}"


def instance_ids(roadmap: Roadmap) -> list[str]:
    """Return the orchestration instances of all attempts so far."""
    return [f"roadmap-{roadmap.id}-{attempt}" for attempt in range(1, roadmap.attempt + 1)]


async def start_roadmap(documents: Documents, orchestrations: Orchestrations, roadmap: Roadmap) -> None:
    """Start the orchestration of an attempt; a failure is left to the reconciler."""
    work = {"user_id": roadmap.user_id, "roadmap_id": roadmap.id, "attempt": roadmap.attempt}
    if not roadmap.settled:
        work["interpret"] = True
    try:
        await orchestrations.start("roadmap_orchestrator", instance_id(roadmap), work)
        await end_if_deleted(documents, orchestrations, roadmap, roadmap.id, instance_id(roadmap))
    except (StartFailed, StoreUnavailable) as error:
        log_fault("roadmap.start_failed", error, roadmap_id=roadmap.id, attempt=roadmap.attempt)


async def end_if_deleted(
    documents: Documents,
    orchestrations: Orchestrations,
    document: LearnerDocument,
    roadmap_id: str,
    instance: str,
) -> None:
    """End what was started for a document whose roadmap was deleted while the start was on its way.

    Whoever deletes a roadmap marks it before they look for histories: what starts before they look is theirs
    to end, what starts later sees the mark here. One of the last two seconds may not be visible yet; a
    history that such a mark leaves goes with the nightly purge.
    """
    roadmap = await documents.find(Roadmap, document.user_id, roadmap_id)
    if roadmap is None:  # gone, or not visible here yet
        await until_visible(document.updated_at)
        roadmap = await documents.find(Roadmap, document.user_id, roadmap_id)
    if roadmap is not None and not roadmap.deleting:
        return
    await orchestrations.terminate(instance, "deleted")
    for lost in range(TRIES):
        if await orchestrations.purge(instance):
            return
        await pause(lost)
