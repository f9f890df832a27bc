"""A learner in front of the HTTP API: what a front end does, in a few calls.

Whatever a learner is answered must be what the API's description tells of.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

import httpx

from tests.support.described import check_described, read_description

GOAL = {
    "goal": "I want to learn Python!",
    "skill_level": "beginner",
    "weekly_hours": 5,
    "learning_style": "hands_on",
}
ENDED = ("completed", "failed", "canceled")

Body = dict[str, Any]


class Learner:
    """One learner's HTTP client; use as a context manager."""

    def __init__(self, url: str, user_id: str, *, token: str = "", patient: bool = False) -> None:
        """`token` is sent where the host verifies tokens; `patient` reads again when the app process dies."""
        self.user_id = user_id
        self._patient = patient
        headers = {"Authorization": f"Bearer {token}"} if token else {"X-User-Id": user_id}
        read_description()
        self.http = httpx.Client(
            base_url=f"{url}/api",
            headers=headers,
            timeout=60,
            trust_env=False,
            event_hooks={"response": [check_described]},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def create(self, key: str | None = None, **fields: Any) -> str:
        """Ask for a roadmap; returns its id."""
        headers = {"Idempotency-Key": key} if key else {}
        response = self.http.post("/roadmaps", json={**GOAL, **fields}, headers=headers)
        assert response.status_code == 202, response.text
        return str(response.json()["roadmap_id"])

    def status(self, roadmap_id: str) -> Body:
        return self._get(f"/roadmaps/{roadmap_id}/status")

    def await_roadmap(self, roadmap_id: str, seconds: float = 60) -> Body:
        """Wait until the roadmap has ended; returns it whole."""
        self._await(f"/roadmaps/{roadmap_id}/status", "status", seconds)
        return self._get(f"/roadmaps/{roadmap_id}")

    def roadmap(self, seconds: float = 60, **fields: Any) -> Body:
        """Create a roadmap and wait for it."""
        return self.await_roadmap(self.create(**fields), seconds)

    def generate(self, lesson_id: str) -> httpx.Response:
        """Ask for a lesson."""
        return self.http.post(f"/lessons/{lesson_id}/generate")

    def await_lesson(self, lesson_id: str, seconds: float = 60) -> Body:
        """Wait until the lesson has ended; returns it whole."""
        self._await(f"/lessons/{lesson_id}/status", "generation_status", seconds)
        return self.lesson(lesson_id)

    def regenerate(self, lesson_id: str, **wish: str) -> httpx.Response:
        """Ask for a new version of a lesson."""
        return self.http.post(f"/lessons/{lesson_id}/regenerate", json=wish)

    def await_regenerated(self, lesson_id: str, seconds: float = 60) -> Body:
        """Wait until no new version of the lesson is being written; returns it whole."""
        return self.await_that(lesson_id, lambda lesson: not lesson["regenerating"], seconds)

    def await_that(self, lesson_id: str, holds: Callable[[Body], bool], seconds: float = 60) -> Body:
        """Wait until something holds of the lesson; returns it whole."""
        deadline = time.monotonic() + seconds
        while not holds(lesson := self.lesson(lesson_id)):
            assert time.monotonic() < deadline, f"{lesson_id} is still {lesson} after {seconds} s"
            time.sleep(0.1)
        return lesson

    def lesson(self, lesson_id: str) -> Body:
        return self._get(f"/lessons/{lesson_id}")

    def export(self, limit: int = 10) -> list[Body]:
        """Return all own data, page by page."""
        items: list[Body] = []
        query: Body = {"limit": limit}
        while True:
            response = self.http.get("/me/export", params=query)
            assert response.status_code == 200, response.text
            items += response.json()["items"]
            query["continuation"] = response.json()["continuation"]
            if query["continuation"] is None:
                return items

    def _get(self, path: str) -> Body:
        response = self.http.get(path)
        while self._patient and response.is_server_error:
            time.sleep(0.2)
            response = self.http.get(path)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
        body: Body = response.json()
        return body

    def _await(self, path: str, field: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            status = self._get(path)
            if status[field] in ENDED:
                return
            assert time.monotonic() < deadline, f"{path} is still {status} after {seconds} s"
            time.sleep(0.1)


def first_lesson(roadmap: Body) -> Body:
    """Return the first lesson of a roadmap."""
    lesson: Body = roadmap["modules"][0]["lessons"][0]
    return lesson
