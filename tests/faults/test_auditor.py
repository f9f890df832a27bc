"""The auditor itself: it finds nothing in a calm run, and each kind of violation that is planted in it.

The run is a real one, so that what is planted is planted in what the app really writes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from shared.models.library import LessonVersion
from shared.models.poison import Poison
from tests.faults.__main__ import keep
from tests.faults.audit import RULES, Violation, audit
from tests.faults.evidence import DeadLetter, Document, Event, Evidence, Instance
from tests.faults.journal import OWN_DATA, Accepted, Promise
from tests.faults.run import play
from tests.faults.schedule import Schedule, Script, Step

Plant = Callable[[Evidence], None]

CALM = Schedule(
    seed=0,
    store="sqlite",
    mode="fail",
    workers=1,
    scripts=(
        Script(
            "apprentice-0",
            "Beekeeping",
            (
                Step("roadmap message", 0),
                Step("roadmap", 0),
                Step("lesson", 0, 0),
                Step("regenerate", 0, 0),
                Step("bad message", 0),
            ),
        ),
        Script(
            "apprentice-1",
            "Beekeeping",
            (
                Step("roadmap", 0),
                Step("lesson message", 0, 3),
                Step("roadmap deleted", 0.3),
            ),
        ),
        Script("apprentice-2", "Knitting", (Step("roadmap canceled", 0.3),)),
        Script(
            "apprentice-3",
            "Knitting",
            (Step("roadmap", 0, generate="first_lesson"), Step("module", 0, 0), Step("module message", 0, 1)),
        ),
        Script(
            "apprentice-who-leaves",
            "Beekeeping",
            (
                Step("bad message", 0),
                Step("roadmap", 0, generate="all"),
                Step("lesson", 0, 0),
                Step("leave", 0.5),
            ),
        ),
    ),
    troubles=(),
)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return play(CALM, tmp_path_factory.mktemp("calm"), None)


def first(evidence: Evidence, kind: str, **fields: Any) -> Document:
    """Return the first document of a type with these fields."""
    return next(
        document
        for document in evidence.of(kind)
        if all(document[name] == value for name, value in fields.items())
    )


def remove(evidence: Evidence, document: Document) -> None:
    evidence.documents[:] = [(where, one) for where, one in evidence.documents if one is not document]


def add_copy(evidence: Evidence, document: Document, **changes: Any) -> Document:
    """Add a copy of a document, beside it."""
    container = next(where for where, one in evidence.documents if one is document)
    added = {**copy.deepcopy(document), **changes}
    evidence.documents.append((container, added))
    return added


def changed(kind: str, changes: dict[str, Any], **fields: Any) -> Plant:
    """Plant a document of a type that has changed."""
    return lambda evidence: first(evidence, kind, **fields).update(changes)


def accepted_of_a_stayer(evidence: Evidence, promise: Promise) -> Accepted:
    """Return the first promise of a kind to a learner who was not removed."""
    return next(
        one for one in evidence.accepted if one.promise == promise and one.learner not in evidence.removed
    )


# ---------------------------------------------------------------------- what is planted
def client_gave_up(evidence: Evidence) -> None:
    evidence.given_up = ["apprentice-0: POST /roadmaps: nothing"]


def accepted_roadmap_is_gone(evidence: Evidence) -> None:
    accepted = accepted_of_a_stayer(evidence, "roadmap")
    remove(evidence, first(evidence, "Roadmap", id=accepted.id))


def learner_sees_no_end(evidence: Evidence) -> None:
    evidence.seen = [replace(evidence.seen[0], generation_status="generating"), *evidence.seen[1:]]


def learner_sees_nothing(evidence: Evidence) -> None:
    evidence.seen = [replace(evidence.seen[0], status=HTTPStatus.NOT_FOUND.value), *evidence.seen[1:]]


def completed_lesson_is_failed(evidence: Evidence) -> None:
    accepted = accepted_of_a_stayer(evidence, "lesson")
    evidence.accepted = [replace(accepted, status=HTTPStatus.OK.value)]
    first(evidence, "Lesson", id=accepted.id)["generation_status"] = "failed"


def request_was_obeyed_twice(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "Roadmap", correlation_id=None), id="another")


def quota_was_charged_twice(evidence: Evidence) -> None:
    first(evidence, "Quota")["roadmaps"] += 1


def deleted_module_is_left(evidence: Evidence) -> None:
    [deleted] = evidence.deleted
    add_copy(evidence, first(evidence, "Module"), id="another", roadmap_id=deleted)


def deleted_history_is_left(evidence: Evidence) -> None:
    [deleted] = evidence.deleted
    evidence.instances.append(Instance(f"roadmap-{deleted}-1", "roadmap_orchestrator", "Terminated"))


def deleted_roadmap_can_be_read(evidence: Evidence) -> None:
    [deleted] = evidence.deleted
    evidence.seen = [
        replace(seen, status=HTTPStatus.OK.value) if deleted in seen.path else seen for seen in evidence.seen
    ]


def message_was_obeyed_twice(evidence: Evidence) -> None:
    sent = next(one for one in evidence.sent if one.kind == "roadmap")
    add_copy(evidence, first(evidence, "Roadmap", correlation_id=sent.correlation_id), id="another")


def message_was_lost(evidence: Evidence) -> None:
    sent = next(one for one in evidence.sent if one.kind == "lesson")
    first(evidence, "Lesson", id=sent.subject_id)["generation_status"] = "pending"


def message_is_left(evidence: Evidence) -> None:
    evidence.waiting_messages = 1


def good_message_is_dead(evidence: Evidence) -> None:
    sent = next(one for one in evidence.sent if one.kind == "lesson")
    evidence.dead_letters = [*evidence.dead_letters, DeadLetter(sent.message_id, "MaxDeliveryCountExceeded")]


def bad_message_vanished(evidence: Evidence) -> None:
    evidence.dead_letters = []


def bad_message_is_not_explained(evidence: Evidence) -> None:
    [letter] = evidence.dead_letters
    remove(evidence, first(evidence, "Poison", key=Poison.key_of(letter.message_id)))


def lesson_is_regenerating(evidence: Evidence) -> None:
    first(evidence, "Lesson", generation_status="completed")["regenerating"] = True


def orchestration_is_running(evidence: Evidence) -> None:
    evidence.instances.append(Instance("roadmap-x-1", "roadmap_orchestrator", "Running"))


def module_has_no_roadmap(evidence: Evidence) -> None:
    first(evidence, "Module")["roadmap_id"] = "another"


def lesson_has_no_module(evidence: Evidence) -> None:
    module = first(evidence, "Module")
    add_copy(
        evidence, first(evidence, "Lesson"), id="another", module_id="gone", roadmap_id=module["roadmap_id"]
    )


def summary_says_otherwise(evidence: Evidence) -> None:
    roadmap = first(evidence, "Roadmap")
    next(iter(roadmap["modules"].values()))["status"] = "failed"


def outline_was_written_twice(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "Lesson", order=0), id="another")


def progress_was_counted_twice(evidence: Evidence) -> None:
    first(evidence, "Roadmap")["progress"]["modules_completed"] += 1


def version_was_published_twice(evidence: Evidence) -> None:
    version = first(evidence, "LessonVersion", version_number=1)
    number = (
        max(one["version_number"] for one in evidence.of("LessonVersion") if one["key"] == version["key"]) + 1
    )
    add_copy(evidence, version, id=LessonVersion.id_of(number), version_number=number)
    first(evidence, "LessonHead", key=version["key"])["latest_version"] = number


def version_was_overwritten(evidence: Evidence) -> None:
    version = next(iter(evidence.bodies))
    evidence.bodies = {**evidence.bodies, version: {*evidence.bodies[version], "another body"}}


def best_version_is_gone(evidence: Evidence) -> None:
    standings = first(evidence, "LessonHead", status="completed")["standings"]
    standings["version-9"] = standings.pop("version-1")


def vote_was_counted_in_one_place(evidence: Evidence) -> None:
    first(evidence, "LessonHead", status="completed")["standings"]["version-1"]["votes_up"] += 1


def lesson_shows_no_version(evidence: Evidence) -> None:
    first(evidence, "Lesson", generation_status="completed")["version_number"] = 99


def outline_without_plan(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "CurriculumOutline"), id="another", order=99)


def call_was_not_recorded(evidence: Evidence) -> None:
    evidence.wire_calls.append(evidence.wire_calls[0])


def call_was_repeated_without_a_cause(evidence: Evidence) -> None:
    first(evidence, "CallRecord")["repeats"] = 1


def provider_was_tried_too_often(evidence: Evidence) -> None:
    record = first(evidence, "CallRecord")
    for number in range(2, 7):
        add_copy(evidence, record, id=f"another-{number}", try_number=number)


def event_is_missing(evidence: Evidence) -> None:
    roadmap = first(evidence, "Roadmap")
    subject = f"roadmaps/{roadmap['id']}"
    evidence.events = [event for event in evidence.events if event.body["subject"] != subject]


def event_tells_of_another_end(evidence: Evidence) -> None:
    first(evidence, "Roadmap")["status"] = "failed"


def end_on_the_way_was_not_told(evidence: Evidence) -> None:
    evidence.ends = evidence.ends | {("roadmaps/x", 1, "failed")}


def event_was_sent_under_another_id(evidence: Evidence) -> None:
    event = evidence.events[0]
    evidence.events = [*evidence.events, Event("another", {**event.body, "id": "another"})]


def event_was_sent_with_another_body(evidence: Evidence) -> None:
    event = evidence.events[0]
    evidence.events = [*evidence.events, Event(event.message_id, {**event.body, "time": "later"})]


def end_was_told_twice(evidence: Evidence) -> None:
    event = evidence.events[0]
    body = {**event.body, "id": "another", "sequence": "9999999999"}
    evidence.events = [*evidence.events, Event("another", body)]


def event_was_never_sent(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "Roadmap"), type="Outbox", id="event-1")


def batch_is_open(evidence: Evidence) -> None:
    first(evidence, "Batch")["state"] = "open"


def batch_counts_a_running_lesson(evidence: Evidence) -> None:
    first(evidence, "Batch")["running"] = 1


def lesson_belongs_to_a_batch_that_has_ended(evidence: Evidence) -> None:
    first(evidence, "Lesson")["batch_id"] = first(evidence, "Batch")["id"]


def batch_has_lost_a_lesson(evidence: Evidence) -> None:
    first(evidence, "Batch")["completed"] -= 1


def batch_counted_an_end_twice(evidence: Evidence) -> None:
    first(evidence, "Batch")["failed"] += 1


def batch_holds_a_slot(evidence: Evidence) -> None:
    held = {"learner": "somebody", "lessons": 1, "expires_at": "2026-01-01T00:00:00Z"}
    first(evidence, "BatchSlots")["held"] = {"a-batch": held}


def accepted_batch_is_gone(evidence: Evidence) -> None:
    accepted = next(one for one in evidence.accepted if one.promise == "batch")
    remove(evidence, first(evidence, "Batch", id=accepted.id))


def learner_sees_an_open_batch(evidence: Evidence) -> None:
    evidence.seen = [
        replace(seen, generation_status="open") if "/batches/" in seen.path else seen
        for seen in evidence.seen
    ]


def batch_was_begun_twice(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "Batch"), id="another", number=2)


def module_message_was_lost(evidence: Evidence) -> None:
    sent = next(one for one in evidence.sent if one.kind == "module")
    first(evidence, "Lesson", module_id=sent.subject_id)["generation_status"] = "pending"


def removal_is_not_over(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "Quota"), id="removal", type="Removal", attempt=1)


def own_history_of_the_removal_is_left(evidence: Evidence) -> None:
    first(evidence, "Tombstone")["cleared"] = False


def somebody_else_has_a_tombstone(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "Tombstone"), key="learner-somebody")


def tombstone_is_missing(evidence: Evidence) -> None:
    remove(evidence, first(evidence, "Tombstone"))


def the_removed(evidence: Evidence) -> str:
    [learner] = evidence.removed
    return learner


def document_names_the_removed(evidence: Evidence) -> None:
    add_copy(evidence, first(evidence, "Quota"), user_id=the_removed(evidence))


def ledger_holds_the_pseudonym(evidence: Evidence) -> None:
    first(evidence, "CallRecord")["learner"] = evidence.pseudonyms[the_removed(evidence)]


def dead_letter_is_the_removeds(evidence: Evidence) -> None:
    letter = DeadLetter("left", "MaxDeliveryCountExceeded", the_removed(evidence))
    evidence.dead_letters = [*evidence.dead_letters, letter]


def history_names_the_removed(evidence: Evidence) -> None:
    names = frozenset({the_removed(evidence)})
    evidence.instances.append(Instance("lesson-x-1", "lesson_orchestrator", "Completed", names=names))


def history_is_named_by_the_pseudonym(evidence: Evidence) -> None:
    id_ = f"removal-{evidence.pseudonyms[the_removed(evidence)]}-1"
    evidence.instances.append(Instance(id_, "removal_orchestrator", "Completed"))


def the_removed_reads_a_document(evidence: Evidence) -> None:
    evidence.seen = [
        replace(seen, generation_status="[{}]") if seen.path == OWN_DATA else seen for seen in evidence.seen
    ]


def the_removed_reads_a_roadmap(evidence: Evidence) -> None:
    evidence.seen = [
        replace(seen, status=HTTPStatus.OK.value, generation_status="completed")
        if seen.learner in evidence.removed and "/roadmaps/" in seen.path
        else seen
        for seen in evidence.seen
    ]


PLANTS: list[tuple[str, Plant]] = [
    ("every_client_was_told", client_gave_up),
    ("every_accepted_request_has_ended", accepted_roadmap_is_gone),
    ("every_accepted_request_has_ended", completed_lesson_is_failed),
    ("learners_see_the_end", learner_sees_no_end),
    ("learners_see_the_end", learner_sees_nothing),
    ("learners_see_the_end", deleted_roadmap_can_be_read),
    ("nothing_is_left_of_what_was_deleted", deleted_module_is_left),
    ("nothing_is_left_of_what_was_deleted", deleted_history_is_left),
    ("one_roadmap_for_each_request", request_was_obeyed_twice),
    ("one_roadmap_for_each_request", quota_was_charged_twice),
    ("the_queue_is_empty", message_is_left),
    ("a_message_is_obeyed_once", message_was_obeyed_twice),
    ("a_message_is_obeyed_once", message_was_lost),
    ("only_what_cannot_be_obeyed_is_a_dead_letter", good_message_is_dead),
    ("only_what_cannot_be_obeyed_is_a_dead_letter", bad_message_vanished),
    ("only_what_cannot_be_obeyed_is_a_dead_letter", bad_message_is_not_explained),
    ("nothing_is_left_generating", changed("Roadmap", {"status": "generating"})),
    ("nothing_is_left_generating", changed("Module", {"status": "generating"})),
    ("nothing_is_left_generating", changed("Lesson", {"generation_status": "generating"})),
    ("nothing_is_left_generating", changed("LessonHead", {"status": "generating"})),
    ("nothing_is_left_generating", lesson_is_regenerating),
    ("nothing_is_left_generating", changed("Roadmap", {"stopping": True})),
    ("nothing_is_left_leased", changed("LessonHead", {"lease": {"token": 1, "owner": "somebody"}})),
    ("nothing_is_left_running", orchestration_is_running),
    ("no_part_is_an_orphan", module_has_no_roadmap),
    ("no_part_is_an_orphan", lesson_has_no_module),
    ("modules_are_as_their_roadmap_says", summary_says_otherwise),
    ("lessons_belong_to_modules_that_were_outlined", outline_was_written_twice),
    ("progress_is_what_there_is", progress_was_counted_twice),
    ("attempts_are_bounded", changed("Roadmap", {"attempt": 9})),
    ("versions_follow_one_another", version_was_published_twice),
    ("a_version_never_changes", version_was_overwritten),
    ("the_ranking_is_that_of_the_versions", best_version_is_gone),
    ("the_ranking_is_that_of_the_versions", vote_was_counted_in_one_place),
    ("a_failed_lesson_says_why", changed("LessonHead", {"status": "failed", "error": None})),
    ("completed_lessons_show_a_version", lesson_shows_no_version),
    ("curricula_are_whole", changed("CurriculumVersion", {"version_number": 7})),
    ("curricula_are_whole", outline_without_plan),
    ("nothing_shared_names_a_learner", changed("LessonHead", {"cause": {"charged_to": "apprentice-0"}})),
    ("no_call_without_its_record", call_was_not_recorded),
    ("repeats_have_a_cause", call_was_repeated_without_a_cause),
    ("tries_are_bounded", provider_was_tried_too_often),
    ("generations_are_bounded", changed("LessonHead", {"generation": 99})),
    ("every_end_was_told", event_is_missing),
    ("every_end_was_told", event_tells_of_another_end),
    ("every_end_on_the_way_was_told", end_on_the_way_was_not_told),
    ("a_repeat_is_the_same_event", event_was_sent_under_another_id),
    ("a_repeat_is_the_same_event", event_was_sent_with_another_body),
    ("nothing_ends_twice", end_was_told_twice),
    ("nothing_waits_to_be_sent", event_was_never_sent),
    ("batches_have_ended", batch_is_open),
    ("batches_have_ended", batch_counts_a_running_lesson),
    ("batches_have_ended", lesson_belongs_to_a_batch_that_has_ended),
    ("each_lesson_of_a_batch_has_one_end", batch_has_lost_a_lesson),
    ("each_lesson_of_a_batch_has_one_end", batch_counted_an_end_twice),
    ("no_batch_holds_slots", batch_holds_a_slot),
    ("accepted_batches_are_there", accepted_batch_is_gone),
    ("learners_see_the_end", learner_sees_an_open_batch),
    ("batches_were_asked_for", batch_was_begun_twice),
    ("a_message_is_obeyed_once", module_message_was_lost),
    ("progress_is_what_there_is", lesson_belongs_to_a_batch_that_has_ended),
    ("removals_are_over", removal_is_not_over),
    ("removals_are_over", own_history_of_the_removal_is_left),
    ("each_removal_has_its_tombstone", somebody_else_has_a_tombstone),
    ("each_removal_has_its_tombstone", tombstone_is_missing),
    ("no_document_names_who_was_removed", document_names_the_removed),
    ("no_document_names_who_was_removed", ledger_holds_the_pseudonym),
    ("no_message_names_who_was_removed", dead_letter_is_the_removeds),
    ("no_history_names_who_was_removed", history_names_the_removed),
    ("no_history_names_who_was_removed", history_is_named_by_the_pseudonym),
    ("who_was_removed_reads_nothing", the_removed_reads_a_document),
    ("learners_see_the_end", the_removed_reads_a_roadmap),
]


# ---------------------------------------------------------------------- what is found
def test_a_calm_run_is_in_order(calm: Evidence) -> None:
    assert audit(calm) == []
    assert not any(calm.mended.values())
    assert "canceled" in {roadmap["status"] for roadmap in calm.of("Roadmap")}
    kinds = {document["type"] for _, document in calm.documents}
    assert {"Roadmap", "Lesson", "LessonVersion", "CallRecord", "Poison", "Receipt"} <= kinds
    assert {"Batch", "BatchSlots", "Tombstone"} <= kinds
    assert {"batch", "removal", "deletion"} <= {one.promise for one in calm.accepted}
    assert calm.events
    assert calm.ends


@pytest.mark.parametrize(("rule", "plant"), PLANTS)
def test_what_is_planted_is_found(calm: Evidence, rule: str, plant: Plant) -> None:
    planted = copy.deepcopy(calm)
    plant(planted)
    assert rule in {violation.rule for violation in audit(planted)}


def test_every_rule_has_something_to_find() -> None:
    assert {rule for rule, _ in PLANTS} == {rule.__name__ for rule in RULES}


def test_all_that_was_found_is_kept_for_who_looks_for_the_cause(calm: Evidence, tmp_path: Path) -> None:
    keep(calm, tmp_path)
    kept = json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))
    assert len(kept["documents"]) == len(calm.documents)
    assert {one["id"] for one in kept["instances"]} == {one.id for one in calm.instances}
    assert set(map(tuple, kept["ends"])) == calm.ends


def test_a_violation_names_its_rule() -> None:
    assert str(Violation("a_rule", "what is wrong")) == "a_rule: what is wrong"
