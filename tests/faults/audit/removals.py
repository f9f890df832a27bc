"""Removed learners: nothing of them is left anywhere, under no name; what is shared stays."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.faults.evidence import Document, Evidence
from tests.faults.journal import OWN_DATA


def removals_are_over(evidence: Evidence) -> Iterator[str]:
    """Each removal has ended, and its own histories, which name the learner, have been cleared."""
    for removal in evidence.of("Removal"):
        yield f"the removal of {removal['user_id']} is in attempt {removal['attempt']}"
    for tombstone in evidence.of("Tombstone"):
        if tombstone["completed_at"] is None or not tombstone["cleared"]:
            yield f"the removal of {tombstone['key']} is not over"


def each_removal_has_its_tombstone(evidence: Evidence) -> Iterator[str]:
    """What a removed learner had asked for is void for ever; nobody else is called removed."""
    found = sorted(tombstone["key"] for tombstone in evidence.of("Tombstone"))
    wanted = sorted(f"learner-{evidence.pseudonyms[learner]}" for learner in evidence.removed)
    if found != wanted:
        yield f"the tombstones are {found} instead of {wanted}"


def no_document_names_who_was_removed(evidence: Evidence) -> Iterator[str]:
    """Neither by id nor by pseudonym, but for the tombstone."""
    names = _names(evidence)
    for container, document in evidence.documents:
        text = _without_tombstone(document)
        for name in names:
            if name in text:
                yield f"{document['type']} {document['id']} in {container} names {name}"


def no_message_names_who_was_removed(evidence: Evidence) -> Iterator[str]:
    """Their dead letters are gone."""
    for letter in evidence.dead_letters:
        if letter.learner in evidence.removed:
            yield f"dead letter {letter.message_id} is {letter.learner}'s"


def no_history_names_who_was_removed(evidence: Evidence) -> Iterator[str]:
    """No orchestration is left whose id or history holds one of their names."""
    for instance in evidence.instances:
        named = [name for name in _names(evidence) if name in instance.names or name in instance.id]
        if named:
            yield f"the history of {instance.name} {instance.id} names {', '.join(named)}"


def who_was_removed_reads_nothing(evidence: Evidence) -> Iterator[str]:
    """The learner's own data is an empty list."""
    for seen in evidence.seen:
        if seen.path == OWN_DATA and (seen.status, seen.generation_status) != (200, "[]"):
            yield f"{seen.learner} was removed and reads {seen.status} {seen.generation_status[:200]}"


def _names(evidence: Evidence) -> list[str]:
    return [name for learner in sorted(evidence.removed) for name in (learner, evidence.pseudonyms[learner])]


def _without_tombstone(document: Document) -> str:
    return "" if document["type"] == "Tombstone" else json.dumps(document)


RULES = (
    removals_are_over,
    each_removal_has_its_tombstone,
    no_document_names_who_was_removed,
    no_message_names_who_was_removed,
    no_history_names_who_was_removed,
    who_was_removed_reads_nothing,
)
