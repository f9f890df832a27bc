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
from tests.faults.journal import OF_ROADMAPS, OWN_DATA, Accepted, Journal, Seen, Sent
from tests.faults.schedule import Deed, Script, Step
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
    """Plays one learner's script; `failure` says why it could not be played to its end.

    `observe` notes what the store holds, before something is removed from it.
    """

    def __init__(
        self, url: str, bus: BusUnderTest, script: Script, journal: Journal, observe: Callable[[], None]
    ) -> None:
        super().__init__(name=script.learner, daemon=True)
        self._script, self._bus, self._journal, self._observe = script, bus, journal, observe
        self._client = Client(url, script.learner)
        self._roadmap_id = ""
        self._lessons: list[str] = []
        self._modules: list[str] = []
        self.failure: str | None = None

    def run(self) -> None:
        with self._client:
            try:
                for step in self._script.steps:
                    time.sleep(step.pause)
                    self._play(step)
            except (GaveUp, ServiceBusError, AssertionError) as reason:
                self.failure = f"{self.name}: {type(reason).__name__} {reason}"

    def _play(self, step: Step) -> None:
        deeds: dict[Deed, Callable[[Step], None]] = {
            "roadmap": self._create,
            "roadmap canceled": self._leave,
            "roadmap deleted": self._leave,
            "roadmap message": self._send_roadmap,
            "bad message": self._send_bad,
            "retry": self._retry,
            "leave": self._leave_for_good,
        }
        of_modules: dict[Deed, Callable[[str], None]] = {
            "module": self._generate_module,
            "module message": lambda id_: self._send("module", {"module_id": id_}, id_),
        }
        of_lessons: dict[Deed, Callable[[str], None]] = {
            "lesson": self._generate,
            "lesson message": lambda id_: self._send("lesson", {"lesson_id": id_, "interactive": True}, id_),
            "cancel lesson": self._cancel,
            "regenerate": self._regenerate,
        }
        if step.deed in deeds:
            deeds[step.deed](step)
        elif step.deed in of_modules and step.number < len(self._modules):
            of_modules[step.deed](self._modules[step.number])
        elif step.deed in of_lessons and step.number < len(self._lessons):
            of_lessons[step.deed](self._lessons[step.number])

    def _request(self, step: Step) -> dict[str, Any]:
        return {
            "goal": self._script.subject,
            "skill_level": "beginner",
            "weekly_hours": 5,
            "learning_style": "mixed",
            "generate": step.generate,
        }

    def _send(self, kind: Any, fields: dict[str, Any], subject_id: str = "") -> None:
        """Send a message twice, as a back end does that did not hear the first answer."""
        message_id, correlation_id = str(uuid.uuid4()), f"correlation-{uuid.uuid4().hex}"
        body = {
            "schema_version": 1,
            "kind": kind,
            "user_id": self._script.learner,
            "idempotency_key": message_id,
            **fields,
        }
        content = json.dumps(body).encode()
        self._bus.send(content, message_id, correlation_id)
        if kind != "bad":
            # Under another id: beyond the broker's window it would arrive all the same.
            self._bus.send(content, f"{message_id}-again", correlation_id)
        self._journal.add_sent(Sent(kind, self._script.learner, message_id, correlation_id, subject_id))

    def _send_roadmap(self, step: Step) -> None:
        self._send("roadmap", {"request": self._request(step)})

    def _send_bad(self, _: Step) -> None:
        self._send("bad", {"kind": "lesson", "lesson_id": "no id"})

    def _create(self, step: Step) -> None:
        self._roadmap_id = self._accepted_roadmap(step)
        self._read_lessons()

    def _accepted_roadmap(self, step: Step) -> str:
        key = str(uuid.uuid4())
        request, headers = self._request(step), {"Idempotency-Key": key}
        answer = self._client.ask("POST", "/roadmaps", json=request, headers=headers)
        assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
        roadmap_id: str = answer.json()["roadmap_id"]
        self._note("roadmap", roadmap_id, answer, key=key)
        return roadmap_id

    def _leave(self, step: Step) -> None:
        """Cancel or delete a roadmap that is being made, or, when all of it is wanted, being written."""
        roadmap_id = self._accepted_roadmap(step)
        if step.generate == "all":
            self._client.await_end(f"/roadmaps/{roadmap_id}/status", "status")
        time.sleep(step.pause)
        if step.deed == "roadmap deleted":
            self._observe()
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
        self._modules = [module["module_id"] for module in roadmap["modules"] if module["lessons"]]

    def _retry(self, _: Step) -> None:
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

    def _generate_module(self, module_id: str) -> None:
        answer = self._client.ask("POST", f"/modules/{module_id}/generate")
        assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
        self._note("batch", answer.json()["batch_id"], answer, module_id=module_id)

    def _leave_for_good(self, _: Step) -> None:
        """Ask for the removal of everything; how far it is is looked at when all has settled."""
        self._observe()
        answer = self._client.ask("DELETE", "/me")
        assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
        self._note("removal", self._script.learner, answer)

    def _note(self, promise: Any, id_: str, answer: httpx.Response, **more: str) -> None:
        self._journal.add(Accepted(promise, self._script.learner, id_, answer.status_code, **more))


def look(url: str, accepted: Accepted) -> Seen:
    """Read what became of an accepted request, as its learner would."""
    if accepted.promise in OF_ROADMAPS:
        path, field = f"/roadmaps/{accepted.id}/status", "status"
    elif accepted.promise == "batch":
        path, field = f"/batches/{accepted.id}", "state"
    elif accepted.promise == "removal":
        path, field = OWN_DATA, "items"
    else:
        path, field = f"/lessons/{accepted.id}/status", "generation_status"
    with Client(url, accepted.learner) as client:
        answer = client.ask("GET", path)
    return Seen(path, accepted.learner, answer.status_code, str(answer.json().get(field, "")))
