"""The decorator of the route table: who is admitted, what a handler is given, what cannot be declared."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from shared.clients import Clients
from shared.errors import Problem
from shared.models.queries import PageQuery
from shared.models.versions import RegenerationRequest, VersionChoice
from shared.security.identity import Caller
from shared.settings import load_settings
from tests.support.function_table import DEVELOPMENT
from tests.unit.triggers.requests import request
from triggers import endpoints
from triggers.answers import Handler
from triggers.endpoints import Access, Endpoint, admitted, endpoint, ok

CLIENTS = Clients(load_settings(DEVELOPMENT))
ANSWERS = (ok("health.Health"),)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, Endpoint]:
    """A route table of the test's own."""
    rows: dict[str, Endpoint] = {}
    monkeypatch.setattr(endpoints, "ENDPOINTS", rows)
    return rows


def declared(handler: Handler, **columns: Any) -> Any:
    """Declare a handler and return the function that the host would call."""
    blueprint = df.Blueprint()
    endpoint(blueprint, "POST", "things", **{"access": Access.OPEN, "answers": ANSWERS, **columns})(handler)
    app = df.DFApp()
    app.register_functions(blueprint)
    [function] = app.get_functions()
    return function.get_user_function()


def call(function: Any, req: func.HttpRequest) -> func.HttpResponse:
    answer: func.HttpResponse = asyncio.run(function(req))
    return answer


@pytest.mark.parametrize(
    ("access", "roles", "is_admitted"),
    [
        (Access.LEARNER, "", True),
        (Access.LEARNER, "mentor", True),
        (Access.LEARNER, "admin", True),
        (Access.MENTOR, "", False),
        (Access.MENTOR, "learner", False),
        (Access.MENTOR, "mentor", True),
        (Access.MENTOR, "admin", True),
        (Access.ADMIN, "learner", False),
        (Access.ADMIN, "mentor,learner", False),
        (Access.ADMIN, "admin,mentor", True),
    ],
)
async def test_a_route_asks_for_a_role(access: Access, roles: str, is_admitted: bool) -> None:
    req = request(headers={"X-User-Id": "me", "X-User-Roles": roles})
    if is_admitted:
        assert (await admitted(access, CLIENTS, req)).user_id == "me"
        return
    with pytest.raises(Problem) as refused:
        await admitted(access, CLIENTS, req)
    assert (refused.value.status, refused.value.code) == (403, "forbidden")


async def test_a_role_does_not_help_who_has_no_name() -> None:
    with pytest.raises(Problem) as refused:
        await admitted(Access.ADMIN, CLIENTS, request(headers={"X-User-Roles": "admin"}))
    assert refused.value.status == 401


def test_a_handler_gets_its_query_and_its_body_checked() -> None:
    async def show(query: PageQuery, body: VersionChoice) -> func.HttpResponse:
        return func.HttpResponse(f"{query.limit} {body.version}")

    function = declared(show, query="queries.PageQuery", body="versions.VersionChoice")
    answer = call(function, request(b'{"version": "1.2"}', params={"limit": "7"}))
    assert answer.get_body() == b"7 1.2"
    for bad in (request(b'{"version": "two"}'), request(b'{"version": "1.2"}', params={"limit": "x"})):
        assert call(function, bad).status_code == 422
    assert call(function, request()).status_code == 400


@pytest.mark.parametrize("body", [b"", b" \n", b"{}"])
def test_a_body_that_is_not_required_may_be_left_out(body: bytes) -> None:
    async def show(body: RegenerationRequest) -> func.HttpResponse:
        return func.HttpResponse(str(body.reason))

    function = declared(show, body="versions.RegenerationRequest", body_required=False)
    assert call(function, request(body)).get_body() == b"None"


def test_what_a_handler_raises_is_a_problem() -> None:
    async def fail() -> func.HttpResponse:
        raise RuntimeError("the details stay here")

    answer = call(declared(fail), request())
    assert (answer.status_code, json.loads(answer.get_body())["code"]) == (500, "internal_error")
    assert b"details" not in answer.get_body()


def test_the_row_says_what_the_function_is(table: dict[str, Endpoint]) -> None:
    async def show(caller: Caller) -> func.HttpResponse:
        """Show it.

        With care.
        """
        return func.HttpResponse(caller.user_id)

    function = declared(show, access=Access.LEARNER, problems=("gone",))
    row = table["show"]
    assert (row.method, row.route, row.access) == ("POST", "things", Access.LEARNER)
    assert (row.summary, row.description, row.problems) == ("Show it.", "With care.", ("gone",))
    assert function.__name__ == "show"


def test_one_name_cannot_stand_in_the_table_twice() -> None:
    async def show() -> func.HttpResponse:
        return func.HttpResponse()

    declared(show)
    with pytest.raises(TypeError, match="declared twice"):
        declared(show)


def test_an_open_route_has_no_caller_to_give() -> None:
    async def show(caller: Caller) -> func.HttpResponse:
        return func.HttpResponse(caller.user_id)

    with pytest.raises(TypeError, match="caller"):
        declared(show)


def test_a_query_or_body_that_nobody_reads_is_a_mistake() -> None:
    async def show() -> func.HttpResponse:
        return func.HttpResponse()

    for column in ({"query": "queries.PageQuery"}, {"body": "versions.VersionChoice"}):
        with pytest.raises(TypeError, match=next(iter(column))):
            declared(show, **column)
