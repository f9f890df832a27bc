"""What was seen in the store on the way: versions, ends, and what may be gone before the run ends."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.evidence import Document, End, SeenLesson
from tests.support.learner import ENDED


@dataclass(slots=True)
class Observations:
    """Grows with each look; the fields are those of Evidence."""

    bodies: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    ends: set[End] = field(default_factory=set)
    lessons: dict[str, SeenLesson] = field(default_factory=dict)
    wishes: dict[str, str] = field(default_factory=dict)

    def look(self, documents: Iterable[tuple[str, Document]]) -> None:
        """Note what the store holds in this moment."""
        for _, document in documents:
            match document["type"]:
                case "LessonVersion":
                    body = json.dumps(document["content"], sort_keys=True).encode()
                    self.bodies[document["key"], document["id"]].add(hashlib.sha256(body).hexdigest())
                case "Lesson":
                    self.lessons[document["id"]] = SeenLesson(
                        document["lesson_key"],
                        document["module_id"],
                        document["roadmap_id"],
                        document["order"],
                    )
                    self._end("lessons", document, document["generation_status"])
                case "Roadmap":
                    self.wishes[document["id"]] = document["generate"]
                    self._end("roadmaps", document, document["status"])

    def _end(self, kind: str, document: Document, status: str) -> None:
        if status in ENDED:
            self.ends.add((f"{kind}/{document['id']}", document["attempt"], status))
