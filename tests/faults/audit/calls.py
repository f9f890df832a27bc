"""Model calls: what reached a provider is what the ledger has recorded, and no more than the rules allow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from shared.services.reconciliation import MAX_RECOVERIES
from tests.faults.evidence import Document, Evidence

# An answer that does not follow the schema is sent back once, a server's failure is met with one repeat, and
# a request that is too large is made smaller once (shared/llm/structured.py).
MOST_TRIES = 4
LEDGER = ("CallRecord", "LearnerCallRecord")

UNKNOWN = ""
Call = tuple[str, str, str]
"""Provider, step and what it is about."""


def no_call_without_its_record(evidence: Evidence) -> Iterator[str]:
    """A provider was asked once for each record, and once more for each repeat that the record counts."""
    allowed: Counter[Call] = Counter()
    targets = _Targets(evidence)
    for record in _records(evidence):
        allowed[targets.call(record)] += 1 + record["repeats"]
    made = Counter((call.provider, call.step, call.target) for call in evidence.wire_calls)
    for call, count in made.items():
        provider, step, _ = call
        # Of what was deleted only the record is left, which does not say what it was about.
        most = allowed[call] + allowed[provider, step, UNKNOWN]
        if count > most:
            yield f"{call} was made {count} times, the ledger allows {most}"


def repeats_have_a_cause(evidence: Evidence) -> Iterator[str]:
    """A call is paid for again only where a process or the store was lost between reply and record."""
    for record in _records(evidence):
        if record["repeats"] > evidence.disturbances:
            yield f"{record['id']} was repeated {record['repeats']} times in {evidence.disturbances} faults"


def tries_are_bounded(evidence: Evidence) -> Iterator[str]:
    """A step asks a provider a few times at most, and numbers its tries from 1."""
    tries: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for record in _records(evidence):
        step = (
            record.get("key") or record["user_id"],
            record["generation"],
            record["provider"],
            record["step"],
        )
        tries[step].append(record["try_number"])
    for step, numbers in tries.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)) or len(numbers) > MOST_TRIES:
            yield f"{step} has the tries {sorted(numbers)}"


def generations_are_bounded(evidence: Evidence) -> Iterator[str]:
    """A lesson is begun for what was asked for, and for each again by the reconciler three times at most."""
    by_itself = Counter(one.id for one in evidence.accepted if one.promise in ("lesson", "regeneration"))
    by_itself.update(sent.subject_id for sent in evidence.sent if sent.kind == "lesson")
    with_its_module = evidence.asked_of_modules
    asked: Counter[str] = Counter()
    for id_, lesson in evidence.lessons.items():
        asked[lesson.key] += by_itself[id_] + with_its_module[lesson.module_id or ""]
        asked[lesson.key] += (
            lesson.order == 0 and evidence.wishes.get(lesson.roadmap_id or "") == "first_lesson"
        )
    for head in evidence.of("LessonHead"):
        most = asked[head["key"]] * (1 + MAX_RECOVERIES)
        if head["attempts"] > 1 + MAX_RECOVERIES or head["generation"] > most:
            yield f"lesson {head['key']} is in generation {head['generation']} of at most {most}"


class _Targets:
    """What each recorded call was about, in the words that the provider reads."""

    def __init__(self, evidence: Evidence) -> None:
        self._subjects = {one["curriculum_key"]: one["subject"] for one in evidence.of("Roadmap")}
        plans = evidence.of("CurriculumVersion")
        self._subjects |= {one["key"]: one["specification"]["subject"] for one in plans}
        self._goals = {one["user_id"]: one["goal"] for one in evidence.of("Roadmap")}
        self._titles = {one["key"]: one["specification"]["title"] for one in evidence.of("LessonHead")}
        self._modules: Mapping[str, list[str]] = {
            one["key"]: [module["title"] for module in one["plan"]["modules"]]
            for one in sorted(plans, key=lambda one: int(one["version_number"]))
        }

    def call(self, record: Document) -> Call:
        step: str = record["step"]
        if step == "interpret":
            return record["provider"], step, self._goals.get(record["user_id"], UNKNOWN)
        key: str = record["key"]
        if step == "plan":
            return record["provider"], step, self._subjects.get(key, UNKNOWN)
        if step == "lesson":
            return record["provider"], step, self._titles[key]
        return record["provider"], "outline", self._modules[key][int(step.removeprefix("outline-"))]


def _records(evidence: Evidence) -> list[Document]:
    return [record for kind in LEDGER for record in evidence.of(kind)]


RULES = (no_call_without_its_record, repeats_have_a_cause, tries_are_bounded, generations_are_bounded)
