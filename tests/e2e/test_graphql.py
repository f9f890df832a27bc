"""POST /graphql: the first front end's whole journey, and what the schema refuses."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterator

import pytest

from tests.support.broker import need_broker
from tests.support.graphql import LESSON, GraphQL, awaited
from tests.support.learner import Learner
from tests.support.local_host import LocalHost

CREATE = (
    "mutation Onboard($input: CreateRoadmapInput!) { onboarding { createRoadmap(input: $input) "
    "{ id status subject } } }"
)
GOAL = {"goal": "Learn Python", "skillLevel": "beginner", "weeklyHours": 5, "learningStyle": "hands_on"}
GET_OR_GENERATE = (
    "query Step($title: String!) { lessons { getOrGenerateLesson(stepTitle: $title, learningStyle: "
    f'"hands_on", lessonNumber: 1, subject: "Python") {{ {LESSON} }} }} }}'
)
VERSIONS = (
    "query Versions($title: String!) { lessons { getLessonVersions(stepTitle: $title, learningStyle: "
    '"hands_on", lessonNumber: 1, subject: "Python") '
    "{ version approvalStatus upvotes downvotes aiProvider } } }"
)


@pytest.fixture
def ada(bare_host: LocalHost) -> Iterator[GraphQL]:
    with Learner(bare_host.url, f"ada-{uuid.uuid4()}") as learner:
        yield GraphQL(learner)


@pytest.fixture
def grace(bare_host: LocalHost) -> Iterator[GraphQL]:
    with Learner(bare_host.url, f"grace-{uuid.uuid4()}") as learner:
        yield GraphQL(learner)


def onboarded(learner: GraphQL) -> dict[str, object]:
    created = learner.data(CREATE, input=GOAL)["onboarding"]["createRoadmap"]
    return awaited(lambda: learner.roadmap(created["id"]), lambda one: one["status"] == "completed")


def test_the_whole_journey(ada: GraphQL, grace: GraphQL) -> None:
    # Onboarding, and the dashboard with its pending lessons.
    roadmap = onboarded(ada)
    listed = ada.data("{ onboarding { roadmaps { id goal status } } }")["onboarding"]["roadmaps"]
    assert [(one["id"], one["status"]) for one in listed] == [(roadmap["id"], "completed")]
    modules: list[dict[str, object]] = roadmap["modules"]  # type: ignore[assignment]
    lessons: list[dict[str, str]] = modules[0]["lessons"]  # type: ignore[assignment]
    assert {lesson["generationStatus"] for lesson in lessons} == {"pending"}

    # Generating, polling, viewing.
    first = ada.generate(lessons[0]["id"])
    assert first["generationStatus"] in ("generating", "completed")
    lesson = awaited(lambda: ada.lesson(lessons[0]["id"]), lambda one: one["generationStatus"] == "completed")
    assert lesson["generationError"] is None
    assert lesson["estimatedDuration"] > 0
    assert lesson["content"]["sections"]
    assert lesson["content"]["key_concepts"]

    # The second learner's lesson comes from the library at once.
    hers = onboarded(grace)["modules"][0]["lessons"][0]["id"]  # type: ignore[index]
    shared = grace.generate(hers)
    assert (shared["generationStatus"], shared["wasCached"]) == ("completed", True)
    assert shared["content"]["summary"] == lesson["content"]["summary"]

    # Each keeps to the own.
    error = grace.error(
        "query Read($id: ID!) { lessons { getLessonById(lessonId: $id) { id } } }", id=lessons[0]["id"]
    )
    assert error["extensions"] == {"code": "not_found", "status": 404}
    module = ada.data(
        "query Of($id: ID!) { lessons { getLessonsByModule(moduleId: $id) { id generationStatus } } }",
        id=modules[0]["id"],
    )["lessons"]["getLessonsByModule"]
    assert [one["id"] for one in module] == [one["id"] for one in lessons]
    assert module[0]["generationStatus"] == "completed"


def test_a_whole_module_is_written_through_the_queue(ada: GraphQL) -> None:
    need_broker()
    modules: list[dict[str, str]] = onboarded(ada)["modules"]  # type: ignore[assignment]
    started = ada.data(
        "mutation All($id: ID!) { lessons { generateModuleLessons(moduleId: $id) { id generationStatus } } }",
        id=modules[1]["id"],
    )["lessons"]["generateModuleLessons"]
    assert len(started) > 1
    for lesson in started:
        awaited(
            functools.partial(ada.lesson, lesson["id"]), lambda one: one["generationStatus"] == "completed"
        )


def test_a_step_is_written_once_and_has_versions(ada: GraphQL) -> None:
    title = "Tuples and sequences"
    awaited(
        lambda: ada.data(GET_OR_GENERATE, title=title)["lessons"]["getOrGenerateLesson"],
        lambda one: one["generationStatus"] == "completed",
    )
    [version] = ada.data(VERSIONS, title=title)["lessons"]["getLessonVersions"]
    assert (version["version"], version["approvalStatus"], version["aiProvider"]) == (
        "1.0",
        "pending",
        "extractive",
    )
    assert ada.data(VERSIONS, title="Never written")["lessons"]["getLessonVersions"] == []


VOTE = (
    "mutation Vote($input: VoteLessonInput!) { lessons { voteLesson(input: $input) "
    "{ version value upvotes downvotes } } }"
)
REVIEW = (
    "mutation Review($input: MentorReviewLessonInput!) { lessons { mentorReviewLesson(input: $input) "
    "{ version approvalStatus } } }"
)


def test_learners_vote_and_mentors_review(bare_host: LocalHost, ada: GraphQL) -> None:
    title = "String methods"
    lesson = awaited(
        lambda: ada.data(GET_OR_GENERATE, title=title)["lessons"]["getOrGenerateLesson"],
        lambda one: one["generationStatus"] == "completed",
    )
    vote = ada.data(VOTE, input={"lessonId": lesson["id"], "value": 1})["lessons"]["voteLesson"]
    assert vote == {"version": "1.0", "value": 1, "upvotes": 1, "downvotes": 0}
    wrong = ada.error(VOTE, input={"lessonId": lesson["id"], "value": 7})
    assert [one["field"] for one in wrong["extensions"]["errors"]] == ["value"]
    with Learner(bare_host.url, "mentor") as mentor:
        mentor.http.headers["X-User-Roles"] = "mentor"
        waiting = mentor.http.get("/library/lessons", params={"limit": 100}).json()["items"]
        [key] = [one["lesson_key"] for one in waiting if one["title"] == title]
        decision = {"lessonKey": key, "version": "1.0", "decision": "verify", "comment": "Sound."}
        assert ada.error(REVIEW, input=decision)["extensions"] == {"code": "forbidden", "status": 403}
        reviewed = GraphQL(mentor).data(REVIEW, input=decision)["lessons"]["mentorReviewLesson"]
        assert reviewed == {"version": "1.0", "approvalStatus": "mentor_verified"}
        unknown = GraphQL(mentor).error(REVIEW, input={**decision, "lessonKey": "none"})
        assert unknown["extensions"]["code"] == "not_found"


def test_an_idempotency_key_holds(bare_host: LocalHost) -> None:
    with Learner(bare_host.url, f"eve-{uuid.uuid4()}") as learner:
        body = {"query": CREATE, "variables": {"input": GOAL}}
        headers = {"Idempotency-Key": "once"}
        ids = {
            learner.http.post("/graphql", json=body, headers=headers).json()["data"]["onboarding"][
                "createRoadmap"
            ]["id"]
            for _ in range(3)
        }
    assert len(ids) == 1


def test_pages_go_on_where_they_ended(ada: GraphQL) -> None:
    for _ in range(3):
        ada.data(CREATE, input=GOAL)
    page = (
        "query Page($from: String) { onboarding { roadmapPage(limit: 2, continuation: $from) "
        "{ items { id } continuation } } }"
    )
    first = ada.data(page)["onboarding"]["roadmapPage"]
    second = ada.data(page, **{"from": first["continuation"]})["onboarding"]["roadmapPage"]
    ids = [one["id"] for one in (*first["items"], *second["items"])]
    assert (len(ids), len(set(ids)), second["continuation"]) == (3, 3, None)


@pytest.mark.parametrize(
    ("input_", "fields"),
    [
        ({**GOAL, "goal": ""}, ["goal"]),
        ({**GOAL, "skillLevel": "wizard", "weeklyHours": -1}, ["skillLevel", "weeklyHours"]),
        ({"goal": "Learn Python"}, ["skill_level", "learning_style", "weekly_hours"]),
    ],
)
def test_bad_input_names_its_fields(ada: GraphQL, input_: dict[str, object], fields: list[str]) -> None:
    error = ada.error(CREATE, input=input_)
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("invalid_request", 422)
    assert [one["field"] for one in error["extensions"]["errors"]] == fields
    assert error["path"] == ["onboarding", "createRoadmap"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ lessons { getLessonByIdd } }", "Cannot query field 'getLessonByIdd'"),
        ("{ lessons {", "Syntax Error"),
        ("{ " + " ".join(f"a{i}: onboarding {{ roadmaps {{ id }} }}" for i in range(20)) + " }", "aliases"),
        ("{ " + "onboarding { roadmaps { id } } " * 300 + "}", "token"),
        (
            "{ onboarding { roadmaps { ...deep } } } fragment deep on Roadmap { id ...deep }",
            "Cannot spread fragment",
        ),
    ],
)
def test_documents_are_bounded_and_told_what_is_wrong(ada: GraphQL, query: str, says: str) -> None:
    errors = ada.answer(query, id="1")["errors"]
    assert any(says in error["message"] for error in errors), errors
    assert {error["extensions"]["code"] for error in errors} == {"invalid_request"}


def test_a_developers_machine_tells_the_schema(ada: GraphQL) -> None:
    names = ada.data("{ __schema { queryType { fields { name } } } }")["__schema"]["queryType"]["fields"]
    assert [one["name"] for one in names] == ["lessons", "onboarding"]


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": 7}, {"query": "{a}", "variables": []}])
def test_a_body_that_is_no_request_is_refused(bare_host: LocalHost, body: dict[str, object]) -> None:
    with Learner(bare_host.url, "ada") as learner:
        answer = learner.http.post("/graphql", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("{ onboarding { roadmaps { id } } }", "another"),
        ("{ onboarding { roadmaps { id } } }", "0" * 200),
        ("fragment Alone on Query { onboarding { roadmaps { id } } }", None),
        ("subscription { onboarding { roadmaps { id } } }", None),
    ],
)
def test_an_operation_that_is_not_there_is_said_to_be_so(
    bare_host: LocalHost, query: str, name: str | None
) -> None:
    with Learner(bare_host.url, "ada") as learner:
        answer = learner.http.post("/graphql", json={"query": query, "operationName": name})
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"invalid_request"}
