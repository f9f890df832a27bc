"""How each route is called by who may call it, and what it then answers: one row for each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import httpx

from shared.planning.standalone import standalone_specification
from tests.support.function_table import endpoint_rows
from tests.support.learner import GOAL, Learner, first_lesson

OPEN, LEARNER, MENTOR, ADMIN, FUNCTION_KEY = "open", "learner", "mentor", "admin", "function_key"

# The library key of the lesson that each owner's task is about.
LOOPS = standalone_specification("Python", "Loops").key


@dataclass(frozen=True, slots=True)
class Row:
    """What is expected of a route.

    `path` and the texts of `body` name things of the owner in braces; `status` is the answer to who may call
    it. A `shared` route answers everybody alike, since it names nothing of one learner. A route that `spends`
    leaves its owner without what it named, so that each call needs an owner of its own. One that
    `needs_queue` answers so only where there is one.
    """

    access: str
    path: str
    status: int
    body: dict[str, Any] | None = None
    shared: bool = False
    spends: bool = False
    needs_queue: bool = False


# One row for each route: a route without one fails the test.
ROWS = {
    "cancel_lesson": Row(LEARNER, "lessons/{lesson}/cancel", 409),
    "cancel_roadmap": Row(LEARNER, "roadmaps/{roadmap}/cancel", 409),
    "choose_lesson_version": Row(LEARNER, "lessons/{lesson}/version", 200, {"version": "1.0"}),
    "create_lesson_task": Row(LEARNER, "lessons", 202, {"subject": "Python", "topic": "Lists"}, shared=True),
    "create_roadmap": Row(LEARNER, "roadmaps", 202, GOAL, shared=True),
    "delete_roadmap": Row(LEARNER, "roadmaps/{roadmap}", 204, spends=True),
    "execute_graphql": Row(
        LEARNER, "graphql", 200, {"query": "{{ onboarding {{ roadmaps {{ id }} }} }}"}, shared=True
    ),
    "export_learner_data": Row(LEARNER, "me/export", 200, shared=True),
    "generate_lesson": Row(LEARNER, "lessons/{lesson}/generate", 200),
    "generate_lesson_content": Row(
        FUNCTION_KEY, "generate_lesson_content", 200, {"lesson_id": "{lesson}", "user_id": "{user_id}"}
    ),
    "generate_module": Row(LEARNER, "modules/{module}/generate", 202, needs_queue=True),
    "get_batch": Row(LEARNER, "batches/{module}", 404),
    "get_dead_letter": Row(ADMIN, "ops/dead-letters/1", 404, needs_queue=True),
    "get_docs": Row(OPEN, "docs", 200),
    "get_health": Row(OPEN, "health", 200),
    "get_lesson": Row(LEARNER, "lessons/{lesson}", 200),
    "get_lesson_status": Row(LEARNER, "lessons/{lesson}/status", 200),
    "get_lesson_task": Row(LEARNER, "lessons/status/{task}", 200),
    "get_library_version": Row(MENTOR, f"library/lessons/{LOOPS}/versions/1.0", 200),
    "get_lesson_version": Row(LEARNER, "lessons/{lesson}/versions/1.0", 200),
    "get_metrics": Row(ADMIN, "ops/metrics", 200),
    "get_openapi": Row(OPEN, "openapi.json", 200),
    "get_profile": Row(LEARNER, "me/profile", 200, shared=True),
    "get_progress": Row(LEARNER, "me/progress", 200, shared=True),
    "get_ready": Row(OPEN, "ready", 200),
    "get_roadmap": Row(LEARNER, "roadmaps/{roadmap}", 200),
    "get_roadmap_status": Row(LEARNER, "roadmaps/{roadmap}/status", 200),
    "get_topic_lesson": Row(LEARNER, "lessons/Python/Loops", 200, shared=True),
    "get_topic_lesson_by_query": Row(LEARNER, "lessons/topic?subject=Python&topic=Loops", 200, shared=True),
    "list_all_tasks": Row(ADMIN, "ops/tasks", 200),
    "list_dead_letters": Row(ADMIN, "ops/dead-letters", 200, needs_queue=True),
    "list_lesson_tasks": Row(LEARNER, "lessons/tasks", 200, shared=True),
    "list_lesson_versions": Row(LEARNER, "lessons/{lesson}/versions", 200),
    "list_library_lessons": Row(MENTOR, "library/lessons", 200),
    "list_module_lessons": Row(LEARNER, "modules/{module}/lessons", 200),
    "list_roadmaps": Row(LEARNER, "roadmaps", 200, shared=True),
    "look_up_lesson": Row(LEARNER, "lessons/lookup?step_title=Loops&subject=Python", 200, shared=True),
    "redrive_dead_letters": Row(ADMIN, "ops/dead-letters/redrive", 200, {"all": True}, needs_queue=True),
    "put_lesson_progress": Row(LEARNER, "lessons/{lesson}/progress", 200, {"state": "completed"}),
    "put_profile": Row(
        LEARNER, "me/profile", 200, {"skill_level": "beginner", "time_commitment": "3-5"}, shared=True
    ),
    "regenerate_lesson": Row(LEARNER, "lessons/{lesson}/regenerate", 202, {"reason": "unclear"}),
    "remove_learner_data": Row(LEARNER, "me", 202, shared=True, spends=True),
    "retry_roadmap": Row(LEARNER, "roadmaps/{roadmap}/retry", 409),
    "review_library_version": Row(
        MENTOR,
        f"library/lessons/{LOOPS}/versions/1.0/review",
        200,
        {"decision": "approve", "comment": "Clear, and every quotation is right."},
    ),
    "vote_on_lesson": Row(LEARNER, "lessons/{lesson}/vote", 200, {"value": 1}),
}


@dataclass(frozen=True, slots=True)
class Owner:
    """A learner with a roadmap, a written lesson and a task."""

    user_id: str
    roadmap: str
    module: str
    lesson: str
    task: str


def new_owner(url: str, user_id: str, token: str) -> Owner:
    """Let a learner come to own what the rows name."""
    with Learner(url, user_id, token=token) as learner:
        roadmap = learner.roadmap()
        lesson = first_lesson(roadmap)["id"]
        learner.generate(lesson)
        learner.await_lesson(lesson)
        task = learner.http.post("/lessons", json={"subject": "Python", "topic": "Loops"}).json()
        learner.await_lesson(task["lesson_id"])
    module = roadmap["modules"][0]["module_id"]
    return Owner(user_id, roadmap["roadmap_id"], module, lesson, task["task_id"])


def ask(http: httpx.Client, name: str, owner: Owner, headers: dict[str, str], **ids: str) -> httpx.Response:
    """Call a route by its row; `ids` stand for the owner's own things."""
    row = ROWS[name]
    things = {**asdict(owner), **ids}
    method = endpoint_rows()[name]["method"]
    return http.request(method, row.path.format(**things), json=filled(row.body, things), headers=headers)


def filled(body: dict[str, Any] | None, things: dict[str, str]) -> dict[str, Any] | None:
    """Return a body with the things that its texts name."""
    if body is None:
        return None
    return {name: text.format(**things) if isinstance(text, str) else text for name, text in body.items()}
