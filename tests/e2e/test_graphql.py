"""POST /graphql: the first front end's whole journey, and what the schema refuses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.broker import need_broker
from tests.support.graphql import LESSON, OF_MODULE, OF_ONE_LEARNER, WHOLE_MODULE, GraphQL, awaited
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
    "{ lessonKey version approvalStatus upvotes downvotes aiProvider } } }"
)


@pytest.fixture
def ada(bare_host: LocalHost) -> Iterator[GraphQL]:
    with Learner(bare_host.url, f"ada-{uuid.uuid4()}") as learner:
        yield GraphQL(learner)


@pytest.fixture
def grace(bare_host: LocalHost) -> Iterator[GraphQL]:
    with Learner(bare_host.url, f"grace-{uuid.uuid4()}") as learner:
        yield GraphQL(learner)


def onboarded(learner: GraphQL) -> dict[str, Any]:
    created = learner.data(CREATE, input=GOAL)["onboarding"]["createRoadmap"]
    return awaited(lambda: learner.roadmap(created["id"]), lambda one: one["status"] == "completed")


def test_the_whole_journey(ada: GraphQL, grace: GraphQL) -> None:
    """Onboarding, dashboard, generate, poll, view, from the cache, a whole module, each to the own."""
    need_broker()
    # Onboarding, and the dashboard with its pending lessons.
    roadmap = onboarded(ada)
    listed = ada.data("{ onboarding { roadmaps { id goal status } } }")["onboarding"]["roadmaps"]
    assert [(one["id"], one["goal"], one["status"]) for one in listed] == [
        (roadmap["id"], GOAL["goal"], "completed")
    ]
    modules = roadmap["modules"]
    lessons = modules[0]["lessons"]
    assert {lesson["generationStatus"] for module in modules for lesson in module["lessons"]} == {"pending"}

    # Generating, polling, viewing.
    first = ada.generate(lessons[0]["id"])
    assert first["generationStatus"] in ("in_progress", "completed")
    lesson = awaited(lambda: ada.lesson(lessons[0]["id"]), lambda one: one["generationStatus"] == "completed")
    assert lesson["generationError"] is None
    assert lesson["estimatedDuration"] > 0
    assert lesson["content"]["sections"]
    assert lesson["content"]["key_concepts"]

    # The second learner's lesson comes from the library at once, with the same body.
    hers = onboarded(grace)
    shared = grace.generate(hers["modules"][0]["lessons"][0]["id"])
    assert (shared["generationStatus"], shared["wasCached"]) == ("completed", True)
    assert shared["content"] == lesson["content"]
    assert shared["id"] != lesson["id"]

    # A whole module, through the queue; the dashboard shows it as it comes.
    started = ada.data(WHOLE_MODULE, id=modules[1]["id"])["lessons"]["generateModuleLessons"]
    assert [one["id"] for one in started] == [one["id"] for one in modules[1]["lessons"]]
    assert len(started) > 1

    def second_module() -> dict[str, Any]:
        return dict(ada.roadmap(str(roadmap["id"]))["modules"][1])

    written = awaited(
        second_module, lambda one: {its["generationStatus"] for its in one["lessons"]} == {"completed"}
    )
    bodies = [ada.lesson(one["id"])["content"]["summary"] for one in written["lessons"]]
    assert len(set(bodies)) == len(started)
    others = grace.data(OF_MODULE, id=hers["modules"][1]["id"])["lessons"]["getLessonsByModule"]
    assert {one["generationStatus"] for one in others} == {"pending"}, "what one has begun is the own"

    # Each keeps to the own.
    things = {"lesson": lesson["id"], "module": modules[1]["id"], "roadmap": roadmap["id"]}
    for query, thing in OF_ONE_LEARNER.items():
        foreign, absent = (grace.error(query, id=one) for one in (things[thing], str(uuid.uuid4())))
        assert foreign == absent
        assert foreign["extensions"] == {"code": "not_found", "status": 404}
    hers_listed = grace.data("{ onboarding { roadmaps { id } } }")["onboarding"]["roadmaps"]
    assert [one["id"] for one in hers_listed] == [hers["id"]]


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
    step = ', subject: "Python", learningStyle: "hands_on", stepTitle: '
    assert pages(ada, "lessons", "lessonVersionPage", f'{step}"{title}"') == [["1.0"]]
    assert pages(ada, "lessons", "lessonVersionPage", f'{step}"Never written"') == [[]]


VOTE = (
    "mutation Vote($input: VoteLessonInput!) { lessons { voteLesson(input: $input) "
    "{ version value upvotes downvotes } } }"
)
REVIEW = (
    "mutation Review($input: MentorReviewLessonInput!) { lessons { mentorReviewLesson(input: $input) "
    "{ version approvalStatus } } }"
)


LIBRARY = (
    "query Library($from: String, $status: String!) { lessons { "
    "libraryPage(limit: 2, continuation: $from, approvalStatus: $status) "
    "{ items { lessonKey version title subject level tier approvalStatus } continuation } } }"
)


def library_keys(mentor: GraphQL, title: str, status: str) -> list[str]:
    """Return the library keys of the first versions with an approval status under a title."""
    continuation, found = None, []
    while True:
        page = mentor.data(LIBRARY, status=status, **{"from": continuation})["lessons"]["libraryPage"]
        found += [one for one in page["items"] if one["title"] == title]
        assert {one["approvalStatus"] for one in page["items"]} <= {status}
        continuation = page["continuation"]
        if continuation is None:
            break
    assert all((entry["version"], entry["subject"]) == ("1.0", "Python") for entry in found)
    return [entry["lessonKey"] for entry in found]


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
        [key] = library_keys(GraphQL(mentor), title, "pending")
        [listed] = ada.data(VERSIONS, title=title)["lessons"]["getLessonVersions"]
        assert listed["lessonKey"] == key
        refused = ada.error("{ lessons { libraryPage { continuation } } }")
        assert refused["extensions"] == {"code": "forbidden", "status": 403}
        decision = {"lessonKey": key, "version": "1.0", "decision": "verify", "comment": "Sound."}
        assert ada.error(REVIEW, input=decision)["extensions"] == {"code": "forbidden", "status": 403}
        reviewed = GraphQL(mentor).data(REVIEW, input=decision)["lessons"]["mentorReviewLesson"]
        assert reviewed == {"version": "1.0", "approvalStatus": "mentor_verified"}
        assert library_keys(GraphQL(mentor), title, "pending") == []
        assert library_keys(GraphQL(mentor), title, "mentor_verified") == [key]
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


def pages(learner: GraphQL, group: str, field: str, arguments: str, **variables: Any) -> list[list[str]]:
    """Return the ids, or versions, on each page of two, until the list says that it has ended."""
    names = "".join(f", ${name}: ID!" for name in variables)
    name = "version" if "ersion" in field else "id"
    query = (
        f"query Page($from: String{names}) {{ {group} {{ {field}(limit: 2, continuation: $from{arguments}) "
        f"{{ items {{ {name} }} continuation }} }} }}"
    )
    found, continuation = [], None
    while True:
        page = learner.data(query, **variables, **{"from": continuation})[group][field]
        found.append([one[name] for one in page["items"]])
        continuation = page["continuation"]
        if continuation is None:
            return found


def test_pages_go_on_where_they_ended(ada: GraphQL) -> None:
    roadmap = onboarded(ada)
    made = [ada.data(CREATE, input=GOAL)["onboarding"]["createRoadmap"]["id"] for _ in range(2)]
    assert pages(ada, "onboarding", "roadmapPage", "") == [made[::-1], [roadmap["id"]]]
    module = max(roadmap["modules"], key=lambda one: len(one["lessons"]))
    lessons = [one["id"] for one in module["lessons"]]
    assert len(lessons) > 2
    found = pages(ada, "lessons", "lessonPage", ", moduleId: $module", module=module["id"])
    assert found == [lessons[at : at + 2] for at in range(0, len(lessons), 2)]
    wrong = ada.error('{ onboarding { roadmapPage(continuation: "x") { continuation } } }')
    assert [one["field"] for one in wrong["extensions"]["errors"]] == ["continuation"]


@pytest.mark.parametrize(
    ("input_", "fields"),
    [
        ({**GOAL, "goal": ""}, ["goal"]),
        ({**GOAL, "skillLevel": "wizard", "weeklyHours": -1}, ["skillLevel", "weeklyHours"]),
        ({"goal": "Learn Python"}, ["skillLevel", "weeklyHours", "learningStyle"]),
    ],
)
def test_bad_input_names_its_fields(ada: GraphQL, input_: dict[str, object], fields: list[str]) -> None:
    error = ada.error(CREATE, input=input_)
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("invalid_request", 422)
    assert [one["field"] for one in error["extensions"]["errors"]] == fields
    assert error["message"].endswith(f": {', '.join(fields)}.")
    assert error["path"] == ["onboarding", "createRoadmap"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ lessons { getLessonByIdd } }", "Cannot query field 'getLessonByIdd'"),
        ("{ lessons {", "Syntax Error"),
        ("{ " + " ".join(f"a{i}: onboarding {{ roadmaps {{ id }} }}" for i in range(20)) + " }", "aliases"),
        ("{ " + "onboarding { roadmaps { id } } " * 300 + "}", "token"),
        ("query A($id: Int!) { onboarding { roadmaps(limit: $id) { id } } }", "non-integer value: '1'"),
        ("{ ...nowhere }", "Unknown fragment 'nowhere'"),
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


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": 7},
        {"query": "{a}", "variables": []},
        [{"query": "{ onboarding { roadmaps { id } } }"}],
    ],
    ids=["empty", "blank", "a number", "a list of variables", "a batch"],
)
def test_a_body_that_is_no_request_is_refused(bare_host: LocalHost, body: object) -> None:
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
