"""Every problem code that a caller can meet: its status, and what it means.

Only the API's description and the tests read this; a test holds it equal to what the code raises.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple


class ProblemKind(NamedTuple):
    """What one code says."""

    status: HTTPStatus
    meaning: str


PROBLEMS: dict[str, ProblemKind] = {
    "invalid_json": ProblemKind(HTTPStatus.BAD_REQUEST, "the body is not JSON, or nested too deeply"),
    "invalid_idempotency_key": ProblemKind(
        HTTPStatus.BAD_REQUEST, "the header Idempotency-Key is blank, too long or unprintable"
    ),
    "invalid_user_id": ProblemKind(
        HTTPStatus.BAD_REQUEST, "the header X-User-Id is blank, too long or unprintable"
    ),
    "unauthenticated": ProblemKind(
        HTTPStatus.UNAUTHORIZED, "no access token was sent (in development mode: no X-User-Id)"
    ),
    "invalid_token": ProblemKind(
        HTTPStatus.UNAUTHORIZED, "the access token proves nothing; `detail` says why"
    ),
    "forbidden": ProblemKind(
        HTTPStatus.FORBIDDEN, "the caller lacks the role, or `user_id` in a body is not the caller's"
    ),
    "not_found": ProblemKind(HTTPStatus.NOT_FOUND, "unknown, foreign and absent ids alike"),
    "conflict": ProblemKind(HTTPStatus.CONFLICT, "too many changes at once; try again"),
    "nothing_to_retry": ProblemKind(HTTPStatus.CONFLICT, "nothing of the roadmap has failed or was canceled"),
    "nothing_to_cancel": ProblemKind(HTTPStatus.CONFLICT, "nothing of it is being generated"),
    "removal_running": ProblemKind(
        HTTPStatus.CONFLICT, "all data of the learner is being removed; try again after `Retry-After`"
    ),
    "not_completed": ProblemKind(
        HTTPStatus.CONFLICT,
        "only a completed lesson can be regenerated, shown in another version, voted on or worked through",
    ),
    "version_changed": ProblemKind(
        HTTPStatus.CONFLICT, "the lesson shows another version than the one that was answered"
    ),
    "precondition_failed": ProblemKind(
        HTTPStatus.PRECONDITION_FAILED, "the profile has none of the entity tags in If-Match"
    ),
    "not_outlined": ProblemKind(HTTPStatus.CONFLICT, "the module has no lessons yet"),
    "not_written": ProblemKind(
        HTTPStatus.CONFLICT, "Markdown or HTML was asked of a lesson that has no body yet"
    ),
    "gone": ProblemKind(HTTPStatus.GONE, "what this Idempotency-Key created was deleted"),
    "body_too_large": ProblemKind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body has more than 64 KB"),
    "invalid_request": ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "`errors[]` names every bad field, parameter or header"
    ),
    "goal_refused": ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "the goal, subject or focus is plainly harmful; `detail` offers help where a person may be at risk",
    ),
    "idempotency_key_reused": ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "this Idempotency-Key came with another body before"
    ),
    "quota_exceeded": ProblemKind(
        HTTPStatus.TOO_MANY_REQUESTS, "the day's quota is used up; `Retry-After` says when it begins anew"
    ),
    "internal_error": ProblemKind(HTTPStatus.INTERNAL_SERVER_ERROR, "a defect; the log says what and where"),
    "store_unavailable": ProblemKind(
        HTTPStatus.SERVICE_UNAVAILABLE, "the document store does not answer; try again after `Retry-After`"
    ),
    "identity_unavailable": ProblemKind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the identity provider cannot be asked for its keys; try again after `Retry-After`",
    ),
    "queue_unavailable": ProblemKind(
        HTTPStatus.SERVICE_UNAVAILABLE, "there is no queue, or it does not answer; `detail` names the setting"
    ),
    "generation_off": ProblemKind(HTTPStatus.SERVICE_UNAVAILABLE, "new lessons are switched off"),
}
