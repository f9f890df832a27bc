"""Messages in: each has one end that somebody sees."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from shared.models.poison import Poison
from tests.faults.evidence import Evidence
from tests.support.learner import ENDED


def the_queue_is_empty(evidence: Evidence) -> Iterator[str]:
    """No message waits or is being handled."""
    if evidence.waiting_messages:
        yield f"{evidence.waiting_messages} messages are still in the queue"


def a_message_is_obeyed_once(evidence: Evidence) -> Iterator[str]:
    """What was asked for by message is there once, however often it was sent, and has ended."""
    roadmaps = Counter(roadmap["correlation_id"] for roadmap in evidence.of("Roadmap"))
    statuses = {lesson["id"]: lesson["generation_status"] for lesson in evidence.of("Lesson")}
    modules: dict[str, set[str]] = defaultdict(set)
    for lesson in evidence.of("Lesson"):
        modules[lesson["module_id"]].add(lesson["generation_status"])
    for sent in evidence.sent:
        if sent.learner in evidence.removed:
            continue
        if sent.kind == "roadmap" and roadmaps[sent.correlation_id] != 1:
            yield f"message {sent.message_id} has made {roadmaps[sent.correlation_id]} roadmaps"
        if sent.kind == "module" and modules[sent.subject_id] - set(ENDED):
            yield f"message {sent.message_id}: its module has lessons that are {modules[sent.subject_id]}"
        if sent.kind == "lesson" and statuses.get(sent.subject_id) not in ENDED:
            yield f"message {sent.message_id}: its lesson is {statuses.get(sent.subject_id)}"


def only_what_cannot_be_obeyed_is_a_dead_letter(evidence: Evidence) -> Iterator[str]:
    """A bad message is dead-lettered once, with a Poison document that says why; no good one is.

    Those of a removed learner are another rule's.
    """
    dead = Counter(
        letter.message_id for letter in evidence.dead_letters if letter.learner not in evidence.removed
    )
    bad = {
        sent.message_id
        for sent in evidence.sent
        if sent.kind == "bad" and sent.learner not in evidence.removed
    }
    reasons = {poison["key"]: poison["reason"] for poison in evidence.of("Poison")}
    for message_id in dead.keys() | bad:
        if dead[message_id] != (1 if message_id in bad else 0):
            yield f"message {message_id} is {dead[message_id]} dead letters"
        if message_id in bad and not reasons.get(Poison.key_of(message_id)):
            yield f"nothing says what is wrong with message {message_id}"


RULES = (the_queue_is_empty, a_message_is_obeyed_once, only_what_cannot_be_obeyed_is_a_dead_letter)
