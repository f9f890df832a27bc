"""From results and errors to HTTP answers; errors are problem documents (RFC 9457)."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import azure.functions as func

from shared.errors import Problem, StoreUnavailable
from shared.models.base import Model
from shared.telemetry import log, log_fault

Handler = Callable[..., Awaitable[func.HttpResponse]]

# Everything a learner is told is their own; nothing of it may stay in a shared cache.
PRIVATE = {"Cache-Control": "no-store"}


def json_answer(
    body: Model | Mapping[str, Any],
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> func.HttpResponse:
    """Return a JSON answer."""
    data = body.to_json() if isinstance(body, Model) else body
    return func.HttpResponse(
        json.dumps(data, ensure_ascii=False),
        status_code=status.value,
        headers={**PRIVATE, **(headers or {})},
        mimetype="application/json",
        charset="utf-8",
    )


def text_answer(text: str, mimetype: str) -> func.HttpResponse:
    """Return a text or HTML answer."""
    return func.HttpResponse(text, headers=dict(PRIVATE), mimetype=mimetype, charset="utf-8")


def problem_answer(problem: Problem) -> func.HttpResponse:
    """Return the problem document of an error."""
    body = {
        "type": f"urn:skillsync:problem:{problem.code}",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "code": problem.code,
        "errors": [asdict(error) for error in problem.errors],
    }
    return func.HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status_code=problem.status.value,
        headers={**PRIVATE, **problem.headers},
        mimetype="application/problem+json",
        charset="utf-8",
    )


def answering(handler: Handler) -> Handler:
    """Turn every error of an HTTP handler into a problem document; details of faults stay in the log."""

    @functools.wraps(handler)
    async def answer(req: func.HttpRequest, **bindings: Any) -> func.HttpResponse:
        try:
            return await handler(req, **bindings)
        except Problem as problem:
            log(
                "request.refused",
                logging.INFO,
                status=problem.status.value,
                code=problem.code,
                route=handler.__name__,
            )
            return problem_answer(problem)
        except StoreUnavailable as error:
            log_fault("request.store_unavailable", error, route=handler.__name__)
            return problem_answer(
                Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "store_unavailable",
                    "The document store does not answer. Nothing was lost; try again in a moment.",
                    headers={"Retry-After": "5"},
                )
            )
        except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback may reach a caller
            log_fault("request.failed", error, route=handler.__name__)
            return problem_answer(
                Problem(
                    HTTPStatus.INTERNAL_SERVER_ERROR,
                    "internal_error",
                    "Something went wrong on our side. It was logged.",
                )
            )

    return answer
