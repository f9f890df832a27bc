"""Attempts: the one place that starts the orchestration of a roadmap."""

from __future__ import annotations

from shared.models.roadmap import Roadmap
from shared.orchestrations import Orchestrations, StartFailed
from shared.telemetry import log_fault


def instance_id(roadmap: Roadmap) -> str:
    """Return the orchestration instance of this attempt; it holds no user id."""
    return f"roadmap-{roadmap.id}-{roadmap.attempt}"


async def start_roadmap(orchestrations: Orchestrations, roadmap: Roadmap) -> None:
    """Start the orchestration of an attempt; a failure is left to the reconciler."""
    try:
        await orchestrations.start(
            "roadmap_orchestrator",
            instance_id(roadmap),
            {"user_id": roadmap.user_id, "roadmap_id": roadmap.id, "attempt": roadmap.attempt},
        )
    except StartFailed as error:
        log_fault("roadmap.start_failed", error, roadmap_id=roadmap.id, attempt=roadmap.attempt)
