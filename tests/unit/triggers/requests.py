"""HTTP requests as the host hands them to a function, and what `answering` makes of a handler's errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import azure.functions as func

from triggers.answers import answering


def request(
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    route_params: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    return func.HttpRequest(
        "POST",
        "http://localhost:7071/api/things",
        headers=dict(headers or {}),
        params=dict(params or {}),
        route_params=dict(route_params or {}),
        body=body,
    )


def answer_to(ask: Callable[[func.HttpRequest], Any], req: func.HttpRequest) -> func.HttpResponse:
    """Run `ask` as the whole of an HTTP function: what it returns is dropped, what it raises is answered."""

    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        ask(req)
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT.value)

    async def answer() -> func.HttpResponse:
        return await answering("handler")(handler)(req)

    return asyncio.run(answer())


def problem_of(ask: Callable[[func.HttpRequest], Any], req: func.HttpRequest) -> dict[str, Any]:
    """Return the problem document that answers a request, after checking that it is one."""
    answer = answer_to(ask, req)
    assert answer.mimetype == "application/problem+json", answer.get_body()
    assert answer.headers["Cache-Control"] == "no-store"
    problem: dict[str, Any] = json.loads(answer.get_body())
    assert set(problem) == {"type", "title", "status", "detail", "code", "errors"}
    assert problem["status"] == answer.status_code
    assert problem["title"] == HTTPStatus(answer.status_code).phrase
    assert problem["type"] == f"urn:skillsync:problem:{problem['code']}"
    assert problem["detail"]
    for error in problem["errors"]:
        assert set(error) == {"field", "message", "code"}
        assert error["field"]
        assert error["message"]
    # Whatever was sent: an answer stays small and tells nothing of the code behind it.
    assert len(answer.get_body()) < 16_384
    assert "Traceback" not in problem["detail"]
    return problem


def fields_of(problem: Mapping[str, Any]) -> list[str]:
    return [error["field"] for error in problem["errors"]]
