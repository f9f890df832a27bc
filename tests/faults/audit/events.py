"""Events out: none is missing, none tells of what did not happen, and a repeat is known by its id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.faults.evidence import Document, Event, Evidence
from tests.support.learner import ENDED


def every_end_was_told(evidence: Evidence) -> Iterator[str]:
    """The newest event of each ended thing tells of the end that it has."""
    newest = {subject: max(events, key=_sequence) for subject, events in _by_subject(evidence).items()}
    for subject, document, status in _ended(evidence):
        event = newest.get(subject)
        if event is None:
            yield f"{subject} is {status}, and nobody was told"
            continue
        data = event.body["data"]
        if (data["status"], data["attempt"]) != (status, document["attempt"]):
            yield (
                f"{subject} is {status} in attempt {document['attempt']}, and told was {data['status']} "
                f"of attempt {data['attempt']}"
            )


def every_end_on_the_way_was_told(evidence: Evidence) -> Iterator[str]:
    """Also an end that was left again, by a retry or another request, was told."""
    told = {
        (event.body["subject"], event.body["data"]["attempt"], event.body["data"]["status"])
        for event in evidence.events
    }
    for end in evidence.ends:
        if end not in told:
            subject, attempt, status = end
            yield f"{subject} was {status} in attempt {attempt}, and nobody was told"


def a_repeat_is_the_same_event(evidence: Evidence) -> Iterator[str]:
    """One id stands for one body, the message's as well as the event's; one sequence for one id."""
    bodies: dict[str, Document] = {}
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in evidence.events:
        if event.message_id != event.body["id"]:
            yield f"event {event.body['id']} came as message {event.message_id}"
        if bodies.setdefault(event.message_id, event.body) != event.body:
            yield f"event {event.message_id} came with two bodies"
        ids[event.body["subject"], event.body["sequence"]].add(event.message_id)
    for (subject, sequence), found in ids.items():
        if len(found) > 1:
            yield f"{subject} has {len(found)} events of sequence {sequence}"


def nothing_ends_twice(evidence: Evidence) -> Iterator[str]:
    """One attempt has one end of a kind."""
    for subject, events in _by_subject(evidence).items():
        ends = defaultdict(set)
        for event in events:
            data = event.body["data"]
            ends[data["attempt"], event.body["type"], data.get("regeneration", False)].add(event.message_id)
        for (attempt, kind, _), ids in ends.items():
            if len(ids) > 1:
                yield f"{subject} told {kind} {len(ids)} times in attempt {attempt}"


def nothing_waits_to_be_sent(evidence: Evidence) -> Iterator[str]:
    """The Outbox is empty."""
    for outbox in evidence.of("Outbox"):
        yield f"{outbox['id']} still waits to be sent"


def _ended(evidence: Evidence) -> Iterator[tuple[str, Document, str]]:
    for roadmap in evidence.of("Roadmap"):
        if roadmap["status"] in ENDED:
            yield f"roadmaps/{roadmap['id']}", roadmap, roadmap["status"]
    for lesson in evidence.of("Lesson"):
        if lesson["generation_status"] in ENDED:
            yield f"lessons/{lesson['id']}", lesson, lesson["generation_status"]


def _by_subject(evidence: Evidence) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in evidence.events:
        found[event.body["subject"]].append(event)
    return found


def _sequence(event: Event) -> str:
    sequence: str = event.body["sequence"]
    return sequence


RULES = (
    every_end_was_told,
    every_end_on_the_way_was_told,
    a_repeat_is_the_same_event,
    nothing_ends_twice,
    nothing_waits_to_be_sent,
)
