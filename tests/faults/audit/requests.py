"""What was promised to clients: every accepted request has one end, and nothing was done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus

from tests.faults.audit.batches import ENDED as BATCH_ENDED
from tests.faults.evidence import Document, Evidence
from tests.faults.journal import OF_ROADMAPS, OWN_DATA
from tests.support.learner import ENDED


def every_client_was_told(evidence: Evidence) -> Iterator[str]:
    """No client waited in vain."""
    yield from evidence.given_up


def every_accepted_request_has_ended(evidence: Evidence) -> Iterator[str]:
    """What was answered with 200 or 202 is there, and has reached its end."""
    roadmaps, lessons = _by_id(evidence.of("Roadmap")), _by_id(evidence.of("Lesson"))
    for accepted in evidence.accepted:
        # Batches and removals have rules of their own.
        if accepted.id in evidence.deleted or accepted.promise in ("batch", "removal"):
            continue
        if accepted.learner in evidence.removed:
            continue
        is_roadmap = accepted.promise in OF_ROADMAPS
        found = (roadmaps if is_roadmap else lessons).get(accepted.id)
        if found is None or found["user_id"] != accepted.learner:
            yield f"{accepted.promise} {accepted.id} of {accepted.learner} is gone"
            continue
        status = found["status" if is_roadmap else "generation_status"]
        if status not in ENDED:
            yield f"{accepted.promise} {accepted.id} is {status}"
        elif accepted.status == HTTPStatus.OK and status != "completed":
            yield f"{accepted.promise} {accepted.id} was answered as completed and is {status}"


def learners_see_the_end(evidence: Evidence) -> Iterator[str]:
    """Whoever reads the status of an accepted request is shown an end; what was deleted is not found."""
    for seen in evidence.seen:
        if seen.path == OWN_DATA:
            continue  # another rule's
        is_gone = seen.learner in evidence.removed or any(id_ in seen.path for id_ in evidence.deleted)
        ends = BATCH_ENDED if "/batches/" in seen.path else ENDED
        if is_gone:
            is_well = seen.status == HTTPStatus.NOT_FOUND
        else:
            is_well = seen.status == HTTPStatus.OK and seen.generation_status in ends
        if not is_well:
            yield f"{seen.learner} reads {seen.status} {seen.generation_status} at {seen.path}"


def one_roadmap_for_each_request(evidence: Evidence) -> Iterator[str]:
    """However often a client repeated a request, its key has made one roadmap, and the quota counts one."""
    promised = {
        one.id: one.learner
        for one in evidence.accepted
        if one.promise == "roadmap" and one.learner not in evidence.removed
    }
    correlated = {sent.correlation_id for sent in evidence.sent if sent.kind == "roadmap"}
    for roadmap in evidence.of("Roadmap"):
        if roadmap["correlation_id"] in correlated:
            promised[roadmap["id"]] = roadmap["user_id"]
        if promised.get(roadmap["id"]) != roadmap["user_id"]:
            yield f"roadmap {roadmap['id']} of {roadmap['user_id']} was promised to nobody"
    for roadmap_id, count in Counter(record["roadmap_id"] for record in evidence.of("Idempotency")).items():
        if count != 1:
            yield f"roadmap {roadmap_id} stands under {count} keys"
    created = Counter(promised.values())
    used: Counter[str] = Counter()
    for quota in evidence.of("Quota"):
        used[quota["user_id"]] += quota["roadmaps"]
    for learner in created.keys() | used.keys():
        if created[learner] != used[learner]:
            yield f"{learner} has {created[learner]} roadmaps and paid for {used[learner]}"


def _by_id(documents: list[Document]) -> dict[str, Document]:
    return {document["id"]: document for document in documents}


def nothing_is_left_of_what_was_deleted(evidence: Evidence) -> Iterator[str]:
    """No document and no history names it, but for what tells a repeat of the creation that it is gone."""
    for id_ in evidence.deleted:
        for container, document in evidence.documents:
            if document["type"] != "Idempotency" and id_ in (document["id"], document.get("roadmap_id")):
                yield f"{document['type']} {document['id']} in {container} is left of roadmap {id_}"
        for instance in evidence.instances:
            if id_ in instance.id:
                yield f"the history of {instance.id} is left"


RULES = (
    nothing_is_left_of_what_was_deleted,
    every_client_was_told,
    every_accepted_request_has_ended,
    learners_see_the_end,
    one_roadmap_for_each_request,
)
