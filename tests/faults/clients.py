"""Learners who do not give up: they ask again until they are told something, and note what they were told."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Self

import httpx
from azure.servicebus.exceptions import ServiceBusError

from tests.faults.bus import BusUnderTest
from tests.faults.journal import OF_ROADMAPS, Accepted, Journal, Seen, Sent
from tests.faults.schedule import Script, Step
from tests.support.learner import ENDED

PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


class GaveUp(Exception):
    """A client was never told anything: the run has not recovered."""


class Client:
    """One learner's HTTP client; `url` is asked for each request, since a host may move."""

    def __init__(self, url: str, learner: str) -> None:
        self.learner = learner
        self._http = httpx.Client(
            base_url=f"{url}/api", headers={"X-User-Id": learner}, timeout=30, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request until it is answered by the app itself, and not by its trouble; raises GaveUp."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        last = "nothing"
        while time.monotonic() < give_up_at:
            try:
                answer = self._http.request(method, path, **request)
            except httpx.HTTPError as error:
                last = repr(error)
            else:
                if not answer.is_server_error and answer.status_code != HTTPStatus.CONFLICT:
                    return answer
                if answer.status_code == HTTPStatus.CONFLICT and answer.json()["code"] != "conflict":
                    return answer
                last = f"{answer.status_code} {answer.text}"
            time.sleep(_PAUSE_SECONDS)
        raise GaveUp(f"{self.learner}: {method} {path}: {last}")

    def await_end(self, path: str, field: str) -> dict[str, Any]:
        """Read a status until it has ended; raises GaveUp."""
        return self.await_that(path, lambda status: status[field] in ENDED)

    def await_that(self, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read until something holds; raises GaveUp."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.ask("GET", path)
            body: dict[str, Any] = answer.json()
            if answer.status_code == HTTPStatus.OK and holds(body):
                return body
            if time.monotonic() > give_up_at:
                raise GaveUp(f"{self.learner}: {path} is still {body}")
            time.sleep(_PAUSE_SECONDS)


class Actor(threading.Thread):
    """Plays one learner's script; `failure` says why it could not be played to its end."""

    def __init__(self, url: str, bus: BusUnderTest, script: Script, journal: Journal) -> None:
        super().__init__(name=script.learner, daemon=True)
        self._script, self._bus, self._journal = script, bus, journal
        self._client = Client(url, script.learner)
        self._roadmap_id = ""
        self._lessons: list[str] = []
        self.failure: str | None = None

    def run(self) -> None:
        with self._client:
            try:
                for step in self._script.steps:
                    time.sleep(step.pause)
                    self._play(step)
            except (GaveUp, ServiceBusError) as reason:
                self.failure = str(reason)

    def _play(self, step: Step) -> None:
        if step.deed == "roadmap":
            self._create()
        elif step.deed == "retry":
            self._retry()
        elif step.deed == "roadmap message":
            self._send("roadmap", {"kind": "roadmap", "request": self._request})
        elif step.deed == "bad message":
            self._send("bad", {"kind": "lesson", "lesson_id": "no id"})
        elif step.deed in ("roadmap canceled", "roadmap deleted"):
            self._leave(self._accepted_roadmap(), step)
        elif step.number < len(self._lessons):
            if step.deed == "lesson":
                self._generate(self._lessons[step.number])
            elif step.deed == "cancel lesson":
                self._cancel(self._lessons[step.number])
            elif step.deed == "lesson message":
                lesson_id = self._lessons[step.number]
                self._send("lesson", {"kind": "lesson", "lesson_id": lesson_id, "interactive": True})
            else:
                self._regenerate(self._lessons[step.number])

    @property
    def _request(self) -> dict[str, Any]:
        return {
            "goal": self._script.subject,
            "skill_level": "beginner",
            "weekly_hours": 5,
            "learning_style": "mixed",
        }

    def _send(self, kind: Any, fields: dict[str, Any]) -> None:
        """Send a message twice, as a back end does that did not hear the first answer."""
        message_id, correlation_id = str(uuid.uuid4()), f"correlation-{uuid.uuid4().hex}"
        body = {"schema_version": 1, "user_id": self._script.learner, "idempotency_key": message_id, **fields}
        content = json.dumps(body).encode()
        self._bus.send(content, message_id, correlation_id)
        if kind != "bad":
            # Under another id: beyond the broker's window it would arrive all the same.
            self._bus.send(content, f"{message_id}-again", correlation_id)
        sent = Sent(kind, self._script.learner, message_id, correlation_id, str(fields.get("lesson_id", "")))
        self._journal.add_sent(sent)

    def _create(self) -> None:
        self._roadmap_id = self._accepted_roadmap()
        self._read_lessons()

    def _accepted_roadmap(self) -> str:
        key = str(uuid.uuid4())
        answer = self._client.ask("POST", "/roadmaps", json=self._request, headers={"Idempotency-Key": key})
        assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
        roadmap_id: str = answer.json()["roadmap_id"]
        self._note("roadmap", roadmap_id, answer, key)
        return roadmap_id

    def _leave(self, roadmap_id: str, step: Step) -> None:
        """Cancel or delete a roadmap that is being made, or has just been."""
        time.sleep(step.pause)
        if step.deed == "roadmap deleted":
            answer = self._client.ask("DELETE", f"/roadmaps/{roadmap_id}")
            # Not found: an earlier try was carried out, and its answer lost.
            assert answer.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND), answer.text
            self._note("deletion", roadmap_id, answer)
            return
        answer = self._client.ask("POST", f"/roadmaps/{roadmap_id}/cancel")
        if answer.status_code == HTTPStatus.ACCEPTED:
            self._note("stop", roadmap_id, answer)
        else:
            assert answer.json()["code"] == "nothing_to_cancel", answer.text

    def _cancel(self, lesson_id: str) -> None:
        answer = self._client.ask("POST", f"/lessons/{lesson_id}/cancel")
        if answer.status_code == HTTPStatus.ACCEPTED:
            self._note("cancellation", lesson_id, answer)
        else:
            assert answer.json()["code"] == "nothing_to_cancel", answer.text

    def _read_lessons(self) -> None:
        path = f"/roadmaps/{self._roadmap_id}"
        self._client.await_end(f"{path}/status", "status")
        roadmap = self._client.ask("GET", path).json()
        self._lessons = [lesson["id"] for module in roadmap["modules"] for lesson in module["lessons"]]

    def _retry(self) -> None:
        answer = self._client.ask("POST", f"/roadmaps/{self._roadmap_id}/retry")
        if answer.status_code == HTTPStatus.ACCEPTED:
            self._note("retry", self._roadmap_id, answer)
            self._read_lessons()
        else:
            assert answer.json()["code"] == "nothing_to_retry", answer.text

    def _generate(self, lesson_id: str) -> None:
        answer = self._client.ask("POST", f"/lessons/{lesson_id}/generate")
        assert answer.status_code in (HTTPStatus.OK, HTTPStatus.ACCEPTED), answer.text
        self._note("lesson", lesson_id, answer)

    def _regenerate(self, lesson_id: str) -> None:
        self._client.await_end(f"/lessons/{lesson_id}/status", "generation_status")
        answer = self._client.ask("POST", f"/lessons/{lesson_id}/regenerate", json={"reason": "unclear"})
        if answer.status_code in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
            self._note("regeneration", lesson_id, answer)
        else:
            assert answer.json()["code"] == "not_completed", answer.text

    def _note(self, promise: Any, id_: str, answer: httpx.Response, key: str = "") -> None:
        self._journal.add(Accepted(promise, self._script.learner, id_, answer.status_code, key))


def look(url: str, accepted: Accepted) -> Seen:
    """Read what became of an accepted request, as its learner would."""
    kind = "roadmaps" if accepted.promise in OF_ROADMAPS else "lessons"
    path = f"/{kind}/{accepted.id}/status"
    with Client(url, accepted.learner) as client:
        answer = client.ask("GET", path)
    field = "status" if kind == "roadmaps" else "generation_status"
    return Seen(path, accepted.learner, answer.status_code, answer.json().get(field, ""))
