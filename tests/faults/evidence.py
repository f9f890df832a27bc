"""Everything that is known at the end of a run: what an auditor reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.journal import Accepted, Seen, Sent

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instance:
    """An orchestration as the engine knows it."""

    id: str
    name: str
    status: str
    faults: int = 0
    """Activities that were lost with their process, or failed for the store."""
    names: frozenset[str] = frozenset()
    """The learners' ids and pseudonyms that its history holds."""


@dataclass(frozen=True, slots=True)
class WireCall:
    """A request that reached a model provider."""

    provider: str
    step: str
    target: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a subscriber received it."""

    message_id: str
    body: Document


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that the broker gave up."""

    message_id: str
    reason: str
    learner: str = ""


@dataclass(frozen=True, slots=True)
class SeenLesson:
    """Where a lesson stands: in the library, and in its roadmap unless it stands alone."""

    key: str
    module_id: str | None
    roadmap_id: str | None
    order: int


End = tuple[str, int, str]
"""The subject of an event, an attempt, and the status that it ended in."""


@dataclass
class Evidence:
    """The state of everything after the last fault has passed and all has had its time."""

    accepted: Sequence[Accepted]
    seen: Sequence[Seen]
    documents: list[tuple[str, Document]]
    """Container and document."""
    instances: list[Instance]
    wire_calls: list[WireCall]
    disturbances: int
    """Kills and outages: each may have cost a call in flight its record."""
    bodies: Mapping[tuple[str, str], set[str]] = field(default_factory=dict)
    """Key and id of each lesson version, and the digests of all bodies that were ever read under it."""
    given_up: Sequence[str] = ()
    """What clients were never told."""
    sent: Sequence[Sent] = ()
    waiting_messages: int = 0
    dead_letters: Sequence[DeadLetter] = ()
    events: Sequence[Event] = ()
    ends: frozenset[End] = frozenset()
    """Every end that was ever seen in the store, also one that was left again."""
    pseudonyms: Mapping[str, str] = field(default_factory=dict)
    """By which name each learner stands where the user id must not."""
    lessons: Mapping[str, SeenLesson] = field(default_factory=dict)
    """Every lesson that was ever seen in the store, by its id."""
    wishes: Mapping[str, str] = field(default_factory=dict)
    """What was to be written with each roadmap that was ever seen, by its id."""

    @property
    def deleted(self) -> frozenset[str]:
        """The ids of the roadmaps whose deletion was accepted."""
        return frozenset(one.id for one in self.accepted if one.promise == "deletion")

    @property
    def removed(self) -> frozenset[str]:
        """The learners whose removal was accepted."""
        return frozenset(one.learner for one in self.accepted if one.promise == "removal")

    @property
    def asked_of_modules(self) -> Counter[str]:
        """How often all lessons of each module were asked for: by request, by message, with the roadmap."""
        promised = {(one.id, one.module_id) for one in self.accepted if one.promise == "batch"}
        asked = Counter(module_id for _, module_id in promised)
        asked.update(sent.subject_id for sent in self.sent if sent.kind == "module")
        places = self.lessons.values()
        whole = {one.module_id for one in places if self.wishes.get(one.roadmap_id or "") == "all"}
        asked.update(module_id for module_id in whole if module_id)
        return asked

    @property
    def mended(self) -> dict[str, int]:
        """How much of what broke can be seen in what there is: a run that met nothing proves nothing."""
        records = [*self.of("CallRecord"), *self.of("LearnerCallRecord")]
        return {
            "calls repeated": sum(record["repeats"] for record in records),
            "calls failed": sum(record["status"] == "failed" for record in records),
            "roadmaps recovered": sum(roadmap["recoveries"] for roadmap in self.of("Roadmap")),
            "lessons recovered": sum(head["attempts"] - 1 for head in self.of("LessonHead")),
            "batches recovered": sum(batch["recoveries"] for batch in self.of("Batch")),
            "activities repeated": sum(one.faults for one in self.instances),
            "orchestrations failed": sum(one.status == "Failed" for one in self.instances),
        }

    def of(self, kind: str) -> list[Document]:
        """Return the documents of a type."""
        return [document for _, document in self.documents if document["type"] == kind]
