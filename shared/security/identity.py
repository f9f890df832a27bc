"""Who is asking. Development trusts a header; tokens are not read yet and say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from shared.errors import FieldError, Problem
from shared.settings import AuthMode, Settings

MAX_USER_ID = 128


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated learner."""

    user_id: str


def authenticate(settings: Settings, headers: Mapping[str, str]) -> Caller:
    """Return the caller, or raise the Problem that says why there is none.

    In development mode the header `X-User-Id` is believed: 1 to 128 printable characters, not blank.
    """
    if settings.auth_mode is AuthMode.JWT:
        raise Problem(
            HTTPStatus.NOT_IMPLEMENTED,
            "jwt_not_available",
            "AUTH_MODE=jwt is set, but this version cannot verify tokens yet. On a developer's machine set "
            "AUTH_MODE=development and AZURE_FUNCTIONS_ENVIRONMENT=Development and send X-User-Id.",
        )
    user_id = headers.get("x-user-id", "").strip()
    if not user_id:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "unauthenticated",
            "Send the header X-User-Id with the learner's id.",
            headers={"WWW-Authenticate": 'X-User-Id realm="development"'},
        )
    if len(user_id) > MAX_USER_ID or not user_id.isprintable():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_user_id",
            f"X-User-Id must be at most {MAX_USER_ID} printable characters.",
            (FieldError("X-User-Id", f"must be at most {MAX_USER_ID} printable characters"),),
        )
    return Caller(user_id)
