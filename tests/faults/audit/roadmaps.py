"""A roadmap and what it consists of: the same thing wherever it is written down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from shared.services.reconciliation import MAX_RECOVERIES
from tests.faults.evidence import Document, Evidence


def no_part_is_an_orphan(evidence: Evidence) -> Iterator[str]:
    """Each module has its roadmap, each lesson its module, in the same learner's partition."""
    roadmaps = {(one["user_id"], one["id"]) for one in evidence.of("Roadmap")}
    modules = {(one["user_id"], one["id"]): one for one in evidence.of("Module")}
    for module in modules.values():
        if (module["user_id"], module["roadmap_id"]) not in roadmaps:
            yield f"module {module['id']} has no roadmap"
    for lesson in evidence.of("Lesson"):
        if lesson["roadmap_id"] is None:
            continue  # it stands alone
        module = modules.get((lesson["user_id"], lesson["module_id"]), {})
        if module.get("roadmap_id") != lesson["roadmap_id"]:
            yield f"lesson {lesson['id']} has no module in its roadmap"


def modules_are_as_their_roadmap_says(evidence: Evidence) -> Iterator[str]:
    """The summaries in the roadmap and the modules themselves were written together."""
    modules: dict[str, dict[str, Document]] = defaultdict(dict)
    for module in evidence.of("Module"):
        modules[module["roadmap_id"]][module["id"]] = module
    for roadmap in evidence.of("Roadmap"):
        own = modules[roadmap["id"]]
        if set(own) != set(roadmap["modules"]):
            yield f"roadmap {roadmap['id']} names {len(roadmap['modules'])} modules and has {len(own)}"
            continue
        for id_, summary in roadmap["modules"].items():
            if (own[id_]["status"], own[id_]["order"]) != (summary["status"], summary["order"]):
                yield f"module {id_} is {own[id_]['status']} and {summary['status']} in its roadmap"


def lessons_belong_to_modules_that_were_outlined(evidence: Evidence) -> Iterator[str]:
    """A completed module has lessons, each place once; another one has none."""
    places: dict[str, list[int]] = defaultdict(list)
    for lesson in evidence.of("Lesson"):
        if lesson["module_id"] is not None:
            places[lesson["module_id"]].append(lesson["order"])
    for module in evidence.of("Module"):
        found = sorted(places[module["id"]])
        outlined = module["status"] == "completed"
        if found != list(range(len(found))) or bool(found) != outlined:
            yield f"module {module['id']} is {module['status']} and has lessons at {found}"


def progress_is_what_there_is(evidence: Evidence) -> Iterator[str]:
    """The counts that each change moved together with its document add up."""
    lessons: dict[str, Counter[str]] = defaultdict(Counter)
    queued: Counter[str] = Counter()
    for lesson in evidence.of("Lesson"):
        lessons[lesson["roadmap_id"]][lesson["generation_status"]] += 1
        queued[lesson["roadmap_id"]] += (
            lesson["batch_id"] is not None and lesson["generation_status"] != "generating"
        )
    for roadmap in evidence.of("Roadmap"):
        modules = Counter(module["status"] for module in roadmap["modules"].values())
        own = lessons[roadmap["id"]]
        counted = {
            "modules_total": modules.total(),
            "modules_completed": modules["completed"],
            "modules_failed": modules["failed"],
            "lessons_total": own.total(),
            "lessons_queued": queued[roadmap["id"]],
            "lessons_completed": own["completed"],
            "lessons_generating": own["generating"],
            "lessons_failed": own["failed"],
        }
        wrong = {
            name: (roadmap["progress"][name], count)
            for name, count in counted.items()
            if roadmap["progress"][name] != count
        }
        if wrong:
            yield f"roadmap {roadmap['id']} counts (said, found): {wrong}"


def attempts_are_bounded(evidence: Evidence) -> Iterator[str]:
    """A roadmap is begun once for each request, and again by the reconciler three times at most for each."""
    retried = Counter(one.id for one in evidence.accepted if one.promise == "retry")
    for roadmap in evidence.of("Roadmap"):
        most = (1 + retried[roadmap["id"]]) * (1 + MAX_RECOVERIES)
        if roadmap["recoveries"] > MAX_RECOVERIES or roadmap["attempt"] > most:
            yield f"roadmap {roadmap['id']} is in attempt {roadmap['attempt']} of at most {most}"


RULES = (
    no_part_is_an_orphan,
    modules_are_as_their_roadmap_says,
    lessons_belong_to_modules_that_were_outlined,
    progress_is_what_there_is,
    attempts_are_bounded,
)
