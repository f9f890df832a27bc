"""From results and errors to HTTP answers; errors are problem documents (RFC 9457)."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import azure.functions as func

from shared.errors import FieldError, InvalidContinuation, Problem, QueueUnavailable, StoreUnavailable
from shared.models.base import Model
from shared.models.problems import ProblemDocument
from shared.telemetry import log, log_fault

Handler = Callable[..., Awaitable[func.HttpResponse]]

# Everything a learner is told is their own; nothing of it may stay in a shared cache.
PRIVATE = {"Cache-Control": "no-store"}
PUBLIC = {"Cache-Control": "public, max-age=300"}

RETRY_AFTER_SECONDS = "2"

INTERNAL_ERROR = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side. It was logged."
)
STORE_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "store_unavailable",
    "The document store does not answer. Nothing was lost; try again in a moment.",
    headers={"Retry-After": "5"},
)
QUEUE_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "queue_unavailable",
    "Service Bus does not answer. Nothing was lost; try again in a moment.",
    headers={"Retry-After": "30"},
)
CONTINUATION_REFUSED = Problem(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "invalid_request",
    "continuation is none of this list; leave it out to begin at the start.",
    (FieldError("continuation", "must be the continuation of an answer to the same request"),),
)


def json_answer(
    body: Model, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """Return a JSON answer."""
    return func.HttpResponse(
        _encoded(body.to_json()),
        status_code=status.value,
        headers={**PRIVATE, **(headers or {})},
        mimetype="application/json",
        charset="utf-8",
    )


def accepted_answer(body: Model, status_url: str) -> func.HttpResponse:
    """Return a 202 that says where to ask on, and when."""
    headers = {"Location": status_url, "Retry-After": RETRY_AFTER_SECONDS}
    return json_answer(body, HTTPStatus.ACCEPTED, headers)


def no_content_answer() -> func.HttpResponse:
    """Return a 204."""
    return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT.value, headers=dict(PRIVATE))


def _encoded(data: Mapping[str, Any]) -> bytes:
    """Return JSON in UTF-8; half a surrogate pair, as a caller may send, becomes a question mark."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")


def text_answer(text: str, mimetype: str) -> func.HttpResponse:
    """Return a text or HTML answer."""
    return func.HttpResponse(text, headers=dict(PRIVATE), mimetype=mimetype, charset="utf-8")


def public_answer(text: str, mimetype: str) -> func.HttpResponse:
    """Return a text that is the same for everybody, and may be kept for a while."""
    return func.HttpResponse(text, headers=dict(PUBLIC), mimetype=mimetype, charset="utf-8")


def problem_answer(problem: Problem) -> func.HttpResponse:
    """Return the problem document of an error."""
    return func.HttpResponse(
        _encoded(ProblemDocument.of(problem).to_json()),
        status_code=problem.status.value,
        headers={**PRIVATE, **problem.headers},
        mimetype="application/problem+json",
        charset="utf-8",
    )


def answering(route: str) -> Callable[[Handler], Handler]:
    """Turn every error of an HTTP handler into a problem document; details of faults stay in the log."""

    def decorate(handler: Handler) -> Handler:
        async def answer(req: func.HttpRequest, **bindings: Any) -> func.HttpResponse:
            try:
                return await handler(req, **bindings)
            except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback may reach a caller
                return problem_answer(problem_of(error, route))

        return answer

    return decorate


def problem_of(error: Exception, route: str) -> Problem:
    """Return what a caller is told of an error, and log it."""
    if isinstance(error, InvalidContinuation):
        error = CONTINUATION_REFUSED
    if isinstance(error, Problem):
        log("request.refused", logging.INFO, status=error.status.value, code=error.code, route=route)
        return error
    if isinstance(error, StoreUnavailable):
        log_fault("request.store_unavailable", error, route=route)
        return STORE_UNAVAILABLE
    if isinstance(error, QueueUnavailable):
        log_fault("request.queue_unavailable", error, route=route)
        return QUEUE_UNAVAILABLE
    log_fault("request.failed", error, route=route)
    return INTERNAL_ERROR
