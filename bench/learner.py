"""A learner as the benchmark plays one: over HTTP, with the patience of a front end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

PATIENCE_SECONDS = 60.0
WAIT_SECONDS = 25
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One generation as seen from outside.

    `began`, `ended` and `seen` are moments of this machine's clock in seconds: the request was sent, the
    document says completed, the client's long poll came back with it.
    """

    id: str
    began: float
    ended: float
    seen: float

    @property
    def seconds(self) -> float:
        """From the request until the document says completed."""
        return self.ended - self.began

    @property
    def seconds_until_seen(self) -> float:
        """From the request until a client that polls with `?wait=` knows."""
        return self.seen - self.began


class Learner:
    """One learner's requests; `client` may be shared between learners."""

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self._client = client
        self._headers = {"X-User-Id": name}

    async def create_roadmap(self, subject: str, focus: str = "") -> Run:
        """Create a roadmap and follow it to its end."""
        goal = {
            "goal": f"I want to learn {subject}",
            "subject": subject,
            "focus": focus,
            "skill_level": "beginner",
            "weekly_hours": 5,
            "learning_style": "reading",
        }
        began = time.time()
        answer = (await self._request("POST", "/api/roadmaps", json=goal)).json()
        ended, seen = await self._follow(answer["status_url"], "status")
        return Run(answer["roadmap_id"], began, ended, seen)

    async def roadmap(self, roadmap_id: str) -> Body:
        """Return the whole roadmap."""
        body: Body = (await self._request("GET", f"/api/roadmaps/{roadmap_id}")).json()
        return body

    async def lesson_ids(self, roadmap_id: str) -> list[str]:
        """Return the ids of all lessons of a roadmap in their order."""
        modules = (await self.roadmap(roadmap_id))["modules"]
        return [lesson["id"] for module in modules for lesson in module["lessons"]]

    async def generate_lesson(self, lesson_id: str) -> Run:
        """Have a lesson written and follow it to its end."""
        began = time.time()
        response = await self._request("POST", f"/api/lessons/{lesson_id}/generate")
        if response.status_code == httpx.codes.OK:  # it was written while this request was on its way
            return Run(lesson_id, began, time.time(), time.time())
        ended, seen = await self._follow(response.json()["status_url"], "generation_status")
        return Run(lesson_id, began, ended, seen)

    async def generate_modules(self, roadmap_id: str) -> int:
        """Have all lessons of a roadmap written in batches; returns how many go through the queue."""
        modules = (await self.roadmap(roadmap_id))["modules"]
        paths = [f"/api/modules/{module['module_id']}/generate" for module in modules]
        return sum([(await self._request("POST", path)).json()["queued"] for path in paths])

    async def lessons_waiting(self, roadmap_id: str) -> int:
        """Return how many lessons of batches nobody has begun, or are being written."""
        progress = (await self._request("GET", f"/api/roadmaps/{roadmap_id}/status")).json()["progress"]
        return int(progress["lessons_queued"] + progress["lessons_generating"])

    async def take_lesson(self, lesson_id: str) -> None:
        """Ask for a lesson that is in the library: answered at once."""
        response = await self._request("POST", f"/api/lessons/{lesson_id}/generate")
        if response.status_code != httpx.codes.OK:
            raise RuntimeError(f"lesson {lesson_id} was not in the library: {response.text}")

    async def read_lesson(self, lesson_id: str) -> Body:
        """Return a lesson with its body."""
        body: Body = (await self._request("GET", f"/api/lessons/{lesson_id}")).json()
        return body

    async def _follow(self, url: str, field: str) -> tuple[float, float]:
        """Poll a status until it is completed; returns when it was, and when this client knew."""
        known: dict[str, str] = {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            response = await self._request("GET", url, params={"wait": WAIT_SECONDS}, headers=known)
            if response.status_code == httpx.codes.NOT_MODIFIED:
                continue
            status = response.json()
            if status[field] == "completed":
                return datetime.fromisoformat(status["updated_at"]).timestamp(), time.time()
            if status[field] in ("failed", "canceled"):
                raise RuntimeError(f"{url} is {status[field]}: {status['message']}")
            known = {"If-None-Match": response.headers["ETag"]}
        raise RuntimeError(f"{url} did not end within {PATIENCE_SECONDS:g} seconds")

    async def _request(
        self,
        method: str,
        url: str,
        *,
        json: Body | None = None,
        params: dict[str, int] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = self._headers | (headers or {})
        response = await self._client.request(method, url, json=json, params=params, headers=sent)
        if response.is_error:
            raise RuntimeError(f"{method} {url} answered {response.status_code}: {response.text}")
        return response


def http_client(base_url: str) -> httpx.AsyncClient:
    """Return a client for many learners at once."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(base_url=base_url, timeout=PATIENCE_SECONDS, limits=limits, trust_env=False)
