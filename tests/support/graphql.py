"""A front end that speaks GraphQL."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.support.learner import Learner

LESSON = (
    "id title description objectives estimatedDuration generationStatus generationError content wasCached"
)
OF_MODULE = "query Of($id: ID!) { lessons { getLessonsByModule(moduleId: $id) { id generationStatus } } }"
WHOLE_MODULE = (
    "mutation All($id: ID!) { lessons { generateModuleLessons(moduleId: $id) { id generationStatus } } }"
)
# Everything that names a thing of one learner, by what it names.
OF_ONE_LEARNER = {
    "query Read($id: ID!) { lessons { getLessonById(lessonId: $id) { id } } }": "lesson",
    "mutation Go($id: ID!) { lessons { generateLessonContent(lessonId: $id) { id } } }": "lesson",
    "mutation Anew($id: ID!) { lessons { regenerateLesson(input: { lessonId: $id }) { id } } }": "lesson",
    "mutation Up($id: ID!) { lessons { voteLesson(input: {lessonId: $id, value: 1}) { value } } }": "lesson",
    OF_MODULE: "module",
    "query Page($id: ID!) { lessons { lessonPage(moduleId: $id) { items { id } } } }": "module",
    WHOLE_MODULE: "module",
    "query Whole($id: ID!) { onboarding { roadmap(id: $id) { id goal } } }": "roadmap",
}


class GraphQL:
    """GraphQL requests of one learner."""

    def __init__(self, learner: Learner) -> None:
        self._http = learner.http

    def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send an operation; returns `data` and `errors` as they come."""
        response = self._http.post("/graphql", json={"query": query, "variables": variables})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def data(self, query: str, **variables: Any) -> Any:
        """Send an operation that must succeed."""
        answer = self.answer(query, **variables)
        assert not answer.get("errors"), answer
        return answer["data"]

    def error(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send an operation that must fail in one way; returns its error."""
        [error] = self.answer(query, **variables)["errors"]
        return dict(error)

    def lesson(self, lesson_id: str) -> dict[str, Any]:
        """Read a lesson."""
        query = f"query Read($id: ID!) {{ lessons {{ getLessonById(lessonId: $id) {{ {LESSON} }} }} }}"
        return dict(self.data(query, id=lesson_id)["lessons"]["getLessonById"])

    def generate(self, lesson_id: str) -> dict[str, Any]:
        """Have a lesson written."""
        query = (
            f"mutation Go($id: ID!) {{ lessons {{ generateLessonContent(lessonId: $id) {{ {LESSON} }} }} }}"
        )
        return dict(self.data(query, id=lesson_id)["lessons"]["generateLessonContent"])

    def roadmap(self, roadmap_id: str) -> dict[str, Any]:
        """Read a roadmap as the dashboard shows it."""
        query = (
            "query Dashboard($id: ID!) { onboarding { roadmap(id: $id) { id status totalDuration modules "
            "{ id title order lessons { id title generationStatus } } } } }"
        )
        return dict(self.data(query, id=roadmap_id)["onboarding"]["roadmap"])


def awaited(
    read: Callable[[], dict[str, Any]], holds: Callable[[dict[str, Any]], bool], seconds: float = 60
) -> dict[str, Any]:
    """Read until something holds."""
    deadline = time.monotonic() + seconds
    while not holds(found := read()):
        assert time.monotonic() < deadline, f"still {found} after {seconds} s"
        time.sleep(0.1)
    return found
