"""What learners share: each version was published once, and nothing of it tells of anybody."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.faults.evidence import Document, Evidence


def versions_follow_one_another(evidence: Evidence) -> Iterator[str]:
    """A head's versions are numbered without gaps, each written by a generation of its own."""
    versions = _versions(evidence)
    heads = {head["key"]: head for head in evidence.of("LessonHead")}
    for key in versions.keys() | heads.keys():
        numbers = sorted(version["version_number"] for version in versions[key])
        latest = heads[key]["latest_version"] if key in heads else None
        if numbers != list(range(1, len(numbers) + 1)) or latest != len(numbers):
            yield f"lesson {key} has the versions {numbers}, its head says {latest}"
        for generation, count in Counter(version["generation"] for version in versions[key]).items():
            if count > 1:
                yield f"generation {generation} of lesson {key} has published {count} versions"


def a_version_never_changes(evidence: Evidence) -> Iterator[str]:
    """Under one number there has been one body, whoever looked and whenever."""
    for (key, version), digests in evidence.bodies.items():
        if len(digests) > 1:
            yield f"{version} of lesson {key} had {len(digests)} bodies"


def the_ranking_is_that_of_the_versions(evidence: Evidence) -> Iterator[str]:
    """A head ranks versions that exist, with the votes and the approval that they have."""
    versions = _versions(evidence)
    for head in evidence.of("LessonHead"):
        known = {version["id"]: version for version in versions[head["key"]]}
        if not head["standings"] and head["status"] == "completed":
            yield f"lesson {head['key']} is completed and ranks no version of {sorted(known)}"
        for name, standing in head["standings"].items():
            version = known.get(name, {})
            told = (standing["votes_up"], standing["votes_down"], standing["approval"])
            true = tuple(version.get(field) for field in ("votes_up", "votes_down", "approval_status"))
            if told != true:
                yield f"lesson {head['key']} ranks {name} by {told}, the version says {true}"


def a_failed_lesson_says_why(evidence: Evidence) -> Iterator[str]:
    """Each failure has a code; what was canceled may have one, what went well has none."""
    for kind, status, error in (
        ("Lesson", "generation_status", "generation_error"),
        ("LessonHead", "status", "error"),
        ("Module", "status", "error"),
        ("Roadmap", "status", "error"),
    ):
        for document in evidence.of(kind):
            code = (document.get(error) or {}).get("code")
            if document[status] != "canceled" and (document[status] == "failed") != bool(code):
                yield f"{kind} {document['id']} is {document[status]} with the error {document.get(error)}"


def completed_lessons_show_a_version(evidence: Evidence) -> Iterator[str]:
    """A learner's completed lesson shows a version that exists under its key."""
    versions = _versions(evidence)
    for lesson in evidence.of("Lesson"):
        numbers = {version["version_number"] for version in versions[lesson["lesson_key"]]}
        if lesson["generation_status"] == "completed" and lesson["version_number"] not in numbers:
            yield f"lesson {lesson['id']} shows version {lesson['version_number']} of {sorted(numbers)}"


def curricula_are_whole(evidence: Evidence) -> Iterator[str]:
    """Each shared outline belongs to a module of a shared plan; plans are numbered without gaps."""
    plans: dict[str, dict[int, int]] = defaultdict(dict)
    for version in evidence.of("CurriculumVersion"):
        plans[version["key"]][version["version_number"]] = len(version["plan"]["modules"])
    for key, numbered in plans.items():
        if sorted(numbered) != list(range(1, len(numbered) + 1)):
            yield f"curriculum {key} has the versions {sorted(numbered)}"
    for outline in evidence.of("CurriculumOutline"):
        if outline["order"] >= plans[outline["key"]].get(outline["version_number"], 0):
            yield f"outline {outline['id']} of curriculum {outline['key']} belongs to no plan"


def nothing_shared_names_a_learner(evidence: Evidence) -> Iterator[str]:
    """Library and operations hold no user id."""
    learners = {accepted.learner for accepted in evidence.accepted}
    for container, document in evidence.documents:
        if container == "learning":
            continue
        text = json.dumps(document)
        for learner in learners:
            if learner in text:
                yield f"{document['type']} {document['id']} in {container} names {learner}"


def _versions(evidence: Evidence) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = defaultdict(list)
    for version in evidence.of("LessonVersion"):
        found[version["key"]].append(version)
    return found


RULES = (
    versions_follow_one_another,
    a_version_never_changes,
    the_ranking_is_that_of_the_versions,
    a_failed_lesson_says_why,
    completed_lessons_show_a_version,
    curricula_are_whole,
    nothing_shared_names_a_learner,
)
