"""Every link of the description leads on: followed with the ids of real answers, each to what it names.

schemathesis follows links too, with odd data and in odd orders, but which ones it comes to is chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.access_rows import ROWS, Owner, ask, filled, new_owner
from tests.support.app import app_host
from tests.support.broker import need_broker
from tests.support.described import function_of
from tests.support.function_table import api_description
from tests.support.learner import Learner
from tests.support.tokens import KeySetServer, Signer

Link = tuple[str, dict[str, str]]
NOT_FOUND = 404
DELETING = "delete_roadmap"
# A lesson that stands alone has neither module nor roadmap, and one that is being written has no version.
LEADS_NOWHERE = {
    ("look_up_lesson", 200): {"/lesson/roadmap_id", "/lesson/module_id"},
    ("look_up_lesson", 202): {"/lesson/roadmap_id", "/lesson/module_id", "/lesson/version"},
    ("generate_lesson_content", 202): {"/version"},
}


def linked() -> dict[tuple[str, int], list[Link]]:
    """Return the links by the answers that hold them: the operation that each leads to, with what."""
    found: dict[tuple[str, int], list[Link]] = {}
    for methods in api_description()["document"]["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                for link in response.get("links", {}).values():
                    place = operation["operationId"], int(status)
                    found.setdefault(place, []).append((link["operationId"], link["parameters"]))
    return found


def route_of(operation: str) -> tuple[str, str]:
    """Return the method and the path of an operation."""
    return next(
        (method.upper(), path)
        for path, methods in api_description()["document"]["paths"].items()
        for method, one in methods.items()
        if one["operationId"] == operation
    )


class Follower:
    """A learner who owns what answers tell of, and goes on from there."""

    def __init__(self, learner: Learner, owner: Owner, function_key: str) -> None:
        self._learner, self._owner, self._key = learner, owner, function_key

    def answers(self) -> Iterator[tuple[tuple[str, int], httpx.Response]]:
        """Give an answer of each kind that holds links, with what it is."""
        batch = self._learner.http.post(f"/modules/{self._owner.module}/generate").json()["batch_id"]
        yield ("get_batch", 200), self._learner.http.get(f"/batches/{batch}")
        fresh = self._learner.http.get("/lessons/lookup", params={"step_title": "Sets", "subject": "Python"})
        yield ("look_up_lesson", 202), fresh
        other = self._learner.roadmap(subject="Python", focus="games")
        pending = other["modules"][0]["lessons"][0]["id"]
        yield ("generate_lesson_content", 202), self._asked("generate_lesson_content", lesson=pending)
        for name, row in ROWS.items():
            if (name, row.status) in linked():
                yield (name, row.status), self._asked(name)

    def _asked(self, name: str, **ids: str) -> httpx.Response:
        headers = {"x-functions-key": self._key} if name == "generate_lesson_content" else {}
        return ask(self._learner.http, name, self._owner, headers, **ids)

    def follow(self, target: str, parameters: dict[str, Any]) -> None:
        """Follow a link; what it leads to is there, and is what it names."""
        method, path = route_of(target)
        path = re.sub(r"\{(\w+)\}", lambda match: str(parameters[match[1]]), path)
        assert function_of(method, f"/api{path}") == target
        if target == DELETING:
            assert self._learner.http.get(path).is_success, "what others lead to must stay"
            return
        answer = self._learner.http.request(method, path, json=filled(ROWS[target].body, {}))
        assert answer.status_code != NOT_FOUND, f"{method} {path}: {answer.text}"
        assert not answer.is_server_error, answer.text


def values(parameters: dict[str, str], body: Any) -> dict[str, Any]:
    """Return the values of a link's expressions in a body."""
    names = {name: text.removeprefix("$response.body#/").split("/") for name, text in parameters.items()}
    return {name: reduce(lambda part, step: part[step], steps, body) for name, steps in names.items()}


@pytest.mark.slow
def test_every_link_leads_on(tmp_path: Path) -> None:
    need_broker()
    signer = Signer()
    token, followed = signer.token("ada"), set()
    with (
        KeySetServer(signer) as keys,
        app_host(tmp_path, settings=keys.settings()) as host,
        Learner(host.url, "ada", token=token) as learner,
    ):
        follower = Follower(learner, new_owner(host.url, "ada", token), host.function_key())
        for place, answer in follower.answers():
            assert answer.status_code == place[1], f"{place}: {answer.text}"
            for target, parameters in linked()[place]:
                found = values(parameters, answer.json())
                nulls = {parameters[name].partition("#")[2] for name, value in found.items() if value is None}
                assert nulls <= LEADS_NOWHERE.get(place, set()), f"{place} to {target}"
                if not nulls:
                    follower.follow(target, found)
            followed.add(place)
    assert followed == set(linked())
