"""Who is asking, and in which roles. Development trusts headers; tokens are not read yet and say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from shared.errors import FieldError, Problem
from shared.settings import AuthMode, Settings

MAX_USER_ID = 128


class Role(StrEnum):
    """What a caller may do beyond reaching the own data."""

    LEARNER = "learner"
    MENTOR = "mentor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller; everyone has at least one role."""

    user_id: str
    roles: frozenset[Role] = frozenset({Role.LEARNER})


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """Return the roles that are named; unknown names are ignored, and who has no role is a learner."""
    known = {role.value for role in Role}
    found = frozenset(Role(name) for name in names if name in known)
    return found or frozenset({Role.LEARNER})


def authenticate(settings: Settings, headers: Mapping[str, str]) -> Caller:
    """Return the caller, or raise the Problem that says why there is none.

    In development mode two headers are believed: `X-User-Id` (1 to 128 printable characters, not blank) and
    `X-User-Roles` (names separated by commas).
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
    return Caller(user_id, roles_of(name.strip() for name in headers.get("x-user-roles", "").split(",")))
