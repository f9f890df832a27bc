"""The route table: every HTTP function is declared here once, with who may call it and what it answers.

`endpoint` registers a function with its blueprint, enforces its access, reads its query and body, and keeps
its description in `ENDPOINTS`, from which the API's documentation and the access tests are made. Models are
named by strings ("views.LessonView" of shared.models) and imported when a request first needs one: cold
start is a feature.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from importlib import import_module
from typing import Any, Literal

import azure.durable_functions as df
import azure.functions as func

from shared.clients import Clients, get_clients
from shared.errors import Problem
from shared.models.base import Model
from shared.security.identity import Caller, Role
from triggers.answers import Handler, answering
from triggers.questions import read_body, read_query

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Access(StrEnum):
    """Who may call a route."""

    OPEN = "open"
    LEARNER = "learner"
    MENTOR = "mentor"
    ADMIN = "admin"
    FUNCTION_KEY = "function_key"

    @property
    def roles(self) -> frozenset[Role]:
        """The roles of which a caller needs one; everybody who is authenticated may do what a learner may."""
        return _ROLES.get(self, frozenset())

    @property
    def authenticated(self) -> bool:
        """Tell whether the caller must be known."""
        return self in _ROLES


_ROLES = {
    Access.LEARNER: frozenset(Role),
    Access.MENTOR: frozenset({Role.MENTOR, Role.ADMIN}),
    Access.ADMIN: frozenset({Role.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which a route answers when all is well; its errors are `problems`."""

    status: HTTPStatus
    model: str | None = None
    headers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    """Media types of answers that are no JSON."""


def ok(model: str, *, headers: tuple[str, ...] = (), texts: tuple[str, ...] = ()) -> Answer:
    """Return the description of a 200."""
    return Answer(HTTPStatus.OK, model, headers, texts)


def accepted(model: str, *, headers: tuple[str, ...] = ("Location", "Retry-After")) -> Answer:
    """Return the description of a 202."""
    return Answer(HTTPStatus.ACCEPTED, model, headers)


def no_content() -> Answer:
    """Return the description of a 204."""
    return Answer(HTTPStatus.NO_CONTENT)


NOT_MODIFIED = Answer(HTTPStatus.NOT_MODIFIED, headers=("ETag",))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the route table."""

    name: str
    group: str
    method: Method
    route: str
    access: Access
    summary: str
    description: str
    answers: tuple[Answer, ...]
    query: str | None = None
    body: str | None = None
    body_required: bool = True
    headers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    while_removed: bool = False


ENDPOINTS: dict[str, Endpoint] = {}


def model_named(name: str) -> type[Model]:
    """Return a model of shared.models by its name, such as "views.LessonView"."""
    module, _, attribute = name.rpartition(".")
    found: type[Model] = getattr(import_module(f"shared.models.{module}"), attribute)
    return found


def endpoint(  # noqa: PLR0913 - a row of a table has many columns
    blueprint: df.Blueprint,
    method: Method,
    route: str,
    *,
    access: Access,
    answers: tuple[Answer, ...],
    query: str | None = None,
    body: str | None = None,
    body_required: bool = True,
    headers: tuple[str, ...] = (),
    problems: tuple[str, ...] = (),
    while_removed: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare an HTTP function.

    The handler takes `req` and, each only if it names it: `caller` (who was admitted), `query` and `body`
    (validated), `client` (the durable client). Its docstring's first line is the summary. `problems` are the
    codes that only this route knows; those that follow from its access, query, body and path are added.
    `while_removed` lets in callers whose data is being removed.
    """

    def declare(handler: Handler) -> Handler:
        summary, _, description = inspect.cleandoc(handler.__doc__ or "").partition("\n")
        row = Endpoint(
            name=handler.__name__,
            group=handler.__module__.rpartition(".")[2],
            method=method,
            route=route,
            access=access,
            summary=summary,
            description=description.strip(),
            answers=answers,
            query=query,
            body=body,
            body_required=body_required,
            headers=headers,
            problems=problems,
            while_removed=while_removed,
        )
        wanted = _wanted(row, handler)
        if row.name in ENDPOINTS:
            raise TypeError(f"{row.name} is declared twice")
        ENDPOINTS[row.name] = row
        function = _function(row, handler, wanted)
        if "client" in wanted:
            function = blueprint.durable_client_input(client_name="client")(function)
        level = func.AuthLevel.FUNCTION if access is Access.FUNCTION_KEY else func.AuthLevel.ANONYMOUS
        registered: Handler = blueprint.route(route=route, methods=[method], auth_level=level)(function)
        return registered

    return declare


def _wanted(row: Endpoint, handler: Handler) -> frozenset[str]:
    """Return the parameters that a handler names; raises TypeError for one that its row does not give."""
    wanted = frozenset(inspect.signature(handler).parameters)
    given = {
        "req": True,
        "client": True,
        "caller": row.access.authenticated,
        "query": row.query is not None,
        "body": row.body is not None,
    }
    wrong = {name for name in wanted if not given.get(name, False)}
    unread = {name for name in ("query", "body") if given[name]} - wanted
    if wrong or unread:
        raise TypeError(f"{row.name}: its parameters and its row differ in {sorted(wrong | unread)}")
    return wanted


def _function(row: Endpoint, handler: Handler, wanted: frozenset[str]) -> Handler:
    """Return the function that the host calls: its parameters are the bindings, as the worker demands."""

    @answering(row.name)
    async def answer(req: func.HttpRequest, **bindings: Any) -> func.HttpResponse:
        return await handler(**await _arguments(row, req, wanted), **bindings)

    async def with_client(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return await answer(req, client=client)

    async def alone(req: func.HttpRequest) -> func.HttpResponse:
        return await answer(req)

    function = with_client if "client" in wanted else alone
    function.__name__ = function.__qualname__ = handler.__name__
    function.__module__, function.__doc__ = handler.__module__, handler.__doc__
    return function


async def _arguments(row: Endpoint, req: func.HttpRequest, wanted: frozenset[str]) -> dict[str, Any]:
    """Admit the caller, then read what the handler asks for; nothing is read for who is not admitted."""
    arguments: dict[str, Any] = {"req": req}
    if row.access.authenticated:
        clients = get_clients()
        caller = arguments["caller"] = await admitted(row.access, clients, req)
        if not row.while_removed:
            from shared.services.removal import refuse_while_removed

            await refuse_while_removed(clients.documents, caller.user_id)
    if row.query is not None:
        arguments["query"] = read_query(req, model_named(row.query))
    if row.body is not None:
        arguments["body"] = read_body(req, model_named(row.body), required=row.body_required)
    return {name: value for name, value in arguments.items() if name in wanted}


async def admitted(access: Access, clients: Clients, req: func.HttpRequest) -> Caller:
    """Return the caller; raises a 401 Problem for an unknown one, a 403 Problem without the role."""
    from shared.services.authentication import authenticate

    caller = await authenticate(clients, req.headers)
    require_role(caller, access)
    return caller


def require_role(caller: Caller, access: Access) -> None:
    """Raise a 403 Problem for a caller without any of the roles that an access asks for."""
    if caller.roles.isdisjoint(access.roles):
        raise Problem(
            HTTPStatus.FORBIDDEN, "forbidden", f"This needs the role {' or '.join(sorted(access.roles))}."
        )
