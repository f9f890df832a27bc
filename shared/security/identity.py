"""Callers and their roles, and the headers that are believed on a developer's machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from shared.errors import FieldError, Problem
from shared.models.learner import MAX_USER_ID, is_user_id


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


def caller_of_headers(headers: Mapping[str, str]) -> Caller:
    """Return the caller whom `X-User-Id` and `X-User-Roles` (names separated by commas) name.

    Raises a 401 Problem for nobody and a 400 Problem for an id that can be none.
    """
    user_id = headers.get("x-user-id", "").strip()
    if not user_id:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "unauthenticated",
            "Send the header X-User-Id with the learner's id.",
            headers={"WWW-Authenticate": 'X-User-Id realm="development"'},
        )
    return Caller(
        checked_user_id(user_id),
        roles_of(name.strip() for name in headers.get("x-user-roles", "").split(",")),
    )


def checked_user_id(header: str) -> str:
    """Return a header's user id; raises a 400 Problem for what can be none."""
    if is_user_id(header):
        return header
    detail = f"must be 1 to {MAX_USER_ID} printable characters"
    raise Problem(
        HTTPStatus.BAD_REQUEST, "invalid_user_id", f"X-User-Id {detail}.", (FieldError("X-User-Id", detail),)
    )
