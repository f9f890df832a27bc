"""What an operation answers: its row's answers, and every problem that can befall it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from triggers.endpoints import Access, Answer, Endpoint
from triggers.openapi.examples import example_of
from triggers.openapi.links import links_of
from triggers.openapi.schemas import Schema, Schemas
from triggers.problems import PROBLEMS

_HEADERS: dict[str, Schema] = {
    "ETag": {"description": "Send it as If-None-Match.", "schema": {"type": "string"}},
    "Location": {"description": "Where to ask how far it is.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "What is missing.", "schema": {"type": "string"}},
}
_PROBLEM_HEADERS = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
_KEY_REFUSED = {"description": "`x-functions-key` is absent or wrong: the host's answer, without a body."}


def codes_of(row: Endpoint) -> list[str]:
    """Return the problem codes of a row: its own, and those that follow from what it is."""
    codes = [*row.problems, "internal_error"]
    if row.access is not Access.OPEN:
        codes.append("store_unavailable")
    if row.access.authenticated:
        codes += ["unauthenticated", "invalid_token", "invalid_user_id", "identity_unavailable"]
        codes += [] if row.while_removed else ["removal_running"]
    if row.access in {Access.MENTOR, Access.ADMIN}:
        codes.append("forbidden")
    if row.body is not None:
        codes += ["invalid_json", "body_too_large", "invalid_request"]
    if row.query is not None:
        codes.append("invalid_request")
    if "{id:" in row.route or "{key:" in row.route:
        codes.append("not_found")
    if "Idempotency-Key" in row.headers:
        codes.append("invalid_idempotency_key")
    return list(dict.fromkeys(codes))


def responses_of(row: Endpoint, rows: Sequence[Endpoint], schemas: Schemas) -> dict[str, Any]:
    """Return the responses of a row by their statuses; `rows` are those that links can lead to."""
    found: dict[str, Any] = {}
    for answer in row.answers:
        response = found[str(answer.status.value)] = _answered(row, answer, schemas)
        if answer.model is not None and (
            links := links_of(row, schemas.sent(answer.model), schemas.components, rows)
        ):
            response["links"] = links
    for status, codes in _by_status(codes_of(row)).items():
        problem = _problem(status, codes, schemas)
        given = found.setdefault(str(status.value), problem)
        if given is not problem:  # such as a 503 that says what is not ready
            given["content"] |= problem["content"]
            given["description"] += f" Or {problem['description']}"
    if row.access is Access.FUNCTION_KEY:
        found["401"] = dict(_KEY_REFUSED)
    return dict(sorted(found.items()))


def _answered(row: Endpoint, answer: Answer, schemas: Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if answer.model is not None:
        content["application/json"] = {"schema": schemas.sent(answer.model)}
        example = example_of(row.name, answer.status)
        if example is not None:
            content["application/json"]["example"] = example
    for media in answer.texts:
        content[media] = {"schema": {"type": "object" if media.endswith("json") else "string"}}
    response: dict[str, Any] = {"description": f"{answer.status.phrase}."}
    if answer.headers:
        response["headers"] = _headers(answer.headers)
    if content:
        response["content"] = content
    return response


def _by_status(codes: Iterable[str]) -> dict[HTTPStatus, list[str]]:
    found: dict[HTTPStatus, list[str]] = {}
    for code in codes:
        found.setdefault(PROBLEMS[code].status, []).append(code)
    return dict(sorted(found.items()))


def _problem(status: HTTPStatus, codes: list[str], schemas: Schemas) -> dict[str, Any]:
    schema = {
        "allOf": [
            schemas.problem,
            {"properties": {"status": {"const": status.value}, "code": {"enum": codes}}},
        ]
    }
    examples = {code: {"summary": PROBLEMS[code].meaning, "value": _sample(code)} for code in codes}
    response: dict[str, Any] = {
        "description": f"{status.phrase}: {', '.join(f'`{code}`' for code in codes)}.",
        "content": {"application/problem+json": {"schema": schema, "examples": examples}},
    }
    if status in _PROBLEM_HEADERS:
        response["headers"] = _headers(_PROBLEM_HEADERS[status])
    return response


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {**_HEADERS[name], "required": True} for name in names}


def _sample(code: str) -> dict[str, Any]:
    status, meaning = PROBLEMS[code]
    return {
        "type": f"urn:skillsync:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": f"{meaning[0].upper()}{meaning[1:]}.",
        "code": code,
        "errors": [],
    }
