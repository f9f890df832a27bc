"""Who is asking, in development mode: two headers are believed."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.security.identity import Caller, Role, caller_of_headers, roles_of

LEARNER = frozenset({Role.LEARNER})


def refusal(headers: dict[str, str]) -> Problem:
    with pytest.raises(Problem) as refused:
        caller_of_headers(headers)
    return refused.value


def test_the_header_is_believed() -> None:
    assert caller_of_headers({"x-user-id": " learner-1 "}) == Caller("learner-1", LEARNER)


@pytest.mark.parametrize("headers", [{}, {"x-user-id": ""}, {"x-user-id": "   "}, {"x-user": "a"}])
def test_without_it_there_is_no_learner(headers: dict[str, str]) -> None:
    problem = refusal(headers)
    assert (problem.status, problem.code) == (HTTPStatus.UNAUTHORIZED, "unauthenticated")
    assert problem.headers["WWW-Authenticate"].startswith("X-User-Id ")


@pytest.mark.parametrize("user_id", ["x" * 129, "a\x00b", "a\nb", "a\x9bb", "a\u202eb"])
def test_a_bad_id_is_named(user_id: str) -> None:
    problem = refusal({"x-user-id": user_id})
    assert problem.status is HTTPStatus.BAD_REQUEST
    assert [error.field for error in problem.errors] == ["X-User-Id"]


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("", LEARNER),
        ("learner", LEARNER),
        ("emperor", LEARNER),
        ("Admin", LEARNER),
        ("admin,mentor", {Role.ADMIN, Role.MENTOR}),
        (" mentor , emperor", {Role.MENTOR}),
        (",,admin,", {Role.ADMIN}),
    ],
)
def test_roles_are_believed_too_and_unknown_ones_ignored(header: str, roles: frozenset[Role]) -> None:
    assert caller_of_headers({"x-user-id": "me", "x-user-roles": header}).roles == roles


@given(st.lists(st.text(max_size=10) | st.sampled_from([role.value for role in Role])))
def test_nobody_is_without_a_role_and_none_comes_from_nowhere(names: list[str]) -> None:
    roles = roles_of(names)
    assert roles
    assert {role.value for role in roles - LEARNER} <= set(names)
