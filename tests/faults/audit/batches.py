"""Batches: each has come to an end that its lessons have, and was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.faults.evidence import Evidence

ENDED = ("ended", "failed")


def batches_have_ended(evidence: Evidence) -> Iterator[str]:
    """No batch is open, and none of its lessons is queued, running or still bound to it."""
    for batch in evidence.of("Batch"):
        if batch["state"] not in ENDED:
            yield f"batch {batch['id']} is {batch['state']}"
        under_way = {name: batch[name] for name in ("queued", "running") if batch[name]}
        if under_way:
            yield f"batch {batch['id']} still counts {under_way}"
    for lesson in evidence.of("Lesson"):
        if lesson["batch_id"] is not None:
            yield f"lesson {lesson['id']} still belongs to batch {lesson['batch_id']}"


def each_lesson_of_a_batch_has_one_end(evidence: Evidence) -> Iterator[str]:
    """What was completed, failed and canceled adds up to the lessons; one that was given up has them too."""
    for batch in evidence.of("Batch"):
        ends = {name: batch[name] for name in ("completed", "failed", "canceled")}
        if sum(ends.values()) != len(batch["lessons"]) or min(ends.values()) < 0:
            yield f"batch {batch['id']} has {len(batch['lessons'])} lessons and counts {ends}"


def no_batch_holds_slots(evidence: Evidence) -> Iterator[str]:
    """What is in flight of batches is nothing."""
    for slots in evidence.of("BatchSlots"):
        for batch_id, held in slots["held"].items():
            yield f"batch {batch_id} holds {held['lessons']} slots"


def accepted_batches_are_there(evidence: Evidence) -> Iterator[str]:
    """A batch that was promised stands in its learner's partition, for the module that was asked for."""
    batches = {batch["id"]: (batch["user_id"], batch["module_id"]) for batch in evidence.of("Batch")}
    for accepted in evidence.accepted:
        if accepted.promise != "batch" or accepted.learner in evidence.removed:
            continue
        found = batches.get(accepted.id)
        if found != (accepted.learner, accepted.module_id):
            yield f"batch {accepted.id} of {accepted.learner} for module {accepted.module_id} is {found}"


def batches_were_asked_for(evidence: Evidence) -> Iterator[str]:
    """Each answer and each message has begun one batch at most, and nothing else has begun any."""
    asked = evidence.asked_of_modules
    begun = Counter(batch["module_id"] for batch in evidence.of("Batch"))
    for module_id, count in begun.items():
        if count > asked[module_id]:
            yield f"module {module_id} has {count} batches and was asked for {asked[module_id]} times"


RULES = (
    batches_have_ended,
    each_lesson_of_a_batch_has_one_end,
    no_batch_holds_slots,
    accepted_batches_are_there,
    batches_were_asked_for,
)
