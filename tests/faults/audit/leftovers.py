"""Nothing is left under way: no status, no lease, no orchestration."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.evidence import Evidence
from tests.support.learner import ENDED

ENDED_INSTANCES = ("Completed", "Failed", "Terminated")
# Where each kind of document says how far it is. A lesson that nobody has asked for yet is pending.
_STATUS = {
    "Roadmap": ("status", ENDED),
    "Module": ("status", ENDED),
    "LessonHead": ("status", ENDED),
    "Task": ("status", ENDED),
    "Lesson": ("generation_status", (*ENDED, "pending")),
}


def nothing_is_left_generating(evidence: Evidence) -> Iterator[str]:
    """Every document has come to rest."""
    for kind, (field, at_rest) in _STATUS.items():
        for document in evidence.of(kind):
            if document[field] not in at_rest:
                yield f"{kind} {document['id']} is {document[field]}"
            for mark in ("regenerating", "stopping", "deleting"):
                if document.get(mark):
                    yield f"{kind} {document['id']} is {mark}"


def nothing_is_left_leased(evidence: Evidence) -> Iterator[str]:
    """Nobody holds a generation that has ended."""
    for head in evidence.of("LessonHead"):
        if head["lease"] is not None:
            yield f"lesson {head['key']} is leased to {head['lease']['owner']}"


def nothing_is_left_running(evidence: Evidence) -> Iterator[str]:
    """Every orchestration has ended."""
    for instance in evidence.instances:
        if instance.status not in ENDED_INSTANCES:
            yield f"{instance.name} {instance.id} is {instance.status}"


RULES = (nothing_is_left_generating, nothing_is_left_leased, nothing_is_left_running)
